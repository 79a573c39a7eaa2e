"""How a server begins and ends."""

from __future__ import annotations

import signal
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from narrator.errors import UsageError
from narrator.serving import Options, open_service
from tests.serving.running import Running

SERVE = """
import sys
from pathlib import Path
from narrator.serving import Options, serve
serve(Options(port=0, state=Path(sys.argv[1])), announce=lambda address: print(address, flush=True))
print("left")
"""


@pytest.mark.parametrize("stop", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.soak)])
def test_signals_end_it_in_good_order(tmp_path: Path, stop: signal.Signals) -> None:
    """One line when it listens; on a signal it goes back to who called it, and says nothing."""
    command = [sys.executable, "-c", SERVE, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert httpx.get(f"{address}/openapi.json", timeout=30).status_code == 200
        process.send_signal(stop)
        out, err = process.communicate(timeout=30)

    assert address.startswith("http://127.0.0.1:")
    assert (process.returncode, out, err) == (0, "left\n", "")


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"cannot listen on 127.0.0.1:{port}: .*another port"):
            open_service(Options(port=port, state=tmp_path))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com", ""])  # noqa: S104 - refused
def test_other_machines_need_a_key(tmp_path: Path, host: str) -> None:
    """It never listens beyond loopback without one."""
    with pytest.raises(UsageError, match="--key"):
        open_service(Options(host=host, port=0, state=tmp_path))
    with pytest.raises(UsageError, match="empty"):
        open_service(Options(host=host, port=0, key=" ", state=tmp_path))


def test_loopback_needs_none(tmp_path: Path) -> None:
    for host in ("127.0.0.1", "localhost", "127.1.2.3", "::1"):
        Options(host=host, state=tmp_path).check()


def test_no_answer_waits_for_the_one_before(server: Running) -> None:
    """Small answers over one connection take no part of the 40 ms that TCP holds small pieces back."""
    took_s = []
    for _ in range(21):
        started = time.perf_counter()
        server.client.get("/nothing")
        took_s.append(time.perf_counter() - started)

    assert statistics.median(took_s) < 0.035


def test_a_key_is_not_shown() -> None:
    assert "secret" not in repr(Options(key="secret"))


def test_what_is_not_installed_is_named() -> None:
    """With the command that installs it; in a process of its own, where nothing has been imported."""
    program = (
        "import sys\n"
        "sys.modules['fastapi'] = sys.modules['starlette'] = None\n"
        "from narrator.errors import UsageError\n"
        "from narrator.serving import Options, serve\n"
        "try:\n"
        "    serve(Options(port=0), announce=print)\n"
        "except UsageError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert "pip install 'narrator[serve]'" in done.stdout


def test_where_state_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As the base directory specification has it: relative paths do not count."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert Options().state == tmp_path / "narrator" / "serve"
    monkeypatch.setenv("XDG_STATE_HOME", "somewhere")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Options().state == tmp_path / ".local" / "state" / "narrator" / "serve"
