"""Voices over the wire: pages, names as a cast writes them, keeping and deleting."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from narrator.errors import OutOfCredit, RequestRefused, ServiceFailed, ServiceGone
from narrator.providers.hume.roster import find
from narrator.providers.hume.voices import Voices
from narrator.transport import Transport
from tests.outside import DROP, Answer, Outside, Seen, Step, said
from tests.providers.hume.asking import HASTY

AVA = {"id": "5bb7de05-c8fe-426a-8fcc-ba4fc4ce9f9c", "name": "Ava Song", "provider": "HUME_AI"}
GENERATION = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"
VOICE_ID = "11111111-2222-4333-8444-555555555555"


@contextmanager
def opened(outside: Outside) -> Iterator[Voices]:
    transport = Transport(
        provider="hume", base_url=outside.url, headers={}, concurrency=4, patience=HASTY, news="news"
    )
    with closing(transport):
        yield Voices(transport, keyed=True)


def page(*voices: object, of: object = 1, number: int = 0) -> Answer:
    return said({"page_number": number, "page_size": 100, "total_pages": of, "voices_page": list(voices)})


def voice(number: int, **rest: Any) -> dict[str, Any]:
    return {"id": f"00000000-0000-4000-8000-{number:012}", "name": f"Newcomer {number}", **rest}


def query(seen: Seen) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(seen.path).query).items()}


def names(*script: Step) -> list[str]:
    with Outside(*script) as outside, opened(outside) as voices:
        return [voice.name for voice in voices.every()]


def test_both_owners_are_asked_page_after_page() -> None:
    with (
        Outside(page(AVA, of=2), page(voice(1), of=2, number=1), page(voice(2, name="Mara"))) as outside,
        opened(outside) as voices,
    ):
        found = voices.every()

    assert [each.name for each in found] == ["Ava Song", voice(1)["id"], "custom/Mara"]
    assert [find(each.name) for each in found] == [each.name for each in found]
    assert [query(seen) for seen in outside.seen] == [
        {"provider": "HUME_AI", "page_number": "0", "page_size": "100"},
        {"provider": "HUME_AI", "page_number": "1", "page_size": "100"},
        {"provider": "CUSTOM_VOICE", "page_number": "0", "page_size": "100"},
    ]


def test_what_is_known_of_a_voice_is_told() -> None:
    tags = {"GENDER": ["Female"], "ACCENT": ["Welsh"], "LANGUAGE": ["English", "Elvish"], "AGE": []}
    french = voice(1, name="Mika the Teacher", compatible_octave_models=["2"], tags={"gender": "Male"})
    with (
        Outside(
            page({**AVA, "compatible_octave_models": ["1", "2"], "tags": tags}, french), page()
        ) as outside,
        opened(outside) as voices,
    ):
        ava, other = voices.every()

    assert (ava.gender, ava.languages) == ("female", ("en",))
    assert ava.description == "Octave 1 and 2; gender Female; accent Welsh; language English, Elvish"
    # Newer than narrator: it is named by its id, and found by its name.
    assert (other.name, other.gender) == (french["id"], "male")
    assert other.description.startswith("Mika the Teacher; Octave 2")


def test_a_name_that_does_not_find_its_voice_gives_way_to_its_id() -> None:
    twice = [voice(1, name="Mara"), voice(2, name="Mara"), voice(3, name=" two  spaces"), voice(4, name="")]

    assert names(page(), page(*twice)) == [
        "custom/Mara",
        "custom/00000000-0000-4000-8000-000000000002",
        "custom/00000000-0000-4000-8000-000000000003",
        "custom/00000000-0000-4000-8000-000000000004",
    ]


def test_a_list_ends() -> None:
    """At an empty page, at the last page, or where a service that knows no pages sends the same again."""
    assert names(page(AVA, of=99), page(of=99), page(of=99)) == ["Ava Song"]
    assert names(page(AVA, of=99), page(AVA, of=99), page(of=0)) == ["Ava Song"]
    assert names(page(AVA, of=None), page(of="many"), page(of=None)) == ["Ava Song"]
    assert names(page(AVA, of=0), page(of=0)) == ["Ava Song"]


def test_odd_entries_are_passed_over() -> None:
    assert names(page(None, 3, {}, {"name": 3, "id": []}, {**AVA, "tags": [], "extra": 1}), page()) == [
        "Ava Song"
    ]


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"voices": []}', b'{"voices_page": {}}', b'{"voices_page"']
)
def test_an_answer_that_is_no_list_is_an_error_not_an_empty_list(body: bytes) -> None:
    with Outside(then=Answer(body)) as outside, opened(outside) as voices, pytest.raises(ServiceFailed):
        voices.every()
    assert len(outside.seen) > 1  # reading costs nothing: it is asked again


def test_an_empty_account_can_still_be_seen() -> None:
    with (
        Outside(said({"code": "E0300", "message": "No credit."}, status=400)) as outside,
        opened(outside) as voices,
        pytest.raises(OutOfCredit),
    ):
        voices.every()


def test_a_service_without_voices_is_no_service() -> None:
    with (
        Outside(then=Answer(b"<html>parked</html>", status=404)) as outside,
        opened(outside) as voices,
        pytest.raises(ServiceGone, match="news"),
    ):
        voices.every()


def test_a_voice_is_saved() -> None:
    with (
        Outside(said({"id": VOICE_ID, "name": "Mara", "provider": "CUSTOM_VOICE"})) as outside,
        opened(outside) as voices,
    ):
        saved = voices.save(GENERATION, "Mara")

    assert str(saved) == "hume/custom/Mara"
    (seen,) = outside.seen
    assert (seen.method, seen.path) == ("POST", "/v0/tts/voices")
    assert seen.json() == {"generation_id": GENERATION, "name": "Mara"}


@pytest.mark.parametrize("answer", [said({}), Answer(b"{}"), Answer(b"")])
@pytest.mark.parametrize("name", ["Mara", "custom/Mara"])
def test_a_voice_is_deleted_by_its_name(name: str, answer: Answer) -> None:
    """The answer may be empty."""
    with Outside(answer) as outside, opened(outside) as voices:
        voices.delete(name)
    (seen,) = outside.seen
    assert (seen.method, query(seen)) == ("DELETE", {"name": "Mara"})


def test_a_voice_is_deleted_by_its_id() -> None:
    """The service deletes by name alone."""
    with Outside(page(voice(1), voice(2, name="Mara & Co")), said({})) as outside, opened(outside) as voices:
        voices.delete(f"custom/{voice(2)['id']}")
    assert query(outside.seen[1]) == {"name": "Mara & Co"}


def test_a_voice_that_is_not_there_is_not_the_end_of_the_service() -> None:
    with (
        Outside(said({"detail": "Not Found"}, status=404)) as outside,
        opened(outside) as voices,
        pytest.raises(RequestRefused),
    ):
        voices.delete("Mara")


def test_a_designed_voice_is_kept_once() -> None:
    """Under a name made from its generation, however many ask for it at the same time."""
    saving = threading.Event()
    saved = said({"id": VOICE_ID, "name": f"narrator-{GENERATION}"}, wait=saving)
    with Outside(page(), saved) as outside, opened(outside) as voices, ThreadPoolExecutor(4) as threads:
        asked = [threads.submit(voices.keep, GENERATION) for _ in range(4)]
        outside.wait_for(2)
        saving.set()
        assert {each.result() for each in asked} == {VOICE_ID}
    assert outside.seen[1].json() == {"generation_id": GENERATION, "name": f"narrator-{GENERATION}"}


def test_a_kept_voice_is_found_again() -> None:
    """By another run, without keeping it twice."""
    kept = {"id": VOICE_ID, "name": f"narrator-{GENERATION}"}
    with Outside(page(voice(1), of=2), page(kept, of=2)) as outside, opened(outside) as voices:
        assert voices.keep(GENERATION) == VOICE_ID
    assert {seen.method for seen in outside.seen} == {"GET"}


def test_a_service_may_give_a_voice_no_id() -> None:
    with Outside(said({"id": None, "name": "x"})) as outside, opened(outside) as voices:
        assert voices.keep(GENERATION, new=True) == f"narrator-{GENERATION}"


def test_a_lost_answer_to_a_save_that_succeeded_does_no_harm() -> None:
    """The next attempt is told that the name exists, and finds the voice."""
    kept = {"id": VOICE_ID, "name": f"narrator-{GENERATION}"}
    exists = said({"message": "A voice of that name already exists"}, status=409)
    with Outside(DROP, exists, page(kept)) as outside, opened(outside) as voices:
        assert voices.keep(GENERATION, new=True) == VOICE_ID


@pytest.mark.parametrize(
    "answer",
    [
        said({"detail": "Not Found"}, status=404),
        said({"message": "Unknown generation"}, status=400),
        said({"detail": [{"loc": ["body", "generation_id"], "msg": "expired"}]}, status=422),
    ],
)
def test_a_designed_voice_that_is_gone_is_never_another_one(answer: Answer) -> None:
    """It can neither be found nor kept: the line is refused, with what to do."""
    with Outside(page(), answer) as outside, opened(outside) as voices:
        with pytest.raises(RequestRefused, match="is gone") as caught:
            voices.keep(GENERATION)
        outside.add(page(), said({"id": VOICE_ID}))
        assert voices.keep(GENERATION) == VOICE_ID  # a refusal is not remembered
    assert "description" in str(caught.value)
