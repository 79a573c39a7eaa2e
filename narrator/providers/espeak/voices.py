"""Which voices the installed engine has, read from its data files: the library itself is not loaded here.

A voice is a language file (`lang/gmw/en-US`), named by its path below `lang`; after a `+` may come a
variant, a file in `voices/!v` that changes the speaker: `gmw/en-US+f3`. The engine takes any variant's
name without complaint, and does not find some voices by their language (`en-gb`), so both are settled here.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
from functools import cache, cached_property
from pathlib import Path
from typing import Literal, NamedTuple

from narrator.casting import Voice
from narrator.errors import ProviderError, UnknownVoice, nearest

NAME = "espeak"
"""The provider, as the cast names it."""

SHOWN_WITH_VARIANTS = "gmw/en"
"""Every variant goes with every language; only this one is listed with them all."""

_PACKAGE = "espeakng_loader"
_LIBRARIES = ("libespeak-ng.so", "libespeak-ng.dylib")
_USUAL_PRIORITY = 5
"""Of a `language` line that gives none; the smallest wins."""
_TAG = re.compile(r"[a-z]{2,3}(-[a-z]{4})?(-(?:[a-z]{2}|[0-9]{3}))?")
"""Language, script and region (RFC 5646), folded."""


class Installation(NamedTuple):
    """The engine as its wheel left it."""

    folder: Path
    """Holds the library and `espeak-ng-data`."""
    version: str
    """Of the wheel."""


def find_engine() -> Installation:
    """
    Where the engine is installed.

    Raises:
        ProviderError: it is not, or not for this platform.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise ProviderError(
            "the embedded voice is not installed; install it with: pip install 'narrator[espeak]'",
            provider=NAME,
        )
    folder = Path(spec.origin).parent
    if not (folder / "espeak-ng-data" / "lang").is_dir() or not any(
        (folder / n).exists() for n in _LIBRARIES
    ):
        raise ProviderError(
            f"{folder} holds no engine for this platform; "
            "install it again with: pip install --force-reinstall 'narrator[espeak]'",
            provider=NAME,
        )
    try:
        version = importlib.metadata.version(_PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        version = "unknown"
    return Installation(folder, version)


class _File(NamedTuple):
    """What a voice file says about itself."""

    name: str
    """Path below its root, with `/`."""
    title: str
    languages: tuple[tuple[str, int], ...]
    """(folded tag, priority)."""
    gender: Literal["female", "male", ""]
    dictionary: str


class Catalogue:
    """The voices in a data folder."""

    def __init__(self, data: Path) -> None:
        self._data = data

    def voices(self) -> tuple[Voice, ...]:
        """Every language's own voice; and each variant once."""
        plain = [
            Voice(
                provider=NAME,
                name=file.name,
                languages=tuple(_bcp47(tag) for tag, _ in file.languages),
                gender=file.gender,
                description=file.title,
            )
            for file in self._languages
        ]
        shown = next((voice for voice in plain if voice.name == SHOWN_WITH_VARIANTS), plain[0])
        varied = [
            shown.model_copy(
                update={
                    "name": f"{shown.name}+{file.name}",
                    "gender": file.gender,
                    "description": f"{shown.description}; +{file.name} goes with every voice",
                }
            )
            for file in map(self._variant, self._variants.values())
        ]
        return (*plain, *varied)

    def find(self, name: str) -> str:
        """
        The canonical form of a voice's name: `gmw/en-US+f3`.

        Args:
            name: a file's name with or without its folder (`gmw/en-US`, `en-us`) or a language tag
                (`pt-BR`; one without a voice of its own, such as `en-AU`, gets its language's), and
                perhaps `+` and a variant. Case does not count.

        Raises:
            UnknownVoice: there is none.
        """
        wanted, plus, variant = name.strip().partition("+")
        remedy = f"`narrator voices {NAME}` lists them"
        folded = wanted.casefold().replace("_", "-")
        language = self._by_name.get(folded) or self._by_tag(folded)
        if language is None:
            close = nearest(wanted, self._by_name)
            known = (f"{NAME}/{close}{plus}{variant}",) if close else ()
            raise UnknownVoice(f"{NAME}/{name}", known, remedy=remedy)
        if not plus:
            return language
        found = self._variants.get(variant.casefold())
        if found is None:
            close = nearest(variant, self._variants)
            known = (f"{NAME}/{wanted}+{self._variants[close]}",) if close else ()
            raise UnknownVoice(f"{NAME}/{name}", known, remedy=remedy)
        return f"{language}+{found}"

    def gender(self, voice: str) -> Literal["female", "male", ""]:
        """Of a voice in canonical form."""
        _, _, variant = voice.partition("+")
        return self._variant(variant).gender if variant else ""

    def _by_tag(self, tag: str) -> str | None:
        if not _TAG.fullmatch(tag):
            return None
        while "-" in tag:
            tag = tag.rpartition("-")[0]
            if tag in self._by_name:
                return self._by_name[tag]
        return None

    @cached_property
    def _languages(self) -> tuple[_File, ...]:
        root = self._data / "lang"
        files = (_read(root, name) for name in _names(root))
        # Three language files come without a dictionary: those voices make no sound at all.
        return tuple(file for file in files if (self._data / f"{file.dictionary}_dict").exists())

    @cached_property
    def _variants(self) -> dict[str, str]:
        """Variant by its folded name."""
        return {name.casefold(): name for name in _names(self._data / "voices" / "!v")}

    def _variant(self, name: str) -> _File:
        return _read(self._data / "voices" / "!v", name)

    @cached_property
    def _by_name(self) -> dict[str, str]:
        """Voice by every folded name it answers to."""
        claims: dict[str, tuple[int, str]] = {}
        for file in self._languages:
            own = ((file.name.casefold(), 0), (file.name.rpartition("/")[2].casefold(), 0))
            for name, priority in (*own, *file.languages):
                claims[name] = min(claims.get(name, (priority, file.name)), (priority, file.name))
        return {name: voice for name, (_, voice) in claims.items()}


@cache
def read_catalogue(data: Path) -> Catalogue:
    """The voices in a data folder, which are read once: it is part of an installed package."""
    return Catalogue(data)


def _names(root: Path) -> list[str]:
    """Every file below *root*, by its path from there."""
    # os.walk and not Path.rglob, which takes three times as long; this runs at every start.
    found = []
    for folder, _, files in os.walk(root):
        below = os.path.relpath(folder, root)
        found += files if below == "." else [f"{below}/{name}" for name in files]
    return sorted(found)


def _read(root: Path, name: str) -> _File:
    with open(f"{root}/{name}", encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - as above
        text = file.read()
    title, gender, dictionary = name, "", ""
    languages: list[tuple[str, int]] = []
    for line in text.splitlines():
        key, _, rest = line.strip().partition(" ")
        values = rest.split()
        if not values:
            continue
        if key == "name":
            title = rest.strip()
        elif key == "gender":
            gender = values[0].lower()
        elif key == "dictionary":
            dictionary = values[0]
        elif key == "language":
            priority = int(values[1]) if len(values) > 1 and values[1].isdigit() else _USUAL_PRIORITY
            languages.append((values[0].lower(), priority))
    if not dictionary and languages:
        dictionary = languages[0][0].partition("-")[0]
    known: Literal["female", "male", ""] = (
        "female" if gender == "female" else "male" if gender == "male" else ""
    )
    return _File(name, title, tuple(languages), known, dictionary)


def _bcp47(tag: str) -> str:
    """A folded tag in its usual case: `en-US`, `cmn-Latn-pinyin`."""
    language, *rest = tag.split("-")
    private = rest.index("x") if "x" in rest else len(rest)
    shown = [
        part.upper() if len(part) == 2 else part.title() if len(part) == 4 else part
        for part in rest[:private]
    ]
    return "-".join([language, *shown, *rest[private:]])
