"""Voices by name: what a cast may write.

    supertone/<id>                  a voice by its id
    supertone/Aiden                 the same by its name
    supertone/custom/<name or id>   a voice of the account's own

No list of the service's voices was ever published outside the service, so a name is looked up there, before
the first line in it is asked for; until then nobody can tell a wrong name from a right one. What is nearly an
id is refused at once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from narrator.errors import UnknownVoice
from narrator.providers.supertone.settings import NAME

CUSTOM = "custom/"
"""What the name of a voice of the account begins with."""
KNOWN: Mapping[str, str] = {"Aiden": "2d5a380030e78fcab0c82a"}
"""Names and ids that the service's own programs have published (2026)."""

LISTING = f"`narrator voices {NAME} --search ...` lists the service's voices and the account's own"

_ID = re.compile(r"[0-9a-f]{16,40}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_NEARLY_ID = re.compile(r"(?=(?:\D*\d){8})[0-9a-z_-]{12,}")
_LONGEST = 100


def is_id(voice: str) -> bool:
    """Whether *voice* is an id and not a name."""
    return _ID.fullmatch(voice) is not None


def find(voice: str) -> str:
    """
    A voice as a cast writes it (after `supertone/`), in its one canonical form.

    Raises:
        UnknownVoice: nothing, or neither an id nor a name.
    """
    wanted = " ".join(voice.split())
    custom = wanted[: len(CUSTOM)].lower() == CUSTOM
    own = wanted[len(CUSTOM) :].strip() if custom else wanted
    if custom and _named(own):
        return f"{CUSTOM}{own}"
    if not custom and is_id(own):
        return own.lower()
    if not custom and _named(own) and not _NEARLY_ID.fullmatch(own):
        return _FOLDED.get(fold(own), own)
    raise UnknownVoice(
        f"{NAME}/{voice}",
        (f"{NAME}/{known}" for pair in KNOWN.items() for known in pair),
        remedy=f"a voice is written `{NAME}/NAME` or `{NAME}/ID`, one of the account `{NAME}/{CUSTOM}NAME`;"
        f" {LISTING}",
    )


def fold(name: str) -> str:
    """A voice's name as it is compared."""
    return " ".join(name.casefold().split())


def _named(name: str) -> bool:
    return 0 < len(name) <= _LONGEST and name.isprintable() and any(map(str.isalnum, name))


_FOLDED = {fold(name): name for name in KNOWN}
