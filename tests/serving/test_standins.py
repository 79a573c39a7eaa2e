"""What the services that are stood in for have in common."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from narrator.serving.likeness import PITCHES, VARIANTS, Person, likenesses
from narrator.serving.standins import STAND_INS, StandIn, key_headers, owner, refuse_as_owner
from tests.serving.running import Running, running

ALL = pytest.mark.parametrize("stand_in", STAND_INS, ids=[each.name for each in STAND_INS])


def paths(server: Running) -> list[str]:
    """Of the page."""
    return list(server.client.get("/openapi.json").json()["paths"])


def test_every_path_has_one_owner(server: Running) -> None:
    """Who answers it, and nobody else; `refuse` and `invalid` go by that."""
    owners = Counter(each.name for path in paths(server) for each in STAND_INS if each.owns(path))

    assert sum(owners.values()) == len(paths(server))
    assert set(owners) == {each.name for each in STAND_INS}
    assert owner("/openapi.json") is None


def test_operations_have_names_of_their_own(server: Running) -> None:
    page = server.client.get("/openapi.json").json()
    names = [each["operationId"] for methods in page["paths"].values() for each in methods.values()]
    references = set(re.findall(r"#/components/schemas/([\w.-]+)", str(page)))

    assert len(names) == len(set(names))
    # Two models of one name would be renamed by FastAPI, and what refers to them by name with them.
    assert references == set(page["components"]["schemas"])


@ALL
def test_tables_are_named_after_their_service(stand_in: StandIn) -> None:
    tables = re.findall(r"CREATE (?:TABLE|INDEX) IF NOT EXISTS (\w+)", stand_in.tables)

    assert len(tables) == stand_in.tables.count("CREATE")
    assert all(table.startswith(f"{stand_in.name}_") for table in tables)


@ALL
def test_every_status_can_be_refused(stand_in: StandIn, server: Running) -> None:
    """In JSON that holds the message."""
    path = next(path for path in paths(server) if stand_in.owns(path))
    for status in (401, 404, 405, 408, 413, 500):
        refused = refuse_as_owner(status, "the reason", path)

        assert 400 <= refused.status < 600
        assert "the reason" in str(refused.body)


@ALL
def test_keys_stand_where_the_service_has_them(stand_in: StandIn) -> None:
    """And not where another has them."""
    with running(key="sesame") as server:
        # What is asked for does not matter: who is let in is not told 401 or 403.
        path = next(each for each in paths(server) if stand_in.owns(each) and not stand_in.is_public(each))
        del server.client.headers["X-Hume-Api-Key"]
        server.client.headers["X-User-Id"] = "whoever"  # without a name, some have nobody in
        told = {}
        for header in {name for each in STAND_INS for name in each.key_headers}:
            answer = server.client.post(path, headers={header.decode(): "sesame"})
            told[header] = answer.status_code not in (401, 403)

    assert told == {header: header in stand_in.key_headers for header in told}
    assert set(key_headers("/openapi.json")) >= set(stand_in.key_headers)


def test_nobody_is_like_another() -> None:
    """While there are throats enough; and whoever comes later changes nothing for those before."""
    women = [Person(f"woman {number}", "Female") for number in range(50)]
    men = [Person(f"man {number}", "Male", "Old") for number in range(20)]
    found = likenesses([*women, *men])

    assert len(set(found.values())) == 70
    assert {found[each.name].variant for each in women} <= set(VARIANTS["Female", "Adult"])
    assert {found[each.name].variant for each in men} == set(VARIANTS["Male", "Old"])
    assert {each.pitch for each in found.values()} <= set(PITCHES)
    assert likenesses(women[:10]) == {each.name: found[each.name] for each in women[:10]}
    crowd = likenesses(Person(f"boy {number}", "Male", "Child") for number in range(30))
    assert len(set(crowd.values())) == 10
