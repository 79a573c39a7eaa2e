"""Pronunciation dictionaries: kept, merged, bounded, and heard."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from narrator.serving.sarvam.dictionaries import respell
from tests.serving.running import Running, running
from tests.serving.sarvam.asking import DICTIONARIES, SPEECH, ask, files, heard, refused, upload

LAMP = {"en-IN": {"lamp": "candlestick"}}


@pytest.fixture
def empty() -> Iterator[Running]:
    """A server that has no dictionaries."""
    with running() as started:
        yield started


def create(server: Running, pronunciations: object) -> str:
    answer = server.client.post(DICTIONARIES, files=upload(pronunciations))
    assert answer.status_code == 200, answer.text
    assert list(answer.json()) == ["dictionary_id"]
    dict_id: str = answer.json()["dictionary_id"]
    return dict_id


def test_life_of_a_dictionary(empty: Running) -> None:
    """Read by its path, changed and deleted by the query; words that a change does not name stay."""
    client = empty.client
    dict_id = create(empty, LAMP | {"hi-IN": {"दीपक": "दिया"}})
    assert re.fullmatch(r"p_[0-9a-f]{8}", dict_id)
    assert client.get(DICTIONARIES).json() == {"dictionary_count": 1, "dictionaries": [dict_id]}
    merged = {"en-IN": {"lamp": "lantern", "CEO": "see ee oh"}, "hi-IN": {"दीपक": "दिया"}}

    changed = client.put(
        DICTIONARIES,
        params={"dict_id": dict_id},
        files=upload({"en-IN": {"lamp": "lantern", "CEO": "see ee oh"}}),
    )

    assert changed.json() == {"dictionary_id": dict_id, "updated_pronunciations": merged}
    assert client.get(f"{DICTIONARIES}/{dict_id}").json() == {"pronunciations": merged}
    deleted = client.delete(DICTIONARIES, params={"dict_id": dict_id}).json()
    assert deleted["success"] is True
    assert dict_id in deleted["message"]
    assert client.get(DICTIONARIES).json() == {"dictionary_count": 0, "dictionaries": []}
    gone = [
        client.get(f"{DICTIONARIES}/{dict_id}"),
        client.delete(DICTIONARIES, params={"dict_id": dict_id}),
        client.put(DICTIONARIES, params={"dict_id": dict_id}, files=upload(LAMP)),
        ask(client, dict_id=dict_id),
    ]
    assert [refused(each)[:2] for each in gone] == [(404, "not_found_error")] * 4


def test_dictionaries_outlive_a_server(tmp_path: Path) -> None:
    with running(state=tmp_path) as server:
        dict_id = create(server, LAMP)
    with running(state=tmp_path) as server:
        assert server.client.get(f"{DICTIONARIES}/{dict_id}").json() == {"pronunciations": LAMP}


def test_words_are_said_otherwise(server: Running) -> None:
    """Whole words, of the language of the request, exactly as they are written; nothing else."""
    dict_id = create(server, {"en-IN": {"lamp": "candlestick"}, "hi-IN": {"boat": "दीपक"}})
    text = "The lamp burns. A boat, the Lamp and lamplight."

    said = heard(server.client, text, dict_id=dict_id)
    written = heard(server.client, text.replace("lamp ", "candlestick "))

    assert np.array_equal(said, written)
    assert not np.array_equal(said, heard(server.client, text))
    (whole,) = files(ask(server.client, SPEECH, text, dict_id=dict_id, speech_sample_rate=24_000))
    assert np.array_equal(np.frombuffer(whole[44:], "<i2"), written)
    for model in ({"speaker": "simran_en_narration", "model": "bulbul:v4-flash"}, {"model": "bulbul:v3"}):
        assert len(heard(server.client, text, dict_id=dict_id, **model))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Kvothe's lute, Kvothe.", "Quoth's lute, Quoth."),
        ("kvothe Kvothes reKvothe Kvothe2", "kvothe Kvothes reKvothe Kvothe2"),
        ("New York, New Yorkers", "York of old, New Yorkers"),
        ("a b", "b a"),
        ("«Kvothe»—Kvothe", "«Quoth»—Quoth"),
        ("नम नमः नमस्ते", "राम नमः नमस्ते"),
        ("क्या की क", "क्या की ख"),
        ("C++ and C+++", "see and see+"),
    ],
)
def test_whole_words(text: str, said: str) -> None:
    """Signs that follow a letter in Indian scripts are part of its word; what was put in is left alone."""
    words = {
        "Kvothe": "Quoth",
        "New York": "York of old",
        "a": "b",
        "b": "a",
        "नम": "राम",
        "क": "ख",
        "C++": "see",
    }

    assert respell(text, words) == said


def test_limits(empty: Running) -> None:
    """A hundred words, all languages together; ten dictionaries; a mebibyte. A refusal changes nothing."""
    client = empty.client
    words = {f"word{number}": "x" for number in range(60)}
    full = {"en-IN": words, "hi-IN": dict.fromkeys(list(words)[:40], "x")}
    broken = (422, "unprocessable_entity_error")

    dict_id = create(empty, full)
    one_more = client.put(DICTIONARIES, params={"dict_id": dict_id}, files=upload({"ta-IN": {"x": "y"}}))
    assert refused(one_more)[:2] == broken
    assert refused(client.post(DICTIONARIES, files=upload(full | {"te-IN": {"x": "y"}})))[:2] == broken
    again = client.put(DICTIONARIES, params={"dict_id": dict_id}, files=upload({"en-IN": {"word1": "y"}}))
    assert again.status_code == 200
    ids = [dict_id, *(create(empty, LAMP) for _ in range(9))]
    assert refused(client.post(DICTIONARIES, files=upload(LAMP)))[:2] == broken
    assert client.get(DICTIONARIES).json() == {"dictionary_count": 10, "dictionaries": ids}
    large = upload(b'{"pronunciations": {"en-IN": {"a": "%s"}}}' % (b"x" * 2**20))
    too_large = client.put(DICTIONARIES, params={"dict_id": dict_id}, files=large)
    assert refused(too_large)[:2] == (413, "invalid_request_error")


def test_a_dictionary_cannot_make_a_text_endless(server: Running) -> None:
    dict_id = create(server, {"en-IN": {"a": "on and on " * 10_000}})

    answer = ask(server.client, text="a " * 1000, dict_id=dict_id)

    assert refused(answer)[:2] == (400, "invalid_request_error")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff",
        b"[]",
        b"{}",
        b'{"pronunciations": []}',
        b'{"pronunciations": {"en-US": {"a": "b"}}}',
        b'{"pronunciations": {"en-IN": {"a": 1}}}',
        b'{"pronunciations": {"en-IN": {"": "b"}}}',
        b'{"pronunciations": {"en-IN": {"a": ""}}}',
        b'{"pronunciations": {"en-IN": "a"}}',
        b"[" * 100_000,
    ],
)
def test_files_that_are_no_dictionary(server: Running, content: bytes) -> None:
    assert refused(server.client.post(DICTIONARIES, files=upload(content)))[:2] == (
        400,
        "invalid_request_error",
    )


def test_uploads_that_are_none(server: Running) -> None:
    """The part has its name, its kind and its type; an id stands in the query."""
    client = server.client
    wrong = [
        client.post(DICTIONARIES),
        client.post(DICTIONARIES, json={"pronunciations": LAMP}),
        client.post(DICTIONARIES, data={"file": "{}"}),
        client.post(DICTIONARIES, files={"dictionary": upload(LAMP)["file"]}),
        client.post(DICTIONARIES, files=upload(LAMP, name="words.txt")),
        client.post(DICTIONARIES, files=upload(LAMP, kind="application/octet-stream")),
        client.post(DICTIONARIES, content=b"--x", headers={"content-type": "multipart/form-data"}),
        client.put(DICTIONARIES, files=upload(LAMP)),
        client.delete(DICTIONARIES),
    ]

    assert [refused(each)[:2] for each in wrong] == [(400, "invalid_request_error")] * len(wrong)
