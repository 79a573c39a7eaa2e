"""Listening before casting: what voices there are, how one sounds, and keeping one that was designed."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, Literal, NamedTuple

from narrator.casting import Voice
from narrator.chaining import Wish, agree
from narrator.errors import OutputError, ProviderError, UnknownVoice, UsageError
from narrator.files import replacing
from narrator.lexicon import Lexicon, speak
from narrator.manuscript import NARRATOR, Utterance
from narrator.planning import Line, as_acted, in_parts, keeps_dictionary
from narrator.project import Project, open_project
from narrator.providers import Providers
from narrator.providers.base import Provider, StreamFormat, Streaming, VoiceKeeping
from narrator.results import Spent
from narrator.spending import amount, bill
from narrator.splitting import join, speaking_rate
from narrator.store import TakeStore
from narrator.takes import Generation, Pcm, Precedent, Request, Take

FORMATS: dict[str, StreamFormat] = {".mp3": "mp3", ".wav": "wav"}
"""What can be listened to, by the suffix of its file."""
_MP3_RATE = 44_100


class Service(NamedTuple):
    """A provider, and whether what is behind it can still be expected to answer."""

    provider: str
    status: Literal["live", "stopping", "dead"]
    ends: str | None
    """The day from which it does not (ISO 8601)."""
    note: str


class Said(NamedTuple):
    """What became of a text."""

    size: int
    """Bytes that were written."""
    characters: int
    """That are billed; 0 where nothing is."""
    spent: Spent | None
    """What they cost, which is in no ledger; None where that is not known."""


class Listing(NamedTuple):
    """The voices of some providers."""

    voices: tuple[Voice, ...]
    services: tuple[Service, ...]
    warnings: tuple[str, ...]
    """One for each provider that could not be asked."""


def list_voices(provider: str | None = None, *, project: Path | None = None) -> Listing:
    """
    Every voice of one provider, or of all that can be asked.

    Args:
        project: whose book.yaml says where the providers are.

    Raises:
        UsageError: there is no such provider.
        ProviderError: the one that was named cannot be asked, or none can.
    """
    voices: list[Voice] = []
    services: list[Service] = []
    failed: list[ProviderError] = []
    today = datetime.now(UTC).date().isoformat()
    with _providers(project) as providers:
        for name in [provider] if provider else providers:
            status = providers.named(name).status
            services.append(Service(name, status.on(today), status.ends, status.note))
            try:
                voices += providers.named(name).voices()
            except ProviderError as error:
                if provider:
                    raise
                failed.append(error)
    if not voices and failed:
        raise failed[0]
    return Listing(tuple(voices), tuple(services), tuple(str(error) for error in failed))


def keep_voice(provider: str, generation_id: str, name: str, *, project: Path | None = None) -> Voice:
    """Keep the voice of a generation under a name, at a provider that keeps voices.

    Raises:
        UsageError: it keeps none, or there is no such provider.
        ProviderError: refused, or failed for good.
    """
    with _providers(project) as providers:
        return _keeping(providers, provider).save_voice(generation_id, name)


def forget_voice(provider: str, name: str, *, project: Path | None = None) -> None:
    """Delete a kept voice by its name.

    Raises:
        UsageError: the provider keeps none, or there is no such one.
        ProviderError: refused, or failed for good.
    """
    with _providers(project) as providers:
        _keeping(providers, provider).delete_voice(name)


def say(
    text: str,
    out: Path | BinaryIO,
    *,
    voice: str,
    direction: str | None = None,
    speed: float = 1.0,
    audio_format: StreamFormat | None = None,
    project: Path | None = None,
) -> Said:
    """
    Have a text spoken, and write the audio as it arrives; one that is too long for one request is cut and
    joined as a line of a book is.

    Args:
        out: a file to make or replace, or one that is open for writing.
        voice: provider/voice.
        direction: how to say it.
        audio_format: by the suffix of *out* if it is a path.
        project: whose book.yaml and lexicon.yaml count.

    Raises:
        UsageError: no text, no such provider, no voice, or a file of another kind.
        UnknownVoice: there is no such voice.
        ProviderError: refused, or failed for good; *out* is as it was if it is a path.
        OutputError: it cannot be written.
    """
    if not text.strip():
        raise UsageError("there is nothing to say; give a text")
    wanted = audio_format or _format(out)
    opened = open_project(project, rehearse=True) if project else None
    lexicon = opened.lexicon if opened else Lexicon()
    with _of(opened) as providers:
        name, slash, wish = voice.partition("/")
        provider = providers.named(name)
        if not slash:
            remedy = f"write {name}/... (`narrator voices {name}` lists them)"
            raise UsageError(f"{name!r} names no voice; {remedy}")
        language = opened.book.language if opened else "en"
        try:
            line = _line(text, provider, wish, lexicon, direction=direction, speed=speed, language=language)
        except UnknownVoice as error:
            error.place("", None)  # nobody wrote it in a file
            raise
        pieces = _pieces(provider, line, wanted)
        if not isinstance(out, Path):
            return _said(provider, line, _write(pieces, out))
        with replacing(out) as file:
            return _said(provider, line, _write(pieces, file))


def _providers(project: Path | None) -> Providers:
    return _of(open_project(project, rehearse=True) if project else None)


def _of(opened: Project | None) -> Providers:
    return (
        Providers(opened.book.providers, language=opened.book.language) if opened else Providers(language="")
    )


def _keeping(providers: Providers, name: str) -> VoiceKeeping:
    provider = providers.named(name)
    if not isinstance(provider, VoiceKeeping):
        raise UsageError(f"{name} keeps no voices of its own for you; its voices are all listed already")
    return provider


def _format(out: Path | BinaryIO) -> StreamFormat:
    if not isinstance(out, Path):
        return "mp3"
    if out.suffix.lower() not in FORMATS:
        raise UsageError(f"{out}: the file must end in {' or '.join(FORMATS)}")
    return FORMATS[out.suffix.lower()]


def _line(
    text: str,
    provider: Provider,
    voice: str,
    lexicon: Lexicon,
    *,
    direction: str | None,
    speed: float,
    language: str,
) -> Line:
    """The text as the one line of a book."""
    choice = provider.choose(voice, {})
    words = " ".join(text.split())
    utterance = Utterance(
        id="say",
        role=NARRATOR,
        text=words,
        file="",
        line=1,
        start=0,
        end=len(words),
        scene=0,
        paragraph=0,
    )
    (model,) = agree([Wish(choice.models, direction is not None)], provider.models, language=language)
    abilities = provider.models[model]
    slowest, fastest = abilities.speed or (1.0, 1.0)
    if direction is not None and abilities.directions == "none":
        raise UsageError(f"{provider.name}: {model} acts no directions; leave --direction out")
    request = Request(
        provider=provider.name,
        model=model,
        voice=choice.voice,
        spoken=speak(utterance, lexicon, provider=provider.name, dictionary=keeps_dictionary(provider)),
        # Somebody who listens before casting may well give the service's own name for a style.
        direction=as_acted(direction, (), abilities) or direction,
        speed=min(max(speed, slowest), fastest),
        settings=choice.settings,
    )
    return in_parts(Line(0, utterance, request, None), {provider.name: provider}, language=language)


def _pieces(provider: Provider, line: Line, wanted: StreamFormat) -> Iterator[bytes]:
    if isinstance(provider, Streaming) and not line.parts:
        yield from provider.stream(line.request, wanted)
    else:
        generation = _joined(provider, line) if line.parts else provider.generate(line.request)[0]
        yield _encoded(generation.pcm, generation.rate, wanted)


def _joined(provider: Provider, line: Line) -> Generation:
    """The parts of a text, asked for one after another."""
    takes: list[Take] = []
    before: Precedent | None = None
    with TemporaryDirectory(prefix="narrator-") as folder:
        store = TakeStore(Path(folder))
        for part in line.parts:
            began = time.monotonic()
            generation = provider.generate(part.request, before=before)[0]
            took_ms = round((time.monotonic() - began) * 1000)
            now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            takes.append(store.put(part.request, generation, took_ms=took_ms, recorded_at=now, durable=False))
            before = takes[-1].precedent
        sound = [store.pcm(take.key, take.id, known=take) for take in takes]
    return join(line.request, line.parts, takes, sound, rate=speaking_rate(takes))


def _said(provider: Provider, line: Line, size: int) -> Said:
    """What it cost, as far as that can be told without listening to it."""
    able = provider.models[line.request.model]
    if able.free:
        return Said(size, 0, Spent(amount=0.0, currency=able.currency))
    asked = [part.request for part in line.parts] or [line.request]
    readings = provider.answers if line.parts or not isinstance(provider, Streaming) else 1
    bills = [
        bill(provider.characters(each) * readings, price_per_1000=able.price_per_1000, currency=able.currency)
        for each in asked
    ]
    told = able.price_known and not able.price_per_minute
    spent = Spent(amount=amount(sum(each.amount for each in bills)), currency=able.currency) if told else None
    return Said(size, sum(each.characters for each in bills), spent)


def _encoded(pcm: Pcm, rate: int, wanted: StreamFormat) -> bytes:
    buffer = io.BytesIO()
    if wanted == "wav":
        import soundfile  # slow to import, as are the next two

        soundfile.write(buffer, pcm, rate, format="WAV", subtype="PCM_16")
    else:
        import soxr

        from narrator.audio.mp3 import Mp3Writer

        with Mp3Writer(buffer, rate=_MP3_RATE) as writer:
            writer.write(soxr.resample(pcm, rate, _MP3_RATE))
    return buffer.getvalue()


def _write(pieces: Iterator[bytes], file: BinaryIO) -> int:
    written = 0
    with closing(pieces):  # type: ignore[type-var]  # a generator, which may hold a connection
        for piece in pieces:
            try:
                file.write(piece)
                file.flush()
            except OSError as exc:
                raise OutputError(f"the audio cannot be written: {exc.strerror or exc}") from exc
            written += len(piece)
    if not written:
        raise OutputError("no audio came")
    return written
