"""The verb that says what a book is, what it would cost, and what an edit has to be recorded for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from narrator.bulletins import doubts
from narrator.cli.bulletin import Strict
from narrator.cli.output import clock, cost, count, print_json, say, say_error, tell, warn
from narrator.errors import OutputError
from narrator.production import check as check_project
from narrator.results import Check, CheckedChange, CheckedChapter, CheckedEstimate, CheckedModel
from narrator.spending import MILLION, money

LISTED = 20
"""Lines to be recorded again that are listed one by one."""


def check(
    project: Annotated[Path, typer.Argument(help="Folder that holds book.yaml.", show_default=False)],
    json: Annotated[
        bool, typer.Option("--json", help="Print one machine-readable result on stdout.")
    ] = False,
    rehearse: Annotated[
        bool,
        typer.Option(
            "--rehearse", help="Play every role with a distinct embedded voice, whatever the cast says."
        ),
    ] = False,
    strict: Strict = False,
) -> int:
    """Parse, cast, prove coverage, plan and price; spends nothing."""
    checked = check_project(project, rehearse=rehearse)
    doubted = doubts(checked.warnings) if strict else ()
    if json:
        print_json(checked.model_copy(update={"errors": doubted}).model_dump(by_alias=True))
    else:
        _say(checked)
    for error in doubted:
        say_error(error, json=False)
    return OutputError.exit_code if doubted else 0


def _say(checked: Check) -> None:
    for line in _table(checked):
        tell(line)
    for model in checked.estimate.by_model:
        tell(_asked_of(model))
    for line in _money(checked):
        tell(line)
    for line in _changes(checked):
        tell(line)
    _say_coverage(checked)
    estimate = checked.estimate
    say(
        f"{count(checked.utterances, 'utterance')}, about {clock(estimate.seconds)} of audio;"
        f" {count(checked.to_record, 'take')} to record ({estimate.characters:,} characters),"
        f" estimated cost {_estimated(estimate)}"
    )
    warn(checked.warnings)


def _estimated(estimate: CheckedEstimate) -> str:
    known = cost(*estimate.costs)
    if all(model.price_known for model in estimate.by_model):
        return known or cost(estimate)
    return f"{known}, and more at a price that is not known" if known else "not known"


def _table(checked: Check) -> Iterable[str]:
    """A line a chapter, and their sums."""
    chapters, estimate = checked.chapters, checked.estimate
    titles = [chapter.title for chapter in chapters]
    costs = [cost(*chapter.cost) or "-" for chapter in chapters]
    total = cost(*estimate.costs) or "-"
    width = max(map(len, ("chapter", *titles)))
    wide = max(map(len, ("cost", total, *costs)))
    yield (
        f"  #  {'chapter':{width}}  utterances  characters   on hand  to record  requests    length"
        f"  {'cost':>{wide}}"
    )
    for chapter, each in zip(chapters, costs, strict=True):
        unattributed = f"  {chapter.unattributed} unattributed" if chapter.unattributed else ""
        figures = _figures([chapter], chapter.seconds, chapter.requests)
        yield f"{chapter.number:3d}  {chapter.title:{width}}{figures}  {each:>{wide}}{unattributed}"
    figures = _figures(chapters, estimate.seconds, estimate.requests)
    yield f"     {'in all':{width}}{figures}  {total:>{wide}}"


def _figures(chapters: Sequence[CheckedChapter], seconds: float, requests: int) -> str:
    utterances = sum(chapter.utterances for chapter in chapters)
    characters = sum(chapter.characters for chapter in chapters)
    on_hand = sum(chapter.on_hand for chapter in chapters)
    missing = sum(chapter.to_record for chapter in chapters)
    lines = f"  {utterances:10,}  {characters:10,}  {on_hand:8,}  {missing:9,}"
    return f"{lines}  {requests:8,}  {clock(seconds):>8}"


def _asked_of(model: CheckedModel) -> str:
    name = f"{model.provider} {model.model}".strip()
    asked = f"{name}: {count(model.requests, 'request')}, {model.characters:,} characters"
    if not model.price_known:
        return f"{asked}, at a price that is not known; set it under `providers:` in book.yaml"
    if not model.amount:
        return f"{asked}, which cost nothing"
    price = f"{model.price_per_1000:g} {model.currency} for 1,000 characters"
    if model.price_per_minute:
        price = f"{model.price_per_minute:g} {model.currency} for a minute of sound"
        if not model.predicted:
            price += ", which is told by the text: `predict: true` asks the service"
    known = f"price of {model.priced_on}" if model.priced_on else "price from book.yaml"
    return f"{asked}, {cost(model)} ({price}; {known})"


def _money(checked: Check) -> Iterable[str]:
    for spent in checked.spent:
        wasted = _millionths(spent.wasted)
        lost = f", of which {money(wasted, spent.currency)} brought nothing" if wasted else ""
        yield f"spent so far: {cost(spent)}{lost}"
    for budget in checked.budget:
        left = money(_millionths(budget.left), budget.currency)
        yield f"budget: {cost(budget)}, {left} left{'' if budget.enough else ', which is not enough'}"


def _changes(checked: Check) -> Iterable[str]:
    """What is to be recorded since the last build: how much for which reason, and the first lines of it."""
    if not checked.built:
        if checked.to_record:
            yield "never built as a whole by this version: nothing to compare with"
        return
    changes = checked.changes
    if not changes:
        return
    reasons = Counter(change.reason for change in changes)
    told = ", ".join(f"{lines:,} {reason}" for reason, lines in reasons.most_common())
    yield f"to be recorded since the last build: {count(len(changes), 'line')} ({told})"
    for change in changes[:LISTED]:
        yield f"  {change.file}:{change.line}  {change.id}  {change.role}  {_why(change)}  {change.text}"
    if len(changes) > LISTED:
        yield f"  and {len(changes) - LISTED:,} more, which --json lists"


def _why(change: CheckedChange) -> str:
    return change.reason if change.was is None else f"{change.reason}: {change.was} -> {change.now}"


def _say_coverage(checked: Check) -> None:
    coverage = checked.coverage
    skipped = ", ".join(f"{characters:,} {reason}" for reason, characters in coverage.skipped.items())
    say(
        f"coverage complete: {count(coverage.files, 'file')} put back together,"
        f" {coverage.characters:,} characters: {coverage.spoken:,} spoken, {coverage.markup:,} markup,"
        f" skipped: {skipped or 'none'}"
    )
    if checked.unattributed:
        say(f"{count(checked.unattributed, 'quotation')} unattributed: the narrator reads them")


def _millionths(amount: float) -> int:
    return round(amount * MILLION)
