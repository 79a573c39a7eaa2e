"""The workflow for users' own repositories, run step by step as the runner would, machine by machine."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.commands import ended, left, outputs, told
from tests.paid_books import buy
from tests.studio import write_project

ROOT = Path(__file__).parent.parent
WORKFLOW = ROOT / ".github" / "workflows" / "audiobook.yml"
TEXT = WORKFLOW.read_text(encoding="utf-8")
LOADED = yaml.safe_load(TEXT)
JOBS = LOADED["jobs"]
ACTIONS = {
    "actions/checkout@v5",
    "actions/setup-python@v6",
    "actions/cache/restore@v4",
    "actions/cache/save@v4",
    "actions/upload-artifact@v4",
    "actions/download-artifact@v4",
}
EXPRESSION = re.compile(r"\$\{\{ *(.*?) *\}\}")
PROJECT = "books/mine"
KEYS = ("HUME_API_KEY", "SARVAM_API_KEY", "SUPERTONE_API_KEY", "PLAYHT_API_KEY", "PLAYHT_USER_ID")
GIVEN = {
    "inputs.project || vars.AUDIOBOOK_PROJECT || 'projects/demo'": PROJECT,
    "!inputs.allow-warnings && 'yes' || ''": "yes",
    "inputs.requirement || vars.AUDIOBOOK_REQUIREMENT": "",
    "inputs.shards || vars.AUDIOBOOK_SHARDS || '1'": "2",
    "inputs.most || vars.AUDIOBOOK_MOST || '10'": "10",
    **{f"secrets.{name}": "" for name in KEYS},
}
"""What the runner would make of the expressions in the `env` of jobs and steps."""
BOOK = "# One\n\nA line. And another.\n\nMARA: A third.\n"
CAST = "narrator: espeak/en-gb\nMara: espeak/en-gb+f2\n"


@dataclass
class Machine:
    """A fresh runner with a checkout of the repository."""

    folder: Path
    values: dict[str, str] = field(default_factory=lambda: dict(GIVEN))

    @property
    def checkout(self) -> Path:
        return self.folder / "checkout"

    @property
    def project(self) -> Path:
        return self.checkout / PROJECT

    @property
    def temp(self) -> Path:
        """What `RUNNER_TEMP` names."""
        return self.folder / "temp"

    def read(self, name: str) -> str:
        """One of the files that steps write for the runner."""
        return (self.temp / name).read_text(encoding="utf-8")

    def result(self, name: str) -> dict[str, Any]:
        """A report that a step left."""
        found = json.loads(self.read(f"out/{name}"))
        assert isinstance(found, dict)
        return found

    def filled(self, env: Mapping[str, str]) -> dict[str, str]:
        """The variables with their expressions evaluated; one that nobody gave a value is an error."""
        return {
            name: EXPRESSION.sub(lambda found: self.values[found[1]], value) for name, value in env.items()
        }

    def run(self, job: str, step: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run one step, named as in the workflow."""
        found = next(each for each in JOBS[job]["steps"] if each.get("name") == step)
        given = self.filled({**LOADED["env"], **JOBS[job].get("env", {}), **found.get("env", {})})
        files = {
            name: str(self.temp / name) for name in ("GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STEP_SUMMARY")
        }
        script = self.temp / "step.sh"
        script.write_text(found["run"], encoding="utf-8")
        command = [
            str(script) if word == "{0}" else word for word in LOADED["defaults"]["run"]["shell"].split()
        ]
        return subprocess.run(
            command,
            cwd=self.checkout,
            env={
                **{
                    name: value
                    for name, value in os.environ.items()
                    if not name.startswith("GITHUB_") and name not in KEYS
                },
                "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
                "RUNNER_TEMP": str(self.temp),
                **files,
                **given,
                **more,
            },
            capture_output=True,
            text=True,
            check=False,
        )

    def restore(self, store: Path | None) -> None:
        """What the step that restores the cache does, and that of the download of nothing."""
        if store is not None:
            shutil.copytree(store, self.project / "takes")


def fill(folder: Path, files: Mapping[str, bytes]) -> None:
    """Put files there."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def machine(folder: Path, repository: Path) -> Machine:
    """A runner with narrator and Python on its path."""
    made = Machine(folder)
    shutil.copytree(repository, made.checkout)
    made.temp.mkdir()
    (folder / "bin").mkdir()
    for name, words in (("narrator", '-m narrator "$@"'), ("python", '"$@"')):
        script = folder / "bin" / name
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" {words}\n', encoding="utf-8")
        script.chmod(0o755)
    return made


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Somebody's repository, with a book in it."""
    folder = tmp_path / "repository"
    write_project(folder / PROJECT, BOOK, "# Two\n\nThe end.\n", cast=CAST)
    return folder


def checked(folder: Path, repository: Path, store: Path | None = None, **values: str) -> Machine:
    """The job `check`, done."""
    check = machine(folder, repository)
    check.values |= {name: value for name, value in values.items() if name in GIVEN}
    check.restore(store)
    done = check.run("check", "Prove, plan and price")
    assert done.returncode == 0, done.stderr
    return check


def recorded(folder: Path, repository: Path, shard: int, *, fails: bool = False) -> Machine:
    """The job `record` for one of two shards, done."""
    record = machine(folder, repository)
    record.values |= {"matrix.shard": str(shard), "needs.check.outputs.of": "2"}
    done = record.run("record", "Record")
    assert fails or done.returncode == 0, done.stderr
    packed = record.run("record", "Pack the new takes")
    assert packed.returncode == 0, packed.stderr
    return record


def booked(folder: Path, repository: Path, shards: list[Machine], store: Path | None = None) -> Machine:
    """The job `book`, merged and ready to make the book."""
    book = machine(folder, repository)
    book.restore(store)
    for number, shard in enumerate(shards, start=1):
        shutil.copytree(shard.temp / "out", book.temp / "shards" / f"shard-{number}")
    merged = book.run("book", "Merge the shards' takes")
    assert merged.returncode == 0, merged.stderr
    return book


def test_two_shards_and_a_merge_make_the_book_that_one_machine_makes(
    tmp_path: Path, repository: Path
) -> None:
    check = checked(tmp_path / "check", repository)
    shards = [recorded(tmp_path / f"record-{number}", repository, number) for number in (1, 2)]
    book = booked(tmp_path / "book", repository, shards)
    made = book.run("book", "Make the book")
    reckoned = book.run("book", "Hold the ledger against the takes")

    assert check.read("GITHUB_OUTPUT") == "shards=[1, 2]\nof=2\n"
    assert "Takes to record: 6, estimated cost: nothing." in check.read("GITHUB_STEP_SUMMARY")
    assert made.returncode == reckoned.returncode == 0, made.stderr + reckoned.stderr
    counts = [
        shard.result(f"shard-{number}.json")["recorded"] for number, shard in enumerate(shards, start=1)
    ]
    assert min(counts) > 0
    assert sum(counts) == 6
    assert book.result("book.json")["recorded"] == 0
    assert [chapter["title"] for chapter in book.result("book.json")["chapters"]] == ["One", "Two"]
    assert "| 2 | Two |" in book.read("GITHUB_STEP_SUMMARY")
    assert "chapter 02: Two" in book.read("out/book.junit.xml")

    alone = shutil.copytree(repository / PROJECT, tmp_path / "alone")
    ended(told("book", alone), 0)
    mine, theirs = outputs(book.project), outputs(alone)
    assert {name for name in mine if name.endswith(".mp3")} == {
        "build/chapters/01-one.mp3",
        "build/chapters/02-two.mp3",
    }
    assert mine == theirs


def test_a_store_that_holds_everything_leaves_nothing_for_the_shards(
    tmp_path: Path, repository: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(repository / PROJECT, copy)
    buy(copy)

    check = checked(tmp_path / "check", repository, copy / "takes")

    assert check.read("GITHUB_OUTPUT") == "shards=[]\nof=0\n"


@pytest.mark.soak
def test_what_a_failed_shard_recorded_is_kept(tmp_path: Path, repository: Path) -> None:
    """Mara's service has no key; all of the narrator's lines are in the final store, and no other one is."""
    (repository / PROJECT / "cast.yaml").write_text("narrator: espeak/en-gb\nMara: hume/Ava Song\n")
    shards = [recorded(tmp_path / f"record-{number}", repository, number, fails=True) for number in (1, 2)]
    book = booked(tmp_path / "book", repository, shards)
    made = book.run("book", "Make the book")

    assert sum(name.endswith(".flac") for name in left(book.project, "takes")) == 5
    assert made.returncode == 4
    assert book.result("book.json")["recorded"] == 0
    assert "no key" in made.stderr


def test_a_merge_adds_takes_and_goes_on_with_the_newest_ledger(tmp_path: Path, repository: Path) -> None:
    store = tmp_path / "store"
    fill(
        store,
        {
            "ab/k/old.flac": b"old",
            "ab/k/both.flac": b"ours",
            "ledger.sqlite": b"base",
            "ledger.sqlite-wal": b"",
        },
    )
    shards = []
    for number, ledger in ((1, b"first"), (2, b"second")):
        shard = machine(tmp_path / f"record-{number}", repository)
        shard.values |= {"matrix.shard": str(number), "needs.check.outputs.of": "2"}
        shard.restore(store)
        begun = shard.temp / "begun"
        begun.touch()
        os.utime(begun, (time.time() - 60, time.time() - 60))
        for path in store.rglob("*"):
            os.utime(shard.project / "takes" / path.relative_to(store), (100, 100))
        fill(
            shard.project / "takes",
            {f"cd/k/{number}.flac": b"new", "cd/k/both.pickup": b"", ".runs/x": b"", ".lock": b""},
        )
        (shard.project / "takes" / "ledger.sqlite").write_bytes(ledger)
        os.utime(shard.project / "takes" / "ledger.sqlite", (1000 - number, 1000 - number))
        (shard.project / "takes" / "ledger.sqlite-wal").unlink()
        assert shard.run("record", "Pack the new takes").returncode == 0
        shards.append(shard)
    os.utime(store / "ledger.sqlite", (500, 500))

    book = booked(tmp_path / "book", repository, shards, store)

    assert left(book.project, "takes") == {
        "takes/ab/k/old.flac": b"old",
        "takes/ab/k/both.flac": b"ours",
        "takes/cd/k/1.flac": b"new",
        "takes/cd/k/2.flac": b"new",
        "takes/cd/k/both.pickup": b"",
    }
    ledgers = {path.name: path.read_bytes() for path in (book.project / "takes").glob("ledger*")}
    assert ledgers == {"ledger.sqlite": b"first"}


def test_a_shard_that_never_began_has_nothing_to_pack(tmp_path: Path, repository: Path) -> None:
    shard = machine(tmp_path / "record", repository)
    shard.values |= {"matrix.shard": "1"}

    assert shard.run("record", "Pack the new takes").returncode == 0
    assert list((shard.temp / "out").iterdir()) == []


def test_a_book_that_would_cost_too_much_is_not_begun(tmp_path: Path, repository: Path) -> None:
    (repository / PROJECT / "cast.yaml").write_text("narrator: hume/Ava Song\nMara: hume/Ava Song\n")
    check = machine(tmp_path / "check", repository)

    done = check.run("check", "Prove, plan and price", MOST="0.0001")

    assert done.returncode == 1
    assert "would cost" in done.stderr


@pytest.fixture(scope="module")
def two_currencies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a check says of a book that is paid in dollars and in rupees."""
    cast = "narrator: hume/Ava Song\nMara: sarvam/shubh\n"
    found = told("check", write_project(tmp_path_factory.mktemp("paid"), BOOK, cast=cast), "--json").result
    assert [(each["currency"], each["amount"] < 10) for each in found["estimate"]["costs"]] == [
        ("USD", True),
        ("INR", True),
    ]
    return found


@pytest.fixture
def guarded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, Any], str], str]:
    """The part of the step that looks at the cost: how it ends with a check's answer and AUDIOBOOK_MOST."""
    step = next(step for step in JOBS["check"]["steps"] if step.get("name") == "Prove, plan and price")
    program = step["run"].partition("<<'END'\n")[2].partition("\nEND\n")[0]
    monkeypatch.setenv("SHARDS", "1")
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary"))
    monkeypatch.setattr(sys, "argv", ["-", str(tmp_path / "check.json")])

    def run(check: dict[str, Any], most: str) -> str:
        (tmp_path / "check.json").write_text(json.dumps(check), encoding="utf-8")
        monkeypatch.setenv("MOST", most)
        try:
            exec(compile(program, str(WORKFLOW), "exec"), {})  # noqa: S102  our own workflow's
        except SystemExit as ended:
            return str(ended.code)
        return ""

    return run


@pytest.mark.parametrize(
    ("most", "said"),
    [
        ("10", ""),
        ("10 USD, 800 INR", ""),
        ("1 usd,10", ""),
        ("0.001", "which passes 0.001 USD"),
        ("10 USD, 0.01 INR", "which passes 0.01 INR"),
        ("0 USD, 10", "which passes 0 USD"),
        ("10 USD", "says nothing of INR; add to it, such as 0."),
        ("", "write 10 or 10 USD, 800 INR"),
        ("nan", "write 10 or"),
        ("10,5", "write 10 or"),
        ("10 dollars", "write 10 or"),
    ],
)
def test_the_most_holds_in_every_currency(
    most: str,
    said: str,
    two_currencies: dict[str, Any],
    guarded: Callable[[dict[str, Any], str], str],
    tmp_path: Path,
) -> None:
    ended_with = guarded(two_currencies, most)

    assert ended_with.startswith("::error::") is bool(said)
    assert said in ended_with
    if "write" not in said:
        summary = (tmp_path / "summary").read_text()
        assert re.search(r"estimated cost: 0\.\d{4} USD \+ 0\.\d{4} INR\.", summary)


def test_what_has_no_price_is_not_begun(
    guarded: Callable[[dict[str, Any], str], str], tmp_path: Path
) -> None:
    """Even where warnings are allowed: it would pass any limit unseen."""
    project = write_project(tmp_path / "book", BOOK, cast="narrator: playht/Jennifer\nMara: espeak/en\n")
    unknown = told("check", project, "--json").result

    said = guarded(unknown, "10")

    assert said.startswith("::error::that would cost nothing, without the requests whose price is not known")
    assert "to playht " in said
    assert "price_per_1000" in said
    assert "price is not known" in (tmp_path / "summary").read_text()


def test_a_book_that_would_pass_its_budget_is_not_begun(tmp_path: Path, repository: Path) -> None:
    (repository / PROJECT / "cast.yaml").write_text("narrator: hume/Ava Song\nMara: hume/Ava Song\n")
    with (repository / PROJECT / "book.yaml").open("a") as file:
        file.write("budget: {amount: 0.0001, currency: USD}\n")
    check = machine(tmp_path / "check", repository)

    done = check.run("check", "Prove, plan and price")

    assert done.returncode != 0
    assert "budget" in done.stderr


def test_a_warning_stops_a_strict_run_before_it_costs_anything(tmp_path: Path, repository: Path) -> None:
    (repository / PROJECT / "choices.yaml").write_text("")
    (repository / PROJECT / "cover.jpg").write_bytes(b"\xff\xd8\xff")
    (repository / PROJECT / "cover.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    strict, lenient = (machine(tmp_path / name, repository) for name in ("strict", "lenient"))

    assert strict.run("check", "Prove, plan and price").returncode == 6
    assert lenient.run("check", "Prove, plan and price", STRICT="").returncode == 0


def test_a_wrong_project_ends_the_check(tmp_path: Path, repository: Path) -> None:
    (repository / PROJECT / "cast.yaml").write_text("narrator: espeak/nobody\n")
    check = machine(tmp_path / "check", repository)

    assert check.run("check", "Prove, plan and price").returncode == 3


def test_narrator_is_made_from_its_own_repository(tmp_path: Path, repository: Path) -> None:
    (repository / "narrator").mkdir()
    (repository / "narrator" / "__main__.py").write_text("")
    (repository / "requirements.lock").write_text("")
    (repository / "Makefile").write_text("install:\n\tmkdir -p .venv/bin\n")
    check = machine(tmp_path / "check", repository)

    done = check.run("check", "Install narrator")

    assert done.returncode == 0, done.stderr
    assert check.read("GITHUB_PATH") == f"{check.checkout}/.venv/bin\n"
    assert (check.checkout / ".venv" / "bin").is_dir()
    assert re.search(r"^install:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


def test_elsewhere_pip_installs_what_is_asked_for(tmp_path: Path, repository: Path) -> None:
    wheel = tmp_path / "narrator_like-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("narrator_like.py", "")
        archive.writestr(
            "narrator_like-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: narrator-like\nVersion: 1\n"
        )
        archive.writestr(
            "narrator_like-1.dist-info/WHEEL",
            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        archive.writestr("narrator_like-1.dist-info/RECORD", "")
    check = machine(tmp_path / "check", repository)

    done = check.run(
        "check",
        "Install narrator",
        REQUIREMENT=str(wheel),
        PIP_NO_INDEX="1",
        PIP_TARGET=str(tmp_path / "target"),
        PIP_DISABLE_PIP_VERSION_CHECK="1",
    )

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "target" / "narrator_like.py").exists()


def test_nothing_is_installed_that_nobody_named(tmp_path: Path, repository: Path) -> None:
    """The name `narrator` is somebody else's where pip looks by default."""
    done = machine(tmp_path / "check", repository).run("check", "Install narrator")

    assert done.returncode == 2
    assert "AUDIOBOOK_REQUIREMENT" in done.stdout


def test_every_step_is_known() -> None:
    """Each either runs a script that a test above runs, or is an action of the list."""
    ran = set(re.findall(r'run\(\s*"\w+",\s*"([^"]+)"', Path(__file__).read_text(encoding="utf-8")))
    steps = [step for job in JOBS.values() for step in job["steps"]]

    assert {step["name"] for step in steps if "run" in step} == ran
    assert {step["uses"] for step in steps if "uses" in step} == ACTIONS
    assert LOADED["defaults"]["run"]["shell"] == "bash -euo pipefail {0}"
    assert not any("shell" in step for step in steps)


def test_secrets_reach_the_step_that_records_and_no_other() -> None:
    holders = [
        step.get("name") for job in JOBS.values() for step in job["steps"] if "secrets." in json.dumps(step)
    ]

    assert holders == ["Record"]
    record = next(step for step in JOBS["record"]["steps"] if step.get("name") == "Record")
    assert record["env"].items() >= {name: f"${{{{ secrets.{name} }}}}" for name in KEYS}.items()
    assert TEXT.count("secrets.") == len(KEYS)


def test_every_service_that_needs_a_key_is_given_it() -> None:
    """By the variables that the services' own settings name."""
    files = (ROOT / "narrator" / "providers").rglob("*.py")
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)

    assert set(re.findall(r'^(?:KEY|USER)_VARIABLE = "(\w+)"', text, re.MULTILINE)) == set(KEYS)


def test_it_can_only_read_and_no_input_becomes_code() -> None:
    assert LOADED["permissions"] == {"contents": "read"}
    assert not any("permissions" in job for job in JOBS.values())
    scripts = [step["run"] for job in JOBS.values() for step in job["steps"] if "run" in step]
    assert not any("${{" in script for script in scripts)
    assert not re.search(r"https?://|index-url", TEXT)


def test_what_was_paid_for_is_saved_however_a_run_ends() -> None:
    """Restored, merged and saved even after a failure or a cancelled run; never after a failed restore."""
    steps = JOBS["book"]["steps"]
    said = [step.get("name") or step["uses"].partition("@")[0] for step in steps]
    conditions = dict(zip(said, (step.get("if") for step in steps), strict=True))

    assert conditions["actions/cache/restore"] == "always()"
    assert conditions["Merge the shards' takes"] == "always()"
    assert conditions["actions/cache/save"] == "always() && steps.restore.outcome == 'success'"
    assert JOBS["book"]["if"].startswith("always() && needs.check.result == 'success'")
    record = {step.get("name") or step["uses"]: step.get("if") for step in JOBS["record"]["steps"]}
    assert record["Pack the new takes"] == record["actions/upload-artifact@v4"] == "always()"
    saved, restored = (
        next(step["with"] for step in steps if step.get("uses", "").startswith(f"actions/cache/{name}"))
        for name in ("save", "restore")
    )
    assert saved["key"].startswith(restored["restore-keys"])
    assert saved["path"] == restored["path"] == "${{ env.PROJECT }}/takes"


def test_two_runs_never_buy_the_same_lines() -> None:
    assert LOADED["concurrency"]["cancel-in-progress"] is False
    assert "ref" not in LOADED["concurrency"]["group"]
    assert "pull_request" in JOBS["record"]["if"]
    assert "pull_request" in JOBS["book"]["if"]
