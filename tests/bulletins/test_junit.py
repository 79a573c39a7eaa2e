"""JUnit XML as the programs that read it take it apart."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
import xml.sax
from xml.sax.handler import ContentHandler

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrator.bulletins import Bulletin, as_junit, of_error, of_production
from narrator.errors import CoverageError, ManuscriptError, OutputError, ProjectErrors
from tests.bulletins.runs import NASTY, made, production, unmade

REQUIRED = {
    "testsuites": set[str](),
    "testsuite": {"id", "package", "name", "timestamp", "hostname", "tests", "failures", "errors", "time"},
    "properties": set[str](),
    "property": {"name", "value"},
    "testcase": {"name", "classname", "time"},
    "failure": {"type"},
    "error": {"type"},
    "skipped": set[str](),
    "system-out": set[str](),
    "system-err": set[str](),
}
"""What Windy Road's JUnit.xsd requires of each element. It knows no other elements."""
OPTIONAL = {"testsuite": {"skipped"}, "failure": {"message"}, "error": {"message"}, "skipped": {"message"}}
"""What both it and Jenkins' junit-10.xsd allow besides."""
CHILDREN = {
    "testsuites": r"(testsuite,)*",
    "testsuite": r"properties,(testcase,)*system-out,system-err,",
    "properties": r"(property,)*",
    "testcase": r"((failure|error|skipped),)?",
}
"""Both schemas' content models, where they are the same."""


def judged(text: str) -> ET.Element:
    """The root, once everything below it is as the schemas want it."""
    root = ET.fromstring(text.encode())  # noqa: S314  our own output
    assert root.tag == "testsuites"
    for element in root.iter():
        allowed = REQUIRED[element.tag] | OPTIONAL.get(element.tag, set())
        assert REQUIRED[element.tag] <= set(element.attrib) <= allowed
        children = "".join(f"{child.tag}," for child in element)
        assert re.fullmatch(CHILDREN.get(element.tag, ""), children), (element.tag, children)
    for suite in root:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.attrib["timestamp"])
        cases = suite.findall("testcase")
        assert len({case.attrib["name"] for case in cases}) == len(cases)
        counted = {"tests": len(cases)} | {
            f"{kind}{'s' if kind != 'skipped' else ''}": len(suite.findall(f"testcase/{kind}"))
            for kind in ("failure", "error", "skipped")
        }
        assert {name: int(suite.attrib[name]) for name in counted} == counted
    return root


def outcomes(bulletin: Bulletin) -> dict[str, str]:
    """What became of each test case, by the first word of its name and, for a chapter, its number."""
    found = {}
    for case in judged(as_junit(bulletin)).iter("testcase"):
        name = case.attrib["name"].partition(":")[0]
        found[name] = case[0].tag if len(case) else "passed"
    return found


def test_a_good_run_passes_everywhere() -> None:
    bulletin = of_production("my-book", production(made(1), made(2)), at="2026-11-21T10:00:00", took_s=1.25)

    assert set(outcomes(bulletin).values()) == {"passed"}
    suite = judged(as_junit(bulletin))[0]
    assert (suite.attrib["name"], suite.attrib["time"], suite.attrib["tests"]) == ("my-book", "1.250", "6")
    properties = {each.attrib["name"]: each.attrib["value"] for each in suite.iter("property")}
    assert properties["spent"] == "0.500000 EUR + 0.250000 USD"
    assert "01  1:02  The Lamp  (made)" in (suite.findtext("system-out") or "")


def test_a_chapter_that_failed_says_why() -> None:
    run = production(
        made(1),
        unmade=(unmade(2, "chapter two: no take for c02-u001"), unmade(3)),
        errors=("chapter two: no take for c02-u001", "hume: no key"),
    )
    root = judged(as_junit(of_production("my-book", run)))

    cases = {case.attrib["name"]: case for case in root.iter("testcase")}
    assert cases["chapter 02: The Boat"].findtext("failure") == "chapter two: no take for c02-u001"
    assert "other errors" in (cases["chapter 03: The Boat"].findtext("failure") or "")
    assert cases["run: it came to its end"].findtext("failure") == "hume: no key"
    assert len(cases["chapter 01: The Lamp"]) == 0


def test_what_a_shard_leaves_to_others_is_no_failure() -> None:
    run = production(made(1), unmade=(unmade(2),))

    assert outcomes(of_production("book", run))["chapter 02"] == "skipped"


@pytest.mark.parametrize(("strict", "outcome"), [(True, "failure"), (False, "skipped")])
def test_warnings_are_seen_even_where_they_are_allowed(strict: bool, outcome: str) -> None:
    bulletin = of_production("book", production(made(1), warnings=("take it slow",)), strict=strict)

    assert outcomes(bulletin)["warnings"] == outcome
    assert "take it slow" in (judged(as_junit(bulletin))[0].findtext("system-err") or "")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            ProjectErrors([CoverageError("lost", file="a.md", line=1)]),
            {"coverage": "failure", "project": "passed", "run": "passed"},
        ),
        (
            ProjectErrors([ManuscriptError("no", file="a.md", line=1)]),
            {"coverage": "skipped", "project": "failure", "run": "passed"},
        ),
        (OutputError("disk full"), {"coverage": "skipped", "project": "skipped", "run": "failure"}),
        (KeyboardInterrupt(), {"coverage": "skipped", "project": "skipped", "run": "error"}),
        (ValueError("odd"), {"coverage": "skipped", "project": "skipped", "run": "error"}),
    ],
)
def test_a_run_that_ended_early_claims_nothing(error: BaseException, expected: dict[str, str]) -> None:
    assert outcomes(of_error("book", error)) == {**expected, "warnings": "passed"}


def test_a_title_cannot_get_out_of_its_place() -> None:
    run = production(
        made(1, NASTY),
        unmade=(unmade(2, NASTY, title=NASTY),),
        warnings=(NASTY,),
        errors=(NASTY, f"{NASTY}\nand\r\nmore"),
    )
    root = judged(as_junit(of_production(NASTY, run, strict=True)))

    assert len(list(root.iter("testcase"))) == 6
    shown = root.findtext("testsuite/system-err") or ""
    assert r"</failure>]]> <b onclick='x'>" in shown
    assert r"\x00\x07\x1b[31m \ud800 \ufffe" in shown


class _Heard(ContentHandler):
    """What a streaming parser is told."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.text = ""

    def startElement(self, name: str, attrs: xml.sax.xmlreader.AttributesImpl) -> None:  # noqa: N802
        """See `ContentHandler`."""
        self.names += [name, *attrs.values()]

    def characters(self, content: str) -> None:
        """See `ContentHandler`."""
        self.text += content


@settings(deadline=None, max_examples=60)
@given(st.text(st.characters(codec=None), max_size=40), st.text(max_size=40))
def test_any_text_is_well_formed(title: str, error: str) -> None:
    run = production(made(1, title), unmade=(unmade(2, error, title=title),), errors=(error,))
    text = as_junit(of_production(title, run))

    judged(text)
    heard = _Heard()
    xml.sax.parseString(text.encode(), heard)  # noqa: S317  our own output
    assert heard.names.count("testcase") == 6


def test_a_million_characters_of_title_are_cut_in_attributes() -> None:
    text = as_junit(of_production("book", production(made(1, "x" * 1_000_000))))

    assert len(text) < 10_000
