"""The promises every provider keeps, each a function that fails where it is broken.

A provider's test file runs them all:

    @pytest.mark.parametrize("promise", contract.PROMISES, ids=contract.name)
    def test_keeps_the_promise(promise: contract.Promise) -> None:
        promise(contract.Subject(open=Espeak, voice="en-us", settings={"rate": 170}))
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import NamedTuple

import numpy as np
import pytest

from narrator.casting import Setting
from narrator.errors import (
    BudgetExceeded,
    ConfigurationError,
    OutputError,
    ProviderError,
    UnknownKey,
    UnknownVoice,
)
from narrator.lexicon import Lexicon, speak
from narrator.manuscript import Mark, Utterance
from narrator.providers.base import Provider
from narrator.spending import MILLION, bill
from narrator.store import identify
from narrator.takes import Generation, Request
from tests.providers.accounts import Notebook

TEXTS = (
    "The old man of the sea said: “No.”",
    "Yes!",
    "…",
    "In 1984, Dr. O’Brien paid $3.50 for well-known tea—twice.",
    '</speak><voice name="x"> & [[h@l]] <break time="9s"/> {pause=9} \x01+90S ]]> &lt;',
    "Ünïcödé 😀 漢字 𝔘 ½",
)


class Subject(NamedTuple):
    """A provider to be held to its promises."""

    open: Callable[[], Provider]
    voice: str
    """One of its voices, as a cast would name it."""
    settings: Mapping[str, Setting]
    """Some of its settings, valid."""
    billed: Callable[[], int] | None = None
    """How many requests that cost something have reached the server, where others do as well."""


Promise = Callable[[Subject], None]


def name(promise: Promise) -> str:
    """What a promise is called in a report."""
    return promise.__name__


def request(provider: Provider, subject: Subject, text: str, *, marks: tuple[Mark, ...] = ()) -> Request:
    """A request as the planner would make it."""
    voice, settings, models = provider.choose(subject.voice, subject.settings)
    return Request(
        provider=provider.name,
        model=models[0],
        voice=voice,
        spoken=speak(utterance(text, marks=marks), Lexicon(), provider=provider.name),
        settings=settings,
    )


def utterance(text: str, *, marks: tuple[Mark, ...] = ()) -> Utterance:
    """An utterance as the parser would make it."""
    return Utterance(
        id="c01-u001",
        role="narrator",
        text=text,
        marks=marks,
        file="manuscript/01-a.md",
        line=1,
        start=0,
        end=len(text),
        scene=0,
        paragraph=0,
    )


def listed_voices_can_be_chosen(subject: Subject) -> None:
    """Every voice on the list is accepted under the name it is listed by, and names are unique."""
    with closing(subject.open()) as provider:
        voices = provider.voices()
        assert voices
        assert {voice.provider for voice in voices} == {provider.name}
        assert len({voice.name for voice in voices}) == len(voices)
        chosen = [provider.choose(voice.name, {}).voice for voice in voices]
        assert chosen == [voice.id or voice.name for voice in voices]


def a_choice_is_canonical(subject: Subject) -> None:
    """What was chosen is chosen again as it is, so that a take's key does not depend on the way to say it."""
    with closing(subject.open()) as provider:
        choice = provider.choose(subject.voice, subject.settings)
        backwards = dict(reversed(list(subject.settings.items())))
        assert provider.choose(subject.voice, backwards) == choice
        assert provider.choose(choice.voice, dict(choice.settings))[:2] == choice[:2]
        assert list(choice.settings) == sorted(choice.settings)


def an_unknown_voice_is_refused_by_name(subject: Subject) -> None:
    """A voice that does not exist is a casting error that names the voice and the nearest one."""
    with closing(subject.open()) as provider:
        known = provider.choose(subject.voice, {}).voice
        with pytest.raises(UnknownVoice) as caught:
            provider.choose(f"{known}qz", {})
        assert f"{provider.name}/{known}qz" in str(caught.value)
        assert caught.value.nearest
        with pytest.raises(UnknownVoice):
            provider.choose("", {})


def an_unknown_setting_is_refused_by_name(subject: Subject) -> None:
    """A setting that does not exist is an error that names it."""
    with closing(subject.open()) as provider, pytest.raises(UnknownKey, match="rattte"):
        provider.choose(subject.voice, {**subject.settings, "rattte": 1})


def a_setting_of_the_wrong_kind_is_refused(subject: Subject) -> None:
    """A value a setting cannot have is an error of the project, not a crash."""
    with closing(subject.open()) as provider:
        settings = provider.choose(subject.voice, subject.settings).settings
        for key, value in settings:
            if not isinstance(value, str):
                for wrong in ("loud", True, float("nan"), float("inf"), 10**9, -(10**9)):
                    if wrong is True and isinstance(value, bool):
                        continue
                    with pytest.raises(ConfigurationError, match=key):
                        provider.choose(subject.voice, {key: wrong})


def abilities_make_sense(subject: Subject) -> None:
    """What the planner reads can be planned with."""
    with closing(subject.open()) as provider:
        assert provider.models
        assert provider.concurrency >= 1
        assert provider.requests == 0
        choice = provider.choose(subject.voice, subject.settings)
        assert choice.models
        assert set(choice.models) <= set(provider.models)
        for model, abilities in provider.models.items():
            assert model
            assert abilities.text_limit is None or abilities.text_limit >= 100
            assert abilities.speed is None or abilities.speed[0] <= 1.0 <= abilities.speed[1]
            assert abilities.price_per_1000 >= 0


def generations_have_their_shape(subject: Subject) -> None:
    """Mono 16-bit samples; a time for every word, in order, apart, inside the audio; or none at all."""
    with closing(subject.open()) as provider:
        for text in TEXTS:
            asked = request(provider, subject, text)
            for generation in provider.generate(asked):
                check_shape(asked, generation, word_times=provider.models[asked.model].word_times)


def check_shape(asked: Request, generation: Generation, *, word_times: bool) -> None:
    """Fail unless *generation* can be an answer to *asked*."""
    pcm = generation.pcm
    assert pcm.ndim == 1
    assert pcm.dtype == np.int16
    assert generation.rate >= 8000
    assert len(pcm) > 0
    assert len(generation.words) == (len(asked.spoken.words) if word_times else 0)
    reached = 0
    for start, end in generation.words:
        assert reached <= start <= end <= len(pcm)
        reached = end
    for symbol, start, end in generation.phonemes:
        assert symbol
        assert 0 <= start <= end <= len(pcm)


def marks_are_borne(subject: Subject) -> None:
    """Marks of every kind, at every edge, alone and one in another, give an answer."""
    text = "He said. “Never, never!” (1883). She left"
    marks = (
        Mark(kind="pause", start=0, end=0, value="300"),
        Mark(kind="emphasis", start=0, end=len(text)),
        Mark(kind="strong", start=10, end=15),
        Mark(kind="pause", start=12, end=12, value="100"),
        Mark(kind="pause", start=33, end=33, value="200"),
        Mark(kind="strong", start=34, end=37),
        Mark(kind="pause", start=len(text), end=len(text), value="300"),
    )
    with closing(subject.open()) as provider:
        for some in (marks, marks[:2], marks[2:4], marks[4:]):
            asked = request(provider, subject, text, marks=some)
            for generation in provider.generate(asked):
                check_shape(asked, generation, word_times=provider.models[asked.model].word_times)


def determinism_is_as_declared(subject: Subject) -> None:
    """Where the same request is said to give the same samples, it does, in any order and in parallel."""
    with closing(subject.open()) as first, closing(subject.open()) as second:
        asked = [request(first, subject, text) for text in TEXTS]
        if not first.models[asked[0].model].deterministic:
            return
        one_by_one = [first.generate(each)[0] for each in asked]
        with ThreadPoolExecutor(4) as threads:
            together = [answers[0] for answers in threads.map(second.generate, reversed(asked))]
        for mine, other in zip(one_by_one, reversed(together), strict=True):
            assert mine.pcm.tobytes() == other.pcm.tobytes()
            assert (mine.words, mine.phonemes) == (other.words, other.phonemes)


def answers_are_told_apart(subject: Subject) -> None:
    """Two answers that are paid for are two takes, though they may sound the same; elsewhere they are one."""
    with closing(subject.open()) as provider:
        asked = request(provider, subject, "One.")
        first, second = provider.generate(asked)[0], provider.generate(asked)[0]
        assert (identify(first) == identify(second)) == provider.models[asked.model].deterministic


def it_may_be_closed_twice(subject: Subject) -> None:
    """Closing is harmless, unused, used and twice; a closed provider answers with an error of its own."""
    unused = subject.open()
    unused.close()
    provider = subject.open()
    asked = request(provider, subject, "One.")
    provider.generate(asked)
    provider.close()
    provider.close()
    with pytest.raises(ProviderError, match=provider.name):
        provider.generate(asked)


def directions_are_understood_or_not(subject: Subject) -> None:
    """Whether a direction will be heard can be asked of any text."""
    with closing(subject.open()) as provider:
        answers = {provider.understood(text) for text in ("whispering", "", "zzz qqq", "…", "a" * 5000)}
        assert answers <= {True, False}
        if any(abilities.directions == "text" for abilities in provider.models.values()):
            assert provider.understood("zzz qqq")


def every_request_is_written_down_and_ended_once(subject: Subject) -> None:
    """Before the answer is given; the account and the generations agree on what it cost."""
    with closing(subject.open()) as provider:
        for text in TEXTS:
            asked, account = request(provider, subject, text), Notebook()
            made = provider.generate(asked, account=account)
            assert account.outcomes.count("answered") >= 1
            assert "sent" not in account.outcomes
            billed = [each.bill for each in account.written if each.outcome == "answered"]
            assert sum(each.characters for each in billed) == sum(each.characters for each in made)
            assert sum(each.amount for each in billed) == sum(round(each.cost * MILLION) for each in made)
            assert {each.currency for each in billed} == {each.currency for each in made}


def every_http_request_for_speech_is_in_the_account(subject: Subject) -> None:
    """None is made that it does not know of."""
    with closing(subject.open()) as provider:
        account, before = Notebook(), subject.billed() if subject.billed else 0
        for text in TEXTS[:2]:
            provider.generate(request(provider, subject, text), account=account)
        if subject.billed:
            assert subject.billed() - before == len(account.written) <= provider.requests
        else:
            assert provider.requests in (0, len(account.written))


def characters_are_what_is_billed(subject: Subject) -> None:
    """They can be told without a request, and an estimate made of them comes true."""
    with closing(subject.open()) as provider:
        for text in TEXTS:
            asked, account = request(provider, subject, text), Notebook()
            characters = provider.characters(asked)
            assert characters > 0 or not any(letter.isalnum() for letter in text)
            made = provider.generate(asked, account=account)
            assert sum(each.characters for each in made) == characters * provider.answers
            priced = provider.models[asked.model]
            if priced.price_per_minute:
                continue
            expected = bill(
                characters * provider.answers,
                price_per_1000=priced.price_per_1000,
                currency=priced.currency,
                known=priced.price_known or not characters,  # nothing is known to cost nothing
            )
            assert [each.bill for each in account.written] == [expected]


def an_account_that_refuses_stops_the_request(subject: Subject) -> None:
    """Its own error comes out, nothing is sent, and no place is lost to those that come later."""
    with closing(subject.open()) as provider:
        asked = request(provider, subject, "One.")
        before = subject.billed() if subject.billed else 0
        for refusal in (BudgetExceeded("no more"), OutputError("the disk is full")):
            for _ in range(provider.concurrency + 1):
                with pytest.raises(type(refusal)) as caught:
                    provider.generate(asked, account=Notebook(allows=0, refusal=refusal))
                assert caught.value is refusal
        assert (subject.billed or (lambda: provider.requests))() == before
        account = Notebook()
        assert provider.generate(asked, account=account)
        assert account.outcomes == ["answered"]


def what_is_not_asked_for_is_not_answered(subject: Subject) -> None:
    """A closed provider leaves no open entry in an account."""
    provider = subject.open()
    asked, account = request(provider, subject, "One."), Notebook()
    provider.generate(asked)
    provider.close()
    with pytest.raises(ProviderError, match=provider.name):
        provider.generate(asked, account=account)
    assert set(account.outcomes) <= {"unsent", "refused"}


PROMISES: tuple[Promise, ...] = (
    listed_voices_can_be_chosen,
    a_choice_is_canonical,
    an_unknown_voice_is_refused_by_name,
    an_unknown_setting_is_refused_by_name,
    a_setting_of_the_wrong_kind_is_refused,
    abilities_make_sense,
    generations_have_their_shape,
    marks_are_borne,
    determinism_is_as_declared,
    answers_are_told_apart,
    it_may_be_closed_twice,
    directions_are_understood_or_not,
    every_request_is_written_down_and_ended_once,
    every_http_request_for_speech_is_in_the_account,
    characters_are_what_is_billed,
    an_account_that_refuses_stops_the_request,
    what_is_not_asked_for_is_not_answered,
)
