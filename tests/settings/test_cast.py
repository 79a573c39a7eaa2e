from __future__ import annotations

import pytest

from narrator.casting import Cast, Role
from narrator.errors import CastingError, DuplicateAlias, ProjectError, UnknownKey
from narrator.settings import read_cast
from tests.settings.reading import said, settings_of


def cast_of(text: str, *, language: str = "en", rehearse: bool = False) -> tuple[Cast, list[ProjectError]]:
    settings, problems = settings_of(text, file="cast.yaml")
    return read_cast(settings, language=language, rehearse=rehearse), problems


def test_every_key_of_a_role_is_read() -> None:
    cast, problems = cast_of(
        """
        narrator: hume/Ava Song
        mara:
          voice: espeak/en-gb+f2
          direction: +warm,
            close
          speed: 1.1
          aliases: [Mara Venn, THE KEEPER]
          stand_in: espeak/en+f4
          description: a young woman
          settings: {pitch: 60, rate: 1.5, label: 010, whisper: false}
        """
    )

    assert said(problems) == []
    assert cast == Cast(
        roles=(
            Role(name="narrator", voice="hume/Ava Song", line=2),
            Role(
                name="mara",
                voice="espeak/en-gb+f2",
                direction="+warm, close",
                speed=1.1,
                aliases=("Mara Venn", "THE KEEPER"),
                stand_in="espeak/en+f4",
                description="a young woman",
                settings=(("label", "010"), ("pitch", 60), ("rate", 1.5), ("whisper", False)),
                line=3,
            ),
        )
    )
    assert cast.by_name()["the keeper"].name == "mara"


@pytest.mark.parametrize("text", ["", "# nobody yet\n", "narrator:\n", "narrator: {direction: calm}\n"])
def test_a_narrator_without_a_voice_speaks_the_books_language(text: str) -> None:
    cast, problems = cast_of(text, language="es-MX")

    assert said(problems) == []
    assert cast.role("narrator").voice == "espeak/es-MX"


@pytest.mark.parametrize("name", ["Narrator", "NARRATOR", "' narrator '"])
def test_the_narrator_is_the_same_however_it_is_written(name: str) -> None:
    cast, problems = cast_of(f"{name}: espeak/en\n")

    assert said(problems) == []
    assert [role.name for role in cast.roles] == ["narrator"]


@pytest.mark.parametrize(
    "name",
    ["../../etc", "con/nul", "/etc/passwd", "a\\b", "..", "~", "José", "李雷", "🦊", "नेहा", "Dr. No: I"],
)
def test_any_name_is_a_label(name: str) -> None:
    """A role may be called anything that can be printed; it is a name and nothing else."""
    cast, problems = cast_of(f"'{name}': espeak/en\nmara: {{voice: espeak/en+f2, aliases: ['{name} 2']}}\n")

    assert said(problems) == []
    assert [role.name for role in cast.roles] == [name, "mara", "narrator"]
    assert cast.by_name()[name.casefold()].name == name


def test_a_role_that_yaml_1_1_would_call_false() -> None:
    cast, problems = cast_of("No: espeak/en\n1: espeak/en+m1\n2026-11-20: espeak/en+m2\n")

    assert said(problems) == []
    assert [role.name for role in cast.roles[:3]] == ["No", "1", "2026-11-20"]


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        (
            "mara:\n  voice: espeak/en\nMARA: espeak/en\n",
            DuplicateAlias,
            "cast.yaml:3: 'MARA' names both 'mara' and 'MARA'; keep it on one of them",
        ),
        (
            "the-keeper: espeak/en\ntom:\n  voice: espeak/en\n  aliases:\n    - Tom\n    - The_Keeper\n",
            DuplicateAlias,
            "cast.yaml:6: 'The_Keeper' names both 'the-keeper' and 'tom'; keep it on one of them",
        ),
        (
            "mara: {voice: espeak/en, aliases: [Tom]}\ntom: espeak/en\n",
            DuplicateAlias,
            "cast.yaml:2: 'tom' names both 'mara' and 'tom'; keep it on one of them",
        ),
        (
            "mara:\n  voice: espeak/en\n  aliases: [I, Narrator]\n",
            CastingError,
            "cast.yaml:3: 'narrator' reads the prose and cannot be an alias;"
            " cast it with the voice of 'mara'",
        ),
        (
            "tom: espeak/en\nmara:\n  direction: warm\n",
            CastingError,
            "cast.yaml:2: role 'mara' has no voice; add one, for example `voice: espeak/en+f2`",
        ),
        (
            "mara:\n",
            CastingError,
            "cast.yaml:1: role 'mara' has no voice; add one, for example `voice: espeak/en+f2`",
        ),
        (
            "mara: en-gb\n",
            CastingError,
            "cast.yaml:1: `voice` must be provider/voice, such as espeak/en-gb+f2, not 'en-gb'",
        ),
        (
            "mara:\n  voice: espeak/en\n  stand_in: /x\n",
            CastingError,
            "cast.yaml:3: `stand_in` must be provider/voice, such as espeak/en-gb+f2, not '/x'",
        ),
        (
            "mara:\n  voice: espeak/en\n  aliasses: [M]\n",
            UnknownKey,
            "cast.yaml:3: unknown key 'aliasses'; did you mean 'aliases'?",
        ),
        ("mara: [espeak/en]\n", ProjectError, "cast.yaml:1: 'mara' must be a voice or a mapping, not a list"),
        (
            "mara: {voice: espeak/en, aliases: Tom}\n",
            ProjectError,
            "cast.yaml:1: `aliases` must be a list such as [one, two], not 'Tom'",
        ),
        (
            "mara: {voice: espeak/en, speed: fast}\n",
            ProjectError,
            "cast.yaml:1: `speed` must be a number from 0.25 to 4, not 'fast'",
        ),
        (
            "mara: {voice: espeak/en, settings: 3}\n",
            ProjectError,
            "cast.yaml:1: `settings` must be a mapping, not '3'",
        ),
        (
            "' - ': espeak/en\n",
            ProjectError,
            "cast.yaml:1: ' - ' is not a name; write one with letters in it",
        ),
        (
            "mara: {voice: hume/Ava, settings: {api_key: hunter2}}\n",
            ProjectError,
            "cast.yaml:1: `api_key` does not belong here; keys come from the environment"
            " (such as HUME_API_KEY), never from a file of the project",
        ),
    ],
)
def test_what_is_wrong_names_the_line(text: str, kind: type[ProjectError], message: str) -> None:
    _, problems = cast_of(text)

    assert said(problems) == [message]
    assert isinstance(problems[0], kind)


def test_a_name_twice_on_one_role_is_no_harm() -> None:
    cast, problems = cast_of("mara: {voice: espeak/en, aliases: [Mara, MARA, M, m]}\n")

    assert said(problems) == []
    assert cast.by_name()["m"].name == "mara"


def test_a_stand_in_is_voice_enough() -> None:
    assert said(cast_of("mara: {stand_in: espeak/en}\n")[1]) == []


def test_a_rehearsal_needs_no_voices() -> None:
    cast, problems = cast_of("mara:\ntom: {direction: low}\n", rehearse=True)

    assert said(problems) == []
    assert [(role.name, role.voice) for role in cast.roles] == [
        ("mara", None),
        ("tom", None),
        ("narrator", "espeak/en"),
    ]
