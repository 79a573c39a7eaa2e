"""Encoding, apart from what is said."""

from __future__ import annotations

import base64
import io
import json
import struct
import wave

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrator.serving.encoding import wav_header
from narrator.serving.octave.encoding import Wrapper
from narrator.serving.octave.packaging import Packing, answer, pack
from narrator.serving.octave.synthesis import RATE, Snippet
from narrator.serving.octave.wire import FormatType, OctaveResponse
from narrator.takes import Pcm


def noise(samples: int) -> Pcm:
    return np.random.default_rng(samples).integers(-9000, 9000, samples, dtype=np.int16)


def snippet(
    pcm: Pcm, *, utterance: int = 0, generation: str = "5bb7de05-c8fe-426a-8fcc-ba4fc4ce9f9c"
) -> Snippet:
    return Snippet(
        id="a7ecc00a-6fc0-4546-8126-e12cfd8de3bf",
        generation_id=generation,
        utterance_index=utterance,
        text="“Où ?”\u2028",
        transcript="“Où ?”",
        pcm=pcm,
    )


@settings(deadline=None, max_examples=60)
@given(
    lengths=st.lists(st.lists(st.integers(0, 40), min_size=1, max_size=4), min_size=1, max_size=4),
    strip=st.booleans(),
    kind=st.sampled_from([FormatType.PCM, FormatType.WAV]),
)
def test_an_answer_holds_every_sample_twice(lengths: list[list[int]], strip: bool, kind: FormatType) -> None:
    """As a generation and as its snippets, in valid base64 whatever their lengths."""
    voiced = [
        (tuple(snippet(noise(length), utterance=index) for length in group),)
        for index, group in enumerate(lengths)
    ]
    packing = Packing("r", kind, strip_headers=strip, clock="utterance")
    (made,) = OctaveResponse.model_validate_json(b"".join(answer(pack(voiced, packing), packing))).generations

    whole = base64.b64decode(made.audio, validate=True)
    parts = [base64.b64decode(each.audio, validate=True) for group in made.snippets for each in group]
    samples = b"".join(each.pcm.tobytes() for (group,) in voiced for each in group)
    header = 44 if kind is FormatType.WAV else 0
    assert whole[header:] == samples
    assert made.file_size == len(whole)
    assert [len(group) for group in made.snippets] == [len(group) for group in lengths]
    if strip:
        assert b"".join(parts) == whole
    else:
        assert b"".join(part[header:] for part in parts) == samples


def test_a_large_answer_is_made_in_parts() -> None:
    """Of bounded size, whatever the length of the sound."""
    packing = Packing("r", FormatType.WAV, strip_headers=True, clock="utterance")
    parts = list(answer(pack([((snippet(noise(60 * RATE)),),)], packing), packing))

    assert len(parts) > 10
    assert all(len(part) < 3 * 2**20 for part in parts)
    assert json.loads(b"".join(parts))["generations"][0]["duration"] == 60


def test_a_header_is_what_wave_readers_expect() -> None:
    pcm = noise(1000)
    with wave.open(io.BytesIO(wav_header(1000, RATE) + pcm.tobytes())) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE, 1, 2)
        assert file.readframes(2000) == pcm.tobytes()
    assert struct.unpack("<I", wav_header(None, RATE)[40:44]) == (0xFFFFFFFF,)


@pytest.mark.parametrize("lengths", [[48_000], [1, 1, 1], [480, 48_000, 7]])
def test_one_encoder_for_joined_mp3(lengths: list[int]) -> None:
    """However the sound is divided, the joined bytes are the same."""
    pieces = [noise(length) for length in lengths]
    divided = Wrapper(FormatType.MP3, strip_headers=True)
    joined = b"".join(divided.wrap(pcm, last=pcm is pieces[-1]) for pcm in pieces)
    whole = Wrapper(FormatType.MP3, strip_headers=True).wrap(np.concatenate(pieces), last=True)

    assert joined == whole
    assert len(whole) % 384 == 0
