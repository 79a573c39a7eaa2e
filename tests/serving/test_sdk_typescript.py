"""Hume's own TypeScript SDK speaks to `narrator serve` and understands everything it answers.

`typescript/drive.mjs` calls its methods in one process of node; what it gave, what came over the wire and
what the SDK's schemas have against it is judged here.
"""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from narrator.takes import Pcm
from tests.serving.asking import RATE, body, generations, samples, sound
from tests.serving.running import Running, running

FOLDER = Path(__file__).parent / "typescript"
AVA = {"name": "Ava Song", "provider": "HUME_AI"}
LIBRARIAN = {"id": "81c3cff8-5ac2-4411-be82-81e92fa73838", "provider": "HUME_AI"}
LINE = "The lamp was lit. Nobody asked why."
FORMATS = ("wav", "mp3", "pcm")
NAMES = ("synthesizeJson", "synthesizeFile", "synthesizeJsonStreaming", "synthesizeFileStreaming")
UNKNOWN = str(uuid.uuid4())
TIMES = ["word", "phoneme"]

Told = dict[str, Any]
Step = dict[str, Any]


def asked(*texts: str, voice: Any = AVA, **given: Any) -> dict[str, Any]:
    """A request as the SDK wants it, for version 2 and wav."""
    utterances: list[dict[str, Any]] = [{"text": text} for text in texts or (LINE,)]
    if voice:
        utterances[0]["voice"] = voice
    return {"version": "2", "utterances": utterances, "format": {"type": "wav"}} | given


def steps(before: str, recording: bytes, locked: Running) -> dict[str, Step]:
    """
    Everything that is tried.

    Args:
        before: a generation.
        recording: its sound.
        locked: a server with a key.
    """
    upload = {"filename": "speech.wav", "contentType": "audio/wav"}
    audio = {"data": base64.b64encode(recording).decode(), **upload}
    conversion = {
        "audio": audio,
        "voice": LIBRARIAN,
        "format": {"type": "wav"},
        "context": {"generationId": before},
        "includeTimestampTypes": ["word"],
    }
    refusals: dict[str, dict[str, Any]] = {
        "bad": asked(numGenerations=6),
        "described": asked(utterances=[{"text": "Go!", "voice": AVA, "description": "loud"}]),
        "context": asked(context={"generationId": UNKNOWN}),
        "voice": asked(voice={"name": "Ava Song"}),
    }
    tried = {
        "json": (
            "synthesizeJson",
            asked(LINE, "Go home.", numGenerations=2, includeTimestampTypes=TIMES, splitUtterances=True),
        ),
        "one snippet": ("synthesizeJson", asked(LINE, LINE, splitUtterances=False)),
        "version 1": ("synthesizeJson", refusals["described"] | {"version": "1", "temperature": 0.8}),
        "by id": ("synthesizeJson", asked("A friend.", voice=None, context={"generationId": before})),
        "by text": (
            "synthesizeJson",
            asked("A friend.", voice=None, context={"utterances": [{"text": "Hark!", "voice": AVA}]}),
        ),
        "plainly": ("synthesizeJson", asked("A friend.")),
        **{f"file {name}": ("synthesizeFile", asked(format={"type": name})) for name in FORMATS},
        **{
            f"streamed file {name}": (
                "synthesizeFileStreaming",
                asked(format={"type": name}, instantMode=name == "wav"),
            )
            for name in FORMATS
        },
        **{
            f"stream {name} {strip} {instant}": (
                "synthesizeJsonStreaming",
                asked(
                    LINE,
                    "Go home.",
                    format={"type": name},
                    stripHeaders=strip,
                    instantMode=instant,
                    numGenerations=1 if instant else 2,
                    includeTimestampTypes=TIMES,
                ),
            )
            for name in FORMATS
            for strip in (True, False)
            for instant in (True, False)
        },
        "converted file": ("convertVoiceFile", conversion | {"stripHeaders": True}),
        "converted": ("convertVoiceJson", conversion | {"stripHeaders": True}),
        "library": ("voices.list", {"provider": "HUME_AI", "pageSize": 100}),
        "women": ("voices.list", {"provider": "HUME_AI", "pageSize": 100, "filterTag": ["GENDER:Female"]}),
        "save": ("voices.create", {"generationId": before, "name": "My Own"}),
        "saved": ("voices.list", {"provider": "CUSTOM_VOICE", "ascendingOrder": True}),
        "spoken with": ("synthesizeJson", asked("A friend.", voice={"name": "My Own"})),
        "save again": ("voices.create", {"generationId": before, "name": "my own"}),
        "delete": ("voices.delete", {"name": "My Own"}),
        "delete again": ("voices.delete", {"name": "My Own"}),
        "bad tag": ("voices.list", {"provider": "HUME_AI", "filterTag": "x"}),
        **{f"{name} {why}": (name, request) for name in NAMES for why, request in refusals.items()},
        "socket": (
            "streamInput",
            {
                "query": {
                    "version": "2",
                    "formatType": "wav",
                    "noBinary": True,
                    "stripHeaders": True,
                    "instantMode": True,
                    "includeTimestampTypes": TIMES,
                    "contextGenerationId": before,
                },
                "messages": [
                    {"text": "Where have", "voice": LIBRARIAN},
                    {"text": " you been? I have"},
                    {"text": " waited.", "flush": True},
                    {"text": "Go home.", "speed": 1.2, "trailingSilence": 0.5, "close": True},
                ],
            },
        ),
    }
    found: dict[str, Step] = {name: {"call": call, "asked": given} for name, (call, given) in tried.items()}
    here = {"base": locked.base_url}
    for name in ("synthesizeJson", "synthesizeJsonStreaming"):
        found[f"{name} locked"] = {"call": name, "asked": asked("Go!"), **here}
        found[f"{name} let in"] = found[f"{name} locked"] | {"key": locked.options.key}
    found["converted locked"] = found["converted"] | here
    return found


@pytest.fixture(scope="module")
def node() -> str:
    """Where node is, if the SDK is there too."""
    found = shutil.which("node")
    if found is None:
        pytest.skip("there is no node here")
    if not (FOLDER / "node_modules" / ".package-lock.json").exists():
        pytest.skip("the TypeScript SDK is not installed; `make test` installs it where there is npm")
    return found


@pytest.fixture(scope="module")
def recording(node: str) -> Iterator[bytes]:
    """What is converted."""
    with running() as server:
        yield sound(generations(server.client, body(LINE))[0]["audio"])


@pytest.fixture(scope="module")
def told(node: str, recording: bytes) -> dict[str, Told]:
    """What came of each step."""
    with running() as server, running(key="open sesame") as locked:
        (before,) = generations(server.client, body("Who goes there?"))
        tried = steps(before["generation_id"], recording, locked)
        job = {"base": server.base_url, "key": "any", "steps": list(tried.values())}
        done = subprocess.run(
            [node, FOLDER / "drive.mjs"],
            input=json.dumps(job),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, "")
    return dict(zip(tried, map(json.loads, done.stdout.strip("\n").split("\n")), strict=True))


def given(told: Told) -> Any:
    """What the SDK gave; it left nothing out and had nothing against it."""
    assert "error" not in told, told
    assert told["strange"] == []
    return without_nulls(told["got"])


def sent(told: Told) -> list[bytes]:
    return [base64.b64decode(each) for each in told["bodies"]]


def without_nulls(value: Any) -> Any:
    """As the SDK has it: it makes no difference between null and nothing."""
    if isinstance(value, dict):
        return {name: without_nulls(each) for name, each in value.items() if each is not None}
    return [without_nulls(each) for each in value] if isinstance(value, list) else value


def lines(told: Told) -> list[Any]:
    (whole,) = sent(told)
    return [json.loads(line) for line in whole.split(b"\n") if line]


def decoded(file: bytes, name: str) -> Pcm:
    return np.frombuffer(file, "<i2") if name == "pcm" else samples(file)


def test_json(told: dict[str, Told]) -> None:
    """Everything that came is understood, and nothing else is in it."""
    made = given(told["json"])

    (whole,) = sent(told["json"])
    assert made == without_nulls(json.loads(whole))
    assert len({each["generation_id"] for each in made["generations"]}) == 2
    for generation in made["generations"]:
        pcm = samples(sound(generation["audio"]))
        assert generation["duration"] == pytest.approx(len(pcm) / RATE)
        assert [len(group) for group in generation["snippets"]] == [2, 1]
        for group in generation["snippets"]:
            assert {stamp["type"] for snippet in group for stamp in snippet["timestamps"]} == set(TIMES)
    (one,) = given(told["one snippet"])["generations"]
    assert [len(group) for group in one["snippets"]] == [1, 1]
    assert given(told["version 1"])["generations"][0]["snippets"][0][0]["timestamps"] == []


def test_context(told: dict[str, Told]) -> None:
    """The voice carries over, by id and by text."""
    heard = {given(told[name])["generations"][0]["audio"] for name in ("by id", "by text", "plainly")}

    assert len(heard) == 1


@pytest.mark.parametrize("instant", [True, False])
@pytest.mark.parametrize("strip", [True, False])
@pytest.mark.parametrize("name", FORMATS)
def test_stream(told: dict[str, Told], name: str, strip: bool, instant: bool) -> None:
    """As many objects as lines came, and all that is in them."""
    step = told[f"stream {name} {strip} {instant}"]
    objects = given(step)

    assert objects == without_nulls(lines(step))
    ids = list(dict.fromkeys(each["generation_id"] for each in objects))
    takes = given(told["json"])["generations"]
    assert len(ids) == (1 if instant else 2)
    for id_, take in zip(ids, takes, strict=False):
        mine = [each for each in objects if each["type"] == "audio" and each["generation_id"] == id_]
        pieces = [sound(each["audio"]) for each in mine]
        files = [b"".join(pieces)] if strip and name != "pcm" else pieces
        length = sum(len(decoded(each, name)) for each in files)
        padding = 5000 * len(files) if name == "mp3" else 0
        assert length == pytest.approx(take["duration"] * RATE, abs=padding)
        assert sum(each["is_last_chunk"] for each in mine) == 3


@pytest.mark.parametrize("name", FORMATS)
def test_files(told: dict[str, Told], name: str) -> None:
    """Whole and streamed: every byte."""
    for step in (told[f"file {name}"], told[f"streamed file {name}"]):
        assert [sound(given(step))] == sent(step)
    whole = decoded(sound(given(told[f"file {name}"])), name)

    # Streamed without `strip_headers` it is several files one after another, of which one is read here.
    assert len(whole) > 2 * RATE


def test_voice_conversion(told: dict[str, Told], recording: bytes) -> None:
    objects, file = given(told["converted"]), sound(given(told["converted file"]))

    assert objects == without_nulls(lines(told["converted"]))
    assert [file] == sent(told["converted file"])
    joined = samples(b"".join(sound(each["audio"]) for each in objects))
    assert np.array_equal(joined, samples(file))
    assert len(joined) == len(samples(recording))


def test_voices(told: dict[str, Told]) -> None:
    """Listed page by page, saved, spoken with, deleted. The SDK does not know `tags`, which Hume sends."""
    library, pages = told["library"]["got"], [json.loads(each) for each in sent(told["library"])]

    assert len(library) == sum(len(page["voices_page"]) for page in pages)
    assert [page["page_number"] for page in pages] == list(range(len(pages)))
    assert library == [voice for page in pages for voice in page["voices_page"]]
    assert {each["path"][-1] for each in told["library"]["strange"]} == {"tags"}
    assert 0 < len(told["women"]["got"]) < len(library)
    assert given(told["saved"]) == [given(told["save"])]
    spoken, plainly = (given(told[name])["generations"][0] for name in ("spoken with", "plainly"))
    assert spoken["audio"] == plainly["audio"]
    assert told["save again"]["error"]["body"]["code"] == "voice_name_taken"
    assert given(told["delete"]) is None
    for name, code in (("delete again", "voice_not_found"), ("bad tag", "filter_tag_invalid")):
        error = told[name]["error"]
        assert (error["kind"], error["status"], error["body"]["code"]) == ("BadRequestError", 400, code)


@pytest.mark.parametrize("name", NAMES)
def test_refusals(told: dict[str, Told], name: str) -> None:
    """Each as the error that the SDK has for it, with everything that the server said."""
    bad, described, context, voice = (
        told[f"{name} {why}"]["error"] for why in ("bad", "described", "context", "voice")
    )

    assert (bad["kind"], bad["status"]) == ("UnprocessableEntityError", 422)
    assert bad["body"]["detail"][0]["loc"] == ["body", "num_generations"]
    assert described["status"] == 400
    assert described["body"]["message"] == "Octave 2 does not support the 'description' parameter"
    assert context["status"] == 400
    assert UNKNOWN in context["body"]["message"]
    assert (voice["status"], voice["body"]["error"]) == (404, "Not Found")


def test_a_key(told: dict[str, Told]) -> None:
    for name in ("synthesizeJson", "synthesizeJsonStreaming"):
        assert told[f"{name} locked"]["error"]["status"] == 401
        assert given(told[f"{name} let in"])
    assert told["converted locked"]["error"]["status"] == 401
    assert told["converted locked"]["error"]["body"]["message"] == "Invalid API key."


def test_socket(told: dict[str, Told]) -> None:
    """Every message is understood; it ends so that the SDK does not connect again; one file comes of it."""
    objects = given(told["socket"])

    assert objects == without_nulls([json.loads(each) for each in sent(told["socket"])])
    assert told["socket"]["code"] == 1000
    stamps = [each["timestamp"] for each in objects if each["type"] == "timestamp"]
    spoken = [each["text"] for each in stamps if each["type"] == "word"]
    assert " ".join(spoken) == "Where have you been I have waited Go home"
    pcm = samples(b"".join(sound(each["audio"]) for each in objects if each["type"] == "audio"))
    assert not np.any(pcm[-RATE * 2 // 5 :])
