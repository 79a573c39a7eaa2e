"""Supertone's own Python SDK against the stand-in, on the Pythons for which there is one (3.12 and later)."""

from __future__ import annotations

import asyncio
import base64
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.serving.running import Running, running
from tests.serving.supertone.caller import AIDEN, LINE, heard, joined, rows, samples, seconds, speak

supertone = pytest.importorskip("supertone", reason="the SDK needs Python 3.12")
models = pytest.importorskip("supertone.models")
errors = pytest.importorskip("supertone.errors")
dividing = pytest.importorskip("supertone.custom_utils.text_utils")

LONG = " ".join(f"This is sentence number {number}, and it is here to make it long." for number in range(8))
"""More than one request takes."""


@pytest.fixture
def sdk(server: Running) -> Iterator[Any]:
    with supertone.Supertone(api_key="any", server_url=server.base_url) as client:
        yield client


def spoken(client: Any, text: str = LINE, **given: Any) -> Any:
    return client.text_to_speech.create_speech(voice_id=AIDEN, text=text, language="en", **given)


def test_speech(sdk: Any, server: Running) -> None:
    answer = spoken(sdk)

    assert answer.result.read() == speak(server.base_url).body
    assert answer.headers["x-audio-length"] == [str(len(heard(server.base_url)) / 44_100)]


def test_mp3(sdk: Any, server: Running) -> None:
    assert spoken(sdk, output_format="mp3").result.read() == speak(server.base_url, output_format="mp3").body


def test_everything_that_can_be_asked(sdk: Any, server: Running) -> None:
    settings = {"pitch_shift": 2.0, "pitch_variance": 1.5, "speed": 1.2, "duration": 0.0, "similarity": 4.0}
    settings |= {"text_guidance": 2.0, "subharmonic_amplitude_control": 0.5}
    answer = spoken(
        sdk, style="happy", model="sona_speech_2", voice_settings=settings, normalized_text="The lamp."
    )

    expected = heard(
        server.base_url, "The lamp.", style="happy", model="sona_speech_2", voice_settings=settings
    )
    assert np.array_equal(samples(answer.result.read()), expected)


def test_phonemes(sdk: Any, server: Running) -> None:
    answer = spoken(sdk, include_phonemes=True).result

    ours = speak(server.base_url, include_phonemes=True).json
    assert base64.b64decode(answer.audio_base64) == speak(server.base_url).body
    assert answer.phonemes.model_dump() == ours["phonemes"]


@pytest.mark.parametrize(
    "model", [each.value for each in models.APIConvertTextToSpeechUsingCharacterRequestModel]
)
def test_every_model_that_the_sdk_knows(sdk: Any, model: str) -> None:
    """But the two of which nothing is known."""
    if model.endswith("t"):
        with pytest.raises(errors.SupertoneError) as caught:
            spoken(sdk, model=model)
        assert caught.value.status_code == 400
    else:
        assert samples(spoken(sdk, model=model).result.read()).any()


def test_every_language_that_the_sdk_knows(sdk: Any) -> None:
    for language in models.PredictTTSDurationRequestLanguage:
        predicted = sdk.text_to_speech.predict_duration(
            voice_id=AIDEN, text="Radio 7.", language=language, model="supertonic_api_3"
        )
        assert 0.3 < predicted.duration < 5


def test_streams(sdk: Any, server: Running) -> None:
    answer = sdk.text_to_speech.stream_speech(voice_id=AIDEN, text=LINE, language="en")
    file = b"".join(answer.result.iter_bytes())

    assert np.array_equal(np.frombuffer(file[44:], "<i2"), heard(server.base_url))
    assert answer.headers["trailer"] == ["X-Audio-Length"]


@pytest.mark.parametrize("shape", ["alternating", "both"])
def test_streams_with_phonemes(shape: str) -> None:
    """The SDK hands the lines over as they are."""
    with (
        running(phoneme_lines=shape) as server,
        supertone.Supertone(api_key="any", server_url=server.base_url) as client,
    ):
        answer = client.text_to_speech.stream_speech(
            voice_id=AIDEN, text=LINE, language="en", include_phonemes=True
        )
        sound, told = joined(rows(answer.result.encode()))
        whole = speak(server.base_url, include_phonemes=True).json
    assert sound[44:] == base64.b64decode(whole["audio_base64"])[44:]
    assert told == whole["phonemes"]


def test_a_prediction(sdk: Any, server: Running) -> None:
    predicted = sdk.text_to_speech.predict_duration(
        voice_id=AIDEN, text=LINE, language="en", style="sad", voice_settings={"speed": 1.5}
    )
    assert predicted.duration == seconds(server.base_url, style="sad", voice_settings={"speed": 1.5})


def test_a_long_text(sdk: Any, server: Running) -> None:
    """The SDK divides it, and joins what comes: all of it, since the headers here are as it expects them."""
    answer = spoken(sdk, LONG)

    pcm, rate = soundfile.read(io.BytesIO(answer.result.read()), dtype="int16")
    parts = [heard(server.base_url, part) for part in dividing.chunk_text(LONG, 300)]
    assert rate == 44_100
    assert len(parts) > 1
    assert np.array_equal(pcm, np.concatenate(parts))


def test_asynchronously(server: Running) -> None:
    async def called() -> tuple[bytes, float]:
        async with supertone.Supertone(api_key="any", server_url=server.base_url) as client:
            calls = client.text_to_speech
            answer, predicted = await asyncio.gather(
                calls.create_speech_async(voice_id=AIDEN, text=LINE, language="en"),
                calls.predict_duration_async(voice_id=AIDEN, text=LINE, language="en"),
            )
            return await answer.result.aread(), predicted.duration

    file, length = asyncio.run(called())
    assert length == len(samples(file)) / 44_100


def test_voices(sdk: Any) -> None:
    """Pages, a search, one; nothing that the SDK's types do not know, which they would drop."""
    first = sdk.voices.list_voices(page_size=10)
    second = sdk.voices.list_voices(page_size=10, next_page_token=first.next_page_token)
    every = [*first.items, *second.items]
    assert (len(every), first.total, second.next_page_token) == (20, 20, None)

    found = sdk.voices.search_voices(style="happy;whisper", gender="male", language="en,ko")
    assert [each.name for each in found.items] == ["Aiden", "Finn", "Tomas"]
    assert sdk.voices.get_voice(voice_id=AIDEN).model_dump() == every[0].model_dump()


def test_custom_voices(sdk: Any, server: Running) -> None:
    recording = {"file_name": "mara.wav", "content": speak(server.base_url).body, "content_type": "audio/wav"}
    made = sdk.custom_voices.create_cloned_voice(files=recording, name="Mara", description="the witch")

    voice = sdk.custom_voices.get_custom_voice(voice_id=made.voice_id)
    assert (voice.voice_id, voice.name, voice.description) == (made.voice_id, "Mara", "the witch")
    assert voice in sdk.custom_voices.list_custom_voices().items
    assert voice in sdk.custom_voices.search_custom_voices(name="mara").items
    renamed = sdk.custom_voices.edit_custom_voice(voice_id=made.voice_id, name="Granny")
    assert (renamed.name, renamed.description) == ("Granny", "the witch")
    spoken_by = sdk.text_to_speech.create_speech(voice_id=made.voice_id, text="Go.", language="en")
    assert samples(spoken_by.result.read()).any()
    sdk.custom_voices.delete_custom_voice(voice_id=made.voice_id)
    with pytest.raises(errors.SupertoneError) as caught:
        sdk.custom_voices.get_custom_voice(voice_id=made.voice_id)
    assert caught.value.status_code == 404


def test_usage() -> None:
    with running() as server, supertone.Supertone(api_key="any", server_url=server.base_url) as client:
        length = len(samples(spoken(client, "Go home.").result.read())) / 44_100
        now = datetime.now(UTC)
        day = timedelta(days=1)
        found = client.usage.get_usage(
            start_time=(now - day).isoformat(),
            end_time=(now + day).isoformat(),
            bucket_width="hour",
            breakdown_type=["voice_id", "model"],
            page_size=20,
            next_page_token="20",  # noqa: S106 - of a page
        )
        (used,) = [each for bucket in found.data for each in bucket.results]
        assert (used.voice_id, used.model) == (AIDEN, "sona_speech_1")
        assert used.minutes_used == pytest.approx(length / 60)
        by_voice = client.usage.get_voice_usage(
            start_date=str((now - day).date()), end_date=str((now + day).date())
        )
        (row,) = by_voice.usages
        assert (row.voice_id, row.name, row.style, row.language) == (AIDEN, "Aiden", "neutral", "en")
        assert row.total_minutes_used == pytest.approx(length / 60)
        assert client.usage.get_credit_balance().balance is None


def test_refusals(sdk: Any) -> None:
    """Bodies as documented are not what the SDK was made to read: it says so, and gives the status."""
    for given, status in (
        ({"voice_id": "nobody", "text": LINE, "language": "en"}, 404),
        ({"voice_id": AIDEN, "text": "?", "language": "en"}, 400),
    ):
        with pytest.raises(errors.ResponseValidationError) as caught:
            sdk.text_to_speech.create_speech(**given)
        assert caught.value.status_code == status
        assert json.loads(caught.value.body)["message"]["statusCode"] == status


def test_a_key() -> None:
    with running(key="sesame") as guarded:
        for key, status in (("sesame", 200), ("x", 401)):
            with supertone.Supertone(api_key=key, server_url=guarded.base_url) as client:
                if status == 200:
                    assert client.voices.list_voices().total == 20
                else:
                    with pytest.raises(errors.SupertoneError) as caught:
                        client.voices.list_voices()
                    assert caught.value.status_code == 401
