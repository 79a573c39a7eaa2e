"""Sarvam as a provider: lines spoken through both endpoints, by each model."""

from __future__ import annotations

import io
import threading
from contextlib import closing
from typing import Any

import numpy as np
import pytest
import soundfile

from narrator.audio.riff import Layout, Wave, unwrap
from narrator.errors import ProviderError, RequestRefused
from narrator.manuscript import Mark
from narrator.providers.sarvam import Sarvam
from narrator.spending import Bill
from tests.outside import Answer
from tests.providers.accounts import Notebook
from tests.providers.sarvam.asking import at, request
from tests.providers.sarvam.bulbul import Bulbul, encoded, in_pieces, samples

SENTENCE = "The old man of the sea said: “No.”"


@pytest.mark.parametrize("audio_format", ["linear16", "wav", "mp3"])
@pytest.mark.parametrize("stream", [True, False])
def test_a_line_is_spoken(bulbul: Bulbul, stream: bool, audio_format: str) -> None:
    with closing(at(bulbul, stream=stream, format=audio_format)) as sarvam:
        choice = sarvam.choose("shubh", {})
        asked = request(SENTENCE, settings=dict(choice.settings))
        account = Notebook()
        (made,) = sarvam.generate(asked, account=account)

    assert made.rate == 24_000
    if audio_format == "mp3":
        assert abs(len(made.pcm) - len(samples(SENTENCE))) < 1200
    else:
        assert np.array_equal(made.pcm, samples(SENTENCE))
    assert (made.words, made.word_source, made.context) == ((), "estimated", "none")
    assert made.characters == len(SENTENCE)
    assert made.currency == "INR"
    assert account.written[0].bill == Bill(len(SENTENCE), len(SENTENCE) * 3000, "INR")
    ((name, given),) = made.ids
    if stream:
        assert name == "answer"  # the service gives none
    else:
        assert (name, given) == ("request", "20261120_r")
    assert bulbul.seen[0].path == ("/text-to-speech/stream" if stream else "/text-to-speech")


def test_everything_is_said_explicitly(bulbul: Bulbul) -> None:
    """No default of the service counts; the fields are those of the model and no others."""
    with closing(at(bulbul)) as sarvam:
        sarvam.generate(request("One.", speed=1.25))
        sarvam.generate(request("Two.", voice="anushka", settings={"language": "hi"}))
        sarvam.generate(request("Three.", voice="anushka", settings={"pitch": 0.2, "preprocessing": False}))
        sarvam.generate(request("Four.", voice="shubh_en_audiobook", settings={"loudness": 1.5}))

    shared = {"speech_sample_rate": 24_000, "output_audio_codec": "linear16"}
    assert bulbul.asked == [
        {
            **shared,
            "text": "One.",
            "language_code": "en-IN",
            "speaker": "shubh",
            "model": "bulbul:v3",
            "pace": 1.25,
            "temperature": 0.6,
        },
        {
            **shared,
            "text": "Two.",
            "language_code": "hi-IN",
            "speaker": "anushka",
            "model": "bulbul:v2",
            "pace": 1.0,
            "pitch": 0.0,
            "loudness": 1.0,
            "enable_preprocessing": True,
        },
        {
            **shared,
            "text": "Three.",
            "language_code": "en-IN",
            "speaker": "anushka",
            "model": "bulbul:v2",
            "pace": 1.0,
            "pitch": 0.2,
            "loudness": 1.0,
            "enable_preprocessing": False,
        },
        {
            **shared,
            "text": "Four.",
            "language_code": "en-IN",
            "speaker": "shubh_en_audiobook",
            "model": "bulbul:v4-flash",
            "pace": 1.0,
            "temperature": 0.6,
            "loudness": 1.5,
        },
    ]


@pytest.mark.parametrize("rate", [8_000, 22_050, 32_000, 44_100, 48_000])
def test_the_sample_rate_decides_how_it_is_asked(bulbul: Bulbul, rate: int) -> None:
    """Above 24,000 the service streams nothing."""
    with closing(at(bulbul, sample_rate=rate)) as sarvam:
        choice = sarvam.choose("shubh", {})
        (made,) = sarvam.generate(request(SENTENCE, settings=dict(choice.settings)))

    assert made.rate == rate
    assert np.array_equal(made.pcm, samples(SENTENCE, rate))
    assert bulbul.seen[0].path.endswith("stream") == (rate <= 24_000)


@pytest.mark.parametrize("size", [1, 2, 3, 777, 100_000])
def test_samples_may_be_split_anywhere(bulbul: Bulbul, size: int) -> None:
    bulbul.add(Answer(in_pieces(encoded("One.", "linear16", 8000), size)))
    with closing(at(bulbul, sample_rate=8000)) as sarvam:
        (made,) = sarvam.generate(request("One.", settings={"sample_rate": 8000}))

    assert np.array_equal(made.pcm, samples("One.", 8000))


def test_a_long_answer_is_the_same_from_disk(bulbul: Bulbul) -> None:
    """Beyond a megabyte it is on disk while it comes."""
    text = "The lamp was lit before the boats came in. " * 15
    with closing(at(bulbul)) as sarvam:
        (made,) = sarvam.generate(request(text.strip()))

    assert made.pcm.nbytes > 1 << 20
    assert np.array_equal(made.pcm, samples(text.strip()))


def test_a_file_where_samples_were_asked_for_and_the_reverse(bulbul: Bulbul) -> None:
    """`wav` may be bare samples, and its lengths may be anything."""
    wave = encoded(SENTENCE, "wav")
    endless = wave[:4] + b"\xff" * 4 + wave[8:40] + b"\xff" * 4 + wave[44:]
    bare = encoded(SENTENCE, "linear16")
    bulbul.add(Answer(wave), Answer(endless), Answer([endless[:50], endless[50:]]))
    with closing(at(bulbul)) as sarvam:
        for _ in range(3):
            assert np.array_equal(sarvam.generate(request(SENTENCE))[0].pcm, samples(SENTENCE))
    bulbul.add(Answer(bare), Answer(endless))
    with closing(at(bulbul, format="wav")) as sarvam:
        for _ in range(2):
            assert np.array_equal(sarvam.generate(request(SENTENCE))[0].pcm, samples(SENTENCE))


def test_a_packed_file_where_samples_were_asked_for(bulbul: Bulbul) -> None:
    """Else it would be kept as a line, and be noise: the service makes MP3 where it is not told otherwise."""
    flac = io.BytesIO()
    soundfile.write(flac, samples(SENTENCE), 24_000, format="FLAC")
    bulbul.add(Answer(flac.getvalue()), Answer(encoded(SENTENCE, "mp3")))
    with closing(at(bulbul)) as sarvam:
        assert np.array_equal(sarvam.generate(request(SENTENCE))[0].pcm, samples(SENTENCE))
        (made,) = sarvam.generate(request(SENTENCE))
    assert len(made.pcm) == pytest.approx(len(samples(SENTENCE)), rel=0.1)


def test_pauses(bulbul: Bulbul) -> None:
    """Those at the ends are silence of their length; where there are any within, the line is cut above."""
    text = "One, two, three."
    places = ((0, 250), (5, 300), (10, 1200), (len(text), 500))
    marks = [Mark(kind="pause", start=at_, end=at_, value=str(ms)) for at_, ms in places]
    with closing(at(bulbul)) as sarvam:
        asked = request(text, *marks)
        (made,) = sarvam.generate(asked)
        assert made.characters == sarvam.characters(asked) == len(text)
        assert not any(able.marks for able in sarvam.models.values())

    assert bulbul.asked[0]["text"] == text
    lead, tail = made.pcm[:6000], made.pcm[-12_000:]
    assert not lead.any()
    assert not tail.any()
    assert np.array_equal(made.pcm[6000:-12_000], samples(bulbul.heard[0]))


def test_what_would_be_refused_is_not_sent(bulbul: Bulbul) -> None:
    with closing(at(bulbul)) as sarvam:
        for asked, match in (
            (request("x" * 3401), "3401 characters"),
            (request("x" * 1401, voice="anushka"), "takes 1400"),
            (request("One.", speed=2.5), "speed 2.5"),
            (request("\u200b"), "nothing in it"),
            (request("One.", description="an old sailor"), "makes no voices"),
        ):
            with pytest.raises(RequestRefused, match=match):
                sarvam.generate(asked, account=Notebook(allows=0))
        assert sarvam.requests == 0


def test_a_voice_newer_than_the_list_is_asked_for_by_its_model(bulbul: Bulbul) -> None:
    with closing(at(bulbul)) as sarvam:
        voice, settings, models = sarvam.choose("V3/zeenat", {})
        assert (voice, models) == ("bulbul:v3/zeenat", ("bulbul:v3",))
        with pytest.raises(RequestRefused, match="Speaker 'zeenat' is not recognized"):
            sarvam.generate(request("One.", voice=voice, settings=dict(settings)))
    assert bulbul.asked[0]["speaker"] == "zeenat"


@pytest.mark.parametrize("audio_format", ["wav", "mp3"])
def test_listening(bulbul: Bulbul, audio_format: Any) -> None:
    with closing(at(bulbul, sample_rate=48_000)) as sarvam:
        heard = list(sarvam.stream(request(SENTENCE, settings={"sample_rate": 48_000}), audio_format))

    assert len(heard) > 2
    sound = b"".join(heard)
    if audio_format == "mp3":
        assert sound == encoded(SENTENCE, "mp3")
        assert bulbul.asked[0]["output_audio_bitrate"] == "192k"
    else:
        assert unwrap([sound]) == Wave(encoded(SENTENCE, "linear16"), Layout(24_000))


def test_what_is_stopped_asks_nothing_more(bulbul: Bulbul) -> None:
    """A request in flight comes to its end."""
    hold = threading.Event()
    bulbul.add(Answer(encoded("One.", "linear16"), wait=hold))
    with closing(at(bulbul)) as sarvam:
        answers: list[object] = []
        asking = threading.Thread(target=lambda: answers.append(sarvam.generate(request("One."))))
        asking.start()
        bulbul.wait_for(1)
        sarvam.stop()
        with pytest.raises(ProviderError, match="stopped"):
            sarvam.generate(request("Two."))
        hold.set()
        asking.join(5)
        assert len(answers) == 1


@pytest.mark.parametrize("end", [Sarvam.stop, Sarvam.close])
def test_what_ended_before_it_began_asks_nothing(bulbul: Bulbul, end: Any) -> None:
    sarvam = at(bulbul)
    end(sarvam)
    with closing(sarvam), pytest.raises(ProviderError, match="sarvam: "):
        sarvam.generate(request("One."))
    assert not bulbul.seen


def test_voices_need_no_network() -> None:
    with closing(Sarvam()) as sarvam:
        voices = {voice.name: voice for voice in sarvam.voices()}
        assert sarvam.requests == 0
    assert len(voices) == 37 + 222 + 7
    assert voices["shubh"].gender == "male"
    assert voices["ritu"].gender == "female"
    assert voices["harpreet_pa_narration"].gender == ""
    assert len(voices["shubh"].languages) == 11
    assert "or-IN" in voices["shubh"].languages
    assert voices["shubh_enhi_ads"].languages == ("en-IN", "hi-IN")
    assert voices["shubh_en_narration_gentle"].description == "bulbul:v4-flash, narration gentle"
    with closing(Sarvam({"model": "v2"})) as sarvam:
        assert sarvam.voices()[0].name == "anushka"
        assert len(sarvam.voices()) == 7
