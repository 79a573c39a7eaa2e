"""How much longer does recording take because every request is written down?

The book of `chains`, 40 scenes through a server that takes 200 ms a request, ten at once, is recorded with
the ledger and with one that keeps nothing. Both use the same two cores as the server, and a clock there goes
up and down by more than the goal. So the ledger's own share is measured too: all that it writes for a
request, one after another in a ledger that nobody else uses, each on the disk before it would be sent.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from shutil import rmtree

import numpy as np

from benchmarks.chains import LATENCY_MS, LIMIT, LINES, SCENES, record
from benchmarks.measuring import Cost, Spread, Timing, apart, figure, machine, verdict
from benchmarks.options import parser
from narrator.ledger import Claim, Ledger, LineAccount
from narrator.spending import Bill, Errand, Outcome, bill
from narrator.store import TakeStore
from narrator.takes import Generation, Request, Spoken, Take

GOAL = 1.02
MOST_REQUESTS = 1_000
"""Written one after another."""


class Attempted:
    """A request that nobody remembers."""

    def ended(self, outcome: Outcome, *, reason: str = "") -> None:
        """It did."""


class Unaccounted(LineAccount):
    """Requests that nobody remembers."""

    def __init__(self) -> None: ...

    def send(self, _bill: Bill) -> Attempted:  # type: ignore[override]
        """It may be sent."""
        return Attempted()

    def kept(self, takes: Sequence[Take]) -> None:
        """They are."""

    def lost(self, reason: str) -> None:
        """It is."""


class Unwritten(Ledger):
    """A ledger that keeps nothing and lets everybody have everything."""

    def __enter__(self) -> Unwritten:
        return self

    def __exit__(self, *_: object) -> None: ...

    def account(self, _errand: Errand) -> LineAccount:
        """One for all."""
        return Unaccounted()

    def claim(self, wanted: Sequence[Claim], _on_hand: Callable[[str], int]) -> int:
        """All of them."""
        return len(wanted)

    def release(self, names: Iterable[str]) -> None:
        """Nothing was held."""


def main(words: Sequence[str] | None = None) -> None:
    """Measure and print."""
    options = _options(words)
    folder: Path = options.work / "ledgering"
    requests = SCENES * options.size
    print(machine("httpx"))
    print(f"{requests:,} requests, {LATENCY_MS} ms each, {LIMIT} at once; {options.rounds} rounds in turn")
    rounds = [
        (apart(record, folder, options.size), apart(record, folder, options.size, kind=Unwritten))
        for _ in range(options.rounds)
    ]
    assert all(each.takes == requests for both in rounds for each in both)
    clock = Spread.of(ours.cost.wall_s / other.cost.wall_s for ours, other in rounds)
    cpu = Spread.of((ours.cost.cpu_s - other.cost.cpu_s) * 1000 / requests for ours, other in rounds)
    print(f"  clock with the ledger / without: {clock}; {verdict(clock.median, GOAL)}")
    print(f"  CPU of it: {cpu} ms a request")
    count = min(MOST_REQUESTS, requests)
    alone = [apart(write, folder, count) for _ in range(options.rounds)]
    each = Spread.of(cost.wall_s * 1000 / count for cost in alone)
    share = Spread.of(1 + cost.wall_s * 1000 / count / LATENCY_MS for cost in alone)
    own = figure(Spread.of(cost.cpu_s * 1000 / count for cost in alone).median)
    print(f"  its own writes alone: {each} ms a request, {own} ms of that CPU")
    print(f"    request and writes / request: {share}; {verdict(share.median, GOAL)}")


def write(folder: Path, count: int) -> Cost:
    """All that is written for so many requests: claimed, sent, answered, kept, released."""
    rmtree(folder, ignore_errors=True)
    store = TakeStore(folder / "takes")
    text = (
        "Line {} is about as long as lines are in a book that people read aloud, give or take a word or two."
    )
    requests = [
        Request(provider="hume", model="2", voice="Ava Song", spoken=Spoken(text=text.format(number)))
        for number in range(count)
    ]
    answer = Generation(pcm=np.zeros(80, np.int16), rate=8000, words=(), word_source="estimated")
    takes = [
        store.put(request, answer, took_ms=LATENCY_MS, recorded_at="2026-11-20T10:00:00Z", durable=False)
        for request in requests
    ]
    price = bill(len(text), price_per_1000=0.15, currency="USD")
    with Ledger(folder / "takes", store=store) as ledger, Timing() as timing:
        for request, take in zip(requests, takes, strict=True):
            key = request.key
            assert ledger.claim([Claim(key, 1)], lambda _: 0) == 1
            errand = Errand(key, "c01-u001", 1, "One", "narrator", "hume", "2", "Ava Song")
            account = ledger.account(errand)
            account.send(price).ended("answered")
            account.kept([take])
            ledger.release([key])
    rmtree(folder)
    return timing.cost


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    made = parser(__doc__, name="ledgering", size=2, full=LINES, unit="lines in a scene", rounds=2)
    return made.parse_args(words)


if __name__ == "__main__":
    main()
