"""Many processes on one ledger, some of which are killed: `python -m tests.ledger.crowd TAKES SEED`.

Each worker claims lines, asks for them, stores their takes and says so, until the book has all it needs. What
was asked for is in the service's own log, TAKES/../asked: a line for each request that reached it.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import traceback
from pathlib import Path

from narrator.ledger import Claim
from narrator.store import TakeStore
from tests.ledger.shelf import NOTHING, PRICE, errand, ledger, put, request

LINES = {f"Line {number}.": 1 + number % 3 for number in range(10)}
"""How many takes the book needs of each."""
WORKERS = 4
KILLED = 6
AFTER = "2999-01-01T00:00:00Z"


def work(takes: Path, seed: int) -> None:
    """One run: until nothing is left to do."""
    chance = random.Random(seed)
    store = TakeStore(takes)
    log = os.open(takes.parent / "asked", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    with ledger(takes, budget=1) as book:

        def on_hand(key: str) -> int:
            return len(store.takes(key))

        while wanting := [text for text, places in LINES.items() if on_hand(request(text).key) < places]:
            texts = chance.sample(wanting, min(len(wanting), chance.randint(1, 3)))
            claims = [Claim(request(text).key, LINES[text]) for text in texts]
            granted = book.claim(claims, on_hand)
            for text, claim in list(zip(texts, claims, strict=True))[:granted]:
                account = book.account(errand(text))
                if chance.random() < 0.3:
                    account.send(NOTHING).ended("refused")
                attempt = account.send(PRICE)
                os.write(log, f"{text}\n".encode())
                attempt.ended("answered")
                account.kept([put(store, text, chance.randrange(10**9), at=AFTER)])
                book.release([claim.name])


def started(takes: Path, seed: int) -> int:
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work(takes, seed)
            code = 0
        except BaseException:
            traceback.print_exc()
            raise
        finally:
            os._exit(code)
    return child


def main() -> None:
    takes, chance = Path(sys.argv[1]), random.Random(int(sys.argv[2]))
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    working = {started(takes, chance.randrange(10**9)) for _ in range(WORKERS)}
    to_kill = KILLED
    while working:
        signal.sigtimedwait({signal.SIGCHLD}, chance.uniform(0.005, 0.06) if to_kill else 60)
        while working and (ended := os.waitpid(-1, os.WNOHANG))[0]:
            working.remove(ended[0])
            assert ended[1] in (0, signal.SIGKILL), ended
            if ended[1]:
                working.add(started(takes, chance.randrange(10**9)))
        if working and to_kill:
            os.kill(chance.choice(sorted(working)), signal.SIGKILL)
            to_kill -= 1


if __name__ == "__main__":
    main()
