"""Voices over the wire: listed, found by id or name, and what each of them can do (contract 7)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, NamedTuple
from urllib.parse import quote

from narrator.casting import Voice
from narrator.errors import RequestRefused, UnknownVoice, nearest
from narrator.providers.fields import gender_or_empty, text_or_empty
from narrator.providers.reading import whole
from narrator.providers.supertone import refusals
from narrator.providers.supertone.refusals import NotThere
from narrator.providers.supertone.roster import CUSTOM, LISTING, find, fold, is_id
from narrator.providers.supertone.settings import NAME
from narrator.providers.values import primary
from narrator.takes import Request
from narrator.transport import BrokenAnswer, Transport

PRESETS, OWN = "/v1/voices", "/v1/custom-voices"
PAGE_SIZE = 100
MOST_PAGES = 1000
"""For a service that always claims another page."""

_SEARCHABLE = str.maketrans(",;", "  ")
"""Signs that mean something in a search (contract 7)."""


class Known(NamedTuple):
    """A voice, as far as the service tells: of the account's own it tells little, and the rest is empty."""

    id: str
    name: str
    custom: bool
    languages: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()
    """The first is spoken where none is asked for."""
    models: tuple[str, ...] = ()
    gender: Literal["female", "male", ""] = ""
    notes: tuple[str, ...] = ()
    """What else is said about it, for people."""

    def style_for(self, request: Request, language: str) -> str | None:
        """
        The style that a request is to name, in the service's own spelling; None where the voice has none.

        Raises:
            RequestRefused: the voice does not have it, or not this model or language.
        """
        who = f"the voice {self.name or self.id}"
        if self.models and request.model not in self.models:
            raise _cannot(
                f"{who} has no model {request.model}; set `model` to one it has", self.models, "model"
            )
        if self.languages and language not in self.languages:
            raise _cannot(f"{who} does not speak {language!r}; it speaks", self.languages, "language")
        if request.direction is None:
            return next(iter(self.styles), None)
        if not self.styles:
            return request.direction
        for style in self.styles:
            if fold(style) == fold(request.direction):
                return style
        remedy = (
            f"{who} has no style {request.direction!r}; correct `styles` of its role in cast.yaml; it has"
        )
        raise _cannot(remedy, self.styles, "style")


class Voices:
    """The voices that a key can use. Safe to call from several threads."""

    def __init__(self, transport: Transport, *, keyed: bool) -> None:
        self._transport, self._judge = transport, refusals.judge(keyed=keyed)
        self._found: dict[str, Known | str] = {}
        """Or why there is none."""
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def every(self) -> tuple[Voice, ...]:
        """The service's voices, then the account's own, each named as a cast writes it."""
        voices: dict[str, Voice] = {}
        for custom in (False, True):
            listed = list(self._listed(custom=custom))
            names = [fold(each.name) for each in listed]
            for known in listed:
                name = _written(known, alone=names.count(fold(known.name)) == 1)
                if name is not None and name not in voices:
                    voices[name] = _voice(known, name)
        return tuple(voices.values())

    def named(self, voice: str) -> Known:
        """
        The voice of a canonical name, looked up once.

        Raises:
            RequestRefused: the service has none, or several.
            ProviderError: it cannot be asked.
        """
        with self._lock:
            lock = self._locks.setdefault(voice, threading.Lock())
        with lock:
            if voice not in self._found:
                self._found[voice] = self._look(voice)
            found = self._found[voice]
        if isinstance(found, str):
            raise RequestRefused(found, provider=NAME, field="voice_id")
        return found

    def _look(self, voice: str) -> Known | str:
        own = voice.removeprefix(CUSTOM)
        if own != voice:
            listed = list(self._listed(custom=True))
            return _only(listed, own, voice)
        if is_id(voice):
            found = self._one(PRESETS, voice) or self._one(OWN, voice)
            return found or f"no voice {NAME}/{voice}; {LISTING}"
        matching = list(self._listed(custom=False, name=voice))
        if not any(fold(each.name) == fold(voice) for each in matching):
            # How a search compares is not known; and the nearest is to be named.
            matching = list(self._listed(custom=False))
        return _only(matching, voice, voice)

    def _one(self, path: str, voice_id: str) -> Known | None:
        try:
            found = self._get(f"{path}/{quote(voice_id, safe='')}", {}, whole)
        except NotThere:
            return None
        return _known(found, custom=path == OWN) or Known(voice_id, "", custom=path == OWN)

    def _listed(self, *, custom: bool, name: str = "") -> Iterator[Known]:
        """Every voice once, page after page; those that a search for a name finds. None is a 404."""
        path = OWN if custom else PRESETS
        params = {"page_size": str(PAGE_SIZE)}
        if name:
            path, params = f"{path}/search", {**params, "name": " ".join(name.translate(_SEARCHABLE).split())}
        tokens: set[str] = set()
        ids: set[str] = set()
        for _ in range(MOST_PAGES):
            try:
                page = self._get(path, params, _page)
            except NotThere:
                return
            for each in page.items:
                if (known := _known(each, custom=custom)) and known.id not in ids:
                    ids.add(known.id)
                    yield known
            if not page.token or page.token in tokens or not page.items:
                return
            tokens.add(page.token)
            params = {**params, "next_page_token": page.token}

    def _get(self, path: str, params: Mapping[str, str], read: Callable[[Iterator[bytes]], Any]) -> Any:
        return self._transport.call("GET", path, params=params, read=read, judge=self._judge, billed=False)


class _Page(NamedTuple):
    """One page of a list of voices."""

    items: list[Mapping[str, Any]]
    token: str
    """Of the next; empty where there is none."""


def _page(pieces: Iterator[bytes]) -> _Page:
    found = whole(pieces)
    items = found.get("items")
    if not isinstance(items, list):
        raise BrokenAnswer("the answer holds no page of voices")
    return _Page(
        [each for each in items if isinstance(each, Mapping)], text_or_empty(found, "next_page_token")
    )


def _only(listed: list[Known], name: str, voice: str) -> Known | str:
    """The one voice of an id or a name, or why there is none."""
    found = [each for each in listed if each.id == name]
    found = found or [each for each in listed if fold(each.name) == fold(name)]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(f"{NAME}/{CUSTOM if each.custom else ''}{each.id}" for each in found[:5])
        return f"{len(found)} voices are called {name!r}; name one by its id: {ids}"
    near = nearest(name, (each.name for each in listed))
    hint = f"did you mean {near!r}? " if near else ""
    return f"no voice {NAME}/{voice}; {hint}{LISTING}"


def _written(known: Known, *, alone: bool) -> str | None:
    """What a cast writes for a voice: its name if that finds it alone, else its id."""
    prefix = CUSTOM if known.custom else ""
    for known_by in (known.name if alone else "", known.id):
        written = f"{prefix}{known_by}"
        try:
            if find(written) == written:
                return written
        except UnknownVoice:
            continue
    return None


def _known(found: Mapping[str, Any], *, custom: bool) -> Known | None:
    """A voice object, as far as it can be read; None where it has no id."""
    if not (voice_id := text_or_empty(found, "voice_id")):
        return None
    uses = _texts(found, "use_cases") or _texts(found, "use_case")
    notes = (text_or_empty(found, "age"), ", ".join(uses), text_or_empty(found, "description"))
    return Known(
        voice_id,
        " ".join(text_or_empty(found, "name").split()),
        custom,
        languages=tuple(primary(language) for language in _texts(found, "language")),
        styles=_texts(found, "styles"),
        models=_texts(found, "models"),
        gender=gender_or_empty(text_or_empty(found, "gender")),
        notes=tuple(filter(None, notes)),
    )


def _voice(known: Known, name: str) -> Voice:
    notes = [known.name] if known.name and not name.endswith(known.name) else []
    notes += known.notes
    if known.styles:
        notes.append(f"styles {', '.join(known.styles)}")
    if known.models:
        notes.append(f"models {', '.join(known.models)}")
    return Voice(
        provider=NAME, name=name, languages=known.languages, gender=known.gender, description="; ".join(notes)
    )


def _cannot(said: str, known: tuple[str, ...], field: str) -> RequestRefused:
    return RequestRefused(f"{said}: {', '.join(known)}", provider=NAME, field=field)


def _texts(found: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """A list of texts; one text alone is a list of one."""
    value = found.get(name)
    return tuple(
        each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str) and each
    )
