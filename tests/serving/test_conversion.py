"""Voice conversion over HTTP: the forms that clients send, and what comes back."""

from __future__ import annotations

import base64
import io
import json
import uuid
from typing import Any

import httpx
import numpy as np
import pytest
import soundfile
from hume import HumeClient
from hume.environment import HumeClientEnvironment
from hume.tts import FormatWav, PostedUtteranceVoiceWithName, SnippetAudioChunk
from hypothesis import given
from hypothesis import strategies as st

from narrator.audio.blocks import Samples
from narrator.audio.character import study
from narrator.serving.octave.forms import structured
from tests.serving.asking import AVA, RATE, body, generations, samples, sound
from tests.serving.running import Running

WAV = {"type": "wav"}
SAID = "The lamp had been burning since the morning."
CONVERSION = "/v0/tts/voice_conversion"


@pytest.fixture(scope="module")
def recording(server: Running) -> bytes:
    """Somebody with a deep voice, in a WAV file."""
    asked = body(SAID, voice={"name": "espeak/en-us+m1", "provider": "HUME_AI"})
    (made,) = generations(server.client, asked)
    return sound(made["audio"])


def send(client: httpx.Client, recording: bytes, *, to: str = "json", **fields: Any) -> httpx.Response:
    files = {"audio": ("speech.wav", recording, "audio/wav")}
    return client.post(f"{CONVERSION}/{to}", files=files, data={"format": json.dumps(WAV)} | fields)


def chunks(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.content.split(b"\n") if line]


def floats(file: bytes) -> Samples:
    return np.asarray(samples(file) / 32768, np.float32)


def median_hz(file: bytes) -> float:
    return study([floats(file)], RATE).character.median_hz


def test_a_recording_comes_back_in_another_voice(server: Running, recording: bytes) -> None:
    """As long as it was, as loud at every moment, at the pitch of the voice that was asked for."""
    lines = chunks(send(server.client, recording, voice=json.dumps(AVA), strip_headers="true"))
    after = b"".join(base64.b64decode(line["audio"], validate=True) for line in lines)
    (her,) = generations(server.client, body())

    assert len(samples(after)) == len(samples(recording))
    assert median_hz(after) == pytest.approx(median_hz(sound(her["audio"])), rel=0.1)
    assert median_hz(recording) < 0.7 * median_hz(after)
    before, now = (np.abs(floats(file)) for file in (recording, after))
    hops = np.arange(0, len(before), RATE // 50)
    assert np.corrcoef(np.add.reduceat(before, hops), np.add.reduceat(now, hops))[0, 1] > 0.9


def test_its_lines_are_those_of_a_stream(server: Running, recording: bytes) -> None:
    lines = chunks(send(server.client, recording, voice=json.dumps(AVA)))

    assert [line["chunk_index"] for line in lines] == list(range(len(lines)))
    assert [line["is_last_chunk"] for line in lines] == [False] * (len(lines) - 1) + [True]
    assert len({line["generation_id"] for line in lines}) == 1
    assert len({line["snippet_id"] for line in lines}) == 1
    assert all(line["type"] == "audio" and line["audio_format"] == "wav" for line in lines)
    assert all(line["text"] == "" and line["transcribed_text"] is None for line in lines)
    # Without `strip_headers` each is a file of its own.
    assert sum(len(samples(sound(line["audio"]))) for line in lines) == len(samples(recording))


def test_its_generation_can_be_gone_on_from(server: Running, recording: bytes) -> None:
    """Also by another conversion, which then needs no voice of its own."""
    (line, *_) = chunks(send(server.client, recording, voice=json.dumps(AVA)))
    context = {"generation_id": line["generation_id"]}

    (made,) = generations(server.client, body(voice=None, context=context))
    again = send(server.client, recording, to="file", context=json.dumps(context))

    assert median_hz(sound(made["audio"])) > 1.3 * median_hz(recording)
    assert median_hz(again.content) > 1.3 * median_hz(recording)


@pytest.mark.parametrize("format_", ["wav", "mp3", "pcm"])
@pytest.mark.parametrize("strip", ["true", "false"])
def test_a_file_is_one_file(server: Running, recording: bytes, format_: str, strip: str) -> None:
    fields = {"format": json.dumps({"type": format_}), "voice": json.dumps(AVA), "strip_headers": strip}
    answer = send(server.client, recording, to="file", **fields)

    assert answer.status_code == 200
    if format_ == "pcm":
        assert len(answer.content) == 2 * len(samples(recording))
    else:
        info = soundfile.info(io.BytesIO(answer.content))
        assert info.frames == pytest.approx(len(samples(recording)), abs=0 if format_ == "wav" else 5000)
        assert (info.samplerate, info.channels) == (RATE, 1)


@pytest.mark.parametrize(("format_", "subtype"), [("MP3", None), ("OGG", "VORBIS"), ("FLAC", None)])
def test_other_files_are_understood(
    server: Running, recording: bytes, format_: str, subtype: str | None
) -> None:
    """Stereo at another rate as well; what it is comes from its bytes and not from its name."""
    mono = floats(recording)[: 2 * RATE : 2]
    file = io.BytesIO()
    soundfile.write(file, np.stack((mono, mono), axis=1), RATE // 2, format=format_, subtype=subtype)

    answer = send(server.client, file.getvalue(), to="file", voice=json.dumps(AVA))

    assert answer.status_code == 200, answer.text
    assert len(samples(answer.content)) == pytest.approx(2 * RATE, abs=5000)


FORMS: list[list[tuple[str, str]]] = [
    [
        ("voice", json.dumps(AVA)),
        ("include_timestamp_types", '["word", "phoneme"]'),
        ("format", '{"type": "wav"}'),
    ],
    [("voice[name]", "Ava Song"), ("voice[provider]", "HUME_AI"), ("format[type]", "wav")],
    [
        ("include_timestamp_types[0]", "word"),
        ("include_timestamp_types[1]", "phoneme"),
        ("voice", json.dumps(AVA)),
        ("format[type]", "wav"),
    ],
    [
        ("include_timestamp_types", "word"),
        ("include_timestamp_types", "phoneme"),
        ("voice", json.dumps(AVA)),
        ("format[type]", "wav"),
    ],
    [
        ("include_timestamp_types[]", "word"),
        ("context", "null"),
        ("strip_headers", ""),
        ("voice", json.dumps(AVA)),
        ("format[type]", "wav"),
    ],
    [
        ("context[utterances][0][text]", "Before."),
        ("context[utterances][0][voice][name]", "Ava Song"),
        ("context[utterances][0][voice][provider]", "HUME_AI"),
        ("format[type]", "wav"),
        ("strip_headers", "True"),
    ],
]


@pytest.mark.parametrize("fields", FORMS)
def test_every_way_to_write_a_form_is_understood(
    server: Running, recording: bytes, fields: list[tuple[str, str]]
) -> None:
    files: list[tuple[str, Any]] = [(key, (None, value)) for key, value in fields]
    files.append(("audio", ("speech", recording)))
    answer = server.client.post(f"{CONVERSION}/file", files=files)

    assert answer.status_code == 200, answer.text
    assert median_hz(answer.content) > 1.3 * median_hz(recording)


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({}, 400, "requires a voice"),
        ({"voice": "Ava Song"}, 422, '["body","voice"'),
        ({"voice": '{"name": "Ava'}, 422, '["body","voice"'),
        ({"voice": '{"name": "Ava Song"}'}, 404, "needs the provider HUME_AI"),
        ({"voice": json.dumps(AVA), "format": "wav"}, 422, '["body","format"'),
        ({"voice": json.dumps(AVA), "format[type]": "ogg"}, 422, '["body","format"'),
        (
            {"voice": json.dumps(AVA), "include_timestamp_types": "syllable"},
            422,
            '"include_timestamp_types",0',
        ),
        ({"voice": json.dumps(AVA), "strip_headers": "perhaps"}, 422, '["body","strip_headers"]'),
        ({"context": json.dumps({"generation_id": str(uuid.uuid4())})}, 400, "context generation (ID:"),
        ({"context": json.dumps({"generation_id": "x"}), "voice": json.dumps(AVA)}, 422, '"generation_id"'),
        ({"context": json.dumps({"utterances": [{"text": "x"}]})}, 400, "requires a voice"),
    ],
)
def test_what_is_wrong_with_a_form_is_said(
    server: Running, recording: bytes, fields: dict[str, str], status: int, said: str
) -> None:
    answer = send(server.client, recording, **fields)

    assert answer.status_code == status, answer.text
    assert said in answer.text


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (b"\0\0\0\x20ftypM4A \0\0\0\0M4A mp42isom" + bytes(100), "MP4 audio (M4A) cannot be decoded here"),
        (b"once upon a time", "no sound file"),
        (b"", "no sound file"),
    ],
)
def test_what_is_no_recording_is_refused(server: Running, file: bytes, said: str) -> None:
    for to in ("json", "file"):
        answer = send(server.client, file, to=to, voice=json.dumps(AVA))

        assert answer.status_code == 400, answer.text
        assert said in answer.json()["message"]


def test_a_recording_without_sound_is_refused(server: Running) -> None:
    file = io.BytesIO()
    soundfile.write(file, np.zeros(0, np.int16), RATE, format="WAV")

    answer = send(server.client, file.getvalue(), voice=json.dumps(AVA))

    assert answer.status_code == 400
    assert "no sound in it" in answer.json()["message"]


@pytest.mark.parametrize(
    "given_", [{"data": {"voice": "x"}}, {"json": {}}, {"content": b"x"}, {"data": {"audio": "x"}}]
)
def test_a_form_without_a_recording_is_invalid(server: Running, given_: dict[str, Any]) -> None:
    answer = server.client.post(f"{CONVERSION}/json", **given_)

    assert answer.status_code == 422
    assert ["body", "audio"] in [each["loc"] for each in answer.json()["detail"]]


def test_a_form_that_breaks_off_is_refused(server: Running) -> None:
    answer = server.client.post(
        f"{CONVERSION}/json",
        content=b'--x\r\nContent-Disposition: form-data; name="voice"',
        headers={"content-type": "multipart/form-data"},
    )

    assert answer.status_code == 400


def test_the_official_client_is_served(server: Running, recording: bytes) -> None:
    """Which writes `null` into every field that it was not given."""
    url = server.base_url
    environment = HumeClientEnvironment(base=url, evi=url, tts=url.replace("http", "ws"), stream=url)
    voice = PostedUtteranceVoiceWithName(name="Ava Song", provider="HUME_AI")
    audio = ("speech.wav", recording, "audio/wav")

    with httpx.Client() as connections:
        client = HumeClient(api_key="any", environment=environment, httpx_client=connections)
        file = b"".join(client.tts.convert_voice_file(audio=audio, voice=voice, format=FormatWav()))
        told = list(
            client.tts.convert_voice_json(
                audio=audio,
                voice=voice,
                strip_headers=True,
                include_timestamp_types=["word", "phoneme"],
            )
        )

    assert len(samples(file)) == len(samples(recording))
    assert len(told) > 1
    assert all(isinstance(each, SnippetAudioChunk) and each.audio_format == "mp3" for each in told)


# Forms


@given(st.lists(st.tuples(st.text(max_size=30), st.text(max_size=30))))
def test_no_form_is_too_odd_to_read(fields: list[tuple[str, str]]) -> None:
    assert isinstance(structured(fields), dict)


@given(st.text("voice[]01x", max_size=20), st.sampled_from(["{", "[" * 3000, '{"a": 1}', "null", "x", "[1]"]))
def test_no_key_is_too_odd_either(key: str, value: str) -> None:
    assert isinstance(structured([(key, value), ("voice", value), (key, value)]), dict)


def test_a_form_says_what_json_would_say() -> None:
    fields = [("a[b][c]", "1"), ("a[d]", "[2]"), ("e", '{"f": null}'), ("g", "null"), ("h", " x ")]

    assert structured(fields) == {"a": {"b": {"c": "1"}, "d": [2]}, "e": {"f": None}, "h": " x "}
