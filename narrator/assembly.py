"""One chapter, from its takes to its files: lay out, master, export, move into place, write the receipt."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from narrator.audio.joining import stream
from narrator.audio.profiles import PROFILES
from narrator.audio.tags import id3_tag
from narrator.book import Book
from narrator.errors import Interrupted
from narrator.exports import export
from narrator.files import locked, replacing
from narrator.inputs import code_identity
from narrator.manuscript import Chapter
from narrator.mastering import Master, master_chapter
from narrator.planning import PlannedChapter
from narrator.project import Cover
from narrator.recalling import basis_of, recall, spans
from narrator.receipts import (
    FileFacts,
    Receipt,
    facts_of,
    lock_of,
    read_receipt,
    recipe,
    remove,
    unchanged,
    write_receipt,
)
from narrator.stitching import lay_out
from narrator.store import TakeStore
from narrator.takes import Pcm, Take
from narrator.timeline import Outline, Timeline

MASTER_RATE = 44_100
"""Samples a second of every master: what MP3 players and shops expect."""
KBPS = 192
MADE_BY = ("narrator", "lameenc", "numpy", "soxr")
"""A new version of one of these may give other bytes."""


class Setting(NamedTuple):
    """What is the same for every chapter of a run."""

    book: Book
    cover: Cover | None
    of: int
    """How many chapters the book has, the credits among them."""
    rehearsal: bool
    build: Path
    store: TakeStore
    stopping: threading.Event


class Assembled(NamedTuple):
    """A chapter whose files are in place."""

    chapter: Chapter
    outline: Outline
    taken: tuple[Take, ...]
    """In the order of the utterances."""
    master: Master | None
    """None where no MP3 is asked for."""
    files: tuple[FileFacts, ...]
    changed: bool
    """False where every file was already what it should be."""


def standing(planned: PlannedChapter, track: int, setting: Setting) -> Assembled | None:
    """The chapter as it lies in the build folder, if it is complete and current."""
    if not planned.complete:
        return None
    taken = {line.utterance.id: line.take for line in planned.lines if line.take is not None}
    basis = _basis(planned, taken, track, setting)
    receipt = read_receipt(setting.build, planned.chapter.stem)
    if receipt and (there := _as_it_was(planned, taken, basis, receipt, setting)):
        return there
    state = _State.read(planned, taken, track, receipt, setting)
    return None if state.stale else state.assembled(changed=False)


def assemble(
    planned: PlannedChapter,
    taken: Mapping[str, Take],
    track: int,
    setting: Setting,
    *,
    on_wait: Callable[[int], None] = lambda _: None,
) -> Assembled:
    """
    Make every file of a chapter that is not there already.

    Args:
        taken: the take of each utterance, by utterance id.
        track: the chapter's place in the book, from 1.
        on_wait: called where another process is making it, with that one's id (0: not known), before waiting.

    Raises:
        MissingTake, DamagedTake, LoudnessOutOfRange, OutputError: nothing was moved into place.
        Interrupted: `setting.stopping` was set meanwhile; nothing was moved into place.
    """
    # Another process may be at the same chapter; whoever comes second finds it made.
    lock = lock_of(setting.build, planned.chapter.stem)
    with locked(lock, on_wait):
        return _assemble(planned, taken, track, setting)


def _assemble(planned: PlannedChapter, taken: Mapping[str, Take], track: int, setting: Setting) -> Assembled:
    chapter = planned.chapter
    basis = _basis(planned, taken, track, setting)
    receipt = read_receipt(setting.build, chapter.stem)
    if receipt and (there := _as_it_was(planned, taken, basis, receipt, setting)):
        return there
    state = _State.read(planned, taken, track, receipt, setting)
    if receipt and receipt.basis == basis and not state.stale and not state.unwanted:
        return state.assembled(changed=False)
    stale = state.stale
    master = _make(state, track, setting) or state.master
    files = {suffix: _facts(suffix, state, master, setting) for suffix in state.stale}
    state = state._replace(files={**state.files, **files}, master=master)
    details = master.model_dump(mode="json") if master else {}
    remove(setting.build, state.unwanted)
    made = state.assembled(changed=bool(stale))
    known = Receipt(
        files=state.in_order(),
        details=details,
        basis=basis,
        samples=made.outline.samples,
        spans=spans(made.outline),
    )
    write_receipt(setting.build, chapter.stem, known)
    return made


def _as_it_was(
    planned: PlannedChapter, taken: Mapping[str, Take], basis: str, receipt: Receipt, setting: Setting
) -> Assembled | None:
    """The chapter by its receipt alone, if that was written for the same and all its files are there."""
    chapter = planned.chapter
    suffixes = [facts.name.rpartition(".")[2] for facts in receipt.files]
    if (
        not basis
        or receipt.basis != basis
        or sorted(suffixes) != sorted(setting.book.formats)
        or len(receipt.spans) != len(chapter.utterances)
        or not unchanged(setting.build / "chapters", receipt.files)
    ):
        return None
    master = _measured(receipt) if "mp3" in suffixes else None
    if master is None and "mp3" in suffixes:
        return None
    outline = recall(chapter, taken, receipt.spans, rate=MASTER_RATE, samples=receipt.samples)
    takes = tuple(taken[utterance.id] for utterance in chapter.utterances)
    return Assembled(chapter, outline, takes, master, receipt.files, False)


class _State(NamedTuple):
    """A chapter's files: what they should be made from, and which of them are."""

    chapter: Chapter
    timeline: Timeline
    taken: Mapping[str, Take]
    recipes: Mapping[str, str]
    """By suffix."""
    files: Mapping[str, FileFacts]
    """The current ones, by suffix."""
    unwanted: tuple[FileFacts, ...]
    """Of formats that were asked for before and are not now: they would grow stale."""
    master: Master | None

    @classmethod
    def read(
        cls,
        planned: PlannedChapter,
        taken: Mapping[str, Take],
        track: int,
        receipt: Receipt | None,
        setting: Setting,
    ) -> _State:
        chapter = planned.chapter
        requests = {line.utterance.id: line.request for line in planned.lines}
        timeline = lay_out(chapter, taken, pauses=setting.book.pauses, rate=MASTER_RATE, requests=requests)
        recipes = _recipes(timeline, track, setting)
        folder = setting.build / "chapters"
        current = {
            suffix: facts
            for facts in (receipt.files if receipt else ())
            if recipes.get(suffix := facts.name.rpartition(".")[2]) == facts.recipe
            and unchanged(folder, [facts])
        }
        master = _measured(receipt) if receipt and "mp3" in current else None
        if master is None:
            current.pop("mp3", None)
        unwanted = tuple(
            facts
            for facts in (receipt.files if receipt else ())
            if facts.name.rpartition(".")[2] not in recipes
        )
        return cls(chapter, timeline, taken, recipes, current, unwanted, master)

    @property
    def stale(self) -> list[str]:
        return [suffix for suffix in self.recipes if suffix not in self.files]

    def in_order(self) -> tuple[FileFacts, ...]:
        return tuple(self.files[suffix] for suffix in self.recipes)

    def assembled(self, *, changed: bool) -> Assembled:
        takes = tuple(self.taken[utterance.id] for utterance in self.chapter.utterances)
        return Assembled(self.chapter, self.timeline.outline, takes, self.master, self.in_order(), changed)


def _measured(receipt: Receipt) -> Master | None:
    """What a receipt says about the MP3; None where it is damaged, so that the MP3 is made again."""
    try:
        return Master.model_validate(receipt.details)
    except ValidationError:
        return None


def _facts(suffix: str, state: _State, master: Master | None, setting: Setting) -> FileFacts:
    known = master.sha256 if suffix == "mp3" and master else None
    name = f"{state.chapter.stem}.{suffix}"
    return facts_of(setting.build / "chapters", name, recipe=state.recipes[suffix], sha256=known)


def _recipes(timeline: Timeline, track: int, setting: Setting) -> dict[str, str]:
    """What decides the bytes of each file, by suffix."""
    text = recipe({"timeline": timeline.model_dump(mode="json"), **_of_text(setting)})
    audio = recipe({"text": text, **_of_audio(track, setting)})
    return {name: audio if name == "mp3" else text for name in setting.book.formats}


def _basis(planned: PlannedChapter, taken: Mapping[str, Take], track: int, setting: Setting) -> str:
    """All that the recipes are made of, before the chapter is laid out; `""` where that is not known."""
    requests = {line.utterance.id: line.request for line in planned.lines}
    pauses = setting.book.pauses
    laid_out = basis_of(planned.chapter, taken, pauses=pauses, rate=MASTER_RATE, requests=requests)
    if laid_out is None:
        return ""
    facts = {"timeline": laid_out, "code": _code(), **_of_text(setting), **_of_audio(track, setting)}
    return recipe(facts)


def _of_text(setting: Setting) -> dict[str, Any]:
    """What decides the bytes of every file of a chapter, beside its timeline."""
    return {
        "book": setting.book.model_dump(mode="json", exclude={"formats", "pauses", "budget", "providers"}),
        "narrator": _version("narrator"),
    }


def _of_audio(track: int, setting: Setting) -> dict[str, Any]:
    """What decides the bytes of its MP3, beside that."""
    profile = PROFILES.get(setting.book.loudness)
    return {
        "track": [track, setting.of],
        "cover": setting.cover.sha256 if setting.cover else None,
        "rehearsal": setting.rehearsal,
        "profile": profile.model_dump() if profile else None,
        "kbps": KBPS,
        "made by": [f"{name} {_version(name)}" for name in MADE_BY],
    }


@cache
def _version(package: str) -> str:
    return version(package)


@cache
def _code() -> str:
    return code_identity(Path(__file__).parent)


def _make(state: _State, track: int, setting: Setting) -> Master | None:
    """Write the stale files beside their places; all of them move when the last is whole, or none does."""
    folder, stem = setting.build / "chapters", state.chapter.stem
    master = None
    with ExitStack() as stack:
        for suffix in state.stale:
            file = stack.enter_context(replacing(folder / f"{stem}.{suffix}"))
            if suffix == "mp3":
                master = _master(state, track, setting, file)
            else:
                file.write(export(suffix, state.timeline, setting.book, mp3_name=f"{stem}.mp3").encode())
    return master


def _master(state: _State, track: int, setting: Setting, file: BinaryIO) -> Master:
    cover = setting.cover
    known = {(take.key, take.id): take for take in state.taken.values()}

    def pcm(key: str, take_id: str) -> Pcm:
        return setting.store.pcm(key, take_id, known=known[key, take_id])

    tag = id3_tag(
        setting.book,
        state.timeline,
        track=track,
        of=setting.of,
        cover=cover.data if cover else None,
        mime=cover.mime if cover else "",
    )
    return master_chapter(
        state.timeline,
        state.taken,
        lambda: _watched(stream(state.timeline, pcm), setting),
        profile=PROFILES.get(setting.book.loudness),
        tag=tag,
        file=file,
        kbps=KBPS,
    )


def _watched(
    blocks: Iterable[npt.NDArray[np.float32]], setting: Setting
) -> Iterator[npt.NDArray[np.float32]]:
    for block in blocks:
        if setting.stopping.is_set():
            raise Interrupted("interrupted; the next run goes on from here")
        yield block
