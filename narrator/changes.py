"""Why lines are to be recorded though the book was built before: each held against what it was then.

A line is known again by its text as written, in the same role if there is one. Where the text of the last
build is not known, by what was spoken.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from narrator.lexicon import DICTIONARY
from narrator.manuscript import Mark
from narrator.planning import Line
from narrator.results import Reason
from narrator.takes import Request, Spoken

RequestOf = Callable[[str, str], Request | None]
"""What the take of that key and id was recorded for; None where it is not in the store any more."""

SHORT = 40
"""Characters of a direction, a description, a word that are shown."""


class Former(NamedTuple):
    """A line of the last build that has no place in the book as it is now."""

    role: str
    """`""` where it is not known."""
    text: str
    """As written; as spoken where that is not known."""
    written: bool
    """Whether `text` is as written."""
    voice: str
    """`provider/voice`."""
    direction: str | None
    """As it was asked for."""
    key: str
    take: str


class Change(NamedTuple):
    """A line to be recorded, and why."""

    line: Line
    reason: Reason
    was: str | None = None
    now: str | None = None
    """What it is about, where that is short."""


def on_hand_then(
    missing: Iterable[Line],
    *,
    book: Iterable[Line],
    then: Mapping[str, Sequence[str]],
    there: Callable[[str], Sequence[str]],
) -> tuple[list[Change], list[Line]]:
    """
    Tell of the missing lines whose take was there, or whose words are there already, in other places.

    Args:
        book: every line.
        then: the takes that the last build used: ids by key.
        there: the ids in the store under a key.

    Returns:
        Those, and the lines that are left.
    """
    served = {line.request.key for line in book if line.take is not None}
    gone: dict[str, int] = {}
    changes, left = [], []
    for line in missing:
        key = line.request.key
        if key in then:
            if key not in gone:
                gone[key] = len(set(then[key]) - set(there(key)))
            reason: Reason = "take damaged or gone" if gone[key] > 0 else "another occurrence"
            gone[key] -= 1
            changes.append(Change(line, reason))
        elif key in served:
            changes.append(Change(line, "another occurrence"))
        else:
            left.append(line)
    return changes, left


def compare(lines: Sequence[Line], former: Iterable[Former], request_of: RequestOf) -> list[Change]:
    """Hold each line against the one that it was, if it was one."""
    matches = _match(lines, former)
    return [
        Change(line, "new text") if was is None else _difference(line, was, request_of)
        for line, was in zip(lines, matches, strict=True)
    ]


def _match(lines: Sequence[Line], former: Iterable[Former]) -> list[Former | None]:
    """The former line of each, in order: of the same role first, then of any; each serves once."""
    waiting: dict[tuple[bool, str], deque[Former]] = defaultdict(deque)
    for each in former:
        waiting[each.written, each.text].append(each)
    found: list[Former | None] = [None] * len(lines)
    for same_role in (True, False):
        for index, line in enumerate(lines):
            if found[index] is None:
                role = line.utterance.role if same_role else None
                found[index] = _take_from(waiting.get((True, line.utterance.text)), role) or _take_from(
                    waiting.get((False, line.request.spoken.text)), role
                )
    return found


def _take_from(waiting: deque[Former] | None, role: str | None) -> Former | None:
    for each in waiting or ():
        if role is None or each.role in (role, ""):
            waiting.remove(each)  # type: ignore[union-attr]  # there is one
            return each
    return None


def _difference(line: Line, was: Former, request_of: RequestOf) -> Change:
    """The first thing that differs; a voice brings its model along, and a direction may."""
    asked = line.request
    if was.voice != f"{asked.provider}/{asked.voice}":
        return Change(
            line, "voice", _voice(was.voice, None), _voice(f"{asked.provider}/{asked.voice}", asked)
        )
    if was.direction != asked.direction:
        return Change(line, "direction", _direction(was.direction), _direction(asked.direction))
    then = request_of(was.key, was.take)
    if then is None:
        return Change(line, "take damaged or gone")
    if then.description != asked.description:
        return Change(line, "voice", _voice(was.voice, then), _voice(was.voice, asked))
    if then.speed != asked.speed:
        return Change(line, "speed", f"{then.speed:g}", f"{asked.speed:g}")
    if then.settings != asked.settings:
        return Change(line, "settings", *_settings(then, asked))
    if then.guide != asked.guide:
        return Change(line, "guide")
    if _said(then.spoken) != _said(asked.spoken):
        return Change(line, "pronunciation", *_words(then.spoken, asked.spoken))
    if then.model != asked.model:
        return Change(line, "model", then.model, asked.model)
    return Change(line, "new text")  # its pauses or its emphasis, which are part of it


def _voice(name: str, request: Request | None) -> str:
    described = request and request.description
    return f"{name.rstrip('/')} ({_short(described)})" if described else name.rstrip("/")


def _direction(direction: str | None) -> str:
    return "none" if direction is None else _short(direction)


def _settings(then: Request, now: Request) -> tuple[str, str]:
    """Those that differ."""
    before, after = dict(then.settings), dict(now.settings)
    names = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))

    def told(settings: Mapping[str, object]) -> str:
        return _short(", ".join(f"{name} {settings.get(name, 'unset')}" for name in names))

    return told(before), told(after)


def _said(spoken: Spoken) -> tuple[str, list[Mark]]:
    """All that a pronunciation can change."""
    return spoken.text, [mark for mark in spoken.marks if mark.kind == "say"]


def _words(then: Spoken, now: Spoken) -> Iterator[str | None]:
    """How the first word that differs was and is said, where the words are the same ones."""
    for before, after in zip(_each_word(then), _each_word(now), strict=False):
        if before != after:
            yield from (_short(before), _short(after))
            return
    yield from (None, None)


def _each_word(spoken: Spoken) -> Iterator[str]:
    for word in spoken.words:
        phonemes = "".join(
            mark.value
            for mark in spoken.marks
            if mark.kind == "say" and mark.start < word.spoken_end and word.spoken_start < mark.end
        )
        yield phonemes.removeprefix(DICTIONARY) or spoken.text[word.spoken_start : word.spoken_end]


def _short(text: str) -> str:
    return text if len(text) <= SHORT else f"{text[: SHORT - 3].rstrip()}..."


def spare(then: Sequence[str], now: Iterable[str]) -> list[int]:
    """The places in a chapter of the last build that no line of it has any more, by keys then and now."""
    wanted = Counter(now)
    left = []
    for place, key in enumerate(then):
        if wanted[key] > 0:
            wanted[key] -= 1
        else:
            left.append(place)
    return left
