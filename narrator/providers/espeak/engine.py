"""The speech engine's own process: espeak-ng, loaded once and forked for every utterance.

espeak-ng is GPL-3.0-or-later, so narrator never loads it: `process` starts this file by its
path (`python -I -S engine.py FOLDER`), and the two talk through pipes. It imports the standard
library only, and nothing of narrator. FOLDER holds the library and its data, as the wheel has them.

The engine's answers depend on what it said before; a fork of a freshly loaded engine and a fixed seed
make them depend on the order alone.

Frames go both ways: a length of 4 bytes, little-endian, then that many bytes of `marshal`. An order is
`(voice, rate, pitch, range, volume, word_gap, text, phonemes_allowed, ipa)`, its text in UTF-8 with SSML
marks. An answer is `(refusal, rate, pcm, events)`: refusal is `""` or a sentence; pcm is mono 16-bit in
native order; events are `(mnemonic, position, sample)` as they sound, the position being in characters of
the text, from 0, and the mnemonic `""` for the start of a word. With ipa, phonemes are named in IPA, pauses
and some faint sounds by `""`: the same events, in the same order. A frame of length 0, or the end of the
pipe, ends the process.
"""

from __future__ import annotations

import ctypes
import marshal
import os
import signal
import struct
import sys
from typing import Any, Final

ORDERS: Final = 0
"""File descriptor that orders come from."""
LIMIT_S: Final = 60
"""An utterance that takes longer is given up."""
FINISHED: Final = 3
"""Exit status of a fork that found no further order."""
LOST: Final = 4
"""Exit status of a fork that read half an order, or could not answer."""

# From speak_lib.h and espeak_ng.h of espeak-ng 1.52.
_SYNCHRONOUS: Final = 2
_PHONEME_EVENTS, _DONT_EXIT = 0x0001, 0x8000
_UTF8, _SSML, _PHONEMES = 0x01, 0x10, 0x100
_CHARACTER_POSITION: Final = 1
_RATE, _VOLUME, _PITCH, _RANGE, _WORD_GAP = 1, 2, 3, 4, 7
_LIST_TERMINATED, _WORD, _PHONEME = 0, 1, 7
_SEED: Final = 1


class _EventId(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position_ms", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _EventId),
    )


_OnSpeech = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.POINTER(_Event))


class Refusal(Exception):
    """The engine cannot do what the order asks; trying again would not help."""


class Engine:
    """espeak-ng, ready to be forked."""

    def __init__(self, folder: str) -> None:
        """
        Raises:
            Refusal: the library or its data cannot be used.
        """
        # The engine cuts paths at 160 bytes, and environments lie deep; from here the path is short.
        os.chdir(folder)
        name = "libespeak-ng.dylib" if sys.platform == "darwin" else "libespeak-ng.so"
        try:
            self._library = ctypes.CDLL(f"./{name}")
        except OSError as error:
            raise Refusal(f"the espeak-ng library does not load: {error}") from error
        options = _PHONEME_EVENTS | _DONT_EXIT
        self.rate: int = self._library.espeak_Initialize(_SYNCHRONOUS, 0, b".", options)
        if self.rate <= 0:
            raise Refusal(f"espeak-ng does not start: its data in {folder} cannot be used")
        # Read the list of voices here, once, and not again in each fork (3 ms).
        self._library.espeak_ListVoices.restype = ctypes.c_void_p
        self._library.espeak_ListVoices(None)
        self._pcm: list[bytes] = []
        self._events: list[tuple[str, int, int]] = []
        self._on_speech = _OnSpeech(self._keep)  # the engine holds no reference of its own
        self._library.espeak_SetSynthCallback(self._on_speech)

    def speak(self, order: tuple[Any, ...]) -> tuple[Any, ...]:
        """Answer one order. Only the first answer of a process is a function of the order alone.

        Raises:
            Refusal: no such voice, or a setting the engine does not take.
        """
        voice, rate, pitch, range_, volume, word_gap, text, phonemes_allowed, ipa = order
        self._library.espeak_ng_SetRandSeed(ctypes.c_long(_SEED))
        self._library.espeak_ng_SetPhonemeEvents(1, int(ipa))
        if self._library.espeak_SetVoiceByName(voice) != 0:
            raise Refusal(f"espeak-ng has no voice {voice.decode()!r}")
        parameters = (
            (_RATE, rate),
            (_PITCH, pitch),
            (_RANGE, range_),
            (_VOLUME, volume),
            (_WORD_GAP, word_gap),
        )
        for parameter, value in parameters:
            if self._library.espeak_SetParameter(parameter, value, 0) != 0:
                raise Refusal(f"espeak-ng refuses parameter {parameter} = {value}")
        flags = _UTF8 | _SSML | (_PHONEMES if phonemes_allowed else 0)
        size = ctypes.c_size_t(len(text) + 1)
        if self._library.espeak_Synth(text, size, 0, _CHARACTER_POSITION, 0, flags, None, None) != 0:
            raise Refusal("espeak-ng does not take this text")
        return "", self.rate, b"".join(self._pcm), self._events

    def _keep(self, pcm: int | None, samples: int, events: Any) -> int:
        if pcm and samples > 0:
            self._pcm.append(ctypes.string_at(pcm, samples * 2))
        index = 0
        while events and (event := events[index]).type != _LIST_TERMINATED:
            if event.type in (_WORD, _PHONEME):
                mnemonic = event.id.string.decode("utf-8", "replace") if event.type == _PHONEME else ""
                self._events.append((mnemonic, event.text_position - 1, event.sample))
            index += 1
        return 0


def main(folder: str) -> None:
    """Load the engine and serve orders until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to act on
    answers = os.dup(1)
    os.dup2(2, 1)  # whatever the engine prints must not get between answers
    engine: Engine | Refusal
    try:
        engine = Engine(folder)
    except Refusal as refusal:
        engine = refusal
    # Each fork reads its own order, so the fork is made while the parent is still writing it.
    while True:
        fork = os.fork()
        if fork == 0:
            status = LOST
            try:
                status = serve(engine, answers)
            finally:
                os._exit(status)
        _, status = os.waitpid(fork, 0)
        code = os.waitstatus_to_exitcode(status)
        if code != 0:
            # An answer may be cut short, so the pipe is of no more use.
            os._exit(0 if code == FINISHED else 128 - code if code < 0 else code)


def serve(engine: Engine | Refusal, answers: int) -> int:
    """Read one order and answer it; the exit status of the fork that did."""
    head = _read(4)
    size = struct.unpack("<I", head)[0] if len(head) == 4 else 0
    if size == 0:
        return FINISHED
    body = _read(size)
    if len(body) < size:
        return FINISHED  # the parent is gone
    signal.alarm(LIMIT_S)
    answer: tuple[Any, ...]
    try:
        if isinstance(engine, Refusal):
            raise engine
        answer = engine.speak(marshal.loads(body))  # noqa: S302 - from the process that started this one
    except Refusal as refusal:
        answer = (str(refusal), 0, b"", [])
    frame = marshal.dumps(answer)
    _write(answers, struct.pack("<I", len(frame)) + frame)
    return 0


def _read(size: int) -> bytes:
    """*size* bytes of orders, fewer at the end. Unbuffered: the rest belongs to the next fork."""
    parts = []
    while size and (part := os.read(ORDERS, size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


if __name__ == "__main__":
    main(sys.argv[1])
