"""Books spoken by Octave: set up, looked at when they are made, and held against what a server wrote down."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from narrator.casting import direct
from narrator.manuscript import Utterance
from narrator.preparing import prepare
from narrator.project import open_project
from narrator.providers import Providers
from narrator.providers.espeak import Espeak
from narrator.serving.octave.library import library
from narrator.store import TakeStore
from narrator.takes import Request, Take
from tests.commands import ended, outputs, told
from tests.serving.running import Running, running
from tests.studio import write_project

DEMO = Path(__file__).parent.parent / "projects" / "demo"
CAST = "narrator: hume/Imani Carter\nMara: hume/Ava Song\nJon: hume/Colton Rivers\n"
_VOICES = (
    "Imani Carter",
    "Ava Song",
    "Mrs. Pembroke",
    "Sebastian Lockwood",
    "Ellie",
    "Expressive Girl",
    "Vince Douglas",
    "Donovan Sinclair",
)
WORD_TOLERANCE_MS = 10


class Line(NamedTuple):
    """An utterance as it is planned."""

    id: str
    chain: tuple[int, int]
    """Chapter and scene."""
    directed: bool
    """Whether any level gives it a direction."""


class Said(NamedTuple):
    """An utterance as it stands in a chapter that was made."""

    id: str
    text: str
    words: tuple[tuple[float, float], ...]
    """Milliseconds from the beginning of its take."""
    source: str
    take: Take

    @property
    def generation(self) -> str:
        return dict(self.take.ids)["generation"]


def write_demo(
    folder: Path, *, version: str, chapters: Iterable[int] = range(1, 6), quick: bool = True
) -> Path:
    """
    The demo, cast on voices of Hume's.

    Args:
        version: of Octave, as book.yaml has it.
        chapters: those that are kept, by number.
        quick: whether chapters need not be levelled, and are left as cue sheets and JSON only.
    """
    shutil.copytree(DEMO, folder, ignore=shutil.ignore_patterns("takes", "build"))
    for file in (folder / "manuscript").iterdir():
        if int(file.name[:2]) not in chapters:
            file.unlink()
    voices = iter(_VOICES)
    cast = re.sub(r"(?m)^  voice: .*", lambda _: f"  voice: hume/{next(voices)}", _read(folder / "cast.yaml"))
    (folder / "cast.yaml").write_text(cast.replace("  settings: {pitch: 80}\n", ""))
    book = _read(folder / "book.yaml") + f"\nproviders: {{hume: {{version: {version}}}}}\n"
    if quick:
        book = re.sub(r"(?m)^(loudness: ).*", r"\1none", book)
        book = re.sub(r"(?m)^(formats: ).*", r"\1[cue, json]", book)
    (folder / "book.yaml").write_text(book)
    return folder


def undirected(folder: Path) -> None:
    """Take out of a demo every direction but those of single lines."""
    for file in (folder / "book.yaml", folder / "cast.yaml", *(folder / "manuscript").iterdir()):
        file.write_text(re.sub(r"(?m)^ *direction: .*\n", "", _read(file)))


def write_book(
    folder: Path, *chapters: str, cast: str = CAST, settings: str = "version: 2", book: str = ""
) -> Path:
    """A book of so many manuscript files, quickly made."""
    quick = (
        f"loudness: none\ncredits: false\nformats: [cue, json]\nproviders: {{hume: {{{settings}}}}}\n{book}"
    )
    return write_project(folder, *chapters, cast=cast, book=quick)


def planned(project: Path) -> list[Line]:
    """Every utterance in the order of the book; what belongs together is worked out from the manuscript."""
    opened = open_project(project)
    roles = {role.name: role for role in opened.cast.roles}
    with Providers(opened.book.providers) as providers:
        manuscript = prepare(opened, TakeStore(opened.takes), providers).manuscript

    def directed(said: Utterance, of_chapter: str | None) -> bool:
        role = roles.get(said.role)
        levels = opened.book.direction, role.direction if role else None, of_chapter, said.direction
        return direct(*levels) is not None

    return [
        Line(said.id, (chapter.number, said.scene), directed(said, chapter.direction))
        for chapter in manuscript.chapters
        for said in chapter.utterances
    ]


def built(project: Path) -> dict[str, Said]:
    """Every utterance of the chapters that were made, by id."""
    takes = {take.id: take for take in stored(project)}
    found: dict[str, Said] = {}
    for file in sorted((project / "build" / "chapters").glob("*.json")):
        chapter = json.loads(_read(file))
        for said in chapter["utterances"]:
            begins_ms = said["start_sample"] * 1000 / chapter["rate"]
            inside_ms = said["take"]["start_sample"] * 1000 / said["take"]["rate"]
            words = tuple(
                (
                    word["start_sample"] * 1000 / chapter["rate"] - begins_ms + inside_ms,
                    word["end_sample"] * 1000 / chapter["rate"] - begins_ms + inside_ms,
                )
                for word in said["words"]
            )
            found[said["id"]] = Said(
                said["id"], said["text"], words, said["word_source"], takes[said["take"]["id"]]
            )
    return found


def stored(project: Path) -> list[Take]:
    """Every take of a project."""
    return sorted(TakeStore(project / "takes").every(), key=lambda take: (take.key, take.id))


def speech(server: Running) -> list[dict[str, Any]]:
    """What a server wrote down of the requests that it spoke for, in the order in which they came."""
    return sorted((line for line in server.log() if line.get("generations")), key=lambda line: line["number"])


def prove_chained(
    lines: Iterable[Line], said: Mapping[str, Said], asked: Iterable[Mapping[str, Any]]
) -> None:
    """Each request went on from the take that serves the line before it in its scene."""
    by_generation = {line["generations"][0]: line for line in asked}
    before: dict[tuple[int, int], Said] = {}
    for line in lines:
        spoken = said[line.id]
        context = by_generation[spoken.generation]["context"]
        if line.chain in before:
            assert context == {"generation_id": before[line.chain].generation}, line.id
            assert spoken.take.context == "id"
        else:
            assert context is None, line.id
            assert spoken.take.context == "none"
        before[line.chain] = spoken


def prove_timed(said: Iterable[Said]) -> int:
    """
    The words of each line sound when the embedded engine itself says that they do.

    Returns:
        How many lines were looked at: those with pauses inside are not, since Octave has pauses of its own.
    """
    looked_at = 0
    with closing(Espeak()) as engine:
        speakers = {entry.name: entry.speaker for entry in library(engine.voices())}
        for each in said:
            asked = each.take.request
            if any(mark.kind == "pause" for mark in asked.spoken.marks):
                continue
            speaker = speakers[asked.voice]
            own = engine.generate(
                Request(
                    provider="espeak",
                    voice=speaker.voice,
                    spoken=asked.spoken.model_copy(update={"marks": ()}),
                    speed=asked.speed,
                    settings=speaker.settings,
                )
            )[0]
            assert each.source == "service", each
            assert len(each.words) == len(own.words) == len(asked.spoken.words) > 0, each
            for (start, end), word in zip(each.words, own.words, strict=True):
                assert abs(start - word.start_sample * 1000 / own.rate) <= WORD_TOLERANCE_MS, each
                assert abs(end - word.end_sample * 1000 / own.rate) <= WORD_TOLERANCE_MS, each
            looked_at += 1
    return looked_at


@contextmanager
def served(state: Path, monkeypatch: pytest.MonkeyPatch, **options: Any) -> Iterator[Running]:
    """`narrator serve` with a log, where every book finds it."""
    monkeypatch.delenv("HUME_API_KEY", raising=False)
    with running(state=state, logged=True, **options) as started:
        monkeypatch.setenv("HUME_BASE_URL", started.base_url)
        yield started


def prove_the_demo(project: Path, server: Running) -> None:
    """Every line is asked for once, in its chain, and timed; then nothing is; then what was edited."""
    checked = told("check", project, "--json").result
    made = told("book", project, "--json")

    ended(made, 0)
    lines = planned(project)
    assert made.result["errors"] == []
    assert made.result["recorded"] == made.result["requests"] == checked["to_record"] == len(lines)
    assert made.result["reused"] == 0
    estimate = checked["estimate"]["amount"]  # the marks that pauses become are paid for as well
    assert estimate <= made.result["spent"]["amount"] < 1.01 * estimate
    assert len(made.result["chapters"]) == len(checked["chapters"])
    asked, said = speech(server), built(project)
    assert len(asked) == len(said) == len(stored(project)) == len(lines)
    assert {line["version"] for line in asked} == {"2"}
    prove_chained(lines, said, asked)
    assert prove_timed(said.values()) > 0.9 * len(lines)

    before = outputs(project)
    again = told("book", project, "--json").result
    shutil.rmtree(project / "build")
    anew = told("book", project, "--json").result
    for result in (again, anew):
        assert (result["recorded"], result["reused"], result["requests"]) == (0, len(lines), 0)
        assert result["spent"]["amount"] == 0
    assert outputs(project) == before


def asked_for(project: Path, server: Running) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What `narrator book` made of a project, and what it asked for on the way."""
    before = len(speech(server))
    made = told("book", project, "--json")
    ended(made, 0)
    return made.result, speech(server)[before:]


def prove_versions(project: Path, server: Running) -> None:
    """Version 1 where a scene holds a direction, with times called aligned; version 2 elsewhere."""
    _, asked = asked_for(project, server)

    lines, said = planned(project), built(project)
    assert len(server.log()) == len(asked) == len(lines)
    directed = {line.chain for line in lines if line.directed}
    versions = {line["generations"][0]: line["version"] for line in asked}
    assert set(versions.values()) == {"1", "2"}
    for line in lines:
        version = "1" if line.chain in directed else "2"
        assert versions[said[line.id].generation] == version
        assert said[line.id].source == ("aligned" if version == "1" else "service")
        assert said[line.id].take.request.model == f"octave-{version}"
    prove_chained(lines, said, asked)
    timed = [each for each in said.values() if each.source == "service"]
    assert prove_timed(timed) > 0.9 * len(timed)


def sentences(count: int, *, of: str = "the book") -> Iterator[str]:
    """Sentences that are all different."""
    return (f"This is line {number} of {of}." for number in range(1, count + 1))


def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8")
