"""Runs that are killed: `python -m tests.ledger.dying FOLDER STEP ...`, a ledger of its own for each step.

Each is a process that gets so far in FOLDER/STEP and then kills itself (SIGKILL).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from narrator.ledger import Claim, Ledger
from narrator.store import TakeStore
from tests.ledger.shelf import NOTHING, PRICE, errand, ledger, put

ROOT = Path(__file__).parent.parent.parent
AFTER = "2999-01-01T00:00:00Z"
"""When a take was recorded that was asked for today."""


def sent(book: Ledger, store: TakeStore) -> None:
    book.account(errand("Hello.", "c01-u004")).send(PRICE)


def answered(book: Ledger, store: TakeStore) -> None:
    book.account(errand("Hello.", "c01-u004")).send(PRICE).ended("answered")


def stored(book: Ledger, store: TakeStore) -> None:
    """The take is in the store, and the ledger was not told."""
    account = book.account(errand("Hello.", "c01-u004"))
    account.send(PRICE).ended("refused")
    account.send(PRICE)
    put(store, "Hello.", at=AFTER)


def identified(book: Ledger, store: TakeStore) -> None:
    """The service has said what it calls two of three requests; one was answered, and not stored."""
    book.account(errand("Hello.", "c01-u004")).send(PRICE).identified((("job", "j-1"),))
    book.account(errand("Hello.", "c01-u004")).send(PRICE)
    attempt = book.account(errand("Bye.", "c01-u005")).send(NOTHING)
    attempt.identified((("job", "j-2"),))
    attempt.ended("answered")


def fetched(book: Ledger, store: TakeStore) -> None:
    """A request that had failed was fetched, its take is in the store, and the ledger was not told."""
    account = book.account(errand("Hello.", "c01-u004"))
    attempt = account.send(PRICE)
    attempt.identified((("job", "j-1"),))
    attempt.ended("broken", reason="it took too long")
    account.unfinished()
    put(store, "Hello.", at=AFTER)


def several(book: Ledger, store: TakeStore) -> None:
    """One request of two was answered, with two takes, and they are in the store."""
    account = book.account(errand("Hello.", "c01-u004"))
    account.send(PRICE)
    account.send(PRICE).ended("answered")
    put(store, "Hello.", at=AFTER, answer=0)
    put(store, "Hello.", at=AFTER, answer=1)


def stale(book: Ledger, store: TakeStore) -> None:
    """A take of the line is in the store that is older than the request, and another one that is paid for."""
    put(store, "Hello.", at="2020-01-01T00:00:00Z")
    other = book.account(errand("Hello.", "c01-u004"))
    other.send(PRICE).ended("answered")
    other.kept([put(store, "Hello.", 2, at=AFTER)])
    book.account(errand("Hello.", "c01-u004")).send(PRICE)


def many(book: Ledger, store: TakeStore) -> None:
    for number in range(8):
        book.account(errand(f"Line {number}.", f"c01-u{number:03}")).send(PRICE)


def free(book: Ledger, store: TakeStore) -> None:
    """What costs nothing is lost without a word; the second request has it written."""
    book.account(errand("Hello.", "c01-u004")).send(NOTHING).ended("answered")
    account = book.account(errand("Hello.", "c01-u005"))
    account.send(PRICE).ended("refused")


def claimed(book: Ledger, store: TakeStore) -> None:
    assert book.claim([Claim("a", 1), Claim("b", 2), Claim("b", 2)], lambda _: 0) == 3


def begun(book: Ledger, store: TakeStore) -> None:
    """Nothing at all."""


STEPS: dict[str, Callable[[Ledger, TakeStore], None]] = {
    step.__name__: step
    for step in (sent, answered, stored, identified, fetched, several, stale, many, free, claimed, begun)
}


def die(folder: Path, steps: Iterable[str]) -> None:
    """Have a process die in a folder of its own for each step."""
    command = [sys.executable, "-m", "tests.ledger.dying", str(folder), *steps]
    subprocess.run(command, check=True, cwd=ROOT, timeout=60)


def main() -> None:
    folder = Path(sys.argv[1])
    for step in sys.argv[2:]:
        child = os.fork()
        if child == 0:
            takes = folder / step
            with ledger(takes) as book:
                STEPS[step](book, TakeStore(takes))
                os.kill(os.getpid(), signal.SIGKILL)
        assert os.waitpid(child, 0)[1] == signal.SIGKILL


if __name__ == "__main__":
    main()
