"""What Hume says when it will not, and which of our errors that becomes.

The service has at least six shapes of an error (contract 12.1), all of them known to `providers.refusals`.
The same objects come as lines of a stream that has begun well (12.3). What is not settled here (too many
requests, faults of the service, nothing at the address) is the transport's to settle.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from narrator.errors import OutOfCredit, ProviderError, RequestRefused, ServiceFailed
from narrator.providers.hume.bodies import Body
from narrator.providers.hume.roster import CUSTOM
from narrator.providers.hume.settings import KEY_VARIABLE, NAME
from narrator.providers.refusals import EdgeRefused, Refusal, about_key, passes, read, read_object
from narrator.transport import BrokenAnswer, Judge

LOST_VOICE = (
    f"a voice of Hume's library is written `{NAME}/NAME`, one kept in the account `{NAME}/{CUSTOM}NAME`;"
    f" `narrator voices {NAME} --search ...` lists both"
)

_CREDIT = re.compile(r"\bcredits?\b", re.IGNORECASE)
_VOICE = re.compile(r"\bvoices?\b", re.IGNORECASE)
_EXISTS = re.compile(r"\bexists\b|\balready\b|\btaken\b|\bin use\b", re.IGNORECASE)
_CONTEXT = re.compile(
    r"\bcontext|\bgeneration(?!s)\b|\bgeneration_id\b|\bcontinu|\bprevious\b|\bprior\b|\bpreceding\b",
    re.IGNORECASE,
)
_NAMES_NOTHING = re.compile(
    r"([\W\d_]|\b(a|an|available|bad|be|could|delete|does|endpoint|entity|error|exist|file|found|get|http|invalid|is|it|json"
    r"|message|no|not|on|page|path|post|request|requested|resource|route|server|status|stream|such|the|this|tts"
    r"|unprocessable|url|v\d+|validation|was)\b)*",
    re.IGNORECASE,
)
_EMPTY_ACCOUNT = frozenset({"e0300", "zero_credits"})


class ContextRefused(RequestRefused):
    """The service does not know the take before, or will not go on from it; it may speak the line without."""


def judge(*, keyed: bool, context: Body | None = None, lost_voice: str = LOST_VOICE) -> Judge:
    """
    What becomes of an answer from status 400 on.

    Args:
        keyed: whether a key was sent.
        context: what the request said of the line before.
        lost_voice: what to do where the voice is not there.
    """

    def settle(status: int, _headers: Mapping[str, str], body: bytes) -> ProviderError | None:
        return _settle(status, read(body), keyed=keyed, context=context, lost_voice=lost_voice)

    return settle


def in_band(
    *, keyed: bool, context: Body | None = None, lost_voice: str = LOST_VOICE
) -> Callable[[Mapping[str, Any]], Exception]:
    """What becomes of an error object within an answer that began well: one of ours, or `BrokenAnswer` where
    asking again may help."""

    def settle(found: Mapping[str, Any]) -> Exception:
        refusal = read_object(found)
        request_is_wrong = any(re.fullmatch(r"e0[12]\d\d", code) for code in refusal.codes)
        status = refusal.status if 400 <= refusal.status < 600 else 400 if request_is_wrong else 0
        if _out_of_credit(refusal) or _CREDIT.search(refusal.said):
            return OutOfCredit(refusal.said, provider=NAME)
        settled: ProviderError | None = None
        if status:
            settled = _settle(status, refusal, keyed=keyed, context=context, lost_voice=lost_voice)
        elif context is not None and _names(context, refusal, vaguely=False):
            settled = ContextRefused(refusal.said, provider=NAME)
        return settled or BrokenAnswer(f"an error within the answer: {refusal.said}")

    return settle


def instead_of_audio(body: bytes, *, keyed: bool) -> ProviderError:
    """What it means that an answer of status 200 is text where it should be an audio file."""
    refusal = read(body)
    if refusal.structured and isinstance(found := json.loads(body), dict):
        error = in_band(keyed=keyed)(found)
        if isinstance(error, ProviderError):
            return error
    return ServiceFailed(1, f"no audio came, but: {refusal.said}", provider=NAME, perhaps_paid=1)


def already_exists(error: RequestRefused) -> bool:
    """Whether a name is refused because it is in use."""
    return _EXISTS.search(error.said) is not None


def _settle(
    status: int, refusal: Refusal, *, keyed: bool, context: Body | None, lost_voice: str
) -> ProviderError | None:
    said = refusal.said
    if _out_of_credit(refusal) or status == 402 or (status in (400, 403, 429) and _CREDIT.search(said)):
        return OutOfCredit(said, provider=NAME)
    if status == 401:
        return about_key(said, keyed=keyed, variable=KEY_VARIABLE, provider=NAME)
    if status == 403:
        return _forbidden(refusal, keyed=keyed)
    if status == 409 and _EXISTS.search(said):
        return RequestRefused(said, provider=NAME, status=status)
    if context is not None and status == 409 and _names(context, refusal, vaguely=False):
        return ContextRefused(said, provider=NAME, status=status)
    if passes(status):
        return None
    if context is not None and _names(context, refusal, vaguely=refusal.structured):
        return ContextRefused(said, provider=NAME, status=status)
    if status == 404 and refusal.structured and _VOICE.search(said):
        return RequestRefused(f"{said.rstrip('.')}; {lost_voice}", provider=NAME, status=status)
    if status in (404, 410) and (_names_nothing(refusal) or not refusal.structured):
        return None
    return RequestRefused(said, provider=NAME, status=status, field=(*refusal.fields, "")[0])


def _forbidden(refusal: Refusal, *, keyed: bool) -> ProviderError:
    if "error code: 1010" in refusal.said or not refusal.structured:
        return EdgeRefused(
            f"what stands before the service turned the program away ({refusal.said}); that is not about the"
            " key: it judges the User-Agent, which something on the way may have changed, or the network",
            provider=NAME,
            status=403,
        )
    return about_key(refusal.said, keyed=keyed, variable=KEY_VARIABLE, provider=NAME)


def _names(context: Body, refusal: Refusal, *, vaguely: bool) -> bool:
    """Whether a refusal is about the line before, as far as can be told: how it is worded is not known.

    Args:
        vaguely: count one that names nothing at all, too: a refusal is not billed, and if it was about
            something else, the same request is refused again without a context.
    """
    if any("context" in field for field in refusal.fields):
        return True
    if refusal.fields:
        return False
    generation = str(context.get("generation_id", "")).lower()
    if generation and generation in refusal.said.lower():
        return True
    if "utterances" in context and _VOICE.search(refusal.said):  # perhaps the voice of the line before
        return True
    return _CONTEXT.search(refusal.said) is not None or (vaguely and _names_nothing(refusal))


def _out_of_credit(refusal: Refusal) -> bool:
    """Whether it bears the mark of an empty account."""
    return not _EMPTY_ACCOUNT.isdisjoint(refusal.codes)


def _names_nothing(refusal: Refusal) -> bool:
    """Whether it says no more than that something is wrong, or is not there."""
    return not refusal.fields and _NAMES_NOTHING.fullmatch(refusal.said) is not None
