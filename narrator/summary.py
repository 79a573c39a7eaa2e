"""What was found or made, summed up: for `--json`, and for the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from narrator.assembly import Assembled, Setting
from narrator.manuscript import Notice
from narrator.pipeline import Outcome
from narrator.planning import PlannedChapter, estimate, to_record
from narrator.preparing import Prepared
from narrator.providers.base import Provider
from narrator.reporting import ChapterReport, CoverageFigures, Loudness, Report, Unmade
from narrator.results import (
    Check,
    CheckedChapter,
    CheckedCoverage,
    CheckedEstimate,
    MadeChapter,
    Production,
    Spent,
)


def checked(prepared: Prepared, providers: Mapping[str, Provider], notices: Sequence[Notice]) -> Check:
    """A project as planned, nothing spent."""
    plan, coverage = prepared.plan, prepared.coverage
    wanted = estimate(plan, providers)
    missing = Counter(line.chapter for line in to_record(plan.lines, providers))
    chapters = tuple(_checked_chapter(planned, missing[planned.chapter.number]) for planned in plan.chapters)
    return Check(
        chapters=chapters,
        utterances=sum(chapter.utterances for chapter in chapters),
        characters=sum(chapter.characters for chapter in chapters),
        coverage=CheckedCoverage(
            complete=coverage.complete,
            missing=tuple(
                f"{loss.file}:{loss.line}: {loss.reason}: {loss.text}" for loss in coverage.missing
            ),
            files=coverage.files,
            characters=coverage.characters,
            spoken=coverage.spoken,
            markup=coverage.markup,
            skipped=dict(coverage.skipped),
        ),
        to_record=wanted.requests,
        estimate=CheckedEstimate(
            seconds=round(wanted.seconds, 1),
            requests=wanted.requests,
            characters=wanted.characters,
            amount=round(wanted.amount, 6),
            currency=wanted.currency,
        ),
        unattributed=sum(chapter.unattributed for chapter in chapters),
        warnings=_texts(prepared.notices, notices),
    )


def _checked_chapter(planned: PlannedChapter, missing: int) -> CheckedChapter:
    utterances = planned.chapter.utterances
    return CheckedChapter(
        number=planned.chapter.number,
        title=planned.chapter.title,
        utterances=len(utterances),
        characters=sum(len(utterance.text) for utterance in utterances),
        to_record=missing,
        unattributed=sum(utterance.quotations for utterance in utterances),
        roles=tuple(dict.fromkeys(utterance.role for utterance in utterances)),
    )


def produced(
    prepared: Prepared, chapters: Sequence[PlannedChapter], outcome: Outcome, setting: Setting
) -> Production:
    """A run over some chapters."""
    served = sum(line.utterance.id in outcome.taken for planned in chapters for line in planned.lines)
    seconds = sum(made.timeline.samples / made.timeline.rate for made in outcome.assembled)
    return Production(
        recorded=len(outcome.recorded),
        reused=served - len(outcome.recorded),
        requests=outcome.requests,
        seconds=round(seconds, 3),
        spent=_spent(outcome),
        chapters=tuple(_made(made, setting) for made in outcome.assembled),
        warnings=_texts(
            prepared.notices, setting.store.notices, outcome.notices, of_masters(outcome.assembled)
        ),
        errors=tuple(str(error) for error in outcome.errors),
        exit_code=outcome.errors[0].exit_code if outcome.errors else 0,
    )


def _spent(outcome: Outcome) -> Spent:
    currencies = [take.currency for take in outcome.kept if take.cost]
    return Spent(
        amount=round(sum(take.cost for take in outcome.kept), 6),
        currency=currencies[0] if currencies else "USD",
    )


def _made(made: Assembled, setting: Setting) -> MadeChapter:
    names = {facts.name.rpartition(".")[2]: facts.name for facts in made.files}
    folder = setting.build.resolve() / "chapters"
    return MadeChapter(
        number=made.chapter.number,
        title=made.chapter.title,
        mp3=str(folder / names["mp3"]) if "mp3" in names else None,
        cue=str(folder / names["cue"]) if "cue" in names else None,
        duration_ms=made.timeline.duration_ms,
        unchanged=not made.changed,
    )


def reported(prepared: Prepared, assembled: Mapping[int, Assembled], setting: Setting) -> Report:
    """
    The whole book as it stands; nothing about the run that made it, such as takes it had to mend.

    Args:
        assembled: every chapter whose files are in place and current, by number.
    """
    coverage = prepared.coverage
    planned = prepared.plan.chapters
    return Report(
        book=prepared.project.book,
        chapters=tuple(
            _chapter_report(each, assembled[each.chapter.number], setting)
            for each in planned
            if each.chapter.number in assembled
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
        notices=tuple(dict.fromkeys((*prepared.notices, *of_masters(assembled.values())))),
        cover=f"../{setting.cover.path}" if setting.cover else None,
    )


def _chapter_report(planned: PlannedChapter, made: Assembled, setting: Setting) -> ChapterReport:
    master = made.master
    measured = master.loudness.model_dump() if master and master.loudness else {}
    takes = {take.id: take for take in made.taken}
    by_currency: Counter[str] = Counter()
    for take in takes.values():
        by_currency[take.currency] += take.cost  # type: ignore[assignment]  # money, not counts
    return ChapterReport(
        timeline=made.timeline,
        files=tuple((facts.name.rpartition(".")[2], f"chapters/{facts.name}") for facts in made.files),
        loudness=Loudness(profile=setting.book.loudness, **measured),
        peaks=master.peaks if master else (),
        spent=tuple(
            Spent(amount=amount, currency=name) for name, amount in sorted(by_currency.items()) if amount
        ),
        unattributed=sum(utterance.quotations for utterance in planned.chapter.utterances),
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
