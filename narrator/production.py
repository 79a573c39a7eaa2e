"""The whole book, top to bottom: prepare, record, assemble, report. No detail lives here."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from narrator.assembly import Assembled, Setting, standing
from narrator.checking import checked
from narrator.errors import OutputError, UsageError
from narrator.inputs import code_identity, fingerprint, same
from narrator.manuscript import Notice
from narrator.needing import needs, voice_name
from narrator.pipeline import Outcome
from narrator.preparing import Prepared, prepare
from narrator.progress import Progress, Silent
from narrator.project import open_project
from narrator.providers import Providers
from narrator.receipts import RunReceipt, all_there, discard, facts_of, read_run, stems, unchanged, write_run
from narrator.reporting import write_report
from narrator.results import Check, MadeChapter, Production
from narrator.session import Session, collecting_rarely, make, open_session, tracks
from narrator.sharding import Shard, share
from narrator.store import TakeStore
from narrator.summary import produced, reported

PACKAGE = Path(__file__).parent


def check(folder: Path, *, rehearse: bool = False) -> Check:
    """
    Parse, cast, prove coverage, plan and price; spends and writes nothing.

    Raises:
        ProjectErrors: whatever is wrong with the project, all of it together.
        ConfigurationError: the budget is in another currency than what would be charged.
    """
    project = open_project(folder, rehearse=rehearse)
    with collecting_rarely(), Providers(project.book.providers, language=project.book.language) as providers:
        store = TakeStore(project.takes)
        prepared = prepare(project, store, providers, rehearse=rehearse)
        return checked(prepared, providers, store, rehearse=rehearse)


def produce(
    folder: Path,
    *,
    only: Iterable[int] = (),
    shard: Shard | None = None,
    rehearse: bool = False,
    progress: Progress | None = None,
) -> Production:
    """
    Record what is missing, stitch, and export everything.

    Args:
        folder: the project.
        only: chapter numbers; empty for the whole book.
        shard: record one share of it, and make the chapters that are complete by then.
        rehearse: play every role with a distinct embedded voice, whatever the cast says.

    Raises:
        NarratorError: the work could not be begun, or was interrupted. What goes wrong later with one
            line or chapter is in `Production.errors`; the rest of the book is made all the same.
    """
    progress = progress or Silent()
    chosen = frozenset(only)
    identity = f"{code_identity(PACKAGE)} rehearse={rehearse}"
    whole = not chosen and shard is None
    if whole and (last := _nothing_to_do(folder, identity)):
        for warning in last.warnings:  # they still hold
            progress.notice(Notice(message=warning))
        return last
    project = open_project(folder, rehearse=rehearse)
    # Now and not at the end: what is edited meanwhile is not in this build.
    inputs = fingerprint(project.root, project.inputs)
    with open_session(project, rehearse=rehearse, progress=progress, command="book") as session:
        prepared = session.prepare()
        for notice in (*prepared.notices, *session.store.notices):
            progress.notice(notice)
        numbers = numbered(prepared, chosen)
        ours = share(prepared.plan.lines, shard, session.providers) if shard else None
        if shard and shard.of > 1:
            _refuse_many_voices(prepared, session)
        session.assert_affordable(prepared, numbers, ours)
        made = make(session, prepared, numbers, only=ours)
        prepared, setting = made.prepared, session.setting(made.prepared)
        outcome = publish(session, prepared, made.outcome)
        planned = [planned for _, planned in tracks(prepared, numbers)]
        result = produced(prepared, planned, outcome, setting, session.ledger)
        try:
            if whole and not outcome.errors and not made.stood_in:
                _sweep_away_former_chapters(prepared, project.build)
                read = (*inputs, *prepared.guides.inputs)
                receipt = _receipt(session, outcome, result, code=identity, inputs=read)
                write_run(project.build, receipt)
        except OutputError as error:
            outcome = outcome._replace(errors=(*outcome.errors, error))
            result = produced(prepared, planned, outcome, setting, session.ledger)
        return result


def publish(session: Session, prepared: Prepared, outcome: Outcome) -> Outcome:
    """Write the report of the whole book as it stands; the outcome, with what went wrong with that."""
    setting = session.setting(prepared)
    try:
        made = _all_made(prepared, outcome, setting)
        write_report(reported(prepared, made, setting, session.providers), session.project.build)
    except OutputError as error:
        return outcome._replace(errors=(*outcome.errors, error))
    return outcome


def numbered(prepared: Prepared, chosen: frozenset[int]) -> frozenset[int]:
    """The numbers of the chapters to make."""
    known = [planned.chapter.number for planned in prepared.plan.chapters]
    if unknown := sorted(chosen - set(known)):
        raise UsageError(
            f"no chapter {', '.join(map(str, unknown))}; this book has {known[0]} to {known[-1]}"
            " (`narrator check` lists them)"
        )
    return chosen or frozenset(known)


def _all_made(prepared: Prepared, outcome: Outcome, setting: Setting) -> dict[int, Assembled]:
    """What this run made, and the other chapters whose files are current."""
    made = {assembled.chapter.number: assembled for assembled in outcome.assembled}
    for track, planned in enumerate(prepared.plan.chapters, start=1):
        number = planned.chapter.number
        if number not in made and (found := standing(planned, track, setting)):
            made[number] = found
    return made


def _refuse_many_voices(prepared: Prepared, session: Session) -> None:
    """Refuse to record shares of a book with a voice that every share would make for itself."""
    made = {*needs(prepared.plan, session.providers).designed, *session.ledger.coming.made}
    for line in prepared.plan.lines:
        request = line.request
        if request.description is None or voice_name(request.provider, request.description) in made:
            continue
        raise UsageError(
            f"the voice of {line.utterance.role} is made from its description, and is not made yet: every"
            " shard would make another one. Record a chapter in which it speaks first"
            f" (`narrator chapter PROJECT {line.chapter}`), and give all shards the takes"
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
            "spent": last.spent.model_copy(update={"amount": 0.0, "costs": ()}),
            "wasted": last.wasted.model_copy(update={"amount": 0.0, "costs": ()}),
            "chapters": chapters,
        }
    )


def _lying_in(folder: str, chapter: MadeChapter) -> MadeChapter:
    """The chapter, unchanged, with its files in *folder*; `""` in a receipt, since a project may be moved."""
    mp3, cue = (path and str(Path(folder, Path(path).name)) for path in (chapter.mp3, chapter.cue))
    return chapter.model_copy(update={"mp3": mp3, "cue": cue, "unchanged": True})


def _receipt(
    session: Session, outcome: Outcome, result: Production, *, code: str, inputs: tuple[tuple[str, str], ...]
) -> RunReceipt:
    project = session.project
    # Those of this run only.
    passing = {str(notice) for notice in (*session.store.notices, *outcome.notices, *session.ledger.notices)}
    reports = (facts_of(project.build, name) for name in ("report.json", "report.html"))
    files = (
        facts._replace(name=f"chapters/{facts.name}") for each in outcome.assembled for facts in each.files
    )
    used = {f"{take.key[:2]}/{take.key}/{take.id}": take.flac_bytes for take in outcome.taken.values()}
    return RunReceipt(
        code=code,
        inputs=inputs,
        takes=tuple(sorted(used.items())),
        outputs=(*reports, *files),
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
