"""What is on hand, what must be recorded, and what that will cost; nothing is recorded here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from narrator.book import Book
from narrator.casting import Assignment, Cast, Role, Setting, direct
from narrator.errors import (
    CastingError,
    DirectionTooLong,
    ProjectError,
    ProjectErrors,
    SentenceTooLong,
    UnknownVoice,
    UnspokenLanguage,
)
from narrator.lexicon import EMBEDDED, Lexicon, speak
from narrator.manuscript import NARRATOR, Chapter, Manuscript, Notice, Utterance
from narrator.providers.base import Provider
from narrator.takes import Request, Take

OnHand = Callable[[str], tuple[Take, ...]]
"""Every good take under a key, oldest first."""

CHARACTERS_PER_SECOND = 14.5
"""Of English read at an audiobook's pace (about 160 words a minute); for estimates only."""


class Line(NamedTuple):
    """An utterance, what will be asked for it, and the take that serves it."""

    chapter: int
    utterance: Utterance
    request: Request
    take: Take | None
    """None: it must be recorded."""
    before_id: str | None = None
    """The utterance before it in its context chain; None at the head, and without context."""


class PlannedChapter(NamedTuple):
    """A chapter and its lines, in order."""

    chapter: Chapter
    lines: tuple[Line, ...]

    @property
    def complete(self) -> bool:
        """Whether every line has its take."""
        return all(line.take is not None for line in self.lines)


class Estimate(NamedTuple):
    """What a plan will take."""

    seconds: float
    """Of audio, the whole book."""
    requests: int
    characters: int
    """To be sent."""
    amount: float
    currency: str


class Plan(NamedTuple):
    """Every line of the book with the take that serves it, if any."""

    chapters: tuple[PlannedChapter, ...]
    assignments: Mapping[str, Assignment]
    """The voice of each role that speaks."""
    notices: tuple[Notice, ...] = ()

    @property
    def lines(self) -> Iterable[Line]:
        """Every line, in the order of the book."""
        return (line for chapter in self.chapters for line in chapter.lines)


def assign_voices(cast: Cast, providers: Mapping[str, Provider], *, language: str) -> dict[str, Assignment]:
    """
    The voice of every role in the cast; the embedded voice for a narrator that is not cast.

    Args:
        providers: the ones that can be used here, by name.
        language: BCP 47, for the default narrator.

    Raises:
        ProjectErrors: every role whose voice (and stand-in) cannot be used, with its line in cast.yaml.
    """
    assignments: dict[str, Assignment] = {}
    errors: list[ProjectError] = []
    for role in cast.roles:
        wanted = role.voice or role.stand_in
        if wanted is None:
            errors.append(CastingError(f"role {role.name!r} has no voice", file="cast.yaml", line=role.line))
            continue
        settings = dict(role.settings)
        try:
            if wanted.partition("/")[0] not in providers and role.stand_in:
                assignments[role.name] = _choose(role.stand_in, {}, providers, role.line)._replace(
                    stand_in=True
                )
            elif wanted == f"{EMBEDDED}/{language}":  # which is what a narrator without a voice gets
                assignments[role.name] = _default(language, settings, providers, role.line)
            else:
                assignments[role.name] = _choose(wanted, settings, providers, role.line)
        except ProjectError as error:
            errors.append(error)
    if errors:
        raise ProjectErrors(errors)
    if NARRATOR not in assignments:
        assignments[NARRATOR] = _default(language, {}, providers, None)
    return assignments


def _default(
    language: str, settings: Mapping[str, Setting], providers: Mapping[str, Provider], line: int | None
) -> Assignment:
    try:
        return _choose(f"{EMBEDDED}/{language}", settings, providers, line)
    except UnknownVoice as error:
        raise UnspokenLanguage(language, EMBEDDED, line=line) from error


def _choose(
    voice: str, settings: Mapping[str, Setting], providers: Mapping[str, Provider], line: int | None
) -> Assignment:
    name, _, wanted = voice.partition("/")
    provider = providers.get(name)
    if provider is None:
        remedy = (
            f"this version records through {', '.join(sorted(providers))} only; "
            "give the role a `stand_in`, or play the book with `--rehearse`"
        )
        raise UnknownVoice(voice, (), remedy=remedy, line=line)
    try:
        canonical, chosen = provider.choose(wanted, settings)
    except ProjectError as error:
        # The provider knows what is wrong but not where it was written.
        error.file, error.line = "cast.yaml", line
        error.args = (f"cast.yaml:{line}: {error.message}" if line else f"cast.yaml: {error.message}",)
        raise
    return Assignment(name, canonical, dict(chosen))


def rehearsal(
    manuscript: Manuscript, cast: Cast, embedded: Provider, *, language: str
) -> dict[str, Assignment]:
    """A distinct embedded voice for every role that speaks, whatever the cast says."""
    speaking = {utterance.role for chapter in manuscript.chapters for utterance in chapter.utterances}
    roles = tuple(role for role in cast.roles if role.name in speaking)
    try:
        voices = embedded.rehearse(roles, language)
    except UnknownVoice as error:
        raise UnspokenLanguage(language, embedded.name) from error
    assignments = {
        name: Assignment(embedded.name, voice, settings) for name, (voice, settings) in voices.items()
    }
    if NARRATOR in speaking and NARRATOR not in assignments:
        assignments[NARRATOR] = _default(language, {}, {embedded.name: embedded}, None)
    return assignments


def plan_takes(
    manuscript: Manuscript,
    *,
    book: Book,
    cast: Cast,
    lexicon: Lexicon,
    assignments: Mapping[str, Assignment],
    providers: Mapping[str, Provider],
    on_hand: OnHand,
) -> Plan:
    """
    Make every utterance ready for its provider and find the take that serves it.

    Raises:
        ProjectErrors: directions longer than their provider takes, each with file and line.
    """
    errors: list[ProjectError] = []
    unheard: dict[tuple[str, str], Utterance] = {}
    too_fast: dict[tuple[str, float, float], Utterance] = {}
    chooser = _Chooser(on_hand)
    roles = {role.name: role for role in cast.roles}
    chapters = []
    for chapter in manuscript.chapters:
        lines = []
        heads: dict[tuple[str, int], Line] = {}
        for utterance in chapter.utterances:
            assignment = assignments[utterance.role]
            provider = providers[assignment.provider]
            role = roles.get(utterance.role)
            asked = _asked_speed(utterance.speed, chapter.speed, role.speed if role else None, book.speed)
            request = _request(utterance, chapter, role, book, assignment, provider, lexicon, speed=asked)
            errors += _too_long_in_one(request.spoken.text, utterance, provider)
            if request.speed != asked:
                too_fast.setdefault((provider.name, asked, request.speed), utterance)
            if request.direction is not None:
                errors += _too_long(request.direction, utterance, provider)
                if not provider.understood(request.direction):
                    unheard.setdefault((provider.name, request.direction), utterance)
            place = (provider.name, utterance.scene if book.continuity == "scene" else 0)
            chained = book.continuity != "none" and bool(provider.abilities.context)
            before = heads.get(place) if chained else None
            take = chooser.choose(request, before.take if before else None, provider.abilities.deterministic)
            line = Line(chapter.number, utterance, request, take, before.utterance.id if before else None)
            heads[place] = line
            lines.append(line)
        chapters.append(PlannedChapter(chapter, tuple(lines)))
    if errors:
        raise ProjectErrors(errors)
    return Plan(
        tuple(chapters), dict(assignments), (*_unheard(unheard), *_slowed(too_fast), *_stand_ins(assignments))
    )


def _request(
    utterance: Utterance,
    chapter: Chapter,
    role: Role | None,
    book: Book,
    assignment: Assignment,
    provider: Provider,
    lexicon: Lexicon,
    *,
    speed: float,
) -> Request:
    slowest, fastest = provider.abilities.speed or (1.0, 1.0)
    return Request(
        provider=provider.name,
        model=provider.model,
        voice=assignment.voice,
        spoken=speak(utterance, lexicon, provider=provider.name),
        direction=direct(
            book.direction, role.direction if role else None, chapter.direction, utterance.direction
        ),
        speed=min(max(speed, slowest), fastest),
        settings=tuple(sorted(assignment.settings.items())),
    )


def _too_long(direction: str, utterance: Utterance, provider: Provider) -> list[ProjectError]:
    limit = provider.abilities.direction_limit
    if limit is None or len(direction) <= limit:
        return []
    return [DirectionTooLong(direction, limit, provider.name, file=utterance.file, line=utterance.line)]


def _too_long_in_one(text: str, utterance: Utterance, provider: Provider) -> list[ProjectError]:
    limit = provider.abilities.text_limit
    if limit is None or len(text) <= limit:
        return []
    return [SentenceTooLong(text, limit, provider.name, file=utterance.file, line=utterance.line)]


def _unheard(unheard: Mapping[tuple[str, str], Utterance]) -> Iterable[Notice]:
    for (provider, direction), utterance in unheard.items():
        message = f"{provider} cannot act the direction {direction!r}; it is spoken without it"
        yield Notice(message=message, file=utterance.file, line=utterance.line)


def _stand_ins(assignments: Mapping[str, Assignment]) -> Iterable[Notice]:
    for role, assignment in assignments.items():
        if assignment.stand_in:
            voice = f"{assignment.provider}/{assignment.voice}"
            yield Notice(message=f"role {role!r} speaks with its stand-in {voice}", file="cast.yaml")


def _slowed(too_fast: Mapping[tuple[str, float, float], Utterance]) -> Iterable[Notice]:
    for (provider, asked, given), utterance in too_fast.items():
        message = f"{provider} cannot speak at speed {asked:g}; it speaks at {given:g}"
        yield Notice(message=message, file=utterance.file, line=utterance.line)


def _asked_speed(*levels: float | None) -> float:
    """The nearest level's; 1.0 where none says anything."""
    return next((speed for speed in levels if speed is not None), 1.0)


class _Chooser:
    """Hands out takes in the order of the book (design section 6).

    An engine that answers the same each time serves every place from one take. Otherwise each
    take serves one place: the one recorded after the same neighbour first, else the next unused.
    """

    def __init__(self, on_hand: OnHand) -> None:
        self._on_hand = on_hand
        self._left: dict[str, list[Take]] = {}

    def choose(self, request: Request, before: Take | None, deterministic: bool) -> Take | None:
        takes = self._left.get(request.key)
        if takes is None:
            takes = self._left[request.key] = list(self._on_hand(request.key))
        if not takes or deterministic:
            return takes[0] if takes else None
        neighbour = before.id if before else None
        matching = (i for i, candidate in enumerate(takes) if candidate.after == neighbour)
        return takes.pop(next(matching, 0))


def estimate(plan: Plan, providers: Mapping[str, Provider]) -> Estimate:
    """What recording the missing lines will take, and how long the whole book will be (speech only)."""
    seconds = amount = 0.0
    characters = 0
    currency = "USD"
    missing = to_record(plan.lines, providers)
    for line in plan.lines:
        if line.take is not None:
            seconds += line.take.samples / line.take.rate
        else:
            seconds += len(line.request.spoken.text) / CHARACTERS_PER_SECOND / line.request.speed
    for line in missing:
        abilities = providers[line.request.provider].abilities
        count = len(line.request.spoken.text)
        characters += count
        amount += count * abilities.price_per_1000 / 1000
        currency = abilities.currency
    return Estimate(seconds, len(missing), characters, amount, currency)


def to_record(lines: Iterable[Line], providers: Mapping[str, Provider]) -> list[Line]:
    """The lines that need a request of their own: on a deterministic engine, identical lines share one."""
    asked: set[str] = set()
    needed = []
    for line in lines:
        if line.take is not None:
            continue
        if providers[line.request.provider].abilities.deterministic:
            if line.request.key in asked:
                continue
            asked.add(line.request.key)
        needed.append(line)
    return needed


def chains(lines: Iterable[Line]) -> list[tuple[Line, ...]]:
    """
    Group the lines to record into runs that must be asked one after another: each line goes into the
    run of the line before it in its context chain. Runs may be asked beside each other.
    """
    runs: dict[str, list[Line]] = {}
    heads: list[list[Line]] = []
    for line in lines:
        run = runs.get(line.before_id) if line.before_id else None
        if run is None:
            run = []
            heads.append(run)
        run.append(line)
        runs[line.utterance.id] = run
    return [tuple(run) for run in heads]
