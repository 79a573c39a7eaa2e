"""The verbs for takes: record another one of a line, list them, bring one in, put one to use."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from narrator.adding import add_recordings
from narrator.cli.live import following
from narrator.cli.output import cost, count, print_json, say, say_error, tell, warn
from narrator.errors import UsageError
from narrator.estimating import Estimate
from narrator.findings import DOUBTS, NOT_THE_LINE
from narrator.pickups import Wanted, pick_up
from narrator.results import AddedTake, Additions, LineTakes, ListedTake, Pickups, Production
from narrator.selecting import NONE, list_takes, use_take
from narrator.spending import MILLION, money
from narrator.takes import OWN

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
            min=0,
            max=1_000_000,
            metavar="N",
            help="Record the next N lines again as well that go on from this one: those of the same"
            " service in its scene, where the service is told of the line before.",
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
        str | None, typer.Argument(metavar="ID", help="A line, such as c03-u014.", show_default=False)
    ] = None,
    choose: Annotated[
        str | None,
        typer.Option(
            metavar="TAKE",
            help="Use this take: its number, or how its id begins; none takes a choice back.",
            show_default=False,
        ),
    ] = None,
    add: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Bring in a recording of the line (WAV, FLAC, MP3, Ogg) and use it; of several, a folder"
            " of files named by their lines (c03-u014.wav), without ID. Nothing is asked of a service.",
            show_default=False,
        ),
    ] = None,
    json: Json = False,
) -> int:
    """List the takes of a line, choose one, or bring in your own."""
    if add is not None:
        return _bring_in(project, utterance, add, choose=choose, json=json)
    if utterance is None:
        raise UsageError("which line? Name it (c03-u014); ids are in build/report.html")
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


def _bring_in(project: Path, utterance: str | None, file: Path, *, choose: str | None, json: bool) -> int:
    if choose is not None:
        raise UsageError("--add uses what it brings in; leave --choose out")
    with following() as progress:
        result = add_recordings(project, file, utterance, progress=progress)
    if json:
        print_json(result)
    _say_added(result, project)
    return _ended(result.errors, result.exit_code)


def say_price(estimate: Estimate) -> None:
    """What is about to be recorded."""
    known = " + ".join(money(each, currency) for currency, each in estimate.costs.items())
    sure = all(model.price_known for model in estimate.models)
    more = "" if sure else ", and more at a price that is not known"
    say(
        f"{count(estimate.to_record, 'take')} to record: {estimate.characters:,} characters,"
        f" estimated cost {known or money(0, estimate.currency)}{more}"
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


def _say_added(result: Additions, project: Path) -> None:
    for each in result.added[:TOLD]:
        command = f"narrator takes {shlex.quote(str(project))} {each.id} --choose {_way_back(each)}"
        say(
            f"{each.id}: {each.take} ({each.milliseconds / 1000:.2f} s, {each.file}) is used now;"
            f" to go back: {command}"
        )
    if len(result.added) > TOLD:
        rest = f"{len(result.added) - TOLD:,} more lines"
        say(f"and {rest}; `narrator takes {shlex.quote(str(project))} ID` lists the takes of each")
    _say_made(result)


def _way_back(each: AddedTake) -> str:
    return each.before if each.before and each.before != each.take else NONE


def _say_made(result: Production) -> None:
    if result.spent.costs:
        say(f"spent {cost(*result.spent.costs)}")
    for made in result.chapters[:TOLD]:
        if made.mp3:
            say(f"listen: {made.mp3}")


def _tell_takes(listed: LineTakes) -> None:
    tell(f"{listed.id}  {listed.file}:{listed.line}  {listed.role}: {listed.text}")
    several = len({take.model for take in listed.takes if take.model}) > 1
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
        money(round(take.cost * MILLION), take.currency),
        take.model if model else "",
        "brought in" if take.provider == OWN else "",
        f"({take.direction})" if take.direction else "",
        f"used by {', '.join(others)}" if others else "",
        _doubts(take),
        take.path,
    ]
    return "  ".join(filter(None, facts))


def _doubts(take: ListedTake) -> str:
    """Where it does not seem to hold its text."""
    if take.holds is False:
        return f"doubtful: {NOT_THE_LINE}"
    told = (f"{each.words!r} {DOUBTS[each.kind]} at {each.start_ms / 1000:.1f} s" for each in take.doubts)
    return f"doubtful: {', '.join(told)}" if take.doubts else ""


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
