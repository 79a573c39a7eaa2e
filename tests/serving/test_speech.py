"""`/v0/tts` and `/v0/tts/file`: what is heard, and what is said about it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest

from narrator.providers.espeak import Espeak
from narrator.serving.octave.synthesis import VARIATIONS
from tests.serving.asking import (
    AVA,
    LINE,
    RATE,
    at_48k,
    body,
    generations,
    milliseconds,
    samples,
    sound,
    speaker,
    spoken,
)
from tests.serving.running import Running


@pytest.fixture(scope="module")
def engine() -> Iterator[Espeak]:
    """The embedded engine itself, to judge by."""
    opened = Espeak({"concurrency": 1})
    yield opened
    opened.close()


def test_the_sound_is_the_engines_own(server: Running, engine: Espeak) -> None:
    """At speed 1 the first generation is what the engine says, at 48 kHz, and nothing else."""
    (made,) = generations(server.client, body())
    own = at_48k(spoken(engine, LINE, speaker(engine, "Ava Song")))

    heard = samples(sound(made["audio"])).astype(int)

    assert len(heard) == len(own)
    assert np.abs(heard - own).max() <= 1
    assert np.sqrt(np.mean(np.square(heard.astype(float)))) > 500


@pytest.mark.parametrize("split", [True, False])
def test_times_are_the_engines_own(server: Running, engine: Espeak, split: bool) -> None:
    """Every word and phoneme has the engine's time to the millisecond, however the text is divided."""
    asked = body(include_timestamp_types=["word", "phoneme"], split_utterances=split)
    (made,) = generations(server.client, asked)
    own = spoken(engine, LINE, speaker(engine, "Ava Song"))
    stamps = [stamp for snippet in made["snippets"][0] for stamp in snippet["timestamps"]]
    words = [stamp for stamp in stamps if stamp["type"] == "word"]
    phonemes = [stamp for stamp in stamps if stamp["type"] == "phoneme"]

    assert [stamp["text"] for stamp in words] == [word.strip(".;") for word in LINE.split()]
    for stamp, (start, end) in zip(words, own.words, strict=True):
        assert stamp["time"]["begin"] == pytest.approx(milliseconds(start, own.rate), abs=0.5)
        assert stamp["time"]["end"] == pytest.approx(milliseconds(end, own.rate), abs=0.5)
    assert [stamp["text"] for stamp in phonemes] == [phoneme.symbol for phoneme in own.phonemes]
    for stamp, phoneme in zip(phonemes, own.phonemes, strict=True):
        assert stamp["time"]["begin"] == pytest.approx(milliseconds(phoneme.start_sample, own.rate), abs=0.5)


def test_phonemes_are_ipa(server: Running) -> None:
    """And not the engine's mnemonics."""
    asked = body("Which thing?", include_timestamp_types=["phoneme"])
    (made,) = generations(server.client, asked)

    symbols = [stamp["text"] for stamp in made["snippets"][0][0]["timestamps"]]

    assert "".join(symbols).replace("ˈ", "").replace("ˌ", "") == "wɪtʃθɪŋ"


def test_only_what_is_asked_for_has_times(server: Running) -> None:
    (without,) = generations(server.client, body())
    (words,) = generations(server.client, body(include_timestamp_types=["word"]))

    assert all(snippet["timestamps"] == [] for snippet in without["snippets"][0])
    assert {stamp["type"] for snippet in words["snippets"][0] for stamp in snippet["timestamps"]} == {"word"}


def test_snippets_are_sentences_and_clauses(server: Running) -> None:
    """Their texts put together are the text, their sounds the sound; each begins with its first word."""
    long = (
        "It was, as the captain never tired of telling anybody who sat long enough at his table, the coldest"
        " winter that the island had seen since the year of the comet; the boats lay upside down along the"
        " wall like a row of sleeping animals, and the nets hung stiff as boards between the poles."
    )
    (made,) = generations(server.client, body(f"{LINE} {long}", include_timestamp_types=["word"]))
    (group,) = made["snippets"]

    assert len(group) == 4
    assert " ".join(snippet["text"] for snippet in group) == f"{LINE} {long}"
    assert all(snippet["transcribed_text"] == snippet["text"] for snippet in group)
    joined = np.concatenate([samples(sound(snippet["audio"])) for snippet in group])
    assert np.array_equal(joined, samples(sound(made["audio"])))
    starts = np.cumsum([0, *(len(samples(sound(snippet["audio"]))) for snippet in group)])
    for snippet, start in list(zip(group, starts, strict=False))[1:]:
        assert snippet["timestamps"][0]["time"]["begin"] == pytest.approx(start / RATE * 1000, abs=1)


def test_one_snippet_each_without_splitting(server: Running) -> None:
    (made,) = generations(server.client, body(LINE, "Who is there?", split_utterances=False))

    assert [[snippet["text"] for snippet in group] for group in made["snippets"]] == [
        [LINE],
        ["Who is there?"],
    ]
    assert [[snippet["utterance_index"] for snippet in group] for group in made["snippets"]] == [[0], [1]]


def test_generations_differ_a_little(server: Running) -> None:
    """Each has ids of its own and another pace; the first is the plain one."""
    made = generations(server.client, body(num_generations=5))
    (alone,) = generations(server.client, body())

    heard = [samples(sound(each["audio"])) for each in made]
    assert len({each["generation_id"] for each in made}) == 5
    assert all(uuid.UUID(each["generation_id"]).version == 4 for each in made)
    assert np.array_equal(heard[0], samples(sound(alone["audio"])))
    for pcm, (pace, _) in zip(heard, VARIATIONS, strict=True):
        assert len(heard[0]) / len(pcm) == pytest.approx(pace, abs=0.05)
    assert len({len(pcm) for pcm in heard}) == 5
    ids = [snippet["id"] for each in made for group in each["snippets"] for snippet in group]
    assert len(set(ids)) == len(ids)


def test_the_numbers_are_true(server: Running) -> None:
    """Duration, size and encoding are those of the sound."""
    for kind in ("wav", "pcm", "mp3"):
        (made,) = generations(server.client, body(format={"type": kind}))
        audio = sound(made["audio"])

        assert made["encoding"] == {"format": kind, "sample_rate": RATE}
        assert made["file_size"] == len(audio)
        if kind == "pcm":
            assert len(audio) == made["duration"] * RATE * 2
        elif kind == "wav":
            assert len(samples(audio)) == made["duration"] * RATE
        else:
            # Bare frames of 128 kbit/s, with the encoder's delay and padding.
            assert len(audio) % 384 == 0
            assert 0 < len(audio) / 384 * 1152 / RATE - made["duration"] < 0.08


def test_trailing_silence(server: Running) -> None:
    """It is silence, at the end of the utterance, and in no word."""
    asked = body("One.", "Two.", include_timestamp_types=["word"])
    (plain,) = generations(server.client, asked)
    asked["utterances"][0]["trailing_silence"] = 1.25
    (made,) = generations(server.client, asked)

    first = samples(sound(made["snippets"][0][0]["audio"]))
    assert made["duration"] - plain["duration"] == pytest.approx(1.25)
    assert not first[-round(1.25 * RATE) :].any()
    assert made["snippets"][0][0]["timestamps"] == plain["snippets"][0][0]["timestamps"]


@pytest.mark.parametrize("speed", [0.5, 2])
def test_speed(server: Running, engine: Espeak, speed: float) -> None:
    """It is the engine's own pace, and the times go with it."""
    asked = body(include_timestamp_types=["word"], split_utterances=False)
    asked["utterances"][0]["speed"] = speed
    (made,) = generations(server.client, asked)
    own = spoken(engine, LINE, speaker(engine, "Ava Song"), speed=speed)

    assert made["duration"] == pytest.approx(len(own.pcm) / own.rate, abs=0.001)
    last = made["snippets"][0][0]["timestamps"][-1]["time"]["end"]
    assert last == pytest.approx(milliseconds(own.words[-1].end_sample, own.rate), abs=0.5)


def test_speeds_beyond_the_engines_range_are_taken(server: Running) -> None:
    """0.25 and 3 are heard as slow and fast as the engine can."""
    lengths = []
    for speed in (0.25, 1, 3):
        asked = body()
        asked["utterances"][0]["speed"] = speed
        lengths.append(generations(server.client, asked)[0]["duration"])

    assert lengths[0] > 1.5 * lengths[1]
    assert lengths[1] > 2 * lengths[2]


def test_a_direction_is_acted_out(server: Running, engine: Espeak) -> None:
    """Version 1 speaks as the engine does under that direction, in the same voice."""
    asked = body(version="1")
    asked["utterances"][0]["description"] = "slowly, very sad"
    (made,) = generations(server.client, asked)
    own = at_48k(spoken(engine, LINE, speaker(engine, "Ava Song"), direction="slowly, very sad"))
    plain = at_48k(spoken(engine, LINE, speaker(engine, "Ava Song")))

    heard = samples(sound(made["audio"]))

    assert len(heard) == len(own)
    assert np.abs(heard.astype(int) - own).max() <= 1
    assert len(heard) > 1.2 * len(plain)


def test_marks_are_pauses_and_no_words(server: Running) -> None:
    """`[pause]` and `[long pause]` are heard as silence where they stand."""
    (plain,) = generations(server.client, body("Wait, I hear it.", include_timestamp_types=["word"]))
    marked = body("Wait, [pause] I hear [long pause] it.", include_timestamp_types=["word"])
    (made,) = generations(server.client, marked)
    (snippet,) = made["snippets"][0]
    times = [stamp["time"] for stamp in snippet["timestamps"]]
    gaps = [after["begin"] - before["end"] for before, after in pairwise(times)]

    assert [stamp["text"] for stamp in snippet["timestamps"]] == ["Wait", "I", "hear", "it"]
    assert snippet["text"] == "Wait, [pause] I hear [long pause] it."
    assert snippet["transcribed_text"] == "Wait, I hear it."
    assert gaps[0] > 400
    assert gaps[2] > 1300
    assert made["duration"] - plain["duration"] > 1.5


@pytest.mark.parametrize("text", ["...", " — ", "\u200b", "[pause]"])
def test_nothing_to_be_said_is_a_moment_of_silence(server: Running, text: str) -> None:
    """A line of dots is a beat, not an error and not nothing."""
    (made,) = generations(server.client, body(text))

    assert 0.2 < made["duration"] < 1
    assert not samples(sound(made["audio"])).any()


def test_a_voice_speaks_until_another_does(server: Running) -> None:
    """Utterances without one have the voice of those before them."""
    other = {"name": "Booming American Narrator", "provider": "HUME_AI"}
    asked = body("Good evening.", "Good evening.", "Good evening.", "Good evening.")
    asked["utterances"][2]["voice"] = other
    (made,) = generations(server.client, asked)

    first, second, third, fourth = (samples(sound(group[0]["audio"])) for group in made["snippets"])
    assert np.array_equal(first, second)
    assert np.array_equal(third, fourth)
    assert not np.array_equal(first, third)


@pytest.mark.parametrize("kind", ["wav", "mp3"])
def test_a_file_is_one_file(server: Running, kind: str) -> None:
    """Of the first generation, however its pieces would be divided."""
    asked = body(LINE, "Who is there?", format={"type": kind})
    answer = server.client.post("/v0/tts/file", json=asked | {"num_generations": 3})
    (made,) = generations(server.client, asked)

    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.content == sound(made["audio"])
    assert len(samples(answer.content)) >= made["duration"] * RATE


def test_a_voice_by_its_id(server: Running) -> None:
    """The same as by its name, whatever the case of either."""
    by_id = {"id": "5BB7DE05-c8fe-426a-8fcc-ba4fc4ce9f9c", "provider": "HUME_AI"}
    (one,) = generations(server.client, body(voice=by_id))
    (other,) = generations(server.client, body(voice={"name": "ava song", "provider": "HUME_AI"}))
    (usual,) = generations(server.client, body(voice=AVA))

    assert one["audio"] == other["audio"] == usual["audio"]


def test_white_space_makes_no_difference(server: Running) -> None:
    (one,) = generations(server.client, body("  Who\n\n is\tthere? "))
    (other,) = generations(server.client, body("Who is there?"))

    assert one["audio"] == other["audio"]
    assert one["snippets"][0][0]["text"] == "Who is there?"
