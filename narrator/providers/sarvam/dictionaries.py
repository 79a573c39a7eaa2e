"""The project's pronunciation dictionary at the service: found, made, added to, made anew (contract 9.3).

Dictionaries have ids and no names, so a word that nobody writes tells ours from all others; none without it
is ever changed. Why it is done so, and what several processes do to each other: decision 14.

    list, get           which of the account's dictionaries is ours, and what stands in it
    create              there is none
    update              words are missing: it adds, and takes nothing away
    delete and create   a word is said otherwise now, is not in the lexicon any more, or there is no room
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from typing import Any, NamedTuple
from urllib.parse import quote

from narrator.errors import RequestRefused, ServiceFailed
from narrator.providers.fields import Found
from narrator.providers.reading import whole
from narrator.providers.sarvam import glossary
from narrator.providers.sarvam.glossary import DICTIONARIES, NOTHING, Glossary, Served, Words
from narrator.providers.sarvam.refusals import Asking, judge
from narrator.providers.sarvam.settings import NAME
from narrator.takes import Request
from narrator.transport import Transport

PATH = "/text-to-speech/pronunciation-dictionary"
TRIES = 3
"""How often it may be gone at the service before this run goes on without."""
_log = logging.getLogger(__name__)


class Known(NamedTuple):
    """Our dictionary, as it stands at the service."""

    id: str
    words: Words

    @property
    def complete(self) -> bool:
        """Whether there is no room in it any more."""
        return len(self.words) >= glossary.WORDS - 1


class Dictionaries:
    """Our dictionary among those of the account. Safe to use from several threads."""

    def __init__(self, transport: Transport, *, keyed: bool, project: str, wanted: Glossary) -> None:
        """
        Args:
            project: whose dictionary it is.
            wanted: what the run asks of it; may grow.
        """
        self._transport, self._judge = transport, judge(Asking(keyed))
        self._wanted, self._marker = wanted, glossary.marker(project)
        self._lock = threading.Lock()
        self._known: Known | None = None
        self._begun = self._full = self._without = False
        self._lost = 0

    def serve(self, request: Request) -> Served:
        """
        What the dictionary does for a request; made ready first, where it is not yet.

        Raises:
            ProviderError: the service cannot be reached, or will have nothing of us.
        """
        needed = glossary.words_of(request)
        if not needed:
            return NOTHING
        with self._lock:
            if self._without:
                return NOTHING
            try:
                known = self._known
                if known is None or not (self._full or known.complete or needed.keys() <= known.words.keys()):
                    known = self._ready(needed)
            except (RequestRefused, ServiceFailed) as error:
                self._go_without(str(error))
                return NOTHING
        return glossary.serve(request, known.words, dict_id=known.id) if known else NOTHING

    def lose(self, dict_id: str) -> None:
        """Take note that the service does not have it any more: somebody has deleted it."""
        with self._lock:
            self._lose(dict_id)

    def _lose(self, dict_id: str) -> None:
        if self._known is not None and self._known.id == dict_id:
            self._known = None
            self._lost += 1
            if self._lost >= TRIES:
                self._go_without(f"the service does not keep it ({dict_id} was the last)")

    def _go_without(self, why: str) -> None:
        self._without = True
        why = why.removeprefix(f"{NAME}: ")
        _log.warning("%s: no pronunciation dictionary, so the text is respelt: %s", NAME, why)

    def _ready(self, needed: Words) -> Known | None:
        """Our dictionary, with as many of the words that are needed as it takes."""
        wanted = self._wanted.words()
        wanted |= {word: said for word, said in needed.items() if word not in wanted}
        while not self._without:
            known = self._known = self._known or self._settle(wanted)
            self._begun = True
            if known is None or self._with_added(known, wanted):
                break
        return self._known

    def _settle(self, wanted: Words) -> Known | None:
        """Our dictionary, found or made."""
        every = self._every()
        ours = sorted(
            ((dict_id, words) for dict_id, words in every if words is not None), key=lambda its: its[0]
        )
        if not ours:
            return self._create(glossary.fitting(wanted, {}), taken=len(every))
        known = Known(*ours[0])
        if self._begun:  # somebody else's of the same project, perhaps: it is not changed under their hands
            return known
        self._delete(dict_id for dict_id, _ in ours[1:])
        return self._put_right(known, wanted)

    def _put_right(self, known: Known, wanted: Words) -> Known | None:
        """The dictionary made anew, where adding to it would not do."""
        otherwise = {word for word, said in wanted.items() if known.words.get(word, said) != said}
        dropped = self._wanted.dropped(known.words)
        missing = {word: said for word, said in wanted.items() if word not in known.words}
        if not otherwise and not dropped and len(glossary.fitting(missing, known.words)) == len(missing):
            return known
        kept = {word: said for word, said in known.words.items() if word not in dropped}
        words = glossary.fitting(
            wanted | {word: said for word, said in kept.items() if word not in wanted}, {}
        )
        if words == known.words:
            return known  # it is full, and of the right words
        self._delete([known.id])
        return self._create(words, taken=0)

    def _with_added(self, known: Known, wanted: Words) -> bool:
        """Add what is missing, as far as there is room; False where somebody has deleted the dictionary."""
        missing = {word: said for word, said in wanted.items() if word not in known.words}
        more = glossary.fitting(missing, known.words)
        if not more or self._full:
            return True
        to, file = {"dict_id": known.id}, self._file(more)
        try:
            self._transport.call(
                "PUT", PATH, params=to, files=file, read=whole, judge=self._judge, billed=False
            )
        except RequestRefused as error:
            if error.status == 404:
                self._lose(known.id)
                return False
            self._full = True  # others have added to it, perhaps: known words serve all the same
            _log.warning("%s: the pronunciation dictionary takes no more words: %s", NAME, error.said)
            return True
        self._known = Known(known.id, known.words | more)
        return True

    def _create(self, words: Words, *, taken: int) -> Known | None:
        if taken >= DICTIONARIES:
            self._go_without(f"the account has {taken} already, none of them this project's")
            return None
        answer = self._transport.call(
            "POST", PATH, files=self._file(words), read=whole, judge=self._judge, billed=False
        )
        dict_id = answer.get("dictionary_id")
        if not isinstance(dict_id, str) or not dict_id:
            raise RequestRefused("a dictionary was made, and its id is not told", provider=NAME)
        return Known(dict_id, words)

    def _delete(self, ids: Iterable[str]) -> None:
        for dict_id in ids:
            self._quietly("DELETE", PATH, params={"dict_id": dict_id})

    def _every(self) -> list[tuple[str, Words | None]]:
        """Every dictionary of the account by its id; the words of those that are ours."""
        answer = self._transport.call("GET", PATH, read=whole, judge=self._judge, billed=False)
        found: list[tuple[str, Words | None]] = []
        listed = answer.get("dictionaries")
        for dict_id in listed if isinstance(listed, list) else ():
            if not isinstance(dict_id, str) or not dict_id:
                continue
            content = self._quietly("GET", f"{PATH}/{quote(dict_id, safe='')}")
            if content is not None:
                blocks = content.get("pronunciations")
                blocks = blocks if isinstance(blocks, dict) else {}
                found.append((dict_id, glossary.from_blocks(blocks, self._marker)))
        return found

    def _quietly(self, method: str, path: str, **rest: Any) -> Found | None:
        """Ask about one dictionary; None where somebody has deleted it meanwhile."""
        try:
            return self._transport.call(method, path, read=whole, judge=self._judge, billed=False, **rest)
        except RequestRefused as error:
            if error.status != 404:
                raise
            return None

    def _file(self, words: Words) -> dict[str, tuple[str, bytes, str]]:
        content = glossary.as_file(words, self._marker)
        return {"file": ("narrator.json", content, "application/json")}
