"""Voices of Supertone: how a cast writes them, and how they are listed and found."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest

from narrator.errors import ProviderError, RequestRefused, UnknownVoice
from narrator.providers.supertone.roster import KNOWN, find
from tests.outside import Answer, said
from tests.providers.supertone.asking import at, request
from tests.providers.supertone.sona import AIDEN, BELLA, MARA, Sona, no

ID = KNOWN["Aiden"]


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("Aiden", "Aiden"),
        (" aiden ", "Aiden"),
        ("Bella  Ray", "Bella Ray"),
        ("bella ray", "bella ray"),  # nobody here knows how she is written
        ("에이든", "에이든"),
        (ID.upper(), ID),
        ("00000000-ABCD-4000-8000-000000000001", "00000000-abcd-4000-8000-000000000001"),
        ("custom/Mara", "custom/Mara"),
        ("CUSTOM/ Mara", "custom/Mara"),
        ("custom/weKbNjMh2V5MuXziwHwjoT", "custom/weKbNjMh2V5MuXziwHwjoT"),
    ],
)
def test_a_voice_has_one_canonical_form(written: str, canonical: str) -> None:
    assert find(written) == canonical
    assert find(canonical) == canonical


@pytest.mark.parametrize(
    "written", ["", "  ", "custom/", "custom/ ", "…", "a\nb\0", "x" * 101, f"{ID}qz", ID[:12]]
)
def test_what_is_no_voice_is_refused_at_once(written: str) -> None:
    with pytest.raises(UnknownVoice, match="narrator voices supertone"):
        find(written)


def test_what_is_nearly_an_id_names_the_nearest() -> None:
    with pytest.raises(UnknownVoice) as caught:
        find(f"{ID}0qz")
    assert caught.value.nearest == f"supertone/{ID}"


def test_no_voice_is_made_from_a_description(sona: Sona) -> None:
    with closing(at(sona)) as supertone, pytest.raises(UnknownVoice, match="makes no voices"):
        supertone.choose(None, {})


def listed(sona: Sona) -> dict[str, Any]:
    """What `narrator voices` shows, by name."""
    with closing(at(sona)) as supertone:
        return {voice.name: voice for voice in supertone.voices()}


def test_voices_are_listed_page_after_page(sona: Sona) -> None:
    sona.presets += [
        {**BELLA, "voice_id": f"{number:022x}", "name": f"Newcomer {number}"} for number in range(5)
    ]
    voices = listed(sona)

    assert list(voices) == [
        "Aiden",
        "Bella Ray",
        *(f"Newcomer {number}" for number in range(5)),
        "custom/Mara",
    ]
    aiden = voices["Aiden"]
    assert (aiden.gender, aiden.languages) == ("male", ("en", "ko", "ja", "de"))
    assert "styles neutral, happy, Whisper" in aiden.description
    assert "audiobook" in aiden.description
    assert sona.seen[0].path == "/v1/voices?page_size=100"
    assert len(sona.seen) == 4 + 1


def test_names_that_are_shared_or_odd_give_way_to_ids(sona: Sona) -> None:
    other = {**AIDEN, "voice_id": "bbbb00000000000000000b"}
    sona.presets = [dict(AIDEN), other, {**BELLA, "name": "…"}, {**BELLA, "voice_id": "", "name": "Nobody"}]
    sona.own = [{"voice_id": "own-1", "name": ""}, {"voice_id": "own-2", "name": "Aiden"}]

    assert list(listed(sona)) == [ID, other["voice_id"], BELLA["voice_id"], "custom/own-1", "custom/Aiden"]


def test_an_account_without_voices_may_be_a_404(sona: Sona) -> None:
    sona.add(sona.answer, no(404, "No voices found"))
    assert list(listed(sona)) == ["Aiden", "Bella Ray"]


def test_a_list_that_never_ends_does(sona: Sona) -> None:
    page = said({"items": [AIDEN], "next_page_token": "again"})
    sona.add(page, page)
    assert list(listed(sona)) == ["Aiden", "custom/Mara"]
    assert len(sona.seen) == 3


@pytest.mark.parametrize("body", [[], {"items": {}}, {"voices": []}, "no"])
def test_a_list_that_is_none_is_an_error(body: object, sona: Sona) -> None:
    sona.add(*[said(body)] * 3)
    with closing(at(sona)) as supertone, pytest.raises(ProviderError, match="failed 3 times"):
        supertone.voices()


def test_odd_entries_are_passed_over(sona: Sona) -> None:
    odd = [
        None,
        3,
        {},
        {"voice_id": 7},
        {**BELLA, "language": "en-US", "styles": None, "gender": 4, "age": []},
    ]
    sona.add(said({"items": odd, "next_page_token": None}))
    voices = listed(sona)

    assert list(voices) == ["Bella Ray", "custom/Mara"]
    assert (voices["Bella Ray"].languages, voices["Bella Ray"].gender) == (("en",), "")


# Found by name


@pytest.mark.parametrize("name", ["Bella Ray", "bella ray"])
def test_a_name_is_searched_for(name: str, sona: Sona) -> None:
    with closing(at(sona)) as supertone:
        for _ in range(2):
            (made,) = supertone.generate(request("One.", voice=name))

    assert made.ids[1:] == (("voice", BELLA["voice_id"]), ("style", "soft"))
    assert [seen.path for seen in sona.seen if "voices" in seen.path] == [
        f"/v1/voices/search?page_size=100&name={name.replace(' ', '+')}"
    ]


def test_signs_that_mean_something_are_not_searched_for(sona: Sona) -> None:
    sona.presets.append({**BELLA, "voice_id": "cccc00000000000000000c", "name": "Ray, the Elder"})
    with closing(at(sona)) as supertone:
        (made,) = supertone.generate(request("One.", voice="Ray, the Elder"))

    assert "name=Ray+the+Elder" in sona.seen[0].path
    assert dict(made.ids)["voice"] == "cccc00000000000000000c"


def test_a_search_that_finds_others_is_not_believed(sona: Sona) -> None:
    """Then all voices are listed: how it compares is not known."""
    sona.add(said({"items": [BELLA], "total": 1, "next_page_token": None}))
    with closing(at(sona)) as supertone:
        (made,) = supertone.generate(request("One.", voice="Aiden"))

    assert dict(made.ids)["voice"] == ID
    assert sona.seen[1].path == "/v1/voices?page_size=100"


def test_an_id_of_another_shape_is_found_too(sona: Sona) -> None:
    """What their ids look like is known of one only."""
    odd = "weKbNjMh2V5MuXziwHwjoU"
    sona.presets.append({**BELLA, "voice_id": odd})
    with closing(at(sona)) as supertone:
        assert supertone.choose(odd, {}).voice == odd
        (made,) = supertone.generate(request("One.", voice=odd))
    assert dict(made.ids)["voice"] == odd


def test_many_lines_at_once_look_a_voice_up_once(sona: Sona) -> None:
    with closing(at(sona, concurrency=4)) as supertone, ThreadPoolExecutor(4) as threads:
        made = list(
            threads.map(lambda text: supertone.generate(request(text)), ["One.", "Two.", "Three."] * 3)
        )

    assert len(made) == 9
    assert sum(seen.method == "GET" for seen in sona.seen) == 1


def test_a_wrong_name_is_refused_before_anything_is_paid(sona: Sona) -> None:
    """And only the first line that has it asks."""
    with closing(at(sona)) as supertone:
        for _ in range(3):
            with pytest.raises(
                RequestRefused, match=r"no voice supertone/Bela Ray; did you mean 'Bella Ray'\?"
            ):
                supertone.generate(request("One.", voice="Bela Ray"))

    assert [seen.method for seen in sona.seen] == ["GET", "GET"]


def test_a_name_of_several_voices_is_refused_with_their_ids(sona: Sona) -> None:
    sona.presets.append({**AIDEN, "voice_id": "bbbb00000000000000000b"})
    with (
        closing(at(sona)) as supertone,
        pytest.raises(RequestRefused, match=f"2 voices are called 'Aiden'.*supertone/{ID}, supertone/bbbb"),
    ):
        supertone.generate(request("One."))


# Found by id


def test_an_id_may_be_of_the_service_or_of_the_account(sona: Sona) -> None:
    own = "dddd00000000000000000d"
    sona.own.append({"voice_id": own, "name": "Mine", "description": "no more is said"})
    with closing(at(sona)) as supertone:
        supertone.generate(request("One.", voice=ID))
        supertone.generate(request("Two.", voice=own))
        with pytest.raises(RequestRefused, match="no voice supertone/eeee00000000000000000e"):
            supertone.generate(request("Three.", voice="eeee00000000000000000e"))

    asked = [seen.path for seen in sona.seen if seen.method == "GET"]
    assert asked == [
        f"/v1/voices/{ID}",
        f"/v1/voices/{own}",
        f"/v1/custom-voices/{own}",
        "/v1/voices/eeee00000000000000000e",
        "/v1/custom-voices/eeee00000000000000000e",
    ]


@pytest.mark.parametrize("name", ["Mara", "mara", MARA["voice_id"]])
def test_a_voice_of_the_account_is_found_by_either(name: str, sona: Sona) -> None:
    with closing(at(sona)) as supertone:
        (made,) = supertone.generate(request("One.", voice=f"custom/{name}"))
        with pytest.raises(RequestRefused, match="did you mean 'Mara'"):
            supertone.generate(request("One.", voice="custom/Maara"))
    assert made.ids[1:] == (("voice", MARA["voice_id"]),)


def test_a_lookup_that_fails_is_tried_again_for_the_next_line(sona: Sona) -> None:
    sona.add(*[Answer(b"", status=500)] * 3)
    with closing(at(sona)) as supertone:
        with pytest.raises(ProviderError, match="failed 3 times"):
            supertone.generate(request("One.", voice=ID))
        assert supertone.generate(request("One.", voice=ID))
