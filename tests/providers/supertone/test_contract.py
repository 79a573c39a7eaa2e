"""The promises of every provider, kept by Supertone with `narrator serve` in the service's place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

import numpy as np
import pytest

from narrator.providers.supertone import Supertone
from tests.providers import contract
from tests.providers.supertone.asking import HASTY, request
from tests.serving.running import Running, running

AIDEN = "2d5a380030e78fcab0c82a"
SPEECH = "/v1/text-to-speech/"
LINE = "The lamp was lit. Nobody came."
WAYS: Mapping[str, Mapping[str, Any]] = {
    "in one piece": {},
    "streamed": {"stream": True},
    "without phonemes": {"phonemes": False},
    "streamed without phonemes": {"stream": True, "phonemes": False},
}


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running(logged=True) as started:
        yield started


def at(server: Running, **settings: Any) -> Supertone:
    """Supertone, to be found there."""
    return Supertone({"base_url": server.base_url, **settings}, patience=HASTY)


@pytest.mark.parametrize("way", ["in one piece", "streamed without phonemes"])
@pytest.mark.parametrize("promise", contract.PROMISES, ids=contract.name)
def test_keeps_the_promise(promise: contract.Promise, way: str, server: Running) -> None:
    promise(
        contract.Subject(
            open=lambda: at(server, **WAYS[way]),
            voice=AIDEN,
            settings={"pitch_shift": -2, "similarity": 4.5},
            billed=lambda: sum(line["path"].startswith(SPEECH) for line in server.log()),
        )
    )


@pytest.mark.parametrize("shape", ["alternating", "both"])
def test_every_way_of_asking_is_answered_alike(shape: str) -> None:
    """The same sound, and the same phonemes where they are asked for."""
    with running(phoneme_lines=shape) as server:
        heard = {}
        for way, settings in WAYS.items():
            with closing(at(server, **settings)) as supertone:
                (heard[way],) = supertone.generate(request(LINE, direction="happy"))

    first, *others = heard.values()
    assert all(np.array_equal(made.pcm, first.pcm) for made in others)
    assert heard["streamed"].phonemes == first.phonemes
    assert not heard["streamed without phonemes"].phonemes
    assert "".join(each.symbol for each in first.phonemes).startswith("ðə")
    assert all(each.start_sample < each.end_sample <= len(first.pcm) for each in first.phonemes)


@pytest.mark.parametrize("model", ["sona_speech_1", "sona_speech_2", "supertonic_api_3"])
def test_a_prediction_comes_true(model: str, server: Running) -> None:
    with closing(at(server, predict=True)) as supertone:
        asked = request(LINE, model=model, speed=1.25)
        foreseen = supertone.predict_ms(asked)
        (made,) = supertone.generate(asked)
    assert foreseen == round(len(made.pcm) * 1000 / made.rate)


def test_a_voice_has_as_many_names_as_a_cast_can_write(server: Running) -> None:
    with closing(at(server)) as supertone:
        listed = supertone.voices()
        sounds = [
            supertone.generate(request(LINE, voice=voice))[0].pcm for voice in (AIDEN, "Aiden", "aiden")
        ]
    assert len(listed) == 20
    assert {voice.gender for voice in listed} == {"female", "male"}
    assert all(np.array_equal(sounds[0], other) for other in sounds)
