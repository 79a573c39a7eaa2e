"""JUnit XML: a test suite a run, a test case a chapter, beside coverage, project, run and warnings.

There is no one standard. This keeps to what the schema of Ant's own reports (JUnit.xsd, as published by
Windy Road) and that of the Jenkins xUnit plug-in (junit-10.xsd) both allow: every attribute that either
requires, no element that either lacks, and at most one failure a test case.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from narrator.bulletins.base import Bulletin, clock, one_line, plain
from narrator.results import MadeChapter, RunSpent, UnmadeChapter


class _Case(NamedTuple):
    """One test case."""

    name: str
    failed: tuple[str, ...] = ()
    """What is wrong; empty where nothing is."""
    skipped: str = ""
    """Why nothing can be said; `""` where something can."""
    broken: bool = False
    """Whether the run itself ended where it should not have."""


def as_junit(bulletin: Bulletin) -> str:
    """The text of an XML file in UTF-8."""
    cases = _cases(bulletin)
    failures = sum(bool(case.failed) and not case.broken for case in cases)
    errors = sum(bool(case.failed) and case.broken for case in cases)
    skipped = sum(bool(case.skipped) for case in cases)
    suite = _attributes(
        id="0",
        package="narrator",
        name=bulletin.project or "narrator",
        timestamp=bulletin.at or "1970-01-01T00:00:00",
        hostname="localhost",
        tests=str(len(cases)),
        failures=str(failures),
        errors=str(errors),
        skipped=str(skipped),
        time=f"{bulletin.took_s:.3f}",
    )
    properties = (
        f"      <property{_attributes(name=name, value=value)}/>" for name, value in _figures(bulletin)
    )
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            "<testsuites>",
            f"  <testsuite{suite}>",
            "    <properties>",
            *properties,
            "    </properties>",
            *(_written(case, bulletin.project) for case in cases),
            f"    <system-out>{_text(_lengths(bulletin))}</system-out>",
            f"    <system-err>{_text(bulletin.warnings)}</system-err>",
            "  </testsuite>",
            "</testsuites>",
            "",
        ]
    )


def _cases(bulletin: Bulletin) -> list[_Case]:
    production = bulletin.production
    unproved = "" if production or bulletin.lost else "the run ended before it was proved"
    # Settings are right where the text was read with them.
    unread = "" if production or bulletin.lost or bulletin.wrong else "the run ended before it was read"
    broken = bulletin.exit_code in (1, 130) and production is None
    strict = bulletin.warnings if bulletin.strict else ()
    passed_over = f"{len(bulletin.warnings)} warnings; --strict would fail on them"
    chapters: list[MadeChapter | UnmadeChapter] = (
        [*production.chapters, *production.unmade] if production else []
    )
    return [
        _Case("project: settings, manuscript and cast are right", bulletin.wrong, unread),
        _Case("coverage: no character of the manuscript is lost", bulletin.lost, unproved),
        _Case("run: it came to its end", bulletin.general, broken=broken),
        _Case("warnings: there is none", strict, passed_over if bulletin.warnings and not strict else ""),
        *(_chapter(each, bulletin) for each in sorted(chapters, key=lambda chapter: chapter.number)),
    ]


def _chapter(chapter: MadeChapter | UnmadeChapter, bulletin: Bulletin) -> _Case:
    name = f"chapter {chapter.number:02d}: {chapter.title}"
    if isinstance(chapter, MadeChapter):
        return _Case(name)
    if not bulletin.errors:  # of a shard, or left to another process
        return _Case(name, skipped="not made: this run was to record a part of its lines only")
    return _Case(name, chapter.errors or ("not made; the other errors say why",))


def _written(case: _Case, project: str) -> str:
    opened = f"    <testcase{_attributes(name=case.name, classname=project or 'narrator', time='0')}"
    if case.failed:
        kind = "error" if case.broken else "failure"
        facts = _attributes(message=case.failed[0], type="narrator")
        return f"{opened}>\n      <{kind}{facts}>{_text(case.failed)}</{kind}>\n    </testcase>"
    if case.skipped:
        return f"{opened}>\n      <skipped{_attributes(message=case.skipped)}/>\n    </testcase>"
    return f"{opened}/>"


def _figures(bulletin: Bulletin) -> list[tuple[str, str]]:
    figures = [("exit_code", str(bulletin.exit_code)), ("strict", str(bulletin.strict).lower())]
    if made := bulletin.production:
        figures += [
            ("recorded", str(made.recorded)),
            ("reused", str(made.reused)),
            ("requests", str(made.requests)),
            ("seconds", f"{made.seconds:.3f}"),
            ("spent", _sum(made.spent)),
            ("wasted", _sum(made.wasted)),
        ]
    return figures


def _sum(spent: RunSpent) -> str:
    return " + ".join(f"{each.amount:.6f} {each.currency}" for each in spent.costs or (spent,))


def _lengths(bulletin: Bulletin) -> list[str]:
    made = bulletin.production.chapters if bulletin.production else ()
    return [
        f"{chapter.number:02d}  {clock(chapter.duration_ms)}  {one_line(chapter.title)}"
        f"  ({'unchanged' if chapter.unchanged else 'made'})"
        for chapter in made
    ]


def _attributes(**values: str) -> str:
    return "".join(f' {name}="{escape(one_line(value))}"' for name, value in values.items())


def _text(lines: Sequence[str]) -> str:
    return escape("\n".join(map(plain, lines)), quote=False)
