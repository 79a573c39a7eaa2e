"""Whole books through Octave: `narrator book` at one end, `narrator serve` at the other."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import soundfile

from narrator.providers.hume import Hume
from tests.commands import ended, told
from tests.octave_books import (
    CAST,
    asked_for,
    built,
    planned,
    prove_chained,
    prove_the_demo,
    prove_timed,
    prove_versions,
    sentences,
    served,
    stored,
    write_book,
    write_demo,
)
from tests.octave_ordeal import (
    HASTY,
    SILENT_AT_ONCE,
    SPOILT,
    STATUSES,
    chapters,
    prove_paid_once,
    prove_secret,
    prove_sounds,
    write_faults,
)
from tests.serving.running import Running
from tests.studio import run

KEY = "wistful-0123456789-otter"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    with served(tmp_path / "state", monkeypatch) as started:
        yield started


@pytest.mark.soak
def test_the_demo_is_spoken_through_octave(tmp_path: Path, server: Running) -> None:
    """A chapter of it and the credits; `test_soak_octave` has it whole."""
    project = write_demo(tmp_path / "demo", version="2", chapters=(3,))

    prove_the_demo(project, server)


def scenes(*counts: int, of: str) -> str:
    """A chapter of so many scenes, each of so many lines; its title is a line of the first one."""
    paragraphs = (
        "\n\n".join(sentences(count, of=f"scene {place} of {of}")) for place, count in enumerate(counts)
    )
    return f"# {of.title()}\n\n" + "\n\n***\n\n".join(paragraphs) + "\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Two chapters of two scenes, 18 lines."""
    return write_book(tmp_path / "project", scenes(3, 5, of="the sea"), scenes(4, 4, of="the shore"))


def edit(project: Path, chapter: int, old: str, new: str) -> None:
    file = project / "manuscript" / f"{chapter:02d}.md"
    text = file.read_text()
    assert text.count(old) == 1
    file.write_text(text.replace(old, new))


def test_an_edit_asks_for_the_line_that_it_touches(project: Path, server: Running) -> None:
    """In its place in the chain: after the take before it, which was recorded in another run."""
    asked_for(project, server)

    edit(project, 1, "line 3 of scene 1", "line three of scene 1")
    result, (request,) = asked_for(project, server)
    said = built(project)
    assert (result["recorded"], result["reused"], result["requests"]) == (1, 17, 1)
    assert said["c01-u007"].text == "This is line three of scene 1 of the sea."
    assert request["generations"] == [said["c01-u007"].generation]
    assert request["context"] == {"generation_id": said["c01-u006"].generation}

    edit(project, 2, "***", "***\n\nNobody was there.")
    result, (request,) = asked_for(project, server)
    assert (result["recorded"], result["reused"]) == (1, 18)
    assert request["context"] is None

    edit(project, 2, "This is line 2 of scene 0 of the shore.\n\n", "")
    edit(project, 1, "***", "This is line 2 of scene 0 of the shore.\n\n***")
    result, asked = asked_for(project, server)
    assert (result["recorded"], result["reused"], result["requests"], asked) == (0, 19, 0, [])


def test_a_chain_goes_on_from_a_server_that_was_stopped(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server keeps its ids; one that never made the take before is told its text, and the run says so."""
    with served(tmp_path / "kept", monkeypatch) as server:
        asked_for(project, server)

    edit(project, 1, "line 2 of scene 1", "line two of scene 1")
    with served(tmp_path / "kept", monkeypatch) as server:
        result, (request,) = asked_for(project, server)
    assert request["context"] == {"generation_id": built(project)["c01-u005"].generation}
    assert (result["requests"], result["warnings"]) == (1, [])

    edit(project, 1, "line 4 of scene 1", "line four of scene 1")
    with served(tmp_path / "another", monkeypatch) as server:
        result, (request,) = asked_for(project, server)
    (before,) = request["context"]["utterances"]
    assert before["text"] == "This is line 3 of scene 1 of the sea."
    assert built(project)["c01-u008"].take.context == "text"
    assert (result["recorded"], result["requests"]) == (1, 2)
    (warning,) = result["warnings"]
    assert warning.startswith(
        "manuscript/01.md:17: hume: 1 line is recorded after a take that the provider no longer knew"
    )


@pytest.mark.parametrize("continuity", ["chapter", "none"])
def test_a_chain_may_last_a_chapter_or_a_line(continuity: str, tmp_path: Path, server: Running) -> None:
    project = write_book(
        tmp_path / "project",
        scenes(2, 2, of="one"),
        scenes(2, 2, of="two"),
        book=f"continuity: {continuity}\n",
    )

    _, asked = asked_for(project, server)

    lines = [
        line._replace(chain=(line.chain[0], 0 if continuity == "chapter" else number))
        for number, line in enumerate(planned(project))
    ]
    prove_chained(lines, built(project), asked)


def test_auto_gives_each_scene_the_version_that_serves_it(tmp_path: Path, server: Running) -> None:
    acted = "Mara (whispering): Who is there?\n\nThere was no answer.\n\nJon: Nobody.\n"
    text = f"{scenes(3, 2, of='one')}\n***\n\n{acted}\n***\n\nThe tide came in.\n"

    prove_versions(
        write_book(tmp_path / "project", text, scenes(2, of="two"), settings="version: auto"), server
    )


def test_version_1_never_goes_on_from_version_2(tmp_path: Path, server: Running) -> None:
    """A role that is settled on version 2 in a scene that is acted is named by what it said."""
    project = write_book(
        tmp_path / "project",
        "# One\n\nJon (whispering): Who is it?\n\nMara: It is only me.\n\nJon: Come in.\n\nMara: I will.\n",
        cast=CAST.replace("hume/Ava Song", "{voice: hume/Ava Song, settings: {version: 2}}"),
        settings="version: auto",
    )

    _, asked = asked_for(project, server)

    said = built(project)
    assert len(server.log()) == len(asked), "something was refused and asked for in another way"
    assert [line["version"] for line in asked] == ["1", "1", "2", "1", "2"]
    assert [line["context"] and list(line["context"]) for line in asked] == [
        None,
        ["generation_id"],
        ["generation_id"],
        ["utterances"],
        ["generation_id"],
    ]
    assert asked[3]["context"]["utterances"][0]["text"] == "It is only me."
    assert asked[4]["context"]["generation_id"] == said["c01-u004"].generation


LONG = (
    "The lamp had been burning since the morning; nobody in the house, from the kitchen to the attic, would"
    " say why; nobody dared to ask, for the old keeper had a way of looking at a question, long and grey"
    " and patient, that made it seem smaller; and so it burned, and the boats came in, and the day went on."
)


@pytest.mark.parametrize(
    ("clock", "stream"), [("snippet", "true"), ("utterance", "false"), ("generation", "true")]
)
def test_words_are_found_in_every_snippet_by_every_clock(
    clock: str, stream: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = f"version: 2, split_utterances: true, stream: {stream}"
    project = write_book(tmp_path / "project", f"# One\n\n{LONG}\n\nIt burned.\n", settings=settings)
    with served(tmp_path / "state", monkeypatch, clock=clock) as server:
        _, asked = asked_for(project, server)

    said = built(project)
    ids = [name for name, _ in said["c01-u002"].take.ids]
    assert ids.count("snippet") >= 2
    assert prove_timed(said.values()) == len(asked) == 3


@pytest.mark.parametrize("settings", ["format: mp3", "stream: false, format: pcm"])
def test_a_book_in_another_format(settings: str, tmp_path: Path, server: Running) -> None:
    """Word for word; MP3, too, of which a take begins where the sound does."""
    project = write_book(tmp_path / "project", scenes(3, of="one"), settings=f"version: 2, {settings}")

    result, asked = asked_for(project, server)

    said = built(project)
    assert prove_timed(said.values()) == len(asked) == result["requests"] == 4
    prove_chained(planned(project), said, asked)
    if "mp3" not in settings:
        prove_sounds(project)


OLD_SAILOR = "an old sailor, gravelly and slow"


def test_a_voice_is_made_from_a_description_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the first line that needs it; every other, in this run and the next, is spoken in it."""
    cast = CAST.replace("hume/Colton Rivers", f'{{voice: hume, description: "{OLD_SAILOR}"}}')
    text = "# One\n\n" + "\n\n***\n\n".join(f"He looked up.\n\nJon: {each}" for each in sentences(4)) + "\n"
    project = write_book(tmp_path / "project", text, cast=cast, settings="version: auto")
    with served(tmp_path / "state", monkeypatch) as server:
        result, asked = asked_for(project, server)
        assert not [warning for warning in result["warnings"] if "no longer knew" in warning]
        jons = [each for each in built(project).values() if each.take.request.description]
        (design,) = (line for line in asked if line["voice"] == "")
        assert design["version"] == "1"
        assert design["generations"][0] in {each.generation for each in jons}
        kept = f"narrator-{design['generations'][0]}"
        assert [line["voice"] for line in asked].count(kept) == len(jons) - 1 == 3
        assert len({dict(each.take.ids)["voice"] for each in jons}) == 1
        assert [line["path"] for line in server.log()].count("/v0/tts/voices") == 1
        assert result["requests"] == len(asked) + 1
        assert kept in told("voices", "hume", "--search", kept).out

    (project / "manuscript" / "01.md").write_text(f"{text}\nJon: And now I am off.\n")
    with served(tmp_path / "state", monkeypatch) as server:
        result, (request,) = asked_for(project, server)
        assert (request["voice"], result["requests"]) == (kept, len(server.log()))


def test_a_line_follows_a_guide(tmp_path: Path, server: Running) -> None:
    """Its words and its timing in the voice of the role; asked for again only where the recording changes."""
    go = '["Go now, and be quick about it!"]{.mara guide="guides/go.wav"}'
    text = f"# One\n\nHe turned.\n\n{go}\n\nShe went.\n"
    project = write_book(tmp_path / "project", text)
    (project / "guides").mkdir()
    guide = project / "guides" / "go.wav"
    ended(told("say", "Go now, and be quick about it!", "--voice", "espeak/en-gb+m7", "-o", guide), 0)

    result, asked = asked_for(project, server)

    said = built(project)
    (followed,) = (line for line in asked if "conversion" in line["path"])
    line = said["c01-u003"]
    assert (followed["voice"], followed["generations"]) == ("Ava Song", [line.generation])
    assert followed["context"] == {"generation_id": said["c01-u002"].generation}
    assert line.take.samples / line.take.rate == pytest.approx(soundfile.info(guide).duration, abs=0.02)
    assert len(line.words) == 7
    assert (result["recorded"], result["requests"]) == (4, 4)

    ended(told("say", "Go now, and be quick about it!", "--voice", "espeak/en-gb+m3", "-o", guide), 0)
    result, (request,) = asked_for(project, server)
    assert request["path"] == "/v0/tts/voice_conversion/json"
    assert (result["recorded"], result["reused"]) == (1, 3)


def test_every_reading_is_kept_and_the_first_is_used(tmp_path: Path, server: Running) -> None:
    """All are paid for; the next line goes on from the first; the others serve lines that say the same."""
    project = write_book(tmp_path / "project", scenes(4, of="one"), settings="version: 2, num_generations: 3")

    result, asked = asked_for(project, server)

    said, takes = built(project), stored(project)
    assert [len(line["generations"]) for line in asked] == [3] * 5
    assert {dict(take.ids)["generation"] for take in takes} == {
        generation for line in asked for generation in line["generations"]
    }
    prove_chained(planned(project), said, asked)
    assert (result["recorded"], result["requests"], len(takes)) == (5, 5, 15)
    assert result["spent"]["amount"] == pytest.approx(
        sum(line["characters"] for line in asked) * 0.075 / 1000
    )

    edit(project, 1, "line 4", "line 3")
    result, asked = asked_for(project, server)
    assert (result["recorded"], result["requests"], asked) == (0, 0, [])
    said = built(project)
    assert said["c01-u004"].take.answer == 0
    assert said["c01-u005"].take.answer == 1


def test_a_stand_in_speaks_for_a_service_that_narrator_does_not_have(tmp_path: Path, server: Running) -> None:
    cast = CAST.replace("hume/Ava Song", "{voice: bygone/Rachel, stand_in: hume/Ava Song}")
    project = write_book(tmp_path / "project", "# One\n\nMara: Is it you?\n\nJon: It is.\n", cast=cast)

    result, asked = asked_for(project, server)

    assert [line["voice"] for line in asked] == ["Imani Carter", "Ava Song", "Colton Rivers"]
    prove_chained(planned(project), built(project), asked)
    assert result["warnings"] == ["cast.yaml: role 'Mara' speaks with its stand-in hume/Ava Song"]


@pytest.mark.soak
def test_a_book_on_a_server_where_a_fifth_goes_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """60 lines and every kind of fault; `test_soak_octave` has a thousand."""
    project = write_book(tmp_path / "project", *chapters(60, scene=6, scenes=5))
    faults = write_faults(tmp_path / "faults.yaml", SILENT_AT_ONCE, STATUSES, SPOILT, seed=2922)
    caplog.set_level(logging.DEBUG)
    with served(tmp_path / "state", monkeypatch, faults=faults) as server:
        monkeypatch.setenv("HUME_API_KEY", KEY)
        hume = Hume({"version": "2"}, patience=HASTY)
        with closing(hume):
            prepared, outcome = run(project, hume)
        struck = prove_paid_once(project, server)
        asked = len(server.log())

    assert outcome.errors == ()
    assert len(outcome.recorded) == len(list(prepared.plan.lines)) == 60
    assert outcome.requests == asked
    assert sum(struck.values()) > 0.15 * asked
    assert len(struck) > 12
    prove_sounds(project)
    prove_secret(KEY, tmp_path, told=caplog.text)
