"""Walk a plan: ask the provider for each missing line, keep the takes. Carries on past a failed line."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple

from narrator.casting import Abilities
from narrator.errors import BudgetExceeded, DamagedTake, OutputError, ProviderError
from narrator.findings import Findings
from narrator.ledger import Claim, Ledger, LineAccount
from narrator.manuscript import Notice, Utterance
from narrator.needing import Needs, designed_voice, voice_name
from narrator.planning import Line, Plan, chains
from narrator.providers.base import Expecting, Provider
from narrator.splitting import Part, is_silent, join, parts_of, speaking_rate
from narrator.store import TakeStore, identify
from narrator.takes import Generation, Pcm, Precedent, Take

GIVE_UP_AFTER = 3
"""Failures in a row, without one success between, after which a provider is not asked any more."""

RECORDING = "record-"
"""What the names of threads begin with that ask a provider."""

OnTake = Callable[[Line, Take], None]
FindTimes = Callable[[Take], Take]
"""A take with the times of its words, if they can be found."""
ReadGuide = Callable[[Utterance], bytes]
"""The recording that an utterance is to follow. Raises ProjectError where it is not what was planned with."""


class Recording:
    """The requests of one run. Use as a context manager: leaving it waits for requests in flight."""

    def __init__(
        self,
        providers: Mapping[str, Provider],
        store: TakeStore,
        *,
        ledger: Ledger,
        needs: Needs,
        on_take: OnTake,
        on_stored: OnTake = lambda _line, _take: None,
        read_guide: ReadGuide | None = None,
        find_times: FindTimes | None = None,
        gone: Collection[str] = (),
    ) -> None:
        """
        Args:
            ledger: where every request is written down, and claimed before it is made.
            needs: what the whole book asks for.
            on_take: told of the take that serves a line, from the thread that recorded it.
            on_stored: told the same as soon as it is stored, before the times of its words are looked for.
            find_times: for takes that come without word times, once they are stored.
            gone: providers that are not asked any more.
        """
        self.awaited: list[Line] = []
        """Lines that another process is recording, or has recorded since the plan was made."""
        self.failures: list[tuple[Line, ProviderError]] = []
        self.kept: list[Take] = []
        """Every take stored, those that serve no line included: all were paid for."""
        self.given_up = 0
        """Lines that were being asked for, for money, when a second Ctrl-C ended the waiting for them."""
        self._providers, self._store = providers, store
        self._on_take, self._on_stored = on_take, on_stored
        self._ledger, self._needs = ledger, needs
        self._read_guide, self._find_times = read_guide, find_times
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._claiming = threading.Lock()
        self._voice_claims: set[str] = set()
        self._part_claims: list[str] = []
        """Of takes of parts that are this run's to join, whether it has joined them or not."""
        self._joined: dict[str, set[str]] = {}
        """Ids of takes that are in a take joined from parts, or about to be, by that one's key."""
        self._held: set[str] = set()
        """Ids of takes that are stored or about to be, and whose claims are held still."""
        self._in_flight = 0
        """Lines that are being asked for, for money."""
        self._in_a_row: dict[str, int] = {}
        self._closed = set(gone)
        self._pools: dict[str, ThreadPoolExecutor] = {}
        self._putting = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="store")
        self._voices = {name: _Voice(name, take) for name, take in needs.designed.items()}
        self._findings = Findings()

    def __enter__(self) -> Recording:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        # What is done is done: another recording may go on with these providers.
        self._stop.set()
        if error is not None:
            self.stop()
        # Ctrl-C twice: a service that is silent is not waited for.
        twice = isinstance(error, KeyboardInterrupt) and isinstance(error.__context__, KeyboardInterrupt)
        try:
            for pool in self._pools.values():
                pool.shutdown(wait=not twice, cancel_futures=True)
        finally:
            self._putting.shutdown(wait=True)  # all of it: it is paid for
            self.given_up = self._in_flight  # none, where they were waited for
            self._ledger.release((*self._voice_claims, *self._part_claims))

    @property
    def requests(self) -> int:
        """HTTP requests made so far."""
        return sum(self._providers[name].requests for name in tuple(self._pools))

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What went otherwise than planned, each kind once for a provider."""
        return tuple(self._findings.notices())

    def stop(self) -> None:
        """Begin no further request; those in flight are finished and kept."""
        self._stop.set()
        for name in tuple(self._pools):  # one chain may fail while others are still being begun
            self._providers[name].stop()

    def start(
        self, lines: Iterable[Line], taken: Mapping[str, Take], *, pickup: bool = False
    ) -> list[Future[None]]:
        """
        Begin asking for *lines*, context chains beside each other.

        Args:
            taken: the take of each utterance that has one, by utterance id; read as the chains go on,
                so the caller adds to it in `on_take`.
            pickup: ask for every line, whatever the store holds and whoever else asks for it.
        """
        futures = []
        for chain in chains(lines):
            name = chain[0].request.provider
            futures.append(self._pool(name).submit(self._record_chain, chain, taken, pickup))
        return futures

    def _pool(self, provider: str) -> ThreadPoolExecutor:
        with self._lock:
            if provider not in self._pools:
                self._pools[provider] = ThreadPoolExecutor(
                    self._providers[provider].concurrency, thread_name_prefix=f"{RECORDING}{provider}"
                )
            return self._pools[provider]

    def _goes_on(self, provider: str) -> bool:
        gone = provider in self._closed or self._in_a_row.get(provider, 0) >= GIVE_UP_AFTER
        return not (gone or self._stop.is_set())

    def _record_chain(self, chain: tuple[Line, ...], taken: Mapping[str, Take], pickup: bool) -> None:
        """Ask for the lines of a chain, up to the first that somebody else records."""
        if not self._goes_on(chain[0].request.provider):
            return
        claimed = _Claimed(chain, [])
        try:
            if not pickup:
                claimed = self._claim(chain)
            self._ask_in_turn(claimed, taken, pickup=pickup)
        except (BudgetExceeded, OutputError):
            self.stop()  # at once: what the disk does not take is paid for and lost
            raise
        finally:
            self._ledger.release(claimed.names)

    def _claim(self, chain: tuple[Line, ...]) -> _Claimed:
        """Claim a chain's lines, so that no other process buys them too; the rest is awaited."""
        if all(self._is_free(line) for line in chain):
            return _Claimed(chain, [])
        with self._claiming:
            wanted: list[tuple[int, Claim]] = []
            for at, line in enumerate(chain):
                if (voice := self._of_voice(line)) and voice not in (claim for _, claim in wanted):
                    wanted.append((at, voice))
                wanted.append((at, self._of(line)))
            granted = self._ledger.claim([claim for _, claim in wanted], self._on_hand)
            names = [claim.name for _, claim in wanted[:granted]]
            # A voice belongs to the whole run, whichever of its chains comes to make it.
            self._voice_claims |= {name for name in names if name in self._needs.voices}
        reached = wanted[granted][0] if granted < len(wanted) else len(chain)
        with self._lock:
            self.awaited += chain[reached:]
        return _Claimed(chain[:reached], [name for name in names if name not in self._needs.voices])

    def _of(self, line: Line) -> Claim:
        key = line.request.key
        return Claim(key, max(self._needs.places.get(key, 0), 1))  # 0: the take chosen for it is damaged

    def _of_voice(self, line: Line) -> Claim | None:
        """What the making of a line's voice is claimed by, where nobody has made it yet."""
        if line.request.description is None or (voice := self._voice(line)).take is not None:
            return None
        return None if voice.name in self._voice_claims else Claim(voice.name, 1)

    def _is_free(self, line: Line) -> bool:
        """What costs nothing and is the same each time may well be made twice."""
        return self._abilities(line).deterministic and not self._is_paid(line)

    def _is_paid(self, line: Line) -> bool:
        return not self._abilities(line).free

    def _abilities(self, line: Line) -> Abilities:
        return self._providers[line.request.provider].models[line.request.model]

    def _on_hand(self, name: str) -> int:
        """How many takes there are of what a claim is for, but for those that count as claimed still."""
        if name in self._needs.voices:
            return int(designed_voice(name, self._needs, self._store.takes) is not None)
        with self._lock:
            return sum(take.id not in self._held for take in self._store.takes(name))

    def _ask_in_turn(self, claimed: _Claimed, taken: Mapping[str, Take], *, pickup: bool) -> None:
        """
        One request after another. While a line's answer is put into the store, the next one is asked for
        already: a service's latency is long, and a disk's is not short. One answer at most waits for that.
        """
        putting: Future[None] | None = None
        last: _Answered | None = None
        try:
            for line in claimed.lines:
                if not self._goes_on(line.request.provider):
                    break
                try:
                    last = self._ask(line, self._before(line, last, taken), pickup=pickup)
                except ProviderError as error:
                    self._note_failure(line, error)
                    continue
                self._in_a_row[line.request.provider] = 0
                previous, putting = putting, self._putting.submit(self._put, last, claimed)
                if previous is not None:
                    previous.result()
        finally:
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

    def _ask(self, line: Line, before: Precedent | None, *, pickup: bool) -> _Answered:
        """Ask for a line, in parts if it must be, in a voice that is made first if it must be."""
        if line.parts:
            return self._ask_in_parts(line, before, pickup=pickup)
        if line.request.description is None:
            return self._generate(line, before, None, pickup=pickup)
        voice = self._voice(line)
        with voice.making:  # so that the others wait while the first line in a new voice makes it
            if voice.take is None:
                # A new voice has nothing behind it that it could go on from.
                answered = self._generate(line, before, None, pickup=pickup)._replace(makes_voice=True)
                voice.take = self._store_one(answered, 0)
                return answered
        return self._generate(line, before, voice.take, pickup=pickup)

    def _ask_in_parts(self, line: Line, before: Precedent | None, *, pickup: bool) -> _Answered:
        """Ask for the parts of a line that have no takes, keep each as it comes, and join them all."""
        began = time.monotonic()
        found: list[tuple[Take, Pcm]] = []
        last = before
        try:
            for part in line.parts:
                one = self._part_on_hand(line, part) or self._ask_for_part(line, part, last, pickup=pickup)
                found.append(one)
                last = one[0].precedent
            takes = [take for take, _ in found]
            rate = speaking_rate(takes)
            for index, (part, take) in enumerate(zip(line.parts, takes, strict=True)):
                if take.rate != rate and not is_silent(take):  # from before the service changed its own
                    found[index] = self._ask_for_part(line, part, before, pickup=pickup)
        except BaseException:
            if found:
                self._leave_to_others(line, [take.id for take, _ in found])
            raise
        takes, sound = [take for take, _ in found], [pcm for _, pcm in found]
        joined = self._timed(line, join(line.request, line.parts, takes, sound, rate=rate))
        took_ms = round((time.monotonic() - began) * 1000)
        with self._lock:
            self._held.add(identify(joined))
        return _Answered(line, before, (joined,), took_ms, _now(), None)

    def _part_on_hand(self, line: Line, part: Part) -> tuple[Take, Pcm] | None:
        """
        A take of a part that is in no take of the line: left by a stop, an edit, or another process since.

        It is given once, in this run and among all that are alive.
        """
        for take in self._store.takes(part.request.key):
            if not self._is_ours_to_join(line, take.id):
                continue
            try:
                return take, self._store.pcm(take.key, take.id, known=take)
            except DamagedTake:
                self._store.set_aside(take.key, take.id)
        return None

    def _ask_for_part(
        self, line: Line, part: Part, before: Precedent | None, *, pickup: bool
    ) -> tuple[Take, Pcm]:
        each = line._replace(request=part.request, parts=())
        answered = self._ask(each, before, pickup=pickup)
        generation = answered.generations[0]
        with suppress(OutputError):  # it is paid for, and kept whatever the ledger takes
            self._is_ours_to_join(line, identify(generation))  # before others can see it in the store
        return self._keep(answered)[0], generation.pcm

    def _is_ours_to_join(self, line: Line, take_id: str) -> bool:
        """Whether a take of a part may go into this take of the line; if so, it goes into no other."""
        with self._lock:
            joined = self._joined_takes(line)
            if take_id in joined:
                return False
            joined.add(take_id)
        if self._is_free(line):
            return True
        # Another process may record a line that says the same, and join it before its claims are gone.
        claim = Claim(_part_name(line, take_id), 1)
        granted = self._ledger.claim([claim], lambda _: int(take_id in self._joined_in_store(line)))
        with self._lock:
            self._part_claims += [claim.name] * granted
        return bool(granted)

    def _leave_to_others(self, line: Line, take_ids: Collection[str]) -> None:
        """Takes of parts will be in no take of the line for now: whoever records it next joins them."""
        with self._lock:
            mine = {_part_name(line, take_id) for take_id in take_ids} & set(self._part_claims)
            self._part_claims = [name for name in self._part_claims if name not in mine]
        self._ledger.release(mine)  # first: who finds them free claims them
        with self._lock:
            self._joined_takes(line).difference_update(take_ids)

    def _joined_takes(self, line: Line) -> set[str]:
        """Ids of the takes that are in a take of the line, or about to be; to be called under the lock."""
        key = line.request.key
        if key not in self._joined:
            self._joined[key] = self._joined_in_store(line)
        return self._joined[key]

    def _joined_in_store(self, line: Line) -> set[str]:
        return {name for take in self._store.takes(line.request.key) for name in parts_of(take)}

    def _voice(self, line: Line) -> _Voice:
        """The voice that a line's description asks for."""
        request = line.request
        with self._lock:
            name = voice_name(request.provider, request.description or "")
            return self._voices.setdefault(name, _Voice(name, None))

    def _generate(
        self, line: Line, before: Precedent | None, designed: Take | None, *, pickup: bool
    ) -> _Answered:
        request, provider = line.request, self._providers[line.request.provider]
        guide = self._read_guide(line.utterance) if request.guide and self._read_guide else None
        paid = self._is_paid(line)
        if paid:
            self._store.assert_writable(request.key)
        account = self._ledger.account(self._needs.errand(line, pickup=pickup))
        began = time.monotonic()
        self._count_in_flight(paid)
        try:
            answers = provider.generate(
                request, before=before, designed=designed, guide=guide, account=account
            )
        except BaseException as error:
            account.lost(str(error))  # one of several answers may have come, such as a voice for the line
            raise
        finally:
            self._count_in_flight(-paid)
        took_ms = round((time.monotonic() - began) * 1000)
        heard = [self._timed(line, generation) for generation in answers if generation.pcm.size]
        if not heard or heard[0].rate <= 0:
            account.lost("no audio came back")
            raise ProviderError(f"no audio came back for {line.utterance.id}", provider=request.provider)
        with self._lock:
            self._held |= {identify(generation) for generation in heard}
        return _Answered(line, before, tuple(heard), took_ms, _now(), account)

    def _count_in_flight(self, more: int) -> None:
        with self._lock:
            self._in_flight += more

    def _keep(self, answered: _Answered) -> list[Take]:
        """Store every answer."""
        takes: list[Take] = []
        try:
            for index in range(len(answered.generations)):
                takes.append(self._store_one(answered, index))  # noqa: PERF401  those before a full disk count
        finally:
            if takes and answered.account is not None:
                answered.account.kept(takes)
        with self._lock:
            self.kept += takes
            # In this order: between the two it counts twice, and is at worst awaited for nothing.
            self._held -= {take.id for take in takes}
        return takes

    def _put(self, answered: _Answered, claimed: _Claimed) -> None:
        """Store every answer; the first one serves the line."""
        line = answered.line
        takes = self._keep(answered)
        self._on_stored(line, takes[0])
        with self._lock:
            done = [line.request.key] if line.request.key in claimed.names else []
            if done:
                claimed.names.remove(line.request.key)
            before = None if answered.makes_voice else answered.before
            if before is not None and before.ids and before.request.model == line.request.model:
                able = self._abilities(line).context
                if "id" in able and takes[0].context != "id":
                    self._findings.forgotten(line.utterance, line.request.provider)
        self._ledger.release(done)
        self._on_take(line, self._find_times(takes[0]) if self._find_times else takes[0])

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
                durable=self._is_paid(answered.line),
            )
        except OutputError as error:
            self.stop()  # at once: what the disk does not take is paid for and lost
            if index == 0 and answered.account is not None:  # else what the request brought is kept in part
                answered.account.lost(str(error))
            raise

    def _timed(self, line: Line, generation: Generation) -> Generation:
        """The answer, without word times that cannot be those of the line: it is paid for and kept."""
        if len(generation.words) in (0, len(line.request.spoken.words)):
            return generation
        with self._lock:
            self._findings.mistimed(line.utterance, line.request.provider)
        return replace(generation, words=(), word_source="estimated")


def announce(plan: Plan, providers: Mapping[str, Provider]) -> None:
    """
    Let each provider that wants to know of them have all requests of a book, so that it makes the same of
    them whoever records which.
    """
    for name in {line.request.provider for line in plan.lines}:
        provider = providers[name]
        if isinstance(provider, Expecting):
            provider.expect([line.request for line in plan.lines if line.request.provider == name])


class _Answered(NamedTuple):
    """What came back for a line; the first of its generations will serve it."""

    line: Line
    before: Precedent | None
    generations: tuple[Generation, ...]
    took_ms: int
    recorded_at: str
    account: LineAccount | None
    """None for what was joined from takes that are kept already."""
    makes_voice: bool = False


class _Claimed(NamedTuple):
    """The lines of a chain that are this process's to record, and the names of the claims to them."""

    lines: tuple[Line, ...]
    names: list[str]
    """Those that are still held."""


def _part_name(line: Line, take_id: str) -> str:
    """What the joining of a part's take into a take of the line is claimed by; lines that say something else
    may be made of it as well."""
    return f"part:{line.request.key}:{take_id}"


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class _Voice:
    """A voice made from a description: the take that has it, and a lock for whoever makes it."""

    def __init__(self, name: str, take: Take | None) -> None:
        self.name, self.take = name, take
        self.making = threading.Lock()
