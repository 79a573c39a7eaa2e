"""The verbs for voices: list them, hear one, keep a designed one."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from narrator import auditioning
from narrator.casting import Voice
from narrator.cli.output import cost, count, print_json, tell, warn
from narrator.cli.output import say as say_to_people
from narrator.errors import UsageError

ProjectOption = Annotated[
    Path | None,
    typer.Option(
        "--project", help="A project whose book.yaml says where the providers are.", show_default=False
    ),
]
_WIDEST = 48
"""Characters of a voice's name; longer ones, which are ids, do not push everything else aside."""
Json = Annotated[bool, typer.Option("--json", help="Print one machine-readable result on stdout.")]


def voices(
    provider: Annotated[
        str | None, typer.Argument(help="One provider; all by default.", show_default=False)
    ] = None,
    search: Annotated[
        str, typer.Option(help="Only voices whose name, language or description holds this.")
    ] = "",
    project: ProjectOption = None,
    save: Annotated[
        str | None,
        typer.Option(
            metavar="GENERATION", help="Keep the voice of this generation under --name.", show_default=False
        ),
    ] = None,
    name: Annotated[str | None, typer.Option(help="What --save calls the voice.", show_default=False)] = None,
    delete: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Delete one of your own voices.", show_default=False),
    ] = None,
    json: Json = False,
) -> int:
    """List and search voices; keep or delete one of your own."""
    if save or delete:
        return _keep_or_forget(provider, save, name, delete, project, json=json)
    listing = auditioning.list_voices(provider, project=project)
    found = [voice for voice in listing.voices if search.casefold() in _described(voice).casefold()]
    if json:
        print_json(
            {
                "voices": [voice.model_dump() for voice in found],
                "services": [service._asdict() for service in listing.services],
                "warnings": listing.warnings,
                "errors": [],
            }
        )
        return 0
    width = max((len(str(voice)) for voice in found if len(str(voice)) <= _WIDEST), default=0)
    for voice in found:
        tell(f"{voice!s:{width}}  {_described(voice).removeprefix(str(voice)).strip()}".rstrip())
    warn(listing.warnings)
    for service in listing.services:
        if service.status != "live":
            say_to_people(f"{service.provider} is {service.status}: {service.note}")
    say_to_people(f"{count(len(found), 'voice')}" + (f" with {search!r}" if search else ""))
    return 0


def say(
    text: Annotated[str, typer.Argument(help="What to say.", show_default=False)],
    voice: Annotated[str, typer.Option(help="provider/voice, as in cast.yaml.")] = "espeak/en",
    direction: Annotated[str | None, typer.Option(help="How to say it.", show_default=False)] = None,
    speed: Annotated[float, typer.Option(min=0.25, max=4.0, help="1 is the voice's own pace.")] = 1.0,
    output: Annotated[
        Path, typer.Option("-o", "--output", help="An .mp3 or .wav file; - is standard output (MP3).")
    ] = Path("say.mp3"),
    project: ProjectOption = None,
    json: Json = False,
) -> int:
    """Have one text spoken, to hear a voice."""
    standard = str(output) == "-"
    if standard and json:
        raise UsageError("--json and -o - both want standard output; leave one out")
    done = auditioning.say(
        text,
        sys.stdout.buffer if standard else output,
        voice=voice,
        direction=direction,
        speed=speed,
        project=project,
    )
    if json:
        print_json(
            {
                "file": str(output),
                "bytes": done.size,
                "characters": done.characters,
                "spent": done.spent and done.spent.model_dump(),
                "warnings": [],
                "errors": [],
            }
        )
        return 0
    if not standard:
        say_to_people(f"wrote {output} ({done.size:,} bytes)")
    if done.characters:
        price = cost(done.spent) if done.spent else "a sum not known"
        say_to_people(f"{count(done.characters, 'character')} cost {price}, which no ledger counts")
    return 0


def _keep_or_forget(
    provider: str | None,
    save: str | None,
    name: str | None,
    delete: str | None,
    project: Path | None,
    *,
    json: bool,
) -> int:
    if provider is None or (save and delete) or bool(save) != bool(name):
        raise UsageError(
            "write `narrator voices PROVIDER --save GENERATION --name NAME`"
            " or `narrator voices PROVIDER --delete NAME`"
        )
    if save and name:
        kept = auditioning.keep_voice(provider, save, name, project=project)
        said = f"kept; cast it with `voice: {kept}`"
        fact: dict[str, object] = {"saved": kept.model_dump()}
    else:
        auditioning.forget_voice(provider, delete or "", project=project)
        said, fact = f"deleted {delete}", {"deleted": delete}
    if json:
        print_json({**fact, "warnings": [], "errors": []})
    else:
        say_to_people(said)
    return 0


def _described(voice: Voice) -> str:
    return "  ".join(filter(None, (str(voice), ", ".join(voice.languages), voice.gender, voice.description)))
