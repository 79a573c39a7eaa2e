from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrator.parsing.sentences import LONGEST, split_sentences


def split(text: str, language: str = "en", keep: tuple[tuple[int, int], ...] = ()) -> list[str]:
    cuts = split_sentences(text, 0, len(text), language=language, keep=keep)
    return [text[start:end].strip() for start, end in pairwise([0, *cuts, len(text)])]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "One. | Two! | Three? | Four… | Five."),
        ("ka", "გამარჯობა. | როგორ ხარ?"),
        ("en", "“One.” | “Two!” | (Three?) | Four."),
        ("en", "He left. | “Why?” | She shrugged."),
        ("en", "Really?! | Yes. | 42 men came. | — So?"),
        ("en", "It was I. | We left."),
        ("en", "No. | He left."),
        ("en", "She said no. | No. 5 is alive."),
        ("en", "It cost 3.14. | It was version 2.0.1 of it."),
        ("en", "He lived in 1984. | Then he died."),
        ("de", "Am 3. Mai kam er. | Er blieb bis 1984. | Dann ging er."),
        ("de", "„Halt!“ | Er lief, z. B. nach Hause, d. h. weg. | Ende."),
        ("de", "Dr. Weiß wohnt in der Str. Nr. 5 bzw. daneben. | Gut."),
        ("fr", "M. Dupont est là. | « Bonjour ! » | Mme. Roux aussi."),
        ("es", "El Sr. Gómez llegó. | ¿Qué? | ¡No! | Ud. Sabe."),
        ("it", "Il sig. Rossi è qui. | Bene."),
        ("pl", "Prof. Nowak, np. On sam. | Tak."),
        ("ru", "Он жил на ул. Ленина. | Потом уехал."),
        ("hi", "वह आया। | वह गया।"),
        ("hi-IN", "डॉ. शर्मा और पं. मिश्र आए थे. | ए. पी. जे. अब्दुल कलाम भी आए. | हाँ जी. | वह गया।"),
        ("bn", "ডঃ. রায় ও মো. আলী এলেন। | তারপর গেলেন।"),
        ("ta", "திரு. குமார் வந்தார். | பிறகு போனார்."),
        ("te", "డా. రావు వచ్చారు. | తరువాత వెళ్ళారు."),
        ("ar", "أين هو؟ | لا أعرف."),
        ("ja", "彼は来た。|そして帰った！|本当？"),
        ("ja", "「行け！」と彼は言った。|「今？」はい。"),
        ("zh-Hans", "他来了。|“走！”他说。"),
        ("xx", "Dr. Who came. | He left."),
    ],
)
def test_ends(language: str, text: str) -> None:
    """A bar stands where a sentence ends, and nowhere else."""
    sentences = [sentence.strip() for sentence in text.split("|")]
    joined = ("" if language in ("ja", "zh-Hans") else " ").join(sentences)

    assert split(joined, language) == sentences


@pytest.mark.parametrize(
    "text",
    [
        "“Stop!” she said.",
        "“Why?” asked Mara.",
        "“Well…” he began.",
        "Mr. Smith and Mrs. Jones met Dr. J. R. Watson at St. Paul's.",
        "The U.S. Army, i.e. the men, came at 5 p.m. on Sunday.",
        "He looked at Capt. Brown and Lt. Grey.",
        "Wait... what?",
        "Well... I don't know.",
        "Yahoo! went bankrupt, e.g. Google did not.",
        "See www.example.com for more",
        "... and then he left.",
        "A. Who is it",
        "no end at all",
    ],
)
def test_one_sentence(text: str) -> None:
    assert split(text) == [text]


def test_no_sentence_without_words() -> None:
    """A mark that stands alone goes with what follows."""
    assert split("... ! One. Two.") == ["... ! One.", "Two."]


def test_kept_together() -> None:
    """No cut within what is pronounced as one."""
    text = "She met Mr P. Smith. Jr. And left. So."

    assert split(text) == ["She met Mr P. Smith.", "Jr. And left.", "So."]
    assert split(text, keep=((8, 24),)) == ["She met Mr P. Smith. Jr. And left.", "So."]


def test_long_sentences_are_divided() -> None:
    """At semicolons, else commas, else spaces; never inside a word."""
    semicolons = "; ".join(["word " * 100 + "end"] * 6)
    commas = ", ".join(["word " * 100 + "end"] * 6)
    spaces = "word " * 500

    for text, ends in ((semicolons, ";"), (commas, ","), (spaces, "d")):
        parts = split(text.strip())
        assert all(len(part) <= LONGEST for part in parts)
        assert all(part.endswith(ends) for part in parts[:-1])
        assert " ".join(parts) == text.strip()


def test_a_word_is_never_cut() -> None:
    text = "a" * 5000 + " b"

    assert split(text) == ["a" * 5000, "b"]


@given(st.text(alphabet='aB1 .!?…"“”,;。」', max_size=80))
@settings(deadline=None, max_examples=200)
def test_cuts_are_in_order(text: str) -> None:
    """Cuts lie inside, ascend, and leave no part without a word before the last."""
    collapsed = " ".join(text.split())
    cuts = split_sentences(collapsed, 0, len(collapsed), language="en")

    assert cuts == sorted(set(cuts))
    assert all(0 < at < len(collapsed) for at in cuts)
    for start, end in pairwise([0, *cuts]):
        assert any(char.isalnum() for char in collapsed[start:end])
