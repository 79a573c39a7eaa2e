"""A chapter's MP3 meets its profile when it is decoded, holds every sample where it was, or is refused."""

from __future__ import annotations

import hashlib
import io
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
import pytest

from narrator.audio.blocks import Samples
from narrator.audio.loudness import Meter, amplitude
from narrator.audio.measuring import measure
from narrator.audio.mp3 import Mp3Writer, decode
from narrator.audio.profiles import PROFILES, Profile
from narrator.audio.rounding import rounded
from narrator.errors import LoudnessOutOfRange, OutputError
from narrator.mastering import Master, master_chapter
from narrator.takes import Level, Request, Spoken, Take
from narrator.timeline import Placement, ScenePlacement, Timeline
from tests.audio.sounds import RATE, clicks, cut, noise, offsets, voice

ACX = PROFILES["acx"]
TAG = b"ID3\x03\x00\x00\x00\x00\x00\x0a" + bytes(10)
"""Ten bytes of padding."""
HEAD, TAIL = RATE * 3 // 4, 2 * RATE


class Chapter(NamedTuple):
    """One take between a head and a tail of silence, joined already."""

    timeline: Timeline
    taken: dict[str, Take]
    sound: Samples
    started: list[int]
    """How often the stream was started: one entry for each time."""

    def blocks(self) -> Iterator[Samples]:
        self.started.append(1)
        return cut(self.sound, 50_000, 100_000)

    def master(self, profile: Profile | None = ACX, *, file: BinaryIO | None = None) -> Master:
        with ExitStack() as closing:
            return master_chapter(
                self.timeline,
                self.taken,
                self.blocks,
                profile=profile,
                tag=b"",
                file=file or closing.enter_context(tempfile.TemporaryFile()),
            )


@pytest.fixture
def file() -> Iterator[BinaryIO]:
    """A file on disk: libsndfile reads it by its descriptor."""
    with tempfile.TemporaryFile() as opened:
        yield opened


def level_of(sound: Samples) -> Level:
    return measure(rounded(sound.copy()).pcm, RATE)


def chapter(said: Samples, *, level: Level | None = None, take_rate: int = RATE) -> Chapter:
    sound = np.concatenate((np.zeros(HEAD, np.float32), said, np.zeros(TAIL, np.float32)))
    placement = Placement(
        utterance_id="c01-u001",
        role="narrator",
        voice="espeak/en",
        text="Hello.",
        direction=None,
        scene=0,
        paragraph=0,
        heading=False,
        take_key="0" * 64,
        take_id="0" * 16,
        take_rate=take_rate,
        take_start_sample=0,
        take_end_sample=len(said) * take_rate // RATE,
        start_sample=HEAD,
        end_sample=HEAD + len(said),
        words=(),
        word_source="engine",
    )
    take = Take(
        id="0" * 16,
        key="0" * 64,
        flac_bytes=1,
        flac_sha256="0" * 64,
        rate=take_rate,
        samples=placement.take_end_sample,
        request=Request(provider="espeak", voice="en", spoken=Spoken(text="Hello.")),
        words=(),
        word_source="engine",
        level=level or level_of(said),
        recorded_at="2026-11-01T00:00:00Z",
        took_ms=1,
    )
    scene = ScenePlacement(title="The Lamp", start_sample=0, end_sample=len(sound))
    timeline = Timeline(
        number=1,
        title="The Lamp",
        rate=RATE,
        samples=len(sound),
        scenes=(scene,),
        placements=(placement,),
    )
    return Chapter(timeline, {"c01-u001": take}, sound, [])


def decoded(file: BinaryIO) -> Samples:
    return np.concatenate(list(decode(file)))


@pytest.mark.parametrize("level", [0.001, 0.01, 0.1, 0.25])
def test_loud_or_quiet_it_meets_acx_at_the_first_try(level: float, file: BinaryIO) -> None:
    """The gain is known before the sound passes; the figures are those of the decoded file."""
    loud = chapter(voice(8.0, level=level))

    master = loud.master(file=file)
    meter = Meter(RATE)
    meter.feed(decoded(file))

    assert len(loud.started) == 1
    assert master.loudness == meter.result()
    assert not ACX.findings(meter.result())
    assert meter.result().rms_db == pytest.approx(ACX.target_rms_db - 0.26, abs=0.4)
    assert meter.result().floor_db == pytest.approx(ACX.tone_db, abs=1)
    assert master.samples == meter.samples == loud.timeline.samples


def shouting() -> Samples:
    """A voice that is 10 dB louder for a quarter of a second."""
    said = voice(10.0)
    said[3 * RATE : 3 * RATE + RATE // 4] *= 3
    return said


def test_shouts_are_limited() -> None:
    master = chapter(shouting()).master()

    assert master.loudness is not None
    assert not ACX.findings(master.loudness)
    assert master.loudness.peak_db == pytest.approx(ACX.ceiling_db - 0.2, abs=0.3)


def test_a_take_at_another_rate_counts_for_what_it_is() -> None:
    """Half the samples hold half the energy for the same sound."""
    said = voice(6.0)
    level = level_of(said)
    half = replace(level, energy=level.energy / 2)

    assert chapter(said, level=half, take_rate=RATE // 2).master().gain_db == chapter(said).master().gain_db


def test_a_wrong_prediction_is_corrected_from_the_samples() -> None:
    """A sidecar that is 6 dB off costs one more encoding, not a second generation."""
    said = voice(6.0)
    right = level_of(said)
    misjudged = chapter(said, level=replace(right, energy=right.energy * 4))

    master = misjudged.master()

    assert len(misjudged.started) == 2
    assert master.loudness is not None
    assert not ACX.findings(master.loudness)
    assert master.gain_db == pytest.approx(chapter(said).master().gain_db, abs=0.5)


def test_a_peak_over_the_profile_lowers_the_ceiling() -> None:
    """A profile whose ceiling leaves LAME no room."""
    tight = ACX.model_copy(update={"ceiling_db": -3.0, "peak_max_db": -3.5})
    peaky = chapter(shouting())

    master = peaky.master(tight)

    assert len(peaky.started) == 2
    assert master.loudness is not None
    assert master.loudness.peak_db <= -3.5


def test_noise_between_the_words_is_refused_with_its_figures() -> None:
    said = voice(8.0) + noise(8 * RATE, rms_db=-55)
    noisy = chapter(said)
    noisy.sound[:] += noise(len(noisy.sound), rms_db=-55, seed=2)

    with pytest.raises(LoudnessOutOfRange, match=r"'The Lamp' does not meet acx: noise floor -4\d\.\d\d dB"):
        noisy.master()
    assert len(noisy.started) == 1


def test_noise_that_a_lower_level_brings_in_range() -> None:
    """The floor is 1 dB too high at the target, and RMS has 2 dB to give."""
    said = voice(8.0)
    found = chapter(said).master().gain_db
    hiss = chapter(said)
    hiss.sound[:] += noise(len(hiss.sound), rms_db=-59.0 - found, seed=3)

    master = hiss.master()

    assert len(hiss.started) == 2
    assert master.loudness is not None
    assert not ACX.findings(master.loudness)
    assert master.gain_db == pytest.approx(found - 0.6, abs=0.4)


def test_a_chapter_of_one_short_bang_is_refused() -> None:
    """No gain makes a click in six seconds of silence as loud as speech under this ceiling."""
    bang = chapter(clicks((3000,), 4 * RATE))

    with pytest.raises(LoudnessOutOfRange, match=r"RMS -\d\d\.\d\d dB is not within -23\.\.-18"):
        bang.master()
    assert len(bang.started) == 1


def test_what_cannot_be_met_is_given_up_after_six_encodings() -> None:
    """Under this ceiling the voice never gets as loud as this profile asks."""
    deafening = ACX.model_copy(update={"rms_min_db": -6.0, "rms_max_db": -5.0, "target_rms_db": -5.5})
    whole = chapter(voice(5.0))

    with pytest.raises(LoudnessOutOfRange, match=r"RMS -\d+\.\d\d dB is not within -6\.\.-5"):
        whole.master(deafening)
    assert len(whole.started) == 6


def test_silence_is_refused_where_a_profile_asks_for_sound() -> None:
    silent = chapter(np.zeros(RATE, np.float32))

    with pytest.raises(LoudnessOutOfRange, match="it is silent; give it something to say"):
        silent.master()
    assert not silent.started


def test_silence_without_a_profile_is_silence(file: BinaryIO) -> None:
    master = chapter(np.zeros(RATE, np.float32)).master(None, file=file)

    assert len(decoded(file)) == master.samples == HEAD + RATE + TAIL
    assert set(master.peaks) == {0}


def test_without_a_profile_the_encoder_gets_the_samples_of_the_takes(file: BinaryIO) -> None:
    """No gain, no tone, no limiter, no dither: the same file as from the 16-bit samples themselves."""
    pcm = np.random.default_rng(1).integers(-20_000, 20_000, RATE).astype(np.int16)
    plain = chapter(np.asarray(pcm / 32768, np.float32))
    direct = io.BytesIO()
    master = plain.master(None, file=file)
    with Mp3Writer(direct) as mp3:
        mp3.write(np.concatenate((np.zeros(HEAD, np.int16), pcm, np.zeros(TAIL, np.int16))))

    file.seek(0)
    assert file.read() == direct.getvalue()
    assert (master.loudness, master.gain_db, master.notices) == (None, 0.0, ())


def test_sound_beyond_full_scale_is_noticed() -> None:
    said = voice(3.0)
    said[1000:1005] = (1.2, -1.3, 1.01, -1.0, 0.9)

    (notice,) = chapter(said).master(None).notices

    assert "'The Lamp': 3 samples were louder than full scale" in str(notice)


@pytest.mark.parametrize("profile", [ACX, None])
def test_clicks_stay_where_the_timeline_has_them(profile: Profile | None, file: BinaryIO) -> None:
    """Through limiter, room tone, LAME and decoder."""
    places = (40_000, 99_999, 150_000, 200_123)
    said = voice(6.0, level=0.02) * np.float32(0.05) + clicks([p - HEAD for p in places], 6 * RATE)
    louder = ACX.model_copy(update={"rms_min_db": -60.0, "target_rms_db": -32.0})
    chapter(said).master(louder if profile else None, file=file)

    assert offsets(decoded(file), places) == pytest.approx([0] * len(places), abs=0.5)


def test_what_is_said_of_the_file_is_true(tmp_path: Path) -> None:
    """Size and hash of what lies on the disk, in a file that was longer before."""
    path = tmp_path / "a.mp3"
    path.write_bytes(bytes(1_000_000))
    whole = chapter(voice(5.0))
    with path.open("r+b") as file:
        master = master_chapter(
            whole.timeline, whole.taken, whole.blocks, profile=ACX, tag=TAG, file=file, kbps=64
        )
    data = path.read_bytes()

    assert data.startswith(TAG)
    assert (master.size, master.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert (master.rate, master.kbps) == (RATE, 64)
    assert len(master.peaks) == 1000
    assert max(master.peaks) == pytest.approx(255 * amplitude(ACX.ceiling_db), abs=10)
    assert Master.model_validate_json(master.model_dump_json()) == master


def test_the_same_bytes_in_any_thread() -> None:
    whole = chapter(voice(5.0, level=0.3))
    with ThreadPoolExecutor(3) as threads:
        masters = list(threads.map(lambda _: whole.master(), range(4)))

    assert len({master.sha256 for master in masters}) == 1


@pytest.mark.parametrize(("change", "length"), [(-1, 209_474), (1, 209_476)])
@pytest.mark.parametrize("profile", [ACX, None])
def test_a_stream_of_another_length_is_refused(profile: Profile | None, change: int, length: int) -> None:
    """One sample too few or too many is a lost or doubled piece of somebody's book."""
    whole = chapter(voice(2.0))
    sound = np.resize(whole.sound, len(whole.sound) + change)

    with pytest.raises(OutputError, match=f"{length} samples long where its timeline has 209475"):
        whole._replace(sound=sound).master(profile)


def test_a_chapter_without_length() -> None:
    empty = chapter(voice(1.0))
    timeline = empty.timeline.model_copy(update={"samples": 0})

    with pytest.raises(OutputError, match="no length"):
        empty._replace(timeline=timeline, sound=np.zeros(0, np.float32)).master()


def test_samples_that_are_not_numbers() -> None:
    broken = chapter(voice(2.0))
    broken.sound[70_000] = np.nan

    with pytest.raises(OutputError, match="not numbers"):
        broken.master()


class FullDisk(io.BytesIO):
    """Takes 100 000 bytes."""

    def write(self, data: object) -> int:
        if self.tell() > 100_000:
            raise OSError(28, "No space left on device")
        return super().write(data)  # type: ignore[arg-type]


def test_a_full_disk_is_the_callers_to_explain() -> None:
    with pytest.raises(OSError, match="No space left"):
        chapter(voice(10.0)).master(file=FullDisk())


def test_an_error_in_the_takes_comes_through(file: BinaryIO) -> None:
    def damaged() -> Iterable[Samples]:
        yield np.zeros(1000, np.float32)
        raise OutputError("take 0123 is damaged")

    whole = chapter(voice(2.0))
    with pytest.raises(OutputError, match="take 0123 is damaged"):
        master_chapter(whole.timeline, whole.taken, damaged, profile=ACX, tag=b"", file=file)
