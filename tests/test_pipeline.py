"""Recording and assembling beside each other, with a provider that refuses, repeats and remembers."""

from __future__ import annotations

from pathlib import Path

from narrator.errors import MissingTake, ProviderError
from narrator.recording import GIVE_UP_AFTER
from tests.studio import run, write_project
from tests.tones import Tones


def test_a_refused_line_stops_its_chapter_and_no_other(tmp_path: Path) -> None:
    """Assembly refuses by name; the rest of the book is made."""
    folder = write_project(tmp_path, "# One\n\nGood. Bad.\n", "# Two\n\nFine.\n")

    _, outcome = run(folder, Tones(refuse=lambda request: request.spoken.text == "Bad."))

    assert [made.chapter.title for made in outcome.assembled] == ["Two"]
    refused, missing = outcome.errors
    assert isinstance(refused, ProviderError)
    assert isinstance(missing, MissingTake)
    assert "c01-u003" in str(missing)
    assert not (folder / "build" / "chapters" / "01-one.mp3").exists()
    assert (folder / "build" / "chapters" / "02-two.mp3").exists()


def test_the_next_run_asks_only_for_what_was_refused(tmp_path: Path) -> None:
    folder = write_project(tmp_path, "# One\n\nGood. Bad.\n")
    run(folder, Tones(refuse=lambda request: request.spoken.text == "Bad."))
    second = Tones()

    _, outcome = run(folder, second)

    assert [text for text, _ in second.asked] == ["Bad."]
    assert outcome.errors == ()
    assert len(outcome.assembled) == 1


def test_a_provider_that_refuses_everything_is_left_alone(tmp_path: Path) -> None:
    """A dead service is not asked five thousand times."""
    text = "# One\n\n" + " ".join(f"Line {number}." for number in range(200))
    provider = Tones(refuse=lambda _: True)

    _, outcome = run(write_project(tmp_path, text), provider)

    assert GIVE_UP_AFTER <= len(provider.asked) < GIVE_UP_AFTER + provider.concurrency
    assert isinstance(outcome.errors[0], ProviderError)


def test_each_request_names_the_take_before_it(tmp_path: Path) -> None:
    """The context chain: within a scene, whether that take is new or was in the store."""
    folder = write_project(tmp_path, "# One\n\nFirst. Second.\n\n***\n\nThird. Fourth.\n")
    provider = Tones()
    prepared, outcome = run(folder, provider)
    ids = {line.utterance.text: outcome.taken[line.utterance.id].id for line in prepared.plan.lines}
    (folder / "manuscript" / "01.md").write_text("# One\n\nFirst. Second. New.\n\n***\n\nThird. Fourth.\n")
    again = Tones()

    run(folder, again)

    assert dict(provider.asked) == {
        "One": None,
        "First.": ids["One"],
        "Second.": ids["First."],
        "Third.": None,
        "Fourth.": ids["Third."],
    }
    assert again.asked == [("New.", ids["Second."])]


def test_a_damaged_take_is_recorded_again_and_said_so(tmp_path: Path) -> None:
    """Damage of the same size is met only when the audio is read, in the middle of a build."""
    folder = write_project(tmp_path, "# One\n\nFirst. Second.\n")
    _, first = run(folder, Tones())
    take = first.taken["c01-u002"]
    flac = folder / "takes" / take.key[:2] / take.key / f"{take.id}.flac"
    data = bytearray(flac.read_bytes())
    data[len(data) // 2] ^= 0xFF
    flac.write_bytes(data)
    (folder / "build" / "chapters" / "01-one.mp3").unlink()
    provider = Tones()

    _, outcome = run(folder, provider)

    assert [text for text, _ in provider.asked] == ["First."]
    assert outcome.errors == ()
    assert any("damaged" in notice.message for notice in outcome.notices)
    assert (folder / "build" / "chapters" / "01-one.mp3").exists()


def test_a_second_run_makes_nothing_and_every_byte_stays(tmp_path: Path) -> None:
    folder = write_project(tmp_path, "# One\n\nFirst.\n", "# Two\n\nSecond.\n")
    run(folder, Tones())
    chapters = folder / "build" / "chapters"
    before = {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in chapters.iterdir()}
    provider = Tones()

    _, outcome = run(folder, provider)

    assert provider.asked == []
    assert [made.changed for made in outcome.assembled] == [False, False]
    assert {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in chapters.iterdir()} == before


def test_outputs_are_a_function_of_manuscript_and_takes(tmp_path: Path) -> None:
    folder = write_project(tmp_path, "# One\n\nFirst. Second.\n")
    run(folder, Tones())
    chapters = folder / "build" / "chapters"
    before = {path.name: path.read_bytes() for path in chapters.iterdir()}
    for path in (*chapters.iterdir(), *(folder / "build" / ".receipts").iterdir()):
        path.unlink()

    run(folder, Tones())

    assert {path.name: path.read_bytes() for path in chapters.iterdir()} == before


def test_a_lost_caption_is_written_again_and_the_audio_is_not(tmp_path: Path) -> None:
    folder = write_project(tmp_path, "# One\n\nFirst.\n")
    run(folder, Tones())
    chapters = folder / "build" / "chapters"
    (chapters / "01-one.vtt").unlink()
    audio = (chapters / "01-one.mp3").stat().st_mtime_ns

    run(folder, Tones())

    assert (chapters / "01-one.vtt").exists()
    assert (chapters / "01-one.mp3").stat().st_mtime_ns == audio
