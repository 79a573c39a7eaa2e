"""`narrator serve` as a user meets it: a process, its one line, its exit code."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

import httpx
import pytest

from narrator.serving import Options
from tests.commands import ended, hears_ctrl_c, told, words
from tests.serving.running import running

LINE = {"text": "Here.", "voice": {"name": "Ava Song", "provider": "HUME_AI"}}
ASKED = {"version": "2", "utterances": [LINE], "format": {"type": "wav"}}


class Started(NamedTuple):
    """A server in a process of its own."""

    process: subprocess.Popen[str]
    address: str

    def stop(self, number: signal.Signals) -> tuple[int, str, str]:
        """Exit code, what else it printed, what it told people."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=20)
        return self.process.returncode, out, err


@contextmanager
def started(
    state: Path, *options: str | Path, environment: Mapping[str, str] | None = None
) -> Iterator[Started]:
    process = subprocess.Popen(
        words("serve", "--port", "0", "--state", state, *options),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **(environment or {})},
        preexec_fn=hears_ctrl_c,
    )
    with process:
        try:
            out: IO[str] | None = process.stdout
            assert out is not None
            yield Started(process, out.readline().strip())
        finally:
            process.kill()


def test_it_says_where_it_is_answers_and_ends_quietly(tmp_path: Path) -> None:
    """Stopping it is how it ends: no error, no traceback, exit code 0.

    Who is being answered slowly gets the rest; who would hang on for ever is cut off after a while.
    """
    log, faults = tmp_path / "log.jsonl", tmp_path / "faults.yaml"
    faults.write_text(
        "faults:\n  - {kind: drip, bytes: 20000, pause_ms: 50, path: /v0/tts/file}\n"
        "  - {kind: endless, path: /v0/tts/stream/json}\n",
        encoding="utf-8",
    )
    options = ("--faults", faults, "--log", log, "--concurrency", "1")
    with (
        started(tmp_path / "state", *options) as server,
        httpx.stream("POST", f"{server.address}/v0/tts/stream/json", json=ASKED) as endless,
        httpx.stream("POST", f"{server.address}/v0/tts/file", json=ASKED) as slow,
    ):
        assert next(endless.iter_raw())
        pieces = slow.iter_raw()
        first = next(pieces)
        server.process.send_signal(signal.SIGINT)
        whole = first + b"".join(pieces)
        out, err = server.process.communicate(timeout=20)

    assert re.fullmatch(r"http://127\.0\.0\.1:[0-9]+", server.address)
    assert len(whole) == int.from_bytes(whole[4:8], "little") + 8
    assert (server.process.returncode, out) == (0, "")
    assert "Traceback" not in err
    assert "error" not in err
    logged = {line["path"]: line for line in map(json.loads, log.read_text(encoding="utf-8").splitlines())}
    assert logged["/v0/tts/file"]["fault"] == "drip"
    assert logged["/v0/tts/stream/json"]["fault"] == "endless"


def test_a_key_stays_secret_and_failures_are_told_in_a_line(tmp_path: Path) -> None:
    """The key comes from the environment; the failure is a state that is spoilt while it runs."""
    log, key = tmp_path / "log.jsonl", "a-key-nobody-guesses"
    with started(tmp_path, "--log", log, environment={"NARRATOR_SERVE_KEY": key}) as server:
        voices = f"{server.address}/v0/tts/voices?provider=HUME_AI"
        without, knowing = httpx.get(f"{voices}&api_key=wrong"), httpx.get(f"{voices}&api_key={key}")
        with closing(sqlite3.connect(tmp_path / "state.sqlite")) as database:
            database.execute("DROP TABLE octave_generations")
        failed = httpx.post(f"{server.address}/v0/tts/file?api_key={key}", json=ASKED)
        code, out, err = server.stop(signal.SIGTERM)

    assert (without.status_code, knowing.status_code, failed.status_code) == (401, 200, 500)
    assert code == 0
    assert re.search(r"^error: unexpected \w+: .* \(.*\.py:[0-9]+\)$", err, re.MULTILINE)
    assert "Traceback" not in err
    assert key not in out + err + failed.text
    assert not any(key.encode() in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert key not in repr(Options(key=key))


def test_beyond_this_machine_it_needs_a_key(tmp_path: Path) -> None:
    for host in ("0.0.0.0", "::", "192.0.2.7"):  # noqa: S104 - which is the point
        answer = told("serve", "--host", host, "--state", tmp_path)
        ended(answer, 2, "--key")


def test_an_address_that_is_taken_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        answer = told("serve", "--port", port)

    ended(answer, 2, f"127.0.0.1:{port}", "choose another port")


def test_a_file_of_faults_is_read_before_anything_else(tmp_path: Path) -> None:
    wrong = tmp_path / "faults.yaml"
    wrong.write_text("faults:\n  - kind: cut\n    att: 3\n", encoding="utf-8")

    ended(told("serve", "--faults", wrong, "--state", tmp_path), 3, f"{wrong}:3", "did you mean 'at'?")
    ended(told("serve", "--faults", tmp_path / "none", "--state", tmp_path), 2, "cannot read")
    ended(told("serve", "--concurrency", "0"), 2, "--concurrency")
    ended(told("serve", "--port", "-1"), 2, "--port")


def test_the_page_for_users_names_every_option() -> None:
    page = (Path(__file__).parents[1] / "docs" / "serve.md").read_text(encoding="utf-8")
    options = re.findall(r"^  (--[a-z-]+)", told("serve", "--help").out, re.MULTILINE)

    assert len(options) > 6
    assert all(f"| `{option}` |" in page for option in options if option != "--help")


@pytest.mark.parametrize("sdk", ["hume", "sarvamai", "supertone"])
def test_the_examples_on_the_page_for_users_run(tmp_path: Path, sdk: str) -> None:
    """With another port, and clients that end."""
    pytest.importorskip(sdk)
    page = (Path(__file__).parents[1] / "docs" / "serve.md").read_text(encoding="utf-8")
    examples = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    (example,) = (each for each in examples if each.startswith(f"from {sdk} "))
    assert "http://127.0.0.1:8900" in example
    with running(state=tmp_path) as server, httpx.Client() as connections:
        example = example.replace("http://127.0.0.1:8900", server.base_url)
        if sdk != "supertone":
            example = re.sub(r"( *)(api_(?:subscription_)?key=)", r"\1httpx_client=connections, \2", example)
        names: dict[str, Any] = {"connections": connections}
        exec(example, names)  # noqa: S102 - our own page

    made = names["made"]
    if sdk == "hume":
        assert made.generations[0].snippets[0][0].text == "The lamp was lit before the boats came in."
    elif sdk == "sarvamai":
        assert made.audios


def test_other_verbs_do_not_load_the_frameworks() -> None:
    """`narrator book` with nothing to do must start at once."""
    heavy = "{'fastapi', 'starlette', 'uvicorn', 'websockets', 'numpy.fft', 'soxr'}"
    program = f"import sys, narrator.cli.app; print({heavy} & set(sys.modules))"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "set()"
