"""Runs that are ended at random moments, and what must hold by the server's books and by the ledger's."""

from __future__ import annotations

import random
import re
import signal
import sqlite3
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from narrator.spending import FREE
from tests.commands import Told, ended, outputs
from tests.octave_books import speech, stored
from tests.octave_ordeal import HARMLESS, remembered
from tests.runs import Run
from tests.serving.running import Running

_LOOK_S = 0.002
_ID = re.compile(rb"\b[0-9a-f]{16}\b")


class Moment(NamedTuple):
    """When a run is to be ended."""

    requests: int
    """So many requests have come to their end at the server since it began."""
    after_s: float
    """And so much later."""


def moments(
    random_: random.Random, left: Callable[[], int], count: int, *, early: float = 0.15
) -> Iterator[Moment]:
    """
    So many, most of them while lines are recorded.

    Args:
        left: how many lines have no take yet; not all of them are recorded before the last moment.
        early: the share of those while a run begins.
    """
    for number in range(count):
        if random_.random() < early:
            yield Moment(0, random_.uniform(0, 0.4))
        else:
            share = left() / (count - number + 1)
            yield Moment(int(random_.uniform(0, 1.2) * share) + 1, random_.choice((0, 0, 0.005, 0.02, 0.06)))


def end_at(run: Run, moment: Moment, server: Running, how: signal.Signals) -> bool:
    """End a run; False where it had ended before by itself."""
    assert server.options.log is not None
    with server.options.log.open("rb") as log:
        log.seek(0, 2)
        heard = 0
        while heard < moment.requests and run.code is None:
            heard += log.read().count(b"\n")
            time.sleep(_LOOK_S)
    time.sleep(moment.after_s)
    return run.send(how)


class Witness:
    """Looks at a project and at a server whenever a run has ended, and remembers."""

    def __init__(self, project: Path, server: Running) -> None:
        self._project, self._server = project, server
        self._takes: dict[str, tuple[int, int]] = {}
        self._seen: list[tuple[int, set[str]]] = []

    def look(self) -> None:
        """What is stored now is there for ever."""
        now = {
            str(file): (file.stat().st_mtime_ns, file.stat().st_size)
            for file in (self._project / "takes").glob("*/*/*.json")
        }
        assert self._takes.items() <= now.items(), "a take is gone or was written again"
        self._takes = now
        texts = {take.request.spoken.text for take in stored(self._project)}
        self._seen.append((len(self._server.log()), texts))

    def prove(self) -> None:
        """Nothing was asked for that had a take when an earlier run ended."""
        texts = remembered(self._server)
        for place, line in enumerate(self._server.log()):
            asked = {texts[each] for each in line.get("generations", ()) if each in texts}
            for heard, having in self._seen:
                assert place < heard or not asked & having, asked


class Row(NamedTuple):
    """A request in the ledger."""

    run: str | None
    key: str
    outcome: str
    amount: int
    characters: int


def rows(project: Path) -> list[Row]:
    """Every request in a ledger, in the order in which they were sent."""
    with closing(sqlite3.connect(project / "takes" / "ledger.sqlite")) as database:
        found = database.execute("SELECT run, key, outcome, amount, characters FROM requests ORDER BY id")
        return [Row(*row) for row in found]


def prove_books_agree(project: Path, server: Running, *, lines: int, in_flight: int) -> Counter[str]:
    """
    What the server wrote down and what the ledger did are the same requests; each line was paid for once, and
    what was paid for besides is called lost or broken.

    Args:
        lines: in the book, all different.
        in_flight: requests whose answers a run may have been waiting for, or storing, when it was ended.

    Returns:
        How many requests had each outcome.
    """
    ledger, texts = rows(project), remembered(server)
    counted = Counter(row.outcome for row in ledger)
    takes = {take.request.spoken.text: take for take in stored(project)}
    assert counted.keys() <= {"kept", "lost", "broken", "refused", "unsent"}, "a request has no end"
    assert all(row.run for row in ledger), "a take was stored whose request was called lost"
    assert len(takes) == len(stored(project)) == counted["kept"] == lines

    by_key: dict[str, Counter[str]] = defaultdict(Counter)
    for row in ledger:
        by_key[row.key][row.outcome] += 1
    good: dict[str, list[str]] = defaultdict(list)
    spoken: Counter[str] = Counter()
    for line in speech(server):
        (generation,) = line["generations"]
        if (text := texts.get(generation)) is None:
            continue  # nobody waited for it any more when its turn came
        spoken[text] += 1
        if line.get("fault") in {None, *HARMLESS}:
            good[text].append(generation)
    for text, take in takes.items():
        ends = by_key[take.key]
        assert dict(take.ids)["generation"] in good[text]
        assert ends["kept"] == 1, text
        assert len(good[text]) - 1 <= ends["lost"], f"{text!r} was paid for more often than the ledger tells"
        assert spoken[text] <= 1 + ends["lost"] + ends["broken"], text
    asked = [line for line in server.log() if line["method"] == "POST"]
    never_arrived = len(ledger) - len(asked)
    assert 0 <= never_arrived <= counted["lost"] + counted["unsent"]

    lost = Counter(row.run for row in ledger if row.outcome == "lost")
    assert all(count <= in_flight for count in lost.values()), lost
    assert sum(row.amount for row in ledger if row.outcome not in FREE) == spent(project)
    return counted


def spent(project: Path) -> int:
    """What the ledger says of the whole project, in millionths."""
    with closing(sqlite3.connect(project / "takes" / "ledger.sqlite")) as database:
        return int(database.execute("SELECT coalesce(sum(spent), 0) FROM totals").fetchone()[0])


def compared(project: Path) -> dict[str, bytes]:
    """What a book consists of; ids of takes, which no two recordings share, by their order."""
    found = {}
    for name, data in outputs(project).items():
        if name.endswith(".json") and "/chapters/" in name:
            ids: dict[bytes, bytes] = {}
            data = _ID.sub(lambda id_, ids=ids: ids.setdefault(id_[0], b"take %d" % len(ids)), data)  # type: ignore[misc]
        if "/report." not in name:
            found[name] = data
    return found


def finish(begin: Callable[[], Run], *, attempts: int = 6) -> Told:
    """Let runs end by themselves until one has made the book: faults of a server may end some."""
    for _ in range(attempts):
        told = begin().wait()
        if told.code == 0:
            return told
        ended(told, 4)
    raise AssertionError(told)


def prove_clean(project: Path) -> None:
    """In the ledger nothing is still to be done, and it is whole."""
    with closing(sqlite3.connect(project / "takes" / "ledger.sqlite")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert database.execute("SELECT count(*) FROM claims").fetchone() == (0,)
        assert database.execute("SELECT count(*) FROM runs WHERE ended_at IS NULL").fetchone() == (0,)
