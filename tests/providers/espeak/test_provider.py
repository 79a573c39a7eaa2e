"""The embedded voice: the provider's contract, and what is heard of a request."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from narrator.casting import Role, Setting
from narrator.errors import ConfigurationError, ProviderError, UnknownKey
from narrator.lexicon import Entry, Lexicon, speak
from narrator.manuscript import Mark
from narrator.providers.espeak import SETTINGS, Espeak
from narrator.spending import Bill
from narrator.takes import Generation, Request
from tests.providers import contract
from tests.providers.accounts import Notebook

Samples = npt.NDArray[np.floating | np.int16]

RATE = 22_050
SUBJECT = contract.Subject(open=Espeak, voice="en-us+f3", settings={"rate": 170, "pitch": 40})
NO_LEXICON = Lexicon()
SENTENCE = "The old lighthouse keeper walked slowly along the shore."


@pytest.mark.parametrize("promise", contract.PROMISES, ids=contract.name)
def test_keeps_the_promise(promise: contract.Promise) -> None:
    promise(SUBJECT)


@pytest.fixture(scope="module")
def provider() -> Iterator[Espeak]:
    espeak = Espeak()
    yield espeak
    espeak.close()


def ask(
    provider: Espeak,
    text: str,
    *marks: Mark,
    voice: str = "en-us",
    direction: str | None = None,
    speed: float = 1.0,
    lexicon: Lexicon = NO_LEXICON,
    **settings: Any,
) -> tuple[Request, Generation]:
    """A request for *text* and its answer."""
    canonical, chosen, _ = provider.choose(voice, settings)
    request = Request(
        provider="espeak",
        model=provider.model,
        voice=canonical,
        spoken=speak(contract.utterance(text, marks=marks), lexicon, provider="espeak"),
        direction=direction,
        speed=speed,
        settings=chosen,
    )
    (generation,) = provider.generate(request)
    contract.check_shape(request, generation, word_times=True)
    return request, generation


def sounds(generation: Generation) -> list[str]:
    """The phonemes without their stress."""
    return [phoneme.symbol.lstrip("',%=") for phoneme in generation.phonemes]


def level_db(samples: Samples) -> float:
    return float(10 * np.log10(np.mean(samples.astype(float) ** 2) + 1e-9))


def pitches_hz(generation: Generation) -> list[float]:
    """The pitch of every clearly voiced stretch of 90 ms, by autocorrelation."""
    found = []
    samples = generation.pcm.astype(float)
    for start in range(0, len(samples) - 2048, 441):
        frame = samples[start : start + 2048] * np.hanning(2048)
        correlation = np.fft.irfft(np.abs(np.fft.rfft(frame, 8192)) ** 2)[: RATE // 60]
        lag = RATE // 350 + int(np.argmax(correlation[RATE // 350 :]))
        if correlation[0] > 1e6 and correlation[lag] > 0.6 * correlation[0]:
            found.append(RATE / lag)
    return found


def pitch_hz(generation: Generation) -> float:
    return float(np.median(pitches_hz(generation)))


def longest_silence(generation: Generation) -> int:
    """In samples."""
    loud = np.flatnonzero(np.abs(generation.pcm.astype(int)) > 8)
    return int(np.diff(loud, prepend=0, append=len(generation.pcm)).max())


# The same samples


@pytest.mark.parametrize("voice", ["en-us", "en-gb+f3", "en-us+klatt4", "en+whisper", "es+Annie"])
def test_every_engine_gives_the_same_samples(provider: Espeak, voice: str) -> None:
    """An engine that has said other things, and a fresh one, say this alike; left alone, espeak would not."""
    ask(provider, "Something else before it, and in another voice.", voice="de+croak")
    first = ask(provider, SENTENCE, voice=voice)[1]
    other = Espeak()
    second = ask(other, SENTENCE, voice=voice)[1]
    other.close()
    assert first.pcm.tobytes() == second.pcm.tobytes()
    assert (first.words, first.phonemes) == (second.words, second.phonemes)


# Times


def test_words_start_where_they_are_heard(provider: Espeak) -> None:
    """After silence, a word that begins with a vowel starts within 5 ms of the first sound."""
    text = "apple orange every island other uncle open awful eager idle"
    pauses = [Mark(kind="pause", start=at, end=at, value="400") for at, c in enumerate(text) if c == " "]
    for voice in ("en-us", "en-gb+f2", "en-us+klatt2"):
        _, generation = ask(provider, text, *pauses, voice=voice)
        loud = np.flatnonzero(np.abs(generation.pcm.astype(int)) > 0.01 * np.abs(generation.pcm).max())
        for start, end in generation.words:
            heard = loud[np.searchsorted(loud, start - RATE // 10)]
            assert abs(heard - start) < 0.005 * RATE
            assert end <= loud[np.searchsorted(loud, end) - 1] + 0.1 * RATE


def test_words_end_before_the_silence_after_them(provider: Espeak) -> None:
    _, generation = ask(provider, "Well, he came. Then it rained.")
    for before, after in ((0, 1), (2, 3)):
        start, end = generation.words[before].end_sample, generation.words[after].start_sample
        assert end - start > 0.1 * RATE
        assert np.abs(generation.pcm[start + 400 : end - 400]).max() < 100


@pytest.mark.parametrize(
    "text",
    [
        "The man of the house",
        "I think I shall go out of the room in the morning to be with the others",
        "It has been such as I had to be",
    ],
)
def test_words_that_the_engine_joins_have_times_of_their_own(provider: Espeak, text: str) -> None:
    """The engine speaks pairs such as "of the" as one word."""
    _, generation = ask(provider, text)
    assert all(end - start > 0.02 * RATE for start, end in generation.words)


@pytest.mark.parametrize(
    "text", ["It came from the sea", "It was the sea", "It was the end", "Go with the end"]
)
def test_the_article_has_its_own_sounds(provider: Espeak, text: str) -> None:
    """Of two words that the engine joins, the first keeps its last sound."""
    _, generation = ask(provider, text)
    article = generation.words[-2]
    own = [
        symbol
        for symbol, (_, start, _) in zip(sounds(generation), generation.phonemes, strict=True)
        if article.start_sample <= start < article.end_sample
    ]
    assert own[0] == "D"
    assert len([symbol for symbol in own if symbol != ";"]) == 2


def test_a_number_is_one_word(provider: Espeak) -> None:
    _, generation = ask(provider, "It cost $1,234.56 then.")
    spans = [end - start for start, end in generation.words]
    assert spans[2] == max(spans) > 1.5 * RATE


def test_symbols_beside_words_do_not_lengthen_them(provider: Espeak) -> None:
    """A lone run of asterisks is read out; the words beside it keep their own time."""
    _, generation = ask(provider, "stop ***** go")
    assert generation.words[1].start_sample - generation.words[0].end_sample > RATE
    assert all(end - start < RATE for start, end in generation.words)


SILENT = "- -- _ ′ — – ― , ; ? … « » “ ” ‘ ’ ( ) [ ] < > \" ' ` 、 。 ,- (- -. ..."
NAMED = "# $ % & * + / = @ ~ § × ● ▪ → ≠ 😀 ***"


def by_word(provider: Espeak, text: str, voice: str) -> tuple[list[list[str]], list[str]]:
    """The sounds of each word, and those that are in none."""
    _, generation = ask(provider, text, voice=voice)
    words, left = [list[str]() for _ in generation.words], list[str]()
    for sound, (_, start, end) in zip(sounds(generation), generation.phonemes, strict=True):
        middle = (start + end) // 2  # words are reported up to 20 ms before their first sound
        within = [at for at, word in enumerate(generation.words) if word[0] <= middle < word[1]]
        (words[within[0]] if within else left).append(sound)
    return words, left


@pytest.mark.parametrize(
    ("voice", "signs", "template"),
    [
        ("en-gb", SILENT, "{0} Yes {0} all pages 12 {0} of it {0} were{0} both {0} 7 {0}"),
        ("es", "- -- _ — ,", "{0} Sí {0} todas las hojas 12 {0} para él {0} son{0} así {0} 7 {0}"),
        ("hi", "- -- _ — ,", "{0} हाँ {0} सब पन्ने 12 {0} यहाँ हैं {0} और{0} वहाँ {0} 7 {0}"),
    ],
    ids=["en-gb", "es", "hi"],
)
def test_signs_that_are_not_said_have_no_sound(
    provider: Espeak, voice: str, signs: str, template: str
) -> None:
    """Every sound is in the word that it is in where the signs are not written."""
    plain, left = by_word(provider, " ".join(template.replace("{0}", "").split()), voice)
    assert all(plain)
    assert not left
    for sign in ["- -", *signs.split()]:
        assert (sign, by_word(provider, template.format(sign), voice)) == (sign, (plain, []))


def test_signs_that_are_said_are_in_no_word(provider: Espeak) -> None:
    """Also those with a name of several words."""
    template = "{0} Yes {0} both pages {0} still"
    plain, _ = by_word(provider, template.replace("{0} ", ""), "en-gb")
    for sign in [*NAMED.split(), "- #", "# -"]:
        words, left = by_word(provider, template.format(sign), "en-gb")
        assert (sign, words) == (sign, plain)
        assert left


def test_entities_and_wide_characters_do_not_move_words(provider: Espeak) -> None:
    """The engine counts what it was sent; the words stay where they are in the text."""
    plain = ask(provider, "one two three four five")[1].words
    for text in ("one < two > three < four > five", "one 😀 two 𝔘 three & four &amp; five"):
        request, generation = ask(provider, text)
        written = [text[word.start : word.end] for word in request.spoken.words]
        for word, time in zip(("one", "three", "five"), plain[::2], strict=True):
            start, end = generation.words[written.index(word)]
            assert end - start == pytest.approx(time[1] - time[0], abs=0.06 * RATE)


# Marks


def test_a_pause_is_as_long_as_it_says(provider: Espeak) -> None:
    """Another second of pause is another second of audio, and every later word comes a second later."""
    text, at = "One two three four.", len("One two")
    short = ask(provider, text, Mark(kind="pause", start=at, end=at, value="1000"))[1]
    long = ask(provider, text, Mark(kind="pause", start=at, end=at, value="2000"))[1]
    assert longest_silence(short) == pytest.approx(RATE, abs=0.03 * RATE)
    assert len(long.pcm) - len(short.pcm) == pytest.approx(RATE, abs=0.01 * RATE)
    moved = [
        after.start_sample - before.start_sample
        for before, after in zip(short.words, long.words, strict=True)
    ]
    assert moved[:2] == [0, 0]
    assert moved[2:] == pytest.approx([RATE, RATE], abs=0.01 * RATE)


@pytest.mark.parametrize(
    "text",
    ["|One two.", "One| two.", "One |two.", "One. |Two.", "“One,”| two.", "(1883).| Then two.", "One two.|"],
)
def test_a_pause_is_kept_wherever_it_stands(provider: Espeak, text: str) -> None:
    at = text.index("|")
    text = text.replace("|", "")
    without = ask(provider, text)[1]
    paused = ask(provider, text, Mark(kind="pause", start=at, end=at, value="1500"))[1]
    assert 1.45 * RATE < longest_silence(paused) < 2.2 * RATE
    assert sounds(paused) == sounds(without)


def test_pauses_beside_each_other_add_up(provider: Espeak) -> None:
    pauses = [Mark(kind="pause", start=at, end=at, value="800") for at in (3, 4)]
    assert longest_silence(ask(provider, "One two.", *pauses)[1]) == pytest.approx(1.6 * RATE, rel=0.05)


def test_emphasis_is_heard_and_changes_nothing_else(provider: Espeak) -> None:
    """Strong is louder than plain emphasis, plain than none; what is not emphasised stays as it was."""
    text = "The old lighthouse keeper walked home."
    start, end = text.index("keeper"), text.index(" walked")

    def word_level(*marks: Mark) -> tuple[float, float, int]:
        generation = ask(provider, text, *marks)[1]
        first, keeper = (generation.pcm[slice(*generation.words[index])] for index in (1, 3))
        return level_db(keeper), level_db(first), len(keeper)

    none, first, short = word_level()
    emphasised, first_beside, longer = word_level(Mark(kind="emphasis", start=start, end=end))
    strong, first_beside_strong, longer_too = word_level(Mark(kind="strong", start=start, end=end))
    assert none + 0.5 < emphasised < strong - 1
    assert strong < none + 6
    assert min(longer, longer_too) > short
    assert first_beside == pytest.approx(first, abs=0.5)
    assert first_beside_strong == pytest.approx(first, abs=0.5)


def test_emphasis_at_the_start_of_a_sentence_is_heard(provider: Espeak) -> None:
    text = "He came. Then it rained."
    plain = ask(provider, text)[1]
    strong = ask(provider, text, Mark(kind="strong", start=9, end=13))[1]
    before, after = (g.pcm[slice(*g.words[2])] for g in (plain, strong))
    assert level_db(after) > level_db(before) + 1


def test_words_that_follow_each_other_may_be_emphasised_differently(provider: Espeak) -> None:
    """The engine leaves out what came before such a place, when it is written as it is marked."""
    text = "I hate to be reminded of unpleasant things and I snapped her off."
    marks = Mark(kind="emphasis", start=43, end=56), Mark(kind="strong", start=57, end=64)
    assert len(ask(provider, text, *marks)[1].phonemes) >= len(ask(provider, text)[1].phonemes) - 2


@pytest.mark.parametrize("text", ["(1883). Then", "He ‘came’. Then", "It was ‘a doll’.", "(No). *Then"])
def test_a_full_stop_is_not_read_out(provider: Espeak, text: str) -> None:
    """Beside a tag the engine reads a detached full stop as "dot"."""
    end = len(text)
    for mark in (
        Mark(kind="strong", start=end - 4, end=end),
        Mark(kind="pause", start=end - 5, end=end - 5, value="300"),
        Mark(kind="pause", start=end - 4, end=end - 4, value="300"),
        Mark(kind="emphasis", start=0, end=end),
    ):
        assert "d 0 t" not in " ".join(sounds(ask(provider, text, mark)[1]))


def test_a_full_stop_between_emphasis_and_a_pause_is_not_read_out(provider: Espeak) -> None:
    marks = Mark(kind="emphasis", start=5, end=9), Mark(kind="pause", start=10, end=10, value="900")
    generation = ask(provider, "than I am. He hid", *marks)[1]
    assert "d 0 t" not in " ".join(sounds(generation))
    assert longest_silence(generation) > 0.85 * RATE


@pytest.mark.parametrize(
    ("glued", "spaced"),
    [
        ("He had none.—We had.", "He had none. — We had."),
        ("Stop!—he cried", "Stop! — he cried"),
        ("What?—he", "What? — he"),
        ("as follows:--but no", "as follows: -- but no"),
        ("I know!-she said", "I know! - she said"),
        ("(1883). then", "(1883) then"),
    ],
)
def test_signs_before_a_dash_are_not_read_out(provider: Espeak, glued: str, spaced: str) -> None:
    """The engine would say "exclamation", or lose a vowel of the word after the dash."""
    assert sounds(ask(provider, glued)[1]) == sounds(ask(provider, spaced)[1])


# Text that means something elsewhere


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('one <break time="5s"/> two', "one < break time= 5s / > two"),
        ("one</speak> two", "one< / speak> two"),
        ('<voice name="de">one two</voice>', "< voice name= de >one two< / voice>"),
        ("one &#60;break/&#62; two", "one & #60; break/ & #62; two"),
    ],
)
def test_markup_in_the_text_is_only_text(provider: Espeak, text: str, said: str) -> None:
    """Tags and entities of a manuscript are read out or passed over, never obeyed."""
    generation = ask(provider, text)[1]
    assert longest_silence(generation) < RATE
    assert {"w", "V", "n", "t", "u:"} <= set(sounds(generation))
    if "<" in text:
        name = ask(provider, said.replace("<", "").replace(">", ""))[1]
        assert len(generation.phonemes) >= 0.6 * len(name.phonemes)


def test_commands_of_the_engine_in_the_text_do_nothing(provider: Espeak) -> None:
    """The engine obeys control characters in its text: this one would triple the pace."""
    odd = ask(provider, f"\x01+400S {SENTENCE}")[1]
    even = ask(provider, f"+400S {SENTENCE}")[1]
    assert len(odd.pcm) == pytest.approx(len(even.pcm), rel=0.05)


def test_double_brackets_are_phonemes_only_from_a_lexicon(provider: Espeak) -> None:
    text = "Say [[S@v'O:n]] Siobhan now"
    lexicon = Lexicon(entries=(("Siobhan", Entry(espeak="k@m'A:soU")),))
    for generation in (ask(provider, text)[1], ask(provider, text, lexicon=lexicon)[1]):
        assert "S @ v O: n" not in " ".join(sounds(generation))
    assert "k @ m A: s oU" in " ".join(sounds(ask(provider, text, lexicon=lexicon)[1]))


# The lexicon's phonemes


@pytest.mark.parametrize(
    "text",
    [
        "Siobhan",
        "Siobhan went.",
        "“Siobhan,” she said",
        "(Siobhan)",
        "so—Siobhan—no",
        "Oh! Siobhan? Yes: Siobhan!",
        "“Siobhan” “Siobhan”",
    ],
)
def test_phonemes_are_said_wherever_the_word_stands(provider: Espeak, text: str) -> None:
    """After a quote or a bracket the engine leaves phonemes out, unless a space comes between."""
    lexicon = Lexicon(entries=(("Siobhan", Entry(espeak="S@v'O:n")),))
    for marks in ((), (Mark(kind="strong", start=0, end=len(text)),)):
        said = " ".join(sounds(ask(provider, text, *marks, lexicon=lexicon)[1]))
        assert said.count("S @ v O: n") == text.count("Siobhan")


@pytest.mark.parametrize(
    ("phonemes", "ending"), [("S@v'O:n", "n z"), ("m'Ik", "k s"), ("r'oUz", "z I z"), ("m'ItS", "S I z")]
)
def test_a_possessive_goes_on_from_the_phonemes(provider: Espeak, phonemes: str, ending: str) -> None:
    """By itself the engine would spell out the `'s`."""
    lexicon = Lexicon(entries=(("Xyz", Entry(espeak=phonemes)),))
    said = " ".join(sounds(ask(provider, "Xyz’s dog", lexicon=lexicon)[1]))
    assert said.replace("tS", "t S").endswith(f"{ending} d 0 g")


def test_a_phrase_of_phonemes_has_times_for_each_word(provider: Espeak) -> None:
    lexicon = Lexicon(entries=(("Wu Zhao", Entry(espeak="w'u: dZ'aU")),))
    _, generation = ask(provider, "Empress Wu Zhao ruled", lexicon=lexicon)
    assert all(end - start > 0.05 * RATE for start, end in generation.words)


# What cannot be said


def test_text_that_the_engine_leaves_out_is_an_error(provider: Espeak) -> None:
    """espeak drops words, without a word, from a clause of more than 300 of them."""
    with pytest.raises(ProviderError, match="leaves out 'a'"):
        ask(provider, " ".join(["a"] * 1000))


def test_a_long_sentence_without_commas_is_said_whole(provider: Espeak) -> None:
    text = " ".join(["word"] * 1000)
    _, generation = ask(provider, text, rate=450)
    assert sum(symbol.startswith("w") for symbol in sounds(generation)) == 1000
    assert min(end - start for start, end in generation.words) > 0.02 * RATE


def test_an_utterance_over_the_limit_is_refused(provider: Espeak) -> None:
    with pytest.raises(ProviderError, match=r"utterance of 20001 characters.*divide the sentence"):
        ask(provider, "a" * 20_001)


def test_an_utterance_without_words_is_a_short_silence(provider: Espeak) -> None:
    _, generation = ask(provider, "…")
    assert not generation.pcm.any()
    assert generation.words == ()


def test_the_engine_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    with pytest.raises(ProviderError, match=r"pip install 'narrator\[espeak\]'"):
        Espeak()


# Settings and directions


def test_settings_are_completed_and_whole(provider: Espeak) -> None:
    """Every setting is part of a take's key, so that a new default records anew."""
    _, settings, _ = provider.choose("es", {"rate": 200.0, "volume": 20})
    assert dict(settings) == {"pitch": 50, "range": 50, "rate": 200, "volume": 20, "word_gap": 0}
    assert all(type(value) is int for _, value in settings)
    with pytest.raises(UnknownKey, match="did you mean 'pitch'"):
        provider.choose("es", {"pich": 3})
    for key, bounds in SETTINGS.items():
        for wrong in (bounds.low - 1, bounds.high + 1, bounds.low + 0.5):
            with pytest.raises(ConfigurationError, match=rf"{key}: {wrong} is not a whole number from"):
                provider.choose("es", {key: wrong})


def test_settings_are_heard(provider: Espeak) -> None:
    plain = ask(provider, SENTENCE)[1]
    assert len(ask(provider, SENTENCE, rate=320)[1].pcm) < 0.6 * len(plain.pcm)
    assert pitch_hz(ask(provider, SENTENCE, pitch=90)[1]) > 1.3 * pitch_hz(plain) > 100
    assert level_db(ask(provider, SENTENCE, volume=25)[1].pcm) == pytest.approx(
        level_db(plain.pcm) - 6, abs=1
    )
    assert len(ask(provider, SENTENCE, word_gap=10)[1].pcm) > len(plain.pcm) + 0.5 * RATE


def test_speed_multiplies_the_rate(provider: Espeak) -> None:
    assert (
        ask(provider, SENTENCE, speed=2.0)[1].pcm.tobytes()
        == ask(provider, SENTENCE, rate=320)[1].pcm.tobytes()
    )
    slowest, fastest = (len(ask(provider, SENTENCE, speed=speed, rate=400)[1].pcm) for speed in (0.5, 2.8))
    assert fastest < 0.6 * slowest


@pytest.mark.parametrize(
    ("direction", "longer", "louder"),
    [
        ("slowly", (1.1, 1.4), (-1, 1)),
        ("hurried", (0.7, 0.9), (-1, 1)),
        ("very slowly", (1.2, 1.6), (-1, 1)),
        ("loudly", (0.8, 1.1), (1.5, 6)),
        ("SHOUTING!", (0.8, 1.1), (2.5, 7)),
        ("softly", (0.9, 1.2), (-6, -2)),
        ("triste y cansada", (1.2, 1.8), (-8, -1)),
        ("wütend", (0.8, 1.0), (1, 5)),
    ],
)
def test_directions_are_heard(
    provider: Espeak, direction: str, longer: tuple[float, float], louder: tuple[float, float]
) -> None:
    plain, directed = ask(provider, SENTENCE)[1], ask(provider, SENTENCE, direction=direction)[1]
    assert longer[0] < len(directed.pcm) / len(plain.pcm) < longer[1]
    assert louder[0] < level_db(directed.pcm) - level_db(plain.pcm) < louder[1]


def test_directions_for_pitch_and_melody_are_heard(provider: Espeak) -> None:
    plain = pitch_hz(ask(provider, SENTENCE)[1])
    assert pitch_hz(ask(provider, SENTENCE, direction="in a high voice")[1]) > 1.1 * plain
    assert pitch_hz(ask(provider, SENTENCE, direction="deep")[1]) < 0.9 * plain


@pytest.mark.parametrize("voice", ["en-us", "en-us+f3", "es+Annie"])
def test_whispering_has_no_voice(provider: Espeak, voice: str) -> None:
    """A whisper has no pitch to be found."""
    spoken = pitches_hz(ask(provider, SENTENCE, voice=voice)[1])
    whispered = pitches_hz(ask(provider, SENTENCE, voice=voice, direction="whispering, urgent")[1])
    assert len(whispered) < 0.2 * len(spoken)


@pytest.mark.parametrize(
    ("voice", "whisper"), [("en-us", "whisper"), ("en+m3", "whisper"), ("es+f3", "whisperf")]
)
def test_a_woman_whispers_as_a_woman(provider: Espeak, voice: str, whisper: str) -> None:
    directed = ask(provider, SENTENCE, voice=voice, direction="whispering")[1]
    as_variant = ask(provider, SENTENCE, voice=f"{voice.partition('+')[0]}+{whisper}", speed=0.95)[1]
    assert directed.pcm.tobytes() == as_variant.pcm.tobytes()


def test_what_is_not_understood_changes_nothing(provider: Espeak) -> None:
    assert not provider.understood("with the weight of the sea on her shoulders")
    plain = ask(provider, SENTENCE)[1]
    directed = ask(provider, SENTENCE, direction="with the weight of the sea on her shoulders")[1]
    assert directed.pcm.tobytes() == plain.pcm.tobytes()


# Rehearsals


def rehearse(
    provider: Espeak, names: list[str], language: str = "en"
) -> dict[str, tuple[str, dict[str, Setting]]]:
    return provider.rehearse(tuple(Role(name=name) for name in names), language)


def test_every_role_rehearses_with_a_voice_of_its_own(provider: Espeak) -> None:
    names = ["narrator", *(f"role {n}" for n in range(300))]
    cast = rehearse(provider, names, "pt-BR")
    assert list(cast) == names
    assert cast["narrator"][0] == "roa/pt-BR"
    assert len({(voice, tuple(settings.items())) for voice, settings in cast.values()}) == len(names)
    for voice, settings in cast.values():
        assert voice.startswith("roa/pt-BR")
        assert provider.choose(voice, settings)[:2] == (voice, tuple(settings.items()))


def test_roles_added_later_change_no_voice(provider: Espeak) -> None:
    few, more = ["narrator", "Mara", "Tom"], ["narrator", "Mara", "Tom", "Ann", "Bo"]
    assert rehearse(provider, few).items() <= rehearse(provider, more).items()


def test_the_first_roles_are_the_easiest_to_tell_apart(provider: Espeak) -> None:
    """The first ten voices differ more, by the spectrum of one sentence, than one voice at two pitches."""

    def timbre(voice: str, settings: dict[str, Setting]) -> Samples:
        canonical, chosen, _ = provider.choose(voice, settings)
        samples = ask(provider, SENTENCE, voice=canonical, **dict[str, Any](chosen))[1].pcm.astype(float)
        spectrum = np.abs(np.fft.rfft(samples, 1 << 18)) ** 2
        bands = np.array([band.mean() for band in np.array_split(spectrum[1000:90_000], 60)])
        shape = 10 * np.log10(bands + 1e-9)
        centred: Samples = shape - shape.mean()
        return centred

    cast = rehearse(provider, ["narrator", *(f"role {n}" for n in range(9))])
    shapes = [timbre(voice, settings) for voice, settings in cast.values()]
    apart = [np.sqrt(np.mean((a - b) ** 2)) for i, a in enumerate(shapes) for b in shapes[:i]]
    alike = np.sqrt(np.mean((timbre("en", {"pitch": 50}) - timbre("en", {"pitch": 55})) ** 2))
    assert min(apart) > alike


def test_what_cannot_be_spoken_is_refused_in_the_account(provider: Espeak) -> None:
    """With the reason; and it costs nothing, like everything here."""
    account = Notebook()
    asked, _ = ask(provider, "One.")
    with pytest.raises(ProviderError):
        provider.generate(
            asked.model_copy(update={"spoken": asked.spoken.model_copy(update={"text": "x" * 20_001})}),
            account=account,
        )
    provider.generate(asked, account=account)

    assert account.outcomes == ["refused", "answered"]
    assert "20001 characters" in account.reasons[0]
    assert [each.bill for each in account.written] == [Bill(20_001, 0, "USD"), Bill(4, 0, "USD")]
