"""How a run ended, whatever format tells it."""

from __future__ import annotations

import pytest

from narrator.bulletins import of_error, of_production, strictly
from narrator.errors import (
    BudgetExceeded,
    CoverageError,
    Interrupted,
    ManuscriptError,
    NarratorError,
    ProjectErrors,
)
from tests.bulletins.runs import made, production, unmade


def test_a_warning_fails_a_strict_run_and_no_other() -> None:
    run = production(made(1), warnings=("one", "two"))

    strict = strictly(run)

    assert (run.exit_code, strict.exit_code) == (0, 6)
    assert [error.rpartition(": ")[2] for error in strict.errors] == ["one", "two"]
    assert strictly(production(made(1))) == production(made(1))


def test_a_strict_run_that_failed_keeps_its_exit_code() -> None:
    assert strictly(production(warnings=("one",), errors=("no key",))).exit_code == 4


@pytest.mark.parametrize("before", [True, False])
def test_a_bulletin_tells_warnings_from_errors_before_and_after_strictness(before: bool) -> None:
    run = production(made(1), warnings=("one",), errors=("no key",))

    bulletin = of_production("book", run if before else strictly(run), strict=True)

    assert (bulletin.errors, bulletin.warnings, bulletin.exit_code) == (("no key",), ("one",), 4)


def test_errors_of_chapters_are_not_told_twice() -> None:
    run = production(
        made(1), unmade=(unmade(2, "chapter two is wrong"),), errors=("no key", "chapter two is wrong")
    )

    assert of_production("book", run).general == ("no key",)


def test_what_is_wrong_with_a_project_is_sorted() -> None:
    error = ProjectErrors(
        [ManuscriptError("no", file="a.md", line=3), CoverageError("lost", file="b.md", line=4)]
    )

    bulletin = of_error("book", error)

    assert (bulletin.exit_code, bulletin.lost, bulletin.wrong) == (3, ("b.md:4: lost",), ("a.md:3: no",))
    assert bulletin.general == ()


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (BudgetExceeded("too dear"), 5, "too dear"),
        (Interrupted("3 new takes kept"), 130, "3 new takes kept"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (ZeroDivisionError("of something"), 1, "ZeroDivisionError: of something"),
        (NarratorError("odd"), 1, "odd"),
    ],
)
def test_any_end_has_its_exit_code_and_its_words(error: BaseException, code: int, said: str) -> None:
    bulletin = of_error("book", error)

    assert bulletin.exit_code == code
    assert said in bulletin.general[0]
