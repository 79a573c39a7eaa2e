"""What Sarvam says when it will not: its error codes, and which of our errors they become (contract 11).

The code decides before the status does: 429 means both "later" and "not without more credit". What is not
settled here (too many requests, faults of the service, nothing at the address) is the transport's to settle.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import ClassVar, NamedTuple

from narrator.errors import OutOfCredit, ProviderError, RequestRefused, nearest
from narrator.providers.reading import begins_as_text
from narrator.providers.refusals import EdgeRefused, Refusal, about_key, passes, read
from narrator.providers.sarvam import speakers
from narrator.providers.sarvam.settings import KEY_VARIABLE, NAME, LanguageField
from narrator.transport import BrokenAnswer, Judge

_CREDIT = frozenset({"insufficient_quota_error"})
_KEY = frozenset({"invalid_api_key_error", "authentication_error"})
_FINAL = frozenset({"invalid_request_error", "unprocessable_entity_error", "not_found_error"})
_OTHER_FIELD: Mapping[LanguageField, LanguageField] = {
    "language_code": "target_language_code",
    "target_language_code": "language_code",
}
_TEXT_BYTES = 64 * 1024
"""Of an answer, so many are looked at to see whether it is text."""


class LanguageFieldRefused(RequestRefused):
    """The service calls the language otherwise than it is told."""

    stops: ClassVar[bool] = True


class DictionaryLost(RequestRefused):
    """The service does not have the dictionary that the request names, or will not have it named."""


class Asking(NamedTuple):
    """What a request says, as far as a refusal may be about it."""

    keyed: bool
    """Whether a key was sent."""
    language_field: LanguageField = "language_code"
    dict_id: str | None = None
    speaker: str = ""
    """As it is sent; empty where no speech is asked for."""


def judge(asking: Asking) -> Judge:
    """What becomes of an answer from status 400 on."""

    def settle(status: int, _headers: Mapping[str, str], body: bytes) -> ProviderError | None:
        return _settle(status, read(body), asking)

    return settle


def in_place_of_audio(beginning: bytes, asking: Asking) -> Exception | None:
    """
    What it means that an answer of status 200 is text; None where it is not.

    Args:
        beginning: of the answer, or all of it.
    """
    if not _is_text(beginning[:_TEXT_BYTES]):
        return None
    refusal = read(beginning)
    codes = set(refusal.codes)
    status = refusal.status if 400 <= refusal.status < 500 else 400 if codes & _FINAL else 0
    settled = _settle(status, refusal, asking) if status or codes & (_CREDIT | _KEY) else None
    return settled or BrokenAnswer(f"text came in place of audio: {refusal.said}")


def _settle(status: int, refusal: Refusal, asking: Asking) -> ProviderError | None:
    said, codes = refusal.said, set(refusal.codes)
    if codes & _CREDIT or status == 402:
        return OutOfCredit(said, provider=NAME)
    if codes & _KEY or status == 401 or (status == 403 and refusal.structured):
        return about_key(said, keyed=asking.keyed, variable=KEY_VARIABLE, provider=NAME)
    if status == 403:
        return EdgeRefused(
            f"what stands before the service turned the program away ({said}); that is not about the key",
            provider=NAME,
            status=403,
        )
    if passes(status):
        return None
    if asking.dict_id is not None and _is_about_dictionary(status, refusal, asking.dict_id):
        return DictionaryLost(said, provider=NAME, status=status)
    if status in (404, 410):
        # Whatever it says: a path that is not there is answered as everything else is that is not.
        return None if asking.speaker else RequestRefused(said, provider=NAME, status=status)
    return _about_fields(status, refusal, asking)


def _is_about_dictionary(status: int, refusal: Refusal, dict_id: str) -> bool:
    if status == 404:  # nothing else is asked for by its id
        return True
    named = " ".join((refusal.said, *refusal.fields)).lower()
    return dict_id.lower() in named or re.search(r"\bdict(ionar|_id|\b)", named) is not None


def _about_fields(status: int, refusal: Refusal, asking: Asking) -> RequestRefused:
    named = " ".join((refusal.said, *refusal.fields))
    field = (*refusal.fields, "")[0]
    other = _OTHER_FIELD[asking.language_field]
    if asking.speaker and re.search(rf"(?<![a-z_]){other}\b", named):
        return LanguageFieldRefused(
            f"{refusal.said.rstrip('.')}; the service calls the language {other!r}: write"
            f" `language_field: {other}` under `providers: {{{NAME}: ...}}` in book.yaml",
            provider=NAME,
            status=status,
            field=field,
        )
    remedy = ""
    if asking.speaker and re.search(r"\bspeaker\b", named, re.IGNORECASE):
        close = nearest(asking.speaker, (*speakers.V3, *speakers.V4_FLASH, *speakers.V2))
        remedy = f"; the service renames voices now and then, and may mean {close}" if close else ""
    elif asking.speaker and (
        found := re.search(r"\b(pitch|loudness|preprocessing|temperature)", named, re.IGNORECASE)
    ):
        remedy = f"; take `{found[1].lower()}` out of the role's settings, or change it"
    return RequestRefused(
        f"{refusal.said.rstrip('.')}{remedy}" if remedy else refusal.said,
        provider=NAME,
        status=status,
        field=field,
    )


def _is_text(beginning: bytes) -> bool:
    """Whether it is JSON or HTML, and not samples whose first byte happens to look like it."""
    if not begins_as_text(beginning):
        return False
    text = beginning.decode("utf-8", "replace").removesuffix("\ufffd")
    if any(not letter.isprintable() and letter not in "\t\r\n" for letter in text) or "\ufffd" in text:
        return False
    return len(text) >= 16 or _is_json(text)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
