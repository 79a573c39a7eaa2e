"""How long is waited, how often something is tried, and what a service asks for in its headers."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import NamedTuple

_NOT_A_DURATION = 1e9
"""An X-RateLimit-Reset from here on is a moment (Unix time), below it a number of seconds."""
_MILLISECONDS = 1e11
"""And from here on that moment is in milliseconds."""


class Patience(NamedTuple):
    """The limits of one call."""

    attempts: int = 8
    """Requests at most. With the waits below they outlast a minute in which a service answers 429 and does
    not say for how long."""
    paid_attempts: int = 2
    """How many of them may be lost after the service may have billed them."""
    door_attempts: int = 4
    """How often in a row nothing may answer at the address before the service counts as gone."""
    total_s: float = 900.0
    """No attempt begins later than this after the first one."""
    first_wait_s: float = 1.0
    """The back-off after the first failure; it doubles with each, up to `longest_wait_s`."""
    longest_wait_s: float = 60.0
    longest_asked_s: float = 120.0
    """The most that is waited because a service asks for it."""
    connect_s: float = 10.0
    head_s: float = 180.0
    """Between two reads up to the end of the answer's head: the whole synthesis, where it is not streamed."""
    idle_s: float = 60.0
    """Between two pieces of an answer."""
    answer_s: float = 600.0
    """For one whole answer; only the time spent waiting for the service counts."""
    body_bytes: int = 256 * 1024 * 1024
    """The largest answer: five takes of a 5,000-character utterance as base64 of 48 kHz WAV fit."""


def back_off_s(patience: Patience, attempt: int) -> float:
    """Between half and the whole of `first_wait_s`, doubled for each attempt (from 1) after the first."""
    exponent = min(attempt - 1, 64)
    highest: float = min(patience.first_wait_s * 2**exponent, patience.longest_wait_s)
    return highest * random.uniform(0.5, 1.0)  # noqa: S311  spreads attempts out, guards nothing


def wait_s(patience: Patience, *, attempt: int, asked_s: float | None) -> float:
    """How long to wait after a failed attempt: what the service asks for, up to the cap, else the back-off.

    A little is added to what is asked, so that those told the same do not all come back at once.
    """
    if asked_s is None or asked_s <= 0:
        return back_off_s(patience, attempt)
    return min(asked_s, patience.longest_asked_s) * random.uniform(1.0, 1.1)  # noqa: S311  as above


def asked_s(headers: Mapping[str, str], *, now: float) -> float | None:
    """Seconds that a refusal asks to wait, by the first of these that it has.

    `retry-after-ms`; `Retry-After`, as seconds or a date (RFC 9110, 10.2.3); `X-RateLimit-Reset`, as seconds
    or Unix time. A moment is measured from the answer's own `Date`, so that a wrong clock does no harm.

    Args:
        headers: lower-cased names.
        now: Unix time, for answers without a `Date`.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    sent_at = _moment(headers.get("date"))
    reference = now if sent_at is None else sent_at
    wanted = headers.get("retry-after")
    seconds = _number(wanted)
    if seconds is not None:
        return seconds
    moment = _moment(wanted)
    if moment is None:
        moment = _number(headers.get("x-ratelimit-reset"))
        if moment is None or moment < _NOT_A_DURATION:
            return moment
        moment /= 1000 if moment >= _MILLISECONDS else 1
    return max(moment - reference, 0.0)


def _number(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _moment(value: str | None) -> float | None:
    """An HTTP date as Unix time."""
    try:
        moment = parsedate_to_datetime(value or "")
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, TypeError):
        return None
