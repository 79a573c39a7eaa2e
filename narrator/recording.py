"""Walk a plan: ask the provider for each missing line, keep the take. Carries on past a failed line."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime

from narrator.errors import OutputError, ProviderError
from narrator.planning import Line, chains
from narrator.providers.base import Provider
from narrator.store import TakeStore
from narrator.takes import Generation, Take

GIVE_UP_AFTER = 3
"""Failures in a row, without one success between, after which a provider is not asked any more."""

OnTake = Callable[[Line, Take], None]


class Recording:
    """The requests of one run. Use as a context manager: leaving it waits for requests in flight."""

    def __init__(self, providers: Mapping[str, Provider], store: TakeStore, *, on_take: OnTake) -> None:
        """
        Args:
            on_take: told of each stored take, from the thread that recorded it.
        """
        self.requests = 0
        """HTTP requests made so far."""
        self.failures: list[tuple[Line, ProviderError]] = []
        self._providers, self._store, self._on_take = providers, store, on_take
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._in_a_row: dict[str, int] = {}
        self._pools: dict[str, ThreadPoolExecutor] = {}

    def __enter__(self) -> Recording:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        for pool in self._pools.values():
            pool.shutdown(wait=True, cancel_futures=True)

    def stop(self) -> None:
        """Begin no further request; those in flight are finished and kept."""
        self._stop.set()

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
                workers = self._providers[name].abilities.concurrency
                self._pools[name] = ThreadPoolExecutor(workers, thread_name_prefix=f"record-{name}")
            futures.append(self._pools[name].submit(self._record_chain, chain, taken))
        return futures

    def _record_chain(self, chain: tuple[Line, ...], taken: Mapping[str, Take]) -> None:
        for line in chain:
            name = line.request.provider
            if self._stop.is_set() or self._in_a_row.get(name, 0) >= GIVE_UP_AFTER:
                return
            try:
                take = self._record(line, taken.get(line.before_id) if line.before_id else None)
            except ProviderError as error:
                with self._lock:
                    self._in_a_row[name] = self._in_a_row.get(name, 0) + 1
                    self.failures.append((line, error))
            except OutputError as error:
                if isinstance(error.__cause__, OSError):
                    self.stop()  # at once: what the disk does not take is paid for and lost
                raise
            else:
                self._in_a_row[name] = 0
                self._on_take(line, take)

    def _record(self, line: Line, before: Take | None) -> Take:
        provider = self._providers[line.request.provider]
        began = time.monotonic()
        generation = provider.generate(line.request, before=before)
        took_ms = round((time.monotonic() - began) * 1000)
        with self._lock:
            self.requests += generation.requests
        _accept(line, generation)
        return self._store.put(
            line.request,
            generation,
            took_ms=took_ms,
            recorded_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            after=before.id if before else None,
            # What cost nothing can be recorded again; waiting for the disk would double its price.
            durable=provider.abilities.price_per_1000 > 0,
        )


def _accept(line: Line, generation: Generation) -> None:
    """Refuse an answer that cannot be a reading of the line."""
    words = len(line.request.spoken.words)
    if generation.rate <= 0 or generation.pcm.size == 0:
        raise ProviderError(f"no audio came back for {line.utterance.id}", provider=line.request.provider)
    if generation.words and len(generation.words) != words:
        raise ProviderError(
            f"{len(generation.words)} word times came back for the {words} words of {line.utterance.id}",
            provider=line.request.provider,
        )
