"""A take as the text that lies beside its audio: compact JSON, keys sorted, sealed.

The seal is the last key, `written_sha256`: sha256 of the same JSON without it. A sidecar whose seal holds
is what narrator wrote, to the byte, so the larger parts of it are left until somebody asks for them: a book
has a hundred thousand takes, and a run looks at the words of few. A seal is no signature: what cannot be
used is refused all the same.

A sidecar from before there were seals has none and is read whole.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, replace
from functools import cache, cached_property
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python

from narrator.errors import DamagedTake
from narrator.takes import PhonemeTime, Request, Take, TakeFacts, WordTime

SEAL = "written_sha256"
_MARK = f',"{SEAL}":"'.encode()
_LATER = (
    (b',"phonemes":', b',"rate":'),
    (b',"request":', b',"samples":'),
    (b',"words":', _MARK),
)
"""What begins each part that is left for later, and what follows it; a string in JSON can hold neither."""
_PHONEMES, _REQUEST, _WORDS = range(3)
_CONTRADICTION = "its sidecar contradicts itself"


def write(take: Take) -> tuple[bytes, Take]:
    """The sidecar of a take, and the take with its seal."""
    plain = {field.name: getattr(take, field.name) for field in fields(Take) if field.name != SEAL}
    if take.alignment is None:  # so that the seals of takes that need none stay what they were
        del plain["alignment"]
    text = _canonical(to_jsonable_python(plain))
    seal = hashlib.sha256(text).hexdigest()
    return text[:-1] + _MARK + seal.encode() + b'"}', replace(take, written_sha256=seal)


def read(content: bytes, *, key: str, take_id: str) -> Take:
    """
    The take that a sidecar holds.

    Args:
        key: that of the folder it lies in.
        take_id: the one its file is called by.

    Raises:
        DamagedTake: it is not what was written, or cannot be used. Where the seal holds and a larger part is
            of no use, which nobody wrote by accident, that part says so when it is asked for.
    """
    take = _sealed(content) or _whole(content, take_id)
    if (take.key, take.id) != (key, take_id):
        raise DamagedTake(take_id, f"its sidecar is that of take {take.id} under key {take.key[:8]}...")
    level = take.level
    if (
        take.rate < 1
        or not 0 <= level.speech_start_sample <= level.speech_end_sample <= take.samples
        or not (0 <= level.peak <= 1 and 0 <= level.energy <= take.samples)
    ):
        raise DamagedTake(take_id, _CONTRADICTION)
    if not isinstance(take, _Sealed):
        _check_whole(take, content)
    return take


class _Sealed(Take):
    """A take whose sidecar is what was written; made by `_sealed` alone."""

    _content: bytes

    @cached_property
    def request(self) -> Request:
        request: Request = self._part(_REQUEST, Request)
        _check_request(request, self)
        return request

    @cached_property
    def words(self) -> tuple[WordTime, ...]:
        words: tuple[WordTime, ...] = self._part(_WORDS, tuple[WordTime, ...])
        _check_words(words, self)
        return words

    @cached_property
    def phonemes(self) -> tuple[PhonemeTime, ...]:
        phonemes: tuple[PhonemeTime, ...] = self._part(_PHONEMES, tuple[PhonemeTime, ...])
        return phonemes

    def _part(self, which: int, kind: Any) -> Any:
        start, end = _spans(self._content)[which]
        return _validated(kind, self._content[start + len(_LATER[which][0]) : end], self.id)


def _sealed(content: bytes) -> Take | None:
    """The take, its larger parts left for later, if the seal holds."""
    text, mark, seal = content.rpartition(_MARK)
    digest = hashlib.sha256(text)
    digest.update(b"}")
    if not mark or seal != b'%b"}' % digest.hexdigest().encode():
        return None
    try:
        (a, b), (c, d), (e, f) = _spans(content)
        facts = _adapter(TakeFacts).validate_json(content[:a] + content[b:c] + content[d:e] + content[f:])
    except ValueError:  # a later narrator's: what is wrong is said by whoever reads it whole
        return None
    take = object.__new__(_Sealed)
    object.__setattr__(take, "__dict__", facts.__dict__)  # which nobody else has, and a book has very many
    take.__dict__.update(_content=content)
    return take


def _whole(content: bytes, take_id: str) -> Take:
    take: Take = _validated(Take, content, take_id)
    return take


def _check_whole(take: Take, content: bytes) -> None:
    _check_request(take.request, take)
    _check_words(take.words, take)
    if not take.written_sha256:
        return  # from before there were seals
    there = json.loads(content)  # written anew by somebody, perhaps, with other white space
    seal = there.pop(SEAL)
    if hashlib.sha256(_canonical(there)).hexdigest() != seal:
        raise DamagedTake(take.id, "its sidecar is not what was written")


def _check_request(request: Request, take: Take) -> None:
    if request.key != take.key:
        raise DamagedTake(take.id, "its sidecar holds another request than it was recorded for")


def _check_words(words: tuple[WordTime, ...], take: Take) -> None:
    if len(words) not in (0, len(take.request.spoken.words)):
        raise DamagedTake(take.id, _CONTRADICTION)


def _spans(content: bytes) -> list[tuple[int, int]]:
    """Where each of the larger parts begins, its comma and its name included, and ends.

    Raises:
        ValueError: one is not there.
    """
    spans, at = [], 0
    for name, following in _LATER:
        start = content.index(name, at)
        at = content.index(following, start)
        spans.append((start, at))
    return spans


def _validated(kind: Any, content: bytes, take_id: str) -> Any:
    try:
        return _adapter(kind).validate_json(content)
    except ValidationError as exc:
        raise DamagedTake(take_id, f"its sidecar does not parse: {exc.errors()[0]['msg']}") from exc


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _canonical(fields_: dict[str, Any]) -> bytes:
    return json.dumps(fields_, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
