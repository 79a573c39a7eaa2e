"""Which directions the embedded voice understands, and what it makes of them."""

from __future__ import annotations

import pytest

from narrator.providers.espeak.prosody import WAYS, Prosody, understand


def heard(direction: str) -> Prosody:
    prosody = understand(direction)
    assert prosody is not None
    return prosody


@pytest.mark.parametrize(
    ("direction", "way"),
    [
        ("whispering", "whispering"),
        ("in a hoarse whisper", "whispering"),
        ("susurrando", "whispering"),
        ("flüsternd", "whispering"),
        ("GEFLÜSTERT", "whispering"),
        ("quietly", "quiet"),
        ("en voz baja", "quiet"),
        ("leise", "quiet"),
        ("loud", "loud"),
        ("laut!", "loud"),
        ("shouts", "shouting"),
        ("gritando", "shouting"),
        ("schreiend", "shouting"),
        ("slow", "slow"),
        ("despacio", "slow"),
        ("langsam", "slow"),
        ("hurriedly", "fast"),
        ("rápidamente", "fast"),
        ("schnell", "fast"),
        ("high-pitched", "high"),
        ("mit hoher Stimme", "high"),
        ("deep", "low"),
        ("con voz grave", "low"),
        ("deadpan", "flat"),
        ("monótono", "flat"),
        ("excited, out of breath", "excited"),
        ("alegremente", "excited"),
        ("begeistert", "excited"),
        ("calmly", "calm"),
        ("ruhig", "calm"),
        ("sadly", "sad"),
        ("con tristeza... triste", "sad"),
        ("müde", "tired"),
        ("furious", "angry"),
        ("enfadada", "angry"),
        ("wütend", "angry"),
        ("trembling", "afraid"),
        ("ängstlich", "afraid"),
        ("solemnly", "solemn"),
    ],
)
def test_a_way_of_speaking_is_found_in_its_words(direction: str, way: str) -> None:
    assert heard(direction) == next(known.prosody for known in WAYS if known.name == way)


@pytest.mark.parametrize(
    "direction",
    [
        "",
        "with the weight of years",
        "like a queen",
        "slowest",
        "fearless",
        "not shouting",
        "without whispering",
        "don't shout",
        "never too loud",
        "not very loud",
        "no shouting or screaming",
        "nicht laut",
        "sin gritar... sin prisa",
        "very",
    ],
)
def test_what_cannot_be_honoured_is_not_understood(direction: str) -> None:
    assert understand(direction) is None


def test_a_refusal_reaches_no_further_than_its_part() -> None:
    assert heard("not loud, but fast") == heard("fast")
    assert heard("sin prisa, triste") == heard("triste")
    assert heard("not sad but angry") == heard("angry")


def test_degrees_strengthen_and_weaken() -> None:
    little, plain, very = heard("a little sad"), heard("sad"), heard("very sad")
    assert very.rate < plain.rate < little.rate < 1
    assert very.pitch < plain.pitch < little.pitch < 0
    assert very.volume < plain.volume < little.volume < 1
    assert heard("muy triste") == heard("sehr traurig") == very
    assert heard("very sad, angry") == heard("angry and very sad")


def test_ways_add_up_within_bounds() -> None:
    both = heard("slow, whispering")
    assert both.whisper
    assert both.rate == pytest.approx(heard("slow").rate * heard("whispering").rate)
    everything = heard("very slow, very tired, very sad, very calm, very quiet, very solemn")
    assert everything.rate == 0.6
    assert everything.volume == 0.4


def test_saying_it_twice_changes_nothing() -> None:
    assert heard("slow, slowly, langsam") == heard("slow")
