"""One project, any provider: the demo through each service, and a role that changes service."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.commands import ended, told
from tests.serving.running import Running, running
from tests.studio import write_project

DEMO = Path(__file__).parent.parent / "projects" / "demo"
VOICES: Mapping[str, tuple[str, ...]] = {
    "hume": (
        "Imani Carter",
        "Ava Song",
        "Mrs. Pembroke",
        "Sebastian Lockwood",
        "Ellie",
        "Expressive Girl",
        "Vince Douglas",
        "Donovan Sinclair",
    ),
    "sarvam": ("shubh", "ritu", "priya", "rahul", "neha", "kavya", "aditya", "amit"),
    "supertone": ("Aiden", "Bela", "Dahlia", "Corin", "Edda", "Gwen", "Nils", "Tomas"),
    "playht": ("Angelo", "Adelaide", "Celeste", "Atlas", "Aaliyah", "Cheyenne", "Briggs", "Calum"),
}
"""As many as the demo has roles, the narrator's first."""
SERVICES = sorted(VOICES)
PARAGRAPHS = 7
"""Of a chapter, where a part of it will do."""


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    """Every service at one address."""
    with running(logged=True) as server:
        yield server


@pytest.fixture(autouse=True)
def addresses(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """The services are all there."""
    for name in SERVICES:
        monkeypatch.setenv(f"{name.upper()}_BASE_URL", server.base_url)


def write_demo(
    folder: Path, provider: str, *, chapters: Iterable[int], paragraphs: int | None = PARAGRAPHS
) -> Path:
    """
    The demo with voices of one provider, quickly made.

    Args:
        paragraphs: of each chapter; None for all.
    """
    shutil.copytree(DEMO, folder, ignore=shutil.ignore_patterns("takes", "build"))
    for file in (folder / "manuscript").iterdir():
        if int(file.name[:2]) not in chapters:
            file.unlink()
        else:
            file.write_text("\n\n".join(file.read_text().split("\n\n")[:paragraphs]))
    cast, book = folder / "cast.yaml", folder / "book.yaml"
    if provider in VOICES:
        voices = iter(VOICES[provider])
        recast = re.sub(
            r"(?m)^  voice: .*", lambda _: f"  voice: {provider}/{next(voices)}", cast.read_text()
        )
        cast.write_text(recast.replace("  settings: {pitch: 80}\n", ""))
    quick = re.sub(r"(?m)^(loudness: ).*", r"\1none", book.read_text())
    settings = "providers: {hume: {version: 2}}\n"
    book.write_text(re.sub(r"(?m)^(formats: ).*", r"\1[cue, json]", quick) + settings)
    return folder


def made(folder: Path) -> dict[str, Any]:
    """`narrator book`, and what it answered."""
    answer = told("book", folder, "--json")
    ended(answer, 0)
    return answer.result


def cue_sheets(folder: Path) -> dict[str, list[str]]:
    """The cue sheets without their times."""
    return {
        file.name: re.sub(r"\d\d:\d\d:\d\d", "", file.read_text()).splitlines()
        for file in sorted((folder / "build" / "chapters").glob("*.cue"))
    }


def utterances(folder: Path) -> list[dict[str, Any]]:
    """Every utterance of the book, as the chapters' JSON has it."""
    return [
        utterance
        for file in sorted((folder / "build" / "chapters").glob("*.json"))
        for utterance in json.loads(file.read_text())["utterances"]
    ]


def check_demo(folder: Path, provider: str, own: Path) -> None:
    """Fail unless a demo is the same book as one with embedded voices, spoken by that provider."""
    assert cue_sheets(folder) == cue_sheets(own)
    for mine, embedded in zip(utterances(folder), utterances(own), strict=True):
        assert mine["text"] == embedded["text"]
        assert [word["text"] for word in mine["words"]] == [word["text"] for word in embedded["words"]]
        assert mine["voice"].startswith(f"{provider}/")
        assert mine["word_source"] == ("service" if provider == "hume" else "aligned")


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A chapter of the demo with its own voices."""
    folder = write_demo(tmp_path_factory.mktemp("own") / "demo", "espeak", chapters=[2])
    made(folder)
    return folder


@pytest.mark.parametrize("provider", SERVICES)
def test_a_chapter_of_the_demo_is_the_same_book_with_any_service(
    provider: str, own: Path, tmp_path: Path
) -> None:
    """The same cue sheets but for the times, every word timed; and nothing is asked for twice."""
    folder = write_demo(tmp_path / "demo", provider, chapters=[2])
    first = made(folder)
    assert first["recorded"] == len(utterances(folder))
    check_demo(folder, provider, own)

    again = made(folder)
    assert (again["recorded"], again["requests"]) == (0, 0)


@pytest.mark.soak
@pytest.mark.parametrize("provider", SERVICES)
def test_the_demo_is_the_same_book_with_any_service(provider: str, tmp_path: Path) -> None:
    own = write_demo(tmp_path / "own", "espeak", chapters=range(1, 6), paragraphs=None)
    folder = write_demo(tmp_path / "demo", provider, chapters=range(1, 6), paragraphs=None)
    made(own)
    made(folder)
    check_demo(folder, provider, own)


def test_a_role_that_changes_its_service_is_recorded_again_alone(tmp_path: Path) -> None:
    folder = write_demo(tmp_path / "demo", "sarvam", chapters=[2])
    made(folder)
    before = {each["id"]: each["take"]["id"] for each in utterances(folder)}
    cast = folder / "cast.yaml"
    cast.write_text(cast.read_text().replace("sarvam/ritu", "playht/Adelaide"))

    again = made(folder)

    maras = {each["id"] for each in utterances(folder) if each["role"] == "mara"}
    assert maras
    assert again["recorded"] == len(maras)
    for each in utterances(folder):
        assert (each["take"]["id"] != before[each["id"]]) == (each["id"] in maras)
        assert each["voice"].startswith("playht/" if each["id"] in maras else "sarvam/")


def test_pruning_a_line_that_was_joined_spends_nothing(tmp_path: Path) -> None:
    """What is removed stays paid for, once: what was joined from parts was never paid for by itself."""
    text = "The keeper of the light went up the stairs, counting them, as he had done for thirty years, " * 5
    folder = write_project(
        tmp_path / "long",
        f"# One\n\n{text.strip()}\n",
        cast="narrator: supertone/Aiden\n",
        book="credits: false\nloudness: none\nproviders: {supertone: {price_per_minute: 6}}\n",
    )
    made(folder)
    ended(told("pickup", folder, "c01-u002"), 0)
    spent = told("ledger", folder, "--json").result["totals"]

    ended(told("prune", folder, "--paid", "--yes"), 0)

    assert told("ledger", folder, "--json").result["totals"] == spent


def test_each_currency_is_told_and_held_by_its_own_budget(tmp_path: Path) -> None:
    book = "credits: false\nloudness: none\nformats: [cue]\nproviders: {playht: {price_per_1000: 10}}\n"
    folder = write_project(
        tmp_path / "two",
        "# One {.silent}\n\nThe lamp was lit.\n\nMARA: Nobody came.\n",
        cast="narrator: sarvam/shubh\nMara: playht/Jennifer\n",
        book=f"{book}budget: {{amount: 20}}\n",
    )
    ended(
        told("check", folder), 3, "no amount in INR, in which sarvam charges; add one: `budget: [{amount: 20,"
    )
    (folder / "book.yaml").write_text(
        (folder / "book.yaml")
        .read_text()
        .replace("{amount: 20}", "[{amount: 20}, {amount: 9, currency: INR}]")
    )

    found = told("check", folder, "--json").result
    answer = told("book", folder, "--json")

    ended(answer, 0, "spent 0.0510 INR + 0.12 USD")
    assert answer.result["spent"]["costs"] == found["estimate"]["costs"]
    after = told("check", folder, "--json").result
    assert [(each["currency"], each["spent"], each["enough"]) for each in after["budget"]] == [
        ("USD", 0.12, True),
        ("INR", 0.051, True),
    ]
    ended(told("pickup", folder, "c01-u001", "c01-u002"), 0, "estimated cost 0.0510 INR + 0.12 USD")
