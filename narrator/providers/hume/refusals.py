"""What Hume says when it will not: every shape of an error body, and which of our errors it becomes.

The service has at least six shapes (contract 12.1): `detail` as a list or as text; `message`; `error` as text
or as an object; `code` and `slug`, at the top or within `details`; and text that is no JSON at all. The same
objects come as lines of a stream that has begun well (12.3). What is not settled here (too many requests,
faults of the service, nothing at the address) is the transport's to settle.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, NamedTuple

from narrator.errors import KeyMissing, KeyRefused, OutOfCredit, ProviderError, RequestRefused, ServiceFailed
from narrator.providers.hume.bodies import Body
from narrator.providers.hume.roster import CUSTOM
from narrator.providers.hume.settings import KEY_VARIABLE, NAME
from narrator.transport import BrokenAnswer, Judge

NEWS = (
    "in October 2026 Hume announced the end of its speech services for 2026-11-13, and later of accounts;"
    " takes that were recorded stay usable"
)
LOST_VOICE = (
    f"a voice of Hume's library is written `{NAME}/NAME`, one kept in the account `{NAME}/{CUSTOM}NAME`;"
    f" `narrator voices {NAME} --search ...` lists both"
)

_LONGEST = 300
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
_PASSING = (408, 409, 425, 429)


class ContextRefused(RequestRefused):
    """The service does not know the take before, or will not go on from it; it may speak the line without."""


class EdgeRefused(RequestRefused):
    """What stands before the service turned the program away, whoever asks (contract 12.4)."""

    stops: ClassVar[bool] = True


class Refusal(NamedTuple):
    """What an error says, whatever its shape."""

    said: str
    codes: tuple[str, ...] = ()
    """`code` and `slug`, lower-cased, wherever they stood."""
    fields: tuple[str, ...] = ()
    """Paths in the request that are to blame."""
    status: int = 0
    """That the body itself gives."""
    structured: bool = True
    """Whether it was JSON."""

    @property
    def out_of_credit(self) -> bool:
        """Whether it bears the mark of an empty account."""
        return bool({"e0300", "zero_credits"} & set(self.codes))

    @property
    def names_nothing(self) -> bool:
        """Whether it says no more than that something is wrong, or is not there."""
        return not self.fields and _NAMES_NOTHING.fullmatch(self.said) is not None


def read(body: bytes) -> Refusal:
    """An error's body, taken apart."""
    text = body.decode("utf-8", "replace")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        said = _plain(re.sub(r"<[^>]*>", " ", text)) or "without a word"
        return Refusal(said, structured=False)
    return read_object(found if isinstance(found, dict) else {"detail": found})


def read_object(found: Mapping[str, Any]) -> Refusal:
    """An error as a JSON object, taken apart."""
    objects = list(_objects(found))
    complaints = [complaint for each in objects for complaint in _complaints(each.get("detail"))]
    says = [
        said
        for each in objects
        for name in ("message", "error", "detail", "msg", "title", "reason", "description")
        if isinstance(said := each.get(name), str) and said.strip()
    ]
    codes = {
        str(code).lower()
        for each in objects
        for name in ("code", "slug", "error_code")
        if isinstance(code := each.get(name), str | int)
    }
    statuses = (
        status
        for each in objects
        for name in ("status_code", "status")
        if isinstance(status := each.get(name), int) and not isinstance(status, bool)
    )
    if complaints:
        said = "; ".join(
            f"{path}: {text}" if path and place else text for place, (path, text) in enumerate(complaints)
        )
    else:
        said = max(
            says[:2], key=len, default=""
        )  # beside a message, `error` is often no more than a status's name
    return Refusal(
        _plain(said) or _plain(json.dumps(found, ensure_ascii=False)),
        tuple(sorted(codes)),
        tuple(path for path, _ in complaints if path),
        next(statuses, 0),
    )


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
        if refusal.out_of_credit or _CREDIT.search(refusal.said):
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
    if refusal.out_of_credit or status == 402 or (status in (400, 403, 429) and _CREDIT.search(said)):
        return OutOfCredit(said, provider=NAME)
    if status == 401:
        return (
            KeyRefused(KEY_VARIABLE, said, provider=NAME)
            if keyed
            else KeyMissing(KEY_VARIABLE, provider=NAME)
        )
    if status == 403:
        return _forbidden(refusal, keyed=keyed)
    if status == 409 and _EXISTS.search(said):
        return RequestRefused(said, provider=NAME, status=status)
    if context is not None and status == 409 and _names(context, refusal, vaguely=False):
        return ContextRefused(said, provider=NAME, status=status)
    if status in _PASSING or status >= 500:
        return None
    if context is not None and _names(context, refusal, vaguely=refusal.structured):
        return ContextRefused(said, provider=NAME, status=status)
    if status == 404 and refusal.structured and _VOICE.search(said):
        return RequestRefused(f"{said.rstrip('.')}; {lost_voice}", provider=NAME, status=status)
    if status in (404, 410) and (refusal.names_nothing or not refusal.structured):
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
    if not keyed:
        return KeyMissing(KEY_VARIABLE, provider=NAME)
    return KeyRefused(KEY_VARIABLE, refusal.said, provider=NAME)


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
    return _CONTEXT.search(refusal.said) is not None or (vaguely and refusal.names_nothing)


def _objects(found: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """An error object and those within it, the outermost first."""
    yield found
    for name in ("details", "detail", "error", "errors"):
        within = found.get(name)
        if isinstance(within, Mapping):
            yield within
            if isinstance(inner := within.get("details"), Mapping):
                yield inner


def _complaints(detail: object) -> Iterator[tuple[str, str]]:
    """(path, what is wrong) of each entry of a list such as a 422 has."""
    for entry in detail if isinstance(detail, list) else ():
        if isinstance(entry, Mapping):
            text = next((entry[name] for name in ("msg", "message") if isinstance(entry.get(name), str)), "")
            yield _path(entry.get("loc")), _plain(text) or "is wrong"
        else:
            yield "", _plain(str(entry))


def _path(loc: object) -> str:
    """`["body", "utterances", 0, "text"]` as `utterances[0].text`."""
    path = ""
    for place, step in enumerate(loc if isinstance(loc, list) else ()):
        if isinstance(step, int):
            path += f"[{step}]"
        elif not (place == 0 and step in ("body", "query", "path", "header")):
            path += f".{step}" if path else str(step)
    return _plain(path)


def _plain(text: str) -> str:
    """One line without control characters, and not a long one."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1].rstrip()}…"
