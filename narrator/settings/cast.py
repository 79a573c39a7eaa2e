"""cast.yaml as a model."""

from __future__ import annotations

import re

from narrator.casting import NARRATOR, Cast, Role, fold
from narrator.errors import CastingError, DuplicateAlias
from narrator.settings.mapping import Settings
from narrator.settings.nodes import Scalar, Series, Table

_VOICE = re.compile(r"[a-z][a-z0-9_-]*/\S.*")
_PROVIDER = re.compile(r"[a-z][a-z0-9_-]*")


def read_cast(settings: Settings, *, language: str, rehearse: bool = False) -> Cast:
    """
    What cast.yaml says; the role that reads prose is always among the roles.

    Args:
        settings: role to voice, or to a mapping; a role's name is a label and never a path.
        language: BCP 47; the embedded voice speaks it for a narrator that has no voice in the cast.
        rehearse: roles may have no voice, since a rehearsal gives them one.
    """
    names = _Names(settings)
    roles: list[Role] = []
    for key, node in settings.entries():
        name = names.claim(key)
        if isinstance(node, Series):
            settings.note(f"{key} must be a voice or a mapping, not a list", line=node.line)
        elif name is not None:
            roles.append(_role(name, key.line, node, settings, names))
    for at, role in enumerate(roles):
        if role.voice or role.stand_in or role.description:
            continue
        if role.name == NARRATOR:
            roles[at] = role.model_copy(update={"voice": f"espeak/{language}"})
        elif not rehearse:
            message = f"role {role.name!r} has no voice; add one, for example `voice: espeak/{language}+f2`"
            settings.problems.append(CastingError(message, file=settings.file, line=role.line))
    if all(role.name != NARRATOR for role in roles):
        roles.append(Role(name=NARRATOR, voice=f"espeak/{language}"))
    return Cast(roles=tuple(roles))


def _role(name: str, line: int, node: Scalar | Table, settings: Settings, names: _Names) -> Role:
    if isinstance(node, Scalar):  # short for {voice: ...}
        table = Table(((Scalar("voice", node.line), node),), node.line)
        return _role(name, line, table, settings, names)
    facts = settings.within(node)
    aliases = [names.claim(alias, role=name) for alias in facts.texts("aliases") or ()]
    own = facts.settings("settings")
    styles = facts.settings("styles")
    description = facts.text("description")
    role = Role(
        name=name,
        voice=_voice(facts, "voice", designed=description is not None),
        direction=facts.text("direction", clears=True),
        speed=facts.number("speed", least=0.25, most=4),
        aliases=tuple(alias for alias in aliases if alias is not None),
        stand_in=_voice(facts, "stand_in"),
        description=description,
        settings=own.free() if own else (),
        styles=tuple((words, str(style)) for words, style in styles.free()) if styles else (),
        line=line,
    )
    facts.finish()
    return role


def _voice(facts: Settings, key: str, *, designed: bool = False) -> str | None:
    """
    A voice as provider/voice.

    Args:
        designed: a provider by itself will do; it makes the voice from the description.
    """
    written = facts.text(key)
    if designed and written is not None and _PROVIDER.fullmatch(written):
        return written
    if written is not None and not _VOICE.fullmatch(written):
        message = f"`{key}` must be provider/voice, such as espeak/en-gb+f2, not {written[:60]!r}"
        facts.problems.append(CastingError(message, file=facts.file, line=facts.line(key)))
    return written


class _Names:
    """Which role each name means, however it is spelt; one name cannot mean two."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._roles: dict[str, str] = {}

    def claim(self, name: Scalar, *, role: str | None = None) -> str | None:
        """
        The name as a label, or None (and a problem) where it cannot be had.

        Args:
            role: the role that it is an alias of; None for a role's own name.
        """
        label, folded = " ".join(name.text.split()), fold(name.text)
        if not folded:
            self._settings.note(f"{name} is not a name; write one with letters in it", line=name.line)
            return None
        if folded == NARRATOR:
            label = NARRATOR
        if folded == NARRATOR and role not in (None, NARRATOR):
            message = f"'narrator' reads the prose and cannot be an alias; cast it with the voice of {role!r}"
            self._settings.problems.append(CastingError(message, file=self._settings.file, line=name.line))
            return None
        taken = self._roles.get(folded)
        if taken is not None and taken != role:
            error = DuplicateAlias(label, taken, role or label, file=self._settings.file, line=name.line)
            self._settings.problems.append(error)
            return None
        self._roles[folded] = role or label
        return label
