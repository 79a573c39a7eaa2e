"""The house plan of docs/architecture.md, held against the imports."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "narrator"

LAYERS = {
    "words": {
        "errors",
        "manuscript",
        "casting",
        "book",
        "choices",
        "spending",
        "stocktaking",
        "takes",
        "timeline",
        "progress",
        "results",
    },
    "core": {
        "settings",
        "parsing",
        "assigning",
        "attribution",
        "chaining",
        "choosing",
        "coverage",
        "findings",
        "lexicon",
        "matching",
        "ordering",
        "pinning",
        "needing",
        "planning",
        "estimating",
        "budgeting",
        "changes",
        "sharding",
        "sidecar",
        "aligning",
        "splitting",
        "styling",
        "pacing",
        "recalling",
        "stitching",
        "typesetting",
        "exports",
        "bulletins",
        "providers.base",
    },
    "edges": {
        "ledger",
        "project",
        "scaffold",
        "files",
        "shelf",
        "store",
        "receipts",
        "built",
        "inputs",
        "rendering",
        "audio",
        "transport",
        "providers",
    },
    "flows": {
        "preparing",
        "recording",
        "mastering",
        "assembly",
        "auditioning",
        "pipeline",
        "pruning",
        "reckoning",
        "reporting",
        "summary",
        "checking",
        "comparing",
        "pickups",
        "production",
        "adding",
        "affording",
        "selecting",
        "session",
        "timing",
        "predicting",
        "standing_in",
    },
    "faces": {"cli", "serving", "__main__", "__init__"},
}
ORDER = list(LAYERS)


@cache
def modules() -> dict[str, Path]:
    """Every module of the package by its name within it: `parsing.markdown`, `parsing` for its door."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        parts = list(path.relative_to(PACKAGE).with_suffix("").parts)
        if parts[-1] == "__init__" and len(parts) > 1:
            parts.pop()
        found[".".join(parts)] = path
    return found


@cache
def parsed(path: Path) -> tuple[ast.Import | ast.ImportFrom, ...]:
    """What a module imports anywhere in it, as it says so."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return tuple(node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom))


@cache
def imports(path: Path) -> frozenset[str]:
    """The modules of the package that a module imports, type-checking imports included."""
    known = modules()
    found = set()
    for node in parsed(path):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif node.module:
            for name in node.names:
                inner = f"{node.module}.{name.name}"
                found.add(inner if inner.removeprefix("narrator.") in known else node.module)
    inside = {name.removeprefix("narrator.") for name in found if name.startswith("narrator.")}
    return frozenset(inside & set(known))


def layer(module: str) -> int:
    """Which layer a module belongs to, from 0."""
    for index, rooms in enumerate(LAYERS.values()):
        if module in rooms:
            return index
    room = module.partition(".")[0]
    for index, rooms in enumerate(LAYERS.values()):
        if room in rooms:
            return index
    raise AssertionError(f"{module} is in no room of the house plan")


@pytest.mark.parametrize("module", sorted(modules()))
def test_imports_go_downward(module: str) -> None:
    """A module imports from its own layer or a lower one."""
    upward = {name for name in imports(modules()[module]) if layer(name) > layer(module)}

    assert not upward, f"{module} ({ORDER[layer(module)]}) imports upward: {sorted(upward)}"


def test_no_import_cycles() -> None:
    """Following imports never leads back to where one began."""
    graph = {name: imports(path) - {name} for name, path in modules().items()}
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, f"import cycle: {' -> '.join([*trail, name])}"
        if name not in done:
            for other in sorted(graph[name]):
                visit(other, (*trail, name))
            done.add(name)

    for name in sorted(graph):
        visit(name, ())


def test_the_plan_names_every_room() -> None:
    """docs/architecture.md has a row for every room, and no row for a room that is gone."""
    page = (PACKAGE.parent / "docs" / "architecture.md").read_text(encoding="utf-8")
    rooms = {name.partition(".")[0] for name in modules()} - {"__init__", "__main__"}
    plan = {room.partition(".")[0] for rooms_ in LAYERS.values() for room in rooms_} - {
        "__init__",
        "__main__",
    }

    assert rooms == plan
    for room in sorted(rooms):
        assert f"`{room}`" in page or f"`{room}/`" in page, f"docs/architecture.md says nothing of {room}"


@pytest.mark.parametrize("room", ["providers", "serving"])
def test_services_know_nothing_of_each_other(room: str) -> None:
    """What two of them have in common lies beside them."""
    found = modules()
    services = {name.split(".")[1] for name in found if name.startswith(f"{room}.") and name.count(".") == 2}
    for name in found:
        own = name.split(".")
        if own[0] != room or own[1:2] == [] or own[1] not in services:
            continue
        others = {other.split(".")[1] for other in imports(found[name]) if other.startswith(f"{room}.")}
        assert not (others & services) - {own[1]}, f"{name} imports another service"


@pytest.mark.parametrize(
    "module", [name for name in sorted(modules()) if ORDER[layer(name)] in ("words", "core")]
)
def test_core_touches_no_disk_clock_or_network(module: str) -> None:
    """Words and core import nothing that does I/O."""
    banned = {
        "os",
        "pathlib",
        "time",
        "datetime",
        "socket",
        "subprocess",
        "io",
        "tempfile",
        "shutil",
        "threading",
    }
    outside = {
        name.partition(".")[0]
        for node in parsed(modules()[module])
        for name in (
            [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
        )
    }

    assert not outside & banned
