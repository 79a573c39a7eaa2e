"""What a check found: the book as planned, what it would cost, and what an edit has to be recorded for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from narrator.budgeting import assert_covered, millionths_of, passed
from narrator.built import read_built
from narrator.changes import Change
from narrator.comparing import compared
from narrator.coverage import Coverage
from narrator.estimating import ChapterEstimate, Estimate, estimate
from narrator.ledger.tally import Tally, read_tally
from narrator.manuscript import Notice
from narrator.planning import PlannedChapter, takes_of, to_record
from narrator.predicting import predict
from narrator.preparing import Prepared
from narrator.providers.base import Provider
from narrator.results import (
    Check,
    CheckedBudget,
    CheckedChange,
    CheckedChapter,
    CheckedCoverage,
    CheckedEstimate,
    CheckedModel,
    CheckedSpending,
    Spent,
)
from narrator.spending import MILLION, amount
from narrator.splitting import paid_for
from narrator.stitching import silence_ms
from narrator.store import TakeStore
from narrator.takes import Take

FIRST_CHARACTERS = 60
"""Of a line that is to be recorded again."""


def checked(
    prepared: Prepared, providers: Mapping[str, Provider], store: TakeStore, *, rehearse: bool = False
) -> Check:
    """
    A project as planned; nothing is spent or written. Services that say for nothing how long a line will
    sound are asked, where book.yaml wants that.

    Raises:
        ConfigurationError: see `budgeting.assert_covered`.
        OutputError: the ledger is there and cannot be read.
    """
    plan, project = prepared.plan, prepared.project
    missing = to_record(plan.lines, providers)
    predictions = predict(plan.lines, providers)
    tally = read_tally(project.takes)
    wanted = estimate(plan.lines, providers, predicted=predictions.ms, coming=tally.coming.all)
    assert_covered(wanted, project.book.budget)
    in_use = (take for line in plan.lines for take in takes_of(line, store.takes))
    # Without a ledger the next run makes one of every take there is.
    spent = _spent(tally, in_use if tally.kept else store.every())
    budget, stops = _budget(prepared, wanted, spent)
    built = read_built(project.build, rehearse=rehearse)
    changes = compared(plan, missing, built, build=project.build, store=store) if built and missing else []
    figures = {chapter.number: chapter for chapter in wanted.chapters}
    chapters = tuple(
        _chapter(planned, figures.get(planned.chapter.number, _NOTHING), prepared)
        for planned in plan.chapters
    )
    return Check(
        chapters=chapters,
        utterances=sum(chapter.utterances for chapter in chapters),
        characters=sum(chapter.characters for chapter in chapters),
        coverage=_coverage(prepared.coverage),
        to_record=len(missing),
        estimate=_estimate(
            wanted,
            seconds=sum(chapter.seconds for chapter in chapters),
            predicted={request.provider for request, _ in predictions.ms},
        ),
        spent=spent,
        budget=budget,
        built=built is not None,
        changes=tuple(map(_change, changes)),
        unattributed=sum(chapter.unattributed for chapter in chapters),
        warnings=_texts(
            prepared.notices, predictions.notices, tally.notices, store.notices, _unpriced(wanted), stops
        ),
    )


_NOTHING = ChapterEstimate(0, 0.0, 0, 0, {})
"""Of a chapter without a line."""


def _chapter(planned: PlannedChapter, wanted: ChapterEstimate, prepared: Prepared) -> CheckedChapter:
    utterances = planned.chapter.utterances
    silence = silence_ms(planned.chapter, prepared.project.book.pauses)
    return CheckedChapter(
        number=planned.chapter.number,
        title=planned.chapter.title,
        utterances=len(utterances),
        characters=sum(len(utterance.text) for utterance in utterances),
        to_record=wanted.to_record,
        on_hand=sum(line.take is not None for line in planned.lines),
        seconds=round(wanted.seconds + silence / 1000, 3),
        requests=wanted.requests,
        cost=_by_currency(wanted.costs),
        unattributed=sum(utterance.quotations for utterance in utterances),
        roles=tuple(dict.fromkeys(utterance.role for utterance in utterances)),
    )


def _coverage(coverage: Coverage) -> CheckedCoverage:
    return CheckedCoverage(
        complete=coverage.complete,
        missing=tuple(f"{loss.file}:{loss.line}: {loss.reason}: {loss.text}" for loss in coverage.missing),
        files=coverage.files,
        characters=coverage.characters,
        spoken=coverage.spoken,
        markup=coverage.markup,
        skipped=dict(coverage.skipped),
    )


def _estimate(wanted: Estimate, *, seconds: float, predicted: Collection[str]) -> CheckedEstimate:
    return CheckedEstimate(
        seconds=round(seconds, 3),
        requests=wanted.requests,
        characters=wanted.characters,
        amount=wanted.amount,
        currency=wanted.currency,
        costs=_by_currency(wanted.costs),
        by_model=tuple(
            CheckedModel.model_validate(
                {
                    **model._asdict(),
                    "amount": amount(model.amount),
                    "predicted": model.provider in predicted,
                }
            )
            for model in wanted.models
        ),
    )


def _spent(tally: Tally, taken: Iterable[Take]) -> tuple[CheckedSpending, ...]:
    """By the ledger; and by the sidecars of takes it does not know, which the next run adds to it."""
    spent: Counter[str] = Counter()
    wasted: Counter[str] = Counter()
    for total in tally.totals:
        spent[total.currency] += total.paid + total.wasted + total.in_flight
        wasted[total.currency] += total.wasted
    known = {(kept.key, kept.take_id) for kept in tally.kept}
    paid = {(take.key, take.id): take for take in paid_for(taken) if take.cost}
    for name, take in paid.items():
        if name not in known:
            spent[take.currency] += round(take.cost * MILLION)
    return tuple(
        CheckedSpending(amount=amount(millionths), currency=currency, wasted=amount(wasted[currency]))
        for currency, millionths in sorted(spent.items())
        if millionths
    )


def _budget(
    prepared: Prepared, wanted: Estimate, spent: Sequence[CheckedSpending]
) -> tuple[tuple[CheckedBudget, ...], tuple[Notice, ...]]:
    """What is left of it, and a warning where that is not enough."""
    before = {each.currency: round(each.amount * MILLION) for each in spent}
    found, stops = [], []
    for budget in prepared.project.book.budget:
        gone, whole = before.get(budget.currency, 0), millionths_of(budget)
        reason = passed(wanted, spent=before, budget=budget)
        found.append(
            CheckedBudget(
                amount=budget.amount,
                currency=budget.currency,
                spent=amount(gone),
                left=amount(whole - gone),
                enough=reason is None,
            )
        )
        if reason:
            stop = f"`narrator book` would stop with exit code 5 before it asks for anything: {reason}"
            stops.append(Notice(message=stop, file="book.yaml", line=budget.line))
    return tuple(found), tuple(stops)


def _unpriced(wanted: Estimate) -> tuple[Notice, ...]:
    """A warning of each provider whose requests are in no sum."""
    requests: Counter[str] = Counter()
    for model in wanted.models:
        if not model.price_known:
            requests[model.provider] += model.requests
    return tuple(
        Notice(
            message=f"what {name} costs is not known: {count:,} request{' is' if count == 1 else 's are'} in"
            f" no sum; set its price under `providers: {{{name}: ...}}` (`price_per_1000` characters, or"
            " `price_per_minute` where sound is billed; 0 where it costs nothing)",
            file="book.yaml",
        )
        for name, count in requests.items()
    )


def _change(change: Change) -> CheckedChange:
    utterance = change.line.utterance
    return CheckedChange(
        id=utterance.id,
        file=utterance.file,
        line=utterance.line,
        role=utterance.role,
        text=utterance.text[:FIRST_CHARACTERS],
        reason=change.reason,
        was=change.was,
        now=change.now,
    )


def _by_currency(costs: Mapping[str, int]) -> tuple[Spent, ...]:
    return tuple(
        Spent(amount=amount(millionths), currency=currency) for currency, millionths in costs.items()
    )


def _texts(*groups: Sequence[Notice]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(notice) for group in groups for notice in group))
