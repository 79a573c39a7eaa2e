"""What was made, summed up: for `--json`, and for the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from narrator.assembly import Assembled, Setting
from narrator.errors import LoudnessOutOfRange, MissingTake, NarratorError, ProviderError
from narrator.findings import Findings
from narrator.ledger import Ledger
from narrator.manuscript import Notice
from narrator.pipeline import Outcome
from narrator.planning import PlannedChapter
from narrator.preparing import Prepared
from narrator.reporting import ChapterReport, CoverageFigures, Loudness, Report, Unmade
from narrator.results import MadeChapter, Production, Spent, UnmadeChapter
from narrator.spending import amount


def produced(
    prepared: Prepared,
    chapters: Sequence[PlannedChapter],
    outcome: Outcome,
    setting: Setting,
    ledger: Ledger,
) -> Production:
    """A run over some chapters."""
    served = sum(line.utterance.id in outcome.taken for planned in chapters for line in planned.lines)
    seconds = sum(made.outline.samples / made.outline.rate for made in outcome.assembled)
    return Production(
        recorded=len(outcome.recorded),
        reused=served - len(outcome.recorded),
        requests=outcome.requests,
        seconds=round(seconds, 3),
        spent=_most(ledger.run_spent),
        wasted=_most(ledger.run_wasted),
        chapters=tuple(_made(made, setting) for made in outcome.assembled),
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


def _most(by_currency: Mapping[str, int]) -> Spent:
    """The largest of several amounts in millionths; books with several currencies are told by the ledger."""
    currency, millionths = max(by_currency.items(), key=lambda each: each[1], default=("USD", 0))
    return Spent(amount=amount(millionths), currency=currency)


def _made(made: Assembled, setting: Setting) -> MadeChapter:
    names = {facts.name.rpartition(".")[2]: facts.name for facts in made.files}
    folder = setting.build.resolve() / "chapters"
    return MadeChapter(
        number=made.chapter.number,
        title=made.chapter.title,
        mp3=str(folder / names["mp3"]) if "mp3" in names else None,
        cue=str(folder / names["cue"]) if "cue" in names else None,
        duration_ms=made.outline.duration_ms,
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
        notices=tuple(
            dict.fromkeys((*prepared.notices, *_doubts(planned, assembled), *of_masters(assembled.values())))
        ),
        cover=f"../{setting.cover.path}" if setting.cover else None,
    )


def _doubts(planned: Iterable[PlannedChapter], assembled: Mapping[int, Assembled]) -> Iterable[Notice]:
    """Of takes that do not seem to hold their lines; the plan has told of those it knew of."""
    findings = Findings()
    for chapter in planned:
        if made := assembled.get(chapter.chapter.number):
            for line, take in zip(chapter.lines, made.taken, strict=True):
                if line.chosen is None:
                    findings.doubted(line.utterance, take)
    return findings.notices()


def _chapter_report(planned: PlannedChapter, made: Assembled, setting: Setting) -> ChapterReport:
    master = made.master
    measured = master.loudness.model_dump() if master and master.loudness else {}
    takes = {take.id: take for take in made.taken}
    by_currency: Counter[str] = Counter()
    for take in takes.values():
        by_currency[take.currency] += take.cost  # type: ignore[assignment]  # money, not counts
    return ChapterReport(
        timeline=made.outline,
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
