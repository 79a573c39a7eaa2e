"""Listening before casting: what voices there are, how one sounds, and keeping one that was designed."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

from narrator.casting import Voice
from narrator.chaining import Wish, agree
from narrator.errors import OutputError, ProviderError, UnknownVoice, UsageError
from narrator.files import replacing
from narrator.lexicon import Lexicon, speak
from narrator.manuscript import NARRATOR, Utterance
from narrator.planning import as_acted, keeps_dictionary
from narrator.project import Project, open_project
from narrator.providers import Providers
from narrator.providers.base import Provider, StreamFormat, Streaming, VoiceKeeping
from narrator.takes import Pcm, Request

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
        UnknownVoice: there is no such provider.
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
        UsageError: it keeps none.
        ProviderError: refused, or failed for good.
    """
    with _providers(project) as providers:
        return _keeping(providers, provider).save_voice(generation_id, name)


def forget_voice(provider: str, name: str, *, project: Path | None = None) -> None:
    """Delete a kept voice by its name.

    Raises:
        UsageError: the provider keeps none.
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
) -> int:
    """
    Have a text spoken, and write the audio as it arrives.

    Args:
        out: a file to make or replace, or one that is open for writing.
        voice: provider/voice.
        direction: how to say it.
        audio_format: by the suffix of *out* if it is a path.
        project: whose book.yaml and lexicon.yaml count.

    Returns:
        How many bytes were written.

    Raises:
        UsageError: no text, no voice, or a file of another kind.
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
        try:
            request = _request(text, provider, wish, lexicon, direction=direction, speed=speed)
        except UnknownVoice as error:
            error.place("", None)  # nobody wrote it in a file
            raise
        if not isinstance(out, Path):
            return _write(_pieces(provider, request, wanted), out)
        with replacing(out) as file:
            return _write(_pieces(provider, request, wanted), file)


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


def _request(
    text: str, provider: Provider, voice: str, lexicon: Lexicon, *, direction: str | None, speed: float
) -> Request:
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
    (model,) = agree([Wish(choice.models, direction is not None)], provider.models, language="en")
    abilities = provider.models[model]
    slowest, fastest = abilities.speed or (1.0, 1.0)
    if direction is not None and abilities.directions == "none":
        raise UsageError(f"{provider.name}: {model} acts no directions; leave --direction out")
    return Request(
        provider=provider.name,
        model=model,
        voice=choice.voice,
        spoken=speak(utterance, lexicon, provider=provider.name, dictionary=keeps_dictionary(provider)),
        # Somebody who listens before casting may well give the service's own name for a style.
        direction=as_acted(direction, (), abilities) or direction,
        speed=min(max(speed, slowest), fastest),
        settings=choice.settings,
    )


def _pieces(provider: Provider, request: Request, wanted: StreamFormat) -> Iterator[bytes]:
    if isinstance(provider, Streaming):
        yield from provider.stream(request, wanted)
    else:
        generation = provider.generate(request)[0]
        yield _encoded(generation.pcm, generation.rate, wanted)


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
