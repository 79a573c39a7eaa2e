"""Pronunciation dictionaries: what is said for a word of a language (contract 9.3).

Whole words are replaced that match exactly, case and all, in one pass: what was put in is not looked at
again.
"""

from __future__ import annotations

import json
import re
import secrets
import unicodedata
from collections.abc import Mapping

from pydantic import ValidationError

from narrator.serving.sarvam.refusing import broken_rule, invalid, refusal
from narrator.serving.sarvam.wire import Language, Pronunciations, SarvamDictionaryFile
from narrator.serving.state import State

TABLES = """
CREATE TABLE IF NOT EXISTS sarvam_dictionaries (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, pronunciations TEXT NOT NULL
);
"""

WORDS = 100
"""Of one dictionary, all languages together."""
DICTIONARIES = 10
BYTES = 2**20
"""Of a file."""
LONGEST = 20_000
"""Characters of a text, as it is said."""


def read_file(content: bytes) -> Pronunciations:
    """
    What an uploaded file holds.

    Raises:
        Refused: it is too large, or not what it must be.
    """
    if len(content) > BYTES:
        raise refusal(f"The file is larger than {BYTES} bytes.", status=413)
    try:
        file = SarvamDictionaryFile.model_validate_json(content)
    except ValidationError as error:
        raise invalid(error.errors(include_context=False)) from None
    found: Pronunciations = {language: dict(words) for language, words in file.pronunciations.items()}
    return found


class Dictionaries:
    """Every dictionary there is. Its methods block."""

    def __init__(self, state: State) -> None:
        self._state = state

    def create(self, pronunciations: Pronunciations) -> str:
        """
        Keep a new one, and give its id.

        Raises:
            Refused: it has too many words, or there are too many of them.
        """
        _check_size(pronunciations)
        with self._state.changing() as database:
            count = database.execute("SELECT count(*) FROM sarvam_dictionaries").fetchone()[0]
            if count >= DICTIONARIES:
                raise broken_rule(f"There are {DICTIONARIES} dictionaries already; delete one.")
            dict_id = f"p_{secrets.token_hex(4)}"
            database.execute(
                "INSERT INTO sarvam_dictionaries (id, pronunciations) VALUES (?, ?)",
                (dict_id, json.dumps(pronunciations)),
            )
        return dict_id

    def ids(self) -> list[str]:
        """Of all, the oldest first."""
        return [row[0] for row in self._state.rows("SELECT id FROM sarvam_dictionaries ORDER BY number")]

    def read(self, dict_id: str) -> Pronunciations:
        """
        What is in one.

        Raises:
            Refused: 404.
        """
        rows = self._state.rows("SELECT pronunciations FROM sarvam_dictionaries WHERE id = ?", (dict_id,))
        return _found(dict_id, rows[0] if rows else None)

    def add(self, dict_id: str, pronunciations: Pronunciations) -> Pronunciations:
        """
        Add words to one or change them, and give all that is in it then.

        Raises:
            Refused: 404; or that would be too many words.
        """
        with self._state.changing() as database:
            query = "SELECT pronunciations FROM sarvam_dictionaries WHERE id = ?"
            merged = _found(dict_id, database.execute(query, (dict_id,)).fetchone())
            for language, words in pronunciations.items():
                merged[language] = merged.get(language, {}) | words
            _check_size(merged)
            database.execute(
                "UPDATE sarvam_dictionaries SET pronunciations = ? WHERE id = ?",
                (json.dumps(merged), dict_id),
            )
        return merged

    def delete(self, dict_id: str) -> None:
        """
        Forget one.

        Raises:
            Refused: 404.
        """
        with self._state.changing() as database:
            if not database.execute("DELETE FROM sarvam_dictionaries WHERE id = ?", (dict_id,)).rowcount:
                raise _missing(dict_id)

    def apply(self, dict_id: str, language: Language, texts: tuple[str, ...]) -> tuple[str, ...]:
        """
        Texts as a dictionary has them said.

        Raises:
            Refused: 404.
        """
        words = self.read(dict_id).get(language, {})
        return tuple(respell(text, words) for text in texts)


def respell(text: str, words: Mapping[str, str]) -> str:
    """
    A text in which what is said stands for each whole word; of two that begin alike, the longer one.

    Raises:
        Refused: that would be too much to say.
    """
    if not words:
        return text
    longest_first = sorted(words, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, longest_first)))
    said, reached = "", 0
    while found := pattern.search(text, reached):
        if len(said) > LONGEST:
            raise refusal(f"With the dictionary, the text is longer than {LONGEST} characters.")
        start, end = found.span()
        if _is_whole(text, start, end):
            said, reached = said + text[reached:start] + words[found.group()], end
        else:
            said, reached = said + text[reached : start + 1], start + 1
    return said + text[reached:]


def _is_whole(text: str, start: int, end: int) -> bool:
    return not (_joins(text[:start][-1:]) or _joins(text[end : end + 1]))


def _joins(character: str) -> bool:
    """Whether it is part of a word: letters, digits, and the signs that follow letters in Indian scripts."""
    return bool(character) and (unicodedata.category(character)[0] in "LMN" or character in "\u200c\u200d")


def _check_size(pronunciations: Pronunciations) -> None:
    count = sum(map(len, pronunciations.values()))
    if count > WORDS:
        raise broken_rule(f"The dictionary would have {count} words; {WORDS} are allowed.")


def _found(dict_id: str, row: tuple[str] | None) -> Pronunciations:
    if row is None:
        raise _missing(dict_id)
    found: Pronunciations = json.loads(row[0])
    return found


def _missing(dict_id: str) -> Exception:
    return refusal(f"Dictionary '{dict_id}' not found", status=404)
