"""Voices over the wire (contract 12)."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping

from narrator.casting import Voice
from narrator.errors import ProviderError, RequestRefused, ServiceGone, UnknownVoice
from narrator.providers.fields import Found, gender_or_empty, text_or_empty
from narrator.providers.playht import refusals, roster
from narrator.providers.playht.roster import Gender
from narrator.providers.playht.settings import NAME
from narrator.transport import BrokenAnswer, Pieces, Transport
from narrator.transport.redaction import one_line

_ABOUT = ("accent", "age", "style", "loudness", "tempo", "texture")


class Voices:
    """The voices that a key can use. Safe to call from several threads."""

    def __init__(self, transport: Transport, *, keyed: bool, named: bool) -> None:
        self._transport = transport
        self._judge = refusals.judge(keyed=keyed, named=named)
        self._genders: Mapping[str, Gender] | None = None
        self._lock = threading.Lock()

    def every(self) -> tuple[Voice, ...]:
        """The service's voices, then those that were cloned, each by the shortest name for a cast."""
        voices: dict[str, Voice] = {}
        for found in (*self._listed("/voices"), *self._cloned()):
            voice = _voice(found)
            if voice is not None:
                voices.setdefault(voice.name, voice)
        return tuple(voices.values())

    def gender(self, voice: str) -> Gender:
        """Of a canonical voice, from the list in narrator, else from the service's; `""` if neither says."""
        if known := roster.gender(voice):
            return known
        with self._lock:
            if self._genders is None:
                try:
                    self._genders = {each.id or each.name: each.gender for each in self.every()}
                except ProviderError:
                    self._genders = {}  # a line is not left unspoken for want of it
            return self._genders.get(voice, "")

    def _cloned(self) -> Iterator[Found]:
        """None where the service keeps none for this account, or has no such list."""
        try:
            yield from self._listed("/cloned-voices")
        except (RequestRefused, ServiceGone):
            return

    def _listed(self, path: str) -> tuple[Found, ...]:
        return self._transport.call("GET", path, read=_read, judge=self._judge, billed=False)


def _read(pieces: Pieces) -> tuple[Found, ...]:
    try:
        found = json.loads(b"".join(pieces))
    except (ValueError, RecursionError):
        raise BrokenAnswer("the list of voices is no JSON") from None
    if not isinstance(found, list):
        raise BrokenAnswer("the list of voices is no list")
    return tuple(each for each in found if isinstance(each, dict))


def _voice(found: Found) -> Voice | None:
    """A voice as everybody else knows it; None for one that no cast could name."""
    number = _text(found, "id")
    name = roster.written(number) if number else ""
    try:
        if not name or roster.find(name) != name:
            return None
    except UnknownVoice:
        return None
    about = [_text(found, "name"), _text(found, "language"), *(_text(found, key) for key in _ABOUT)]
    about += [_text(found, "voice_engine"), "cloned" if found.get("is_cloned") or "type" in found else ""]
    tag = _text(found, "language_code")
    short = roster.short(name)
    return Voice(
        provider=NAME,
        name=short,
        id=name if name != short else "",
        languages=(tag,) if tag else (),
        gender=gender_or_empty(_text(found, "gender")),
        description=", ".join(part for part in about if part),
    )


def _text(found: Found, key: str) -> str:
    return one_line(text_or_empty(found, key))
