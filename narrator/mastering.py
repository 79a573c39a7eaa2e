"""One chapter from joined takes to a finished MP3: level, limit, round, encode once, check what came out.

The sound passes once. How loud it will be is known before from what was measured on the takes, so
the gain needs no pass of its own; a profile is held against the decoded file, because LAME changes
levels and peaks. Where it is not met, the chapter is encoded again from its samples, never from the
file: one lossy generation.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from itertools import islice
from typing import BinaryIO, NamedTuple

import numpy as np
from pydantic import BaseModel

from narrator.audio.blocks import Samples, even_blocks
from narrator.audio.limiter import HOLD_S, limit
from narrator.audio.loudness import Meter
from narrator.audio.mp3 import Mp3Writer, decode
from narrator.audio.profiles import Loudness, Profile
from narrator.audio.rounding import rounded
from narrator.audio.tone import under_tone
from narrator.audio.waveform import Waveform
from narrator.errors import LoudnessOutOfRange, OutputError
from narrator.manuscript import Notice
from narrator.takes import Take
from narrator.timeline import Timeline

_ENCODINGS = 6
"""How often a chapter is encoded, at most, to meet its profile; most meet it at once."""
_QUICKEST_HOLD_S = 0.002
_TOGETHER = 16
"""Blocks encoded at a time. LAME leaves nothing of ours in the processor's caches: going to and fro after
every block would make all that is not LAME cost twice as much."""
_ROOM_DB = 0.2  # what a correction aims beyond the limit

Blocks = Callable[[], Iterable[Samples]]
"""Starts the chapter's stream from its first sample."""


class Master(BaseModel, frozen=True, extra="forbid"):
    """What is known of a finished chapter file."""

    samples: int
    rate: int
    kbps: int
    size: int
    """Bytes."""
    sha256: str
    gain_db: float
    """Given to the whole chapter, in whole hundredths; 0 without a profile."""
    loudness: Loudness | None
    """Measured on the decoded file; None without a profile."""
    peaks: tuple[int, ...]
    """The waveform from beginning to end: the largest sample of each stretch, full scale being 255."""
    notices: tuple[Notice, ...] = ()


class _Desk(NamedTuple):
    """How a chapter is levelled."""

    gain_db: float
    ceiling_db: float
    tone_db: float
    hold_s: float = HOLD_S
    """See `limit`."""


class _Encoded(NamedTuple):
    peaks: tuple[int, ...]
    over: int
    """Samples beyond full scale, cut off there."""


def master_chapter(
    timeline: Timeline,
    taken: Mapping[str, Take],
    blocks: Blocks,
    *,
    profile: Profile | None,
    tag: bytes,
    file: BinaryIO,
    kbps: int = 192,
) -> Master:
    """
    Write a chapter's MP3 and prove it.

    Args:
        timeline: the chapter, laid out.
        taken: the take of each placement, by utterance id.
        blocks: gives the joined takes, `timeline.samples` in all; started again for each encoding.
        profile: what the decoded file must meet; None leaves the sound as it is.
        tag: an ID3v2 tag for the front of the file.
        file: empty, on disk, open for writing, reading and seeking; its contents are void after an error.
        kbps: constant bit rate.

    Raises:
        LoudnessOutOfRange: the profile is not met, and no gain would change that.
        OutputError: the file does not hold what it must.
        OSError: the file cannot be written.
    """
    if not timeline.samples:
        raise OutputError(f"chapter {timeline.title!r} has no length: there is nothing to encode")
    encode = partial(_encode, timeline, blocks, tag=tag, file=file, kbps=kbps)
    if profile is None:
        encoded, gain_db, loudness = encode(None), 0.0, None
    else:
        desk = _desk(timeline, taken, profile)
        encoded, gain_db, loudness = _meet(timeline, profile, desk, file=file, encode=encode)
    return Master(
        samples=timeline.samples,
        rate=timeline.rate,
        kbps=kbps,
        sha256=_sha256(file),
        size=file.seek(0, 2),
        gain_db=gain_db,
        loudness=loudness,
        peaks=encoded.peaks,
        notices=_notices(timeline, encoded),
    )


def _meet(
    timeline: Timeline,
    profile: Profile,
    desk: _Desk,
    *,
    file: BinaryIO,
    encode: Callable[[_Desk], _Encoded],
) -> tuple[_Encoded, float, Loudness]:
    """Encode until the profile is met; gives what was encoded, with which gain, and how loud it is."""
    for attempt in range(1, _ENCODINGS + 1):
        encoded = encode(desk)
        loudness = _measure(timeline, file)
        findings = profile.findings(loudness)
        if not findings:
            return encoded, desk.gain_db, loudness
        better = _corrected(desk, profile, loudness, again=attempt > 1)
        if better is None or attempt == _ENCODINGS:
            break
        desk = better
    remedy = _remedy(timeline, profile, loudness)
    raise LoudnessOutOfRange(timeline.title, profile.name, findings, remedy=remedy)


def _desk(timeline: Timeline, taken: Mapping[str, Take], profile: Profile) -> _Desk:
    """The gain that brings the chapter to the profile's target, from what was measured on its takes."""
    energy = math.fsum(
        taken[placement.utterance_id].level.energy * timeline.rate / taken[placement.utterance_id].rate
        for placement in timeline.placements
    )
    if energy <= 0:
        raise LoudnessOutOfRange(
            timeline.title, profile.name, ("it is silent; give it something to say or use `loudness: none`",)
        )
    rms_db = 10 * math.log10(energy / timeline.samples)
    return _Desk(round(profile.target_rms_db - rms_db, 2), profile.ceiling_db, profile.tone_db)


def _encode(
    timeline: Timeline, blocks: Blocks, desk: _Desk | None, *, tag: bytes, file: BinaryIO, kbps: int
) -> _Encoded:
    """Write the file from its beginning, in one pass over the chapter."""
    file.seek(0)
    file.truncate()
    waveform, over = Waveform(timeline.samples), 0
    sounds = map(rounded, _levelled(blocks(), timeline.rate, desk))
    with Mp3Writer(file, tag=tag, rate=timeline.rate, kbps=kbps) as mp3:
        while together := list(islice(sounds, _TOGETHER)):
            over += sum(sound.over for sound in together)
            pcm = np.concatenate([sound.pcm for sound in together])
            waveform.feed(pcm)
            mp3.write(pcm)
        if mp3.samples != timeline.samples:
            raise OutputError(
                f"chapter {timeline.title!r} is {mp3.samples} samples long where its timeline has"
                f" {timeline.samples}"
            )
    file.flush()
    return _Encoded(waveform.result(), over)


def _levelled(blocks: Iterable[Samples], rate: int, desk: _Desk | None) -> Iterable[Samples]:
    if desk is None:
        return even_blocks(blocks)
    limited = limit(blocks, rate=rate, gain_db=desk.gain_db, ceiling_db=desk.ceiling_db, hold_s=desk.hold_s)
    return under_tone(limited, level_db=desk.tone_db)


def _measure(timeline: Timeline, file: BinaryIO) -> Loudness:
    meter = Meter(timeline.rate)
    for block in decode(file):
        meter.feed(block)
    if meter.samples != timeline.samples:
        raise OutputError(
            f"the MP3 of chapter {timeline.title!r} decodes to {meter.samples} samples where"
            f" {timeline.samples} went in"
        )
    return meter.result()


def _corrected(desk: _Desk, profile: Profile, loudness: Loudness, *, again: bool) -> _Desk | None:
    """Another setting to try, or None where no gain brings both RMS and noise floor in range.

    Args:
        again: this is not the first correction.
    """
    within = profile.rms_min_db <= loudness.rms_db <= profile.rms_max_db
    shift = 0.0 if within else profile.target_rms_db - loudness.rms_db
    shift = min(shift, profile.floor_max_db - _ROOM_DB - loudness.floor_db)
    if loudness.rms_db + shift < profile.rms_min_db:
        return None
    over = loudness.peak_db - profile.peak_max_db
    lowered = over + _ROOM_DB if over > 0 else 0.0
    hold_s = desk.hold_s
    if again and loudness.rms_db < profile.rms_min_db:
        # The limiter took back what the gain gave, as it does in a chapter of a few words among pauses.
        hold_s = max(hold_s / 2, _QUICKEST_HOLD_S)
    return desk._replace(
        gain_db=round(desk.gain_db + shift, 2), ceiling_db=desk.ceiling_db - lowered, hold_s=hold_s
    )


def _remedy(timeline: Timeline, profile: Profile, loudness: Loudness) -> str:
    """What the user can do, beside choosing another profile."""
    if loudness.floor_db > profile.floor_max_db:
        return "give it a pause of half a second (`chapter_head` under `pauses`) or takes without noise"
    spoken = sum(placement.end_sample - placement.start_sample for placement in timeline.placements)
    if loudness.rms_db < profile.rms_min_db and 2 * spoken < timeline.samples:
        return "it is mostly pauses: join it to the next chapter or shorten `pauses`"
    return "record its takes anew"


def _sha256(file: BinaryIO) -> str:
    file.seek(0)
    digest = hashlib.sha256()
    while data := file.read(1 << 20):
        digest.update(data)
    return digest.hexdigest()


def _notices(timeline: Timeline, encoded: _Encoded) -> tuple[Notice, ...]:
    if not encoded.over:
        return ()
    message = (
        f"chapter {timeline.title!r}: {encoded.over} samples were louder than full scale and are cut off"
        " there; a loudness profile (`loudness: acx`) would hold them"
    )
    return (Notice(message=message),)
