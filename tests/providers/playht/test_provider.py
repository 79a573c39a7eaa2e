"""PlayHT as a provider: what is asked for, and jobs that end well. Its promises are in `test_contract`."""

from __future__ import annotations

import io
import threading
from contextlib import closing
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import soundfile

from narrator.errors import KeyMissing, KeyRefused, ProviderError, RequestRefused, ServiceGone
from narrator.manuscript import Mark
from narrator.providers.base import Provider
from narrator.providers.playht import PlayHT
from tests.outside import Answer, closed_port, said
from tests.providers.accounts import Notebook
from tests.providers.playht.asking import HASTY, at, request
from tests.providers.playht.jobs_server import JENNIFER, OWN, RATE, PlayHTServer, samples, sse

SENTENCE = "The old man of the sea said: “No.”"
UNLISTED = "s3://voice-cloning-zero-shot/99999999-0000-4000-8000-000000000000/who/manifest.json"
ABRAM = "s3://voice-cloning-zero-shot/11111111-2222-4333-8444-555555555555/abram/manifest.json"


def test_it_has_every_side_of_a_provider() -> None:
    with closing(PlayHT()) as playht:
        provider: Provider = playht
        assert provider.status.on("2026-11-20") == "dead"
        with pytest.raises(ProviderError, match="rehearse"):
            playht.rehearse((), "en")


@pytest.mark.parametrize("follow", ["events", "polling"])
def test_a_line_is_spoken(server: PlayHTServer, follow: str) -> None:
    server.busy = 2
    account = Notebook()
    with closing(at(server, follow=follow, price_per_1000=0.5)) as playht:
        (made,) = playht.generate(request(SENTENCE), account=account)

    assert made.rate == RATE
    assert np.array_equal(made.pcm, samples(SENTENCE))
    assert (made.words, made.word_source) == ((), "estimated")
    (job,) = server.made
    assert made.ids == (("job", job),)
    assert account.written[0].ids == (("job", job),)
    assert made.characters == len(SENTENCE)
    assert made.cost == pytest.approx(len(SENTENCE) * 0.5 / 1000)
    asked = server.seen_at("GET", f"/api/v2/tts/{job}")
    assert len(asked) == (1 if follow == "events" else 3)
    if follow == "events":
        assert asked[0].headers["accept"] == "text/event-stream"


def test_everything_is_said_explicitly(server: PlayHTServer) -> None:
    with closing(at(server)) as playht:
        playht.generate(request("One."))
        playht.generate(
            request(
                "Two.",
                model="PlayHT2.0",
                speed=1.25,
                direction="angry",
                settings=(
                    ("quality", "premium"),
                    ("sample_rate", 44_100),
                    ("seed", 0),
                    ("style_guidance", 20.0),
                    ("temperature", 0.3),
                    ("text_guidance", 1.5),
                    ("voice_guidance", 3.0),
                ),
            )
        )
    assert server.created == [
        {
            "text": "One.",
            "voice": JENNIFER,
            "voice_engine": "PlayHT2.0",
            "quality": "medium",
            "output_format": "wav",
            "speed": 1.0,
            "sample_rate": 24_000,
        },
        {
            "text": "Two.",
            "voice": JENNIFER,
            "voice_engine": "PlayHT2.0",
            "quality": "premium",
            "output_format": "wav",
            "speed": 1.25,
            "sample_rate": 44_100,
            "seed": 0,
            "temperature": 0.3,
            "voice_guidance": 3.0,
            "style_guidance": 20.0,
            "text_guidance": 1.5,
            "emotion": "female_angry",
        },
    ]


@pytest.mark.parametrize(
    ("voice", "settings", "style", "emotion"),
    [
        (JENNIFER, (), "sad", "female_sad"),
        (JENNIFER, (("gender", "male"),), "sad", "male_sad"),
        (ABRAM, (), "fearful", "male_fearful"),  # as the service lists it
        (UNLISTED, (), "happy", "happy"),
        (UNLISTED, (("gender", "female"),), "disgust", "female_disgust"),
        (JENNIFER, (), "male_surprised", "male_surprised"),  # as the role's own `styles` say
    ],
)
def test_an_emotion_is_asked_of_somebody(
    server: PlayHTServer, voice: str, settings: tuple[tuple[str, Any], ...], style: str, emotion: str
) -> None:
    with closing(at(server)) as playht:
        assert playht.understood(style)
        for _ in range(2):
            playht.generate(request("One.", voice=voice, settings=settings, direction=style))
    assert [body["emotion"] for body in server.created] == [emotion] * 2
    assert len(server.seen_at("GET", "/api/v2/voices")) == (voice in (ABRAM, UNLISTED) and not settings)


def test_what_the_service_would_refuse_is_not_sent(server: PlayHTServer) -> None:
    account = Notebook()
    with closing(at(server)) as playht:
        for asked in (
            request("x" * 2001),
            request("x" * 20_001, model="Play3.0-mini"),
            request("\u200b"),
            request("One.", speed=6.0),
            request("One.", direction="bored"),
            request("One.", direction="happy", model="Play3.0-mini"),
            request("One.", settings=(("voice_guidance", 2.0),), model="PlayHT1.0"),
            request("One.", model="PlayDialog"),
        ):
            with pytest.raises(RequestRefused):
                playht.generate(asked, account=account)
        playht.generate(request("x" * 2_100, model="Play3.0-mini"), account=account)
    assert len(account.written) == server.billed == 1


def test_pauses_at_the_ends_are_silence_of_their_length(server: PlayHTServer) -> None:
    text = "One, two."
    marks = [Mark(kind="pause", start=place, end=place, value="250") for place in (0, 5, len(text))]
    with closing(at(server)) as playht:
        (made,) = playht.generate(request(text, *marks))
    assert len(made.pcm) == len(samples(text)) + 2 * 6000
    assert not made.pcm[:6000].any()
    assert not made.pcm[-6000:].any()


@pytest.mark.parametrize("engine", ["PlayHT1.0", "Play3.0-mini"])
def test_other_engines(server: PlayHTServer, engine: str) -> None:
    with closing(at(server)) as playht:
        choice = playht.choose(OWN, {"engine": engine, "seed": 7})
        assert choice.models == (engine,)
        playht.generate(request("One.", model=engine, voice=choice.voice, settings=choice.settings))
    assert (server.created[0]["voice_engine"], server.created[0]["seed"]) == (engine, 7)


def test_a_language_is_told_to_the_engine_that_speaks_it(server: PlayHTServer) -> None:
    with closing(at(server, language="pt-BR")) as playht:
        choice = playht.choose("Jennifer", {})
        assert choice.models == ("Play3.0-mini",)
        playht.generate(request("Um.", model=choice.models[0], settings=choice.settings))
    assert server.created[0]["language"] == "portuguese"


# How a job is named, and how its end is learnt


def _named(body: object, **rest: Any) -> Answer:
    return said(body, status=201, **rest)


def test_a_job_is_known_by_its_body_its_address_or_its_first_event(server: PlayHTServer) -> None:
    with closing(at(server)) as playht:
        playht.generate(request("One."))
        (job,) = server.made
        place = {"Location": f"/api/v2/tts/{job}"}
        for answer in (
            _named({"id": job}),
            Answer(b"", status=201, headers=place),
            Answer(b"<html>", status=200, headers={"Location": f"/api/v2/tts/{job}?format=event-stream"}),
            Answer(b'{"id": "cut', status=201, headers=place, length=100),
            Answer(
                sse("generating", {"id": job, "progress": 0, "stage": "queued"}),
                headers={"Content-Type": "text/event-stream"},
            ),
        ):
            server.add(answer)
            account = Notebook()
            (made,) = playht.generate(request("One."), account=account)
            assert made.ids == (("job", job),)
            assert account.outcomes == ["answered"]
    assert server.billed == 1


@pytest.mark.parametrize(
    "answer",
    [
        _named({}),
        _named({"id": None}),
        _named({"id": "../../voices"}),
        _named([]),
        Answer(b"event: ping\r\ndata: x\r\n\r\n", headers={"Content-Type": "text/event-stream"}),
        Answer(b"", headers={"Location": "https://elsewhere.example/api/v2/tts/a/../../x?"}),
    ],
)
def test_an_answer_without_a_job_may_have_been_billed(server: PlayHTServer, answer: Answer) -> None:
    server.add(answer)
    account = Notebook()
    with closing(at(server)) as playht:
        playht.generate(request("One."), account=account)
    assert account.outcomes == ["broken", "answered"]


def _events(*pieces: bytes, **rest: Any) -> Answer:
    return Answer(list(pieces), headers={"Content-Type": "text/event-stream"}, **rest)


STREAMS = {
    "early end": _events(sse("generating", {"stage": "queued"})),
    "cut": _events(sse("generating", {"stage": "queued"}), cut=20),
    "nothing": _events(),
    "an event cut short": _events(b'event: completed\r\ndata: {"url": "http'),
    "completed, of nothing": _events(sse("completed", {"id": "x"})),
    "no JSON": _events(b"event: completed\r\ndata: done\r\n\r\n"),
    "a line without end": _events(b"data: " + b"x" * (1 << 20), b"x" * 100),
    "none on offer": said({"error_message": "no events here"}, status=406),
    "JSON instead": said({"id": "x", "output": None, "status": "queued"}),
    "garbage": Answer(b"<html>", headers={"Content-Type": "text/html"}),
}


@pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS)
def test_a_job_whose_events_say_nothing_is_asked_for(server: PlayHTServer, stream: Answer) -> None:
    account = Notebook()
    # Garbage is asked for again as events until the patience with that ends.
    server.add(server.answer, *[stream] * (3 if stream is STREAMS["garbage"] else 1))
    with closing(at(server)) as playht:
        (made,) = playht.generate(request("One."), account=account)
    assert np.array_equal(made.pcm, samples("One."))
    assert account.outcomes == ["answered"]
    assert server.billed == 1


def test_faults_of_the_service_do_not_end_a_job(server: PlayHTServer) -> None:
    broken = said({"message": "Internal", "error": "Oops"}, status=500)
    server.add(server.answer, broken, server.answer)
    server.add(said("Rate limit exceeded", status=429), broken)
    with closing(at(server)) as playht:
        playht.generate(request("One."))
    assert server.billed == 1


def test_a_job_that_is_made_comes_to_its_end_when_it_is_stopped(server: PlayHTServer) -> None:
    """It is paid for. Nothing else is begun."""
    hold = threading.Event()
    account = Notebook()
    server.busy = 3
    server.add(lambda seen: replace(server.answer(seen), wait=hold))
    with closing(at(server, follow="polling")) as playht:
        answers: list[Any] = []
        asking = threading.Thread(
            target=lambda: answers.append(playht.generate(request("One."), account=account))
        )
        asking.start()
        server.wait_for(1)
        playht.stop()
        hold.set()
        asking.join(5)
        assert len(answers) == 1
        with pytest.raises(ProviderError, match="stopped"):
            playht.generate(request("Two."))
    assert account.outcomes == ["answered"]
    assert server.billed == 1


# Voices and keys


def test_voices_are_listed_as_a_cast_names_them(server: PlayHTServer) -> None:
    with closing(at(server)) as playht:
        voices = {voice.name: voice for voice in playht.voices()}
        assert list(voices) == ["Jennifer", ABRAM, "larry", "id/matthew", OWN]
        assert [voice.id for voice in voices.values()] == [JENNIFER, "", "", "", ""]
        assert [playht.choose(name, {}).voice for name in voices] == [
            JENNIFER,
            ABRAM,
            "larry",
            "id/matthew",
            OWN,
        ]
        assert voices["Jennifer"].gender == "female"
        assert "Jennifer (English (US)/American), English (US), american" in voices["Jennifer"].description
        assert "cloned" in voices[OWN].description
        server.add(server.answer, said({"error_message": "no"}, status=404))
        assert len(playht.voices()) == 4
        playht.generate(request("One.", voice="id/matthew", model="PlayHT1.0"))
    assert server.created[0]["voice"] == "matthew"


def test_both_halves_of_a_key_go_to_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """And to nobody else: the server asserts that none goes to its files."""
    monkeypatch.setenv("PLAYHT_API_KEY", "open-sesame")
    monkeypatch.setenv("PLAYHT_USER_ID", "ali-baba")
    with PlayHTServer(key="open-sesame") as server, closing(at(server)) as playht:
        playht.generate(request("One."))
        assert server.seen[0].headers["x-user-id"] == "ali-baba"
        monkeypatch.setenv("PLAYHT_API_KEY", "wrong-key-entirely")
        with closing(at(server)) as other, pytest.raises(KeyRefused) as caught:
            other.generate(request("One."))
        assert "wrong-key-entirely" not in str(caught.value)


def test_elsewhere_both_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(PlayHT()) as playht, pytest.raises(KeyMissing, match="PLAYHT_API_KEY"):
        playht.generate(request("One."))
    monkeypatch.setenv("PLAYHT_API_KEY", "k-0123456789")
    with closing(PlayHT()) as playht, pytest.raises(KeyMissing, match="PLAYHT_USER_ID"):
        playht.voices()


def test_a_service_that_is_gone_says_why() -> None:
    with (
        closing(PlayHT({"base_url": f"http://127.0.0.1:{closed_port()}"}, patience=HASTY)) as playht,
        pytest.raises(ServiceGone, match="closed at the end of 2025"),
    ):
        playht.generate(request("One."), account=(account := Notebook()))
    assert set(account.outcomes) == {"unsent"}


@pytest.mark.parametrize("kind", ["FLAC", "OGG", "MP3"])
def test_a_file_says_itself_what_it_is(server: PlayHTServer, kind: str) -> None:
    text = "Hello there."
    file = io.BytesIO()
    soundfile.write(file, samples(text), RATE, format=kind)
    server.changes = {"size": len(file.getvalue())}
    server.add(server.answer, server.answer, Answer(file.getvalue()))
    with closing(at(server, format=kind.lower())) as playht:
        settings = playht.choose("Jennifer", {}).settings
        (made,) = playht.generate(request(text, settings=settings))
    assert made.rate == RATE
    assert abs(len(made.pcm) - len(samples(text))) < 3000
    assert server.created[0]["output_format"] == kind.lower()
