"""Requests made up from our own page: whatever comes, the server itself never fails."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.core.result import Ok

from tests.serving.running import Running


@pytest.mark.parametrize("examples", [4, pytest.param(300, marks=pytest.mark.soak)])
def test_nothing_that_is_sent_makes_it_fail(server: Running, examples: int) -> None:
    """Neither what the page allows nor what it forbids."""
    page = schemathesis.openapi.from_url(f"{server.base_url}/openapi.json")
    operations = [found.ok() for found in page.get_all_operations() if isinstance(found, Ok)]
    assert len(operations) >= 7
    usual = settings(
        max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    for operation in operations:
        for mode in schemathesis.GenerationMode:

            @settings(usual, derandomize=examples < 100)
            @given(case=operation.as_strategy(generation_mode=mode))
            def ask(case: schemathesis.Case[Any]) -> None:
                answer = case.call(base_url=server.base_url)
                assert answer.status_code < 500, answer.text

            ask()
