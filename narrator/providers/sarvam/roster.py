"""Voices by name: what a cast may write.

    sarvam/shubh                          a stock voice; its name says which model speaks it
    sarvam/bulbul:v4-flash/new_en_voice   one that is newer than narrator's list, by its model

No two models have a voice of the same name, and the service answers a voice of another model with a 400.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from narrator.casting import Voice
from narrator.errors import UnknownVoice
from narrator.providers.sarvam import speakers
from narrator.providers.sarvam.languages import TAGS
from narrator.providers.sarvam.settings import MODELS, NAME, V2, V3, V4_FLASH

_ROSTERS = {V3: speakers.V3, V4_FLASH: speakers.V4_FLASH, V2: speakers.V2}
_MODEL_OF = {speaker: model for model, roster in _ROSTERS.items() for speaker in roster}


class Speaker(NamedTuple):
    """A voice, as it is asked for."""

    name: str
    """Canonical, as a request holds it."""
    model: str


def find(voice: str, *, model: str | None = None) -> Speaker:
    """
    A voice as a cast writes it (after `sarvam/`).

    Args:
        model: that it must belong to, if only one will do.

    Raises:
        UnknownVoice: not a voice that is listed, nor one of the model.
    """
    wanted = voice.strip().lower()
    given, slash, speaker = wanted.rpartition("/")
    given = given if given.startswith("bulbul:") or not given else f"bulbul:{given}"
    if slash and given in MODELS and speaker.replace("_", "").isalnum():
        own = _MODEL_OF.get(speaker)
        found = Speaker(speaker if own == given else f"{given}/{speaker}", given)
        if own in (None, given) and model in (None, given):
            return found
    if (own := _MODEL_OF.get(wanted)) is not None and model in (None, own):
        return Speaker(wanted, own)
    raise _unknown(voice, speaker, _MODEL_OF.get(speaker), model)


def _unknown(voice: str, speaker: str, own: str | None, model: str | None) -> UnknownVoice:
    if speaker in speakers.RENAMED:
        remedy = f"the service has renamed it to {speakers.RENAMED[speaker]}"
        return UnknownVoice(f"{NAME}/{voice}", (f"{NAME}/{speakers.RENAMED[speaker]}",), remedy=remedy)
    known = [f"{NAME}/{name}" for name, its in _MODEL_OF.items() if model in (None, its)]
    remedy = (
        f"`narrator voices {NAME}` lists them; one that is newer than narrator is written with its model,"
        f" such as `{NAME}/{model or V4_FLASH}/NAME`"
    )
    if own is not None:
        remedy = f"it is a voice of {own}, and {model or 'another model'} is asked for; {remedy}"
    return UnknownVoice(f"{NAME}/{voice}", known, remedy=remedy)


def sent_name(voice: str) -> str:
    """What a request says for a voice in its canonical form."""
    return voice.rpartition("/")[2]


def own_language(voice: str) -> str | None:
    """BCP 47, of a voice in its canonical form that was made for one language first; None for the others."""
    parts = sent_name(voice).split("_")
    tags = speakers.V4_TAGS.get(parts[1]) if len(parts) > 2 else None
    return tags[0] if tags else None


def every(model: str | None = None) -> Iterator[Voice]:
    """Every stock voice, those of the preferred model first.

    Args:
        model: whose voices are wanted, if not all.
    """
    for name, its in _MODEL_OF.items():
        if model in (None, its):
            yield Voice(
                provider=NAME,
                name=name,
                languages=_tags(name),
                gender=speakers.gender(name),
                description=_described(name, its),
            )


def _tags(name: str) -> tuple[str, ...]:
    parts = name.split("_")
    return speakers.V4_TAGS[parts[1]] if len(parts) > 2 else tuple(TAGS.values())


def _described(name: str, model: str) -> str:
    _, _, style = name.partition("_")
    return f"{model}, {style.partition('_')[2].replace('_', ' ')}" if style else model
