"""PlayHT's own Node SDK speaks to `narrator serve` and understands everything it answers.

`drive.mjs` calls its functions in one process of node. The SDK itself is as it was published; connections
that it makes to the one host it knows end here. Its streams of PlayHT2.0 go over gRPC, which is not stood in
for.
"""

from __future__ import annotations

import base64
import io
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.serving.playht.asking import BRIGGS, JENNIFER, JOBS, LINE, RATE, body, pcm, spoken
from tests.serving.running import Running, running

FOLDER = Path(__file__).parent
INSTALLED = FOLDER.parent / "typescript" / "node_modules" / "playht" / "package.json"
KEY, USER = "open sesame", "ali-baba"
SECOND = {"voiceEngine": "PlayHT2.0", "voiceId": JENNIFER}
FIRST = {"voiceEngine": "PlayHT1.0", "voiceId": "larry"}
LONG = f"{LINE} " * 55
STEPS: dict[str, tuple[str, list[Any]]] = {
    **{
        f"job {each}": ("generate", [LINE, SECOND | {"outputFormat": each}])
        for each in ("mp3", "wav", "ogg", "flac", "mulaw")
    },
    "long job": ("generate", [LONG, SECOND | {"outputFormat": "wav"}]),
    "everything": (
        "generate",
        [
            LINE,
            SECOND
            | {
                "outputFormat": "wav",
                "quality": "premium",
                "speed": 1.2,
                "sampleRate": 44_100,
                "seed": 7,
                "temperature": 1.5,
                "emotion": "female_sad",
                "voiceGuidance": 3,
                "styleGuidance": 20,
                "textGuidance": 1.5,
            },
        ],
    ),
    "first": ("generate", [LINE, FIRST]),
    "bad voice": ("generate", [LINE, FIRST | {"voiceId": "nobody"}]),
    "bad text": ("generate", ["x" * 2_001, SECOND]),
    "stream mp3": ("stream", [LINE, FIRST]),
    "stream mulaw": ("stream", [LINE, FIRST | {"outputFormat": "mulaw"}]),
    "turbo": (
        "stream",
        [LINE, {"voiceEngine": "PlayDialog-turbo", "voiceId": "Jennifer-PlayAI", "outputFormat": "wav"}],
    ),
    "mini": (
        "stream",
        ["Hola.", {"voiceEngine": "Play3.0-mini", "voiceId": JENNIFER, "language": "spanish", "seed": 3}],
    ),
    "dialogue": (
        "stream",
        [
            "A: Go home. B: Not yet.",
            {
                "voiceEngine": "PlayDialog",
                "voiceId": JENNIFER,
                "voiceId2": BRIGGS,
                "turnPrefix": "A:",
                "turnPrefix2": "B:",
                "outputFormat": "wav",
            },
        ],
    ),
    "bad dialogue": ("stream", ["Go!", {"voiceEngine": "PlayDialog", "voiceId": "nobody"}]),
    "bad stream": ("stream", [LINE, FIRST | {"voiceId": "nobody"}]),
    "voices": ("listVoices", [{"voiceEngine": ["PlayHT1.0", "PlayHT2.0"], "isCloned": False}]),
    "women": ("listVoices", [{"voiceEngine": ["PlayHT2.0"], "gender": "female", "isCloned": False}]),
    "clones": ("listVoices", [{"isCloned": True}]),
}

Told = dict[str, Any]


class Judged:
    """What came of each step, and what it came to at the server."""

    def __init__(self, told: dict[str, Told], server: Running) -> None:
        self.told, self.server = told, server

    def got(self, step: str) -> Any:
        assert "error" not in self.told[step], self.told[step]
        return self.told[step]["got"]

    def file(self, step: str) -> tuple[bytes, Told]:
        """The file of a job, and the job."""
        got = self.got(step)
        path = got["audioUrl"].removeprefix("http://api.play.ht")  # the host that it asked for
        job = self.server.client.get(f"{JOBS}/{got['generationId']}").json()
        return self.server.client.get(path).content, job


@pytest.fixture(scope="module")
def judged() -> Any:
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node here")
    if not INSTALLED.exists():
        pytest.skip("the Node SDK is not installed; `make test` installs it where there is npm")
    with running(key=KEY) as server:
        server.client.headers.update({"AUTHORIZATION": KEY, "X-USER-ID": USER})
        done = subprocess.run(
            [node, FOLDER / "drive.mjs"],
            input=json.dumps(
                {
                    "port": int(server.base_url.rpartition(":")[2]),
                    "key": KEY,
                    "user": USER,
                    "steps": [{"call": call, "asked": asked} for call, asked in STEPS.values()],
                }
            ),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        lines = map(json.loads, done.stdout.splitlines())
        yield Judged(dict(zip(STEPS, lines, strict=True)), server)


@pytest.mark.parametrize("kind", ["mp3", "wav", "ogg", "flac"])
def test_jobs(judged: Judged, kind: str) -> None:
    """Followed by their events to their files."""
    file, job = judged.file(f"job {kind}")

    assert soundfile.info(io.BytesIO(file)).format == kind.upper()
    assert job["output"]["size"] == len(file)
    assert job["input"]["voice"] == JENNIFER


def test_other_jobs(judged: Judged) -> None:
    """Without a header, in many parts, with everything that can be said, of another engine."""
    mulaw, job = judged.file("job mulaw")
    assert len(mulaw) == pytest.approx(job["output"]["duration"] * RATE)
    assert len(pcm(judged.file("long job")[0])) > 60 * RATE
    everything, job = judged.file("everything")
    assert soundfile.info(io.BytesIO(everything)).samplerate == 44_100
    said = body(
        voice_engine="PlayHT2.0",
        quality="premium",
        speed=1.2,
        sample_rate=44_100,
        seed=7,
        temperature=1.5,
        emotion="female_sad",
        voice_guidance=3,
        style_guidance=20,
        text_guidance=1.5,
    )
    assert job["input"] == said
    assert judged.file("first")[1]["input"]["voice"] == "larry"


@pytest.mark.parametrize(("step", "named"), [("bad voice", "'nobody' was not found"), ("bad text", "2000")])
def test_refused_jobs(judged: Judged, step: str, named: str) -> None:
    """The SDK finds the message."""
    error = judged.told[step]["error"]

    assert (error["status"], named in error["message"]) == (400, True)


def test_streams(judged: Judged) -> None:
    """Every byte."""
    mp3, mulaw, turbo = (
        base64.b64decode(judged.got(step)) for step in ("stream mp3", "stream mulaw", "turbo")
    )
    of_first = {"voice": "larry", "voice_engine": "PlayHT1.0"}
    for kind, found in (("mp3", mp3), ("mulaw", mulaw)):
        asked = body(output_format=kind, **of_first)
        assert judged.server.client.post(f"{JOBS}/stream", json=asked).content == found
    assert np.array_equal(np.frombuffer(turbo[44:], "<i2"), pcm(judged.file("job wav")[0]))
    refused = judged.told["bad stream"]["error"]
    assert (refused["statusCode"], "nobody" in refused["body"]) == (400, True)


def test_streams_at_addresses_that_are_handed_out(judged: Judged) -> None:
    """Where no key goes: the SDK sends none, and the server has one."""
    mini, dialogue = (base64.b64decode(judged.got(step)) for step in ("mini", "dialogue"))
    asked = {"text": "Hola.", "voice": JENNIFER, "voice_engine": "Play3.0-mini", "language": "spanish"}
    client = judged.server.client
    assert client.post(f"{JOBS}/stream", json=asked | {"seed": 3}).content == mini
    first = spoken(client, "Go home.")
    second = spoken(client, "Not yet.", voice=BRIGGS)
    both = np.frombuffer(dialogue[44:], "<i2")
    assert np.array_equal(both[: len(first)], first)
    assert np.array_equal(both[-len(second) :], second)
    refused = judged.told["bad dialogue"]["error"]
    assert (refused["statusCode"], "nobody" in refused["body"]) == (400, True)


def test_voices(judged: Judged) -> None:
    """All, those of one kind, and none that are cloned."""
    listed = judged.server.client.get("/api/v2/voices").json()
    engines = ("PlayHT1.0", "PlayHT2.0")

    assert judged.got("voices") == [
        {
            "voiceEngine": each["voice_engine"],
            "id": each["id"],
            "name": each["name"],
            "language": each["language"],
            "languageCode": each["language_code"],
            "gender": each["gender"],
            "ageGroup": "adult",
            "isCloned": False,
            **({"styles": [each["style"]]} if each["style"] else {}),
        }
        for each in listed
        if each["voice_engine"] in engines
    ]
    assert 5 < len(judged.got("women")) < len(judged.got("voices"))
    assert judged.got("clones") == []


def test_nothing_was_asked_of_any_other_host(judged: Judged) -> None:
    hosts = {host for told in judged.told.values() for host in told["hosts"]}

    assert hosts == {"api.play.ht"}
