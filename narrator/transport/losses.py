"""Attempts that came to nothing: what each cost, and what may follow from it."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass

import httpx

from narrator.errors import KeyMissing, KeyRefused, OutOfCredit, RequestRefused
from narrator.spending import Bill, Outcome
from narrator.transport.charges import Charge, Entry
from narrator.transport.limiter import Burst
from narrator.transport.patience import Patience, wait_s


class BrokenAnswer(Exception):
    """An answer that cannot be used: cut, garbage, incomplete, empty. Asked for again, but not often."""

    def __init__(self, reason: str) -> None:
        """
        Args:
            reason: what is wrong with it.
        """
        self.reason = reason
        super().__init__(reason)


class Lost(Exception):
    """An attempt that failed, and may be made again."""

    def __init__(
        self,
        reason: str,
        *,
        outcome: Outcome = "unsent",
        door: bool = False,
        final: bool = False,
        crowded: bool = False,
        everyone: bool = False,
        asked_s: float | None = None,
    ) -> None:
        """
        Args:
            reason: what it came to.
            outcome: what became of the request.
            door: nothing answered at the address.
            final: and nothing will.
            crowded: the service has too much to do.
            everyone: what it asks for is asked of all requests.
            asked_s: how long the service asks to wait.
        """
        self.reason, self.outcome, self.door, self.final = reason, outcome, door, final
        self.crowded, self.everyone, self.asked_s = crowded, everyone, asked_s
        super().__init__(reason)

    @property
    def paid(self) -> bool:
        """Whether the service may have billed it."""
        return self.outcome == "broken"


def outcome_of(error: BaseException) -> Outcome:
    """What became of a request that ended in *error*, where its status was good or none came."""
    match error:
        case Lost():
            return error.outcome
        case OutOfCredit() | KeyRefused() | KeyMissing() | RequestRefused() if not error.begun:
            return "refused"
    return "broken"


@dataclass(slots=True)
class Trail:
    """What has become of one call so far."""

    billed: bool = True
    charge: Charge | None = None
    entry: Entry | None = None
    """Of the attempt that was let in last, in the account of `charge`."""
    attempts: int = 0
    perhaps_paid: int = 0
    doors: int = 0
    """Attempts in a row at which nothing answered."""
    began_at: float = 0.0
    """When the first attempt was let in, by the monotonic clock."""
    wait_s: float = 0.0
    """Before the next attempt."""
    burst: Burst | None = None
    """Of the attempt that was let in last."""
    last: Lost | None = None

    def let_in(self, burst: Burst, *, now: float) -> None:
        """An attempt begins."""
        self.burst = burst
        self.began_at = self.began_at or now
        self.attempts += 1

    def identify(self, result: object) -> None:
        """An attempt has been answered: its account learns what the service calls it."""
        if self.entry is not None and self.charge is not None and self.charge.ids is not None:
            self.entry.identified(self.charge.ids(result))

    def end(self, outcome: Outcome, *, reason: str = "", bill: Bill | None = None) -> None:
        """And ends, as far as its account is concerned."""
        if self.entry is not None:
            self.entry.end(outcome, reason=reason, bill=bill)

    def lose(self, lost: Lost, patience: Patience) -> None:
        """An attempt has come to nothing."""
        self.last = lost
        self.wait_s = wait_s(patience, attempt=self.attempts, asked_s=lost.asked_s)
        self.perhaps_paid += lost.paid and self.billed
        self.doors = self.doors + 1 if lost.door else 0

    def gone(self, patience: Patience) -> bool:
        """Whether it looks as if no service is there any more."""
        final = self.last is not None and self.last.final
        return final or self.doors >= min(patience.door_attempts, patience.attempts)

    def over(self, patience: Patience, *, now: float) -> bool:
        """Whether no further attempt is allowed."""
        return (
            self.attempts >= patience.attempts
            or self.perhaps_paid >= patience.paid_attempts
            or self.gone(patience)
            or now + self.wait_s - self.began_at > patience.total_s
        )


def lost_before_the_answer(error: httpx.TransportError, patience: Patience, *, whole: bool = True) -> Lost:
    """
    What it means that no answer's head came.

    Args:
        whole: False where part of the request is known not to have gone out.
    """
    match error:
        case httpx.ConnectTimeout():
            return Lost(f"no connection within {patience.connect_s:g} s", door=True)
        case httpx.ConnectError():
            return _closed_door(error)
        case httpx.ProxyError():
            return Lost(f"the proxy does not get through: {error}", door=True)
        case httpx.PoolTimeout():
            return Lost("no free connection")
        case httpx.WriteTimeout() | httpx.WriteError() | httpx.LocalProtocolError():
            # The request never arrived whole, so nothing can have come of it.
            return Lost(f"the request could not be sent: {error}")
        case httpx.ReadTimeout() if whole:
            waited_s = min(patience.head_s, patience.answer_s)
            return Lost(f"no answer within {waited_s:g} s", outcome="broken")
    if not whole:
        return Lost(f"the connection was lost before the request was sent: {error}")
    return Lost(f"the connection was lost before an answer came: {error}", outcome="broken")


def _closed_door(error: httpx.ConnectError) -> Lost:
    cause: BaseException | None = error
    while cause is not None:
        match cause:
            case socket.gaierror():
                return Lost("its name is not known", door=True)
            case ConnectionRefusedError():
                return Lost("connection refused", door=True)
            case ssl.SSLCertVerificationError():
                return Lost(f"its certificate is not valid: {cause.verify_message}", door=True, final=True)
        cause = cause.__cause__ or cause.__context__
    return Lost(f"no connection: {error}", door=True)
