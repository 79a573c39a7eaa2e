"""When words sound, as captions and as JSON."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from narrator.serving.playht.sounding import Timed
from narrator.serving.playht.transcribing import transcribe
from tests.serving.playht.asking import LINE, RATE, body, created, made, pcm
from tests.serving.running import Running

PLACE = "/api/v2/transcriptions"
CUE = re.compile(r"(\d\d):(\d\d):(\d\d)[,.](\d{3}) --> (\d\d):(\d\d):(\d\d)[,.](\d{3})\n(.+)\n\n")


def asked(server: Running, job_id: str, **given: Any) -> Any:
    """The transcription of a job, as it is answered and as it is read again."""
    answer = server.client.post(PLACE, json={"tts_job_id": job_id, **given})
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"{PLACE}/{job_id}"
    told = answer.json()
    assert server.client.get(answer.headers["location"]).json() == told
    assert (told["id"], told["status"]) == (job_id, "complete")
    return told["transcription"]


def test_words(server: Running) -> None:
    """All of them, in order, over several parts, and each where there is sound."""
    text = f"{LINE} " * 40
    job, file = made(server.client, body(text))
    samples = np.abs(pcm(file))
    words = asked(server, job["id"], format="JSON", timestamp_level="WORD")["segments"]

    assert [each["text"] for each in words] == text.split()
    assert [each["id"] for each in words] == list(range(len(words)))
    ends = [0.0]
    for each in words:
        assert each["start"] >= ends[-1]
        assert each["end"] <= job["output"]["duration"] + 0.001
        assert samples[round(each["start"] * RATE) : round(each["end"] * RATE)].max() > 300
        ends.append(each["end"])
    # Between sentences it is quiet, once the last sound has died away.
    pauses = [
        samples[round((before["end"] + 0.05) * RATE) : round((after["start"] - 0.005) * RATE)].max()
        for before, after in pairwise(words)
        if after["start"] - before["end"] > 0.1
    ]
    assert len(pauses) == 79
    assert max(pauses) < 300


@pytest.mark.parametrize(("form", "head"), [("SRT", ""), ("VRT", "WEBVTT\n\n"), ("VTT", "WEBVTT\n\n")])
def test_sentences_as_captions(server: Running, form: str, head: str) -> None:
    job, _ = made(server.client, body())
    sentences = asked(server, job["id"], format="JSON")["segments"]
    captions = asked(server, job["id"], format=form, timestamp_level="SENTENCE")

    assert captions.startswith(head)
    cues = CUE.findall(captions)
    assert [cue[-1] for cue in cues] == ["The lamp was lit.", "Nobody asked why."]
    for cue, sentence in zip(cues, sentences, strict=True):
        hours, minutes, seconds, ms = map(int, cue[4:8])
        assert sentence["end"] == pytest.approx((hours * 60 + minutes) * 60 + seconds + ms / 1000)
        assert sentence["text"] == cue[-1]
    if form == "SRT":
        assert re.findall(r"^\d+$", captions, re.MULTILINE) == ["1", "2"]


def test_sentences_end_where_they_end() -> None:
    """Quotation marks or not; nothing overlaps; what would end a caption is written otherwise."""
    words = [
        Timed("“Go!”", 0, 500),
        Timed("said", 400, 800),
        Timed("<b>", 800, 900),
        Timed("&", 3_600_000, 3_600_001),
    ]
    told = transcribe(words, form="VRT", level="SENTENCE")

    assert told == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:00.400\n“Go!”\n\n"
        "00:00:00.400 --> 01:00:00.001\nsaid &lt;b&gt; &amp;\n\n"
    )
    assert transcribe([], form="JSON", level="WORD") == {"segments": []}


def test_refusals(server: Running) -> None:
    """Too early, of nothing, never asked for, in no form."""
    early = created(server.client, body(LINE * 50))["id"]
    answer = server.client.post(PLACE, json={"tts_job_id": early})
    assert (answer.status_code, answer.json()["error_message"]) == (400, "The job is not complete.")
    assert server.client.post(PLACE, json={"tts_job_id": "x"}).status_code == 404
    job, _ = made(server.client, body())
    assert server.client.get(f"{PLACE}/{job['id']}").status_code == 404
    for wrong in ({"format": "TXT"}, {"timestamp_level": "LETTER"}, {}):
        given = {"tts_job_id": job["id"]} | wrong if wrong else {}
        assert server.client.post(PLACE, json=given).status_code == 400
