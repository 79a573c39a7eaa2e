"""What was spoken, and how long: by hours and days, voices and models (contract 7). Times are UTC."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Literal, NamedTuple

from narrator.serving.state import State
from narrator.serving.supertone.refusing import refusal
from narrator.serving.supertone.voices import beginning
from narrator.serving.supertone.wire import (
    SupertoneBucket,
    SupertoneUsage,
    SupertoneUsed,
    SupertoneVoiceUsage,
    SupertoneVoiceUsed,
)

TABLES = """
CREATE TABLE IF NOT EXISTS supertone_usage (
    number INTEGER PRIMARY KEY, at_s REAL NOT NULL, voice_id TEXT NOT NULL, voice_name TEXT NOT NULL,
    style TEXT NOT NULL, language TEXT NOT NULL, model TEXT NOT NULL, seconds REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS supertone_usage_by_time ON supertone_usage (at_s);
"""

Width = Literal["hour", "day"]
Breakdown = Literal["voice_id", "voice_name", "api_key", "model"]
SIZES = (1, 20)
"""Of a page of `/v1/usage`."""
MOST_DAYS = 30
"""Of `/v1/voice-usage`."""
KEPT_S = 400 * 86400
API_KEY = "narrator serve"
"""What stands for the key: a server knows one, and tells it to nobody."""

_WIDTHS_S = {"hour": 3600, "day": 86400}
_SWEEP = 1000
"""Requests between two looks for old ones."""


class Spent(NamedTuple):
    """Speech that was made for a request."""

    voice_id: str
    voice_name: str
    style: str
    language: str
    model: str
    seconds: float


class Period(NamedTuple):
    """What `/v1/usage` is asked about."""

    start: datetime
    end: datetime
    """Which is not part of it."""
    width: Width = "day"
    breakdown: Sequence[Breakdown] = ()
    size: float = 10
    token: str | None = None


class Usage:
    """What every request came to. Its methods block."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._until_sweep = 0

    def add(self, spent: Spent) -> None:
        """Write it down; it is on disk when this returns."""
        now = time.time()
        with self._state.changing() as database:
            database.execute(
                "INSERT INTO supertone_usage (at_s, voice_id, voice_name, style, language, model, seconds)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (now, *spent),
            )
            self._until_sweep -= 1
            if self._until_sweep <= 0:
                self._until_sweep = _SWEEP
                database.execute("DELETE FROM supertone_usage WHERE at_s < ?", (now - KEPT_S,))

    def within(self, period: Period) -> SupertoneUsage:
        """
        A page of hours or days, those in which nothing was spoken among them.

        Raises:
            Refused: there is no such time, or page.
        """
        if {"voice_id", "voice_name"} <= set(period.breakdown):
            raise refusal("breakdown_type: voice_id and voice_name do not go together")
        if not SIZES[0] <= period.size <= SIZES[1] or period.size != int(period.size):
            raise refusal([f"page_size must be a whole number from {SIZES[0]} to {SIZES[1]}"])
        start_s, end_s = _seconds(period.start), _seconds(period.end)
        if end_s <= start_s:
            raise refusal("end_time must be after start_time")
        width_s = _WIDTHS_S[period.width]
        first_s = int(start_s // width_s) * width_s
        total = -int((first_s - end_s) // width_s)
        begun = beginning(period.token)
        ended = min(begun + int(period.size), total)
        spans = [(first_s + at * width_s, first_s + (at + 1) * width_s) for at in range(begun, ended)]
        return SupertoneUsage(
            data=[
                SupertoneBucket(
                    starting_at=_stamp(low),
                    ending_at=_stamp(high),
                    results=self._results(max(low, start_s), min(high, end_s), period.breakdown),
                )
                for low, high in spans
            ],
            total=total,
            next_page_token=str(ended) if ended < total else None,
        )

    def by_voice(self, first: date, last: date) -> SupertoneVoiceUsage:
        """
        Each voice's on each day, both ends included.

        Raises:
            Refused: that is too long, or ends before it begins.
        """
        if not 0 <= (last - first).days <= MOST_DAYS:
            raise refusal(f"end_date must be start_date or up to {MOST_DAYS} days later")
        low, high = (datetime(each.year, each.month, each.day, tzinfo=UTC) for each in (first, last))
        rows = self._state.rows(
            "SELECT date(at_s, 'unixepoch') AS day, voice_id, voice_name, style, language, model,"
            " sum(seconds) / 60 FROM supertone_usage WHERE at_s >= ? AND at_s < ?"
            " GROUP BY day, voice_id, voice_name, style, language, model"
            " ORDER BY day, voice_id, style, language, model",
            (_seconds(low), _seconds(high) + _WIDTHS_S["day"]),
        )
        names = ("date", "voice_id", "name", "style", "language", "model", "total_minutes_used")
        return SupertoneVoiceUsage(
            usages=[SupertoneVoiceUsed(**dict(zip(names, row, strict=True))) for row in rows]
        )

    def _results(self, low_s: float, high_s: float, breakdown: Sequence[Breakdown]) -> list[SupertoneUsed]:
        columns = [name for name in ("voice_id", "voice_name", "model") if name in breakdown]
        grouped = f" GROUP BY {', '.join(columns)} ORDER BY {', '.join(columns)}" if columns else ""
        query = f"SELECT sum(seconds) / 60{''.join(f', {name}' for name in columns)} FROM supertone_usage"  # noqa: S608 - words of ours
        rows = self._state.rows(f"{query} WHERE at_s >= ? AND at_s < ?{grouped}", (low_s, high_s))
        key = {"api_key": API_KEY} if "api_key" in breakdown else {}
        return [
            SupertoneUsed(minutes_used=minutes, **dict(zip(columns, told, strict=True)), **key)
            for minutes, *told in rows
            if minutes is not None
        ]


def _seconds(moment: datetime) -> float:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()


def _stamp(seconds: float) -> str:
    """RFC 3339."""
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    except OverflowError:
        raise refusal("end_time is too far away") from None
    return moment.isoformat().replace("+00:00", "Z")
