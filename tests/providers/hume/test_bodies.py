"""What is sent to Hume: texts, bodies, forms and contexts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrator.errors import RequestRefused
from narrator.lexicon import Lexicon, speak
from narrator.manuscript import Mark
from narrator.providers.hume import bodies
from narrator.providers.hume.bodies import contexts, write
from narrator.providers.hume.settings import Settings
from narrator.takes import Precedent, Request, Spoken
from tests.providers import contract
from tests.providers.hume.asking import request, take

BOOK = Settings()


def spoken(text: str, *marks: Mark) -> Spoken:
    return speak(contract.utterance(text, marks=marks), Lexicon(), provider="hume")


def pause(at: int, milliseconds: int) -> Mark:
    return Mark(kind="pause", start=at, end=at, value=str(milliseconds))


def body(asked: Request, book: Settings = BOOK, **rest: Any) -> dict[str, Any]:
    return bodies.speech(asked, write(asked.spoken), book, voice=asked.voice, **rest)


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("Plain “quoted” text—twice.", "Plain “quoted” text—twice."),
        ("He wrote [sic] here.", "He wrote (sic) here."),
        ("[pause]", "(pause)"),
        ("[long pause] she said", "(long pause) she said"),
        ("one\u00a0two\u2028three\u0085four\tfive", "one two three four five"),
        ("\x01a\x00b\x7f c\ufeff\u00ad\u200bd", "ab cd"),
        ("  \x01 a \x01  b  ", "a b"),
        ("क्\u200dष 👩\u200d🚀", "क्\u200dष 👩\u200d🚀"),
        ("a\ud800b", "ab"),
        ("…", "…"),
        ("\x01\u200b ", ""),
    ],
)
def test_a_text_is_sent_as_it_is_read(text: str, sent: str) -> None:
    """Brackets are no markup, white space is a space, what nobody hears is left out."""
    assert write(Spoken(text=text)).text == sent


@pytest.mark.parametrize(
    ("marks", "sent", "lead_ms", "tail_ms"),
    [
        ([pause(6, 300)], "Never, [pause] never!", 0, 0),
        ([pause(7, 300)], "Never, [pause] never!", 0, 0),
        ([pause(7, 1000)], "Never, [long pause] never!", 0, 0),
        ([pause(7, 600), pause(7, 500)], "Never, [long pause] never!", 0, 0),
        ([pause(0, 300), pause(0, 50)], "Never, never!", 350, 0),
        ([pause(13, 2500)], "Never, never!", 0, 2500),
        ([pause(12, 200)], "Never, never!", 0, 200),
        ([pause(2, 200)], "Ne [pause] ver, never!", 0, 0),
        (
            [Mark(kind="strong", start=0, end=5), Mark(kind="emphasis", start=7, end=12)],
            "Never, never!",
            0,
            0,
        ),
    ],
)
def test_pauses_become_markers_or_silence(marks: list[Mark], sent: str, lead_ms: int, tail_ms: int) -> None:
    written = write(spoken("Never, never!", *marks))

    assert (written.text, written.lead_ms, written.tail_ms) == (sent, lead_ms, tail_ms)


def test_a_pause_at_an_end_needs_nobodys_ear() -> None:
    """Before the first letter and after the last there is only punctuation."""
    written = write(spoken("“Go!”", pause(1, 300), pause(4, 400)))

    assert written == ("“Go!”", ((0, 5),), 300, 400)


@settings(deadline=None, max_examples=60)
@given(
    st.text(
        st.sampled_from("ab1[]  \u2028\x01\u200b\u00ad’“”.—-é漢😀")
        | st.characters(exclude_categories=["Cs"]),
        max_size=40,
    ),
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 3000)), max_size=4),
)
def test_every_word_is_found_where_it_was_put(text: str, pauses: list[tuple[int, int]]) -> None:
    """The stretches of the words that are sent hold the words, in order; nothing heard is lost or added."""
    marks = [pause(min(at, len(text)), ms) for at, ms in pauses]
    asked = spoken(text, *marks)
    written = write(asked)

    assert len(written.words) == len(asked.words)
    for word, (start, end) in zip(asked.words, written.words, strict=True):
        assert letters(written.text[start:end]) == letters(asked.text[word.spoken_start : word.spoken_end])
    assert letters(written.text) == letters(asked.text)
    assert "  " not in written.text
    assert written.text == written.text.strip()


def letters(text: str) -> str:
    """What is heard of a text, with no markers in it."""
    for marker in ("[long pause]", "[pause]"):
        text = text.replace(marker, "")
    return "".join(letter for letter in text if letter.isalnum())


def test_everything_is_said_outright() -> None:
    """Defaults of the service have changed before (contract 17.4)."""
    assert body(request("Don't move.", model="octave-2", speed=0.9)) == {
        "version": "2",
        "utterances": [
            {
                "text": "Don't move.",
                "speed": 0.9,
                "trailing_silence": 0,
                "voice": {"name": "Ava Song", "provider": "HUME_AI"},
            }
        ],
        "format": {"type": "wav"},
        "num_generations": 1,
        "split_utterances": False,
        "strip_headers": True,
        "include_timestamp_types": ["word", "phoneme"],
        "instant_mode": False,
    }


def test_octave_1_acts_and_does_not_time() -> None:
    said = body(request("Don't move.", model="octave-1", direction="whispering"))

    assert said["version"] == "1"
    assert said["utterances"][0]["description"] == "whispering"
    assert "include_timestamp_types" not in said


def test_octave_2_is_never_given_a_direction() -> None:
    """It answers 400 to one (contract 5.4)."""
    said = body(request("Don't move.", model="octave-2", direction="whispering"))

    assert "description" not in said["utterances"][0]


def test_settings_of_the_book_and_of_the_request_are_sent() -> None:
    asked = request("One.", settings=(("format", "mp3"), ("split_utterances", True), ("temperature", 0.4)))
    said = body(asked, Settings(stream=False, generations=4, audio_format="pcm"))

    assert said["format"] == {"type": "mp3"}
    assert said["split_utterances"] is True
    assert said["temperature"] == 0.4
    assert said["num_generations"] == 4
    assert "instant_mode" not in said  # endpoints that answer in one piece do not know it
    assert body(request("One."), Settings(audio_format="pcm"))["format"] == {"type": "pcm"}
    # The book says mp3, the role something else.
    assert body(request("One."), Settings(audio_format="mp3"))["format"] == {"type": "wav"}


def test_a_designed_voice_is_asked_for_by_its_description_alone() -> None:
    """A voice or a context would bring a voice along; the direction is acted once there is a voice."""
    asked = request("Ahoy.", model="octave-1", voice="", description="an old sailor", direction="angry")
    said: dict[str, Any] = bodies.design(asked, write(asked.spoken), Settings(generations=1))

    assert said["utterances"][0]["description"] == "an old sailor"
    assert "voice" not in said["utterances"][0]
    assert "context" not in said
    assert said["instant_mode"] is False


def test_listening_asks_for_one_file() -> None:
    asked = request("Ahoy.", model="octave-2")
    said = bodies.listening(asked, write(asked.spoken), Settings(generations=3), audio_format="mp3")

    assert said["num_generations"] == 1
    assert said["format"] == {"type": "mp3"}
    assert "include_timestamp_types" not in said


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        (request("\x01 \u200b"), "utterances[0].text"),
        (request("a" * 5001), "utterances[0].text"),
        (request("😀" * 2501), "utterances[0].text"),  # as UTF-16 counts
        (request("One.", model="octave-1", direction="d" * 1001), "utterances[0].description"),
        (request("One.", speed=0.49), "utterances[0].speed"),
        (request("One.", speed=2.01), "utterances[0].speed"),
        (request("One.", speed=float("nan")), "utterances[0].speed"),
    ],
)
def test_what_would_be_refused_is_not_sent(asked: Request, field: str) -> None:
    with pytest.raises(RequestRefused, match="hume: ") as caught:
        body(asked)
    assert caught.value.field == field


def test_what_is_just_allowed_is_sent() -> None:
    assert body(request("a" * 5000, speed=2.0))
    assert body(request("One.", model="octave-1", direction="d" * 1000, speed=0.5))


def test_a_form_carries_objects_as_json() -> None:
    """As the official client does; lists in brackets, as documented."""
    asked = request("Go!", model="octave-2", guide="0" * 64)

    form = bodies.conversion(asked, BOOK, voice="custom/Mara", context={"generation_id": "g"})

    assert json.loads(form["voice"]) == {"name": "Mara", "provider": "CUSTOM_VOICE"}
    assert json.loads(form["format"]) == {"type": "wav"}
    assert json.loads(form["context"]) == {"generation_id": "g"}
    assert form["strip_headers"] == "true"
    assert form["include_timestamp_types[0]"] == "word"
    assert form["include_timestamp_types[1]"] == "phoneme"
    without = bodies.conversion(request("Go!", model="octave-1"), BOOK, voice="Ava Song", context=None)
    assert set(without) == {"voice", "format", "strip_headers"}


@pytest.mark.parametrize(
    ("recording", "kind"),
    [
        (b"RIFF\x00\x00\x00\x00WAVE", "audio/wav"),
        (b"ID3\x04", "audio/mpeg"),
        (b"\xff\xfb\x90\x00", "audio/mpeg"),
        (b"OggS", "audio/ogg"),
        (b"\x00\x00\x00\x20ftypM4A ", "audio/mp4"),
    ],
)
def test_a_guide_is_named_after_what_it_is(recording: bytes, kind: str) -> None:
    assert bodies.guide_file(recording)[2] == kind


@pytest.mark.parametrize("recording", [b"", b"fLaC", b"\xff", b"<html>"])
def test_a_guide_of_another_format_is_refused(recording: bytes) -> None:
    with pytest.raises(RequestRefused, match="WAV, MP3, M4A or OGG"):
        bodies.guide_file(recording)


BY_ID = ("id", {"generation_id": "g-1"})
NOTHING = ("none", None)


def kinds(before: Precedent | None, model: str) -> list[str]:
    return [kind for kind, _ in contexts(before, request("Two.", model=model), voice="Ava Song")]


@pytest.mark.parametrize(
    ("before", "model", "expected"),
    [
        (None, "octave-2", ["none"]),
        (take("One.", model="octave-2").precedent, "octave-2", ["id", "text", "none"]),
        (take("One.", model="octave-1").precedent, "octave-1", ["id", "text", "none"]),
        (take("One.", model="octave-1").precedent, "octave-2", ["id", "text", "none"]),
        (take("One.", model="octave-2").precedent, "octave-1", ["text", "none"]),
        (take("One.", provider="espeak").precedent, "octave-2", ["text", "none"]),
        (take("One.", ids=()).precedent, "octave-2", ["text", "none"]),
        (take("One.", guide="0" * 64).precedent, "octave-2", ["text", "none"]),
        (
            take("One.", model="octave-1", voice="", description="a sailor").precedent,
            "octave-1",
            ["id", "text", "none"],
        ),
        (Precedent(request("One.")), "octave-2", ["text", "none"]),
        (Precedent(request("\x01")), "octave-2", ["none"]),
    ],
)
def test_what_can_be_said_of_the_line_before(
    before: Precedent | None, model: str, expected: list[str]
) -> None:
    """By its id where the model can go on from it, never from Octave 2 to 1; by its text; not at all."""
    assert kinds(before, model) == expected


def test_the_line_before_by_its_text() -> None:
    """With its own voice, and its direction where the model acts them."""
    before = take("He [wept].", model="octave-1", voice="custom/Mara", direction="sobbing").precedent
    by_id, by_text, nothing = contexts(before, request("Two.", model="octave-1"), voice="Ava Song")

    assert by_id == BY_ID
    assert nothing == NOTHING
    voice = {"name": "Mara", "provider": "CUSTOM_VOICE"}
    assert by_text == (
        "text",
        {"utterances": [{"text": "He (wept).", "voice": voice, "description": "sobbing"}]},
    )
    _, (_, said), _ = contexts(before, request("Two.", model="octave-2"), voice="Ava Song")
    assert said == {"utterances": [{"text": "He (wept).", "voice": voice}]}


def test_a_line_of_another_provider_is_read_in_the_lines_own_voice() -> None:
    before = take("One.", provider="espeak", voice="gmw/en-US").precedent
    (_, said), _ = contexts(before, request("Two."), voice="Ava Song")

    assert said == {"utterances": [{"text": "One.", "voice": {"name": "Ava Song", "provider": "HUME_AI"}}]}


def test_a_line_in_a_designed_voice_knows_it() -> None:
    before = take("One.", voice="", description="a sailor", ids=(("voice", "v-9"),)).precedent
    (_, said), _ = contexts(before, request("Two."), voice="Ava Song")

    assert said == {"utterances": [{"text": "One.", "voice": {"name": "v-9", "provider": "CUSTOM_VOICE"}}]}
