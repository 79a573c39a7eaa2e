"""The verbs."""

from __future__ import annotations

import shlex
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from narrator.cli import auditions
from narrator.cli.live import following
from narrator.cli.output import clock, count, print_json, say, say_error, tell, warn
from narrator.cli.serve import serve
from narrator.production import check as check_project
from narrator.production import produce
from narrator.results import Check, Production
from narrator.scaffold import new_project

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


@app.command()
def check(project: Project, json: Json = False, rehearse: Rehearse = False) -> int:
    """Parse, cast, prove coverage, plan and price; spends nothing."""
    checked = check_project(project, rehearse=rehearse)
    if json:
        print_json(checked)
    else:
        _say_check(checked)
    return 0


@app.command()
def book(project: Project, json: Json = False, rehearse: Rehearse = False) -> int:
    """Record what is missing, stitch, export everything."""
    with following() as progress:
        production = produce(project, rehearse=rehearse, progress=progress)
    return _finish(production, json=json)


@app.command()
def chapter(
    project: Project,
    numbers: Annotated[
        list[int], typer.Argument(metavar="N...", help="Chapter numbers.", show_default=False)
    ],
    json: Json = False,
    rehearse: Rehearse = False,
) -> int:
    """The same as `book`, for some chapters."""
    with following() as progress:
        production = produce(project, only=numbers, rehearse=rehearse, progress=progress)
    return _finish(production, json=json)


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
    if production.spent.amount:
        say(f"spent {production.spent.amount:.2f} {production.spent.currency}")
    if production.chapters and (mp3 := production.chapters[0].mp3):
        build = Path(mp3).parent.parent
        say(f"listen: {build / 'report.html'} or {build / 'chapters'}")


def _say_check(checked: Check) -> None:
    width = max((len(chapter.title) for chapter in checked.chapters), default=0)
    for each in checked.chapters:
        unattributed = f"  {each.unattributed} unattributed" if each.unattributed else ""
        tell(
            f"{each.number:3d}  {each.title:{width}}  {each.utterances:6,} utterances"
            f"  {each.characters:8,} characters  {each.to_record:6,} to record{unattributed}"
        )
    coverage, estimate = checked.coverage, checked.estimate
    skipped = ", ".join(f"{characters:,} {reason}" for reason, characters in coverage.skipped.items())
    say(
        f"coverage complete: {count(coverage.files, 'file')} put back together,"
        f" {coverage.characters:,} characters: {coverage.spoken:,} spoken, {coverage.markup:,} markup,"
        f" skipped: {skipped or 'none'}"
    )
    if checked.unattributed:
        say(f"{count(checked.unattributed, 'quotation')} unattributed: the narrator reads them")
    say(
        f"{count(checked.utterances, 'utterance')}, about {clock(estimate.seconds)} of speech;"
        f" {estimate.requests:,} to record ({estimate.characters:,} characters),"
        f" estimated cost {estimate.amount:.2f} {estimate.currency}"
    )
    warn(checked.warnings)
