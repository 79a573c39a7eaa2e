"""The life of a project's pronunciation dictionary at the service, alone and among others."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import pytest

from narrator.errors import KeyRefused, OutOfCredit, ServiceGone
from narrator.takes import Request
from tests.outside import Answer, Outside, said
from tests.providers.accounts import Notebook
from tests.providers.sarvam.asking import at, request
from tests.providers.sarvam.bulbul import Bulbul, wrong

LEXICON = {"Siobhan": "shi-VAWN", "Kvothe": "quoth"}
TEXTS = ("Siobhan saw Kvothe.", "Nobody came.", "Kvothe left.")


def asked(*texts: str, lexicon: dict[str, str] | None = None, **rest: Any) -> list[Request]:
    return [request(text, lexicon=LEXICON if lexicon is None else lexicon, **rest) for text in texts]


def spoken(
    outside: Outside, requests: Sequence[Request], *, expected: bool = True, **settings: Any
) -> Notebook:
    """Speak them all, as one run does."""
    account = Notebook()
    with closing(at(outside, **settings)) as sarvam:
        if expected:
            sarvam.expect(requests)
        for each in requests:
            (made,) = sarvam.generate(each, account=account)
            assert made.characters == sarvam.characters(each)
    return account


def test_a_dictionary_is_made_before_the_first_request_that_needs_it(bulbul: Bulbul) -> None:
    """With all the words that the run needs; requests without such words do not name it."""
    account = spoken(bulbul, asked("Nobody came.", *TEXTS))

    assert bulbul.calls == ["GET", "POST"]
    assert bulbul.words() == LEXICON
    assert [body.get("dict_id") for body in bulbul.asked] == [None, "p_1", None, "p_1"]
    assert [body["text"] for body in bulbul.asked] == ["Nobody came.", *TEXTS]  # as it is written
    assert bulbul.heard[1] == "shi-VAWN saw quoth."
    assert account.outcomes == ["answered"] * 4  # nothing else is charged
    assert bulbul.seen[0].path.endswith("stream")


def test_without_such_words_nothing_is_asked_about_dictionaries(bulbul: Bulbul) -> None:
    spoken(bulbul, asked("Nobody came.", "Siobhans and Kvothers came."))

    assert bulbul.calls == []


def test_the_next_run_finds_it_and_changes_nothing(bulbul: Bulbul) -> None:
    spoken(bulbul, asked(*TEXTS))
    bulbul.calls.clear()
    spoken(bulbul, asked("Kvothe again."))

    assert bulbul.calls == ["GET", "GET p_1"]
    assert bulbul.asked[-1]["dict_id"] == "p_1"


def test_words_that_are_missing_are_added(bulbul: Bulbul) -> None:
    """And those that this run does not need stay."""
    spoken(bulbul, asked(*TEXTS))
    bulbul.calls.clear()
    spoken(bulbul, asked("Eithne sang.", lexicon={**LEXICON, "Eithne": "ENN-ya"}))

    assert bulbul.calls == ["GET", "GET p_1", "PUT p_1"]
    assert bulbul.words() == {**LEXICON, "Eithne": "ENN-ya"}
    assert bulbul.heard[-1] == "ENN-ya sang."


def test_words_that_nobody_foresaw_are_added_when_they_come(bulbul: Bulbul) -> None:
    spoken(bulbul, asked(*TEXTS), expected=False)

    assert bulbul.calls == ["GET", "POST"]
    spoken(bulbul, asked("Kvothe saw Eithne.", lexicon={**LEXICON, "Eithne": "ENN-ya"}), expected=False)
    assert bulbul.calls[-1] == "PUT p_1"
    assert bulbul.heard[-1] == "quoth saw ENN-ya."


def test_a_word_that_is_said_otherwise_now_makes_it_anew(bulbul: Bulbul) -> None:
    """Under a new id, so that a run with the lexicon of before cannot be served by it unawares."""
    spoken(bulbul, asked(*TEXTS))
    bulbul.calls.clear()
    spoken(bulbul, asked("Siobhan left.", lexicon={"Siobhan": "SHIV-awn"}))

    assert bulbul.calls == ["GET", "GET p_1", "DELETE p_1", "POST"]
    assert bulbul.words() == {"Siobhan": "SHIV-awn", "Kvothe": "quoth"}
    assert bulbul.heard[-1] == "SHIV-awn left."


def test_a_word_that_was_taken_out_of_the_lexicon_makes_it_anew(bulbul: Bulbul) -> None:
    spoken(bulbul, asked(*TEXTS))
    bulbul.calls.clear()
    spoken(bulbul, asked("Siobhan saw Kvothe.", lexicon={"Siobhan": "shi-VAWN"}))

    assert bulbul.calls == ["GET", "GET p_1", "DELETE p_1", "POST"]
    assert bulbul.words() == {"Siobhan": "shi-VAWN"}
    assert bulbul.heard[-1] == "shi-VAWN saw Kvothe."


def test_dictionaries_of_others_are_never_touched(bulbul: Bulbul) -> None:
    """Nor is that of another book of the same account."""
    foreign = {"en-IN": {"Siobhan": "wrong", "narrator": "narrator"}}
    bulbul.dictionaries = {"p_a": foreign, "p_z": {}, "p_y": {"hi-IN": {"x": "y"}}}
    spoken(bulbul, asked(*TEXTS), project="One Book")
    spoken(bulbul, asked(*TEXTS, lexicon={"Siobhan": "SIGH-oban"}), project="Another")
    spoken(bulbul, asked(*TEXTS, lexicon={"Kvothe": "k-VOTH"}), project="One Book")

    assert bulbul.dictionaries["p_a"] == {"en-IN": {"Siobhan": "wrong", "narrator": "narrator"}}
    assert bulbul.dictionaries["p_z"] == {}
    assert bulbul.words("p_2") == {"Siobhan": "SIGH-oban"}
    assert bulbul.words("p_3") == {"Kvothe": "k-VOTH"}
    assert set(bulbul.dictionaries) == {"p_a", "p_z", "p_y", "p_2", "p_3"}


def test_books_may_share_one_by_name(bulbul: Bulbul) -> None:
    spoken(bulbul, asked("Siobhan."), project="One", dictionary="the series")
    spoken(bulbul, asked("Kvothe."), project="Two", dictionary="the  series ")

    assert bulbul.words() == LEXICON


def test_no_more_words_than_there_is_room_for(bulbul: Bulbul) -> None:
    """The most frequent go into it, and the rest is respelt in the text."""
    names = [
        f"Name{'abcdefghijklmnopqrstuvwxyz'[n // 26]}{'abcdefghijklmnopqrstuvwxyz'[n % 26]}"
        for n in range(120)
    ]
    lexicon = {name: f"Nome{name}" for name in names}
    often = [f"{name} came." for name in names[110:] for _ in range(2)]
    spoken(bulbul, asked(*(f"{name} left." for name in names[:110]), *often, lexicon=lexicon))

    words = bulbul.words()
    assert len(words) == 99
    assert set(words) == {*names[110:], *names[:89]}
    assert all(heard.startswith("Nome") for heard in bulbul.heard)
    assert sum("dict_id" in body for body in bulbul.asked) == 89 + 20
    bulbul.calls.clear()
    spoken(bulbul, asked("Nameee came.", lexicon={"Nameee": "ee"}))
    assert bulbul.calls == ["GET", "GET p_1", "DELETE p_1", "POST"]  # room is made for what is needed now
    assert len(bulbul.words()) == 99
    assert bulbul.words()["Nameee"] == "ee"


def test_an_account_without_room_for_another_dictionary(
    bulbul: Bulbul, caplog: pytest.LogCaptureFixture
) -> None:
    """Everything is respelt, which is said once."""
    bulbul.dictionaries = {f"p_x{number}": {} for number in range(10)}
    spoken(bulbul, asked(*TEXTS))

    assert len(bulbul.dictionaries) == 10
    assert [body["text"] for body in bulbul.asked] == ["shi-VAWN saw quoth.", "Nobody came.", "quoth left."]
    assert bulbul.calls.count("GET") == 1
    (told,) = caplog.messages
    assert "10" in told


@pytest.mark.parametrize(
    "noes",
    [
        [wrong("at most 10", status=422, code="unprocessable_entity_error")],
        [wrong("not here", status=404, code="not_found_error")],
        [wrong("too large", status=413, code="invalid_request_error")],
        [Answer(b"<html>Not found</html>", status=404)],
        [Answer(b"[]")] * 3,
        [Answer(b"<html>hello</html>")] * 3,
        [Answer(b"", status=500)] * 3,
        [said({"dictionaries": []}), said({"dictionary_id": None})],
    ],
)
def test_a_service_that_keeps_none(
    noes: list[Answer], bulbul: Bulbul, caplog: pytest.LogCaptureFixture
) -> None:
    """The lines are spoken all the same."""
    bulbul.add(*noes)
    spoken(bulbul, asked(*TEXTS))

    assert bulbul.heard == ["shi-VAWN saw quoth.", "Nobody came.", "quoth left."]
    assert len(caplog.messages) == 1


def test_an_account_that_is_refused_is_refused_here_too(bulbul: Bulbul) -> None:
    bulbul.add(wrong("no credit", status=429, code="insufficient_quota_error"))
    with closing(at(bulbul)) as sarvam, pytest.raises(OutOfCredit):
        sarvam.generate(asked("Kvothe.")[0])
    assert len(bulbul.seen) == 1


def test_a_dictionary_deleted_meanwhile_is_made_again(bulbul: Bulbul) -> None:
    """The request that was refused is not billed, and is made again."""
    requests, account = asked(*TEXTS), Notebook()
    with closing(at(bulbul)) as sarvam:
        sarvam.expect(requests)
        sarvam.generate(requests[0], account=account)
        bulbul.dictionaries.clear()
        sarvam.generate(requests[2], account=account)

    assert bulbul.heard == ["shi-VAWN saw quoth.", "quoth left."]
    assert account.outcomes == ["answered", "refused", "answered"]
    assert bulbul.asked[-1]["dict_id"] == "p_2"


def test_one_that_the_service_never_knows_is_done_without(
    bulbul: Bulbul, caplog: pytest.LogCaptureFixture
) -> None:
    """After a few tries, for the rest of the run."""
    bulbul.speaks_without = True
    account = spoken(bulbul, asked("Kvothe.", "Siobhan."))

    assert bulbul.heard == ["quoth.", "shi-VAWN."]
    assert account.outcomes == ["refused"] * 3 + ["answered"] * 2
    assert len(caplog.messages) == 1


def test_two_runs_of_one_book_at_once_do_not_fight(bulbul: Bulbul) -> None:
    """One has edited the lexicon meanwhile: each line is said as its own run wants it."""
    before = asked(
        "Kvothe left.", "Siobhan saw Kvothe.", "Eithne left.", lexicon={**LEXICON, "Eithne": "ENN-ya"}
    )
    after = asked("Kvothe left.", "Siobhan saw Kvothe.", lexicon={**LEXICON, "Kvothe": "k-VOTH"})
    with closing(at(bulbul)) as first, closing(at(bulbul)) as second:
        first.expect(before[:2])
        first.generate(before[0])
        second.expect(after)
        second.generate(after[0])
        for one, other in zip(before[1:], after, strict=True):
            first.generate(one)
            second.generate(other)

    assert bulbul.heard == [
        "quoth left.",
        "k-VOTH left.",
        "shi-VAWN saw quoth.",
        "k-VOTH left.",
        "ENN-ya left.",
        "shi-VAWN saw k-VOTH.",
    ]
    assert len(bulbul.dictionaries) == 1
    assert bulbul.calls.count("POST") == 2


def test_two_that_were_made_at_once_become_one(bulbul: Bulbul) -> None:
    spoken(bulbul, asked("Kvothe."))
    bulbul.dictionaries["p_0"] = {"en-IN": dict(bulbul.dictionaries["p_1"]["en-IN"])}
    bulbul.calls.clear()
    spoken(bulbul, asked(*TEXTS))

    assert bulbul.calls == ["GET", "GET p_1", "GET p_0", "DELETE p_1", "PUT p_0"]
    assert bulbul.words("p_0") == LEXICON


def test_many_threads_make_one(bulbul: Bulbul) -> None:
    requests = asked(*TEXTS * 3)
    with closing(at(bulbul, concurrency=6)) as sarvam:
        sarvam.expect(requests)
        threads = [threading.Thread(target=sarvam.generate, args=(each,)) for each in requests]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)

    assert bulbul.calls == ["GET", "POST"]
    assert sorted(set(bulbul.heard)) == ["Nobody came.", "quoth left.", "shi-VAWN saw quoth."]


def test_a_model_without_dictionaries_is_sent_respelt_text(bulbul: Bulbul) -> None:
    spoken(bulbul, asked(*TEXTS, voice="anushka"))

    assert bulbul.calls == []
    assert [body["text"] for body in bulbul.asked] == ["shi-VAWN saw quoth.", "Nobody came.", "quoth left."]


def test_dictionaries_can_be_done_without(bulbul: Bulbul) -> None:
    with closing(at(bulbul, dictionary=False)) as sarvam:
        assert not any(each.dictionary for each in sarvam.models.values())
        sarvam.generate(asked("Kvothe.")[0])

    assert bulbul.calls == []
    assert bulbul.heard == ["quoth."]


def test_languages_have_words_of_their_own(bulbul: Bulbul) -> None:
    hindi = asked("Kvothe आया।", lexicon={"Kvothe": "क्वोथ"}, settings={"language": "hi"})
    spoken(bulbul, [*hindi, *asked("Kvothe came.")])

    assert bulbul.heard == ["क्वोथ आया।", "quoth came."]
    assert set(bulbul.dictionaries["p_1"]) == {"en-IN", "hi-IN"}


def test_a_key_that_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SARVAM_API_KEY", "sesame-wrong")
    with Bulbul(key="sesame-right") as outside, closing(at(outside)) as sarvam:
        with pytest.raises(KeyRefused, match="SARVAM_API_KEY"):
            sarvam.generate(asked("Kvothe.")[0])
        assert len(outside.seen) == 1


def test_a_service_that_is_gone() -> None:
    with Outside() as outside:
        outside.refuse()
        with closing(at(outside)) as sarvam, pytest.raises(ServiceGone):
            sarvam.generate(asked("Kvothe.")[0])
