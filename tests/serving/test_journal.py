"""The log of requests."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from narrator.errors import OutputError
from narrator.serving import Options, open_service
from narrator.serving.journal import Log
from tests.serving.asking import AVA, LINE, body, generations, lines
from tests.serving.running import running

KEY = "a-key-nobody-knows"


def test_a_line_for_every_request() -> None:
    """With what was asked and what came of it; never the key, wherever it was given."""
    with running(logged=True, key=KEY) as server:
        (first,) = generations(server.client, body())
        context = {"generation_id": first["generation_id"]}
        (streamed, *_) = lines(server.client, body("Go!", context=context))
        server.client.get("/v0/tts/voices", params={"provider": "HUME_AI", "api_key": KEY})
        server.client.post("/v0/tts", json={}, headers={"Authorization": f"Bearer {KEY}"})
        server.client.get("/v0/tts/voices", headers={"X-Hume-Api-Key": "wrong"})
        log = server.log()
        assert server.options.log is not None
        assert KEY not in server.options.log.read_text(encoding="utf-8")

    assert [line["number"] for line in log] == [1, 2, 3, 4, 5]
    assert [line["status"] for line in log] == [200, 200, 200, 422, 401]
    assert [(line["method"], line["path"]) for line in log[:3]] == [
        ("POST", "/v0/tts"),
        ("POST", "/v0/tts/stream/json"),
        ("GET", "/v0/tts/voices"),
    ]
    assert all(isinstance(line["took_ms"], int) for line in log)
    asked, chained = log[:2]
    assert asked["version"] == "2"
    assert asked["voice"] == AVA["name"]
    assert asked["context"] is None
    assert asked["characters"] == len(LINE)
    assert asked["generations"] == [first["generation_id"]]
    assert chained["context"] == context
    assert chained["generations"] == [streamed["generation_id"]]


def test_a_context_of_utterances_is_shown_as_given() -> None:
    context = {"utterances": [{"text": "Who goes there?", "voice": AVA}]}
    with running(logged=True) as server:
        generations(server.client, body("A friend.", context=context))

        assert server.log()[0]["context"] == context


def test_an_injected_fault_is_named(tmp_path: Path) -> None:
    faults = tmp_path / "faults.yaml"
    faults.write_text("faults:\n  - {kind: status, status: 503, requests: [2]}\n", encoding="utf-8")
    with running(logged=True, faults=faults) as server:
        statuses = [server.client.post("/v0/tts/file", json=body("Go!")).status_code for _ in range(3)]
        log = server.log()

    assert statuses == [200, 503, 200]
    assert [line.get("fault") for line in log] == [None, "status", None]


def test_the_log_is_added_to(tmp_path: Path) -> None:
    """By the next server as well; numbers begin anew. A line is a line, whatever is in it."""
    path = tmp_path / "deep" / "log.jsonl"
    for number in (1, 2):
        log = Log(path)
        log.write({"number": number, "path": "/ä\u2028"})
        log.close()

    assert [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] == [
        {"number": 1, "path": "/ä\u2028"},
        {"number": 2, "path": "/ä\u2028"},
    ]


def test_a_log_or_a_state_that_cannot_be_written(tmp_path: Path) -> None:
    """Is said before anything listens for long."""
    (tmp_path / "file").write_text("", encoding="utf-8")

    with pytest.raises(OutputError, match="cannot write"):
        open_service(Options(port=0, state=tmp_path / "state", log=tmp_path / "file" / "log"))
    with pytest.raises(OutputError, match="cannot keep state"):
        open_service(Options(port=0, state=tmp_path / "file" / "state"))
