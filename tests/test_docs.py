"""The pages for users are true: every command in them runs, every example in them is understood."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from narrator.book import Book
from narrator.casting import Cast, Role
from narrator.coverage import prove
from narrator.lexicon import Lexicon
from narrator.parsing import Source, read_manuscript
from narrator.project import open_project
from narrator.providers import PROVIDERS
from narrator.providers.hume.settings import BASE_URL_VARIABLE, KEY_VARIABLE, OF_BOOK
from tests.commands import told
from tests.serving.running import running
from tests.studio import write_project

ROOT = Path(__file__).parent.parent
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")])
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
CAST = Cast(roles=tuple(Role(name=name, voice="espeak/en") for name in ("narrator", "mara", "jon")))


def blocks(page: Path, language: str) -> list[str]:
    """The fenced examples of a page."""
    return re.findall(
        rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_in_the_docs_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`narrator` commands run one after another in an empty folder; `make` targets exist."""
    monkeypatch.chdir(tmp_path)
    commands = [line for block in blocks(page, "sh") for line in block.splitlines() if line.strip()]
    if any("my-book" in line for line in commands) and not any(
        line.startswith("narrator new") for line in commands
    ):
        commands.insert(0, "narrator new my-book")
    if not any("hume" in line for line in commands):
        run(commands, page)
        return
    with running() as server:  # in the service's place
        monkeypatch.setenv("HUME_BASE_URL", server.base_url)
        run(commands, page)


def run(commands: list[str], page: Path) -> None:
    """Run the commands of a page in this folder, each of which must end well."""
    for line in commands:
        program, *arguments = shlex.split(line, comments=True)
        if program == "make":
            assert set(arguments) <= TARGETS, line
            continue
        assert program == "narrator", f"{page.name} shows a command that no test runs: {line}"
        done = told(*arguments)
        assert done.code == 0, f"{line}\n{done.err}"
        if arguments[0] == "new" and page.name != "README.md":  # where it is made as it comes
            book = Path(arguments[1], "book.yaml")
            book.write_text(book.read_text("utf-8").replace("# loudness: acx", "loudness: none"), "utf-8")


@pytest.mark.parametrize(
    "page", [page for page in PAGES if blocks(page, "markdown")], ids=lambda page: page.name
)
def test_manuscripts_in_the_docs_are_understood(page: Path) -> None:
    for text in blocks(page, "markdown"):
        source = Source("example.md", text)
        manuscript = read_manuscript([source], cast=CAST)

        assert prove(manuscript, [source]).complete
        roles = {utterance.role for chapter in manuscript.chapters for utterance in chapter.utterances}
        assert len(roles) > 1 or "Later" in text


def test_casts_and_lexicons_in_the_docs_are_understood(tmp_path: Path) -> None:
    examples = [block for page in PAGES for block in blocks(page, "yaml")]
    casts = [block for block in examples if "narrator:" in block]
    lexicons = [block for block in examples if "Siobhan" in block]
    assert casts
    assert lexicons
    for number, cast in enumerate(casts):
        project = open_project(write_project(tmp_path / str(number), "# One\n\nA line.\n", cast=cast))
        assert {role.name for role in project.cast.roles} == {"narrator", "mara", "jon"}
    folder = write_project(tmp_path / "lexicon", "# One\n\nA line.\n")
    (folder / "lexicon.yaml").write_text(lexicons[0], encoding="utf-8")
    assert isinstance(open_project(folder).lexicon, Lexicon)


def test_the_page_on_projects_names_every_key() -> None:
    page = (ROOT / "docs" / "projects.md").read_text(encoding="utf-8")

    for key in Book.model_fields:
        assert f"`{key}`" in page, f"docs/projects.md says nothing of {key}"


def test_the_readme_names_every_verb() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    verbs = re.findall(r"^  ([a-z]+)  ", told("--help").out, re.MULTILINE)

    assert len(verbs) >= 5
    for verb in verbs:
        assert f"narrator {verb}" in text


def test_pictures_and_links_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if not target.startswith("http"):
                assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_provider_is_documented() -> None:
    page = (ROOT / "docs" / "projects.md").read_text(encoding="utf-8")

    assert all(name in page for name in PROVIDERS)


def test_every_setting_of_a_service_is_documented() -> None:
    page = (ROOT / "docs" / "services.md").read_text(encoding="utf-8")

    for name in (*OF_BOOK, KEY_VARIABLE, BASE_URL_VARIABLE):
        assert f"`{name}`" in page, f"docs/services.md says nothing of {name}"
