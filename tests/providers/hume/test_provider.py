"""Hume as a provider: the contract, the line before, designed voices, guides, and everything that fails."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from narrator.errors import (
    KeyMissing,
    OutOfCredit,
    ProviderError,
    RequestRefused,
    ServiceFailed,
)
from narrator.manuscript import Mark
from narrator.providers.base import Provider, Streaming, VoiceKeeping
from narrator.providers.hume import Hume
from narrator.takes import Generation, Precedent, Request, Take
from tests.outside import Answer, lines, said
from tests.providers import contract
from tests.providers.hume.asking import at, request, take
from tests.providers.hume.octave import RATE, Octave, samples, timed, tone, wrong

KEY = "sesame-0123456789-open"
SENTENCE = "The old man of the sea said: “No.”"


def stored(asked: Request, generation: Generation) -> Take:
    """A generation as the store gives it back."""
    return replace(take(asked.spoken.text, ids=generation.ids), request=asked)


PLAIN: Mapping[str, Mapping[str, Any]] = {
    "streamed": {},
    "in one piece": {"stream": False},
    "octave 1": {"version": 1, "format": "pcm"},
    "three readings": {"num_generations": 3, "stream": False, "format": "pcm"},
    "three readings streamed": {"num_generations": 3},
}


@pytest.mark.parametrize("settings", PLAIN.values(), ids=PLAIN)
@pytest.mark.parametrize("promise", contract.PROMISES, ids=contract.name)
def test_keeps_the_promise(promise: contract.Promise, settings: Mapping[str, Any], octave: Octave) -> None:
    promise(
        contract.Subject(open=lambda: at(octave, **settings), voice="Ava Song", settings={"temperature": 0.5})
    )


def test_it_has_every_side_of_a_provider() -> None:
    with closing(Hume()) as hume:
        provider: Provider = hume
        assert isinstance(provider, Streaming)
        assert isinstance(provider, VoiceKeeping)
        with pytest.raises(ProviderError, match="rehearse"):
            hume.rehearse((), "en")


@pytest.mark.parametrize("stream", [True, False])
def test_a_line_is_spoken_and_timed(octave: Octave, stream: bool) -> None:
    asked = request(SENTENCE)
    with closing(at(octave, stream=stream)) as hume:
        (made,) = hume.generate(asked)
        assert hume.requests == 1

    assert made.rate == RATE
    assert np.array_equal(made.pcm, samples(SENTENCE))
    assert made.word_source == "service"
    heard = [SENTENCE[word.start : word.end] for word in asked.spoken.words]
    assert [
        (round(start / 45 * 1000 / RATE), round(end / 45 * 1000 / RATE)) for start, end in made.words
    ] == [
        (SENTENCE.index(f"{word} "), SENTENCE.index(f"{word} ") + len(word)) if word != "“No.”" else (29, 34)
        for word in heard
    ]
    assert made.phonemes
    assert made.transcript == SENTENCE
    assert dict(made.ids)["generation"] in octave.made
    assert dict(made.ids)["request"] == "request-1"
    assert "snippet" in dict(made.ids)
    assert made.characters == len(SENTENCE)
    assert made.cost == pytest.approx(len(SENTENCE) * 0.075 / 1000)
    assert made.context == "none"


def test_octave_1_is_not_timed(octave: Octave) -> None:
    with closing(at(octave)) as hume:
        (made,) = hume.generate(request(SENTENCE, model="octave-1", direction="slowly"))

    assert (made.words, made.word_source) == ((), "estimated")
    assert octave.asked[0]["utterances"][0]["description"] == "slowly"
    assert made.cost == pytest.approx(len(SENTENCE) * 0.15 / 1000)


@pytest.mark.parametrize("stream", [True, False])
def test_every_reading_is_given_back_the_first_first(octave: Octave, stream: bool) -> None:
    with closing(at(octave, num_generations=3, stream=stream)) as hume:
        made = hume.generate(request(SENTENCE))

    assert [dict(each.ids)["generation"] for each in made] == list(octave.made)
    for number, each in enumerate(made):
        assert np.array_equal(each.pcm, samples(SENTENCE, number))
        assert each.words
        assert each.cost > 0


def test_it_is_kept_what_times_were_counted_from(octave: Octave) -> None:
    """Where several snippets made that a question (contract 9.3)."""
    texts = ("One two three.", "Four five six.")
    shared = {"generation_id": "g", "request_id": "r"}
    told: list[dict[str, Any]] = []
    for number, text in enumerate(texts):
        sound = base64.b64encode(tone(text)).decode()
        whose = {**shared, "snippet_id": f"s-{number}"}
        told.append(
            {"type": "audio", **whose, "audio": sound, "chunk_index": 0, "is_last_chunk": True, "text": text}
        )
        told += [{"type": "timestamp", **whose, "timestamp": each} for each in timed(text)]
    octave.add(lines(*told))
    with closing(at(octave)) as hume:
        (made,) = hume.generate(request(" ".join(texts)))

    assert made.ids == (
        ("generation", "g"),
        ("request", "r"),
        ("snippet", "s-0"),
        ("snippet", "s-1"),
        ("clock", "snippet"),
    )
    assert made.words[3].start_sample == len(samples(texts[0]))


def test_pauses_at_the_ends_are_silence_of_their_length(octave: Octave) -> None:
    marks = [Mark(kind="pause", start=place, end=place, value="250") for place in (0, 5)]
    marks.append(Mark(kind="pause", start=len("One, two."), end=len("One, two."), value="500"))
    with closing(at(octave)) as hume:
        (made,) = hume.generate(request("One, two.", *marks))

    sent = octave.asked[0]["utterances"][0]["text"]
    assert sent == "One, [pause] two."
    sound = samples(sent)
    assert len(made.pcm) == 12_000 + len(sound) + 24_000
    assert not made.pcm[:12_000].any()
    assert np.array_equal(made.pcm[12_000:-24_000], sound)
    assert not made.pcm[-24_000:].any()
    # "two." stands behind "One, [pause] ".
    assert [start for start, _ in made.words] == [12_000, 12_000 + 13 * 45 * RATE // 1000]


# The line before


def test_a_chain_goes_on_by_id(octave: Octave) -> None:
    """Each request's context is the take before it."""
    asked = [request(text) for text in ("One.", "Two.", "Three.")]
    before: Take | None = None
    with closing(at(octave)) as hume:
        for each in asked:
            (made,) = hume.generate(each, before=before.precedent if before else None)
            assert made.context == ("id" if before else "none")
            before = stored(each, made)

    ids = list(octave.made)
    assert [body.get("context") for body in octave.asked] == [
        None,
        {"generation_id": ids[0]},
        {"generation_id": ids[1]},
    ]


def test_an_id_that_is_forgotten_gives_way_to_the_text(octave: Octave) -> None:
    with closing(at(octave)) as hume:
        (made,) = hume.generate(request("Two."), before=take("One.").precedent)
        assert hume.requests == 2

    assert made.context == "text"
    voice = {"name": "Ava Song", "provider": "HUME_AI"}
    assert octave.asked[-1]["context"] == {"utterances": [{"text": "One.", "voice": voice}]}


@pytest.mark.parametrize(
    "no",
    [
        said({"message": "Invalid context"}, status=400),
        said({"detail": "Not Found"}, status=404),
        said(wrong("context", "generation_id"), status=422),
        said({"error": {"message": "the previous generation has expired"}}, status=410),
        lines({"type": "error", "message": "context generation not found"}),
    ],
)
def test_a_context_refused_twice_is_left_out(octave: Octave, no: Answer) -> None:
    """However it is worded; and what was used in the end is told."""
    octave.add(no, no)
    with closing(at(octave)) as hume:
        (made,) = hume.generate(request("Two."), before=take("One.").precedent)

    assert made.context == "none"
    said_before = [seen.json().get("context") for seen in octave.seen]
    assert said_before[0] == {"generation_id": "g-1"}
    assert "utterances" in said_before[1]
    assert said_before[2] is None


def test_a_voice_of_the_line_before_that_is_gone_does_no_harm(octave: Octave) -> None:
    """An old take may be in a voice that the account has deleted since."""
    with closing(at(octave)) as hume:
        (made,) = hume.generate(request("Two."), before=take("One.", voice="custom/Deleted").precedent)
        with pytest.raises(RequestRefused, match="does not exist"):
            hume.generate(request("Two.", voice="custom/Deleted"), before=take("One.").precedent)

    assert made.context == "none"


def test_a_line_before_without_a_take_is_told_by_its_text(octave: Octave) -> None:
    with closing(at(octave)) as hume:
        (made,) = hume.generate(request("Two."), before=Precedent(request("One.")))

    assert made.context == "text"


def test_what_is_wrong_with_the_line_itself_is_not_blamed_on_the_context(octave: Octave) -> None:
    octave.add(said(wrong("utterances", 0, "text"), status=422))
    with closing(at(octave)) as hume:
        with pytest.raises(RequestRefused) as caught:
            hume.generate(request("Two."), before=take("One.").precedent)
        assert hume.requests == 1
    assert caught.value.field == "utterances[0].text"


# Voices from descriptions


def sailor(text: str, **rest: Any) -> Request:
    return request(text, model="octave-1", voice="", description="an old sailor", **rest)


def test_a_voice_is_made_once_and_kept(octave: Octave) -> None:
    """The first line makes it; all others, in this run and in later ones, are spoken in it."""
    first = sailor("Ahoy.")
    with closing(at(octave)) as hume:
        (made,) = hume.generate(first, before=take("One.").precedent)
        (second,) = hume.generate(
            sailor("Who goes there?"), designed=stored(first, made), before=stored(first, made).precedent
        )
    with closing(at(octave)) as again:
        (third,) = again.generate(sailor("Speak!", direction="angry"), designed=stored(first, made))

    design, *others = octave.asked
    assert design["version"] == "1"
    assert design["utterances"][0]["description"] == "an old sailor"
    assert "voice" not in design["utterances"][0]
    assert "context" not in design
    (number,) = octave.kept.values()
    assert [body["utterances"][0]["voice"] for body in others] == 2 * [
        {"id": number, "provider": "CUSTOM_VOICE"}
    ]
    assert others[1]["utterances"][0]["description"] == "angry"
    assert {dict(each.ids)["voice"] for each in (made, second, third)} == {number}
    assert (made.context, second.context) == ("none", "id")


def test_a_direction_is_acted_once_there_is_a_voice(octave: Octave) -> None:
    """The description takes its place in the request that makes the voice, so it is spoken again."""
    with closing(at(octave, num_generations=2)) as hume:
        made = hume.generate(sailor("Ahoy.", direction="whispering"), before=take("One.").precedent)

    design, spoken = octave.asked[0], octave.asked[-1]
    assert design["num_generations"] == 1
    assert design["utterances"][0]["description"] == "an old sailor"
    assert spoken["utterances"][0]["description"] == "whispering"
    assert len(made) == 2
    assert [each.characters for each in made] == [8, 7]  # the voice cost something, too
    assert dict(made[0].ids)["generation"] != dict(made[0].ids)["design"]
    assert made[0].context == "text"


def test_a_voice_that_could_not_be_kept_at_once_is_kept_for_the_next_line(octave: Octave) -> None:
    """The take is paid for and given back; another run finds the generation and keeps its voice."""
    first = sailor("Ahoy.")
    with closing(at(octave)) as hume:
        octave.add(octave.answer, said({"message": "no voices today"}, status=400))
        (made,) = hume.generate(first)
    assert "voice" not in dict(made.ids)
    with closing(at(octave)) as again:
        (second,) = again.generate(sailor("Who?"), designed=stored(first, made))

    assert dict(second.ids)["voice"] in octave.kept.values()


def test_a_voice_that_is_gone_is_never_another(octave: Octave) -> None:
    """Neither kept nor to be kept; or kept, and deleted since."""
    with closing(at(octave)) as hume:
        with pytest.raises(RequestRefused, match="is gone"):
            hume.generate(sailor("Who?"), designed=take("Ahoy."))
        with pytest.raises(RequestRefused, match="change its `description`"):
            hume.generate(sailor("Who?"), designed=take("Ahoy.", ids=(("generation", "g"), ("voice", "v-1"))))
        with pytest.raises(RequestRefused, match="change its `description`"):
            hume.generate(sailor("Who?"), designed=take("Ahoy.", ids=()))
    assert not octave.made


# Guides


def test_a_guide_is_followed(octave: Octave) -> None:
    """The recording is sent as it is; words are found in what the service says it heard."""
    guide = tone("what the guide says")
    asked = request("what the guide says", guide="0" * 64)
    with closing(at(octave, num_generations=3)) as hume:
        (made,) = hume.generate(asked, guide=guide, before=take("One.").precedent)

    assert octave.recordings[-1] == guide
    assert octave.asked[-1]["voice"] == {"name": "Ava Song", "provider": "HUME_AI"}
    assert made.context == "text"  # the fake has never heard of g-1
    assert len(made.words) == 4
    assert dict(made.ids)["generation"] in octave.made


def test_a_voice_is_made_before_it_follows_a_guide(octave: Octave) -> None:
    guide = tone("what the guide says")
    with closing(at(octave)) as hume:
        (made,) = hume.generate(sailor("what the guide says", guide="0" * 64), guide=guide)

    design, followed = octave.asked
    assert design["utterances"][0]["description"] == "an old sailor"
    assert followed["voice"] == {"id": dict(made.ids)["voice"], "provider": "CUSTOM_VOICE"}
    assert octave.recordings == [guide]


def test_a_guide_that_is_no_recording_is_refused(octave: Octave) -> None:
    with closing(at(octave)) as hume, pytest.raises(RequestRefused, match="WAV, MP3"):
        hume.generate(request("One.", guide="0" * 64), guide=b"fLaC....")
    assert not octave.seen


# Listening


@pytest.mark.parametrize(("stream", "path"), [(True, "/v0/tts/stream/file"), (False, "/v0/tts/file")])
def test_listening(octave: Octave, stream: bool, path: str) -> None:
    with closing(at(octave, stream=stream)) as hume:
        heard = list(hume.stream(request(SENTENCE), "wav"))

    assert b"".join(heard) == tone(SENTENCE)
    assert len(heard) > 1
    assert octave.seen[0].path == path


def test_listening_to_a_voice_that_is_made_for_it(octave: Octave) -> None:
    with closing(at(octave)) as hume:
        assert list(hume.stream(sailor("Ahoy."), "mp3"))
    assert "voice" not in octave.asked[0]["utterances"][0]


@pytest.mark.parametrize(
    ("step", "kind", "match"),
    [
        (Answer(b""), OutOfCredit, "most likely"),
        (said({"code": "E0300", "message": "No."}), OutOfCredit, "No."),
        (Answer(b'\n {"message": "decoder fell over"}'), ServiceFailed, "decoder fell over"),
        (Answer(b"<html>Welcome</html>"), ServiceFailed, "Welcome"),
        (Answer([tone("One."), tone("One.")], cut=20_000), ServiceFailed, "broke"),
        (said({"message": "gone"}, status=404), RequestRefused, "gone"),
        (said({"message": "No."}, status=401), KeyMissing, "HUME_API_KEY"),
    ],
)
def test_listening_in_vain(octave: Octave, step: Answer, kind: type[ProviderError], match: str) -> None:
    octave.add(step)
    with closing(at(octave)) as hume, pytest.raises(kind, match=match):
        list(hume.stream(request("One."), "wav"))


def test_what_is_stopped_asks_nothing_more(octave: Octave) -> None:
    """From any thread; a request in flight comes to its end."""
    hold = threading.Event()
    octave.add(lambda seen: replace(octave.answer(seen), wait=hold))
    with closing(at(octave)) as hume:
        answers: list[object] = []
        asking = threading.Thread(target=lambda: answers.append(hume.generate(request("One."))))
        asking.start()
        octave.wait_for(1)
        hume.stop()
        with pytest.raises(ProviderError, match="stopped"):
            hume.generate(request("Two."))
        hold.set()
        asking.join(5)
        assert len(answers) == 1
    assert len(octave.seen) == 1


@pytest.mark.parametrize("end", [Hume.stop, Hume.close])
def test_what_ended_before_it_began_asks_nothing(octave: Octave, end: Callable[[Hume], None]) -> None:
    hume = at(octave)
    end(hume)
    with closing(hume), pytest.raises(ProviderError, match="hume: "):
        hume.generate(request("One."))
    assert not octave.seen


def test_voices_are_listed_saved_and_deleted(octave: Octave) -> None:
    with closing(at(octave)) as hume:
        (made,) = hume.generate(sailor("Ahoy."))
        saved = hume.save_voice(dict(made.ids)["generation"], "Mara")
        assert str(saved) == "hume/custom/Mara"
        listed = {str(voice) for voice in hume.voices()}
        assert {"hume/Ava Song", "hume/custom/Mara"} <= listed
        assert hume.choose(saved.name, {}).voice == "custom/Mara"
        hume.delete_voice("custom/Mara")
        assert "hume/custom/Mara" not in {str(voice) for voice in hume.voices()}
