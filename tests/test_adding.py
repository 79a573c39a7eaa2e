"""Recordings that somebody brings in: takes like others, that no service was asked for."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
import soxr

from narrator.adding import add_recordings_in
from narrator.errors import Interrupted
from narrator.estimating import TELLING, estimate
from narrator.pickups import Wanted, pick_up_in, record_again_in
from narrator.progress import Silent
from narrator.providers.espeak import Espeak
from narrator.store import TakeStore
from narrator.takes import OWN, Generation, Take
from tests.aligning.cutting import say, twice, without
from tests.commands import ended, left, outputs, told
from tests.octave_books import served, speech, stored
from tests.octave_books import write_book as write_octave_book
from tests.paid_books import buy
from tests.paid_books import write_book as write_paid_book
from tests.sessions import at_work, lines_of, produced, sounding
from tests.studio import write_project
from tests.tones import Tones

TEXTS = (
    "The lamp was lit before the boats came in.",
    "Nobody had seen who climbed the stairs.",
    "Their grandmother kept seven clocks.",
)
CHAPTER = "# One {.silent}\n\n" + "\n\n".join(TEXTS) + "\n"
IDS = ("c01-u001", "c01-u002", "c01-u003")
QUICK = "language: en-US\nloudness: none\ncredits: false\nformats: [cue, json, vtt]\n"
CAST = "narrator: espeak/en-us\n"


@pytest.fixture(scope="module")
def said() -> Iterator[dict[str, Generation]]:
    """Each text in another voice and at another pace than the book's: it stands for a person."""
    with closing(Espeak()) as engine:
        yield {text: say(engine, text, "gmw/en-GB-scotland+f2", 145, 65) for text in TEXTS}


def book(folder: Path, *, cast: str = CAST) -> Path:
    return write_project(folder / "book", CHAPTER, book=QUICK, cast=cast)


def written(
    path: Path, sound: Generation | npt.NDArray[np.generic], rate: int = 22_050, subtype: str | None = None
) -> Path:
    """A file of a sound."""
    path.parent.mkdir(exist_ok=True)
    pcm = sound.pcm if isinstance(sound, Generation) else sound
    soundfile.write(path, pcm, rate, subtype=subtype)
    return path


def own(project: Path) -> list[Take]:
    """The recordings in the store."""
    return [take for take in stored(project) if take.is_own]


def chapter(project: Path) -> dict[str, dict[str, object]]:
    """The utterances of the chapter that was made."""
    (made,) = (project / "build" / "chapters").glob("*.json")
    return {each["id"]: each for each in json.loads(made.read_text("utf-8"))["utterances"]}


def test_a_recording_is_heard_in_the_chapter_with_its_words_in_their_places(
    tmp_path: Path, said: dict[str, Generation]
) -> None:
    """Its samples are there as they came, and its words are found where they were said."""
    project, mine = book(tmp_path), said[TEXTS[1]]
    assert told("book", project).code == 0
    before = chapter(project)
    answer = told("takes", project, "c01-u002", "--add", written(tmp_path / "mine.wav", mine))

    ended(answer, 0, "c01-u002", "mine.wav", f"--choose {before['c01-u002']['take']['id']}")  # type: ignore[index]
    (take,) = own(project)
    assert take.ids[0][0] == OWN
    assert (take.cost, take.characters, take.rate) == (0, 0, 22_050)
    after = chapter(project)
    placed = after["c01-u002"]
    assert (placed["voice"], placed["word_source"]) == ("recording/own", "aligned")
    assert {name for name in IDS if after[name]["take"] != before[name]["take"]} == {"c01-u002"}

    with closing(Espeak()) as engine:
        timeline, heard = sounding(project, engine, rate=22_050)[1]
    (there,) = (each for each in timeline.placements if each.utterance_id == "c01-u002")
    faded = 22_050 * 4 // 1000
    inner = heard[there.start_sample + faded : there.end_sample - faded]
    first = there.take_start_sample + faded
    assert np.array_equal(inner * 32768, mine.pcm[first : first + len(inner)])
    for word, true in zip(there.words, mine.words, strict=True):
        at = word.start_sample - there.start_sample + there.take_start_sample
        assert abs(at - true.start_sample) / 22.05 < 80, word
    assert "Nobody" in next((project / "build" / "chapters").glob("*.vtt")).read_text("utf-8")


def test_what_a_studio_sends_is_made_what_a_take_is(tmp_path: Path, said: dict[str, Generation]) -> None:
    """Stereo, 24 bit, 96 kHz; and a small MP3 of it: both are that line, and the aligner finds its words."""
    project, mine = book(tmp_path), said[TEXTS[0]]
    fine = soxr.resample(mine.pcm / 32768, 22_050, 96_000)
    stereo = np.pad(np.stack([fine, fine * 0.5], axis=1), ((40_000, 40_000), (0, 0)))
    wide = written(tmp_path / "wide.wav", stereo, 96_000, "PCM_24")
    small = written(tmp_path / "small.mp3", stereo[::2], 48_000)

    for file in (wide, small):
        result = told("takes", project, "c01-u001", "--add", file, "--json").result
        assert (result["errors"], result["added"][0]["holds"]) == ([], True)

    takes = own(project)
    assert {take.rate for take in takes} == {48_000}
    assert {take.word_source for take in takes} == {"aligned"}
    for take in takes:
        for word, true in zip(take.words, mine.words, strict=True):
            assert abs(word.start_sample / 48 - true.start_sample / 22.05 - 40_000 / 96) < 100


def test_the_same_file_twice_is_one_take(tmp_path: Path, said: dict[str, Generation]) -> None:
    project, file = book(tmp_path), written(tmp_path / "mine.flac", said[TEXTS[0]])
    assert told("takes", project, "c01-u001", "--add", file).code == 0
    before = left(project, "takes"), (project / "choices.yaml").read_bytes()

    again = told("takes", project, "c01-u001", "--add", file, "--json").result

    assert (left(project, "takes"), (project / "choices.yaml").read_bytes()) == before
    assert again["added"][0]["before"] == again["added"][0]["take"] == own(project)[0].id


def test_a_book_of_recordings_asks_nobody_for_anything(
    tmp_path: Path, said: dict[str, Generation], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All lines at once, from a folder, without a service or a key; a run after it does nothing."""
    monkeypatch.delenv("HUME_API_KEY", raising=False)
    project = book(tmp_path, cast="narrator: hume/Ava Song\n")
    for name, text in zip(IDS, TEXTS, strict=True):
        written(tmp_path / "mine" / f"{name.upper()}.wav", said[text])
    (tmp_path / "mine" / ".DS_Store").write_bytes(b"\0")

    answer = told("takes", project, "--add", tmp_path / "mine", "--json")

    ended(answer, 0, "recorded 3 of 3")
    result = answer.result
    assert [each["id"] for each in result["added"]] == list(IDS)
    assert [made["number"] for made in result["chapters"]] == [1]
    assert (result["requests"], result["recorded"], result["spent"]["amount"]) == (0, 0, 0)
    assert (project / "choices.yaml").read_text("utf-8").count("- line:") == 3
    files = outputs(project)
    again = told("book", project, "--json").result
    assert (again["requests"], again["recorded"], again["reused"], again["errors"]) == (0, 0, 3, [])
    assert outputs(project).items() >= {n: d for n, d in files.items() if "/chapters/" in n}.items()
    checked = told("check", project, "--json").result
    assert (checked["to_record"], checked["estimate"]["requests"]) == (0, 0)


def test_a_service_is_asked_for_the_other_lines_only(
    tmp_path: Path, said: dict[str, Generation], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the server's own log. No id leads on from a recording: the next line is told of its words."""
    project = write_octave_book(tmp_path / "book", CHAPTER)
    with served(tmp_path / "state", monkeypatch) as server:
        added = told(
            "takes", project, "c01-u002", "--add", written(tmp_path / "mine.wav", said[TEXTS[1]]), "--json"
        )
        assert added.result["chapters"] == []
        assert "2 of its lines have no take yet" in added.err
        assert server.log() == []

        made = told("book", project, "--json").result
        assert (made["requests"], made["recorded"], made["reused"]) == (2, 2, 1)
        contexts = [line["context"] for line in speech(server)]
        assert len(contexts) == 2
        ((before,),) = (context["utterances"] for context in contexts if context is not None)
        assert before["text"] == TEXTS[1]
        assert made["warnings"] == []

        asked_so_far = len(server.log())
        again = told("book", project, "--json").result
        assert (again["requests"], again["reused"], len(server.log())) == (0, 3, asked_so_far)
        assert chapter(project)["c01-u002"]["voice"] == "recording/own"

        assert told("takes", project, "c01-u002", "--choose", "none").code == 0
        back = told("book", project, "--json").result
        assert (back["requests"], back["recorded"]) == (1, 1)
        assert chapter(project)["c01-u002"]["voice"] == "hume/Imani Carter"
        listed = told("takes", project, "c01-u002", "--json").result["takes"]
        assert sorted((take["provider"], take["in_use"]) for take in listed) == [
            ("hume", True),
            (OWN, False),
        ]


def test_a_recording_makes_no_voice(
    tmp_path: Path, said: dict[str, Generation], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first line in a voice that is made from a description is brought in: the next one makes it.

    That takes a request of its own, since it has a direction.
    """
    cast = 'narrator: {voice: hume, description: "an old sailor", direction: "slowly"}\n'
    project = write_octave_book(tmp_path / "book", CHAPTER, cast=cast, settings="version: 1")
    file = written(tmp_path / "mine.wav", said[TEXTS[0]])
    with served(tmp_path / "state", monkeypatch) as server:
        assert told("takes", project, "c01-u001", "--add", file).code == 0
        expected = told("check", project, "--json").result["estimate"]["requests"]

        made = told("book", project, "--json")

        ended(made, 0)
        assert len(speech(server)) == expected == 3
        assert made.result["recorded"] == 2


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.wav", b"", "it is empty"),
        ("notes.txt", b"Say it softly.", "no sound file"),
        ("film.m4a", b"\0\0\0\x20ftypM4A isom", "M4A"),
        ("gone.wav", None, "it cannot be read: No such file"),
    ],
)
def test_what_is_no_recording_is_refused(
    tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    project = book(tmp_path)
    if content is not None:
        (tmp_path / name).write_bytes(content)
    answer = told("takes", project, "c01-u001", "--add", tmp_path / name)

    ended(answer, 2, name, message, "nothing was brought in")
    assert (stored(project), (project / "choices.yaml").exists()) == ([], False)


@pytest.mark.parametrize(
    ("seconds", "level", "message"),
    [
        (2.0, 0.0, "it is silent"),
        (90.0, 0.1, "it is 90 s long, and c01-u001 takes about 3 s: cut it to its line"),
        (0.1, 0.1, "it is 0.10 s long, and c01-u001 takes about 3 s: it cannot be all of its line"),
        (0.0, 0.0, "no sound in it"),
    ],
)
def test_what_cannot_be_the_line_is_refused(
    tmp_path: Path, seconds: float, level: float, message: str
) -> None:
    project = book(tmp_path)
    file = written(tmp_path / "mine.wav", level * np.sin(np.arange(round(8000 * seconds))), 8000)
    answer = told("takes", project, "c01-u001", "--add", file)

    ended(answer, 2, message)
    assert stored(project) == []


def test_of_several_all_are_brought_in_or_none(tmp_path: Path, said: dict[str, Generation]) -> None:
    """One message names everything that does not fit."""
    project, folder = book(tmp_path), tmp_path / "mine"
    written(folder / "c01-u001.wav", said[TEXTS[0]])
    written(folder / "c01-u002.wav", said[TEXTS[1]])
    written(folder / "c01-u002.flac", said[TEXTS[1]])
    written(folder / "c01-u099.wav", said[TEXTS[1]])
    (folder / "c01-u003.wav").mkdir()
    (folder / "notes.txt").write_text("softly")
    answer = told("takes", project, "--add", folder)

    ended(
        answer,
        2,
        "c01-u002.wav: c01-u002.flac is for c01-u002 as well",
        "c01-u099.wav: no line 'c01-u099'; chapter 1 has c01-u001 to c01-u003",
        "c01-u003.wav: it is a folder",
        "notes.txt: no line 'notes'",
        "nothing was brought in",
    )
    assert "c01-u001.wav" not in answer.err
    assert (stored(project), (project / "choices.yaml").exists()) == ([], False)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "which line?"),
        (("c01-u001", "--add", "{folder}"), "is a folder, and c01-u001 is one line"),
        (("--add", "{folder}"), "is empty"),
        (("c01-u001", "--choose", "1", "--add", "{folder}"), "leave --choose out"),
        (("--add", "/dev/null"), "no line 'null'"),
        (("c01-u001", "--add", "/dev/null"), "it is no file"),
    ],
)
def test_orders_that_make_no_sense_are_explained(
    tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    project, folder = book(tmp_path), tmp_path / "none"
    folder.mkdir()

    ended(told("takes", project, *(each.format(folder=folder) for each in arguments)), 2, message)


def test_doubts_are_told_and_the_recording_is_used_all_the_same(
    tmp_path: Path, said: dict[str, Generation]
) -> None:
    project = book(tmp_path)
    short = written(tmp_path / "short.wav", without(said[TEXTS[0]], 3, 5))
    long = written(tmp_path / "long.wav", twice(said[TEXTS[1]], 3, 5))
    other = written(tmp_path / "other.wav", said[TEXTS[0]])

    found = told("takes", project, "c01-u001", "--add", short, "--json")
    assert "c01-u001: short.wav: 'lit" in found.err
    assert "left out" in found.err
    assert "it is used all the same" in found.err
    (added,) = found.result["added"]
    assert [each["kind"] for each in added["doubts"]] == ["missing"]
    assert "said twice" in told("takes", project, "c01-u002", "--add", long).err
    assert (
        "c01-u003: other.wav: it is not what the line says"
        in told("takes", project, "c01-u003", "--add", other).err
    )

    listed = [told("takes", project, name) for name in IDS]
    assert all("*  1" in each.out and "brought in" in each.out for each in listed)
    assert "doubtful: 'lit" in listed[0].out
    assert "said twice at" in listed[1].out
    assert "doubtful: not what the line says" in listed[2].out
    (take,) = told("takes", project, "c01-u001", "--json").result["takes"]
    assert take["holds"] is True
    (doubt,) = take["doubts"]
    assert doubt["words"].startswith("lit")
    assert 0 < doubt["start_ms"] <= doubt["end_ms"] <= take["milliseconds"]
    assert told("book", project, "--json").result["warnings"] == []  # somebody chose them


def test_a_recording_at_another_level_is_told(tmp_path: Path, said: dict[str, Generation]) -> None:
    project, mine = book(tmp_path), said[TEXTS[0]]
    assert told("book", project).code == 0
    quiet = written(tmp_path / "quiet.wav", mine.pcm / 32768 * 0.05)
    plain = written(tmp_path / "plain.wav", mine)

    assert "dB quieter than the other lines" in told("takes", project, "c01-u001", "--add", quiet).err
    assert "dB" not in told("takes", project, "c01-u001", "--add", plain).err


def test_the_ledger_and_the_store_agree_and_a_new_ledger_knows_no_recording(
    tmp_path: Path, said: dict[str, Generation]
) -> None:
    project = write_paid_book(tmp_path / "book", CHAPTER, cast="narrator: hume/Ava Song\n")
    buy(project)
    before = told("ledger", project, "--json").result
    file = written(tmp_path / "mine.wav", said[TEXTS[1]])
    assert told("takes", project, "c01-u002", "--add", file).code == 0

    after = told("ledger", project, "--json").result
    for name in ("totals", "services", "chapters", "roles", "days"):
        assert after[name] == before[name]
    assert (after["warnings"], after["errors"], after["exit_code"]) == ([], [], 0)
    assert after["stock"] | {"takes": 3, "unused": []} == before["stock"] | {"unused": []}
    assert after["stock"]["takes"] == 4
    assert after["stock"]["unused"] == [{"amount": 0.01, "currency": "USD"}]

    for file in (project / "takes").glob("ledger.sqlite*"):
        file.unlink()
    rebuilt = told("ledger", project, "--json").result
    assert rebuilt["totals"] == before["totals"]
    assert [each["provider"] for each in rebuilt["services"]] == ["hume"]
    assert rebuilt["stock"]["adopted"] == 0


def test_no_recording_is_pruned_unless_it_is_asked_for_by_name(
    tmp_path: Path, said: dict[str, Generation]
) -> None:
    project, file = book(tmp_path), written(tmp_path / "mine.wav", said[TEXTS[0]])
    assert told("takes", project, "c01-u001", "--add", file).code == 0
    ended(told("prune", project, "--yes", "--paid", "--recordings"), 0, "nothing to remove")
    assert told("takes", project, "c01-u001", "--choose", "none").code == 0
    before = left(project, "takes")

    kept = told("prune", project, "--yes", "--paid", "--json")
    ended(kept, 0, "1 recording, ", "brought in and without use; removed with --recordings only")
    assert (kept.result["takes"], [each["voice"] for each in kept.result["own"]]) == ([], ["recording/own"])
    assert left(project, "takes") == before
    shown = told("prune", project, "--recordings")
    ended(shown, 0, "add --yes to remove them")
    assert left(project, "takes") == before

    ended(told("prune", project, "--yes", "--recordings"), 0, "removed 1 take")
    assert own(project) == []
    assert told("ledger", project).code == 0


@pytest.mark.parametrize("harm", ["sidecar", "audio", "no sidecar"])
def test_what_may_be_somebodys_recording_is_not_pruned_either(
    tmp_path: Path, said: dict[str, Generation], harm: str
) -> None:
    """Damaged as it is, it may be mended."""
    project, file = book(tmp_path), written(tmp_path / "mine.wav", said[TEXTS[0]])
    assert told("takes", project, "c01-u001", "--add", file).code == 0
    assert told("takes", project, "c01-u001", "--choose", "none").code == 0
    (take,) = own(project)
    audio = TakeStore(project / "takes").path(take.key, take.id)
    if harm == "audio":
        audio.write_bytes(audio.read_bytes()[:-1])
    elif harm == "sidecar":
        audio.with_suffix(".json").write_text("{}")
    else:
        audio.with_suffix(".json").unlink()
    before = left(project, "takes")

    ended(told("prune", project, "--yes", "--paid"), 0, "1 recording, ")
    assert left(project, "takes") == before
    ended(told("prune", project, "--yes", "--recordings", "--paid"), 0, "removed 1 take")
    assert not audio.exists()


def test_machines_that_share_the_files_share_the_takes(tmp_path: Path, said: dict[str, Generation]) -> None:
    """The takes merge by copying, and where there are none, the same files make the same takes again."""
    project, file = book(tmp_path), written(tmp_path / "c01-u002.wav", said[TEXTS[1]])
    assert told("book", project).code == 0
    shutil.copytree(project, tmp_path / "shard")
    assert told("takes", tmp_path / "shard", "--add", file).code == 0
    choices = (tmp_path / "shard" / "choices.yaml").read_bytes()
    wanted = outputs(tmp_path / "shard")["build/chapters/01-one.json"]

    (project / "choices.yaml").write_bytes(choices)
    clone = shutil.copytree(project, tmp_path / "clone", ignore=shutil.ignore_patterns("takes", "build"))
    shutil.copytree(tmp_path / "shard" / "takes", project / "takes", dirs_exist_ok=True)
    assert told("book", project).code == 0
    assert told("takes", clone, "--add", file).code == 0
    assert told("book", clone).code == 0

    for made in (project, clone):
        assert outputs(made)["build/chapters/01-one.json"] == wanted
        assert (made / "choices.yaml").read_bytes() == choices


def test_another_voice_leaves_the_recording_to_be_chosen_again(
    tmp_path: Path, said: dict[str, Generation]
) -> None:
    """The words are the same, so it is listed; the choice was for another request, so it rests."""
    project, file = book(tmp_path), written(tmp_path / "mine.wav", said[TEXTS[0]])
    assert told("takes", project, "c01-u001", "--add", file).code == 0
    (project / "cast.yaml").write_text("narrator: espeak/en-us+f3\n")
    (listed,) = told("takes", project, "c01-u001", "--json").result["takes"]

    assert (listed["provider"], listed["in_use"]) == (OWN, False)
    assert told("takes", project, "c01-u001", "--choose", listed["id"][:6]).code == 0
    assert told("takes", project, "c01-u001", "--json").result["takes"][0]["in_use"]


def test_a_ripple_goes_on_from_a_recording(tmp_path: Path, said: dict[str, Generation]) -> None:
    """Lines after it follow it, and only a pickup of that very line takes its place; it is kept."""
    project = write_project(
        tmp_path / "book", CHAPTER, book=QUICK.replace(", vtt", ""), cast="narrator: tones/low\n"
    )
    tones, file = Tones(), written(tmp_path / "mine.wav", said[TEXTS[1]])
    produced(project, tones)
    with at_work(project, tones, embedded=True) as session:
        (added,) = add_recordings_in(session, [("c01-u002", file)]).added
    assert tones.requests == 3
    assert lines_of(project, tones)["c01-u003"].take is not None

    with at_work(project, tones, embedded=True) as session:
        pick_up_in(session, Wanted(ids=("c01-u001",), ripple=2))
    assert sorted(tones.asked[3:], key=str) == [(TEXTS[0], None), (TEXTS[2], added.take)]
    with at_work(project, tones, embedded=True) as session:
        record_again_in(session, [1])
    assert sorted(tones.asked[5:], key=str) == [(TEXTS[0], None), (TEXTS[2], added.take)]
    assert lines_of(project, tones)["c01-u002"].take == own(project)[0]

    with at_work(project, tones, embedded=True) as session:
        result = pick_up_in(session, Wanted(ids=("c01-u002",), ripple=1))
    new = lines_of(project, tones)
    assert result.pickups[0].before == added.take
    assert tones.asked[-1] == (TEXTS[2], new["c01-u002"].take.id if new["c01-u002"].take else None)
    assert added.take in {take.id for take in own(project)}


class Stopping(Silent):
    """Somebody presses Ctrl-C when the first recording is kept."""

    def recorded(self, *, chapter: str, utterance_id: str, text: str, milliseconds: int, lines: int) -> None:
        raise KeyboardInterrupt


def test_what_is_interrupted_is_in_use_nowhere_and_goes_on(
    tmp_path: Path, said: dict[str, Generation]
) -> None:
    project = write_project(tmp_path, CHAPTER, book=QUICK, cast="narrator: tones/low\n")
    files = [
        (name, written(tmp_path / "mine" / f"{name}.wav", said[text]))
        for name, text in zip(IDS, TEXTS, strict=True)
    ]
    with (
        at_work(project, Tones(), embedded=True) as session,
        pytest.raises(Interrupted, match="no recording is in use yet"),
    ):
        add_recordings_in(session._replace(progress=Stopping()), files)
    assert not (project / "choices.yaml").exists()
    kept = {take.id for take in own(project)}
    assert kept

    with at_work(project, Tones(), embedded=True) as session:
        added = add_recordings_in(session, files).added
    assert kept <= {each.take for each in added} == {take.id for take in own(project)}


def test_a_recording_does_not_speak_for_a_service(tmp_path: Path, said: dict[str, Generation]) -> None:
    """What its voice cannot do is told of the other lines only."""
    project = write_project(tmp_path, CHAPTER, book=f"{QUICK}speed: 2.0\n", cast="narrator: tones/low\n")
    tones, file = Tones(), written(tmp_path / "mine" / "mine.wav", said[TEXTS[0]])
    with at_work(project, tones, embedded=True) as session:
        add_recordings_in(session, [("c01-u001", file)])
    with at_work(project, tones, embedded=True) as session:
        prepared = session.prepare()

    (notice,) = prepared.plan.notices
    second = lines_of(project, tones)["c01-u002"].utterance
    assert ("cannot speak at speed 2" in notice.message, notice.line) == (True, second.line)


def test_a_recording_does_not_tell_how_fast_a_service_speaks(tmp_path: Path) -> None:
    """However much there is of it: the other lines are estimated as if it were not there."""
    long = ", ".join(["and so they went on"] * 50)
    text = f"# One {{.silent}}\n\nFirst {long}.\n\nThen {long}.\n"
    project = write_project(tmp_path, text, book=QUICK, cast="narrator: tones/low\n")
    with at_work(project, Tones()) as session:
        first, *rest = session.prepare().plan.lines
        slow = Generation(
            pcm=np.full(8000 * 300, 1000, np.int16),
            rate=8000,
            words=(),
            word_source="estimated",
            ids=((OWN, "0" * 64),),
        )
        take = session.store.put(
            first.request.as_own(), slow, took_ms=0, recorded_at="2026-11-20T10:00:00Z", durable=False
        )
        alone = estimate(rest, session.providers).seconds
        both = estimate([first._replace(take=take), *rest], session.providers)

    assert both.seconds == pytest.approx(300 + alone)
    assert both.requests == len(rest)
    assert len(first.request.spoken.text) >= TELLING
