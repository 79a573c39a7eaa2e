"""A project at work with a provider of the test's choice, and what its chapters sound like."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt

from narrator.assembly import MASTER_RATE
from narrator.audio.joining import stream
from narrator.ledger import Ledger
from narrator.pipeline import Outcome
from narrator.planning import Line
from narrator.preparing import prepare
from narrator.progress import Silent
from narrator.project import open_project
from narrator.providers import Providers
from narrator.providers.base import Provider
from narrator.providers.espeak import Espeak
from narrator.session import Session, make
from narrator.stitching import lay_out
from narrator.store import TakeStore
from narrator.timeline import Timeline


class Only(Providers):
    """One provider, which is in no registry."""

    def __init__(self, provider: Provider) -> None:
        super().__init__()
        self.provider = provider

    @property
    def requests(self) -> int:
        return self.provider.requests

    def __iter__(self) -> Iterator[str]:
        return iter((self.provider.name,))

    def __len__(self) -> int:
        return 1

    def __contains__(self, name: object) -> bool:
        return name == self.provider.name

    def __getitem__(self, name: str) -> Provider:
        return {self.provider.name: self.provider}[name]


class WithEmbedded(Only):
    """One provider, which is in no registry, and the embedded voice."""

    def __init__(self, provider: Provider) -> None:
        super().__init__(provider)
        self.embedded = Espeak()

    def __exit__(self, *_: object) -> None:
        self.embedded.close()

    def __iter__(self) -> Iterator[str]:
        return iter((self.provider.name, self.embedded.name))

    def __len__(self) -> int:
        return 2

    def __contains__(self, name: object) -> bool:
        return name in (self.provider.name, self.embedded.name)

    def __getitem__(self, name: str) -> Provider:
        return {self.provider.name: self.provider, self.embedded.name: self.embedded}[name]


@contextmanager
def at_work(folder: Path, provider: Provider, *, embedded: bool = False) -> Iterator[Session]:
    """The project, opened as it is now.

    Args:
        embedded: whether the embedded voice is there as well.
    """
    project = open_project(folder)
    store = TakeStore(project.takes)
    with (
        WithEmbedded(provider) if embedded else Only(provider) as providers,
        Ledger(project.takes, store=store, budget=project.book.budget) as ledger,
    ):
        yield Session(project, store, ledger, providers, Silent(), rehearse=False)


def produced(folder: Path, provider: Provider, *, embedded: bool = False) -> Outcome:
    """The whole book, as `narrator book` makes it."""
    with at_work(folder, provider, embedded=embedded) as session:
        prepared = session.prepare()
        numbers = {planned.chapter.number for planned in prepared.plan.chapters}
        return make(session, prepared, numbers).outcome


def lines_of(folder: Path, provider: Provider) -> dict[str, Line]:
    """Every line by its id, with the take that serves it now."""
    project = open_project(folder)
    prepared = prepare(project, TakeStore(project.takes), Only(provider))
    return {line.utterance.id: line for line in prepared.plan.lines}


def sounding(
    folder: Path, provider: Provider, *, rate: int = MASTER_RATE
) -> dict[int, tuple[Timeline, npt.NDArray[np.float32]]]:
    """Each complete chapter on its clock, and its samples before they are levelled."""
    project = open_project(folder)
    store = TakeStore(project.takes)
    prepared = prepare(project, store, Only(provider))
    found = {}
    for planned in prepared.plan.chapters:
        taken = {line.utterance.id: line.take for line in planned.lines if line.take is not None}
        if len(taken) < len(planned.lines):
            continue
        requests = {line.utterance.id: line.request for line in planned.lines}
        timeline = lay_out(planned.chapter, taken, pauses=project.book.pauses, rate=rate, requests=requests)
        samples = np.concatenate([*stream(timeline, store.pcm), np.zeros(0, np.float32)])
        found[planned.chapter.number] = timeline, samples
    return found


def prove_spliced(
    before: tuple[Timeline, npt.NDArray[np.float32]],
    after: tuple[Timeline, npt.NDArray[np.float32]],
    changed: set[str],
) -> None:
    """Only those utterances sound otherwise; all else has the same samples, at most later or earlier."""
    (old, was), (new, now) = before, after
    at, then = 0, 0
    for there, here in zip(old.placements, new.placements, strict=True):
        assert there.utterance_id == here.utterance_id
        # What lies between two utterances: pauses.
        assert np.array_equal(was[at : there.start_sample], now[then : here.start_sample])
        if here.utterance_id not in changed:
            assert (there.take_key, there.take_id) == (here.take_key, here.take_id)
            assert np.array_equal(
                was[there.start_sample : there.end_sample], now[here.start_sample : here.end_sample]
            )
        at, then = there.end_sample, here.end_sample
    assert np.array_equal(was[at:], now[then:])
    grown = (new.samples - old.samples) - sum(
        (here.end_sample - here.start_sample) - (there.end_sample - there.start_sample)
        for there, here in zip(old.placements, new.placements, strict=True)
        if here.utterance_id in changed
    )
    assert grown == 0
    assert (len(was), len(now)) == (old.samples, new.samples)
