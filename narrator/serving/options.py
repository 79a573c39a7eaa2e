"""What `narrator serve` is asked to be."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from narrator.errors import UsageError

Clock = Literal["snippet", "utterance", "generation"]
"""What the times of words count from."""
PhonemeLines = Literal["alternating", "both"]
"""What a line of a stream with phonemes holds: sound or phonemes, by turns; or both."""


def _state() -> Path:
    """Where programs keep what they remember between runs (XDG Base Directory Specification 0.8)."""
    home = os.environ.get("XDG_STATE_HOME", "")
    # The specification has relative paths ignored.
    base = Path(home) if Path(home).is_absolute() else Path.home() / ".local" / "state"
    return base / "narrator" / "serve"


@dataclass(frozen=True, slots=True)
class Options:
    """Where it listens, what it remembers, how much it bears."""

    host: str = "127.0.0.1"
    port: int = 8900
    """0 takes a free one."""
    key: str | None = field(default=None, repr=False)
    """The key that every request must carry; None lets anybody in."""
    state: Path = field(default_factory=_state)
    """Folder for generation ids and saved voices."""
    log: Path | None = None
    """File that gets a JSON line for every request."""
    faults: Path | None = None
    """File that says which requests to spoil, and how."""
    clock: Clock = "utterance"
    phoneme_lines: PhonemeLines = "alternating"
    at_once: int | None = None
    """Requests that are spoken at the same time; None for as many as the machine has cores."""
    queue: int = 32
    """Requests that may wait for their turn; the next ones are told to come again later."""
    characters: int = 25_000
    """Largest number of characters in a request, times its generations: some 25 minutes of speech. Silence
    counts as what could be said in it, and very short utterances for more than they are."""
    body_bytes: int = 32 * 2**20
    """Largest body of a request."""
    idle_s: float = 30.0
    """A client that neither sends nor takes anything for so long is let go."""
    socket_idle_s: float = 180.0
    """A WebSocket on which nothing is asked for so long is closed."""

    def check(self) -> None:
        """
        Raises:
            UsageError: it would be open to other machines without a key; or a number is out of range.
        """
        if self.key is None and not _is_loopback(self.host):
            raise UsageError(
                f"{self.host!r} lets other machines in; give a key (`--key`) that they must know,"
                " or listen on 127.0.0.1"
            )
        if self.key is not None and not self.key.strip():
            raise UsageError("the key is empty; give one that others cannot guess")
        if not 0 <= self.port <= 65535:
            raise UsageError(f"{self.port} is no port; give one from 1 to 65535, or 0 for any that is free")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
