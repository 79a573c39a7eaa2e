"""A run is alive while its process is, whatever a process id says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from narrator.errors import OutputError
from narrator.ledger import disks
from narrator.ledger.runs import Run, is_alive, others, sweep
from tests.ledger.dying import ROOT


def test_a_run_is_alive_until_it_leaves(tmp_path: Path) -> None:
    one, two = Run(tmp_path / "runs"), Run(tmp_path / "runs")
    folder = tmp_path / "runs"
    assert is_alive(folder, one.id)
    assert is_alive(folder, one.id)  # looking does not take the lock away
    assert others(folder, but=one.id) == {two.id: os.getpid()}
    two.leave()
    two.leave()
    assert not is_alive(folder, two.id)
    assert others(folder, but=one.id) == {}
    one.leave()
    assert list(folder.iterdir()) == []


def test_only_files_of_dead_runs_are_swept(tmp_path: Path) -> None:
    run = Run(tmp_path)
    (tmp_path / "0123456789abcdef").write_text("1\n")
    (tmp_path / "fedcba9876543210").write_text("not a number")
    (tmp_path / "opening").write_text("")
    (tmp_path / "of somebody else").write_text("")
    assert others(tmp_path, but=run.id) == {}
    sweep(tmp_path, but=run.id)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([run.id, "of somebody else", "opening"])
    run.leave()


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "", "0123456789abcdeg", "0123456789abcdef"])
def test_a_name_that_is_no_run_is_not_alive(tmp_path: Path, name: str) -> None:
    """Names come from a file that anybody may have written."""
    assert not is_alive(tmp_path, name)


def test_a_link_is_no_run(tmp_path: Path) -> None:
    run = Run(tmp_path)
    (tmp_path / "0123456789abcdef").symlink_to(run.id)
    assert not is_alive(tmp_path, "0123456789abcdef")
    run.leave()


FORKED = """
import os, signal, sys
from pathlib import Path
from narrator.ledger.runs import Run
run = Run(Path(sys.argv[1]))
read, write = os.pipe()
if os.fork() == 0:
    os.write(write, b"!")
    os.read(0, 1)  # until the test lets it go
    os._exit(0)
os.read(read, 1)
print(run.id, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_forked_child_does_not_keep_its_parents_run_alive(tmp_path: Path) -> None:
    """It has copies of all descriptors, and would hold the lock after the parent's end."""
    with subprocess.Popen(
        [sys.executable, "-c", FORKED, str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout
        assert parent.stdin
        run = parent.stdout.readline().strip()
        parent.wait(timeout=60)
        assert (tmp_path / run).exists()
        assert not is_alive(tmp_path, run)
        parent.stdin.close()


def test_a_file_in_the_way_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("")
    with pytest.raises(OutputError, match="a file is in the way of a folder"):
        Run(tmp_path / "runs")


MOUNTS = """\
22 28 0:20 / /sys rw,nosuid shared:7 - sysfs sysfs rw
31 28 0:27 / /home rw shared:9 - nfs4 server:/home rw,vers=4.2
32 28 259:2 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw
33 28 0:44 / /mnt/my\\040disk rw - fuse.sshfs me@there: rw
34 28 259:2 /var /var rw - ext4 /dev/nvme0n1p2 rw
nonsense
"""


@pytest.mark.parametrize(
    ("device", "kinds"),
    [
        ("0:27", ["nfs4"]),
        ("259:2", ["ext4", "ext4"]),
        ("0:44", ["fuse.sshfs"]),
        ("9:9", []),
        ("0:20", ["sysfs"]),
    ],
)
def test_the_file_system_of_a_device(device: str, kinds: list[str]) -> None:
    assert disks.kinds(MOUNTS, device) == kinds


def test_a_temporary_folder_is_on_this_computer(tmp_path: Path) -> None:
    """Where tests run, that is; were it not, there would be no log, and the tests of it would fail too."""
    assert disks.is_local(tmp_path)
