"""What PlayHT says when it will not: three shapes of an error body, and which of our errors it becomes.

    {"error_message": ..., "error_id": ...}     ordinary ones
    {"message": ..., "error": ...}              faults of the service
    "Rate limit exceeded ..."                   a bare string in JSON, or plain text

(contract 13). What is not settled here (too many requests, faults of the service, nothing at the address) is
the transport's to settle.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from narrator.errors import OutOfCredit, ProviderError, RequestRefused
from narrator.providers.fields import text_or_empty
from narrator.providers.playht.jobs import JobMissing
from narrator.providers.playht.settings import KEY_VARIABLE, NAME, USER_VARIABLE
from narrator.providers.reading import object_or_empty
from narrator.providers.refusals import about_key, passes
from narrator.transport import Judge
from narrator.transport.redaction import excerpt, one_line

_CREDIT = re.compile(
    r"\bcredits?\b|\bquota\b|\bbalance\b|\b(characters?|words?) (limit|left|remaining)", re.IGNORECASE
)
_USER = re.compile(r"\buser[ _-]?id\b", re.IGNORECASE)
_KEY = re.compile(r"\bkey\b|\bauthorization\b", re.IGNORECASE)
_VOICE = re.compile(r"\bvoices?\b", re.IGNORECASE)


def said(body: bytes) -> str:
    """What an error's body says, in one line; `""` where it says nothing."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return excerpt(body)
    if isinstance(found, str):
        return one_line(found)
    names = ("error_message", "message", "error", "detail") if isinstance(found, Mapping) else ()
    words = (text for name in names if (text := text_or_empty(found, name).strip()))
    return next(map(one_line, words), excerpt(body))


def is_ordinary(body: bytes) -> bool:
    """Whether an error's body is an ordinary one of the service's own, in a shape that nothing else has."""
    return bool({"error_message", "error_id"} & set(object_or_empty(body)))


def is_ours(body: bytes) -> bool:
    """Whether an error's body is of the service's own making, and not of something before it."""
    return is_ordinary(body) or {"message", "error"} <= set(object_or_empty(body))


def judge(*, keyed: bool, named: bool, of_job: bool = False) -> Judge:
    """
    What becomes of an answer from status 400 on.

    Args:
        keyed: whether a key was sent.
        named: whether a user id was.
        of_job: a job was asked for by its id.
    """

    def settle(status: int, _headers: Mapping[str, str], body: bytes) -> ProviderError | None:
        words = said(body)
        if passes(status):
            return None
        if status == 402 or (status == 403 and _CREDIT.search(words)):
            return OutOfCredit(words or "it does not say why", provider=NAME)
        if status in (401, 403):
            said_of_it = words or f"status {status}"
            if _USER.search(words) and not (named and _KEY.search(words)):
                return about_key(said_of_it, keyed=named, variable=USER_VARIABLE, provider=NAME)
            return about_key(said_of_it, keyed=keyed, variable=KEY_VARIABLE, provider=NAME)
        if status in (404, 410) and of_job:
            return JobMissing(certain=is_ordinary(body), provider=NAME)
        if status == 404 and not (is_ours(body) and _VOICE.search(words)):
            return None
        return RequestRefused(words or "without a word", provider=NAME, status=status)

    return settle
