"""A speech service that is always equally slow: every request is answered whole after a fixed time.

It speaks just enough of the Octave stream for the benchmark, with audio made beforehand, so that it takes
little of the machine that is being measured. `python -m benchmarks.latency MILLISECONDS` prints its port; a
line on its standard input ends it and has it print what it served.
"""

from __future__ import annotations

import asyncio
import base64
import io
import json
import sys
import threading
import uuid

import numpy as np
import soundfile

RATE = 48_000
SECONDS = 3.0
PIECES = 3
"""Of the audio of one answer."""
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def audio() -> list[bytes]:
    """Something like speech in level and in how well it packs, as the pieces of one WAV file, in base64."""
    random = np.random.default_rng(7)
    time = np.arange(int(RATE * SECONDS)) / RATE
    voice = sum(np.sin(2 * np.pi * 120 * n * time + n) / n for n in range(1, 20))
    syllables = 0.5 + 0.5 * np.sin(2 * np.pi * 3 * time)
    pcm = (4000 * voice * syllables + 40 * random.standard_normal(len(time))).astype(np.int16)
    buffer = io.BytesIO()
    soundfile.write(buffer, pcm, RATE, format="WAV", subtype="PCM_16")
    file = buffer.getvalue()
    step = -(-len(file) // PIECES) // 2 * 2
    return [base64.b64encode(file[at : at + step]) for at in range(0, len(file), step)]


class Service:
    """Answers, and counts the seconds that its requests waited."""

    def __init__(self, latency_s: float) -> None:
        self._latency_s = latency_s
        self._audio = audio()
        self.requests = 0
        self.at_once = 0
        self._busy = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, kept alive."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                fields = dict(
                    line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line
                )
                body = await reader.readexactly(int(fields.get(b"content-length", b"0")))
                self.requests += 1
                self._busy += 1
                self.at_once = max(self.at_once, self._busy)
                # The answer is made while the request waits: what it costs is not added to the latency.
                done = asyncio.get_running_loop().time() + self._latency_s
                answer = (
                    _HEAD + b"".join(_sized(line) for line in self._lines(json.loads(body))) + b"0\r\n\r\n"
                )
                await asyncio.sleep(max(0.0, done - asyncio.get_running_loop().time()))
                self._busy -= 1
                writer.write(answer)
                await writer.drain()
        except (asyncio.CancelledError, asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def _lines(self, asked: dict[str, list[dict[str, str]]]) -> list[bytes]:
        text = asked["utterances"][0]["text"]
        generation, snippet, request = (str(uuid.uuid4()) for _ in range(3))
        ids = {"generation_id": generation, "snippet_id": snippet, "request_id": request}
        words = text.split()
        step = int(SECONDS * 1000) // len(words)
        lines = [
            json.dumps(
                {
                    "type": "timestamp",
                    **ids,
                    "timestamp": {
                        "type": "word",
                        "text": word,
                        "time": {"begin": at * step, "end": at * step + step // 2},
                    },
                }
            ).encode()
            for at, word in enumerate(words)
        ]
        for index, encoded in enumerate(self._audio):
            facts = {
                "type": "audio",
                **ids,
                "audio_format": "wav",
                "chunk_index": index,
                "is_last_chunk": index == len(self._audio) - 1,
                "text": text,
                "transcribed_text": None,
                "utterance_index": 0,
                "audio": "",
            }
            lines.append(json.dumps(facts).encode()[:-2] + encoded + b'"}')
        return lines


def _sized(line: bytes) -> bytes:
    return b"%x\r\n%s\n\r\n" % (len(line) + 1, line)


async def main(latency_ms: float) -> None:
    """Serve until a line comes in."""
    service = Service(latency_ms / 1000)
    server = await asyncio.start_server(service.serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    ended, loop = asyncio.Event(), asyncio.get_running_loop()
    threading.Thread(
        target=lambda: (sys.stdin.readline(), loop.call_soon_threadsafe(ended.set)), daemon=True
    ).start()
    await ended.wait()
    print(json.dumps({"requests": service.requests, "at_once": service.at_once}), flush=True)


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1])))
