"""Takes and errands for the tests of the ledger."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import numpy as np

from narrator.book import Budget
from narrator.ledger import Ledger
from narrator.spending import Bill, Errand
from narrator.store import TakeStore
from narrator.takes import Generation, Request, Spoken, Take

PRICE = Bill(characters=40, amount=4000, currency="USD")
"""40 characters at 0.10 USD a thousand."""
NOTHING = Bill(characters=40, amount=0, currency="USD")


def request(text: str) -> Request:
    return Request(provider="hume", model="2", voice="Ada", spoken=Spoken(text=text))


def errand(text: str, utterance_id: str = "c01-u001", *, chapter: int = 1, role: str = "narrator") -> Errand:
    asked = request(text)
    return Errand(
        key=asked.key,
        utterance_id=utterance_id,
        chapter=chapter,
        title=f"Chapter {chapter}",
        role=role,
        provider=asked.provider,
        model=asked.model,
        voice=asked.voice,
    )


def put(
    store: TakeStore,
    text: str,
    number: int = 1,
    *,
    at: str = "2026-11-20T10:00:00Z",
    cost: float = 0.004,
    answer: int = 0,
) -> Take:
    """A short take of its own id; *number* tells takes of one text apart."""
    generation = Generation(
        pcm=np.zeros(8, np.int16),
        rate=8000,
        words=(),
        word_source="estimated",
        ids=(("generation", f"{text} {number} {answer}"),),
        characters=40,
        cost=cost,
    )
    return store.put(request(text), generation, took_ms=1500, recorded_at=at, answer=answer, durable=False)


def ledger(takes: Path, *, budget: float | None = None, **others: float) -> Ledger:
    """
    Args:
        budget: in USD.
        others: in other currencies.
    """
    amounts = ({} if budget is None else {"USD": budget}) | others
    limits = [Budget(amount=amount, currency=currency) for currency, amount in amounts.items()]
    return Ledger(takes, store=TakeStore(takes), budget=limits, command="book")


def rows(takes: Path, query: str) -> list[tuple[Any, ...]]:
    """What somebody else sees in the ledger, right now."""
    connection = sqlite3.connect(takes / "ledger.sqlite")
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def outcomes(takes: Path) -> list[str]:
    return [outcome for (outcome,) in rows(takes, "SELECT outcome FROM requests ORDER BY id")]


def record(takes: Path) -> Path:
    store = TakeStore(takes)
    with ledger(takes) as book:
        for number in range(3):
            account = book.account(errand(f"Line {number}.", f"c01-u{number:03}"))
            account.send(PRICE).ended("answered")
            account.kept([put(store, f"Line {number}.", cost=0.004)])
        account = book.account(errand("Line 3.", "c01-u003"))
        account.send(PRICE).ended("broken", reason="cut")
        account.send(PRICE).ended("refused")
    return takes


def aside(takes: Path) -> list[Path]:
    return sorted(takes.glob("ledger.sqlite.damaged-*"))


def statement(takes: Path, sql: str) -> None:
    connection = sqlite3.connect(takes / "ledger.sqlite")
    connection.execute(sql)
    connection.commit()
    connection.close()
