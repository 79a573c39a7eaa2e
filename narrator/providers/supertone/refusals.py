"""What Supertone says when it will not: every shape of an error body, and which of our errors it becomes.

An error is `{"status": "error", "message": ...}`, where the message is text, or an object with `message`
(text or a list of texts), `error` and `statusCode`, which may be `status_code`. Bodies that are empty, or a
gateway's page, come as well. The same objects stand in an answer that began well. What is not settled here
(too many requests, faults of the service, nothing at the address) is the transport's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import NamedTuple

from narrator.errors import OutOfCredit, ProviderError, RequestRefused
from narrator.providers.reading import object_or_empty
from narrator.providers.refusals import about_key, passes
from narrator.providers.supertone.roster import LISTING
from narrator.providers.supertone.settings import KEY_VARIABLE, NAME
from narrator.transport import BrokenAnswer, Judge
from narrator.transport.redaction import excerpt, one_line

_NO_SUCH_PATH = re.compile(r"\bcannot (get|post)\b|\b(route|path|endpoint)\b", re.IGNORECASE)
_VOICE = re.compile(r"\bvoices?\b", re.IGNORECASE)


class NotThere(RequestRefused):
    """The service does not have what was asked for, and answers from where that would be."""


class Refusal(NamedTuple):
    """What an error says, whatever its shape."""

    said: str
    status: int = 0
    """That the body itself gives."""
    own: bool = True
    """Whether it is of a shape that the service has, rather than of something that stands in its place."""


def read(body: bytes) -> Refusal:
    """An error's body, taken apart."""
    found = object_or_empty(body)
    return read_object(found) if found else Refusal(excerpt(body) or "without a word", own=False)


def read_object(found: Mapping[str, object]) -> Refusal:
    """An error as a JSON object, taken apart."""
    within = found.get("message")
    # A gateway may have taken the outer object off.
    inner: Mapping[str, object] = within if isinstance(within, dict) else found
    said = inner.get("message") if isinstance(within, dict) else within
    texts = [text for text in (said if isinstance(said, list) else [said]) if isinstance(text, str)]
    texts = texts or [text for text in (inner.get("error"), found.get("error")) if isinstance(text, str)]
    statuses = [inner.get("statusCode"), inner.get("status_code"), found.get("statusCode")]
    return Refusal(
        one_line("; ".join(filter(None, map(str.strip, texts)))) or one_line(json.dumps(found)),
        next((status for status in statuses if isinstance(status, int) and 400 <= status < 600), 0),
        own=bool(texts) and "message" in found,
    )


def is_error(found: Mapping[str, object]) -> bool:
    """Whether a JSON object where sound should be is an error."""
    if found.get("audio_base64") is not None or found.get("phonemes") is not None:
        return False
    return found.get("status") == "error" or not {"message", "error", "statusCode"}.isdisjoint(found)


def judge(*, keyed: bool) -> Judge:
    """
    What becomes of an answer from status 400 on.

    Args:
        keyed: whether a key was sent.
    """

    def settle(status: int, _headers: Mapping[str, str], body: bytes) -> ProviderError | None:
        return _settle(status, read(body), keyed=keyed)

    return settle


def in_band(found: Mapping[str, object], *, keyed: bool, begun: bool) -> Exception:
    """
    What becomes of an error within an answer that began well: one of ours, or `BrokenAnswer` where asking
    again may help.

    Args:
        begun: whether sound had come before it.
    """
    refusal = read_object(found)
    settled = _settle(refusal.status, refusal, keyed=keyed) if refusal.status else None
    if settled is None:
        return BrokenAnswer(f"an error within the answer: {refusal.said}")
    settled.begun = begun
    return settled


def _settle(status: int, refusal: Refusal, *, keyed: bool) -> ProviderError | None:
    said = refusal.said
    if status == 402:
        return OutOfCredit(said, provider=NAME)
    if status in (401, 403):
        return about_key(said, keyed=keyed, variable=KEY_VARIABLE, provider=NAME)
    if passes(status):
        return None
    if status in (404, 410):
        if not refusal.own or _NO_SUCH_PATH.search(said):
            return None
        remedy = f"; {LISTING}" if _VOICE.search(said) else ""
        return NotThere(f"{said.rstrip('.')}{remedy}", provider=NAME, status=status)
    return RequestRefused(said, provider=NAME, status=status)
