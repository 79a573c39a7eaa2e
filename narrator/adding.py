"""Recordings that somebody brings in: each a take of a line, in use at once, which no service was asked for.

All of them are looked at before the first is kept, and none is put to use unless all can be. They are kept
as every take is, with word times and doubts; but nobody could give them again: `pruning` spares them.
"""

from __future__ import annotations

import hashlib
import os
import statistics
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from math import log10
from pathlib import Path
from typing import NamedTuple

from narrator.audio import reading
from narrator.audio.measuring import measure
from narrator.errors import Interrupted, UsageError
from narrator.findings import NOT_THE_LINE, doubts_of
from narrator.manuscript import Notice
from narrator.ordering import Order, select
from narrator.planning import Line, Plan
from narrator.preparing import Prepared
from narrator.progress import Progress, Silent
from narrator.project import open_project
from narrator.results import AddedTake, Additions
from narrator.selecting import NONE, Chooser, listed_doubts, remake
from narrator.session import Session, open_session, tracks
from narrator.splitting import is_silent
from narrator.summary import produced
from narrator.takes import OWN, Generation, Pcm, Take
from narrator.timeline import milliseconds

LIMIT_BYTES = 256 * 1024 * 1024
"""Of one file: a line takes a hundredth of it."""
_CHARACTERS_PER_SECOND = 15
"""As books are read, roughly; only for telling people."""
_LEAST_CHARACTERS_PER_SECOND = 3
_MARGIN_S = 10.0
"""Before, between and after the words; a short line may be acted at length."""
_LEAST_MS_PER_LETTER = 10
"""Six times as fast as people can follow."""
_APART_DB = 6.0
"""Such a step in level between two lines is heard by everybody."""


class _Found(NamedTuple):
    """A recording, and the line that it is for."""

    path: Path
    line: Line
    sha256: str
    """Of the file."""


def add_recordings(
    folder: Path, file: Path, utterance_id: str | None = None, *, progress: Progress | None = None
) -> Additions:
    """
    Bring in a recording of a line, or a folder of recordings that are named by their lines (c03-u014.wav).

    Each becomes a take of its line and is put to use, whatever the aligner says of it, which is told;
    then the chapters concerned are made, if they are complete. Nothing is asked of any service. The same
    file for the same line is the same take.

    Args:
        utterance_id: the line; by default the name of each file says it.

    Raises:
        UsageError: something does not fit; names every file that does not, and nothing was kept.
        NarratorError: the work could not be begun, or was interrupted.
    """
    named = _named(file, utterance_id)
    with open_session(open_project(folder), progress=progress or Silent(), command="takes") as session:
        return add_recordings_in(session, named)


def add_recordings_in(session: Session, named: Sequence[tuple[str, Path]]) -> Additions:
    """The same, in a project that is open: files by the ids of their lines."""
    prepared = session.prepare()
    found = _looked_at(named, prepared.plan)
    takes = _kept(session, prepared, found)
    notices = [*_doubted(found, takes), *_apart(found, takes, prepared)]
    for notice in notices:
        session.progress.notice(notice)
    chooser = Chooser(session, prepared.plan)
    chooser.choose(takes)
    concerned = {each.line.chapter for each in found}
    made = remake(session, chooser.choices, concerned)
    outcome = made.outcome._replace(notices=(*notices, *made.outcome.notices))
    chapters = [each for _, each in tracks(made.prepared, concerned)]
    result = produced(made.prepared, chapters, outcome, session.setting(made.prepared), session.ledger)
    return Additions(**dict(result), added=tuple(_added(each, takes) for each in found))


def _named(file: Path, utterance_id: str | None) -> list[tuple[str, Path]]:
    """
    The files that are meant, each with the id of its line.

    Raises:
        UsageError: there are none.
    """
    try:
        if not file.is_dir():
            return [(utterance_id or file.stem.lower(), file)]
        if utterance_id is not None:
            raise UsageError(
                f"{file} is a folder, and {utterance_id} is one line; name one file for it, or leave the id"
                " out and name each file in the folder by its line (c03-u014.wav)"
            )
        files = sorted(path for path in file.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error
    if not files:
        raise UsageError(f"{file} is empty; it is to hold a file for each line, such as c03-u014.wav")
    return [(path.stem.lower(), path) for path in files]


def _looked_at(named: Iterable[tuple[str, Path]], plan: Plan) -> list[_Found]:
    """
    Every recording, found to be one of its line.

    Raises:
        UsageError: some are not; all of them are named.
    """
    lines = {line.utterance.id: line for line in plan.lines}
    found: dict[str, _Found] = {}
    problems = []
    for name, path in named:
        try:
            line = lines.get(name) or select(plan, [Order(name)])[0][0]  # which says what there is
            if name in found:
                raise UsageError(f"{found[name].path.name} is for {name} as well; take one of the two out")
            data = _content(path)
            _heard(data, line)
            found[name] = _Found(path, line, hashlib.sha256(data).hexdigest())
        except (UsageError, ValueError) as error:
            problems.append(f"{path}: {error}")
    if problems:
        raise UsageError("\n".join([*problems, "nothing was brought in"]))
    return [found[name] for name in lines if name in found]


def _content(path: Path) -> bytes:
    """
    Raises:
        ValueError: it cannot be had.
    """
    try:
        if path.is_dir():
            raise ValueError("it is a folder, and must be a recording")
        if path.exists() and not path.is_file():  # reading a pipe might never end
            raise ValueError("it is no file")
        with path.open("rb") as file:
            data = file.read(LIMIT_BYTES + 1)
    except OSError as error:
        raise ValueError(f"it cannot be read: {error.strerror}") from error
    if not data:
        raise ValueError("it is empty")
    if len(data) > LIMIT_BYTES:
        raise ValueError(
            f"it is larger than {LIMIT_BYTES >> 20} MiB, which no line needs; cut it to its line"
        )
    return data


def _heard(data: bytes, line: Line) -> tuple[Pcm, int]:
    """
    The samples of a recording of a line, and how many of them there are in a second.

    Raises:
        ValueError: it can be no recording of the line.
    """
    spoken = line.request.spoken.text
    longest_s = _MARGIN_S + len(spoken) / _LEAST_CHARACTERS_PER_SECOND
    pcm, rate = reading.read(data)
    seconds = len(pcm) / rate
    letters = sum(map(str.isalnum, spoken))
    usual = f"{line.utterance.id} takes about {max(1, round(len(spoken) / _CHARACTERS_PER_SECOND))} s"
    if not len(pcm):
        raise ValueError("there is no sound in it")
    if seconds > longest_s:
        raise ValueError(f"it is {seconds:.0f} s long, and {usual}: cut it to its line")
    if letters and not measure(pcm, rate).speech_end_sample:
        raise ValueError("it is silent")
    if seconds * 1000 < letters * _LEAST_MS_PER_LETTER:
        raise ValueError(f"it is {seconds:.2f} s long, and {usual}: it cannot be all of its line")
    return pcm, rate


def _kept(session: Session, prepared: Prepared, found: Sequence[_Found]) -> dict[str, Take]:
    """
    The take of each, by utterance id, with word times.

    Raises:
        Interrupted: Ctrl-C.
    """
    titles = {planned.chapter.number: planned.chapter.title for planned in prepared.plan.chapters}
    chapters = {each.line.chapter for each in found}
    session.progress.planned(chapters=len(chapters), lines=len(found), to_record=len(found))
    takes: dict[str, Take] = {}
    with ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="add") as pool:
        begun: list[tuple[_Found, Future[Take]]] = []
        try:
            begun += ((each, pool.submit(_keep, session, each)) for each in found)
            for each, future in begun:
                utterance, take = each.line.utterance, future.result()
                takes[utterance.id] = take
                session.progress.recorded(
                    chapter=titles[each.line.chapter],
                    utterance_id=utterance.id,
                    text=utterance.text,
                    milliseconds=milliseconds(take.samples, take.rate),
                    lines=1,
                )
        except KeyboardInterrupt:
            raise Interrupted(
                "interrupted; no recording is in use yet; give the command again, and it goes on from there"
            ) from None
        finally:
            for _, future in begun:
                future.cancel()
    return takes


def _keep(session: Session, each: _Found) -> Take:
    data = _content(each.path)
    if hashlib.sha256(data).hexdigest() != each.sha256:
        raise UsageError(f"{each.path} was changed meanwhile; nothing is in use yet; give the command again")
    pcm, rate = _heard(data, each.line)
    take = session.store.put(
        each.line.request.as_own(),
        Generation(pcm=pcm, rate=rate, words=(), word_source="estimated", ids=((OWN, each.sha256),)),
        took_ms=0,
        recorded_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        nth=each.line.nth,
    )
    return session.find_times(take) if session.find_times else take


def _doubted(found: Iterable[_Found], takes: Mapping[str, Take]) -> list[Notice]:
    """Where the recordings do not seem to hold their lines."""
    told = []
    for each in found:
        utterance, take = each.line.utterance, takes[each.line.utterance.id]
        if take.alignment is None:
            reasons = ["nobody here speaks its language, so its words were not looked for"]
        elif not take.alignment.holds:
            reasons = [f"it is {NOT_THE_LINE}, as far as can be heard"]
        else:
            reasons = [
                f"{doubted.words!r} seems to be {doubted.what} (at {doubted.start_ms / 1000:.1f} s)"
                for doubted in doubts_of(take, utterance.text)
            ]
        remedy = f"`narrator takes PROJECT {utterance.id} --choose {NONE}` takes it back"
        told += [
            Notice(
                message=f"{utterance.id}: {each.path.name}: {reason}; it is used all the same, and {remedy}",
                file=utterance.file,
                line=utterance.line,
                utterance=utterance.id,
            )
            for reason in reasons
            if take.request.spoken.words
        ]
    return told


def _apart(found: Sequence[_Found], takes: Mapping[str, Take], prepared: Prepared) -> list[Notice]:
    """Recordings that are much louder or quieter than their chapter, which is levelled as a whole."""
    levels = {
        planned.chapter.number: [
            _level_db(line.take)
            for line in planned.lines
            if line.take is not None and line.utterance.id not in takes and not is_silent(line.take)
        ]
        for _, planned in tracks(prepared, {each.line.chapter for each in found})
    }
    told = []
    for each in found:
        utterance, take = each.line.utterance, takes[each.line.utterance.id]
        others = levels[each.line.chapter]
        apart = _level_db(take) - statistics.median(others) if others and not is_silent(take) else 0.0
        if abs(apart) > _APART_DB:
            told.append(
                Notice(
                    message=f"{utterance.id}: {each.path.name} is {abs(apart):.0f} dB"
                    f" {'louder' if apart > 0 else 'quieter'} than the other lines of its chapter, and will"
                    " be heard so; bring it in at their level",
                    file=utterance.file,
                    line=utterance.line,
                    utterance=utterance.id,
                )
            )
    return told


def _level_db(take: Take) -> float:
    """RMS of what sounds of a take, in dB of full scale."""
    sounding = take.level.speech_end_sample - take.level.speech_start_sample
    return 10 * log10(max(take.level.energy, 1e-12) / sounding)


def _added(each: _Found, takes: Mapping[str, Take]) -> AddedTake:
    utterance, take = each.line.utterance, takes[each.line.utterance.id]
    return AddedTake(
        id=utterance.id,
        text=utterance.text,
        file=str(each.path),
        take=take.id,
        before=each.line.take.id if each.line.take else None,
        milliseconds=milliseconds(take.samples, take.rate),
        holds=take.alignment.holds if take.alignment else None,
        doubts=listed_doubts(take, utterance.text),
    )
