"""Orders for pickups: which lines they mean, and what is asked for them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from narrator.book import Book, Continuity
from narrator.casting import Abilities, Assignment, Cast, direct
from narrator.errors import DirectionTooLong, ProjectError, ProjectErrors, UsageError, nearest
from narrator.manuscript import Notice
from narrator.planning import Line, Plan, as_acted, in_parts
from narrator.providers.base import Provider
from narrator.styling import style_names

NAMED = 5
"""Lines that a notice names one by one."""
SHOWN = 60
"""Characters of a line that a list of lines shows."""
_WRITTEN = re.compile(r"(?P<id>[^\s:#]+)\s*(?::\s*(?P<direction>.*))?")
_COMMENT = re.compile(r"(?:^|\s)#.*")
_ID = re.compile(r"c([0-9]+)-u[0-9]+")
_QUOTES = str.maketrans(dict.fromkeys("\"'`´‘’‚‛“”„‟‹›«»′″＂＇", "'"))


class Order(NamedTuple):
    """Somebody wants another take of a line."""

    utterance_id: str
    direction: str | None = None
    """How it is to be said this time, in addition where it begins with `+`; None: as ever."""
    place: tuple[str, int] | None = None
    """File and line where it was written down, if it was."""


def parse_orders(text: str, *, file: str) -> list[Order]:
    """
    A list of orders: a line each, `c03-u014` or `c03-u014: how to say it`; `#` begins a comment.

    Args:
        file: how errors call it.

    Raises:
        UsageError: every line that is none, as `file:line`.
    """
    orders: list[Order] = []
    problems: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        written = _COMMENT.sub("", line).strip()
        found = _WRITTEN.fullmatch(written)
        if not written:
            continue
        if found is None or (found["direction"] is not None and not found["direction"].strip()):
            problems.append(
                f"{file}:{number}: write `c03-u014` or `c03-u014: how to say it`, not {written!r}"
            )
        else:
            orders.append(Order(found["id"], found["direction"], (file, number)))
    if problems:
        raise UsageError("\n".join(problems))
    return orders


def merged(orders: Iterable[Order]) -> list[Order]:
    """
    Each line once.

    Raises:
        UsageError: a line is to be said in two ways.
    """
    found: dict[str, Order] = {}
    problems = []
    for order in orders:
        first = found.setdefault(order.utterance_id, order)
        if first.direction != order.direction:
            problems.append(
                f"{_told(order)}{order.utterance_id} is ordered twice, to be said in two ways; order one take"
                " after the other"
            )
    if problems:
        raise UsageError("\n".join(problems))
    return list(found.values())


def select(plan: Plan, orders: Sequence[Order]) -> list[tuple[Line, Order]]:
    """
    The lines that are meant, in the order of the book.

    Raises:
        UsageError: every id that no line has.
    """
    lines = {line.utterance.id: line for line in plan.lines}
    if unknown := [order for order in orders if order.utterance_id not in lines]:
        raise UsageError(
            "\n".join(f"{_told(order)}{_unknown(order.utterance_id, plan)}" for order in unknown)
        )
    wanted = {order.utterance_id: order for order in orders}
    return [(line, wanted[name]) for name, line in lines.items() if name in wanted]


def search(plan: Plan, text: str, *, every: bool = False) -> list[Line]:
    """
    The line that holds these words; case, white space and kinds of quotation marks make no difference.

    Args:
        every: all lines that hold them.

    Raises:
        UsageError: no line does, or several do and one was meant; lists them.
    """
    wanted = _folded(text)
    if not wanted:
        raise UsageError("--search needs words to look for")
    found = [line for line in plan.lines if wanted in _folded(line.utterance.text)]
    if not found:
        raise UsageError(f"no line holds {text!r}; a line is one sentence or less, so search for fewer words")
    if len(found) > 1 and not every:
        listed = "\n".join(f"  {shown(line)}" for line in found)
        raise UsageError(f"{len(found)} lines hold {text!r}; name those you mean, or add --all:\n{listed}")
    return found


def shown(line: Line) -> str:
    """A line as a list shows it: id, place, text."""
    utterance = line.utterance
    text = " ".join(utterance.text.split())
    text = text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
    return f"{utterance.id}  {utterance.file}:{utterance.line}  {text}"


def following(plan: Plan, first: Iterable[str], count: int) -> list[Line]:
    """The next *count* lines of the context chain after each of those (utterance ids), in order."""
    next_of = _next_of(plan)
    found = {name for each in first for name in _after(each, next_of, count)}
    return [line for line in plan.lines if line.utterance.id in found]


def fewer(
    plan: Plan,
    first: Iterable[str],
    count: int,
    *,
    providers: Mapping[str, Provider],
    continuity: Continuity,
) -> list[Notice]:
    """Where fewer than *count* lines of the chain come after one of those, and why; each reason once."""
    next_of = _next_of(plan)
    chapters = {
        line.utterance.id: (planned.lines, place)
        for planned in plan.chapters
        for place, line in enumerate(planned.lines)
    }
    short: dict[str, list[str]] = {}
    for name in first:
        found = _after(name, next_of, count)
        if len(found) < count:
            lines, place = chapters[found[-1] if found else name]
            reason = _chain_ends(lines[place], lines[place + 1 :], providers, continuity)
            short.setdefault(reason, []).append(f"{name} ({len(found)})")
    return [
        Notice(message=f"--ripple {count:,} finds fewer lines after {named(names)}: {reason}")
        for reason, names in short.items()
    ]


def _next_of(plan: Plan) -> dict[str, str]:
    return {line.before_id: line.utterance.id for line in plan.lines if line.before_id is not None}


def _after(name: str, next_of: Mapping[str, str], count: int) -> list[str]:
    found: list[str] = []
    while len(found) < count and (after := next_of.get(found[-1] if found else name)):
        found.append(after)
    return found


def _chain_ends(
    last: Line, rest: Sequence[Line], providers: Mapping[str, Provider], continuity: Continuity
) -> str:
    """Why no line is told of this one.

    Args:
        rest: the lines after it in its chapter.
    """
    provider = providers[last.request.provider]
    if not any(abilities.context for abilities in provider.models.values()):
        return f"{provider.name} is not told of the line before, so no line goes on from another"
    if continuity == "none":
        return "with `continuity: none` in book.yaml no line goes on from another"
    rest = [line for line in rest if continuity == "chapter" or line.utterance.scene == last.utterance.scene]
    if not rest:
        return f"the {continuity} ends there"
    if unlinked := [line.request.model for line in rest if line.request.provider == provider.name]:
        return f"{provider.name} {unlinked[0]} is not told of the line before it"
    others = dict.fromkeys(line.request.provider for line in rest)
    return f"the rest of the {continuity} is spoken by {' and '.join(others)}"


def named(names: Sequence[str]) -> str:
    """Ids of lines as a notice names them: the first few, and how many more."""
    rest = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + rest


def direct_lines(
    picked: Sequence[tuple[Line, Order]],
    plan: Plan,
    *,
    book: Book,
    cast: Cast,
    providers: Mapping[str, Provider],
) -> list[Line]:
    """
    Each line with the request that its order makes of it.

    A direction is acted by the line's own model if that acts any, otherwise by another one of its voice.

    Raises:
        UsageError: directions that could not be heard, with the lines and the reasons.
        ProjectErrors: directions that are longer than their provider takes.
    """
    inherited = _inherited(plan, book, cast)
    lines, refused, errors = [], [], list[ProjectError]()
    for line, order in picked:
        if order.direction is None:
            lines.append(line)
            continue
        request, provider = line.request, providers[line.request.provider]
        direction = direct(*inherited[line.utterance.id], order.direction)
        assignment = plan.assignments[line.utterance.role]
        model = _acting(line, direction, assignment, provider, language=book.language)
        if reason := _unheard(line, direction, model, provider, assignment):
            refused.append(f"{_told(order)}{line.utterance.id}: {reason}")
            continue
        asking = model or request.model
        acted = as_acted(direction, assignment.styles, provider.models[asking])
        asked = request.of_model(asking, direction=acted)
        line = line._replace(request=asked)
        errors += _too_long(line, order, provider.models[asked.model])
        lines.append(in_parts(line, providers, language=book.language))
    if refused:
        raise UsageError("\n".join(refused))
    if errors:
        raise ProjectErrors(errors)
    return lines


def _inherited(plan: Plan, book: Book, cast: Cast) -> dict[str, tuple[str | None, ...]]:
    """What each line's own direction is resolved from, by utterance id."""
    roles = {role.name: role.direction for role in cast.roles}
    return {
        line.utterance.id: (
            book.direction,
            roles.get(line.utterance.role),
            planned.chapter.direction,
            line.utterance.direction,
        )
        for planned in plan.chapters
        for line in planned.lines
    }


def _acting(
    line: Line, direction: str | None, assignment: Assignment, provider: Provider, *, language: str
) -> str | None:
    """The model that can act the direction: the line's own if possible, then one that speaks the language."""
    own = line.request.model
    if direction is None or provider.models[own].directions != "none":
        return own
    subtag = language.partition("-")[0].lower()
    others = ((name, provider.models[name]) for name in assignment.models)
    able = (
        name for name, abilities in others if abilities.directions != "none" and _speaks(abilities, subtag)
    )
    return next(able, None)


def _speaks(abilities: Abilities, subtag: str) -> bool:
    return not abilities.languages or subtag in abilities.languages


def _unheard(
    line: Line, direction: str | None, model: str | None, provider: Provider, assignment: Assignment
) -> str:
    """Why nothing of a direction would be heard; `""` where something would."""
    request = line.request
    if direction is None:
        return ""
    if request.guide is not None:
        return "it follows a recording, which says how it is spoken; record another guide"
    if model is None:
        return (
            f"{provider.name}: {request.model} acts no directions, and no other model speaks this line in"
            " this voice; order it without a direction"
        )
    abilities = provider.models[model]
    acted = as_acted(direction, assignment.styles, abilities)
    if acted is None:
        known = ", ".join(style_names(assignment.styles, abilities.styles))
        return f"{provider.name} has no style for the direction {direction!r}" + (
            f"; it has {known}" if known else "; a role's `styles` in cast.yaml say which style one means"
        )
    if not provider.understood(acted):
        return f"{provider.name} cannot act the direction {direction!r}; say it otherwise"
    return ""


def _too_long(line: Line, order: Order, abilities: Abilities) -> list[ProjectError]:
    request, utterance = line.request, line.utterance
    file, number = order.place or (utterance.file, utterance.line)
    errors: list[ProjectError] = []
    limit = abilities.direction_limit
    if request.direction is not None and limit is not None and len(request.direction) > limit:
        errors.append(DirectionTooLong(request.direction, limit, request.provider, file=file, line=number))
    return errors


def _unknown(name: str, plan: Plan) -> str:
    found = _ID.fullmatch(name)
    for planned in plan.chapters if found else ():
        if found and planned.chapter.number == int(found[1]) and planned.lines:
            first, last = planned.lines[0].utterance.id, planned.lines[-1].utterance.id
            return f"no line {name!r}; chapter {planned.chapter.number} has {first} to {last}"
    near = nearest(name, (line.utterance.id for line in plan.lines))
    hint = (
        f"did you mean {near!r}?"
        if near
        else "lines are called as in build/chapters/*.json, such as c01-u001"
    )
    return f"no line {name!r}; {hint}"


def _told(order: Order) -> str:
    return f"{order.place[0]}:{order.place[1]}: " if order.place else ""


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text.translate(_QUOTES)).casefold().split())
