"""The report: figures that add up, and a page that shows untrusted text and runs nothing but its own."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
import time
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given, settings

from narrator.errors import OutputError
from narrator.manuscript import Notice
from narrator.reporting import (
    ChapterReport,
    CoverageFigures,
    Loudness,
    Report,
    StandIn,
    Unmade,
    write_report,
)
from narrator.results import Spent
from narrator.store import TakeStore
from narrator.takes import Alignment, Doubt
from narrator.timeline import Timeline, milliseconds
from narrator.typesetting import DoubtedLine
from tests.commands import CAST, QUICK, told
from tests.exports.timelines import AWKWARD, BOOK, RATE, Said, chapter, timelines
from tests.studio import write_project

VOID = frozenset({"meta", "img", "input", "br", "hr", "link"})
EVIL = "</script><img src=x onerror=alert(1)><style>*{}</style>\" onclick='x' javascript:alert(1)"


class Page(HTMLParser):
    """A page taken apart: every tag with its attributes, and the text inside each element."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.depth: list[tuple[str, int]] = []
        self.feed(html)
        self.close()
        assert not self.depth, f"left open: {self.depth}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"{tag} has an attribute twice"
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        self.texts.append("")
        if tag not in VOID:
            self.depth.append((tag, len(self.tags) - 1))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        opened, _ = self.depth.pop()
        assert opened == tag, f"<{opened}> closed by </{tag}>"

    def handle_data(self, data: str) -> None:
        for _, index in self.depth:
            self.texts[index] += data

    def attributes(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]

    def text(self, tag: str, **wanted: str) -> list[str]:
        return [
            text
            for (name, attributes), text in zip(self.tags, self.texts, strict=True)
            if name == tag and wanted.items() <= attributes.items()
        ]

    def spoken(self) -> dict[str, tuple[int, str]]:
        """Start in ms and text of every line that can be clicked, by utterance id."""
        return {
            attributes["id"]: (int(attributes["data-t"]), text)
            for (tag, attributes), text in zip(self.tags, self.texts, strict=True)
            if tag == "a" and {"id", "data-t"} <= attributes.keys()
        }


def chapter_report(timeline: Timeline, **changes: Any) -> ChapterReport:
    stem = f"{timeline.number:02d}-the-lamp"
    report = ChapterReport(
        timeline=timeline.outline,
        files=tuple((name, f"chapters/{stem}.{name}") for name in ("mp3", "cue", "vtt", "json")),
        loudness=Loudness(profile="acx", rms_db=-20.53, peak_db=-3.41, floor_db=-74.96),
        peaks=tuple(range(256)) * 4,
    )
    return report.model_copy(update=changes)


def report(*chapters: ChapterReport, **changes: Any) -> Report:
    coverage = CoverageFigures(
        characters=1_250, spoken=1_000, markup=200, skipped=(("comment", 30), ("code", 20)), complete=True
    )
    return Report(book=BOOK, chapters=chapters, coverage=coverage).model_copy(update=changes)


SMALL = chapter(
    [
        Said("The lamp went out.", samples=2 * RATE),
        Said("“Don't move,”", role="Mara"),
        Said("she said. — So he did not.", samples=2 * RATE, word_times=False),
        Said("Morning.", scene=1, paragraph=1),
    ]
)


def write(tmp_path: Path, made: Report) -> tuple[str, Page]:
    write_report(made, tmp_path)
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    return html, Page(html)


def test_report_json_says_what_was_made_checked_and_spent(tmp_path: Path) -> None:
    made = report(
        chapter_report(SMALL, spent=(Spent(amount=0.1, currency="USD"),), unattributed=2),
        chapter_report(
            chapter([Said("The end.")], number=2, title="After"),
            spent=(Spent(amount=0.2, currency="USD"), Spent(amount=3, currency="EUR")),
            checks=("decoded to the very length of its timeline",),
        ),
        notices=(Notice(message="no cover", file="book.yaml", line=3),),
        unmade=(Unmade(number=3, title="Storm", reason="2 lines have no take"),),
    )

    write_report(made, tmp_path)

    facts = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert facts["version"] == 1
    assert facts["book"]["title"] == "The Keeper's Light"
    assert facts["totals"] == {
        "chapters": 2,
        "duration_ms": SMALL.duration_ms + 1750,
        "scenes": 3,
        "utterances": 5,
        "words": 15,
        "takes": 5,
        "unattributed": 2,
        "word_sources": {"engine": 4, "estimated": 1},
        "roles": [
            {
                "role": "narrator",
                "voices": ["espeak/narrator"],
                "utterances": 4,
                "words": 13,
                "duration_ms": 6000,
            },
            {"role": "Mara", "voices": ["espeak/Mara"], "utterances": 1, "words": 2, "duration_ms": 1000},
        ],
        "spent": [{"amount": 3.0, "currency": "EUR"}, {"amount": 0.3, "currency": "USD"}],
    }
    assert facts["coverage"] == {
        "characters": 1250,
        "spoken": 1000,
        "markup": 200,
        "skipped": {"code": 20, "comment": 30},
        "complete": True,
    }
    assert facts["notices"] == [{"message": "no cover", "file": "book.yaml", "line": 3, "utterance": None}]
    assert facts["stand_ins"] == []
    assert facts["unmade"] == [{"number": 3, "title": "Storm", "reason": "2 lines have no take"}]
    first, second = facts["chapters"]
    assert (first["number"], first["title"], first["unattributed"]) == (1, "The Lamp", 2)
    assert first["doubts"] == []
    assert first["files"]["mp3"] == "chapters/01-the-lamp.mp3"
    assert first["loudness"] == {"profile": "acx", "rms_db": -20.53, "peak_db": -3.41, "floor_db": -74.96}
    assert second["checks"] == ["decoded to the very length of its timeline"]


def test_the_same_book_gives_the_same_bytes(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        write_report(report(chapter_report(SMALL)), tmp_path / folder)

    for name in ("report.json", "report.html"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_digital_silence_is_no_number_in_json(tmp_path: Path) -> None:
    """A chapter without room tone has a floor of minus infinity, which JSON cannot say."""
    quiet = Loudness(profile="none", rms_db=-20.5, peak_db=math.nan, floor_db=-math.inf)

    write_report(report(chapter_report(SMALL, loudness=quiet)), tmp_path)

    facts = json.loads((tmp_path / "report.json").read_text(), parse_constant=pytest.fail)

    assert facts["chapters"][0]["loudness"] == {
        "profile": "none",
        "rms_db": -20.5,
        "peak_db": None,
        "floor_db": None,
    }


def test_every_line_of_the_page_plays_from_its_start(tmp_path: Path) -> None:
    _, page = write(tmp_path, report(chapter_report(SMALL)))

    assert page.spoken() == {
        placement.utterance_id: (milliseconds(placement.start_sample, RATE), placement.text)
        for placement in SMALL.placements
    }
    assert page.attributes("audio") == [
        {"controls": "", "preload": "none", "src": "chapters/01-the-lamp.mp3"}
    ]
    hrefs = [attributes["href"] for attributes in page.attributes("a")]
    assert {"chapters/01-the-lamp.cue", "chapters/01-the-lamp.vtt", "chapters/01-the-lamp.json"} <= {*hrefs}
    ids = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
    assert {href[1:] for href in hrefs if href.startswith("#")} <= ids


def test_ids_are_unique(tmp_path: Path) -> None:
    made = [chapter_report(chapter([Said("Hi.")] * 3, number=number)) for number in (0, 1, 2)]

    _, page = write(tmp_path, report(*made))

    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_a_role_is_named_where_it_begins_to_speak(tmp_path: Path) -> None:
    said = [
        Said("Now,", role="Mara"),
        Said("she said,", role="narrator"),
        Said("go.", role="Mara"),
        Said("Yes.", role="Boy"),
        Said("Oh.", role="Mara", paragraph=1),
    ]

    _, page = write(tmp_path, report(chapter_report(chapter(said))))

    paragraphs = [" ".join(text.split()) for text in page.text("p", dir="auto")][-2:]
    assert paragraphs == ["Mara Now, she said, go. Boy Yes.", "Mara Oh."]


def test_a_doubt_is_told_at_its_line_and_plays_from_its_place(tmp_path: Path) -> None:
    """And the notice of it leads there; its times are the chapter's."""
    line = SMALL.placements[2]
    start_ms = milliseconds(line.start_sample, RATE)
    doubt = DoubtedLine(
        line.utterance_id, line.take_id, "missing", "left out", "So he", start_ms + 1234, start_ms + 1700
    )
    whole = SMALL.placements[3]
    whole_ms = milliseconds(whole.start_sample, RATE)
    other = DoubtedLine(
        whole.utterance_id, whole.take_id, "all", "not what the line says", whole.text, whole_ms, whole_ms + 9
    )
    made = report(
        chapter_report(SMALL, doubts=(doubt, other)),
        notices=(
            Notice(message="'So he' seems to be left out", file="01.md", line=4, utterance="c01-u003"),
            Notice(message="the whole line", file="01.md", line=9, utterance="c01-u004"),
            Notice(message="of a chapter that is not made", file="02.md", line=1, utterance="c02-u001"),
        ),
    )

    _, page = write(tmp_path, made)

    led = [each["href"] for each in page.attributes("a") if "data-t" not in each]
    assert [href for href in led if href.startswith("#c0")] == ["#c01-u003", "#c01-u004"]
    assert page.attributes("small") == [{"class": "doubt", "lang": "en"}] * 2
    assert [" ".join(text.split()) for text in page.text("small")] == [
        "c01-u003: So he left out? 1.2 s into the line, 0:05.2 into the chapter",
        "c01-u004: not what the line says? 0:06.3 into the chapter",
    ]
    marks = [each for each in page.attributes("a") if "data-t" in each and "id" not in each]
    assert [(each["href"], int(each["data-t"])) for each in marks] == [
        ("#c01-u003", start_ms + 734),
        ("#c01-u004", whole_ms),  # not what is before the line
    ]
    assert page.text("a", **{"class": "doubted"}) == [line.text, whole.text]
    assert "2 lines may not be what they say" in page.text("li", **{"class": "note"})
    facts = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert facts["chapters"][0]["doubts"][0] == {
        "utterance_id": "c01-u003",
        "take_id": line.take_id,
        "kind": "missing",
        "what": "left out",
        "words": "So he",
        "start_ms": start_ms + 1234,
        "end_ms": start_ms + 1700,
    }


def test_roles_that_speak_with_stand_ins_are_marked_in_the_cast(tmp_path: Path) -> None:
    stand_in = StandIn(
        role="Mara",
        voice="espeak/Mara",
        instead_of="playht/Mara",
        service="its service did not answer; PlayHT closed at the end of 2025",
        ends="2025-12-31",
    )

    _, page = write(tmp_path, report(chapter_report(SMALL), stand_ins=(stand_in,)))

    mara = [text for text in page.text("li") if "Mara" in text]
    assert [" ".join(text.split()) for text in mara] == [
        "Mara 0:01 espeak/Mara 1 line Stand-in for playht/Mara: its service did not answer; PlayHT closed at"
        " the end of 2025"
    ]
    facts = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert facts["stand_ins"][0]["ends"] == "2025-12-31"


def test_a_take_in_doubt_is_found_on_the_page_of_its_book(tmp_path: Path) -> None:
    """By the words that are in doubt, at their place on the chapter's clock; not once somebody chose it."""
    text, book = "# One\n\nThe lamp had burned for forty years.\n", QUICK + "formats: [json]\n"
    folder = write_project(tmp_path / "book", text, book=book, cast=CAST)
    assert told("book", folder, "--json").code == 0
    (take,) = (take for take in TakeStore(folder / "takes").every() if len(take.words) == 7)
    doubt = Doubt(kind="otherwise", first=1, last=2, start_sample=take.words[1].start_sample, end_sample=9000)
    found = Alignment(by="rendition", version=1, holds=True, confidences=(99,) * 7, doubts=(doubt,))
    TakeStore(folder / "takes").amend(take, words=take.words, word_source="aligned", alignment=found)

    write_project(folder, f"{text}\nNobody asked.\n", book=book, cast=CAST)

    warned = told("book", folder, "--json")

    page = Page((folder / "build" / "report.html").read_text(encoding="utf-8"))
    (mark,) = page.text("small", **{"class": "doubt"})
    assert "c01-u002: lamp had something else?" in mark
    assert {"href": "#c01-u002"} in page.attributes("a")
    assert any("'lamp had' seems to be something else" in warning for warning in warned.result["warnings"])
    timeline = json.loads((folder / "build" / "chapters" / "01-one.json").read_text(encoding="utf-8"))
    facts = json.loads((folder / "build" / "report.json").read_text(encoding="utf-8"))
    (told_of,) = facts["chapters"][0]["doubts"]
    word = timeline["utterances"][1]["words"][1]
    assert told_of["start_ms"] == pytest.approx(word["start_sample"] / timeline["rate"] * 1000, abs=1)

    assert told("takes", folder, "c01-u002", "--choose", take.id).code == 0
    told("book", folder)
    assert '<small class="doubt"' not in (folder / "build" / "report.html").read_text(encoding="utf-8")


def test_what_is_said_of_a_place_in_the_manuscript_leads_to_its_line(tmp_path: Path) -> None:
    """To the line there, or to the one before where none begins there."""
    text = "# One\n\nThe lamp was lit.\n\nIt was late [^a], very\nlate.\n\n[b]: nowhere.md\n\nGone.\n"
    folder = write_project(tmp_path / "book", text, book=QUICK + "formats: [json]\n", cast=CAST)

    assert told("book", folder).code == 0

    facts = json.loads((folder / "build" / "report.json").read_text(encoding="utf-8"))
    assert {notice["line"]: notice["utterance"] for notice in facts["notices"]} == {
        5: "c01-u003",
        8: "c01-u003",
    }
    page = Page((folder / "build" / "report.html").read_text(encoding="utf-8"))
    assert page.text("a", href="#c01-u003")[0] == "Go to c01-u003"


def test_untrusted_text_stays_text(tmp_path: Path) -> None:
    """The book's facts, roles, voices, text, notices, reasons and paths may hold anything."""
    timeline = chapter([Said(EVIL, role=EVIL), Said("Fine.")], title=EVIL)
    timeline = timeline.model_copy(
        update={"scenes": tuple(scene.model_copy(update={"title": EVIL}) for scene in timeline.scenes)}
    )
    made = report(
        chapter_report(
            timeline,
            files=(("mp3", f"chapters/{EVIL}.mp3"), ("cue", "javascript:alert(1)")),
            checks=(EVIL,),
            unattributed=1,
            spent=(Spent(amount=1, currency=EVIL),),
            loudness=Loudness(profile=EVIL, rms_db=-20),
            doubts=(DoubtedLine("c01-u002", EVIL, "otherwise", "something else", EVIL, 0, 1),),
        ),
        book=BOOK.model_copy(
            update=dict.fromkeys(
                ("title", "subtitle", "author", "narrator", "publisher", "series", "isbn", "language"), EVIL
            )
        ),
        notices=(Notice(message=EVIL, file=EVIL),),
        unmade=(Unmade(number=9, title=EVIL, reason=EVIL),),
        stand_ins=(StandIn(role=EVIL, voice=EVIL, instead_of=EVIL, service=EVIL),),
        coverage=CoverageFigures(characters=5, spoken=1, markup=1, skipped=((EVIL, 3),), complete=False),
        cover=f"../{EVIL}",
    )

    html, page = write(tmp_path, made)

    assert len(page.attributes("script")) == len(page.attributes("style")) == 1
    assert len(page.attributes("img")) == 1
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert not [attributes for _, attributes in page.tags if "style" in attributes]
    assert page.spoken()["c01-u001"][1] == EVIL
    for attributes in [attributes for _, attributes in page.tags]:
        for name in ("href", "src"):
            assert not re.match(r"[a-z]+:|//", attributes.get(name, "")), attributes
    assert unquote(page.attributes("audio")[0]["src"]) == f"chapters/{EVIL}.mp3"
    assert "onerror=alert(1)>" not in html


def test_the_policy_allows_this_style_and_this_script_and_no_network(tmp_path: Path) -> None:
    html, page = write(tmp_path, report(chapter_report(SMALL)))

    policy = next(
        meta["content"]
        for meta in page.attributes("meta")
        if meta.get("http-equiv") == "Content-Security-Policy"
    )
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == rules["media-src"] == "'self' file:"
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        inside = re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        assert len(inside) == 1
        digest = base64.b64encode(hashlib.sha256(inside[0].encode()).digest()).decode()
        assert rules[f"{tag}-src"] == f"'sha256-{digest}'"
    assert not re.search(r"https?://|@import|url\(", html)


def test_what_is_missing_comes_first(tmp_path: Path) -> None:
    made = report(
        chapter_report(SMALL, unattributed=3),
        notices=(Notice(message="the voice will guess at Siobhan", file="01.md", line=4),),
        unmade=(Unmade(number=2, title="Storm", reason="2 lines have no take"),),
        coverage=CoverageFigures(characters=9, spoken=5, markup=1, complete=False),
    )

    html, page = write(tmp_path, made)

    attention = " ".join(page.text("section", **{"class": "attention"})[0].split())
    assert "2. Storm is not made: 2 lines have no take" in attention
    assert "01.md:4: the voice will guess at Siobhan" in attention
    assert "The narrator reads 3 quotations for want of a speaker: The Lamp (3)." in attention
    assert page.text("li", **{"class": "bad"})[:2] == [
        "Some characters are not accounted for",
        "1 chapter is not made",
    ]
    assert html.index("Needs attention") < html.index("<audio")


def test_a_clean_book_says_so(tmp_path: Path) -> None:
    _, page = write(tmp_path, report(chapter_report(SMALL)))

    assert page.text("section", **{"class": "attention"}) == []
    assert page.text("li", **{"class": "good"}) == [
        "Every character is accounted for",
        "The one chapter is made",
    ]


def test_a_book_with_nothing_made_is_still_a_page(tmp_path: Path) -> None:
    html, page = write(tmp_path, report(unmade=(Unmade(number=1, title="The Lamp", reason="no takes"),)))

    assert page.attributes("audio") == []
    assert "None is made yet." in html


def test_a_chapter_without_an_mp3_has_no_player(tmp_path: Path) -> None:
    made = chapter_report(SMALL, files=(("cue", "chapters/01.cue"),), loudness=Loudness(profile="none"))

    _, page = write(tmp_path, report(made))

    assert page.attributes("audio") == []
    assert len(page.spoken()) == 4


def test_a_silent_chapter_says_so(tmp_path: Path) -> None:
    html, _ = write(tmp_path, report(chapter_report(chapter([], title="Silence"), peaks=())))

    assert "Nothing is spoken here." in html
    assert 'class="wave"' not in html


@pytest.mark.parametrize(
    ("peaks", "heights"),
    [
        ((0, 255), [2] * 120 + [255] * 120),
        (tuple([7] * 999 + [200]), [7] * 239 + [200]),
        ((300, -5), [255] * 120 + [2] * 120),
    ],
)
def test_the_waveform_spans_the_chapter(tmp_path: Path, peaks: tuple[int, ...], heights: list[int]) -> None:
    """Short or long, the peaks fill the picture; the loudest of each stretch is drawn."""
    _, page = write(tmp_path, report(chapter_report(SMALL, peaks=peaks)))

    path = next(each["d"] for each in page.attributes("path") if each.get("id") == "wave-1")
    bars = re.findall(r"M(\d+\.5) (\d+)v(\d+)", path)
    assert [int(height) for _, _, height in bars] == heights
    assert [float(x) for x, _, _ in bars] == [bar + 0.5 for bar in range(240)]


def test_scenes_are_marked_on_the_waveform(tmp_path: Path) -> None:
    _, page = write(tmp_path, report(chapter_report(SMALL)))

    marks = next(each["d"] for each in page.attributes("path") if each.get("class") == "marks")
    assert marks == f"M{SMALL.scenes[1].start_sample * 240 // SMALL.samples} 0v256"


def test_awkward_text_comes_back(tmp_path: Path) -> None:
    timeline = chapter([Said(text, role=text) for text in AWKWARD])

    _, page = write(tmp_path, report(chapter_report(timeline)))

    # HTML reads a carriage return as a line feed, and has no NUL.
    shown = [text.replace("\ufffd", "\x00") for _, text in page.spoken().values()]
    assert shown == [text.replace("\r\n", "\n") for text in AWKWARD]


@given(timelines())
@settings(max_examples=15, deadline=None)
def test_any_chapter_makes_a_sound_page(tmp_path_factory: pytest.TempPathFactory, timeline: Timeline) -> None:
    _, page = write(tmp_path_factory.mktemp("page"), report(chapter_report(timeline)))

    assert len(page.spoken()) == len(timeline.placements)


def test_a_long_book_is_a_usable_page(tmp_path: Path) -> None:
    """5,000 utterances in 25 chapters: under 3 MB, and under 2 seconds of work."""
    text = "The lamp had burned for forty years before anyone thought to ask who had lit it first."
    said = [Said(text, role=("narrator", "Mara")[n % 2], paragraph=n // 4, scene=n // 50) for n in range(200)]
    made = report(*[chapter_report(chapter(said, number=number)) for number in range(25)])
    started = time.process_time()

    write_report(made, tmp_path)

    assert time.process_time() - started < 2
    assert (tmp_path / "report.html").stat().st_size < 3_000_000
    assert (tmp_path / "report.json").stat().st_size < 200_000


def test_a_folder_that_cannot_be_written_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "build").write_text("a file is in the way")

    with pytest.raises(OutputError, match=r"cannot write .*report\.html"):
        write_report(report(chapter_report(SMALL)), tmp_path / "build")
