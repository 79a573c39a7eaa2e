"""Takes are kept for ever, found again, and never believed blindly."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from narrator.audio import flac
from narrator.errors import DamagedTake, OutputError
from narrator.store import TakeStore
from narrator.takes import Alignment, Generation, Pcm, PhonemeTime, Request, Spoken, Take, Word, WordTime

RATES = [8000, 11025, 16000, 22050, 22051, 24000, 44100, 48000]


def request(text: str = "Hello there.", *, voice: str = "en") -> Request:
    words = tuple(Word(m, m + len(w), m, m + len(w)) for w in text.split() for m in [text.index(w)])
    return Request(provider="espeak", voice=voice, spoken=Spoken(text=text, words=words))


def tone(samples: int = 2205, *, peak: int = 12000, rate: int = 22050) -> Pcm:
    return (np.sin(np.arange(samples) * 2 * np.pi * 220 / rate) * peak).astype(np.int16)


def generation(pcm: Pcm | None = None, rate: int = 22050) -> Generation:
    return Generation(
        pcm=tone() if pcm is None else pcm,
        rate=rate,
        words=(WordTime(0, 900), WordTime(950, 2000)),
        word_source="engine",
        phonemes=(PhonemeTime("h", 0, 100), PhonemeTime("ə", 100, 900)),
        ids=(("generation", "g-1"),),
        transcript="Hello there.",
        characters=12,
        cost=0.0036,
    )


def put(
    store: TakeStore,
    asked: Request | None = None,
    answer: Generation | None = None,
    *,
    at: str = "2026-11-20T10:00:00Z",
    after: str | None = None,
) -> Take:
    return store.put(
        asked or request(), answer or generation(), took_ms=7, recorded_at=at, after=after, durable=False
    )


@contextmanager
def unprivileged() -> Iterator[None]:
    """Root may read anything, so let go of that for a moment."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def store(tmp_path: Path) -> TakeStore:
    return TakeStore(tmp_path / "takes")


def sidecar(store: TakeStore, take: Take) -> Path:
    return store.path(take.key, take.id).with_suffix(".json")


def rewrite(path: Path, **changes: object) -> None:
    """The sidecar says something else, as one from before there were seals would."""
    fields = json.loads(path.read_text()) | changes
    del fields["written_sha256"]
    path.write_text(json.dumps(fields))


def test_what_was_put_is_found(store: TakeStore) -> None:
    take = put(store, after="0123456789abcdef")
    assert store.takes(request().key) == (take,)
    assert np.array_equal(store.pcm(take.key, take.id), tone())
    assert (take.rate, take.samples, take.after) == (22050, 2205, "0123456789abcdef")
    assert (take.characters, take.cost, take.took_ms) == (12, 0.0036, 7)
    assert TakeStore(store.folder).takes(take.key) == (take,)


def test_the_layout_is_what_the_design_promises(store: TakeStore) -> None:
    take = put(store)
    folder = store.folder / take.key[:2] / take.key
    assert sorted(store.folder.rglob("*")) == sorted(
        [folder.parent, folder, folder / f"{take.id}.flac", folder / f"{take.id}.json"]
    )
    assert store.path(take.key, take.id) == folder / f"{take.id}.flac"
    text = (folder / f"{take.id}.json").read_text()
    fields = json.loads(text)
    assert text == json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    seal = fields.pop("written_sha256")
    assert text.endswith(f',"written_sha256":"{seal}"}}')
    unsealed = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert hashlib.sha256(unsealed.encode()).hexdigest() == seal == take.written_sha256


def test_a_take_id_never_changes(store: TakeStore) -> None:
    """It names files in every project there is: sha256 of the rate and the samples, little-endian."""
    pcm = np.array([0, 1, -1, 32767, -32768], np.int16)
    take = put(store, answer=replace(generation(pcm, 22050), ids=()))
    literal = bytes.fromhex("2256000000000100ffffff7f0080")
    assert take.id == hashlib.sha256(literal).hexdigest()[:16] == "3864a6f7dbb5995f"
    served = put(store, answer=generation(pcm, 22050))
    assert served.id == hashlib.sha256(literal + b"\0generation\0g-1").hexdigest()[:16]


def test_two_answers_of_a_service_are_two_takes_even_if_they_sound_the_same(store: TakeStore) -> None:
    """Each was paid for, and each may serve a line of its own; the same answer put again is one."""
    first = put(store, answer=generation())
    second = put(store, answer=replace(generation(), ids=(("generation", "g-2"),)))
    again = put(store, answer=generation())
    assert first.id != second.id
    assert again == first
    assert {take.id for take in store.takes(first.key)} == {first.id, second.id}


def test_no_take_under_a_key(store: TakeStore) -> None:
    assert store.takes("0" * 64) == ()
    assert not store.folder.exists()


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("samples", [0, 1, 2, 4095, 4097])
def test_audio_comes_back_as_it_was(store: TakeStore, rate: int, samples: int) -> None:
    """At every rate, of every length, full scale included; soundfile's own reader agrees."""
    pcm = np.resize(np.array([32767, -32768, 0, 1, -1, 17], np.int16), samples)
    take = put(store, answer=generation(pcm, rate))
    assert np.array_equal(store.pcm(take.key, take.id), pcm)
    assert (take.samples, take.rate) == (samples, rate)
    if samples:
        read, read_rate = soundfile.read(store.path(take.key, take.id), dtype="int16")
        assert np.array_equal(read, pcm)
        assert read_rate == rate


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(-32768, 32767), max_size=300), st.integers(1, 65_535))
def test_any_audio_comes_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, samples: list[int], rate: int
) -> None:
    store = TakeStore(tmp_path_factory.mktemp("takes"))
    pcm = np.array(samples, np.int16)
    take = put(store, answer=generation(pcm, rate))
    assert np.array_equal(store.pcm(take.key, take.id), pcm)


def test_takes_of_a_key_come_in_the_order_they_were_recorded(store: TakeStore) -> None:
    second = put(store, answer=generation(tone(500)), at="2026-11-20T10:00:02Z")
    first = put(store, answer=generation(tone(600)), at="2026-11-20T10:00:01Z")
    same_second = [put(store, answer=generation(tone(n)), at="2026-11-20T10:00:03Z") for n in (700, 800, 900)]
    put(store, request(voice="de"))
    assert store.takes(request().key) == (first, second, *sorted(same_second, key=lambda take: take.id))


def test_the_same_audio_is_one_take_and_the_first_stands(store: TakeStore) -> None:
    first = put(store)
    assert put(store, at="2027-01-01T00:00:00Z", after="0123456789abcdef") == first
    assert store.takes(first.key) == (first,)


def test_the_same_samples_at_another_rate_are_another_take(store: TakeStore) -> None:
    assert put(store, answer=generation(tone(), 22050)).id != put(store, answer=generation(tone(), 24000)).id


@pytest.mark.parametrize(
    "pcm", [tone().astype(np.float32), tone().astype(np.int32), tone(2204).reshape(2, -1)]
)
def test_only_mono_16_bit_samples_are_takes(store: TakeStore, pcm: npt.NDArray[np.generic]) -> None:
    with pytest.raises(ValueError, match="a take is mono 16-bit samples"):
        put(store, answer=replace(generation(), pcm=cast(Pcm, pcm)))
    assert not store.folder.exists()


@pytest.mark.parametrize("rate", [0, 99_999, 700_000])
def test_a_rate_that_flac_has_not(store: TakeStore, rate: int) -> None:
    with pytest.raises(ValueError, match=f"FLAC cannot hold {rate} samples a second"):
        put(store, answer=generation(tone(), rate))
    assert not store.folder.exists()


def test_word_times_must_match_the_words(store: TakeStore) -> None:
    with pytest.raises(ValueError, match="1 word times for 2 words"):
        put(store, answer=replace(generation(), words=(WordTime(0, 1),)))


def test_every_other_sample_of_an_array_can_be_put(store: TakeStore) -> None:
    """Providers hand over views, such as one channel of two."""
    pcm = tone()[::2]
    take = put(store, answer=generation(pcm))
    assert np.array_equal(store.pcm(take.key, take.id), pcm)


def test_a_level_is_measured(store: TakeStore) -> None:
    pcm = np.concatenate([np.zeros(3000, np.int16), tone(9000, peak=16384), np.zeros(5000, np.int16)])
    level = put(store, answer=generation(pcm)).level
    assert level.peak == pytest.approx(0.5, rel=1e-3)
    assert 3000 <= level.speech_start_sample <= 3005
    assert 11995 <= level.speech_end_sample <= 12000
    assert level.energy == pytest.approx(9000 * 0.5**2 / 2, rel=1e-2)


# Damage


def break_json(path: Path) -> None:
    path.write_text(path.read_text()[:-40])


def not_utf8(path: Path) -> None:
    path.write_bytes(b"\xff\xfe" + path.read_bytes())


def deep(path: Path) -> None:
    path.write_text("[" * 100_000)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def unknown_field(path: Path) -> None:
    rewrite(path, colour="red")


def wrong_key(path: Path) -> None:
    rewrite(path, key="0" * 64)


def wrong_id(path: Path) -> None:
    rewrite(path, id="0" * 16)


def no_rate(path: Path) -> None:
    rewrite(path, rate=0)


def too_few_words(path: Path) -> None:
    rewrite(path, words=[[0, 900]])


def speech_past_the_end(path: Path) -> None:
    rewrite(path, level={"peak": 0.1, "energy": 1.0, "speech_start_sample": 0, "speech_end_sample": 99_999})


def no_number(path: Path) -> None:
    rewrite(
        path, level={"peak": float("nan"), "energy": 1.0, "speech_start_sample": 0, "speech_end_sample": 9}
    )


def no_audio(path: Path) -> None:
    path.with_suffix(".flac").unlink()


def short_audio(path: Path) -> None:
    audio = path.with_suffix(".flac")
    audio.write_bytes(audio.read_bytes()[:-1])


def audio_elsewhere(path: Path) -> None:
    outside = path.parents[3] / "outside.flac"
    path.with_suffix(".flac").rename(outside)
    path.with_suffix(".flac").symlink_to(outside)


def sidecar_elsewhere(path: Path) -> None:
    outside = path.parents[3] / "outside.json"
    path.rename(outside)
    path.symlink_to(outside)


def a_pipe(path: Path) -> None:
    """Opening it would wait for ever."""
    path.unlink()
    os.mkfifo(path)


DAMAGES = [
    break_json, not_utf8, deep, empty, unknown_field, wrong_key, wrong_id, no_rate, too_few_words,
    speech_past_the_end, no_number, no_audio, short_audio, audio_elsewhere, sidecar_elsewhere, a_pipe,
]  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_entry_is_a_notice_and_a_miss(store: TakeStore, damage: Callable[[Path], None]) -> None:
    """Named once, left where it is, not believed; the take beside it is good, and a new put repairs it."""
    good = put(store, answer=generation(tone(500)))
    take = put(store)
    path = sidecar(store, take)
    damage(path)
    there = sorted(path.parent.iterdir())
    for _ in range(2):
        assert store.takes(take.key) == (good,)
    assert sorted(path.parent.iterdir()) == there
    (notice,) = store.notices
    assert notice.file == f"takes/{take.key[:2]}/{take.key}/{take.id}.json"
    assert "damaged, counts as missing: " in str(notice)
    with pytest.raises(DamagedTake, match=take.id):
        store.pcm(take.key, take.id)

    assert put(store) == take
    assert set(store.takes(take.key)) == {good, take}
    assert np.array_equal(store.pcm(take.key, take.id), tone())


def test_repairing_writes_nothing_through_a_link(store: TakeStore) -> None:
    take = put(store)
    audio_elsewhere(sidecar(store, take))
    outside = store.folder.parent / "outside.flac"
    outside.write_bytes(b"mine")
    put(store)
    assert outside.read_bytes() == b"mine"


def test_audio_without_a_sidecar_is_not_a_take(store: TakeStore) -> None:
    """That is what is left when the power goes between the two."""
    take = put(store)
    sidecar(store, take).unlink()
    assert store.takes(take.key) == ()
    assert store.notices == []
    assert put(store) == take


def test_other_files_do_not_matter(store: TakeStore) -> None:
    take = put(store)
    for name in ("README.json", ".DS_Store", f"{take.id}.json.bak", f"{take.id.upper()}.json"):
        (store.path(take.key, take.id).parent / name).write_bytes(b"?")
    assert store.takes(take.key) == (take,)
    assert store.notices == []


def test_a_flipped_bit_is_found_when_the_audio_is_read(store: TakeStore) -> None:
    take = put(store)
    path = store.path(take.key, take.id)
    content = bytearray(path.read_bytes())
    content[-20] ^= 1
    path.write_bytes(content)
    with pytest.raises(DamagedTake, match="its audio is not what was written"):
        store.pcm(take.key, take.id)
    assert len(store.notices) == 1

    store.set_aside(take.key, take.id)
    assert TakeStore(store.folder).takes(take.key) == ()
    assert path.with_suffix(".flac.damaged").read_bytes() == content
    store.set_aside(take.key, take.id)

    assert put(store) == take
    assert np.array_equal(store.pcm(take.key, take.id), tone())


def test_a_flipped_bit_is_repaired_by_a_new_put_alone(store: TakeStore) -> None:
    take = put(store)
    path = store.path(take.key, take.id)
    good = path.read_bytes()
    path.write_bytes(good[:-1] + b"?")
    assert put(store) == take
    assert path.read_bytes() == good


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"RIFF....", "does not decode"),
        (flac.encode(tone(100), 22050), "has 100 samples at 22050 Hz"),
        (flac.encode(tone(), 24000), "has 2205 samples at 24000 Hz"),
        (flac.encode(tone(), 22050)[:-300], "does not decode"),
    ],
)
def test_a_sidecar_that_vouches_for_other_audio(store: TakeStore, content: bytes, reason: str) -> None:
    take = put(store)
    store.path(take.key, take.id).write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    rewrite(sidecar(store, take), flac_bytes=len(content), flac_sha256=digest)
    with pytest.raises(DamagedTake, match=reason):
        store.pcm(take.key, take.id)


@pytest.mark.parametrize(("subtype", "channels"), [("PCM_24", 1), ("PCM_16", 2)])
def test_audio_of_another_shape_is_refused(
    store: TakeStore, subtype: str, channels: int, tmp_path: Path
) -> None:
    take = put(store)
    path = store.path(take.key, take.id)
    soundfile.write(path, np.zeros((2205, channels), np.int16), 22050, format="FLAC", subtype=subtype)
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    rewrite(sidecar(store, take), flac_bytes=len(content), flac_sha256=digest)
    with pytest.raises(DamagedTake, match=f"{channels} channels of FLAC {subtype}"):
        store.pcm(take.key, take.id)


def test_a_take_that_was_never_there(store: TakeStore) -> None:
    with pytest.raises(DamagedTake, match="is missing"):
        store.pcm("0" * 64, "0" * 16)


@pytest.mark.parametrize("bad", ["../../../../etc/passwd", "", "0" * 15, "0" * 15 + "/", "0" * 16 + "\n"])
def test_names_that_are_not_takes_reach_no_file(store: TakeStore, bad: str) -> None:
    with pytest.raises(ValueError, match="not a take id"):
        store.pcm("0" * 64, bad)
    with pytest.raises(ValueError, match="not a take key"):
        store.takes(bad)


@pytest.mark.parametrize("level", [0, 1])
def test_a_folder_that_is_a_link_leads_nowhere(store: TakeStore, tmp_path: Path, level: int) -> None:
    """Neither to read what is outside the project nor to write there."""
    take = put(store)
    folder = store.path(take.key, take.id).parents[level]
    outside = tmp_path / "outside"
    folder.rename(outside)
    folder.symlink_to(outside)
    before = sorted(outside.rglob("*"))
    assert store.takes(take.key) == ()
    assert "symbolic link" in store.notices[0].message
    with pytest.raises(DamagedTake, match="symbolic link"):
        store.pcm(take.key, take.id)
    with pytest.raises(OutputError, match="symbolic link; remove it"):
        put(store)
    store.set_aside(take.key, take.id)
    assert sorted(outside.rglob("*")) == before


def test_what_may_not_be_read_is_not_missing(store: TakeStore) -> None:
    """Else a wrong permission would have the whole book recorded, and paid, again."""
    take = put(store)
    folder = store.folder / take.key[:2]
    (folder / take.key).rename(folder / "kept")
    (folder / take.key).write_bytes(b"")
    with pytest.raises(OutputError, match=r"cannot read .*Not a directory"):
        store.takes(take.key)


def test_a_sidecar_without_permission_is_an_error(store: TakeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    take = put(store)
    sidecar(store, take).chmod(0)
    monkeypatch.chdir(store.folder)
    near = TakeStore(Path())
    with unprivileged(), pytest.raises(OutputError, match=r"cannot read .*Permission denied"):
        near.takes(take.key)
    with unprivileged(), pytest.raises(OutputError, match=r"cannot read .*Permission denied"):
        near.pcm(take.key, take.id)


def test_a_store_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "takes").write_bytes(b"")
    with pytest.raises(OutputError, match="Not a directory"):
        put(TakeStore(tmp_path / "takes"))


def test_a_place_is_looked_for_and_left_as_it_was(store: TakeStore) -> None:
    """Whether the folders are there yet or not."""
    store.assert_writable(request().key)
    assert not store.folder.exists()

    take = put(store)
    before = sorted(store.folder.rglob("*"))
    for key in (take.key, request("Another.").key):
        store.assert_writable(key)
    assert sorted(store.folder.rglob("*")) == before


def test_where_no_take_can_be_put_there_is_no_place(
    store: TakeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder without permission, a file or a link in the way: nothing of that costs a request."""
    take = put(store)
    folder = store.path(take.key, take.id).parent
    monkeypatch.chdir(store.folder)
    near = TakeStore(Path())
    folder.chmod(0o500)
    with unprivileged(), pytest.raises(OutputError, match=r"cannot write .*Permission denied; allow writing"):
        near.assert_writable(take.key)
    folder.rename(store.folder / "elsewhere")
    folder.symlink_to(store.folder / "elsewhere")
    with pytest.raises(OutputError, match="symbolic link; remove it"):
        store.assert_writable(take.key)
    folder.unlink()
    folder.write_bytes(b"")
    with pytest.raises(OutputError, match=r"cannot write .*Not a directory"):
        store.assert_writable(take.key)


def test_threads_put_and_read_at_once(store: TakeStore) -> None:
    gate = threading.Barrier(4)
    found: list[Take] = []

    def work(number: int) -> None:
        gate.wait()
        for i in range(5):
            take = put(store, request(voice=f"v{i}"), generation(tone(400 + number % 2)))
            assert len(store.pcm(take.key, take.id)) == take.samples
            found.append(take)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 20
    assert all(len(store.takes(request(voice=f"v{i}").key)) == 2 for i in range(5))
    assert store.notices == []


def test_durable_takes_are_takes(store: TakeStore) -> None:
    take = store.put(request(), generation(), took_ms=1, recorded_at="2026-11-20T10:00:00Z")
    assert store.takes(take.key) == (take,)


# What is found out later


ALIGNED = Alignment(by="rendition", version=1, holds=True, confidences=(90, 12))


def test_word_times_that_are_found_later_are_kept(store: TakeStore) -> None:
    """The audio, the id and everything else stay, and the sidecar is sealed again."""
    untimed = replace(generation(), words=(), word_source="estimated")
    take = put(store, answer=untimed)
    audio = store.path(take.key, take.id).read_bytes()
    (kept,) = store.takes(take.key)
    times = (WordTime(10, 900), WordTime(900, 2000))

    amended = store.amend(kept, words=times, word_source="aligned", alignment=ALIGNED)

    (found,) = store.takes(take.key)
    assert found == amended
    assert (found.words, found.word_source, found.alignment) == (times, "aligned", ALIGNED)
    as_before = replaced(found, words=(), word_source="estimated", alignment=None, written_sha256="")
    assert as_before == replaced(take, written_sha256="")
    assert found.written_sha256 != take.written_sha256
    assert store.path(take.key, take.id).read_bytes() == audio
    assert store.notices == []


def test_times_that_do_not_fit_the_words_are_not_kept(store: TakeStore) -> None:
    take = put(store)
    before = sidecar(store, take).read_bytes()
    with pytest.raises(ValueError, match="1 word times for 2 words"):
        store.amend(take, words=(WordTime(0, 1),), word_source="aligned", alignment=ALIGNED)
    assert sidecar(store, take).read_bytes() == before


def replaced(take: Take, **changes: Any) -> Take:
    """A plain take with some fields changed."""
    return Take(**{field.name: getattr(take, field.name) for field in fields(Take)} | changes)
