"""What Sarvam's endpoints for speech answer: every codec, read by others; who speaks, and how."""

from __future__ import annotations

import io
import re
import struct
from itertools import combinations
from typing import Any

import numpy as np
import pytest
import soundfile

from narrator.providers.sarvam import speakers
from narrator.serving.sarvam.voices import FILES, ROSTERS, Voices
from narrator.takes import Pcm
from tests.serving.running import Running, running
from tests.serving.sarvam.asking import LINE, SPEECH, STREAM, ask, decoded, files, heard

CODECS = {
    "mp3": ("audio/mpeg", "mp3float"),
    "linear16": ("audio/pcm", "pcm_s16le"),
    "mulaw": ("audio/basic", "pcm_mulaw"),
    "alaw": ("audio/x-alaw-basic", "pcm_alaw"),
    "opus": ("audio/ogg", "opus"),
    "flac": ("audio/flac", "flac"),
    "aac": ("audio/aac", "aac"),
    "wav": ("audio/wav", "pcm_s16le"),
}
"""Media type, and what libav calls the codec."""
BARE = {"linear16": "s16le", "mulaw": "mulaw", "alaw": "alaw"}
"""What libav calls files without a header."""
LINES = {
    "bn-IN": "বাতিটি সকাল থেকে জ্বলছিল।",
    "en-IN": "The lamp had been burning since the morning.",
    "gu-IN": "દીવો સવારથી બળતો હતો.",
    "hi-IN": "दीपक सुबह से जल रहा था।",
    "kn-IN": "ದೀಪವು ಬೆಳಿಗ್ಗೆಯಿಂದ ಉರಿಯುತ್ತಿತ್ತು.",
    "ml-IN": "വിളക്ക് രാവിലെ മുതൽ കത്തുന്നുണ്ടായിരുന്നു.",
    "mr-IN": "दिवा सकाळपासून जळत होता.",
    "od-IN": "ଦୀପଟି ସକାଳୁ ଜଳୁଥିଲା।",
    "pa-IN": "ਦੀਵਾ ਸਵੇਰ ਤੋਂ ਜਗ ਰਿਹਾ ਸੀ।",
    "ta-IN": "விளக்கு காலை முதல் எரிந்து கொண்டிருந்தது.",
    "te-IN": "దీపం ఉదయం నుండి వెలుగుతోంది.",
}


def pitch(pcm: Pcm, rate: int = 24_000) -> float:
    """Median fundamental frequency in Hz, from the autocorrelation of voiced stretches."""
    size, found = rate // 25, []
    for start in range(0, len(pcm) - size, size):
        piece = pcm[start : start + size].astype(float)
        piece -= piece.mean()
        if np.abs(piece).max() < 1500:
            continue
        lags = np.correlate(piece, piece, "full")[size - 1 :]
        low, high = rate // 400, rate // 60
        best = low + int(np.argmax(lags[low:high]))
        if lags[best] > 0.5 * lags[0]:
            found.append(rate / best)
    assert len(found) > 5
    return float(np.median(found))


def alike(one: Pcm, other: Pcm) -> float:
    """The best correlation of two sounds of about the same length, wherever the second one begins."""
    size = 2 ** int(np.ceil(np.log2(len(one) + len(other))))
    spectrum = np.fft.rfft(one, size) * np.conj(np.fft.rfft(other, size))
    return float(np.fft.irfft(spectrum, size).max() / (np.linalg.norm(one) * np.linalg.norm(other)))


@pytest.mark.parametrize("codec", CODECS)
def test_streams_in_every_codec(server: Running, codec: str) -> None:
    """Each is what it says, is as long as the others and sounds the same, to somebody else's decoder."""
    reference = heard(server.client)

    answer = ask(server.client, output_audio_codec=codec, speech_sample_rate=24_000)

    assert answer.headers["content-type"] == CODECS[codec][0]
    assert "content-length" not in answer.headers
    bare = BARE.get(codec)
    pcm, rate, name = decoded(answer.content, format_=bare, rate=24_000 if bare else None)
    assert name == CODECS[codec][1]
    assert rate == (48_000 if codec == "opus" else 24_000)
    pcm = pcm[:: rate // 24_000]
    assert len(pcm) == pytest.approx(len(reference), abs=3000 if codec in ("mp3", "aac") else 1)
    assert alike(reference.astype(float), pcm.astype(float)) > 0.95
    assert np.abs(pcm.astype(int)).max() == pytest.approx(np.abs(reference).max(), rel=0.15)


def test_a_streamed_wav_does_not_know_its_length(server: Running) -> None:
    """Its header is a stream's; what follows are the samples."""
    file = ask(server.client, output_audio_codec="wav", speech_sample_rate=24_000).content

    assert struct.unpack("<4sI4s", file[:12]) == (b"RIFF", 0xFFFFFFFF, b"WAVE")
    assert struct.unpack("<4sI", file[36:44]) == (b"data", 0xFFFFFFFF)
    assert np.array_equal(np.frombuffer(file[44:], "<i2"), heard(server.client))


@pytest.mark.parametrize("bit_rate", [None, "32k", "64k", "96k", "128k"])
def test_bit_rates(server: Running, bit_rate: str | None) -> None:
    file = ask(server.client, output_audio_bitrate=bit_rate, speech_sample_rate=24_000).content

    kbps = int((bit_rate or "128k")[:-1])
    seconds = soundfile.info(io.BytesIO(file)).duration
    assert len(file) * 8 / 1000 / seconds == pytest.approx(kbps, rel=0.03)


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000])
def test_files_at_every_rate(server: Running, rate: int) -> None:
    (file,) = files(ask(server.client, SPEECH, speech_sample_rate=rate))

    with soundfile.SoundFile(io.BytesIO(file)) as read:
        assert (read.format, read.subtype, read.samplerate, read.channels) == ("WAV", "PCM_16", rate, 1)
        seconds = len(read) / rate
    assert seconds == pytest.approx(len(heard(server.client)) / 24_000, abs=0.001)


def test_defaults(server: Running) -> None:
    """They differ between the endpoints: the model is heard in who speaks."""
    said: dict[str, Any] = {"model": None}
    (whole,) = files(ask(server.client, SPEECH, **said))
    streamed = ask(server.client, STREAM, **said)

    with soundfile.SoundFile(io.BytesIO(whole)) as read:
        assert (read.format, read.samplerate) == ("WAV", 22_050)
    assert streamed.headers["content-type"] == "audio/mpeg"
    assert soundfile.info(io.BytesIO(streamed.content)).samplerate == 22_050
    for path, speaker, model in ((SPEECH, "shubh", "bulbul:v3"), (STREAM, "anushka", "bulbul:v2")):
        named = ask(server.client, path, model=model, speaker=speaker, pace=1, temperature=0.6)
        usual = ask(server.client, path, **said)
        sounds = [files(each) if path == SPEECH else each.content for each in (named, usual)]
        assert sounds[0] == sounds[1]


def test_several_texts(server: Running) -> None:
    """The field of before: a file for each."""
    texts = ["One lamp.", "Two lamps, and a boat."]
    both = files(server.client.post(SPEECH, json={"inputs": texts, "target_language_code": "en-IN"}))
    alone = [files(ask(server.client, SPEECH, text)) for text in texts]

    assert both == [file for (file,) in alone]


def test_request_ids(server: Running) -> None:
    ids = [ask(server.client, SPEECH, "Go.").json()["request_id"] for _ in range(2)]

    assert ids[0] != ids[1]
    assert all(re.fullmatch(r"20\d{6}_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", each) for each in ids)


def test_either_name_of_the_language(server: Running) -> None:
    said = "नमस्ते, कैसे हो?"
    neither: dict[str, Any] = {"language_code": None, "target_language_code": None}
    both = [ask(server.client, STREAM, said, **{**neither, name: "hi-IN"}).content for name in neither]
    unsaid = ask(server.client, text=said, language_code=None).content

    assert both[0] == both[1] == unsaid


@pytest.mark.parametrize("language", LINES)
def test_languages(server: Running, language: str) -> None:
    """Every word is spoken, by a voice of the language; and another language speaks it otherwise."""
    line = LINES[language]
    pcm = heard(server.client, line, language_code=language)

    assert 1.0 < len(pcm) / 24_000 < 8.0
    other = heard(server.client, line, language_code="ta-IN" if language != "ta-IN" else "hi-IN")
    assert len(other) != len(pcm) or not np.array_equal(other, pcm)


def test_code_mixed_text(server: Running) -> None:
    plain, mixed = (
        heard(server.client, text, language_code="hi-IN") for text in ("यह दीपक है।", "यह lamp दीपक है।")
    )
    assert len(mixed) > len(plain) + 0.1 * 24_000


def test_every_speaker_has_a_voice_of_their_own() -> None:
    """In every language; women speak with women's throats, men with men's."""
    voices = Voices()
    everyone = [name for roster in ROSTERS.values() for name in roster]

    assert len(everyone) == len(set(everyone)) == 266
    for language in FILES:
        assert len({voices.speaker(name, language) for name in everyone}) == len(everyone)
    throats: dict[str, set[str]] = {}
    for name in everyone:
        throat = voices.speaker(name, "hi-IN").voice.partition("+")[2]
        throats.setdefault(speakers.gender(name), set()).add(throat)
    assert not throats["female"] & throats["male"]


def test_speakers_are_heard(server: Running) -> None:
    """Women higher than men; nobody like anybody else; the same one always the same."""
    names = {name: pitch(heard(server.client, speaker=name)) for name in ("shubh", "rahul", "ritu", "kavya")}

    assert max(names["shubh"], names["rahul"]) < min(names["ritu"], names["kavya"])
    sounds = [heard(server.client, speaker=name).tobytes() for name in names]
    assert all(one != other for one, other in combinations(sounds, 2))
    with running() as another:
        assert heard(another.client, speaker="ritu").tobytes() == sounds[2]


def test_pace(server: Running) -> None:
    slow, usual, fast = (len(heard(server.client, pace=pace)) for pace in (0.5, 1.0, 2.0))

    assert slow > 1.6 * usual
    assert fast < 0.65 * usual


@pytest.mark.parametrize("model", ["bulbul:v2", "bulbul:v4-flash"])
def test_pitch_and_loudness(server: Running, model: str) -> None:
    """Where the model has them."""
    low, usual, high = (heard(server.client, model=model, pitch=each) for each in (-0.5, 0.0, 0.5))
    quiet, loud = (heard(server.client, model=model, loudness=each) for each in (0.3, 2.0))

    assert pitch(low) < 0.95 * pitch(usual)
    assert pitch(high) > 1.05 * pitch(usual)
    assert np.abs(quiet).max() == pytest.approx(0.3 * np.abs(usual).max(), rel=0.01)
    assert np.abs(loud.astype(int)).max() == pytest.approx(2 * np.abs(usual).max(), rel=0.01)


def test_line_breaks_are_pauses(server: Running) -> None:
    joined, broken = (len(heard(server.client, f"The lamp{between}went out")) for between in (" ", "\n"))

    assert broken > joined + 0.3 * 24_000


def test_nothing_to_say_is_a_beat(server: Running) -> None:
    pcm = heard(server.client, "...")

    assert len(pcm) == 6000
    assert not pcm.any()


def test_the_journal_tells_what_was_asked() -> None:
    with running(logged=True) as server:
        ask(server.client, text="Go home.", speaker="ritu")
        files(server.client.post(SPEECH, json={"inputs": ["a b", "c"], "language_code": "hi-IN"}))
        ask(server.client, pace=9)
        stream, speech, refusal = server.log()

    facts = ("path", "status", "model", "voice", "language", "codec", "characters")
    assert [stream[name] for name in facts] == [STREAM, 200, "bulbul:v3", "ritu", "en-IN", "mp3", 8]
    assert [speech[name] for name in facts] == [SPEECH, 200, "bulbul:v3", "shubh", "hi-IN", "wav", 4]
    assert refusal["status"] == 400
    assert "characters" not in refusal
    assert LINE not in str((stream, speech, refusal))
