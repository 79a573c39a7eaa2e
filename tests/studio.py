"""A small project on disk and a run of the pipeline over it, with a provider of the test's choice."""

from __future__ import annotations

import threading
from pathlib import Path

from narrator.assembly import Setting
from narrator.ledger import Ledger
from narrator.needing import needs
from narrator.pipeline import Outcome, Pipeline
from narrator.preparing import Prepared, prepare
from narrator.progress import Silent
from narrator.project import open_project
from narrator.providers.base import Provider
from narrator.store import TakeStore

CAST = "narrator: tones/low\nMara: tones/high\n"


def write_project(
    folder: Path, *chapters: str, book: str = "loudness: none\ncredits: false\n", cast: str = CAST
) -> Path:
    """A project of so many manuscript files."""
    (folder / "manuscript").mkdir(parents=True, exist_ok=True)
    (folder / "book.yaml").write_text(f"title: A Book\nauthor: An Author\n{book}", encoding="utf-8")
    (folder / "cast.yaml").write_text(cast, encoding="utf-8")
    for number, text in enumerate(chapters, start=1):
        (folder / "manuscript" / f"{number:02d}.md").write_text(text, encoding="utf-8")
    return folder


def run(folder: Path, provider: Provider) -> tuple[Prepared, Outcome]:
    """Prepare the project and make every chapter."""
    project = open_project(folder)
    providers = {provider.name: provider}
    store = TakeStore(project.takes)
    prepared = prepare(project, store, providers)
    setting = Setting(
        book=project.book,
        cover=project.cover,
        of=len(prepared.plan.chapters),
        rehearsal=False,
        build=project.build,
        store=store,
        stopping=threading.Event(),
    )
    tracks = list(enumerate(prepared.plan.chapters, start=1))
    with Ledger(project.takes, store=store, budget=project.book.budget) as ledger:
        pipeline = Pipeline(
            tracks,
            setting=setting,
            providers=providers,
            progress=Silent(),
            ledger=ledger,
            needs=needs(prepared.plan, providers),
        )
        return prepared, pipeline.run()
