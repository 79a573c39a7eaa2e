"""Books that nobody expects and that are all right: they are made, or it is said what to do."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import soundfile

from tests.commands import CAST, QUICK, Told, ended, outputs, told
from tests.exports.test_cuesheet import read as read_cue
from tests.studio import write_project

NO_PAUSES = "pauses: {sentence: 0, speaker: 0, paragraph: 0, scene: 0, chapter_head: 0, chapter_tail: 0}\n"
ACX = "credits: false\n"
TEXT_ONLY = f"{QUICK}formats: [cue, json]\n"


def made(folder: Path, *chapters: str, book: str = QUICK, cast: str = CAST) -> Told:
    """Write a project and make the book."""
    return told("book", write_project(folder, *chapters, book=book, cast=cast), "--json")


@pytest.mark.parametrize("word", ["Hello", "MARA: No!", "[Oh.]{.mara}"])
def test_a_book_of_one_word(tmp_path: Path, word: str) -> None:
    """With the usual pauses around it, and still as loud as shops ask."""
    answer = made(tmp_path, f"{word}\n", book=ACX)

    ended(answer, 0)
    (chapter,) = answer.result["chapters"]
    assert soundfile.info(chapter["mp3"]).duration == pytest.approx(chapter["duration_ms"] / 1000, abs=0.001)


def test_chapters_of_nothing_but_a_title(tmp_path: Path) -> None:
    """A novel's parts: `# Part One`, and then its first chapter."""
    titles = ("Part One", "Prologue", "The End", "I", "Interlude", "Thursday")

    answer = made(tmp_path, "\n\n".join(f"# {title}" for title in titles), book=ACX)

    ended(answer, 0)
    report = json.loads((tmp_path / "build" / "report.json").read_text())
    for chapter in report["chapters"]:
        assert -23 <= chapter["loudness"]["rms_db"] <= -18, chapter["title"]
        assert chapter["loudness"]["peak_db"] <= -3
        assert chapter["loudness"]["floor_db"] <= -60


def test_a_book_without_pauses(tmp_path: Path) -> None:
    """Shops want quiet somewhere; it is said where to put some. Without a profile it is made as it is."""
    text = "# One\n\nHello there. My friend.\n\n***\n\nMARA: Hi.\n"

    loud = made(tmp_path / "acx", text, book=ACX + NO_PAUSES)
    plain = made(tmp_path / "plain", text, book=QUICK + NO_PAUSES)

    ended(loud, 6, "chapter 'One' does not meet acx: noise floor", "(`chapter_head` under `pauses`)")
    assert loud.result["recorded"] == 4
    ended(plain, 0)
    timeline = json.loads(Path(plain.result["chapters"][0]["mp3"]).with_suffix(".json").read_text())
    ends = [utterance["end_sample"] for utterance in timeline["utterances"]]
    assert [utterance["start_sample"] for utterance in timeline["utterances"]] == [0, *ends[:-1]]
    assert timeline["samples"] == ends[-1]


def test_only_script_lines(tmp_path: Path) -> None:
    answer = made(tmp_path, "MARA: Hi.\n\nNARRATOR: Ho.\n\nMARA (whispering): Hm.\n", book=TEXT_ONLY)

    ended(answer, 0)
    timeline = json.loads(next((tmp_path / "build" / "chapters").glob("*.json")).read_text())
    assert [utterance["role"] for utterance in timeline["utterances"]] == ["Mara", "narrator", "Mara"]


def test_only_the_timeline(tmp_path: Path) -> None:
    answer = made(tmp_path, "# One\n\nHi.\n", book=f"{QUICK}formats: [json]\n")

    ended(answer, 0, "made: One")
    assert answer.result["chapters"][0] == {
        "number": 1,
        "title": "One",
        "mp3": None,
        "cue": None,
        "duration_ms": answer.result["chapters"][0]["duration_ms"],
        "unchanged": False,
    }
    assert outputs(tmp_path).keys() == {
        "build/chapters/01-one.json",
        "build/report.html",
        "build/report.json",
    }
    ended(told("book", tmp_path), 0, "nothing to do: 1 chapter")


def test_a_format_that_is_not_asked_for_any_more(tmp_path: Path) -> None:
    """Its files go, for nobody would keep them up to date; one that was edited is somebody's and stays."""
    made(tmp_path, "# One\n\nHi.\n", book=QUICK)
    chapters = tmp_path / "build" / "chapters"
    (chapters / "01-one.srt").write_text("mine")
    cue = (chapters / "01-one.cue").stat().st_mtime_ns
    (tmp_path / "book.yaml").write_text(f"title: A Book\nauthor: An Author\n{TEXT_ONLY}")

    ended(told("book", tmp_path), 0)

    assert sorted(path.name for path in chapters.iterdir()) == ["01-one.cue", "01-one.json", "01-one.srt"]
    assert (chapters / "01-one.cue").stat().st_mtime_ns == cue
    ended(told("book", tmp_path), 0, "nothing to do")


def test_the_slowest_and_the_fastest(tmp_path: Path) -> None:
    """What the voice cannot do is done as nearly as it can, and said."""
    text = "# One\n\n[Slowly now.]{speed=0.25}\n\n[Slowly now.]{speed=4}\n\n[Slowly now.]{speed=1}\n"

    answer = made(tmp_path, text, book=TEXT_ONLY)

    ended(answer, 0)
    assert answer.result["warnings"] == [
        "manuscript/01.md:3: espeak cannot speak at speed 0.25; it speaks at 0.5",
        "manuscript/01.md:5: espeak cannot speak at speed 4; it speaks at 2.8",
    ]
    timeline = json.loads((tmp_path / "build" / "chapters" / "01-one.json").read_text())
    lengths = [each["end_sample"] - each["start_sample"] for each in timeline["utterances"][1:]]
    assert lengths[0] > 1.5 * lengths[2] > 2 * lengths[1]


def test_speeds_nobody_can_mean(tmp_path: Path) -> None:
    answer = made(tmp_path, "# One\n\n[A]{speed=0}\n\n[B]{speed=400}\n\n[C]{speed=-1}\n", book=TEXT_ONLY)

    ended(answer, 3, *(f"manuscript/01.md:{line}: speed=" for line in (3, 5, 7)), "from 0.25 to 4")


def test_emoji_where_words_should_be(tmp_path: Path) -> None:
    """A line without a word is left out, and counted; a title of emoji is spoken as the voice can."""
    text = "# \U0001f600\n\nHi.\n\n\U0001f44d \U0001f44d\n\nMARA: ❤️\n\nHo.\n"

    answer = made(tmp_path, text, book=QUICK)
    checked = told("check", tmp_path, "--json").result

    ended(answer, 0)
    assert checked["coverage"]["complete"]
    timeline = json.loads(next((tmp_path / "build" / "chapters").glob("*.json")).read_text())
    assert [utterance["text"] for utterance in timeline["utterances"]][-2:] == ["Hi.", "Ho."]
    assert checked["coverage"]["skipped"]["no words"] >= 4


def test_what_the_voice_cannot_read(tmp_path: Path) -> None:
    """It is never left out in silence: refused with its place, and the other chapter is made."""
    circled = "".join(map(chr, range(0x2460, 0x24A0)))
    chapters = (f"# One\n\nFirst this.\n\n{circled}\n", "# Two\n\nHi.\n")

    answer = made(tmp_path, *chapters, book=TEXT_ONLY)

    ended(answer, 4, "error: manuscript/01.md:5: espeak: the engine leaves out '①②③", "give it a `say`")
    assert [chapter["title"] for chapter in answer.result["chapters"]] == ["Two"]
    (tmp_path / "manuscript" / "01.md").write_text(
        chapters[0].replace(circled, f'[{circled}]{{say="one two three"}}')
    )
    again = told("book", tmp_path, "--json")
    ended(again, 0)
    assert again.result["recorded"] == 1


LANGUAGES = {
    "ru": "Привет, мир. Как дела?",
    "hi": "नमस्ते दुनिया। आप कैसे हैं?",
    "ar": "مرحبا بالعالم. كيف حالك؟",
    "ja": "こんにちは。おげんきですか。",
    "zh": "你好，世界。你好吗？",
    "ka": "გამარჯობა. როგორ ხარ?",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_of_another_script(tmp_path: Path, language: str) -> None:
    """Read by its own voice, sentence by sentence, every word with its time."""
    text = LANGUAGES[language]

    answer = made(tmp_path, f"# {text}\n\n{text}\n", book=f"{QUICK}language: {language}\n", cast="")

    ended(answer, 0)
    timeline = json.loads(next((tmp_path / "build" / "chapters").glob("*.json")).read_text())
    said = [utterance for utterance in timeline["utterances"] if not utterance["heading"]]
    assert len(said) == 2
    assert re.sub(r"\s", "", "".join(utterance["text"] for utterance in said)) == re.sub(r"\s", "", text)
    assert all(re.search(rf"/({language}|cmn)\b", utterance["voice"]) for utterance in said)
    for utterance in said:
        assert [word["text"] for word in utterance["words"]] == utterance["text"].split()


def test_a_language_without_a_voice(tmp_path: Path) -> None:
    """Klingon: the narrator must be given a voice; who has one reads it, and there is no rehearsal."""
    folder = write_project(tmp_path, "# One\n\nnuqneH.\n", book=f"{TEXT_ONLY}language: tlh\n", cast="")

    ended(told("book", folder), 3, "book.yaml: espeak has no voice for 'tlh'", "or correct `language`")
    ended(told("book", folder, "--rehearse"), 3, "book.yaml: espeak has no voice for 'tlh'")
    (folder / "cast.yaml").write_text("narrator: {direction: calm}\n")
    ended(told("book", folder), 3, "cast.yaml:1: espeak has no voice for 'tlh', the book's language")
    (folder / "cast.yaml").write_text("narrator: espeak/fi\n")
    ended(told("book", folder), 0)


def test_a_hundred_and_twenty_chapters(tmp_path: Path) -> None:
    """Their files sort in the order of the book, whoever sorts; fewer chapters get shorter names."""
    chapters = [f"# Part\n\nWords {number % 5}.\n" for number in range(120)]

    answer = made(tmp_path, *chapters, book="loudness: none\nformats: [cue]\n")

    ended(answer, 0)
    names = [Path(chapter["cue"]).name for chapter in answer.result["chapters"]]
    assert names == sorted(names)
    assert (names[0], names[1], names[-1]) == (
        "000-opening-credits.cue",
        "001-part.cue",
        "121-closing-credits.cue",
    )
    for number in range(50, 121):
        (tmp_path / "manuscript" / f"{number:02d}.md").unlink()
    ended(told("book", tmp_path), 0)
    assert (tmp_path / "build" / "chapters" / "01-part.cue").exists()
    assert len(list((tmp_path / "build" / "chapters").iterdir())) == 51


def test_three_thousand_utterances_in_a_chapter(tmp_path: Path) -> None:
    """A cue sheet has 99 tracks at most: every scene begins one, and together they last to the end."""
    paragraphs = (" ".join(f"Line {(number * 3 + line) % 7}." for line in range(10)) for number in range(300))
    text = "# One\n\n" + "\n\n".join(
        f"{paragraph}\n\n***" if number % 30 == 29 else paragraph
        for number, paragraph in enumerate(paragraphs)
    )

    answer = made(tmp_path, text, book=TEXT_ONLY)

    ended(answer, 0)
    assert answer.result["recorded"] + answer.result["reused"] == 3001
    timeline = json.loads((tmp_path / "build" / "chapters" / "01-one.json").read_text())
    tracks = read_cue((tmp_path / "build" / "chapters" / "01-one.cue").read_text()).tracks
    assert 80 < len(tracks) <= 99
    starts = {round(scene["start_sample"] * 75 / timeline["rate"]) for scene in timeline["scenes"][1:]}
    assert len(starts) == 9
    assert all(any(abs(track.frame - start) <= 75 for track in tracks) for start in starts)
