"""Recordings that a manuscript names: found inside the project, or refused with the line that names them."""

from __future__ import annotations

import hashlib
import os
import socket
from pathlib import Path

import pytest

from narrator.casting import Cast, Role
from narrator.errors import ProjectError, ProjectErrors
from narrator.inputs import same
from narrator.manuscript import Manuscript, Utterance
from narrator.parsing import Source, read_manuscript
from narrator.project import Guides, read_guides
from narrator.project.guides import LIMIT_BYTES
from tests.project.folders import write

WAV = b"RIFF\x24\x00\x00\x00WAVEfmt and the rest"
M4A = b"\x00\x00\x00\x20ftypM4A and the rest"
CAST = Cast(roles=(Role(name="narrator"), Role(name="Mara")))


def manuscript(*paths: str) -> Manuscript:
    """One line for each path, from the third line of the file on, every second one."""
    text = "# One\n\n" + "\n\n".join(f'["Go!"]{{.mara guide="{path}"}}' for path in paths)
    return read_manuscript([Source("manuscript/01.md", text)], cast=CAST)


def lines(found: Manuscript) -> list[Utterance]:
    return [line for chapter in found.chapters for line in chapter.utterances if line.guide]


def problem(root: Path, path: str) -> str:
    """What a user reads about one path."""
    with pytest.raises(ProjectErrors) as caught:
        read_guides(root, manuscript(path))
    assert caught.value.exit_code == 3
    (error,) = caught.value.errors
    assert (error.file, error.line) == ("manuscript/01.md", 3)
    assert str(error).startswith("manuscript/01.md:3: ")
    assert str(error).isprintable()
    return error.message


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("guides/go.wav", WAV),
        ("go.WAV", WAV),
        ("guides/a b/Gö.wav", b"RF64\xff\xff\xff\xffWAVEds64"),
        ("guides/go.mp3", b"ID3\x04 and the rest"),
        ("guides/go.mp3", b"\xff\xfb\x90\x64"),
        ("guides/go.flac", b"fLaC\x00"),
        ("guides/go.ogg", b"OggS\x00"),
        ("guides/go.m4a", M4A),
    ],
)
def test_a_recording_is_read_and_known_by_its_bytes(tmp_path: Path, name: str, data: bytes) -> None:
    found = manuscript(name)
    guides = read_guides(write(tmp_path, {name: data}), found)

    assert guides.sha256(name) == hashlib.sha256(data).hexdigest()
    assert guides.read(lines(found)[0]) == data
    assert guides.inputs == ((name, guides.sha256(name)),)


def test_a_manuscript_without_recordings_reads_nothing(tmp_path: Path) -> None:
    guides = read_guides(tmp_path / "nowhere", manuscript())

    assert guides.inputs == ()


def test_every_path_is_read_once_and_every_problem_told(tmp_path: Path) -> None:
    write(tmp_path, {"a.wav": WAV})

    with pytest.raises(ProjectErrors) as caught:
        read_guides(tmp_path, manuscript("a.wav", "b.wav", "a.wav", "c.txt", "b.wav"))

    assert [(error.line, error.message.partition(";")[0]) for error in caught.value.errors] == [
        (5, "the recording 'b.wav' is not there"),
        (9, "the recording 'c.txt' is of no known kind"),
    ]


def test_a_changed_recording_is_noticed_by_the_next_run(tmp_path: Path) -> None:
    """However its path is written, and if a link in its place points elsewhere."""
    write(tmp_path, {"guides/go.wav": WAV, "guides/other.wav": WAV + b"!"})
    (tmp_path / "link.wav").symlink_to("guides/go.wav")
    for path in ("./guides//go.wav", "guides/go.wav/", "link.wav"):
        assert same(tmp_path, read_guides(tmp_path, manuscript(path)).inputs)
    by_path = read_guides(tmp_path, manuscript("guides/go.wav")).inputs
    by_link = read_guides(tmp_path, manuscript("link.wav")).inputs

    (tmp_path / "link.wav").unlink()
    (tmp_path / "link.wav").symlink_to("guides/other.wav")
    assert same(tmp_path, by_path)
    assert not same(tmp_path, by_link)
    (tmp_path / "guides/go.wav").write_bytes(WAV + b"?")
    assert not same(tmp_path, by_path)
    (tmp_path / "guides/go.wav").unlink()
    assert not same(tmp_path, by_path)


def planned(root: Path) -> tuple[Guides, Utterance]:
    found = manuscript("go.wav")
    return read_guides(write(root, {"go.wav": WAV}), found), lines(found)[0]


def test_a_recording_that_changes_meanwhile_is_not_sent(tmp_path: Path) -> None:
    """What is recorded under a hash is what the hash says."""
    guides, line = planned(tmp_path)
    (tmp_path / "go.wav").write_bytes(WAV + b"!")

    with pytest.raises(
        ProjectError, match=r"^manuscript/01\.md:3: the recording 'go\.wav' was changed while .* run again"
    ):
        guides.read(line)


def test_a_recording_that_goes_meanwhile_is_not_sent(tmp_path: Path) -> None:
    guides, line = planned(tmp_path)
    (tmp_path / "go.wav").unlink()

    with pytest.raises(ProjectError, match=r"^manuscript/01\.md:3: the recording 'go\.wav' is not there"):
        guides.read(line)


# What is refused


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/etc/hostname.wav", "is an absolute path; write it relative to the project"),
        ("../outside.wav", "goes up with `..`; write its path from the project's folder"),
        ("guides/../go.wav", "goes up with `..`"),
        ("guides/../../outside.wav", "goes up with `..`"),
        ("out.wav", "leads out of the project; keep everything inside its folder"),
        ("outside/secret.wav", "leads out of the project"),
        ("device.wav", "leads out of the project"),
        ("ring.wav", "cannot be read"),
        ("dangling.wav", "is a link to nothing; mend it or take it out"),
        ("pipe.wav", "is a device, a socket or a pipe, not a file"),
        ("socket.wav", "is a device, a socket or a pipe, not a file"),
        ("folder.wav", "is a folder, not a file"),
        ("go.wav/x.wav", "is not there"),
        ("takes/01/one.flac", "lies where narrator writes; keep it outside takes/ and build/"),
        ("build/chapters/01.mp3", "lies where narrator writes"),
        ("taken.flac", "lies where narrator writes"),
        ("x" * 300 + ".wav", "cannot be read: File name too long"),
        ("guides/\x1b[31m\u202e.wav", "is not there"),
        ("guides", "is of no known kind; give it one of these suffixes: .wav, .mp3, .flac, .ogg, .m4a"),
        (".wav", "is of no known kind"),
        ("go.wav.exe", "is of no known kind"),
        ("http://example.com/go.wav", "is not there; put it there, or take `guide` out"),
        ("file:go.wav", "is not there"),
        ("~/go.wav", "is not there"),
        ("guides/Go.wav", "is not there; did you mean 'guides/go.wav'? Otherwise put it there"),
        ("empty.wav", "is empty; export it again"),
        ("text.wav", "is no .wav file; export it again"),
        ("lfs.wav", "was not fetched; run `git lfs pull`"),
        ("really.mp3", "is really a .wav file; rename it"),
        ("book.mp3", "is no .mp3 file"),
    ],
)
def test_hostile_and_broken_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, words: str
) -> None:
    """Nothing outside the project is read, nothing that could keep a run waiting is opened."""
    root = write(
        tmp_path / "project",
        {
            "go.wav": WAV,
            "guides/go.wav": WAV,
            "takes/01/one.flac": b"fLaC",
            "build/chapters/01.mp3": b"ID3",
            "folder.wav/x": "x",
            "empty.wav": b"",
            "text.wav": "RIFF, said the wave",
            "lfs.wav": "version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
            "really.mp3": WAV,
            "book.mp3": "title: T\n",
        },
    )
    write(tmp_path, {"outside.wav": WAV, "secrets/secret.wav": WAV})
    (root / "out.wav").symlink_to("../outside.wav")
    (root / "outside").symlink_to("../secrets")
    (root / "device.wav").symlink_to("/dev/zero")
    (root / "ring.wav").symlink_to("ring.wav")
    (root / "dangling.wav").symlink_to("nowhere.wav")
    (root / "taken.flac").symlink_to("takes/01/one.flac")
    os.mkfifo(root / "pipe.wav")
    monkeypatch.chdir(root)  # the address of a socket has little room
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket.wav")
        assert words in problem(root, path)


def test_a_recording_that_cannot_be_opened(tmp_path: Path) -> None:
    write(tmp_path, {"go.wav": WAV})
    (tmp_path / "go.wav").chmod(0)
    if os.access(tmp_path / "go.wav", os.R_OK):
        pytest.skip("root reads everything")

    assert problem(tmp_path, "go.wav") == "'go.wav' cannot be read: Permission denied"


def test_a_recording_that_is_too_long(tmp_path: Path) -> None:
    with (write(tmp_path, {"go.wav": WAV}) / "go.wav").open("r+b") as sparse:
        sparse.truncate(LIMIT_BYTES)
        assert read_guides(tmp_path, manuscript("go.wav")).inputs
        sparse.truncate(LIMIT_BYTES + 1)

    assert problem(tmp_path, "go.wav") == "'go.wav' is longer than 52,428,800 bytes"


@pytest.mark.parametrize("path", ["a\0.wav", "a\ud800.wav"])
def test_a_path_that_no_file_can_have(tmp_path: Path, path: str) -> None:
    """A manuscript cannot hold one; whoever else asks gets an error of ours."""
    (line,) = lines(manuscript("go.wav"))
    odd = line.model_copy(update={"guide": path})
    found = manuscript("go.wav")
    chapter = found.chapters[0].model_copy(update={"utterances": (odd,)})

    with pytest.raises(ProjectErrors, match="holds a character that no path can have"):
        read_guides(tmp_path, found.model_copy(update={"chapters": (chapter,)}))
