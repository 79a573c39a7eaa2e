from __future__ import annotations

import pytest

from narrator.lexicon import Entry, Lexicon
from narrator.settings import read_lexicon
from tests.settings.reading import said, settings_of


def test_a_word_has_a_respelling_or_phonemes_or_both() -> None:
    settings, problems = settings_of(
        """
        # names
        Siobhan: shi-VAWN
        no: nope
        Niamh: {espeak: "n'i:v"}
        St. Ives:
          say: saint IVES
          espeak: "x"
        """,
        file="lexicon.yaml",
    )

    assert read_lexicon(settings) == Lexicon(
        entries=(
            ("Siobhan", Entry(say="shi-VAWN", espeak=None, line=3)),
            ("no", Entry(say="nope", espeak=None, line=4)),
            ("Niamh", Entry(say=None, espeak="n'i:v", line=5)),
            ("St. Ives", Entry(say="saint IVES", espeak="x", line=6)),
        )
    )
    assert said(problems) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: b\nSiobhan:\n", "2: 'Siobhan' has no pronunciation; write how to say it, or take it out"),
        ("Siobhan: ''\n", "1: 'Siobhan' has no pronunciation; write how to say it, or take it out"),
        ("Siobhan: {}\n", "1: 'Siobhan' has no pronunciation; write how to say it, or take it out"),
        ("Siobhan: [shi, VAWN]\n", "1: 'Siobhan' must be a respelling or a mapping, not a list"),
        ("' ': x\n", "1: a pronunciation needs the word that it is for"),
        ("Siobhan:\n  say: x\n  espaek: y\n", "3: unknown key 'espaek'; did you mean 'espeak'?"),
        (
            "Siobhan: {espeak: '<x>'}\n",
            "1: 'Siobhan': '<x>' are no phonemes; mnemonics are ASCII, without & < > [ ]",
        ),
        ("'--': x\n", "1: '--' holds no letter or digit; a pronunciation needs a word that it is for"),
        ("Siobhan: {say: [x]}\n", "1: `say` must be a text, not a list"),
    ],
)
def test_what_is_wrong_names_the_line(text: str, message: str) -> None:
    settings, problems = settings_of(text, file="lexicon.yaml")
    read_lexicon(settings)

    assert said(problems)[0] == f"lexicon.yaml:{message}"
