"""Conversation with the service: a job is made, written down, followed to its end, and its file fetched.

Imported where the first request is about to be made, since the transport is slow to import.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple

from narrator.casting import Abilities
from narrator.errors import ProviderError, RequestRefused, ServiceFailed
from narrator.providers.conversation import Identity, key_for, tell_where_keys_go, transport
from narrator.providers.playht import bodies, jobs, refusals
from narrator.providers.playht.jobs import Job, JobLost, JobMissing
from narrator.providers.playht.roster import Gender
from narrator.providers.playht.settings import (
    BASE_URL_VARIABLE,
    KEY_VARIABLE,
    NAME,
    SERVICE,
    STATUS,
    USER_VARIABLE,
    Settings,
)
from narrator.providers.playht.voices import Voices
from narrator.providers.sounds import Sound, decode, prove_length, prove_sound, with_silence
from narrator.providers.texts import Sent, plain
from narrator.spending import Account, Bill, Unfinished, amount, bill
from narrator.takes import Generation, Request
from narrator.transport import BrokenAnswer, Charge, Downloads, Entry, FileLost, Patience
from narrator.transport.patience import back_off_s

_IDENTITY = Identity(NAME, KEY_VARIABLE, BASE_URL_VARIABLE, STATUS.note, service=SERVICE)
JOB = "job"
"""What the service's id of a job is called in a take and in the ledger."""
FILE_BYTES = 256 * 1024 * 1024
"""An hour of 16-bit samples at 24,000 a second has 173 MB."""
TOLERANCE_MS = 150
"""Encoders add something before and after; how the service counts is not known."""
TOLERANCE_SHARE = 0.01
MISSES = 5
"""So many times in a row a job has to be missed before it counts as gone."""


class Asked(NamedTuple):
    """A line to be spoken."""

    request: Request
    sent: Sent
    bill: Bill


class Service:
    """The service, reached with one key. Safe to call from several threads."""

    def __init__(
        self,
        settings: Settings,
        models: Mapping[str, Abilities],
        environment: Mapping[str, str],
        patience: Patience,
    ) -> None:
        """
        Args:
            models: with their prices.

        Raises:
            KeyMissing: no key or no user id in the environment, and not a server on this machine.
            ConfigurationError: a base URL to which no key should go.
        """
        key = key_for(_IDENTITY, settings, environment)
        user = key_for(_IDENTITY, settings, environment, variable=USER_VARIABLE)
        tell_where_keys_go(_IDENTITY, settings, environment, keyed=bool(key))
        headers = {"Accept": "application/json"}
        headers |= {"AUTHORIZATION": f"Bearer {key}"} if key else {}
        headers |= {"X-USER-ID": user} if user else {}
        self._keyed, self._named = bool(key), bool(user)
        self._settings, self._models, self._patience = settings, models, patience
        # One to make jobs, which can be stopped; one to see to what was made, which is paid for.
        self._making, self._seeing = (
            transport(_IDENTITY, settings, environment, patience, headers=headers) for _ in range(2)
        )
        self._files = Downloads(
            provider=NAME,
            base_url=settings.base_url,
            hosts=settings.file_hosts,
            patience=patience._replace(body_bytes=min(patience.body_bytes, FILE_BYTES)),
            connections=settings.concurrency,
        )
        self.voices = Voices(self._seeing, keyed=self._keyed, named=self._named)
        self._closing = threading.Event()

    @property
    def requests(self) -> int:
        """HTTP requests made so far."""
        return self._making.requests + self._seeing.requests + self._files.requests

    def stop(self) -> None:
        """Make no further job; those that were made are followed to their end."""
        self._making.stop()

    def close(self) -> None:
        """Follow nothing any more, and let go of the connections."""
        self._closing.set()
        self._making.close()
        self._seeing.close()
        self._files.close()

    def speak(self, request: Request, *, account: Account | None) -> Generation:
        """One utterance: from a job that was paid for before, if there is one, else from a new one."""
        sent = plain(request.spoken)
        able = self._models.get(request.model) or Abilities(word_times=False, directions="none")
        price = bill(
            len(sent.text),
            price_per_1000=able.price_per_1000,
            currency=able.currency,
            known=able.price_known,
        )
        asked = Asked(request, sent, price)
        body = bodies.job(request, sent.text, self._settings, gender=self._gender(request))
        if account is not None and (found := self._of_before(account, asked)) is not None:
            return found
        return self._bought(body, asked, account)

    def _gender(self, request: Request) -> Gender:
        """Of whom an emotion is asked."""
        if request.direction is None or bodies.names_gender(request.direction):
            return ""
        match dict(request.settings).get("gender"):
            case "female":
                return "female"
            case "male":
                return "male"
        return self.voices.gender(request.voice)

    def _of_before(self, account: Account, asked: Asked) -> Generation | None:
        """
        What a job brings that was paid for and never fetched; None where there is none, or none any more.

        Raises:
            ProviderError: there may be one. Nothing is bought in its place: it can be fetched later.
        """
        while (left := account.unfinished()) is not None:
            try:
                found = self._fetched(left, asked)
            except JobLost as lost:
                left.attempt.ended("lost", reason=_said(lost))
            except BaseException as error:
                left.attempt.ended("lost", reason=_said(error))
                raise
            else:
                left.attempt.ended("answered")
                return found
        return None

    def _fetched(self, left: Unfinished, asked: Asked) -> Generation:
        number = jobs.known_id(dict(left.ids).get(JOB, ""))
        if number is None:
            raise JobLost("it has no id of a job", provider=NAME)
        return self._finished(Job(number), asked._replace(bill=left.bill))

    def _bought(self, body: bodies.Body, asked: Asked, account: Account | None) -> Generation:
        """What a new job brings; once more where the service itself says that one came to nothing."""
        tried = 0
        while True:
            job, attempt = self._made(body, asked, account)
            tried += 1
            try:
                found = self._finished(job, asked)
            except JobLost as lost:
                _end(attempt, _said(lost))
                if tried >= self._patience.paid_attempts:
                    raise ServiceFailed(tried, _said(lost), provider=NAME, perhaps_paid=tried) from None
            except BaseException as error:
                _end(attempt, _said(error))
                raise
            else:
                if attempt is not None:
                    attempt.end("answered")
                return found
            self._closing.wait(back_off_s(self._patience, tried))

    def _made(self, body: bodies.Body, asked: Asked, account: Account | None) -> tuple[Job, Entry | None]:
        """A job, and the open entry in the account that knows its id already."""
        judge = refusals.judge(keyed=self._keyed, named=self._named)
        if account is None:
            return self._making.call("POST", "/tts", json=body, read=jobs.created, judge=judge), None
        job, entry = self._making.begin(
            "POST",
            "/tts",
            json=body,
            read=jobs.created,
            judge=judge,
            charge=Charge(account, asked.bill),
        )
        entry.identified(((JOB, job.id),))
        return job, entry

    def _finished(self, job: Job, asked: Asked) -> Generation:
        """
        A job followed to its end, and its sound.

        Raises:
            JobLost: nothing will come of it.
            ProviderError: something may; it can be asked for again.
        """
        ended = self._followed(job)
        try:
            return self._brought(ended, asked)
        except JobLost:
            if ended.failed is not None:
                raise
        # Its file may not have been all there yet, or have moved: it is paid for, and worth another question.
        return self._brought(self._followed(Job(job.id)), asked)

    def _brought(self, job: Job, asked: Asked) -> Generation:
        """The sound of a job that has ended; raises as `_finished` does."""
        if job.failed is not None or job.url is None:
            raise JobLost(job.failed or "no file came of the job", provider=NAME)
        try:
            sound = decode([self._files.fetch(job.url, size=job.size)])
            _prove(sound, job, asked)
        except FileLost as error:
            raise JobLost(_said(error), provider=NAME) from None
        except BrokenAnswer as error:
            raise JobLost(f"the file is not what was asked for: {error}", provider=NAME) from None
        return _generation(sound, job, asked)

    def _followed(self, job: Job) -> Job:
        """A job at its end; raises as `_finished` does."""
        ends_at = time.monotonic() + self._patience.total_s
        if not job.ended and self._settings.follow == "events":
            # Whatever is wrong with the events, the job can still be asked for.
            with suppress(RequestRefused, ServiceFailed, JobMissing):
                job = self._seen(job, accept="text/event-stream", query=(("format", "event-stream"),))
        while not job.ended:
            job = self._found(job)
            if job.ended:
                break
            if time.monotonic() + self._settings.poll_seconds > ends_at:
                reason = f"the job {job.id} has not ended within {self._patience.total_s:g} s"
                raise ServiceFailed(1, f"{reason}; the next run asks for it", provider=NAME, perhaps_paid=1)
            self._wait(self._settings.poll_seconds)
        return job

    def _found(self, job: Job) -> Job:
        """
        A job as the service tells of it now. One that is not found is asked for a few times more: it may not
        be known everywhere yet, or something else may have answered.

        Raises:
            JobLost: the service itself says each time that it does not know it.
            ServiceFailed: it is not found, and somebody else says so.
        """
        misses: list[JobMissing] = []
        while True:
            try:
                return self._seen(job)
            except JobMissing as missing:
                misses.append(missing)
            if len(misses) >= MISSES:
                break
            self._wait(back_off_s(self._patience, len(misses)))
        if all(missing.certain for missing in misses):
            raise JobLost("the service does not know the job any more", provider=NAME)
        reason = (
            f"the job {job.id} is not found, and it is not the service that says so; the next run asks for it"
        )
        raise ServiceFailed(1, reason, provider=NAME, perhaps_paid=1)

    def _wait(self, seconds: float) -> None:
        """
        Raises:
            ProviderError: closed meanwhile.
        """
        if self._closing.wait(seconds):
            raise ProviderError("already closed", provider=NAME)

    def _seen(self, job: Job, *, accept: str = "", query: tuple[tuple[str, str], ...] = ()) -> Job:
        """A job as the service tells of it now, or of its end."""
        return self._seeing.call(
            "GET",
            f"/tts/{job.id}",
            params=query or None,
            accept=accept,
            read=lambda pieces: (jobs.followed if accept else jobs.told)(pieces, job),
            judge=refusals.judge(keyed=self._keyed, named=self._named, of_job=True),
            billed=False,
        )


def _prove(sound: Sound, job: Job, asked: Asked) -> None:
    tolerance_ms = max(TOLERANCE_MS, (job.duration_s or 0) * 1000 * TOLERANCE_SHARE)
    prove_length(sound, job.duration_s, shorter_ms=tolerance_ms, longer_ms=tolerance_ms)
    prove_sound(sound, letters=asked.sent.letters, speed=asked.request.speed)


def _generation(sound: Sound, job: Job, asked: Asked) -> Generation:
    """An answer with the silence that the text asks for at its ends."""
    generation = Generation(
        pcm=sound.pcm,
        rate=sound.rate,
        words=(),
        word_source="estimated",
        ids=((JOB, job.id),),
        characters=asked.bill.characters,
        cost=amount(asked.bill.amount),
        currency=asked.bill.currency,
    )
    return with_silence(generation, lead_ms=asked.sent.lead_ms, tail_ms=asked.sent.tail_ms)


def _end(attempt: Entry | None, reason: str) -> None:
    if attempt is not None:
        attempt.end("broken", reason=reason)


def _said(error: BaseException) -> str:
    """An error in a ledger's words."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    return str(error).removeprefix(f"{NAME}: ") or type(error).__name__
