"""The promises of every provider, kept by Sarvam with `narrator serve` in the service's place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pytest

from narrator.providers.sarvam import Sarvam
from narrator.takes import Request
from tests.providers import contract
from tests.providers.sarvam.asking import HASTY, request
from tests.serving.running import Running, running

SPEECH = ("/text-to-speech", "/text-to-speech/stream")


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running(logged=True) as started:
        yield started


def at(server: Running, **settings: str | int | float | bool) -> Sarvam:
    """Sarvam, to be found there."""
    return Sarvam({"base_url": server.base_url, **settings}, patience=HASTY, project="The Lamp")


@pytest.mark.parametrize("promise", contract.PROMISES, ids=contract.name)
@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
def test_keeps_the_promise(promise: contract.Promise, stream: bool, server: Running) -> None:
    promise(
        contract.Subject(
            open=lambda: at(server, stream=stream),
            voice="shubh",
            settings={"temperature": 0.3, "language": "en-IN"},
            billed=lambda: sum(line["path"] in SPEECH for line in server.log()),
        )
    )


@pytest.mark.parametrize("voice", ["shubh", "shubh_en_audiobook", "anushka"])
@pytest.mark.parametrize("rate", [24_000, 48_000])
def test_both_endpoints_speak_alike(voice: str, rate: int, server: Running) -> None:
    """Streamed, in one piece, as samples and as files: the same sound."""
    if voice == "anushka":
        rate = min(rate, 24_000)
    settings: list[dict[str, str | int | float | bool]] = [
        {"stream": False, "format": "linear16"},
        {"stream": False, "format": "wav"},
    ]
    settings += [{"stream": True, "format": each} for each in ("linear16", "wav")] if rate == 24_000 else []
    heard = []
    for each in settings:
        with closing(at(server, sample_rate=rate, **each)) as sarvam:
            choice = sarvam.choose(voice, {})
            asked = request("The lamp was lit.", voice=voice, settings=dict(choice.settings))
            heard.append(sarvam.generate(asked)[0])
    assert {made.rate for made in heard} == {rate}
    assert all(np.array_equal(made.pcm, heard[0].pcm) for made in heard)


def test_a_dictionary_is_heard(server: Running) -> None:
    """As respelling would be."""

    def lamp(**rest: dict[str, str]) -> Request:
        return request("The lamp was lit.", **rest)  # type: ignore[arg-type]  # a lexicon, or none

    with closing(at(server)) as sarvam:
        served = sarvam.generate(lamp(lexicon={"lamp": "candle"}))[0]
        plain = sarvam.generate(lamp())[0]
        respelt = sarvam.generate(request("The candle was lit."))[0]
    assert np.array_equal(served.pcm, respelt.pcm)
    assert not np.array_equal(served.pcm, plain.pcm)
