"""The verbs."""

from __future__ import annotations

import shlex
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from narrator.cli import auditions, takes
from narrator.cli import ledger as spending
from narrator.cli.bulletin import Junit, Strict, Summary, Wanted, judged
from narrator.cli.checking import check
from narrator.cli.live import following
from narrator.cli.output import clock, cost, count, print_json, say, say_error
from narrator.cli.serve import serve
from narrator.errors import UsageError
from narrator.pickups import record_again
from narrator.production import produce
from narrator.results import Production
from narrator.scaffold import new_project
from narrator.sharding import parse_shard

app = typer.Typer(
    name="narrator",
    help="Turn a manuscript project into a finished audiobook.",
    epilog="With --debug after any command, an error shows where in narrator it came from.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Project = Annotated[Path, typer.Argument(help="Folder that holds book.yaml.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print one machine-readable result on stdout.")]
Rehearse = Annotated[
    bool,
    typer.Option(
        "--rehearse", help="Play every role with a distinct embedded voice, whatever the cast says."
    ),
]


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"narrator {version('narrator')}")
        raise typer.Exit


@app.callback()
def _root(
    show: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    pass


@app.command()
def new(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to make.", show_default=False)],
    title: Annotated[str | None, typer.Option(help="The book's title; the folder's name by default.")] = None,
    language: Annotated[str, typer.Option(help="The book's language, e.g. en, es-MX.")] = "en",
    json: Json = False,
) -> int:
    """Make a project to start from."""
    made = new_project(directory, title=title, language=language)
    if json:
        print_json(
            {"project": str(directory), "files": [str(path) for path in made], "warnings": [], "errors": []}
        )
    else:
        command = f"narrator book {shlex.quote(str(directory))}"
        say(f"made {directory} with {count(len(made), 'file')}; hear it with: {command}")
    return 0


app.command()(check)


@app.command()
def book(
    project: Project,
    json: Json = False,
    rehearse: Rehearse = False,
    junit: Junit = None,
    summary: Summary = None,
    strict: Strict = False,
    shard: Annotated[
        str | None,
        typer.Option(
            metavar="N/OF", help="Record one share of the book (2/4); stores are merged by copying."
        ),
    ] = None,
) -> int:
    """Record what is missing, stitch, export everything."""
    part = parse_shard(shard) if shard is not None else None
    with following() as progress:
        production = judged(
            lambda: produce(project, shard=part, rehearse=rehearse, progress=progress),
            project,
            Wanted(junit, summary, strict),
        )
    return _finish(production, json=json)


@app.command()
def chapter(
    project: Project,
    numbers: Annotated[
        list[int], typer.Argument(metavar="N...", help="Chapter numbers.", show_default=False)
    ],
    json: Json = False,
    rehearse: Rehearse = False,
    junit: Junit = None,
    summary: Summary = None,
    strict: Strict = False,
    again: Annotated[
        bool, typer.Option("--again", help="Record every line of them anew first; all takes are kept.")
    ] = False,
) -> int:
    """The same as `book`, for some chapters."""
    if again and rehearse:
        raise UsageError("a rehearsal sounds the same each time; leave --again out")
    with following() as progress:
        production = judged(
            lambda: (
                record_again(project, numbers, progress=progress, announce=takes.say_price)
                if again
                else produce(project, only=numbers, rehearse=rehearse, progress=progress)
            ),
            project,
            Wanted(junit, summary, strict),
        )
    return _finish(production, json=json)


app.command()(spending.ledger)
app.command()(spending.prune)
app.command()(takes.pickup)
app.command()(takes.takes)
app.command()(auditions.voices)
app.command()(auditions.say)
app.command()(serve)


def _finish(production: Production, *, json: bool) -> int:
    if json:
        print_json(production)
    _say_production(production)
    for error in production.errors:
        say_error(error, json=False)
    return production.exit_code


def _say_production(production: Production) -> None:
    made = [chapter for chapter in production.chapters if not chapter.unchanged]
    length = clock(production.seconds)
    if not production.errors and not made and production.recorded == 0:
        say(f"nothing to do: {count(len(production.chapters), 'chapter')}, {length}, all up to date")
    else:
        say(
            f"recorded {count(production.recorded, 'take')}, reused {production.reused:,}; "
            f"made {count(len(made), 'chapter')}, {len(production.chapters) - len(made)} unchanged;"
            f" {length} in all"
        )
    if production.spent.costs:
        say(f"spent {cost(*production.spent.costs)}")
    if production.chapters and (mp3 := production.chapters[0].mp3):
        build = Path(mp3).parent.parent
        say(f"listen: {build / 'report.html'} or {build / 'chapters'}")
