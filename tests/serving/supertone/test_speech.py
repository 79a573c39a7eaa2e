"""What Supertone's endpoints for speech answer: files, streams, phonemes; who speaks, and how."""

from __future__ import annotations

import base64
import io
from itertools import combinations
from typing import Any

import numpy as np
import pytest
import soundfile

from narrator.audio.character import study
from narrator.serving.supertone.models import ABILITIES, FILES
from tests.serving.running import Running, running
from tests.serving.supertone.caller import (
    AIDEN,
    LINE,
    Json,
    Pcm,
    get,
    heard,
    joined,
    rows,
    samples,
    seconds,
    sizes,
    speak,
    stream,
)

RATE = 44_100
LINES = {
    "en": "The lamp had been burning.", "ko": "등불이 켜졌다.", "ja": "ランプがついた。",
    "bg": "Лампата светеше.", "cs": "Lampa svítila.", "da": "Lampen brændte.", "el": "Η λάμπα άναβε.",
    "es": "La lámpara ardía.", "et": "Lamp põles.", "fi": "Lamppu paloi.", "hu": "A lámpa égett.",
    "it": "La lampada ardeva.", "nl": "De lamp brandde.", "pl": "Lampa świeciła.",
    "pt": "A lâmpada ardia.", "ro": "Lampa ardea.", "ar": "كان المصباح مضاء.", "de": "Die Lampe brannte.",
    "fr": "La lampe brûlait.", "hi": "दीपक जल रहा था।", "id": "Lampu menyala.", "ru": "Лампа горела.",
    "vi": "Ngọn đèn cháy.", "hr": "Svjetiljka je gorjela.", "lt": "Lempa degė.", "lv": "Lampa dega.",
    "sk": "Lampa svietila.", "sl": "Svetilka je gorela.", "sv": "Lampan brann.", "tr": "Lamba yanıyordu.",
    "uk": "Лампа горіла.",
}  # fmt: skip


def manner(pcm: Pcm) -> tuple[float, float]:
    """Median pitch in hertz, and how far it moves in octaves."""
    character = study([np.asarray(pcm / 32768, np.float32)], RATE).character
    return character.median_hz, character.spread


def check_phonemes(told: Json, length_s: float) -> None:
    """All of the sound is told of, each moment once, with silences by empty symbols."""
    starts, lengths = told["start_times_seconds"], told["durations_seconds"]
    assert len(told["symbols"]) == len(starts) == len(lengths)
    assert starts[0] == 0
    ends = [start + length for start, length in zip(starts, lengths, strict=True)]
    assert starts[1:] == pytest.approx(ends[:-1], abs=1e-9)
    assert ends[-1] == pytest.approx(length_s, abs=1e-9)
    assert min(lengths) > 0


def test_a_file(server: Running) -> None:
    """WAV unless MP3 is asked for; how long it sounds stands in a header; `Accept` changes nothing."""
    wav = speak(server.base_url)
    mp3 = speak(server.base_url, output_format="mp3")

    pcm = samples(wav.body)
    assert (wav.headers["content-type"], mp3.headers["content-type"]) == ("audio/wav", "audio/mpeg")
    assert float(wav.headers["x-audio-length"]) == len(pcm) / RATE == float(mp3.headers["x-audio-length"])
    assert 2 < len(pcm) / RATE < 6
    with soundfile.SoundFile(io.BytesIO(mp3.body)) as read:
        assert (read.format, read.samplerate, read.channels) == ("MP3", RATE, 1)
        assert len(read) == pytest.approx(len(pcm), abs=3000)
    assert (
        speak(server.base_url, output_format="wav", model="sona_speech_1", style="neutral").body == wav.body
    )


def test_with_phonemes(server: Running) -> None:
    """JSON, and the same sound; the symbols are IPA, and silent where a clause ends."""
    said = "The lamp, he said."
    plain, reply = speak(server.base_url, said), speak(server.base_url, said, include_phonemes=True)

    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["x-audio-length"] == plain.headers["x-audio-length"]
    assert set(reply.json) == {"audio_base64", "phonemes"}
    assert base64.b64decode(reply.json["audio_base64"], validate=True) == plain.body
    told = reply.json["phonemes"]
    check_phonemes(told, float(reply.headers["x-audio-length"]))
    letters = "".join(each.strip("ˈˌ") for each in told["symbols"])
    assert letters.startswith("ðəlæmp")
    assert letters.endswith("sɛd")
    pause = told["symbols"].index("", 1)
    assert told["symbols"][pause - 1] == "p"
    assert told["durations_seconds"][pause] > 0.05


def test_silences_are_silent_and_phonemes_are_not(server: Running) -> None:
    reply = speak(server.base_url, include_phonemes=True).json
    pcm = samples(base64.b64decode(reply["audio_base64"])).astype(float)
    loud = {"": [0.0], "said": [0.0]}
    for symbol, start, length in zip(*reply["phonemes"].values(), strict=True):
        middle = pcm[round((start + 0.3 * length) * RATE) : round((start + 0.7 * length) * RATE)]
        loud["said" if symbol else ""].append(float(np.sqrt(np.mean(middle**2))))

    assert max(loud[""]) < 0.1 * float(np.median(loud["said"]))


def test_a_stream(server: Running) -> None:
    """The same sound in pieces under a header that tells no length, which comes at the very end."""
    plain = speak(server.base_url)
    reply = stream(server.base_url)

    assert reply.status == 200
    assert reply.headers["content-type"] == "audio/wav"
    assert reply.headers["transfer-encoding"] == "chunked"
    assert (reply.headers["cache-control"], reply.headers["x-content-type-options"]) == (
        "no-cache",
        "nosniff",
    )
    assert reply.headers["trailer"] == "X-Audio-Length"
    assert reply.trailers == {"x-audio-length": plain.headers["x-audio-length"]}
    assert sizes(reply.body) == (0xFFFFFFFF, 0xFFFFFFFF)
    assert reply.body[44:] == plain.body[44:]
    assert (
        stream(server.base_url, output_format="mp3").body == speak(server.base_url, output_format="mp3").body
    )


def test_a_stream_over_http_1_0(server: Running) -> None:
    """Which knows no trailers."""
    reply = stream(server.base_url, version="1.0")

    assert (reply.status, "trailer" in reply.headers, dict(reply.trailers)) == (200, False, {})
    assert reply.body[44:] == speak(server.base_url).body[44:]


@pytest.mark.parametrize("codec", ["wav", "mp3"])
@pytest.mark.parametrize("shape", ["alternating", "both"])
def test_a_stream_with_phonemes(shape: str, codec: str) -> None:
    """In either documented shape; joined, it is the sound and the phonemes of an answer in one piece."""
    with running(phoneme_lines=shape) as server:
        reply = stream(server.base_url, include_phonemes=True, output_format=codec)
        plain = stream(server.base_url, output_format=codec)
        whole = speak(server.base_url, include_phonemes=True).json["phonemes"]

    assert reply.headers["content-type"] == "application/x-ndjson"
    lines = rows(reply.body)
    assert len(lines) > 3
    kinds = [tuple(name for name in ("audio_base64", "phonemes") if line[name] is not None) for line in lines]
    if shape == "both":
        assert set(kinds) == {("audio_base64", "phonemes")}
    else:
        assert kinds == [("audio_base64",), ("phonemes",)] * (len(lines) // 2)
    sound, told = joined(lines)
    assert (sound, told) == (plain.body, whole)
    assert reply.trailers == plain.trailers
    first = next(line["phonemes"] for line in lines if line["phonemes"])
    assert 0 < len(first["symbols"]) < len(told["symbols"])


@pytest.mark.parametrize("model", [each for each, able in ABILITIES.items() if not able.phonemes])
def test_a_model_without_phonemes(server: Running, model: str) -> None:
    reply = speak(server.base_url, include_phonemes=True, model=model)

    assert reply.json["phonemes"] is None
    assert len(samples(base64.b64decode(reply.json["audio_base64"])))


@pytest.mark.parametrize("language", LINES)
def test_languages(server: Running, language: str) -> None:
    """Each is spoken by a voice of its own."""
    model = next(name for name, able in ABILITIES.items() if language in able.languages)
    said = LINES[language]

    reply = speak(server.base_url, said, language=language, model=model, include_phonemes=True)

    assert reply.status == 200, reply.body
    assert 0.5 < float(reply.headers["x-audio-length"]) < 5
    other = speak(
        server.base_url, said, language="et" if language != "et" else "hu", model="supertonic_api_3"
    )
    assert base64.b64decode(reply.json["audio_base64"]) != other.body


def test_every_language_is_tried() -> None:
    assert list(LINES) == list(FILES)


@pytest.mark.parametrize(
    ("model", "last", "beyond"),
    [
        ("sona_speech_1", "ja", "de"),
        ("sona_speech_2", "vi", "hr"),
        ("sona_speech_2_flash", "vi", "uk"),
        ("supertonic_api_1", "pt", "fr"),
        ("supertonic_api_3", "uk", None),
    ],
)
def test_models_and_languages(server: Running, model: str, last: str, beyond: str | None) -> None:
    assert speak(server.base_url, LINES[last], model=model, language=last).status == 200
    if beyond:
        status, _, said = speak(server.base_url, LINES[beyond], model=model, language=beyond).said
        assert (status, f"language {beyond} is not supported by the model" in said) == (400, True)


@pytest.mark.parametrize(
    ("setting", "value", "heeding"),
    [
        ("pitch_shift", 4, {"sona_speech_1", "sona_speech_2", "sona_speech_2_flash"}),
        ("pitch_variance", 0.2, {"sona_speech_1", "sona_speech_2", "sona_speech_2_flash"}),
        ("duration", 4, {"sona_speech_1", "sona_speech_2", "sona_speech_2_flash"}),
        ("speed", 1.5, set(ABILITIES)),
        ("similarity", 5, set()),
        ("text_guidance", 4, set()),
        ("subharmonic_amplitude_control", 0, set()),
    ],
)
def test_settings_that_a_model_heeds(server: Running, setting: str, value: float, heeding: set[str]) -> None:
    """Others are ignored without a word; three have nothing that they could change here."""
    changed = {
        model
        for model in ABILITIES
        if not np.array_equal(
            heard(server.base_url, "Go home.", model=model),
            heard(server.base_url, "Go home.", model=model, voice_settings={setting: value}),
        )
    }
    assert changed == heeding


@pytest.mark.parametrize("semitones", [-12, -5, 3, 12])
def test_pitch_shift(server: Running, semitones: float) -> None:
    """To the semitone, and nothing else: it lasts as long, and its phonemes stay where they are."""
    (bela,) = get(server.base_url, "/v1/voices/search", name="Bela").json["items"]
    usual, shifted = (
        speak(
            server.base_url,
            voice=bela["voice_id"],
            include_phonemes=True,
            voice_settings={"pitch_shift": each},
        ).json
        for each in (0, semitones)
    )
    sounds = [samples(base64.b64decode(each["audio_base64"])) for each in (usual, shifted)]

    pitches = [manner(each)[0] for each in sounds]
    assert 12 * np.log2(pitches[1] / pitches[0]) == pytest.approx(semitones, abs=0.5)
    assert len(sounds[0]) == len(sounds[1])
    assert usual["phonemes"] == shifted["phonemes"]
    assert 0.3 < np.std(sounds[1].astype(float)) / np.std(sounds[0].astype(float)) < 1.5


def test_pitch_variance(server: Running) -> None:
    flat, usual, lively = (
        manner(heard(server.base_url, voice_settings={"pitch_variance": each}))[1] for each in (0, 1, 2)
    )
    assert flat < 0.6 * usual
    assert lively > 1.2 * usual


def test_speed(server: Running) -> None:
    slow, usual, fast = (seconds(server.base_url, voice_settings={"speed": each}) for each in (0.5, 1, 2))
    assert slow > 1.6 * usual
    assert fast < 0.65 * usual


@pytest.mark.parametrize(("settings", "lasts"), [({}, 5.0), ({"speed": 2}, 10.0), ({"speed": 0.5}, 2.5)])
def test_duration(server: Running, settings: dict[str, float], lasts: float) -> None:
    """Speed comes after it, and the way round that Supertone's pages have it."""
    given = {"duration": 5, **settings}
    reply = speak(server.base_url, include_phonemes=True, voice_settings=given)

    assert float(reply.headers["x-audio-length"]) == pytest.approx(lasts, rel=0.02)
    check_phonemes(reply.json["phonemes"], float(reply.headers["x-audio-length"]))
    last = reply.json["phonemes"]
    spoken = last["start_times_seconds"][-1] if last["symbols"][-1] == "" else lasts
    assert spoken > 0.6 * lasts


def test_no_duration_takes_a_word_away(server: Running) -> None:
    """It is said as fast as can be."""
    told = speak(server.base_url, include_phonemes=True, voice_settings={"duration": 0.1}).json["phonemes"]
    usual = speak(server.base_url, include_phonemes=True).json["phonemes"]

    assert list(filter(None, told["symbols"])) == list(filter(None, usual["symbols"]))


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"voice_settings": {"speed": 1.3, "pitch_shift": 2}},
        {"voice_settings": {"duration": 7}},
        {"style": "sad"},
        {"model": "sona_speech_2", "language": "de", "normalized_text": "Die Lampe brannte."},
    ],
)
def test_a_prediction_is_true(server: Running, given: dict[str, Any]) -> None:
    assert seconds(server.base_url, **given) == float(
        speak(server.base_url, **given).headers["x-audio-length"]
    )


def test_normalized_text(server: Running) -> None:
    """It is what two of the models read, and the others do not look at it."""
    given = {"text": "It cost £5.", "normalized_text": "It cost a lot."}
    for model, able in ABILITIES.items():
        sounds = [
            heard(server.base_url, said, model=model).tobytes()
            for said in (given["text"], given["normalized_text"])
        ]
        read = heard(server.base_url, **given, model=model).tobytes()
        assert read == sounds[able.normalized]


def test_styles_are_heard(server: Running) -> None:
    """Each of every voice's otherwise than its first, which is spoken where none is asked for."""
    listed = get(server.base_url, "/v1/voices", page_size=100).json["items"]
    some = {frozenset(voice["styles"]): voice for voice in listed}.values()
    everything = {style for voice in listed for style in voice["styles"]}
    assert len(everything) == 10
    for voice in some:
        given = {"voice": voice["voice_id"], "model": voice["models"][0]}
        sounds = [
            heard(server.base_url, "Go home.", **given, style=each).tobytes() for each in voice["styles"]
        ]
        assert len(set(sounds)) == len(sounds)
        assert heard(server.base_url, "Go home.", **given).tobytes() == sounds[0]


def test_how_styles_sound(server: Running) -> None:
    sad, usual, happy = (heard(server.base_url, style=each) for each in ("sad", "neutral", "happy"))

    assert len(sad) > 1.1 * len(usual)
    assert len(happy) < 0.95 * len(usual)
    assert manner(sad)[0] < manner(usual)[0] < manner(happy)[0]


def test_voices_are_heard(server: Running) -> None:
    """No two alike; women and children higher than men; the same one always the same."""
    listed = get(server.base_url, "/v1/voices", page_size=100).json["items"]
    said = "The lamp was lit."
    sounds = {
        voice["name"]: heard(server.base_url, said, voice=voice["voice_id"], model=voice["models"][0])
        for voice in listed
    }
    assert all(not np.array_equal(one, other) for one, other in combinations(sounds.values(), 2))
    adults = {voice["name"]: voice["gender"] for voice in listed if voice["age"] != "child"}
    pitches = {name: manner(sounds[name])[0] for name in adults}
    highest = max(pitches[name] for name, gender in adults.items() if gender == "male")
    assert highest < min(pitches[name] for name, gender in adults.items() if gender == "female")
    with running() as another:
        assert np.array_equal(heard(another.base_url, said), sounds["Aiden"])


def test_the_journal_tells_what_was_asked() -> None:
    with running(logged=True) as server:
        speak(server.base_url, "Go home.", style="happy", include_phonemes=True)
        seconds(server.base_url, "Go.", language="ko", model="sona_speech_2")
        speak(server.base_url, "Go.", model="x")
        spoken, foretold, refusal = server.log()

    facts = ("path", "status", "model", "voice", "style", "language", "codec", "phonemes", "characters")
    path = f"/v1/text-to-speech/{AIDEN}"
    assert [spoken[name] for name in facts] == [
        path,
        200,
        "sona_speech_1",
        "Aiden",
        "happy",
        "en",
        "wav",
        True,
        8,
    ]
    assert [foretold[name] for name in facts[1:6]] == [200, "sona_speech_2", "Aiden", "neutral", "ko"]
    assert (refusal["status"], "characters" in refusal) == (400, False)
    assert LINE not in str((spoken, foretold, refusal))
