"""Walk a plan: ask the provider for each missing line, keep the takes. Carries on past a failed line."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple

from narrator.errors import OutputError, ProviderError
from narrator.findings import Findings
from narrator.manuscript import Notice, Utterance
from narrator.planning import Line, chains
from narrator.providers.base import Provider
from narrator.store import TakeStore, identify
from narrator.takes import Generation, Precedent, Take

GIVE_UP_AFTER = 3
"""Failures in a row, without one success between, after which a provider is not asked any more."""

RECORDING = "record-"
"""What the names of threads begin with that ask a provider."""

OnTake = Callable[[Line, Take], None]
ReadGuide = Callable[[Utterance], bytes]
"""The recording that an utterance is to follow. Raises ProjectError where it is not what was planned with."""


class Recording:
    """The requests of one run. Use as a context manager: leaving it waits for requests in flight."""

    def __init__(
        self,
        providers: Mapping[str, Provider],
        store: TakeStore,
        *,
        on_take: OnTake,
        designed: Mapping[tuple[str, str], Take] | None = None,
        read_guide: ReadGuide | None = None,
        gone: Collection[str] = (),
    ) -> None:
        """
        Args:
            on_take: told of the take that serves a line, from the thread that recorded it.
            designed: takes in voices made from descriptions, by provider and description.
            gone: providers that are not asked any more.
        """
        self.failures: list[tuple[Line, ProviderError]] = []
        self.kept: list[Take] = []
        """Every take stored, those that serve no line included: all were paid for."""
        self._providers, self._store, self._on_take = providers, store, on_take
        self._read_guide = read_guide
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._in_a_row: dict[str, int] = {}
        self._closed = set(gone)
        self._pools: dict[str, ThreadPoolExecutor] = {}
        self._putting = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="store")
        self._voices = {name: _Voice(take) for name, take in (designed or {}).items()}
        self._findings = Findings()

    def __enter__(self) -> Recording:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        self.stop()
        # Ctrl-C twice: a service that is silent is not waited for.
        twice = isinstance(error, KeyboardInterrupt) and isinstance(error.__context__, KeyboardInterrupt)
        try:
            for pool in self._pools.values():
                pool.shutdown(wait=not twice, cancel_futures=True)
        finally:
            self._putting.shutdown(wait=True)  # all of it: it is paid for

    @property
    def requests(self) -> int:
        """HTTP requests made so far."""
        return sum(self._providers[name].requests for name in self._pools)

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What went otherwise than planned, each kind once for a provider."""
        return tuple(self._findings.notices())

    def stop(self) -> None:
        """Begin no further request; those in flight are finished and kept."""
        self._stop.set()
        for name in self._pools:
            self._providers[name].stop()

    def start(self, lines: Iterable[Line], taken: Mapping[str, Take]) -> list[Future[None]]:
        """
        Begin asking for *lines*, context chains beside each other.

        Args:
            taken: the take of each utterance that has one, by utterance id; read as the chains go on,
                so the caller adds to it in `on_take`.
        """
        futures = []
        for chain in chains(lines):
            name = chain[0].request.provider
            if name not in self._pools:
                workers = self._providers[name].concurrency
                self._pools[name] = ThreadPoolExecutor(workers, thread_name_prefix=f"{RECORDING}{name}")
            futures.append(self._pools[name].submit(self._record_chain, chain, taken))
        return futures

    def _record_chain(self, chain: tuple[Line, ...], taken: Mapping[str, Take]) -> None:
        """
        One request after another. While a line's answer is put into the store, the next one is asked for
        already: a service's latency is long, and a disk's is not short. One answer at most waits for that.
        """
        putting: Future[None] | None = None
        last: _Answered | None = None
        for line in chain:
            name = line.request.provider
            if self._stop.is_set() or name in self._closed or self._in_a_row.get(name, 0) >= GIVE_UP_AFTER:
                break
            try:
                last = self._ask(line, self._before(line, last, taken))
            except ProviderError as error:
                self._note_failure(line, error)
                continue
            self._in_a_row[name] = 0
            previous, putting = putting, self._putting.submit(self._put, last)
            if previous is not None:
                previous.result()
        if putting is not None:
            putting.result()

    def _before(self, line: Line, last: _Answered | None, taken: Mapping[str, Take]) -> Precedent | None:
        """The line before, which may have been answered a moment ago, or not at all."""
        if last is not None and last.line.utterance.id == line.before_id:
            generation = last.generations[0]
            return Precedent(last.line.request, generation.ids, identify(generation))
        if line.before_id is not None and line.before_id in taken:
            return taken[line.before_id].precedent
        return Precedent(line.before_request) if line.before_request else None

    def _note_failure(self, line: Line, error: ProviderError) -> None:
        name = line.request.provider
        with self._lock:
            if self._stop.is_set() or name in self._closed:
                return  # it was told to stop, or has said the same already
            if error.stops:
                self._closed.add(name)
                self._providers[name].stop()
            self._in_a_row[name] = self._in_a_row.get(name, 0) + 1
            self.failures.append((line, error))

    def _ask(self, line: Line, before: Precedent | None) -> _Answered:
        """Ask for a line, in a voice that is made first if it must be."""
        request = line.request
        if request.description is None:
            return self._generate(line, before, None)
        with self._lock:
            voice = self._voices.setdefault((request.provider, request.description), _Voice(None))
        with voice.making:  # so that the others wait while the first line in a new voice makes it
            if voice.take is None:
                answered = self._generate(line, before, None)
                voice.take = self._store_one(answered, 0)
                return answered
        return self._generate(line, before, voice.take)

    def _generate(self, line: Line, before: Precedent | None, designed: Take | None) -> _Answered:
        request, provider = line.request, self._providers[line.request.provider]
        guide = self._read_guide(line.utterance) if request.guide and self._read_guide else None
        began = time.monotonic()
        answers = provider.generate(request, before=before, designed=designed, guide=guide)
        took_ms = round((time.monotonic() - began) * 1000)
        heard = [self._timed(line, generation) for generation in answers if generation.pcm.size]
        if not heard or heard[0].rate <= 0:
            raise ProviderError(f"no audio came back for {line.utterance.id}", provider=request.provider)
        recorded_at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return _Answered(line, before, tuple(heard), took_ms, recorded_at)

    def _put(self, answered: _Answered) -> None:
        """Store every answer; the first one serves the line."""
        line, provider = answered.line, self._providers[answered.line.request.provider]
        takes = [self._store_one(answered, index) for index in range(len(answered.generations))]
        with self._lock:
            self.kept += takes
            before = answered.before
            if before is not None and before.ids and before.request.model == line.request.model:
                able = provider.models[line.request.model].context
                if "id" in able and takes[0].context != "id":
                    self._findings.forgotten(line.utterance, provider.name)
        self._on_take(line, takes[0])

    def _store_one(self, answered: _Answered, index: int) -> Take:
        request = answered.line.request
        try:
            return self._store.put(
                request,
                answered.generations[index],
                took_ms=answered.took_ms,
                recorded_at=answered.recorded_at,
                after=answered.before.take_id if answered.before else None,
                answer=index,
                nth=answered.line.nth,
                # What cost nothing can be recorded again; waiting for the disk would double its price.
                durable=self._providers[request.provider].models[request.model].price_per_1000 > 0,
            )
        except OutputError as error:
            if isinstance(error.__cause__, OSError):
                self.stop()  # at once: what the disk does not take is paid for and lost
            raise

    def _timed(self, line: Line, generation: Generation) -> Generation:
        """The answer, without word times that cannot be those of the line: it is paid for and kept."""
        if len(generation.words) in (0, len(line.request.spoken.words)):
            return generation
        with self._lock:
            self._findings.mistimed(line.utterance, line.request.provider)
        return replace(generation, words=(), word_source="estimated")


class _Answered(NamedTuple):
    """What came back for a line; the first of its generations will serve it."""

    line: Line
    before: Precedent | None
    generations: tuple[Generation, ...]
    took_ms: int
    recorded_at: str


class _Voice:
    """A voice made from a description: the take that has it, and a lock for whoever makes it."""

    def __init__(self, take: Take | None) -> None:
        self.take = take
        self.making = threading.Lock()
