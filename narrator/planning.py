"""What is on hand, what must be recorded, and what that will cost; nothing is recorded here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from narrator.book import Book
from narrator.casting import Abilities, Assignment, Cast, Role, direct
from narrator.chaining import Place, Wish, agree, groups, place
from narrator.errors import DirectionTooLong, ManuscriptError, ProjectError, ProjectErrors, SentenceTooLong
from narrator.findings import Findings
from narrator.lexicon import Lexicon, speak
from narrator.manuscript import Chapter, Manuscript, Notice, Utterance
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
    before_request: Request | None = None
    """What is asked for that utterance."""


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


def plan_takes(
    manuscript: Manuscript,
    *,
    book: Book,
    cast: Cast,
    lexicon: Lexicon,
    assignments: Mapping[str, Assignment],
    providers: Mapping[str, Provider],
    on_hand: OnHand,
    guide_sha256: Callable[[str], str] | None = None,
) -> Plan:
    """
    Make every utterance ready for its provider and find the take that serves it.

    Args:
        guide_sha256: of a guide recording, by its path in the project; needed where the manuscript names one.

    Raises:
        ProjectErrors: directions longer than their provider takes, each with file and line.
    """
    errors: list[ProjectError] = []
    findings = Findings()
    chooser = _Chooser(on_hand)
    roles = {role.name: role for role in cast.roles}
    chapters = []
    for chapter in manuscript.chapters:
        drafts = [
            _draft(utterance, chapter, roles.get(utterance.role), book, assignments, providers)
            for utterance in chapter.utterances
        ]
        models = _models(drafts, language=book.language)
        lines: list[Line] = []
        heads: dict[Place, Line] = {}
        for draft, model in zip(drafts, models, strict=True):
            provider, utterance = draft.provider, draft.utterance
            abilities = provider.models[model]
            request = _request(draft, model, lexicon, guide_sha256)
            errors += _too_long_in_one(request.spoken.text, utterance, provider, abilities)
            errors += _too_long(request.direction, utterance, provider, abilities)
            errors += _cannot_follow(utterance, provider, abilities)
            before = heads.get(draft.place) if abilities.context else None
            take = chooser.choose(request, before.take if before else None, abilities.deterministic)
            line = Line(
                chapter.number,
                utterance,
                request,
                take,
                before.utterance.id if before else None,
                before.request if before else None,
            )
            _look(findings, draft, line, on_hand)
            heads[draft.place] = line
            lines.append(line)
        chapters.append(PlannedChapter(chapter, tuple(lines)))
    if errors:
        raise ProjectErrors(errors)
    return Plan(tuple(chapters), dict(assignments), (*findings.notices(), *_stand_ins(assignments)))


class _Draft(NamedTuple):
    """An utterance before its model is settled."""

    utterance: Utterance
    assignment: Assignment
    provider: Provider
    place: Place
    direction: str | None
    speed: float


def _draft(
    utterance: Utterance,
    chapter: Chapter,
    role: Role | None,
    book: Book,
    assignments: Mapping[str, Assignment],
    providers: Mapping[str, Provider],
) -> _Draft:
    assignment = assignments[utterance.role]
    provider = providers[assignment.provider]
    return _Draft(
        utterance,
        assignment,
        provider,
        place(utterance, provider, book.continuity),
        direct(book.direction, role.direction if role else None, chapter.direction, utterance.direction),
        _asked_speed(utterance.speed, chapter.speed, role.speed if role else None, book.speed),
    )


def _models(drafts: Sequence[_Draft], *, language: str) -> list[str]:
    """The model of each draft: one for all of a chain's lines that leave it open."""
    models = [draft.assignment.models[0] for draft in drafts]
    if all(len(draft.assignment.models) == 1 for draft in drafts):
        return models
    for chain in groups(draft.place for draft in drafts):
        members = [drafts[index] for index in chain]
        wishes = [Wish(draft.assignment.models, draft.direction is not None) for draft in members]
        agreed = agree(wishes, members[0].provider.models, language=language)
        for index, model in zip(chain, agreed, strict=True):
            models[index] = model
    return models


def _request(
    draft: _Draft, model: str, lexicon: Lexicon, guide_sha256: Callable[[str], str] | None
) -> Request:
    utterance, assignment, provider = draft.utterance, draft.assignment, draft.provider
    abilities = provider.models[model]
    slowest, fastest = abilities.speed or (1.0, 1.0)
    return Request(
        provider=provider.name,
        model=model,
        voice=assignment.voice,
        spoken=speak(utterance, lexicon, provider=provider.name),
        direction=draft.direction if abilities.directions != "none" else None,
        speed=min(max(draft.speed, slowest), fastest),
        settings=tuple(sorted(assignment.settings.items())),
        description=assignment.description,
        guide=guide_sha256(utterance.guide)
        if utterance.guide and guide_sha256 and abilities.guides
        else None,
    )


def _look(findings: Findings, draft: _Draft, line: Line, on_hand: OnHand) -> None:
    """Find what will be heard otherwise than it is asked."""
    provider, utterance, request = draft.provider, draft.utterance, line.request
    name, model, abilities = provider.name, request.model, provider.models[request.model]
    others = [other for other in draft.assignment.models if other != model]
    if draft.direction is not None and abilities.directions == "none":
        findings.unacted(utterance, name, model)
    elif draft.direction is not None and not provider.understood(draft.direction):
        findings.unheard(utterance, name, draft.direction)
    if not abilities.word_times:
        for other in others:
            if provider.models[other].word_times:
                findings.untimed(utterance, name, model, other)
    if request.speed != draft.speed:
        findings.slowed(utterance, name, draft.speed, request.speed)
    if utterance.guide is not None and request.guide is None:
        findings.unguided(utterance, name)
    for other in others if line.take is None else ():
        direction = draft.direction if provider.models[other].directions != "none" else None
        if on_hand(request.of_model(other, direction=direction).key):
            findings.recorded_otherwise(utterance, name, model, other)


def _too_long(
    direction: str | None, utterance: Utterance, provider: Provider, abilities: Abilities
) -> list[ProjectError]:
    limit = abilities.direction_limit
    if direction is None or limit is None or len(direction) <= limit:
        return []
    return [DirectionTooLong(direction, limit, provider.name, file=utterance.file, line=utterance.line)]


def _too_long_in_one(
    text: str, utterance: Utterance, provider: Provider, abilities: Abilities
) -> list[ProjectError]:
    limit = abilities.text_limit
    if limit is None or len(text) <= limit:
        return []
    return [SentenceTooLong(text, limit, provider.name, file=utterance.file, line=utterance.line)]


def _cannot_follow(utterance: Utterance, provider: Provider, abilities: Abilities) -> list[ProjectError]:
    suffix = (utterance.guide or "").rpartition(".")[2].lower()
    if utterance.guide is None or not abilities.guides or suffix in abilities.guides:
        return []
    return [
        ManuscriptError(
            f"{provider.name} follows recordings in {', '.join(sorted(abilities.guides))} only;"
            f" convert {utterance.guide} to one of them",
            file=utterance.file,
            line=utterance.line,
        )
    ]


def _stand_ins(assignments: Mapping[str, Assignment]) -> Iterable[Notice]:
    for role, assignment in assignments.items():
        if assignment.stand_in:
            voice = f"{assignment.provider}/{assignment.voice}"
            yield Notice(message=f"role {role!r} speaks with its stand-in {voice}", file="cast.yaml")


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
        provider = providers[line.request.provider]
        abilities = provider.models[line.request.model]
        count = len(line.request.spoken.text) * provider.answers
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
        if providers[line.request.provider].models[line.request.model].deterministic:
            if line.request.key in asked:
                continue
            asked.add(line.request.key)
        needed.append(line)
    return needed


def designed_voices(lines: Iterable[Line]) -> dict[tuple[str, str], Take]:
    """
    By provider and description, a take in the voice made from it: one that knows the voice's id if
    there is any, else the first.
    """
    found: dict[tuple[str, str], Take] = {}
    for line in lines:
        if line.take is None or line.request.description is None:
            continue
        name = line.request.provider, line.request.description
        found[name] = min((line.take, *filter(None, [found.get(name)])), key=_knows_its_voice)
    return found


def _knows_its_voice(take: Take) -> tuple[bool, str, str]:
    return not any(name == "voice" for name, _ in take.ids), take.recorded_at, take.id


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
