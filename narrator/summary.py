"""What was made, summed up: for `--json`, and for the report."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from narrator.assembly import Assembled, Setting
from narrator.casting import ServiceStatus
from narrator.errors import LoudnessOutOfRange, MissingTake, NarratorError, ProviderError
from narrator.findings import NOT_THE_LINE, Findings, doubts_of
from narrator.ledger import Ledger
from narrator.manuscript import Notice
from narrator.pipeline import Outcome
from narrator.planning import Line, PlannedChapter
from narrator.preparing import Prepared
from narrator.providers.base import Provider
from narrator.reporting import ChapterReport, CoverageFigures, Loudness, Report, StandIn, Unmade
from narrator.results import MadeChapter, Production, RunSpent, Spent, UnmadeChapter
from narrator.spending import amount
from narrator.stitching import used
from narrator.takes import Take
from narrator.timeline import Heard, milliseconds
from narrator.typesetting import DoubtedLine


def produced(
    prepared: Prepared,
    chapters: Sequence[PlannedChapter],
    outcome: Outcome,
    setting: Setting,
    ledger: Ledger,
) -> Production:
    """A run over some chapters."""
    folder = setting.build.resolve() / "chapters"
    served = sum([line.utterance.id in outcome.taken for planned in chapters for line in planned.lines])
    seconds = sum(made.outline.samples / made.outline.rate for made in outcome.assembled)
    return Production(
        recorded=len(outcome.recorded),
        reused=served - len(outcome.recorded),
        requests=outcome.requests,
        seconds=round(seconds, 3),
        spent=_sum(ledger.run_spent),
        wasted=_sum(ledger.run_wasted),
        chapters=tuple(_made(made, folder) for made in outcome.assembled),
        warnings=_texts(
            prepared.notices,
            ledger.notices,
            setting.store.notices,
            outcome.notices,
            of_masters(outcome.assembled),
        ),
        errors=tuple(str(error) for error in outcome.errors),
        exit_code=outcome.errors[0].exit_code if outcome.errors else 0,
        unmade=_unmade(chapters, outcome),
    )


def _unmade(chapters: Sequence[PlannedChapter], outcome: Outcome) -> tuple[UnmadeChapter, ...]:
    made = {made.chapter.number for made in outcome.assembled}
    return tuple(
        UnmadeChapter(
            number=planned.chapter.number,
            title=planned.chapter.title,
            errors=tuple(str(error) for error in outcome.errors if _is_about(error, planned)),
        )
        for planned in chapters
        if planned.chapter.number not in made
    )


def _is_about(error: NarratorError, planned: PlannedChapter) -> bool:
    """Whether an error of the run is about this chapter: its lines, its loudness, its files."""
    if isinstance(error, MissingTake):
        return not {line.utterance.id for line in planned.lines}.isdisjoint(error.utterance_ids)
    if isinstance(error, LoudnessOutOfRange):
        return error.chapter == planned.chapter.title
    text = str(error)
    if isinstance(error, ProviderError):  # which the pipeline has given its place in the manuscript
        return any(
            text.startswith(f"{line.utterance.file}:{line.utterance.line}: ") for line in planned.lines
        )
    return f"/{planned.chapter.stem}." in text


def _sum(by_currency: Mapping[str, int]) -> RunSpent:
    """Of amounts in millionths."""
    currency, millionths = max(by_currency.items(), key=lambda each: each[1], default=("USD", 0))
    costs = (Spent(amount=amount(each), currency=name) for name, each in sorted(by_currency.items()) if each)
    return RunSpent(amount=amount(millionths), currency=currency, costs=tuple(costs))


def _made(made: Assembled, folder: Path) -> MadeChapter:
    names = {facts.name.rpartition(".")[2]: facts.name for facts in made.files}
    return MadeChapter(
        number=made.chapter.number,
        title=made.chapter.title,
        mp3=str(folder / names["mp3"]) if "mp3" in names else None,
        cue=str(folder / names["cue"]) if "cue" in names else None,
        duration_ms=made.outline.duration_ms,
        unchanged=not made.changed,
    )


def reported(
    prepared: Prepared,
    assembled: Mapping[int, Assembled],
    setting: Setting,
    providers: Mapping[str, Provider],
) -> Report:
    """
    The whole book as it stands; nothing about the run that made it, such as takes it had to mend.

    Args:
        assembled: every chapter whose files are in place and current, by number.
    """
    coverage = prepared.coverage
    planned = prepared.plan.chapters
    made = [(each, assembled[each.chapter.number]) for each in planned if each.chapter.number in assembled]
    doubtful = {each.chapter.number: _doubtful(each, its) for each, its in made}
    found = (*prepared.notices, *_doubts(chain.from_iterable(doubtful.values())))
    return Report(
        book=prepared.project.book,
        chapters=tuple(
            _chapter_report(each, its, setting, doubtful[each.chapter.number]) for each, its in made
        ),
        coverage=CoverageFigures(
            characters=coverage.characters,
            spoken=coverage.spoken,
            markup=coverage.markup,
            skipped=tuple(coverage.skipped),
            complete=coverage.complete,
        ),
        unmade=tuple(
            Unmade(number=each.chapter.number, title=each.chapter.title, reason="not made, or out of date")
            for each in planned
            if each.chapter.number not in assembled
        ),
        notices=tuple(dict.fromkeys((*_at_their_lines(found, planned), *of_masters(assembled.values())))),
        stand_ins=_stand_ins(prepared, providers),
        cover=f"../{setting.cover.path}" if setting.cover else None,
    )


class _Doubtful(NamedTuple):
    """A line whose take was looked at, which nobody has vouched for."""

    line: Line
    take: Take
    heard: Heard


def _doubtful(planned: PlannedChapter, made: Assembled) -> list[_Doubtful]:
    return [
        _Doubtful(line, take, heard)
        for line, take, heard in zip(planned.lines, made.taken, made.outline.placements, strict=True)
        if take.alignment is not None and not line.vouched
    ]


def _doubts(doubtful: Iterable[_Doubtful]) -> Iterable[Notice]:
    """Of takes that do not seem to hold their lines; the plan has told of those it knew of."""
    findings = Findings()
    for line, take, _ in doubtful:
        findings.doubted(line.utterance, take)
    return findings.notices()


def _doubted_lines(doubtful: Iterable[_Doubtful], rate: int) -> Iterator[DoubtedLine]:
    """The same, where they are on a chapter's clock."""
    for line, take, heard in doubtful:
        start_ms, end_ms = (milliseconds(at, rate) for at in (heard.start_sample, heard.end_sample))
        if take.alignment is not None and not take.alignment.holds:
            yield DoubtedLine(
                line.utterance.id, take.id, "all", NOT_THE_LINE, line.utterance.text, start_ms, end_ms
            )
            continue
        left_out_ms = milliseconds(used(take)[0], take.rate)
        for doubt in doubts_of(take, line.utterance.text):
            places = (start_ms + at_ms - left_out_ms for at_ms in (doubt.start_ms, doubt.end_ms))
            first_ms, last_ms = (min(max(at_ms, start_ms), end_ms) for at_ms in places)
            yield DoubtedLine(
                line.utterance.id, take.id, doubt.kind, doubt.what, doubt.words, first_ms, last_ms
            )


def _at_their_lines(notices: Iterable[Notice], planned: Sequence[PlannedChapter]) -> Iterator[Notice]:
    """The notices; those about a place in the manuscript name the line there, or the one before."""
    by_file: dict[str, list[tuple[int, str]]] = {}
    for notice in notices:
        if notice.utterance is not None or notice.line is None:
            yield notice
            continue
        if notice.file not in by_file:
            by_file[notice.file] = sorted(
                (each.line, each.id)
                for chapter in planned
                for each in chapter.chapter.utterances
                if each.file == notice.file
            )
        lines = by_file[notice.file]
        # The first of several that begin in one line.
        at = bisect_left(lines, (notice.line, ""))
        if at == len(lines) or (lines[at][0] > notice.line and at > 0):
            at -= 1
        yield notice.model_copy(update={"utterance": lines[at][1]}) if lines else notice


def _stand_ins(prepared: Prepared, providers: Mapping[str, Provider]) -> tuple[StandIn, ...]:
    """The roles that speak with their stand-ins, and how it stands with the service of their own voice."""
    found = []
    for role in prepared.project.cast.roles:
        assignment = prepared.plan.assignments.get(role.name)
        if assignment is None or not assignment.stand_in:
            continue
        name = (role.voice or "").partition("/")[0]
        status = providers[name].status if name in providers else None
        service = f"narrator has no provider {name!r}" if status is None else _state(status)
        found.append(
            StandIn(
                role=role.name,
                voice=f"{assignment.provider}/{assignment.voice}",
                instead_of=role.voice or "",
                service=service,
                ends=status.ends if status else None,
            )
        )
    return tuple(found)


def _state(status: ServiceStatus) -> str:
    """A stand-in speaks only for a service that did not answer; what its makers have said may tell why."""
    return f"its service did not answer; {status.note}" if status.note else "its service did not answer"


def _chapter_report(
    planned: PlannedChapter, made: Assembled, setting: Setting, doubtful: Sequence[_Doubtful]
) -> ChapterReport:
    master = made.master
    measured = master.loudness.model_dump() if master and master.loudness else {}
    costs = {take.id: (take.currency, take.cost) for take in made.taken if take.cost}
    by_currency: dict[str, float] = {}
    for currency, cost in costs.values():
        by_currency[currency] = by_currency.get(currency, 0) + cost
    return ChapterReport(
        timeline=made.outline,
        files=tuple((facts.name.rpartition(".")[2], f"chapters/{facts.name}") for facts in made.files),
        loudness=Loudness(profile=setting.book.loudness, **measured),
        peaks=master.peaks if master else (),
        spent=tuple(
            Spent(amount=amount, currency=name) for name, amount in sorted(by_currency.items()) if amount
        ),
        unattributed=sum([utterance.quotations for utterance in planned.chapter.utterances]),
        doubts=tuple(_doubted_lines(doubtful, made.outline.rate)),
    )


def of_masters(assembled: Iterable[Assembled]) -> tuple[Notice, ...]:
    """What mastering had to say, with the chapter's name."""
    return tuple(
        Notice(message=f"{made.chapter.title}: {notice.message}")
        for made in assembled
        if made.master
        for notice in made.master.notices
    )


def _texts(*groups: Sequence[Notice]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(notice) for group in groups for notice in group))
