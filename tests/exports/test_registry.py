"""The exports by name."""

from __future__ import annotations

import pytest

from narrator.errors import ConfigurationError
from narrator.exports import EXPORTS, FORMATS, export
from tests.exports.timelines import BOOK, Said, chapter


def test_the_formats_of_the_design_are_there() -> None:
    assert FORMATS == ("cue", "vtt", "srt", "lrc", "json") == tuple(EXPORTS)


def test_the_default_formats_of_a_book_are_known() -> None:
    assert {*BOOK.formats} == {"mp3", *FORMATS}


def test_an_unknown_format_names_the_nearest() -> None:
    with pytest.raises(ConfigurationError, match=r"unknown format 'vvt'; did you mean 'vtt'\?"):
        export("vvt", chapter([Said("Hi.")]), BOOK, mp3_name="a.mp3")
