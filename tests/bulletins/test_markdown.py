"""The summary page of a CI job, as a Markdown reader shows it."""

from __future__ import annotations

import re
from html import unescape

from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from narrator.bulletins import as_markdown, of_error, of_production
from narrator.errors import BudgetExceeded
from tests.bulletins.runs import NASTY, made, production, unmade

READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
OURS = {"h2", "h3", "p", "table", "thead", "tbody", "tr", "th", "td", "ul", "li", "code"}
GITHUB_TAKES_BYTES = 1024 * 1024


def page(text: str) -> str:
    """The HTML that the Markdown becomes."""
    return str(READER.render(text))


def cells(html: str) -> list[list[str]]:
    """The table, row by row, as text."""
    rows = re.findall(r"<tr>(.*?)</tr>", html, re.DOTALL)
    return [
        [unescape(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)] for row in rows
    ]


def test_chapters_are_a_table() -> None:
    run = production(made(1), unmade=(unmade(2, "no take"),), errors=("no take",), warnings=("slow",))

    html = page(as_markdown(of_production("my-book", run)))

    assert cells(html) == [
        ["", "chapter", "length", ""],
        ["1", "The Lamp", "1:02", "made"],
        ["2", "The Boat", "", "not made"],
    ]
    assert "<h2>my-book: failed, exit code 4</h2>" in html
    assert "Recorded 3, reused 4, requests 3, spent 0.50 EUR + 0.25 USD (0.10 EUR of it for answers" in html
    assert "that were lost); 1:02 of audio." in html
    assert "<li>no take</li>" in html
    assert "<li>slow</li>" in html


def test_a_run_without_a_result_says_what_ended_it() -> None:
    html = page(as_markdown(of_error("my-book", BudgetExceeded("that passes the budget of 5.00 EUR"))))

    assert "exit code 5" in html
    assert "<li>that passes the budget of 5.00 EUR</li>" in html
    assert "<table>" not in html


def test_two_summaries_in_one_file_are_two() -> None:
    text = as_markdown(of_production("one", production(made(1)))) * 2

    assert page(text).count("<h2>") == page(text).count("<table>") == 2


def test_a_title_stays_in_its_cell() -> None:
    run = production(made(1, NASTY), warnings=(NASTY,), errors=(NASTY,))
    html = page(as_markdown(of_production(NASTY, run)))

    assert set(re.findall(r"<([a-z0-9]+)", html)) <= OURS
    assert len(cells(html)[1]) == 4
    assert cells(html)[1][1].startswith("</failure>]]> <b onclick='x'>|`*_[link](http://a.b)_*`|</b>")


@settings(deadline=None, max_examples=100)
@given(st.text(st.characters(codec=None), max_size=60))
def test_any_text_is_shown_as_it_is_and_is_nothing_else(text: str) -> None:
    run = production(made(1, text), warnings=(text,))
    html = page(as_markdown(of_production("book", run)))

    assert set(re.findall(r"<([a-z0-9]+)", html)) <= OURS
    assert len(cells(html)[1]) == 4
    if text.isprintable() and text.isascii():
        assert cells(html)[1][1] == " ".join(text.split())


def test_a_huge_book_stays_below_what_is_taken() -> None:
    chapters = [made(number, "‘" * 200) for number in range(3000)]
    warnings = tuple("|" * 600 + str(number) for number in range(500))
    text = as_markdown(of_production("book", production(*chapters, warnings=warnings)))

    assert len(text.encode()) < GITHUB_TAKES_BYTES
    assert "and 2,000 more" in text
    assert "and 450 more" in text
