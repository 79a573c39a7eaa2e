"""Whether a folder is on a disk of this computer, as far as the system tells (Linux)."""

from __future__ import annotations

import os
from pathlib import Path

_SHARED = {"9p", "afs", "beegfs", "ceph", "cifs", "drvfs", "gfs2", "glusterfs", "gpfs", "lustre", "ncpfs"}
_SHARED |= {"nfs", "nfs4", "ocfs2", "prl_fs", "smb3", "smbfs", "vboxsf", "virtiofs"}
"""File systems whose files other computers may have open too. FUSE may be anything, so it is one of them."""
_MOUNTS = Path("/proc/self/mountinfo")


def is_local(folder: Path) -> bool:
    """Whether no other computer has the files of *folder*, which must exist.

    SQLite's write-ahead log lives in memory that the processes of one computer share: on a shared disk,
    two computers would write over each other's work (https://www.sqlite.org/wal.html).
    """
    try:
        mounts = _MOUNTS.read_text(encoding="utf-8", errors="replace")
    except OSError:  # not Linux
        return True
    device = os.stat(folder).st_dev  # noqa: PTH116 - as the name says it: the device
    return all(map(_local, kinds(mounts, f"{os.major(device)}:{os.minor(device)}")))


def kinds(mounts: str, device: str) -> list[str]:
    """The file systems mounted from *device* (`major:minor`), by `/proc/self/mountinfo` (proc(5))."""
    found = []
    for line in mounts.splitlines():
        mount, _, source = line.partition(" - ")
        fields = mount.split(" ")
        if len(fields) > 2 and fields[2] == device and source:
            found.append(source.split(" ")[0])
    return found


def _local(kind: str) -> bool:
    return kind not in _SHARED and (kind == "fuseblk" or not kind.startswith("fuse"))
