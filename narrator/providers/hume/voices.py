"""Voices over the wire: the library's and the account's, kept, found again and deleted (contract 15)."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

from narrator.casting import Voice
from narrator.errors import RequestRefused, UnknownVoice
from narrator.providers.fields import gender_or_empty, text_or_empty
from narrator.providers.hume import refusals
from narrator.providers.hume.roster import CUSTOM, find, is_id
from narrator.providers.hume.settings import NAME
from narrator.providers.reading import whole
from narrator.transport import BrokenAnswer, Transport

PATH = "/v0/tts/voices"
PAGE_SIZE = 100
MOST_PAGES = 1000
"""For a service that always claims another page."""

Owner = Literal["HUME_AI", "CUSTOM_VOICE"]

_LANGUAGES = {
    "arabic": "ar",
    "english": "en",
    "french": "fr",
    "german": "de",
    "hindi": "hi",
    "italian": "it",
    "japanese": "ja",
    "korean": "ko",
    "portuguese": "pt",
    "russian": "ru",
    "spanish": "es",
}


class VoiceGone(RequestRefused):
    """A voice that was made from a description is not in the account, and cannot be kept any more."""


class Voices:
    """The voices that a key can use. Safe to call from several threads."""

    def __init__(self, transport: Transport, *, keyed: bool) -> None:
        self._transport = transport
        self._keyed = keyed
        self._kept: dict[str, str] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def every(self) -> tuple[Voice, ...]:
        """The library's voices, then the account's own, each named as a cast writes it."""
        voices: dict[str, Voice] = {}
        owners: tuple[Owner, ...] = ("HUME_AI", "CUSTOM_VOICE")
        for owner in owners:
            for found in self._listed(owner):
                if (name := _written(found, owner, voices)) is not None:
                    voices[name] = _voice(found, name)
        return tuple(voices.values())

    def save(self, generation_id: str, name: str) -> Voice:
        """Keep the voice of a generation under a name."""
        kept = self._save(generation_id, name)
        return Voice(provider=NAME, name=f"{CUSTOM}{text_or_empty(kept, 'name') or name}")

    def delete(self, name: str) -> None:
        """Forget a voice of the account by its name or its id, with or without the `custom/` of a cast."""
        own = name.removeprefix(CUSTOM)
        if is_id(own):  # the service deletes by name only (contract 15.3)
            names = (
                text_or_empty(found, "name")
                for found in self._listed("CUSTOM_VOICE")
                if text_or_empty(found, "id") == own
            )
            own = next(names, own)
        with self._lock:
            self._kept.clear()
        # A name that is not there may be refused without a word about it.
        judge = refusals.judge(keyed=self._keyed, context={})
        self._transport.call("DELETE", PATH, params={"name": own}, read=_nothing, judge=judge, billed=False)

    def keep(self, generation_id: str, *, new: bool = False) -> str:
        """
        The voice of a generation, kept in the account under a name made from the generation's id, once only.

        Args:
            new: the generation has only just been made, so that there is no need to look for its voice.

        Returns:
            its id, or its name where the service gives it none.

        Raises:
            VoiceGone: it is not there, and the generation cannot be kept any more.
        """
        with self._lock:
            lock = self._locks.setdefault(generation_id, threading.Lock())
        with lock:
            if generation_id not in self._kept:
                self._kept[generation_id] = self._keep(generation_id, f"narrator-{generation_id}", new=new)
            return self._kept[generation_id]

    def _keep(self, generation_id: str, name: str, *, new: bool) -> str:
        if not new and (found := self._own(name)):
            return found
        try:
            return text_or_empty(self._save(generation_id, name), "id") or name
        except RequestRefused as error:
            # The answer to an attempt that succeeded may have been lost.
            if refusals.already_exists(error) and (found := self._own(name)):
                return found
            raise VoiceGone(
                f"the voice made from the role's description is gone: the account has no voice {name!r}, and"
                f" will not have it saved again ({error.said}). Give the role another voice, or change its"
                " `description` so that a new one is made; its lines are then recorded again",
                provider=NAME,
                status=error.status,
            ) from error

    def _save(self, generation_id: str, name: str) -> Mapping[str, Any]:
        body = {"generation_id": generation_id, "name": name}
        # It is refused as a context is that the service does not know any more.
        judge = refusals.judge(keyed=self._keyed, context={"generation_id": generation_id})
        return self._transport.call("POST", PATH, json=body, read=whole, judge=judge, billed=False)

    def _own(self, name: str) -> str | None:
        """The id (or the name, where it has none) of a voice of the account."""
        for found in self._listed("CUSTOM_VOICE"):
            if text_or_empty(found, "name") == name:
                return text_or_empty(found, "id") or name
        return None

    def _listed(self, owner: Owner) -> Iterator[Mapping[str, Any]]:
        """Every voice of one owner, page after page."""
        judge = refusals.judge(keyed=self._keyed)
        before: list[Mapping[str, Any]] = []
        for number in range(MOST_PAGES):
            params = {"provider": owner, "page_number": str(number), "page_size": str(PAGE_SIZE)}
            page = self._transport.call("GET", PATH, params=params, read=_page, judge=judge, billed=False)
            if page.voices == before:  # the same again, from a service that knows no pages
                return
            yield from page.voices
            if not page.voices or number + 1 >= page.of:
                return
            before = page.voices


class _Page(NamedTuple):
    """One page of a list of voices."""

    voices: list[Mapping[str, Any]]
    of: float
    """How many pages there are; infinite where the service does not say."""


def _page(pieces: Iterator[bytes]) -> _Page:
    found = whole(pieces)
    voices, total = found.get("voices_page"), found.get("total_pages")
    if not isinstance(voices, list):
        raise BrokenAnswer("the answer holds no page of voices")
    return _Page(
        [voice for voice in voices if isinstance(voice, Mapping)],
        total if isinstance(total, int) and not isinstance(total, bool) else math.inf,
    )


def _written(found: Mapping[str, Any], owner: Owner, taken: Mapping[str, Voice]) -> str | None:
    """What a cast writes for a voice: its name if that finds it, else its id."""
    prefix = CUSTOM if owner == "CUSTOM_VOICE" else ""
    for known_by in (text_or_empty(found, "name"), text_or_empty(found, "id")):
        written = f"{prefix}{known_by}"
        try:
            if written not in taken and find(written) == written:
                return written
        except UnknownVoice:
            continue
    return None


def _voice(found: Mapping[str, Any], name: str) -> Voice:
    tags = found.get("tags")
    said = {
        str(tag).upper(): [str(value) for value in (values if isinstance(values, list) else [values])]
        for tag, values in (tags.items() if isinstance(tags, Mapping) else ())
    }
    versions = found.get("compatible_octave_models")
    known_as = text_or_empty(found, "name")
    notes = [known_as] if known_as and not name.endswith(known_as) else []
    if isinstance(versions, list) and versions:
        notes.append(f"Octave {' and '.join(str(version) for version in versions)}")
    notes += [f"{tag.lower()} {', '.join(values)}" for tag, values in said.items() if any(values)]
    genders = (gender_or_empty(value) for value in said.get("GENDER", ()))
    languages = (_LANGUAGES.get(value.lower()) for value in said.get("LANGUAGE", ()))
    return Voice(
        provider=NAME,
        name=name,
        languages=tuple(language for language in languages if language),
        gender=next((gender for gender in genders if gender), ""),
        description="; ".join(notes),
    )


def _nothing(pieces: Iterator[bytes]) -> None:
    for _ in pieces:
        pass
