"""Manuscripts of any length for the benchmarks: prose, quotations, script lines, spans, scenes.

Nobody should read them. The sentences are grammatical enough for a voice to say, of the length that
novels have (4 to 30 words), and the same for the same seed.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

ROLES = ("mara", "tobias", "siobhan")
"""Beside the narrator."""
_BOOK = "title: A Book of Some Length\nauthor: Nobody\nlanguage: en-GB\ncredits: false\n"
_CAST = """\
narrator: {voice: espeak/en-gb}
mara: {voice: espeak/en-gb+f2, aliases: [Mara Venn]}
tobias: {voice: espeak/en-us+m3, direction: slow}
siobhan: {voice: espeak/en-gb-scotland+f4, aliases: [Siobhan Rourke]}
"""
_LEXICON = "Siobhan: shi-VAWN\n"


def _phrases(text: str) -> tuple[str, ...]:
    return tuple(text.split("|"))


_SUBJECTS = _phrases(
    "the keeper|the old ferryman|her brother|a girl with a lantern|the postmistress|nobody in the village|"
    "Mara|Tobias|Siobhan|the man from the company|the second engineer|his mother's cousin|the whole crew|"
    "a stranger in a grey coat|the teacher|one of the children|the doctor|the tall woman by the door|"
    "the wind|the last train|the harbour clock|an unlucky sailor|the baker|the caretaker's dog"
)
_VERBS = _phrases(
    "carried|forgot|counted|remembered|mended|followed|opened|hid|repeated|bought|watched|lost|described|"
    "measured|painted|returned|broke|heard|borrowed|kept|wanted|left|knew|found"
)
_OBJECTS = _phrases(
    "the brass key|a letter without a stamp|seven wooden boxes|the map of the estuary|an answer|"
    "the sound of the bell|a coat that did not fit|every word of the song|the lamp|twelve photographs|"
    "the weather report|a jar of buttons|the way home|the wrong door|a kind of promise|the ledger|"
    "the price of coal in 1911|the smallest of the boats|an umbrella|half of the money|the blue chair|"
    "a very long silence|the names of the islands|what had been said"
)
_PLACES = _phrases(
    "on the stairs|before breakfast|under the bridge|at the end of the pier|in the rain|for the third time|"
    "behind the chapel|without a word|after the funeral|in the cold kitchen|by the light of the stove|"
    "on the other side of the bay|late in November|as if it mattered|between the two tides|once a week|"
    "through the narrow window|until it was dark|with both hands|from memory"
)
_LINKS = (" and ", ", but ", ", because ", " while ", "; ", ", although ", " before ", ", and so ")
_OPENINGS = ("Then ", "That evening ", "In the end ", "Long before that, ", "Of course ", "For once ")
_SAYINGS = ("she said", "he answered", "Mara asked", "said the keeper", "Tobias repeated", "they agreed")
_DIRECTIONS = ("whispering", "quickly", "slowly, low", "loud")


class Author:
    """Writes for ever, and the same for the same seed."""

    def __init__(self, seed: int, *, distinct: int | None = None) -> None:
        """
        Args:
            distinct: so many different sentences for each voice; None for no bound.
        """
        self._chance = random.Random(seed)  # noqa: S311 - a story, not a secret
        self._distinct = distinct
        self._known: dict[str, list[str]] = {}

    def chapter(self, title: str, words: int) -> Iterator[str]:
        """The paragraphs of a chapter of about so many words."""
        yield f"# {title}"
        written = paragraphs = 0
        while written < words:
            paragraph = self._paragraph()
            yield paragraph
            written += len(paragraph.split())
            paragraphs += 1
            if paragraphs % 14 == 0 and written < words:
                yield self._chance.choice(("***", "---", "<!-- look at this again -->\n\n***"))

    def sentence(self, role: str) -> str:
        """Something for that role to say."""
        known = self._known.setdefault(role, [])
        if self._distinct is not None and len(known) >= self._distinct:
            return self._chance.choice(known)
        known.append(self._sentence())
        return known[-1] if self._distinct is not None else known.pop()

    def _paragraph(self) -> str:
        kind = self._chance.random()
        if kind < 0.50:
            return self._prose()
        if kind < 0.68:
            return self._attributed()
        if kind < 0.80:
            return f"“{self.sentence('narrator')[:-1]},” {self._chance.choice(_SAYINGS)}. {self._prose()}"
        if kind < 0.97:
            return self._script_line()
        return "\n> ".join(f"> {self.sentence('narrator')}" for _ in range(2))

    def _prose(self) -> str:
        return "\n".join(self.sentence("narrator") for _ in range(self._chance.randint(2, 7)))

    def _attributed(self) -> str:
        role = self._chance.choice(ROLES)
        direction = f' direction="{self._chance.choice(_DIRECTIONS)}"' if self._chance.random() < 0.2 else ""
        return f"[“{self.sentence(role)}”]{{.{role}{direction}}}\n{self._prose()}"

    def _script_line(self) -> str:
        role = self._chance.choice(ROLES)
        direction = f" ({self._chance.choice(_DIRECTIONS)})" if self._chance.random() < 0.2 else ""
        return f"{role.upper()}{direction}: {self.sentence(role)} {self.sentence(role)}"

    def _sentence(self) -> str:
        pick = self._chance.choice
        text = pick(_OPENINGS) if self._chance.random() < 0.25 else ""
        text += self._clause()
        while self._chance.random() < 0.3 and len(text) < 140:
            text += pick(_LINKS) + self._clause()
        return text[0].upper() + text[1:] + pick((".", ".", ".", ".", ".", "?", "!"))

    def _clause(self) -> str:
        pick, chance = self._chance.choice, self._chance.random()
        words = f"{pick(_SUBJECTS)} {pick(_VERBS)} {pick(_OBJECTS)}"
        if chance < 0.70:
            words += f" {pick(_PLACES)}"
        if chance < 0.04:
            return words + " *at last*"
        if chance < 0.06:
            return words + " with [Niamh]{say=NEEV}"
        return words


def write_project(
    folder: Path,
    *,
    words: int,
    files: int,
    loudness: str = "none",
    distinct: int | None = None,
    seed: int = 1,
) -> int:
    """Write a project of about so many words in so many chapters, a file each; says how many words it has."""
    author = Author(seed, distinct=distinct)
    manuscript = folder / "manuscript"
    manuscript.mkdir(parents=True, exist_ok=True)
    for left_over in manuscript.iterdir():
        left_over.unlink()
    (folder / "book.yaml").write_text(_BOOK + f"loudness: {loudness}\n")
    (folder / "cast.yaml").write_text(_CAST)
    (folder / "lexicon.yaml").write_text(_LEXICON)
    written = 0
    for number in range(1, files + 1):
        text = "\n\n".join(author.chapter(f"Chapter {number}", words // files)) + "\n"
        (manuscript / f"{number:02d}-chapter.md").write_text(text, encoding="utf-8")
        written += len(text.split())
    return written
