"""When things happened, as the ledger writes it: UTC, ISO 8601, milliseconds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def now() -> str:
    """This moment."""
    return _written(datetime.now(UTC))


def hours_ago(hours: int) -> str:
    """The moment so long before this one."""
    return _written(datetime.now(UTC) - timedelta(hours=hours))


def began(ended_at: str, took_ms: int) -> str:
    """When something began that ended at *ended_at*, a sidecar's whole second; that, if it is no time."""
    try:
        ended = datetime.fromisoformat(ended_at)
        return _written(
            (ended if ended.tzinfo else ended.replace(tzinfo=UTC)) - timedelta(milliseconds=took_ms)
        )
    except (ValueError, OverflowError):
        return ended_at


def whole_second(moment: str) -> str:
    """A moment as a sidecar gives it: cut to its second."""
    return f"{moment[:19]}Z"


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
