"""The verbs for takes: record another one of a line, list them, put one to use."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from narrator.cli.live import following
from narrator.cli.output import count, print_json, say, say_error, tell, warn
from narrator.estimating import Estimate
from narrator.pickups import Wanted, pick_up
from narrator.results import LineTakes, ListedTake, Pickups, Production
from narrator.selecting import list_takes, use_take

TOLD = 8
"""Picked lines of which each is told how to go back."""

Project = Annotated[Path, typer.Argument(help="Folder that holds book.yaml.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print one machine-readable result on stdout.")]


def pickup(
    project: Project,
    ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="ID...", help="Lines, such as c03-u014.", show_default=False),
    ] = None,
    direction: Annotated[
        str | None,
        typer.Option(
            help="How to say it, this time; after the line's own direction if it begins with +.",
            show_default=False,
        ),
    ] = None,
    takes: Annotated[int, typer.Option(min=1, max=100, help="How many of each line.")] = 1,
    ripple: Annotated[
        int,
        typer.Option(
            min=0, max=1_000_000, metavar="N", help="Record the next N lines of its scene again as well."
        ),
    ] = 0,
    search: Annotated[
        str | None, typer.Option(metavar="TEXT", help="The line that holds these words.", show_default=False)
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every line that --search finds.")] = False,
    listed: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="FILE",
            help="A list: `c03-u014` or `c03-u014: how to say it` on each line.",
            show_default=False,
        ),
    ] = None,
    json: Json = False,
) -> int:
    """Record another take of some lines and use it; all takes are kept."""
    wanted = Wanted(tuple(ids or ()), search, every, listed, direction, takes, ripple)
    with following() as progress:
        result = pick_up(project, wanted, progress=progress, announce=say_price)
    if json:
        print_json(result)
    _say_pickups(result, project)
    return _ended(result.errors, result.exit_code)


def takes(
    project: Project,
    utterance: Annotated[
        str, typer.Argument(metavar="ID", help="A line, such as c03-u014.", show_default=False)
    ],
    choose: Annotated[
        str | None,
        typer.Option(
            metavar="TAKE",
            help="Use this take: its number, or how its id begins; none takes a choice back.",
            show_default=False,
        ),
    ] = None,
    json: Json = False,
) -> int:
    """List the takes of a line, or choose the one that is used."""
    if choose is None:
        listed = list_takes(project, utterance)
        warn(listed.warnings)
        changed = False
    else:
        with following() as progress:
            listed, changed = use_take(project, utterance, choose, progress=progress)
    if json:
        print_json(listed)
    else:
        _tell_takes(listed)
    if choose is not None:
        _say_choice(listed, changed=changed)
    return _ended(listed.errors, listed.exit_code)


def say_price(estimate: Estimate) -> None:
    """What is about to be recorded."""
    cost = _money(estimate.amount, estimate.currency)
    say(
        f"{count(estimate.requests, 'take')} to record: {estimate.characters:,} characters,"
        f" estimated cost {cost}"
    )


def _say_pickups(result: Pickups, project: Path) -> None:
    for picked in result.pickups[:TOLD]:
        new = f"{count(len(picked.takes), 'new take')}, " if picked.takes else ""
        back = ""
        if picked.before and picked.before != picked.in_use:
            command = f"narrator takes {shlex.quote(str(project))} {picked.id} --choose {picked.before}"
            back = f"; to go back: {command}"
        say(f"{picked.id}: {new}{picked.in_use} is used now{back}")
    if len(result.pickups) > TOLD:
        rest = f"{len(result.pickups) - TOLD:,} more lines"
        say(f"and {rest}; `narrator takes {shlex.quote(str(project))} ID` lists the takes of each")
    if not result.pickups and not result.errors:
        say("nothing to record: every line stays as it is")
    _say_made(result)


def _say_made(result: Production) -> None:
    if result.spent.amount:
        say(f"spent {_money(result.spent.amount, result.spent.currency)}")
    for made in result.chapters[:TOLD]:
        if made.mp3:
            say(f"listen: {made.mp3}")


def _tell_takes(listed: LineTakes) -> None:
    tell(f"{listed.id}  {listed.file}:{listed.line}  {listed.role}: {listed.text}")
    several = len({take.model for take in listed.takes}) > 1
    for take in listed.takes:
        tell(_described(take, listed.id, model=several))
    if not listed.takes:
        say("no take yet; `narrator book` records it")


def _described(take: ListedTake, utterance_id: str, *, model: bool) -> str:
    others = [name for name in take.used_by if name != utterance_id]
    facts = [
        f"{'*' if take.in_use else ' '}{take.number:3d}",
        take.id,
        take.recorded_at,
        f"{take.milliseconds / 1000:.2f} s",
        _money(take.cost, take.currency),
        take.model if model else "",
        f"({take.direction})" if take.direction else "",
        f"used by {', '.join(others)}" if others else "",
        take.path,
    ]
    return "  ".join(filter(None, facts))


def _say_choice(listed: LineTakes, *, changed: bool) -> None:
    used = next((take for take in listed.takes if take.in_use), None)
    now = f"take {used.number} ({used.id}) is used" if used else "it has no take"
    if listed.chosen:
        say(f"{listed.id}: {now}, as choices.yaml says")
    else:
        say(f"{listed.id}: {'the choice is taken back' if changed else 'nothing was chosen'}; {now}")


def _ended(errors: tuple[str, ...], code: int) -> int:
    for error in errors:
        say_error(error, json=False)
    return code


def _money(amount: float, currency: str) -> str:
    """Whole books cost dollars, a line cents and less."""
    return f"{amount:.2f} {currency}" if amount >= 1 or not amount else f"{amount:.4f} {currency}"
