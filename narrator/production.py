"""The whole book, top to bottom: prepare, record, assemble, report. No detail lives here."""

from __future__ import annotations

import gc
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from narrator.assembly import Assembled, Setting, standing
from narrator.errors import BudgetExceeded, OutputError, UsageError
from narrator.files import locked, sweep
from narrator.inputs import code_identity, fingerprint, same
from narrator.manuscript import Notice
from narrator.pipeline import Outcome, Pipeline
from narrator.planning import Estimate, PlannedChapter, designed_voices, estimate
from narrator.preparing import Prepared, prepare
from narrator.progress import Progress, Silent
from narrator.project import open_project
from narrator.providers import Providers
from narrator.providers.base import Provider
from narrator.receipts import RunReceipt, all_there, discard, facts_of, read_run, stems, unchanged, write_run
from narrator.reporting import write_report
from narrator.results import Check, MadeChapter, Production
from narrator.standing_in import gone, together
from narrator.store import TakeStore
from narrator.summary import checked, produced, reported

PACKAGE = Path(__file__).parent


@contextmanager
def collecting_rarely() -> Iterator[None]:
    """Let Python look for reference cycles a hundred times less often while the block runs.

    A book is millions of small values that live to the end. Looking through them again and again for
    cycles, of which there are next to none, takes as long as all the rest of reading it.
    """
    before = gc.get_threshold()
    gc.set_threshold(100_000, 50, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def check(folder: Path, *, rehearse: bool = False) -> Check:
    """
    Parse, cast, prove coverage, plan and price; spends and writes nothing.

    Raises:
        ProjectErrors: whatever is wrong with the project, all of it together.
    """
    project = open_project(folder, rehearse=rehearse)
    with collecting_rarely(), Providers(project.book.providers) as providers:
        store = TakeStore(project.takes)
        prepared = prepare(project, store, providers, rehearse=rehearse)
        return checked(prepared, providers, store.notices)


def produce(
    folder: Path, *, only: Iterable[int] = (), rehearse: bool = False, progress: Progress | None = None
) -> Production:
    """
    Record what is missing, stitch, and export everything.

    Args:
        folder: the project.
        only: chapter numbers; empty for the whole book.
        rehearse: play every role with a distinct embedded voice, whatever the cast says.

    Raises:
        NarratorError: the work could not be begun, or was interrupted. What goes wrong later with one
            line or chapter is in `Production.errors`; the rest of the book is made all the same.
    """
    progress = progress or Silent()
    chosen = frozenset(only)
    identity = f"{code_identity(PACKAGE)} rehearse={rehearse}"
    if not chosen and (last := _nothing_to_do(folder, identity)):
        return last
    project = open_project(folder, rehearse=rehearse)
    # Now and not at the end: what is edited meanwhile is not in this build.
    inputs = fingerprint(project.root, project.inputs)
    with (
        locked(project.takes / ".lock", on_wait=lambda pid: progress.notice(_waiting_for(pid))),
        collecting_rarely(),
        Providers(project.book.providers) as providers,
    ):
        sweep(project.takes)
        sweep(project.build)
        store = TakeStore(project.takes)
        prepared = prepare(project, store, providers, rehearse=rehearse)
        for notice in (*prepared.notices, *store.notices):
            progress.notice(notice)
        setting = Setting(
            book=project.book,
            cover=project.cover,
            of=len(prepared.plan.chapters),
            rehearsal=rehearse,
            build=project.build,
            store=store,
            stopping=threading.Event(),
        )
        outcome = _run(prepared, chosen, setting, providers, progress)
        lost = gone(prepared, outcome)
        if lost:
            prepared = prepare(project, store, providers, rehearse=rehearse, gone=lost)
            setting = setting._replace(stopping=threading.Event())
            second = _run(prepared, chosen, setting, providers, progress, gone=lost)
            outcome = together(outcome, second, tuple(lost.values()), requests=providers.requests)
        tracks = _tracks(prepared, chosen)
        try:
            write_report(reported(prepared, _all_made(prepared, outcome, setting), setting), project.build)
            if not chosen and not outcome.errors and not lost:  # which may be back for the next run
                _sweep_away_former_chapters(prepared, project.build)
                read = (*inputs, *prepared.guides.inputs)
                write_run(project.build, _receipt(prepared, outcome, setting, code=identity, inputs=read))
        except OutputError as error:
            outcome = outcome._replace(errors=(*outcome.errors, error))
        return produced(prepared, [planned for _, planned in tracks], outcome, setting)


def _run(
    prepared: Prepared,
    chosen: frozenset[int],
    setting: Setting,
    providers: Mapping[str, Provider],
    progress: Progress,
    *,
    gone: Collection[str] = (),
) -> Outcome:
    """Record what is missing and assemble, within the budget."""
    tracks = _tracks(prepared, chosen)
    _within_budget(prepared, estimate(prepared.plan, providers))
    progress.planned(
        chapters=len(tracks),
        lines=sum(len(planned.lines) for _, planned in tracks),
        to_record=sum(line.take is None for _, planned in tracks for line in planned.lines),
    )
    return Pipeline(
        tracks,
        setting=setting,
        providers=providers,
        progress=progress,
        designed=designed_voices(prepared.plan.lines),
        read_guide=prepared.guides.read,
        gone=gone,
    ).run()


def _all_made(prepared: Prepared, outcome: Outcome, setting: Setting) -> dict[int, Assembled]:
    """What this run made, and the other chapters whose files are current."""
    made = {assembled.chapter.number: assembled for assembled in outcome.assembled}
    for track, planned in enumerate(prepared.plan.chapters, start=1):
        number = planned.chapter.number
        if number not in made and (found := standing(planned, track, setting)):
            made[number] = found
    return made


def _tracks(prepared: Prepared, chosen: frozenset[int]) -> list[tuple[int, PlannedChapter]]:
    """The chapters to make, each with its place in the book."""
    chapters = prepared.plan.chapters
    known = [planned.chapter.number for planned in chapters]
    if unknown := sorted(chosen - set(known)):
        raise UsageError(
            f"no chapter {', '.join(map(str, unknown))}; this book has {known[0]} to {known[-1]}"
            " (`narrator check` lists them)"
        )
    return [
        (track, planned)
        for track, planned in enumerate(chapters, start=1)
        if not chosen or planned.chapter.number in chosen
    ]


def _within_budget(prepared: Prepared, wanted: Estimate) -> None:
    budget = prepared.project.book.budget
    if budget is None:
        return
    paid = sum(line.take.cost for line in prepared.plan.lines if line.take is not None)
    if paid + wanted.amount > budget.amount:
        raise BudgetExceeded(
            f"recording what is missing would cost about {wanted.amount:.2f} {wanted.currency}; with"
            f" {paid:.2f} spent that passes the budget of {budget.amount:.2f} {budget.currency} in book.yaml"
        )


def _nothing_to_do(folder: Path, identity: str) -> Production | None:
    """The last run's result, if nothing it read, used or left has changed since."""
    try:
        root = folder.resolve()
    except OSError:  # the current folder is gone, for one; opening it says what is wrong
        return None
    receipt = read_run(root / "build")
    if receipt is None or receipt.code != identity or not same(root, receipt.inputs):
        return None
    if not all_there(root / "takes", receipt.takes) or not unchanged(root / "build", receipt.outputs):
        return None
    last = receipt.result
    chapters = tuple(_lying_in(f"{root}/build/chapters", chapter) for chapter in last.chapters)
    return last.model_copy(
        update={
            "recorded": 0,
            "reused": last.recorded + last.reused,
            "requests": 0,
            "spent": last.spent.model_copy(update={"amount": 0.0}),
            "chapters": chapters,
        }
    )


def _lying_in(folder: str, chapter: MadeChapter) -> MadeChapter:
    """The chapter, unchanged, with its files in *folder*; `""` in a receipt, since a project may be moved."""
    mp3, cue = (path and str(Path(folder, Path(path).name)) for path in (chapter.mp3, chapter.cue))
    return chapter.model_copy(update={"mp3": mp3, "cue": cue, "unchanged": True})


def _receipt(
    prepared: Prepared,
    outcome: Outcome,
    setting: Setting,
    *,
    code: str,
    inputs: tuple[tuple[str, str], ...],
) -> RunReceipt:
    project = prepared.project
    result = produced(prepared, prepared.plan.chapters, outcome, setting)
    passing = {str(notice) for notice in (*setting.store.notices, *outcome.notices)}  # of this run only
    reports = (facts_of(project.build, name) for name in ("report.json", "report.html"))
    chapters = (
        facts._replace(name=f"chapters/{facts.name}") for made in outcome.assembled for facts in made.files
    )
    used = {(take.key, take.id): take.flac_bytes for take in outcome.taken.values()}
    return RunReceipt(
        code=code,
        inputs=inputs,
        takes=tuple((f"{key[:2]}/{key}/{name}", size) for (key, name), size in sorted(used.items())),
        outputs=(*reports, *chapters),
        result=result.model_copy(
            update={
                "chapters": tuple(_lying_in("", chapter) for chapter in result.chapters),
                "warnings": tuple(warning for warning in result.warnings if warning not in passing),
            }
        ),
    )


def _sweep_away_former_chapters(prepared: Prepared, build: Path) -> None:
    """Remove the files of chapters that were renamed, moved or cut: they can be made again."""
    current = {planned.chapter.stem for planned in prepared.plan.chapters}
    for stem in stems(build):
        if stem not in current:
            discard(build, stem)


def _waiting_for(pid: int) -> Notice:
    who = f"another narrator (process {pid})" if pid else "another narrator"
    return Notice(message=f"{who} is working on this project; waiting for it")
