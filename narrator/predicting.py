"""How long lines will sound, asked of services that say so for nothing: some of each voice, for the rest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from narrator.errors import ProviderError
from narrator.manuscript import Notice
from narrator.planning import Line
from narrator.providers.base import Predicting, Provider
from narrator.takes import Request

MOST = 20
"""Lines of each voice that are asked about; the others are told from these."""


class Predictions(NamedTuple):
    """What was said."""

    ms: tuple[tuple[Request, int], ...]
    notices: tuple[Notice, ...]
    """One for each service that could not be asked."""


def predict(lines: Iterable[Line], providers: Mapping[str, Provider]) -> Predictions:
    """Ask about lines without a take, spread over the book, where book.yaml wants that."""
    asked: dict[tuple[str, ...], list[Request]] = defaultdict(list)
    for line in lines:
        parts = [part.request for part in line.parts if part.take is None]
        for request in (parts or [line.request]) if line.take is None else ():
            asked[request.provider, request.model, request.voice].append(request)
    found: list[tuple[Request, int]] = []
    notices: list[Notice] = []
    failed: set[str] = set()
    for (name, *_), requests in asked.items():
        provider = providers[name]
        if not isinstance(provider, Predicting) or not provider.predicts:
            continue
        for request in requests[:: -(-len(requests) // MOST)]:
            if name in failed:
                break
            try:
                found.append((request, provider.predict_ms(request)))
            except ProviderError as error:
                failed.add(name)
                message = (
                    f"it could not be asked how long lines will sound, which is told by their text: {error}"
                )
                notices.append(Notice(message=message, file="book.yaml"))
    return Predictions(tuple(found), tuple(notices))
