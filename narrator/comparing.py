"""What has to be recorded since the last build, and why: the plan held against what that build left."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

from narrator.built import Built, read_lines, timelines
from narrator.changes import Change, Former, compare, on_hand_then, spare
from narrator.errors import OutputError
from narrator.planning import Line, Plan
from narrator.store import TakeStore
from narrator.takes import Request, Take


def compared(
    plan: Plan, missing: Sequence[Line], built: Built, *, build: Path, store: TakeStore
) -> list[Change]:
    """
    Why each of the *missing* lines is to be recorded, in the order of the book.

    Reads the timelines of the chapters that hold such lines, and sidecars of the takes that they had. Other
    timelines are read where some of the former takes are in none of these: chapters that were renamed or
    cut.

    Args:
        build: the folder of what was produced.
    """
    looked_up = cache(_quietly(store))
    changes, left = on_hand_then(
        missing,
        book=plan.lines,
        then=built.takes,
        there=lambda key: [take.id for take in looked_up(key)],
    )
    if left:
        former = _former(plan, left, built, build=build, on_hand=looked_up)
        changes += compare(left, former, lambda key, take: _request(looked_up(key), take))
    place = {line.utterance.id: index for index, line in enumerate(missing)}
    return sorted(changes, key=lambda change: place[change.line.utterance.id])


def _former(
    plan: Plan,
    left: Iterable[Line],
    built: Built,
    *,
    build: Path,
    on_hand: Callable[[str], Sequence[Take]],
) -> Iterator[Former]:
    """The lines of the last build that the book does not have any more."""
    kept = {(line.take.key, line.take.id) for line in plan.lines if line.take is not None}
    lost = {(key, take) for key, takes in built.takes.items() for take in takes} - kept
    edited = {line.chapter for line in left}
    by_stem = {planned.chapter.stem: planned for planned in plan.chapters}
    here = [planned.chapter.stem for planned in plan.chapters if planned.chapter.number in edited]
    for stem in here:
        then = read_lines(build, stem)
        now = [line.take.key if line.take else line.request.key for line in by_stem[stem].lines]
        lost -= {(line.key, line.take) for line in then}
        yield from (then[place] for place in spare([line.key for line in then], now))
    for stem in timelines(build):
        if not lost:
            return
        if stem not in here:
            found = [line for line in read_lines(build, stem) if (line.key, line.take) in lost]
            lost -= {(line.key, line.take) for line in found}
            yield from found
    for key, take_id in sorted(lost):
        if request := _request(on_hand(key), take_id):
            voice = f"{request.provider}/{request.voice}"
            yield Former("", request.spoken.text, False, voice, request.direction, key, take_id)


def _request(takes: Iterable[Take], take_id: str) -> Request | None:
    return next((take.request for take in takes if take.id == take_id), None)


def _quietly(store: TakeStore) -> Callable[[str], tuple[Take, ...]]:
    """The takes under a key; what is wrong with takes that nobody needs is not told."""
    beside = TakeStore(store.folder)

    def takes(key: str) -> tuple[Take, ...]:
        try:
            return beside.takes(key)
        except OutputError:
            return ()

    return takes
