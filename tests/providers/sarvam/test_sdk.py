"""What narrator sends and lists, held against the service's own client library."""

from __future__ import annotations

import inspect
import typing
from contextlib import closing

import pytest
from sarvamai.text_to_speech.client import TextToSpeechClient
from sarvamai.types.text_to_speech_language import TextToSpeechLanguage
from sarvamai.types.text_to_speech_model import TextToSpeechModel
from sarvamai.types.text_to_speech_speaker import TextToSpeechSpeaker

from narrator.providers.sarvam import speakers
from narrator.providers.sarvam.languages import LANGUAGES
from narrator.providers.sarvam.settings import MODELS
from tests.providers.sarvam.asking import at, request
from tests.providers.sarvam.bulbul import Bulbul


def literals(kind: object) -> set[object]:
    """The values that one of its enumerations has."""
    return {value for part in typing.get_args(kind) for value in typing.get_args(part)}


def test_lists_are_its_lists() -> None:
    assert {*speakers.V2, *speakers.V3, *speakers.V4_FLASH} == literals(TextToSpeechSpeaker)
    assert set(LANGUAGES.values()) == literals(TextToSpeechLanguage)
    assert set(MODELS) <= literals(TextToSpeechModel)


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("voice", ["shubh", "anushka", "shubh_en_audiobook"])
def test_every_field_that_is_sent_is_one_of_its_fields(voice: str, stream: bool, bulbul: Bulbul) -> None:
    settings = {} if voice == "shubh" else {"pitch": 0.1, "loudness": 1.2, "preprocessing": False}
    with closing(at(bulbul, stream=stream, format="mp3")) as sarvam:
        chosen = dict(sarvam.choose(voice, settings).settings)
        sarvam.generate(request("Kvothe left.", voice=voice, settings=chosen, lexicon={"Kvothe": "quoth"}))

    its = TextToSpeechClient.convert_stream if stream else TextToSpeechClient.convert
    assert bulbul.asked[0].keys() <= inspect.signature(its).parameters.keys()
