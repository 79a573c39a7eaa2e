"""book.yaml, cast.yaml, lexicon.yaml and choices.yaml: from YAML with line numbers to models."""

from narrator.settings.book import read_book, standard_language
from narrator.settings.cast import read_cast
from narrator.settings.choices import read_choices, write_choices
from narrator.settings.lexicon import read_lexicon
from narrator.settings.mapping import Settings
from narrator.settings.nodes import LIMIT_BYTES, parse

__all__ = [
    "LIMIT_BYTES",
    "Settings",
    "parse",
    "read_book",
    "read_cast",
    "read_choices",
    "read_lexicon",
    "standard_language",
    "write_choices",
]
