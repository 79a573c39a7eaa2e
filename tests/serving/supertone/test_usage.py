"""What was used: minutes as they were heard, by hours, days, voices and models."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.serving.running import Running, running
from tests.serving.supertone.caller import AIDEN, Reply, get, seconds, speak, stream

DAY = timedelta(days=1)


def today(offset: timedelta = DAY * 0) -> datetime:
    """Now, or some time from it."""
    return datetime.now(UTC) + offset


def usage(base_url: str, **given: Any) -> Reply:
    span = {"start_time": today(-DAY).isoformat(), "end_time": today(DAY).isoformat()}
    return get(base_url, "/v1/usage", **span | given)


def voice_usage(base_url: str, days: int = 1) -> Reply:
    first, last = today(-DAY * (days - 1)).date(), today(DAY).date()
    return get(base_url, "/v1/voice-usage", start_date=first, end_date=last)


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, dict[str, float]]]:
    """A server that has spoken, and the seconds that it did."""
    with running(state=Path(tmp_path_factory.mktemp("state"))) as server:
        url = server.base_url
        (bela,) = get(url, "/v1/voices/search", name="bela").json["items"]
        spoken = {
            "first": float(speak(url, "Go home.").headers["x-audio-length"]),
            "again": float(stream(url, "Go away.").trailers["x-audio-length"]),
            "happy": float(speak(url, "Go home.", style="happy").headers["x-audio-length"]),
            "bela": float(
                speak(url, "Geh.", voice=bela["voice_id"], language="de", model="sona_speech_2").headers[
                    "x-audio-length"
                ]
            ),
        }
        seconds(url, "A prediction costs nothing.")
        speak(url, "", style="happy")  # and neither does a refusal
        yield server, spoken


def test_all_of_it(used: tuple[Running, dict[str, float]]) -> None:
    server, spoken = used
    found = usage(server.base_url).json

    assert (found["total"], found["next_page_token"], len(found["data"])) == (3, None, 3)
    results = [each for bucket in found["data"] for each in bucket["results"]]
    assert [list(each) for each in results] == [["minutes_used"]] * len(results)
    assert sum(each["minutes_used"] for each in results) == pytest.approx(sum(spoken.values()) / 60)
    assert all(bucket["starting_at"].endswith("T00:00:00Z") for bucket in found["data"])
    assert found["data"][0]["ending_at"] == found["data"][1]["starting_at"]


@pytest.mark.parametrize("parameter", ["breakdown_type", "breakdown_type[]"])
def test_broken_down(used: tuple[Running, dict[str, float]], parameter: str) -> None:
    server, spoken = used
    found = usage(server.base_url, **{parameter: ["voice_name", "model", "api_key"]}).json

    results = [each for bucket in found["data"] for each in bucket["results"]]
    minutes: Counter[tuple[str, str]] = Counter()
    for each in results:
        minutes[each["voice_name"], each["model"]] += each["minutes_used"]
    assert {each["api_key"] for each in results} == {"narrator serve"}
    assert minutes == {
        ("Aiden", "sona_speech_1"): pytest.approx((spoken["first"] + spoken["again"] + spoken["happy"]) / 60),
        ("Bela", "sona_speech_2"): pytest.approx(spoken["bela"] / 60),
    }


def test_hour_by_hour_in_pages(used: tuple[Running, dict[str, float]]) -> None:
    server, spoken = used
    given = {"bucket_width": "hour", "page_size": 20, "breakdown_type": "voice_id"}
    given |= {"start_time": today(-DAY).isoformat(), "end_time": today(timedelta(hours=2)).isoformat()}
    buckets, token, pages = [], "", 0
    while token is not None:
        page = usage(server.base_url, **given, next_page_token=token).json
        assert page["total"] in (26, 27)
        buckets += page["data"]
        token, pages = page["next_page_token"], pages + 1

    assert (pages, len(buckets)) == (2, page["total"])
    found = [each for bucket in buckets for each in bucket["results"] if each["voice_id"] == AIDEN]
    assert sum(each["minutes_used"] for each in found) == pytest.approx(
        sum(spoken.values()) / 60 - spoken["bela"] / 60
    )


def test_voice_by_voice(used: tuple[Running, dict[str, float]]) -> None:
    server, spoken = used
    usages = voice_usage(server.base_url).json["usages"]

    assert {each["date"] for each in usages} <= {str(today(-DAY).date()), str(today().date())}
    rows: Counter[tuple[str, ...]] = Counter()
    for each in usages:  # of two days, where midnight has just gone
        row = tuple(each[name] for name in ("name", "style", "language", "model"))
        rows[row] += each["total_minutes_used"]
    assert rows == {
        ("Aiden", "neutral", "en", "sona_speech_1"): pytest.approx((spoken["first"] + spoken["again"]) / 60),
        ("Aiden", "happy", "en", "sona_speech_1"): pytest.approx(spoken["happy"] / 60),
        ("Bela", "neutral", "de", "sona_speech_2"): pytest.approx(spoken["bela"] / 60),
    }


def test_what_was_used_before(used: tuple[Running, dict[str, float]]) -> None:
    """Is there for another server on the same state; and a time without use is empty."""
    server, _ = used
    with running(state=server.options.state) as another:
        assert voice_usage(another.base_url).json == voice_usage(server.base_url).json
    past = usage(
        server.base_url, start_time="2026-01-01T00:00:00+09:00", end_time="2026-01-03T00:00:00Z"
    ).json
    assert [(each["starting_at"], each["results"]) for each in past["data"]] == [
        (f"{day}T00:00:00Z", []) for day in ("2025-12-31", "2026-01-01", "2026-01-02")
    ]


@pytest.mark.parametrize(
    "given",
    [
        {"start_time": "yesterday"},
        {"start_time": "2026-01-01T00:00:00"},
        {"start_time": "2026-01-02T00:00:00Z", "end_time": "2026-01-02T00:00:00Z"},
        {"bucket_width": "week"},
        {"breakdown_type": "style"},
        {"breakdown_type": ["voice_id", "voice_name"]},
        {"page_size": 0},
        {"page_size": 21},
        {"next_page_token": "-1"},
        {"start_time": "9999-12-31T00:00:00Z", "end_time": "9999-12-31T23:00:00Z"},
    ],
)
def test_times_that_are_none(server: Running, given: dict[str, Any]) -> None:
    assert usage(server.base_url, **given).said[:2] == (400, "Bad Request")


@pytest.mark.parametrize(
    ("first", "last"),
    [("2026-01-01", "2026-02-01"), ("2026-01-02", "2026-01-01"), ("1 January", "2026-01-01")],
)
def test_days_that_are_none(server: Running, first: str, last: str) -> None:
    assert get(server.base_url, "/v1/voice-usage", start_date=first, end_date=last).said[0] == 400


def test_thirty_days_are_enough(server: Running) -> None:
    assert get(server.base_url, "/v1/voice-usage", start_date="2026-01-01", end_date="2026-01-31").json == {
        "usages": []
    }
