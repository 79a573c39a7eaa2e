"""What is on hand and what must be recorded; nothing is recorded here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from itertools import islice
from typing import NamedTuple

from narrator.book import Book
from narrator.casting import Abilities, Assignment, Cast, Role, direct
from narrator.chaining import Chain, Wish, agree, chain_of, groups
from narrator.choices import Choices, ChosenTake
from narrator.choosing import OnHand, Place, choose, settle
from narrator.errors import CastingError, DirectionTooLong, ManuscriptError, ProjectError, ProjectErrors
from narrator.findings import Findings
from narrator.lexicon import Lexicon, speak
from narrator.manuscript import Chapter, Manuscript, Notice, Utterance
from narrator.providers.base import Provider
from narrator.splitting import Joint, Part, parts, parts_of
from narrator.styling import Styles, style_names, style_of
from narrator.takes import Request, Take


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
    nth: int = 1
    """Of the lines in the book that ask for the same, which one this is, from 1."""
    chosen: ChosenTake | None = None
    """The choice in choices.yaml that gave it its take."""
    follows: str | None = None
    """Key of the line before it in its chapter, whoever speaks that."""
    parts: tuple[Part, ...] = ()
    """What is asked for one after another where one request is too short for it; empty for most lines."""

    @property
    def vouched(self) -> bool:
        """Whether somebody has chosen its take by hand, and so has listened to it."""
        return self.chosen is not None and not self.chosen.unheard


class PlannedChapter(NamedTuple):
    """A chapter and its lines, in order."""

    chapter: Chapter
    lines: tuple[Line, ...]

    @property
    def complete(self) -> bool:
        """Whether every line has its take."""
        return all(line.take is not None for line in self.lines)


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
    choices: Choices = Choices(),  # noqa: B008  immutable
    guide_sha256: Callable[[str], str] | None = None,
) -> Plan:
    """
    Make every utterance ready for its provider and find the take that serves it.

    Args:
        choices: which take somebody wants for a line.
        guide_sha256: of a guide recording, by its path in the project; needed where the manuscript names one.

    Raises:
        ProjectErrors: directions longer than their provider takes, each with file and line.
    """
    errors: list[ProjectError] = []
    findings = Findings()
    on_hand = cache(on_hand)
    roles = {role.name: role for role in cast.roles}
    drafted: list[tuple[_Draft, Line]] = []
    places: list[Place] = []
    for chapter in manuscript.chapters:
        drafts = [
            _draft(utterance, chapter, roles.get(utterance.role), book, assignments, providers)
            for utterance in chapter.utterances
        ]
        models = _models(drafts, language=book.language)
        heads: dict[Chain, int] = {}
        follows: str | None = None
        for draft, model in zip(drafts, models, strict=True):
            provider, utterance = draft.provider, draft.utterance
            abilities = provider.models[model]
            request = _request(draft, model, lexicon, guide_sha256)
            errors += _too_long(request.direction, utterance, provider, abilities)
            errors += _cannot_follow(utterance, provider, abilities)
            errors += _no_style(request, roles.get(utterance.role), provider, abilities)
            before = heads.get(draft.chain) if abilities.context else None
            line = Line(
                chapter.number,
                utterance,
                request,
                None,
                drafted[before][1].utterance.id if before is not None else None,
                drafted[before][1].request if before is not None else None,
                follows=follows,
            )
            heads[draft.chain] = len(places)
            places.append(Place(request.key, abilities.deterministic, before, follows))
            drafted.append((draft, line))
            follows = request.key
    if errors:
        raise ProjectErrors(list({str(error): error for error in errors}.values()))
    lines = []
    joined: dict[str, set[str]] = {}
    for (draft, line), served in zip(drafted, choose(places, choices.chosen, on_hand), strict=True):
        line = line._replace(take=served.take, nth=served.nth, chosen=served.chosen)
        line = in_parts(line, providers, language=book.language)
        if line.parts and line.take is None:
            line = _with_their_takes(line, on_hand, joined.setdefault(line.request.key, set()))
        lines.append(line)
        _look(findings, draft, lines[-1], on_hand)
    left = iter(lines)
    chapters = tuple(
        PlannedChapter(chapter, tuple(islice(left, len(chapter.utterances))))
        for chapter in manuscript.chapters
    )
    notices = (*findings.notices(), *_not_there(choices, places, lines), *_stand_ins(assignments))
    return Plan(chapters, dict(assignments), notices)


class _Draft(NamedTuple):
    """An utterance before its model is settled."""

    utterance: Utterance
    assignment: Assignment
    provider: Provider
    chain: Chain
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
        chain_of(utterance, provider, book.continuity),
        direct(book.direction, role.direction if role else None, chapter.direction, utterance.direction),
        _asked_speed(utterance.speed, chapter.speed, role.speed if role else None, book.speed),
    )


def _models(drafts: Sequence[_Draft], *, language: str) -> list[str]:
    """The model of each draft: one for all of a chain's lines that leave it open."""
    models = [draft.assignment.models[0] for draft in drafts]
    if all(len(draft.assignment.models) == 1 for draft in drafts):
        return models
    for chain in groups(draft.chain for draft in drafts):
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
        spoken=speak(utterance, lexicon, provider=provider.name, dictionary=keeps_dictionary(provider)),
        direction=as_acted(draft.direction, assignment.styles, abilities),
        speed=min(max(draft.speed, slowest), fastest),
        settings=tuple(sorted(assignment.settings.items())),
        description=assignment.description,
        guide=guide_sha256(utterance.guide)
        if utterance.guide and guide_sha256 and abilities.guides
        else None,
    )


def in_parts(line: Line, providers: Mapping[str, Provider], *, language: str) -> Line:
    """
    The line, with the parts that it is asked for in if it is too long for one request.

    Args:
        language: BCP 47.
    """
    request = line.request
    provider = providers[request.provider]
    abilities = provider.models[request.model]
    limit = abilities.text_limit or len(request.spoken.text) * 3
    pauses = "pause" not in abilities.marks and bool(request.spoken.marks)
    # What is sent may be longer than what is spoken, by marks and respelt words, but not three times.
    if len(request.spoken.text) <= limit // 3 and not pauses:
        return line._replace(parts=()) if line.parts else line
    found = parts(request, lambda part: provider.characters(part) <= limit, language=language, pauses=pauses)
    return line._replace(parts=found if len(found) > 1 else ())


def _with_their_takes(line: Line, on_hand: OnHand, joined: set[str]) -> Line:
    """
    The line, with the takes of its parts that are there already and in no take of the line: those of before
    a stop or an edit.

    Args:
        joined: ids of takes that lines which ask for the same are made of; added to.
    """
    for whole in on_hand(line.request.key):
        joined |= parts_of(whole)
    found = []
    for part in line.parts:
        take = next((take for take in on_hand(part.request.key) if take.id not in joined), None)
        if take is not None:
            joined.add(take.id)
        found.append(part._replace(take=take))
    return line._replace(parts=tuple(found))


def takes_of(line: Line, on_hand: OnHand) -> tuple[Take, ...]:
    """The takes that a line has or needs: its own, those that it was joined from, and those of its parts."""
    own = (line.take,) if line.take is not None else ()
    if not line.parts:
        return own
    joined = parts_of(line.take) if line.take is not None else frozenset()
    parts = (part.take for part in line.parts if part.take is not None)
    made_of = (
        take
        for part in line.parts
        for take in (on_hand(part.request.key) if joined else ())
        if take.id in joined
    )
    return (*own, *parts, *made_of)


def keeps_dictionary(provider: Provider) -> bool:
    """Whether the provider applies the lexicon itself."""
    return any(abilities.dictionary for abilities in provider.models.values())


def as_acted(direction: str | None, styles: Styles, abilities: Abilities) -> str | None:
    """
    A direction as a model takes it, if it takes it at all.

    Args:
        styles: the role's.
    """
    if direction is None or abilities.directions == "none":
        return None
    return style_of(direction, styles, abilities.styles) if abilities.directions == "style" else direction


def _look(findings: Findings, draft: _Draft, line: Line, on_hand: OnHand) -> None:
    """Find what will be heard otherwise than it is asked."""
    if line.take is not None and line.take.is_own:
        return  # a person spoke it, and somebody chose it
    provider, utterance, request = draft.provider, draft.utterance, line.request
    name, model, abilities = provider.name, request.model, provider.models[request.model]
    others = [other for other in draft.assignment.models if other != model]
    if draft.direction is not None and abilities.directions == "none":
        findings.unacted(utterance, name, model)
    elif draft.direction is not None and request.direction is None:
        findings.unstyled(utterance, name)
    elif (
        request.direction is not None
        and abilities.directions != "style"
        and not provider.understood(request.direction)
    ):
        findings.unheard(utterance, name, draft.direction or request.direction)
    if not abilities.word_times:
        for other in others:
            if provider.models[other].word_times:
                findings.untimed(utterance, name, model, other)
    if request.speed != draft.speed:
        findings.slowed(utterance, name, draft.speed, request.speed)
    if utterance.guide is not None and request.guide is None:
        findings.unguided(utterance, name)
    if any(part.joint is Joint.LETTER for part in line.parts):
        findings.cut_inside_a_word(utterance, name, abilities.text_limit or 0)
    if line.take is not None and line.take.alignment is not None and not line.vouched:
        findings.doubted(utterance, line.take)
    for other in others if line.take is None else ():
        direction = as_acted(draft.direction, draft.assignment.styles, provider.models[other])
        if on_hand(request.of_model(other, direction=direction).key):
            findings.recorded_otherwise(utterance, name, model, other)


def _too_long(
    direction: str | None, utterance: Utterance, provider: Provider, abilities: Abilities
) -> list[ProjectError]:
    limit = abilities.direction_limit
    if direction is None or limit is None or len(direction) <= limit:
        return []
    return [DirectionTooLong(direction, limit, provider.name, file=utterance.file, line=utterance.line)]


def _no_style(
    request: Request, role: Role | None, provider: Provider, abilities: Abilities
) -> list[ProjectError]:
    """A style that the role names and the service does not have, as far as it can be known beforehand."""
    style = request.direction
    if abilities.directions != "style" or style is None or provider.understood(style):
        return []
    known = ", ".join(style_names(abilities.styles))
    return [
        CastingError(
            f"role {role.name if role else request.voice!r}: {provider.name} has no style {style!r}"
            + (f"; its styles are {known}" if known else "")
            + ": correct the role's `styles`",
            file="cast.yaml",
            line=role.line if role else None,
        )
    ]


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


def _not_there(choices: Choices, places: Sequence[Place], lines: Sequence[Line]) -> Iterable[Notice]:
    """Choices whose line is there and whose take is not."""
    for index, choice in settle(places, choices.chosen).items():
        if lines[index].chosen is None:
            yield Notice(
                message=f"take {choice.take} chosen for {lines[index].utterance.id} is not in the store;"
                " the line is served as if nothing were chosen",
                file="choices.yaml",
            )


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
