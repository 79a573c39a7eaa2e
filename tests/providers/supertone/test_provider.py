"""Supertone as a provider: what is sent and what comes of it, styles, streams, listening."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from narrator.errors import OutOfCredit, ProviderError, RequestRefused, ServiceFailed
from narrator.manuscript import Mark
from narrator.providers.base import Predicting, Provider, Streaming, VoiceKeeping
from narrator.providers.supertone import Supertone
from tests.outside import Answer, Outside, said
from tests.providers.supertone.asking import at, request
from tests.providers.supertone.sona import (
    AIDEN,
    LEAD_MS,
    MARA,
    MS_PER_LETTER,
    RATE,
    Shape,
    Sona,
    no,
    samples,
    wav,
)

SENTENCE = "The old man of the sea said: “No.”"
ID = AIDEN["voice_id"]


def test_it_has_the_sides_of_a_provider_that_it_should() -> None:
    with closing(Supertone()) as supertone:
        provider: Provider = supertone
        assert isinstance(provider, Streaming)
        assert isinstance(provider, Predicting)
        assert not provider.predicts
        assert Supertone({"predict": True}).predicts
        assert not isinstance(provider, VoiceKeeping)
        assert provider.status.on("2026-08-30") == "stopping"
        assert provider.status.on("2026-08-31") == "dead"
        with pytest.raises(ProviderError, match="rehearse"):
            supertone.rehearse((), "en")


@pytest.mark.parametrize("shape", ["both", "alternating"])
@pytest.mark.parametrize("stream", [True, False])
def test_a_line_is_spoken_with_its_phonemes(stream: bool, shape: Shape) -> None:
    with Sona(shape=shape) as sona, closing(at(sona, stream=stream)) as supertone:
        (made,) = supertone.generate(request(SENTENCE))

    assert made.rate == RATE
    assert np.array_equal(made.pcm, samples(SENTENCE))
    assert (made.words, made.word_source, made.context) == ((), "estimated", "none")
    assert "".join(sound.symbol for sound in made.phonemes) == "".join(filter(str.isalnum, SENTENCE))
    starts = [LEAD_MS + MS_PER_LETTER * place for place, letter in enumerate(SENTENCE) if letter.isalnum()]
    assert [round(sound.start_sample * 1000 / RATE) for sound in made.phonemes] == starts
    assert all(before.end_sample <= after.start_sample for before, after in pairwise(made.phonemes))
    assert made.ids[0][0] == "answer"  # the service gives none
    assert made.ids[1:] == (("voice", ID), ("style", "neutral"))
    assert made.characters == len(SENTENCE)
    assert sona.seen[-1].path == f"/v1/text-to-speech/{ID}{'/stream' if stream else ''}"


@pytest.mark.parametrize("stream", [True, False])
def test_without_phonemes_the_sound_is_the_answer(stream: bool, sona: Sona) -> None:
    with closing(at(sona, stream=stream, phonemes=False)) as supertone:
        (made,) = supertone.generate(request(SENTENCE))
        assert not supertone.models["sona_speech_1"].phonemes

    assert np.array_equal(made.pcm, samples(SENTENCE))
    assert made.phonemes == ()
    assert sona.asked[0]["include_phonemes"] is False


def test_everything_is_said_outright(sona: Sona) -> None:
    """No default of the service is relied on, and no model is told what it would ignore."""
    with closing(at(sona)) as supertone:
        supertone.generate(request(SENTENCE, speed=1.25, settings={"pitch_shift": -3.5}))
        supertone.generate(request("Guten Tag.", model="sona_speech_2", language="de"))
        supertone.generate(request("Good day.", model="supertonic_api_1"))

    assert sona.asked[0] == {
        "text": SENTENCE,
        "language": "en",
        "model": "sona_speech_1",
        "style": "neutral",
        "output_format": "wav",
        "include_phonemes": True,
        "voice_settings": {
            "pitch_shift": -3.5,
            "pitch_variance": 1,
            "similarity": 3,
            "text_guidance": 1,
            "subharmonic_amplitude_control": 1,
            "duration": 0,
            "speed": 1.25,
        },
    }
    assert "subharmonic_amplitude_control" not in sona.asked[1]["voice_settings"]
    assert sona.asked[2]["voice_settings"] == {"speed": 1.0}
    assert sona.asked[2]["include_phonemes"] is False


def test_only_the_model_that_streams_is_asked_to(sona: Sona) -> None:
    with closing(at(sona, stream=True)) as supertone:
        supertone.generate(request("One.", model="sona_speech_2"))
        list(supertone.stream(request("One.", model="sona_speech_2"), "wav"))

    assert {seen.path for seen in sona.seen if "speech" in seen.path} == {f"/v1/text-to-speech/{ID}"}


def test_pauses_at_the_ends_are_silence_of_their_length(sona: Sona) -> None:
    marks = [Mark(kind="pause", start=place, end=place, value="200") for place in (0, 5, len("One, two."))]
    with closing(at(sona)) as supertone:
        (made,) = supertone.generate(request("One, two.", *marks))
        foreseen = supertone.predict_ms(request("One, two.", *marks))

    lead = RATE // 5
    assert sona.asked[0]["text"] == "One, two."
    assert not made.pcm[:lead].any()
    assert not made.pcm[-lead:].any()
    assert np.array_equal(made.pcm[lead:-lead], samples("One, two."))
    assert made.phonemes[0].start_sample == lead + round(LEAD_MS * RATE / 1000)
    assert abs(foreseen - len(made.pcm) * 1000 / RATE) < 2


@pytest.mark.parametrize("text", ["…", "?!", "— —", "😀"])
def test_where_there_is_nothing_to_say_nobody_is_asked(text: str, sona: Sona) -> None:
    """The service refuses a text without a letter, or makes an odd sound of it."""
    with closing(at(sona)) as supertone:
        supertone.generate(request("One."))
        (made,) = supertone.generate(request(text))
        assert supertone.characters(request(text)) == 0

    assert sona.billed() == 1
    assert made.rate == RATE  # that of the service's own sound, for a line may be joined of both
    assert len(made.pcm) == round(0.4 * RATE)
    assert not made.pcm.any()
    assert (made.characters, made.cost) == (0, 0)


# Styles


def test_a_style_is_sent_as_the_voice_spells_it(sona: Sona) -> None:
    with closing(at(sona)) as supertone:
        (made,) = supertone.generate(request("One.", direction="whisper"))

    assert sona.asked[0]["style"] == "Whisper"
    assert dict(made.ids)["style"] == "Whisper"


@pytest.mark.parametrize(
    ("asked", "match"),
    [
        ({"direction": "furious"}, "no style 'furious'.*it has: neutral, happy, Whisper"),
        ({"model": "sona_speech_2_flash"}, "no model sona_speech_2_flash.*: sona_speech_1, sona_speech_2"),
        ({"language": "fr", "model": "sona_speech_2"}, "does not speak 'fr'; it speaks: en, ko, ja, de"),
    ],
)
def test_what_a_voice_cannot_do_is_refused_before_it_is_paid(
    asked: Mapping[str, Any], match: str, sona: Sona
) -> None:
    with closing(at(sona)) as supertone:
        for _ in range(2):
            with pytest.raises(RequestRefused, match=match):
                supertone.generate(request("One.", **asked))

    assert sona.billed() == 0
    assert len(sona.seen) == 1  # the voice is looked up once


def test_of_a_voice_of_the_account_nothing_is_known_beforehand(sona: Sona) -> None:
    """It has no list of styles, so none is named unless one is asked for."""
    with closing(at(sona)) as supertone:
        supertone.generate(request("One.", voice="custom/mara"))
        supertone.generate(request("Two.", voice=f"custom/{MARA['voice_id']}", direction="sad"))

    assert "style" not in sona.asked[0]
    assert sona.asked[1]["style"] == "sad"
    assert sona.seen[-1].path == f"/v1/text-to-speech/{MARA['voice_id']}"


# How long it will sound


def test_a_prediction_is_asked_once_with_what_the_speech_is_asked_with(sona: Sona) -> None:
    asked = request(SENTENCE, speed=1.25, direction="happy")
    with closing(at(sona)) as supertone:
        foreseen = [supertone.predict_ms(asked) for _ in range(2)]
        (made,) = supertone.generate(asked)

    assert foreseen == [round(len(made.pcm) * 1000 / RATE)] * 2
    (body,) = sona.predicted
    assert body == {
        name: value
        for name, value in sona.asked[0].items()
        if name not in ("output_format", "include_phonemes")
    }


@pytest.mark.parametrize(
    "answer", [said({}), said({"duration": -1}), said({"duration": "3"}), Answer(b"3 s")]
)
def test_a_prediction_that_is_none(answer: Answer, sona: Sona) -> None:
    sona.add(sona.answer, *[answer] * 3)
    with closing(at(sona)) as supertone, pytest.raises(ServiceFailed) as caught:
        supertone.predict_ms(request("One."))
    assert caught.value.perhaps_paid == 0


# Listening


@pytest.mark.parametrize(("model", "end"), [("sona_speech_1", "/stream"), ("sona_speech_2", "")])
def test_listening(model: str, end: str, sona: Sona) -> None:
    with closing(at(sona)) as supertone:
        heard = list(supertone.stream(request(SENTENCE, model=model), "wav"))

    assert samples(SENTENCE).tobytes() in b"".join(heard)
    assert sona.seen[-1].path == f"/v1/text-to-speech/{ID}{end}"
    assert (sona.asked[0]["output_format"], sona.asked[0]["include_phonemes"]) == ("wav", False)


def test_listening_to_an_mp3(sona: Sona) -> None:
    with closing(at(sona)) as supertone:
        list(supertone.stream(request(SENTENCE), "mp3"))
    assert sona.asked[0]["output_format"] == "mp3"


@pytest.mark.parametrize(
    ("step", "kind", "match"),
    [
        (Answer(b""), ServiceFailed, "nothing"),
        (replace(no(402, "Not enough credits"), status=200), OutOfCredit, "Not enough credits"),
        (said({"status": "error", "message": "decoder fell over"}), ServiceFailed, "decoder fell over"),
        (Answer(b"<html>Welcome</html>"), ServiceFailed, "Welcome"),
        (Answer([wav(samples("One.")), wav(samples("One."))], cut=9000), ServiceFailed, "broke"),
    ],
)
def test_listening_in_vain(sona: Sona, step: Answer, kind: type[ProviderError], match: str) -> None:
    sona.add(sona.answer, step)
    with closing(at(sona)) as supertone, pytest.raises(kind, match=match):
        list(supertone.stream(request("One."), "wav"))


# Its end


def test_what_is_stopped_asks_nothing_more(sona: Sona) -> None:
    """From any thread; a request in flight comes to its end."""
    hold = threading.Event()
    sona.add(sona.answer, lambda seen: replace(sona.answer(seen), wait=hold))
    with closing(at(sona)) as supertone:
        answers: list[object] = []
        asking = threading.Thread(target=lambda: answers.append(supertone.generate(request("One."))))
        asking.start()
        sona.wait_for(2)
        supertone.stop()
        with pytest.raises(ProviderError, match="stopped"):
            supertone.generate(request("Two."))
        hold.set()
        asking.join(5)
        assert len(answers) == 1
    assert sona.billed() == 1


@pytest.mark.parametrize("end", [Supertone.stop, Supertone.close])
def test_what_ended_before_it_began_asks_nothing(sona: Sona, end: Callable[[Supertone], None]) -> None:
    supertone = at(sona)
    end(supertone)
    with closing(supertone), pytest.raises(ProviderError, match="supertone: "):
        supertone.generate(request("One."))
    assert not sona.seen


def test_a_service_elsewhere_is_not_asked_without_a_key() -> None:
    with Outside() as outside, closing(Supertone({"base_url": "https://supertone.invalid"})) as supertone:
        with pytest.raises(ProviderError, match="SUPERTONE_API_KEY"):
            supertone.generate(request("One."))
        assert not outside.seen
