"""Hume's own Python SDK speaks to `narrator serve` and understands everything it answers.

What the SDK gives is compared with what came over the wire, since it drops what it does not understand.
"""

from __future__ import annotations

import io
import json
import re
import uuid
from collections.abc import Iterator
from itertools import groupby, pairwise
from typing import Any

import numpy as np
import pydantic
import pytest
import soundfile
import websockets
from hume.core.api_error import ApiError
from hume.tts import (
    FormatMp3,
    FormatPcm,
    FormatWav,
    PostedContextWithGenerationId,
    PostedContextWithUtterances,
    PostedUtterance,
    PostedUtteranceVoiceWithId,
    PostedUtteranceVoiceWithName,
    PublishTts,
    ReturnTts,
    Snippet,
    SnippetAudioChunk,
    Timestamp,
    TimestampMessage,
)
from hume.tts.errors import BadRequestError, UnprocessableEntityError

from narrator.takes import Pcm
from tests.serving.asking import RATE, body, samples, sound
from tests.serving.running import Running, running
from tests.serving.sdk import Async, Sdk, Sync, strangers

# The SDK still asks `websockets` for its names of before 2024.
pytestmark = pytest.mark.filterwarnings("ignore:websockets:DeprecationWarning")

AVA = PostedUtteranceVoiceWithName(name="Ava Song", provider="HUME_AI")
LIBRARIAN = PostedUtteranceVoiceWithId(id="81c3cff8-5ac2-4411-be82-81e92fa73838", provider="HUME_AI")
FORMATS = {"wav": FormatWav(), "mp3": FormatMp3(), "pcm": FormatPcm()}
LINE = "The lamp was lit. Nobody asked why."
MIB = 2**20


@pytest.fixture(params=[Sync, Async], ids=["sync", "async"])
def sdk(request: pytest.FixtureRequest, server: Running) -> Sdk:
    """Of the server that tests share."""
    made: Sdk = request.param(server.base_url)
    return made


@pytest.fixture(scope="module")
def locked() -> Iterator[Running]:
    """A server with a key."""
    with running(key="open sesame") as started:
        yield started


def said(*texts: str, voice: Any = AVA, **given: Any) -> list[PostedUtterance]:
    """Utterances, the first with the voice."""
    first, *rest = texts or (LINE,)
    return [
        PostedUtterance(text=first, voice=voice, **given),
        *(PostedUtterance(text=text, **given) for text in rest),
    ]


def lines(sdk: Sdk) -> list[dict[str, Any]]:
    """The lines of the last answer."""
    return [json.loads(line) for line in sdk.bodies[-1].split(b"\n") if line]


def plain(values: list[Any]) -> list[dict[str, Any]]:
    """What the SDK made of them, as JSON again."""
    return [value.model_dump(exclude_unset=True) for value in values]


def raw(pcm: bytes) -> Pcm:
    """Samples without a header."""
    return np.frombuffer(pcm, "<i2")


def words(times: list[Timestamp]) -> list[str]:
    return [each.text for each in times if each.type == "word"]


def written(text: str) -> list[str]:
    return re.findall(r"\w+", text)


def audio_of(values: list[Any], generation_id: str) -> list[bytes]:
    return [
        sound(each.audio)
        for each in values
        if isinstance(each, SnippetAudioChunk) and each.generation_id == generation_id
    ]


def refusal(sdk: Sdk, name: str, /, **asked: Any) -> ApiError:
    with pytest.raises(ApiError) as caught:
        sdk.call(name, **asked)
    return caught.value


def test_json(sdk: Sdk) -> None:
    """Takes, snippets, times: all that was sent is understood, and nothing else is in it."""
    made = sdk.call(
        "synthesize_json",
        utterances=said(LINE, "Go home.", trailing_silence=0.25, speed=1.1),
        version="2",
        format=FormatWav(),
        num_generations=2,
        include_timestamp_types=["word", "phoneme"],
        split_utterances=True,
        strip_headers=False,
    )

    assert isinstance(made, ReturnTts)
    assert strangers(made) == []
    assert made.model_dump(exclude_unset=True) == json.loads(sdk.bodies[-1])
    assert made.request_id
    assert len({generation.generation_id for generation in made.generations}) == 2
    for generation in made.generations:
        pcm = samples(sound(generation.audio))
        assert generation.duration == pytest.approx(len(pcm) / RATE)
        assert generation.file_size == len(sound(generation.audio))
        assert (generation.encoding.format, generation.encoding.sample_rate) == ("wav", RATE)
        first, second = generation.snippets
        assert (len(first), len(second)) == (2, 1)
        assert [each.utterance_index for each in [*first, *second]] == [0, 0, 1]
        assert " ".join(each.text for each in first) == LINE
        assert np.array_equal(pcm, np.concatenate([samples(sound(e.audio)) for e in [*first, *second]]))
        assert not np.any(pcm[-RATE // 5 :])
        for snippet in [*first, *second]:
            check_times(snippet)


def check_times(snippet: Snippet) -> None:
    assert words(snippet.timestamps) == written(snippet.text)
    assert {each.type for each in snippet.timestamps} == {"word", "phoneme"}
    for kind in ("word", "phoneme"):
        times = [each.time for each in snippet.timestamps if each.type == kind]
        assert all(0 <= each.begin <= each.end for each in times)
        assert all(before.begin <= after.begin for before, after in pairwise(times))


def test_one_snippet_an_utterance(sdk: Sdk) -> None:
    """Where `split_utterances` is off."""
    made = sdk.call("synthesize_json", utterances=said(LINE, LINE), version="2", split_utterances=False)

    (generation,) = made.generations
    assert [[each.text for each in group] for group in generation.snippets] == [[LINE], [LINE]]
    assert generation.encoding.format == "mp3"


@pytest.fixture(scope="module")
def durations(server: Running) -> list[float]:
    """Of the takes of what `test_stream` has said, in seconds."""
    asked = {"utterances": said(LINE, "Go home."), "version": "2", "num_generations": 2}
    made: ReturnTts = Sync(server.base_url).call("synthesize_json", **asked)
    return [each.duration for each in made.generations]


@pytest.mark.parametrize("instant", [True, False])
@pytest.mark.parametrize("strip", [True, False])
@pytest.mark.parametrize("name", FORMATS)
def test_stream(sdk: Sdk, durations: list[float], name: str, strip: bool, instant: bool) -> None:
    """As many objects as lines came, each of them whole; the sound of a generation is all there."""
    count = 1 if instant else 2
    asked = {
        "utterances": said(LINE, "Go home."),
        "version": "2",
        "format": FORMATS[name],
        "include_timestamp_types": ["word", "phoneme"],
        "num_generations": count,
        "strip_headers": strip,
        "instant_mode": instant,
    }
    given = sdk.call("synthesize_json_streaming", **asked)

    assert plain(given) == lines(sdk)
    assert strangers(given) == []
    ids = list(dict.fromkeys(each.generation_id for each in given))
    assert len(ids) == count
    for id_, duration in zip(ids, durations, strict=False):
        pieces = audio_of(given, id_)
        files = [b"".join(pieces)] if strip and name != "pcm" else pieces
        pcm = np.concatenate([raw(each) if name == "pcm" else samples(each) for each in files])
        padding = 0 if name != "mp3" else 5000 * len(files)
        assert len(pcm) == pytest.approx(duration * RATE, abs=padding)
        check_order(given, id_, transcribed=not instant)


def check_order(given: list[Any], generation_id: str, *, transcribed: bool) -> None:
    """Contract 8.4: numbered from 0, one end a snippet; times for every word, with the snippet they name."""
    mine = [each for each in given if each.generation_id == generation_id]
    chunks = [each for each in mine if isinstance(each, SnippetAudioChunk)]
    texts = []
    for snippet_id, group in groupby(chunks, key=lambda each: each.snippet_id):
        pieces = list(group)
        assert [each.chunk_index for each in pieces] == list(range(len(pieces)))
        assert [each.is_last_chunk for each in pieces] == [False] * (len(pieces) - 1) + [True]
        assert pieces[0].transcribed_text == (pieces[0].text if transcribed else None)
        stamps = [each for each in mine if isinstance(each, TimestampMessage)]
        assert words([e.timestamp for e in stamps if e.snippet_id == snippet_id]) == written(pieces[0].text)
        texts.append(pieces[0].text)
    assert " ".join(texts) == f"{LINE} Go home."
    assert {each.utterance_index for each in chunks} == {0, 1}


@pytest.mark.parametrize("name", FORMATS)
def test_files(sdk: Sdk, name: str) -> None:
    """Whole and streamed: every byte that was sent, and the sound of the JSON answer."""
    asked = {"utterances": said(), "version": "2", "format": FORMATS[name], "strip_headers": True}
    whole = b"".join(sdk.call("synthesize_file", **asked))
    assert whole == sdk.bodies[-1]
    streamed = b"".join(sdk.call("synthesize_file_streaming", **asked, instant_mode=False))
    assert streamed == sdk.bodies[-1]
    made = sdk.call("synthesize_json", **asked)

    assert whole == sound(made.generations[0].audio)
    if name == "mp3":
        assert soundfile.info(io.BytesIO(streamed)).frames == pytest.approx(len(samples(whole)), abs=5000)
    else:
        as_samples = raw if name == "pcm" else samples
        assert np.array_equal(as_samples(streamed), as_samples(whole))


def test_context(sdk: Sdk) -> None:
    """By id and by utterances; the voice carries over."""
    first = sdk.call("synthesize_json", utterances=said("Who goes there?"), version="2")
    contexts = [
        PostedContextWithGenerationId(generation_id=first.generations[0].generation_id),
        PostedContextWithUtterances(utterances=said("Who goes there?")),
    ]
    plainly = sdk.call("synthesize_json", utterances=said("A friend."), version="2")

    for context in contexts:
        asked = {"utterances": said("A friend.", voice=None), "version": "2", "context": context}
        made = sdk.call("synthesize_json", **asked)
        streamed = sdk.call("synthesize_json_streaming", **asked, instant_mode=True, strip_headers=True)

        assert made.generations[0].audio == plainly.generations[0].audio
        assert {each.text for each in streamed} == {"A friend."}
        assert plain(streamed) == lines(sdk)


def test_version_1(sdk: Sdk) -> None:
    """Acts directions, makes voices from descriptions, and has no times."""
    acted = sdk.call("synthesize_json", utterances=said("Go!", description="whispering"), version="1")
    made_up = sdk.call(
        "synthesize_json_streaming",
        utterances=said("Go!", voice=None, description="a gravelly old sailor"),
        version="1",
        instant_mode=False,
        num_generations=2,
        temperature=0.9,
    )

    assert [each.timestamps for each in acted.generations[0].snippets[0]] == [[]]
    assert len({each.generation_id for each in made_up}) == 2
    assert plain(made_up) == lines(sdk)


@pytest.mark.parametrize("kind", [Sync, Async])
def test_voices(kind: type[Sync] | type[Async]) -> None:
    """Listed page by page, saved, spoken with, deleted."""
    with running() as server:
        sdk = kind(server.base_url)
        library = sdk.call("voices.list", provider="HUME_AI", page_size=100)
        some = sdk.call("voices.list", provider="HUME_AI", page_size=100, filter_tag=["GENDER:Female"])
        third = sdk.call("voices.list", provider="HUME_AI", page_size=100, page_number=2)
        pages = [json.loads(each) for each in sdk.bodies]
        made = sdk.call("synthesize_json", utterances=said("Go!", voice=LIBRARIAN), version="2")
        id_ = made.generations[0].generation_id
        saved = sdk.call("voices.create", generation_id=id_, name="My Own")
        (listed,) = sdk.call("voices.list", provider="CUSTOM_VOICE", ascending_order=True)
        own = [
            PostedUtteranceVoiceWithName(name="My Own"),
            PostedUtteranceVoiceWithId(id=saved.id, provider="CUSTOM_VOICE"),
        ]
        heard = [sdk.call("synthesize_json", utterances=said("Go!", voice=voice)) for voice in own]
        taken = refusal(sdk, "voices.create", generation_id=id_, name="my own")
        sdk.call("voices.delete", name="My Own")
        gone = refusal(sdk, "voices.delete", name="My Own")
        after = sdk.call("voices.list", provider="CUSTOM_VOICE")

    assert len(library) == sum(len(each["voices_page"]) for each in pages[: pages[0]["total_pages"]])
    assert len({each.id for each in library}) == len(library)
    assert third == library[200:]
    assert 0 < len(some) < len(library)
    assert all("2" in each.compatible_octave_models for each in library)
    # The SDK knows nothing of tags, which Hume sends nonetheless.
    assert {each.rpartition(".")[2] for each in strangers(library)} == {"tags"}
    assert (saved.name, saved.provider, saved.id) == ("My Own", "CUSTOM_VOICE", listed.id)
    assert {each.generations[0].audio for each in heard} == {made.generations[0].audio}
    assert (taken.status_code, taken.body["code"]) == (400, "voice_name_taken")
    assert isinstance(gone, BadRequestError)
    assert (gone.body.code, gone.body.error) == ("voice_not_found", "Bad Request")
    assert "My Own" in gone.body.message
    assert after == []


@pytest.mark.parametrize("strip", [True, False])
def test_voice_conversion(sdk: Sdk, strip: bool) -> None:
    """With every field, as a file and as lines."""
    (made,) = sdk.call("synthesize_json", utterances=said(), version="2", format=FormatWav()).generations
    recording = sound(made.audio)
    asked = {
        "audio": ("speech.wav", recording, "audio/wav"),
        "voice": LIBRARIAN,
        "format": FormatWav(),
        "strip_headers": strip,
        "context": PostedContextWithGenerationId(generation_id=made.generation_id),
        "include_timestamp_types": ["word"],
    }
    file = b"".join(sdk.call("convert_voice_file", **asked))
    assert file == sdk.bodies[-1]
    given = sdk.call("convert_voice_json", **asked)

    assert plain(given) == lines(sdk)
    assert strangers(given) == []
    pieces = audio_of(given, given[0].generation_id)
    joined = [b"".join(pieces)] if strip else pieces
    after = np.concatenate([samples(each) for each in joined])
    assert len(after) == len(samples(file)) == len(samples(recording))
    assert np.array_equal(after, samples(file))
    assert not np.array_equal(after, samples(recording))


def test_a_conversion_says_little(sdk: Sdk) -> None:
    """What is not given is taken as the service takes it; no voice at all is refused."""
    (made,) = sdk.call("synthesize_json", utterances=said("Go!"), version="2").generations
    audio = ("speech.mp3", sound(made.audio), "audio/mpeg")
    given = sdk.call("convert_voice_json", audio=audio, voice=AVA)

    assert {each.audio_format for each in given} == {"mp3"}
    assert refusal(sdk, "convert_voice_file", audio=audio, voice=None).status_code == 400


NAMES = ("synthesize_json", "synthesize_file", "synthesize_json_streaming", "synthesize_file_streaming")


@pytest.mark.parametrize("name", NAMES)
def test_refusals(sdk: Sdk, name: str) -> None:
    """Each as the error that the SDK has for it, with everything that the server said."""
    bad = refusal(sdk, name, utterances=said(), num_generations=6)
    described = refusal(sdk, name, utterances=said("Go!", description="loud"), version="2")
    unknown = PostedContextWithGenerationId(generation_id=str(uuid.uuid4()))
    context = refusal(sdk, name, utterances=said("Go!"), version="2", context=unknown)
    voice = refusal(sdk, name, utterances=said(voice=PostedUtteranceVoiceWithName(name="Ava Song")))

    assert isinstance(bad, UnprocessableEntityError)
    assert strangers(bad.body) == []
    (detail,) = bad.body.detail or []
    assert (detail.loc, detail.type) == (["body", "num_generations"], "less_than_equal")
    assert described.status_code == 400
    assert described.body["message"] == "Octave 2 does not support the 'description' parameter"
    assert context.status_code == 400
    assert unknown.generation_id in context.body["message"]
    assert (voice.status_code, voice.body["error"]) == (404, "Not Found")
    assert "HUME_AI" in voice.body["message"]


def test_refusals_of_voices(sdk: Sdk) -> None:
    """400 in their own shape, 422 in everybody's."""
    unknown = refusal(sdk, "voices.create", generation_id=str(uuid.uuid4()), name="x")
    bad = refusal(sdk, "voices.create", generation_id="x", name="")
    tag = refusal(sdk, "voices.list", provider="HUME_AI", filter_tag="x")
    size = refusal(sdk, "voices.list", provider="HUME_AI", page_size=101)

    assert (unknown.status_code, unknown.body["code"]) == (400, "generation_not_found")
    assert isinstance(bad, UnprocessableEntityError)
    assert [each.loc for each in bad.body.detail or []] == [["body", "generation_id"], ["body", "name"]]
    assert isinstance(tag, BadRequestError)
    assert (tag.body.code, size.status_code) == ("filter_tag_invalid", 422)


@pytest.mark.parametrize("kind", [Sync, Async])
def test_a_key(locked: Running, kind: type[Sync] | type[Async]) -> None:
    """Lets in; another one is 401 everywhere, told as JSON."""
    assert locked.options.key is not None
    known, unknown = kind(locked.base_url, locked.options.key), kind(locked.base_url, "open barley")
    calls: list[tuple[str, dict[str, Any]]] = [
        *((name, {"utterances": said("Go!")}) for name in NAMES),
        ("voices.list", {"provider": "HUME_AI"}),
        ("voices.delete", {"name": "x"}),
        ("convert_voice_json", {"audio": b"x"}),
    ]
    for name, asked in calls:
        refused = refusal(unknown, name, **asked)
        assert (refused.status_code, refused.body["status_code"]) == (401, 401)
    messages = [PublishTts(text="Go!", voice=AVA, close=True)]

    assert known.call("synthesize_json", utterances=said("Go!"))
    assert known.call("voices.list", provider="HUME_AI")
    assert known.converse(messages)
    # The sync SDK does not know the error that `websockets` raises since 2024, and lets it through.
    with pytest.raises((ApiError, websockets.exceptions.InvalidStatus), match="401"):
        unknown.converse(messages)


def test_crowded(server: Running) -> None:
    """429, with the time after which to come again."""
    with running(at_once=1, queue=0) as small:
        asked = body(*[LINE * 8] * 40)
        with small.client.stream("POST", "/v0/tts/stream/json", json=asked) as answer:
            next(answer.iter_lines())
            once = {"max_retries": 0}
            refused = refusal(
                Sync(small.base_url), "synthesize_json", utterances=said(), request_options=once
            )

    assert refused.status_code == 429
    assert int((refused.headers or {})["retry-after"]) >= 1


def test_socket(sdk: Sdk) -> None:
    """Text as it is written: every object is understood, every word is there, one file comes of it."""
    given = sdk.converse(
        [
            PublishTts(text="Where have", voice=AVA),
            PublishTts(text=" you been? I have"),
            PublishTts(text=" waited.", flush=True),
            PublishTts(text="Go home.", speed=1.2, trailing_silence=0.5, close=True),
        ],
        version="2",
        format_type="wav",
        no_binary=True,
        strip_headers=True,
        include_timestamp_types=["word", "phoneme"],
        instant_mode=True,
    )

    assert {type(each) for each in given} == {SnippetAudioChunk, TimestampMessage}
    assert strangers(given) == []
    (id_,) = {each.generation_id for each in given}
    stamps = [each.timestamp for each in given if isinstance(each, TimestampMessage)]
    assert words(stamps) == written("Where have you been? I have waited. Go home.")
    assert {each.type for each in stamps} == {"word", "phoneme"}
    chunks = [each for each in given if isinstance(each, SnippetAudioChunk)]
    indexes = [each.utterance_index for each in chunks]
    assert indexes == sorted(indexes, key=lambda index: index or 0)
    assert sum(each.is_last_chunk for each in chunks) == len({each.snippet_id for each in chunks})
    pcm = samples(b"".join(audio_of(given, id_)))
    assert not np.any(pcm[-RATE * 2 // 5 :])
    assert max(each.time.end for each in stamps) <= len(pcm) / RATE * 1000


@pytest.mark.parametrize("name", FORMATS)
def test_socket_with_binary_frames(sdk: Sdk, name: str) -> None:
    """Sound as bytes; joined it is a file."""
    query = {"format_type": name, "strip_headers": True, "version": "2"}
    given = sdk.converse([PublishTts(text=LINE, voice=AVA, close=True)], **query)

    assert given
    assert all(isinstance(each, bytes) for each in given)
    joined = b"".join(given)
    pcm = raw(joined) if name == "pcm" else samples(joined)
    assert len(pcm) > 2 * RATE


def test_socket_goes_on_from_a_generation(sdk: Sdk) -> None:
    """With its voice; from one that is not known it does not."""
    (made,) = sdk.call("synthesize_json", utterances=said("Who goes there?"), version="2").generations
    messages = [PublishTts(text="A friend.", close=True)]
    query = {"no_binary": True, "version": "2"}

    given = sdk.converse(messages, context_generation_id=made.generation_id, **query)
    assert {each.text for each in given} == {"A friend."}
    # An error in the stream is one that the SDK has no type for.
    with pytest.raises(pydantic.ValidationError) as caught:
        sdk.converse(messages, context_generation_id=str(uuid.uuid4()), **query)
    told = caught.value.errors()[0]["input"]
    assert (told["type"], told["slug"]) == ("error", "request_refused")
    assert "context generation" in told["message"]


def test_the_largest_message_of_a_socket(sdk: Sdk) -> None:
    """Stays below the 1 MiB that the SDK's sockets take."""
    text = "The lamp had been burning since the morning and nobody in the house would say why or even ask for"
    for end in ("", " it", " it all", " it all day", " it all day long"):
        given = sdk.converse(
            [PublishTts(text=text + end, voice=AVA, close=True)],
            version="2",
            format_type="wav",
            no_binary=True,
            instant_mode=False,
        )
        assert given
        assert max(len(each.model_dump_json()) for each in given) < MIB
