from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrator.audio.profiles import PROFILES
from narrator.book import FORMATS, LOUDNESS, Book, Budget, Credits, Pauses, ProviderSettings
from narrator.exports import FORMATS as EXPORTS
from narrator.providers.hume import settings as hume
from narrator.providers.playht import settings as playht
from narrator.providers.sarvam import settings as sarvam
from narrator.providers.supertone import settings as supertone
from narrator.settings import read_book, standard_language
from tests.settings.reading import said, settings_of

LEAST = "title: T\nauthor: A\n"


def book_of(text: str) -> Book:
    settings, problems = settings_of(text)
    book = read_book(settings)
    assert said(problems) == []
    assert book is not None
    return book


def problems_of(text: str) -> list[str]:
    settings, problems = settings_of(text)
    read_book(settings)
    return said(problems)


def test_title_and_author_are_enough() -> None:
    assert book_of(LEAST) == Book(title="T", author="A")


def test_every_key_of_the_contract_is_read() -> None:
    book = book_of(
        """
        title: The Lamp
        subtitle: A Story
        author: Ada Venn
        narrator: Many Voices
        language: en-GB
        publisher: A Small Press
        year: 2026
        isbn: 978-0-00-000000-2
        series: Harbour Tales
        manuscript: text/all.md
        direction: warm
        speed: 0.95
        pauses: {sentence: 0.2, speaker: 0.3, paragraph: 0.5, scene: 2, chapter_head: 1, chapter_tail: 1.5}
        continuity: chapter
        loudness: none
        formats: [mp3, cue, mp3]
        footnotes: read
        credits: {opening: false}
        budget: {amount: 25, currency: EUR}
        providers:
          sarvam:
          hume: {base_url: "http://127.0.0.1:8900", concurrency: 2, temperature: 0.5, fast: true, seed: 007}
        """
    )

    assert book == Book(
        title="The Lamp",
        subtitle="A Story",
        author="Ada Venn",
        narrator="Many Voices",
        language="en-GB",
        publisher="A Small Press",
        year=2026,
        isbn="978-0-00-000000-2",
        series="Harbour Tales",
        manuscript="text/all.md",
        direction="warm",
        speed=0.95,
        pauses=Pauses(
            sentence_ms=200,
            speaker_ms=300,
            paragraph_ms=500,
            scene_ms=2000,
            chapter_head_ms=1000,
            chapter_tail_ms=1500,
        ),
        continuity="chapter",
        loudness="none",
        formats=("mp3", "cue"),
        footnotes="read",
        credits=Credits(opening=False, closing=True),
        budget=(Budget(amount=25, currency="EUR", line=20),),
        providers=(
            ProviderSettings(
                name="hume",
                settings=(
                    ("base_url", "http://127.0.0.1:8900"),
                    ("concurrency", 2),
                    ("fast", True),
                    ("seed", "007"),
                    ("temperature", 0.5),
                ),
                lines=tuple((key, 23) for key in ("base_url", "concurrency", "temperature", "fast", "seed")),
            ),
        ),
    )


def test_a_budget_in_several_currencies() -> None:
    book = book_of(LEAST + "budget:\n- {amount: 25}\n- {amount: 900.5, currency: INR}\n")
    assert book.budget == (
        Budget(amount=25, currency="USD", line=4),
        Budget(amount=900.5, currency="INR", line=5),
    )


@pytest.mark.parametrize(
    "written", ["no", "on", "1984", "0123", "1:30", "2026-11-20", "1e3", "0x1F", ".5", "true", "Null", "NULL"]
)
def test_what_other_yaml_readers_change_stays_text(written: str) -> None:
    book = book_of(f"title: {written}\nauthor: {written}\nisbn: {written}\nseries: {written}\n")

    assert (book.title, book.author, book.isbn, book.series) == (written,) * 4


def test_a_text_over_several_lines_becomes_one() -> None:
    assert book_of("title: >\n  The\n  Lamp\nauthor: |\n  Ada\n    Venn\n").title == "The Lamp"
    assert book_of("title: The\n  Lamp\nauthor: A\n").title == "The Lamp"


def test_keys_without_a_value_are_as_if_left_out() -> None:
    assert book_of(LEAST + "subtitle:\nyear: ~\npauses:\ncredits: null\nformats:\nbudget:\n") == book_of(
        LEAST
    )


def test_an_empty_direction_says_that_there_is_none() -> None:
    assert book_of(LEAST + 'direction: ""\n').direction == ""
    assert book_of(LEAST + "direction:\n").direction is None


@pytest.mark.parametrize(
    ("written", "both"), [("true", True), ("yes", True), ("On", True), ("false", False), ("no", False)]
)
def test_credits_in_one_word(written: str, both: bool) -> None:
    assert book_of(LEAST + f"credits: {written}\n").credits == Credits(opening=both, closing=both)


@settings(deadline=None, max_examples=50)
@given(st.integers(min_value=0, max_value=60_000))
def test_pauses_are_rounded_to_whole_milliseconds(ms: int) -> None:
    assert book_of(LEAST + f"pauses: {{scene: {ms / 1000}}}\n").pauses.scene_ms == ms


@pytest.mark.parametrize(
    ("tag", "standard"),
    [("en", "en"), ("en_gb", "en-GB"), ("ES-mx", "es-MX"), ("no", "no"), ("zh-Hant-TW", "zh-Hant-TW")],
)
def test_languages_are_brought_to_standard_form(tag: str, standard: str) -> None:
    assert standard_language(tag) == standard
    assert book_of(LEAST + f"language: {tag}\n").language == standard


def test_known_profiles_are_those_that_can_be_measured() -> None:
    assert set(LOUDNESS) == {*PROFILES, "none"}


def test_known_formats_are_those_that_can_be_made() -> None:
    assert set(FORMATS) == {"mp3", *EXPORTS}


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        (
            "",
            [
                "book.yaml: `title` is missing; add `title: The Name of the Book`",
                "book.yaml: `author` is missing; add `author: Who Wrote It`",
            ],
        ),
        ("author: A\ntitle: ''\n", ["book.yaml:2: `title` is missing; add `title: The Name of the Book`"]),
        ("author: A\ntitle: [T]\n", ["book.yaml:2: `title` must be a text, not a list"]),
        ("author: {first: A}\ntitle: T\n", ["book.yaml:1: `author` must be a text, not a mapping"]),
        (LEAST + "titel: T\n", ["book.yaml:3: unknown key 'titel'; did you mean 'title'?"]),
        (
            LEAST + "year: two\n",
            ["book.yaml:3: `year` must be a whole number from 1 to 9999, not 'two'"],
        ),
        (
            LEAST + "year: 2026-11-20\n",
            ["book.yaml:3: `year` must be a whole number from 1 to 9999, not '2026-11-20'"],
        ),
        (
            LEAST + "year: '2026'\n",
            ["book.yaml:3: `year` must be a whole number from 1 to 9999, not '2026'; take the quotes away"],
        ),
        (LEAST + "speed: 9\n", ["book.yaml:3: `speed` must be a number from 0.25 to 4, not '9'"]),
        (LEAST + "speed: .nan\n", ["book.yaml:3: `speed` must be a number from 0.25 to 4, not '.nan'"]),
        (LEAST + "speed: 1,1\n", ["book.yaml:3: `speed` must be a number from 0.25 to 4, not '1,1'"]),
        (
            LEAST + "language: english\n",
            ["book.yaml:3: `language` must be a BCP 47 tag such as en, en-GB or es-MX, not 'english'"],
        ),
        (
            LEAST + "pauses:\n  scene: 61\n",
            ["book.yaml:4: `scene` must be a number from 0 to 60, not '61'"],
        ),
        (
            LEAST + "pauses:\n  scene: 1:30\n  chapter: 1\n",
            [
                "book.yaml:4: `scene` must be a number from 0 to 60, not '1:30'",
                "book.yaml:5: unknown key 'chapter'; did you mean 'chapter_tail'?",
            ],
        ),
        (LEAST + "pauses: 2\n", ["book.yaml:3: `pauses` must be a mapping, not '2'"]),
        (
            LEAST + "continuity: scenes\n",
            [
                "book.yaml:3: `continuity` must be one of scene, chapter, none, not 'scenes';"
                " did you mean 'scene'?"
            ],
        ),
        (
            LEAST + "loudness: [acx]\n",
            ["book.yaml:3: `loudness` must be one of acx, none, not a list"],
        ),
        (
            LEAST + "footnotes: yes\n",
            ["book.yaml:3: `footnotes` must be one of skip, read, not 'yes'"],
        ),
        (
            LEAST + "formats: [mp3,\n  mp4, opus]\n",
            [
                "book.yaml:4: unknown format 'mp4'; did you mean 'mp3'?"
                " available: mp3, cue, vtt, srt, lrc, json",
                "book.yaml:4: unknown format 'opus'; available: mp3, cue, vtt, srt, lrc, json",
            ],
        ),
        (
            LEAST + "formats: []\n",
            ["book.yaml:3: `formats` is empty; list some of mp3, cue, vtt, srt, lrc, json"],
        ),
        (
            LEAST + "formats: mp3\n",
            ["book.yaml:3: `formats` must be a list such as [one, two], not 'mp3'"],
        ),
        (LEAST + "formats: [{mp3: 1}]\n", ["book.yaml:3: `formats` must hold texts, not a mapping"]),
        (LEAST + "credits: maybe\n", ["book.yaml:3: `credits` must be true or false, not 'maybe'"]),
        (LEAST + "credits: [true]\n", ["book.yaml:3: `credits` must be true or false, not a list"]),
        (
            LEAST + "credits: {open: true, closing: 3}\n",
            [
                "book.yaml:3: `closing` must be true or false, not '3'",
                "book.yaml:3: unknown key 'open'; did you mean 'opening'?",
            ],
        ),
        (
            LEAST + "budget: {currency: EUR}\n",
            ["book.yaml:3: `budget` needs an amount, such as `{amount: 25, currency: EUR}`"],
        ),
        (
            LEAST + "budget:\n  amount: -1\n  currency: euro\n",
            [
                "book.yaml:4: `amount` must be a number from 0 to 1,000,000,000, not '-1'",
                "book.yaml:5: `currency` must be three capital letters such as EUR, not 'euro'",
            ],
        ),
        (
            LEAST + "budget: []\n",
            [
                "book.yaml:3: `budget` is empty; give an amount, such as `{amount: 25, currency: EUR}`, or"
                " leave it out"
            ],
        ),
        (LEAST + "budget: 25 EUR\n", ["book.yaml:3: `budget` must be a mapping, not '25 EUR'"]),
        (
            LEAST + "budget:\n- 25\n- {amount: 1}\n- {amount: 2, currency: USD}\n",
            [
                "book.yaml:4: `budget` must hold mappings, not '25'",
                "book.yaml:6: `budget` has two amounts in USD; keep one",
            ],
        ),
        (LEAST + "providers: hume\n", ["book.yaml:3: `providers` must be a mapping, not 'hume'"]),
        (
            LEAST + "providers: {hume: {voices: [a]}}\n",
            ["book.yaml:3: `voices` must be one value, not a list"],
        ),
        (
            LEAST + "providers: {../hume: {}}\n",
            ["book.yaml:3: '../hume' is not the name of a provider, such as espeak or hume"],
        ),
    ],
)
def test_what_is_wrong_names_file_line_and_remedy(text: str, messages: list[str]) -> None:
    assert problems_of(text) == messages


def test_without_a_title_there_is_no_book_and_the_rest_is_checked_all_the_same() -> None:
    settings, problems = settings_of("author: A\nyear: x\n")

    assert read_book(settings) is None
    assert len(problems) == 2


KEYS = (
    *("api_key", "API_KEY", "apiKey", "key", "x-api-key", "token", "access_token", "secret", "clientSecret"),
    *("password", "passwd", "credentials", "authorization", "HUME_API_KEY"),
)
ENVIRONMENT = "keys come from the environment (such as HUME_API_KEY), never from a file of the project"
OWN = "keys come from the environment ({}), never from a file of the project"


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("place", ["{}: hunter2", "providers: {{espeak: {{{}: hunter2}}}}"])
def test_a_key_in_the_file_is_refused_and_never_repeated(place: str, key: str) -> None:
    assert problems_of(f"{LEAST}{place.format(key)}\n") == [
        f"book.yaml:3: `{key}` does not belong here; {ENVIRONMENT}"
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("providers: {hume: hunter2}", "`hume` must be a mapping, such as `{concurrency: 2}`"),
        ("providers: {hume: [hunter2]}", "`hume` must be a mapping, such as `{concurrency: 2}`"),
        (
            'providers: {hume: {base_url: "https://me:hunter2@example.com"}}',
            f"`base_url` holds a password; {OWN.format('HUME_API_KEY')}",
        ),
    ],
)
def test_a_key_in_a_wrong_place_is_not_repeated_either(text: str, message: str) -> None:
    assert problems_of(f"{LEAST}{text}\n") == [f"book.yaml:3: {message}"]


@pytest.mark.parametrize(
    ("provider", "variables"),
    [
        ("hume", (hume.KEY_VARIABLE,)),
        ("playht", (playht.KEY_VARIABLE, playht.USER_VARIABLE)),
        ("sarvam", (sarvam.KEY_VARIABLE,)),
        ("supertone", (supertone.KEY_VARIABLE,)),
    ],
)
def test_a_key_comes_from_where_its_provider_looks(provider: str, variables: tuple[str, ...]) -> None:
    assert problems_of(f"{LEAST}providers: {{{provider}: {{api_key: hunter2}}}}\n") == [
        f"book.yaml:3: `api_key` does not belong here; {OWN.format(' and '.join(variables))}"
    ]


@pytest.mark.parametrize("key", ["max_tokens", "keyframe", "monkey", "author_note", "concurrency", "passage"])
def test_settings_that_only_sound_like_a_key_are_taken(key: str) -> None:
    assert book_of(f"{LEAST}providers: {{hume: {{{key}: 1}}}}\n").providers == (
        ProviderSettings(name="hume", settings=((key, 1),), lines=((key, 3),)),
    )


def test_a_long_value_is_shown_in_short() -> None:
    [message] = problems_of(f"{LEAST}year: {'9' * 500}\n")

    assert len(message) < 150
    assert message.endswith("9...'")
