"""Voices by name: some of PlayHT's as data, and what a cast may write.

playht/Jennifer                          a voice of the list below, by its name; capitals do not matter
playht/susan                             the same, of PlayHT1.0
playht/s3://.../manifest.json            any other, by its id, cloned ones included
playht/id/...                            one whose id is of another shape
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, NamedTuple

from narrator.errors import UnknownVoice
from narrator.providers.playht.settings import ENGINES, MINI, NAME, PLAYHT_1, PLAYHT_2

BY_ID = "id/"
"""What goes before an id that is no manifest."""

Gender = Literal["female", "male", ""]

_MANIFEST = re.compile(r"s3://[!-~]+/manifest\.json")
_ID = re.compile(r"[!-~]{1,200}")
_CLONING = "s3://voice-cloning-zero-shot/"


class Known(NamedTuple):
    """A voice of the list."""

    name: str
    id: str
    gender: Gender = ""
    language: str = "en"
    engines: tuple[str, ...] = (PLAYHT_2, MINI)


def find(voice: str) -> str:
    """
    A voice as a cast writes it (after `playht/`), in its one canonical form.

    Raises:
        UnknownVoice: neither a name of the list nor an id.
    """
    wanted = voice.strip()
    if _MANIFEST.fullmatch(wanted):
        return wanted
    if wanted.startswith(BY_ID) and _ID.fullmatch(wanted.removeprefix(BY_ID)):
        own = wanted.removeprefix(BY_ID)
        return written(own)
    if known := _NAMED.get(" ".join(wanted.split()).casefold()):
        return known.id
    raise UnknownVoice(
        f"{NAME}/{voice}",
        (f"{NAME}/{word}" for known in KNOWN for word in (known.name, known.id)),
        remedy=f"write one of its names, or an id as `narrator voices {NAME}` lists them: `{NAME}/s3://...`",
    )


def written(voice_id: str) -> str:
    """A service's id as a cast writes it."""
    return voice_id if _MANIFEST.fullmatch(voice_id) or voice_id in _BY_ID else BY_ID + voice_id


def short(voice: str) -> str:
    """The shortest that a cast may write for a canonical voice: its name, where it is in the list."""
    known = _BY_ID.get(voice)
    return known.name if known else voice


def sent(voice: str) -> str:
    """The service's id of a canonical voice."""
    return voice.removeprefix(BY_ID)


def gender(voice: str) -> Gender:
    """Of a canonical voice, where it is known."""
    known = _BY_ID.get(voice)
    return known.gender if known else ""


def engines(voice: str) -> tuple[str, ...]:
    """Those that may speak a canonical voice, the usual one first (contract 5.2.1)."""
    if known := _BY_ID.get(voice):
        return known.engines
    return ENGINES if _MANIFEST.fullmatch(voice) else (PLAYHT_1, PLAYHT_2, MINI)


# Names and ids as the service's own programs have published them (May 2025); none can be tried any more.
KNOWN: tuple[Known, ...] = (
    Known("Aaliyah", f"{_CLONING}f6c4ed76-1b55-4cd9-8896-31f7535f6cdb/original/manifest.json", "female"),
    Known("Adelaide", f"{_CLONING}f9bf96ae-19ef-491f-ae69-644448800566/original/manifest.json", "female"),
    Known("Ahmad", f"{_CLONING}uLCIZjJAz3iMqA5cK4ObF/ahmad-arabic/manifest.json", "male", "ar", (MINI,)),
    Known("Amira", f"{_CLONING}mzC-mRcDq38LCRzodkM-Z/amira-arabic/manifest.json", "female", "ar", (MINI,)),
    Known("Angelo", f"{_CLONING}baf1ef41-36b6-428c-9bdf-50ba54682bd8/original/manifest.json", "male"),
    Known("Arista", f"{_CLONING}42c41808-0ddb-4674-8965-024a52ad6c8e/original/manifest.json"),
    Known("Atlas", f"{_CLONING}e46b4027-b38d-4d24-b292-38fbca2be0ef/original/manifest.json", "male"),
    Known("Basil", f"{_CLONING}324a553f-0935-4473-962a-5cd504b6b13d/original/manifest.json", "male"),
    Known("Briggs", f"{_CLONING}71cdb799-1e03-41c6-8a05-f7cd55134b0b/original/manifest.json", "male"),
    Known("Calum", f"{_CLONING}81aa8eb4-56dc-4104-96ad-65484be686e6/original/manifest.json", "male"),
    Known("Celeste", f"{_CLONING}24507c14-c743-4943-80db-a1e16248309a/original/manifest.json", "female"),
    Known("Cheyenne", f"{_CLONING}ae86f8a3-76bf-4ded-a5fd-bea9d1c8ea1a/original/manifest.json", "female"),
    Known("Chip", f"{_CLONING}85d67d83-32c5-4a28-a165-065f655efef0/original/manifest.json", "male"),
    Known("Cillian", f"{_CLONING}1591b954-8760-41a9-bc58-9176a68c5726/original/manifest.json", "male"),
    Known("Deedee", f"{_CLONING}e040bd1b-f190-4bdb-83f0-75ef85b18f84/original/manifest.json", "female"),
    Known("Eleanor", f"{_CLONING}d712cad5-85db-44c6-8ee0-8f4361ed537b/eleanorsaad2/manifest.json", "female"),
    Known("Fritz", f"{_CLONING}373e9621-167b-4efb-8c62-3167fe5b521d/original/manifest.json", "male"),
    Known("Gail", f"{_CLONING}a61e48b1-e0ec-48a7-9ab1-5b96a758c401/original/manifest.json", "female"),
    Known("Indigo", f"{_CLONING}97580643-b568-4198-aaa4-3e07e4a06c47/original/manifest.json"),
    Known("Jennifer", f"{_CLONING}801a663f-efd0-4254-98d0-5c175514c3e8/jennifer/manifest.json", "female"),
    Known("Judy", f"{_CLONING}ZkeJxqcjXvUGsYGR8_uy1/tiffany-voice-of-play-ai/manifest.json", "female"),
    Known("Khalid", f"{_CLONING}61FkRDykpefFibpqCMEHl/khalid-arabic/manifest.json", "male", "ar", (MINI,)),
    Known("Mamaw", f"{_CLONING}580181a2-55ec-44fa-baf3-944acb1649df/original/manifest.json", "female"),
    Known("Mason", f"{_CLONING}a540a448-a9ca-446c-9538-d1bae6c506f1/original/manifest.json", "male"),
    Known("Mikail", f"{_CLONING}98d00a64-a4e6-4096-b494-7270eb50a905/original/manifest.json", "male"),
    Known("Mitch", f"{_CLONING}8007f637-9aec-4426-8c6a-7e713c032623/original/manifest.json", "male"),
    Known(
        "Nasser",
        f"{_CLONING}Nasser__-____-____-____-____________/original/manifest.json",
        "male",
        "ar",
        (MINI,),
    ),
    Known("Nia", f"{_CLONING}831bd330-85c6-4333-b2b4-10c476ea3491/original/manifest.json", "female"),
    Known("Quinn", f"{_CLONING}e53b50b7-142b-4d66-922f-1d6410832489/original/manifest.json"),
    Known("Ruby", f"{_CLONING}d9ff78ba-d016-47f6-b0ef-dd630f59414e/female-cs/manifest.json", "female"),
    Known("Thunder", f"{_CLONING}0db14b28-878d-4ebb-a8a5-e3c49e073ac9/original/manifest.json", "male"),
    Known("Larry Ads", "s3://peregrine-voices/larry_ads3_parrot_saad/manifest.json", "male"),
    Known("Oliver Narrative", "s3://peregrine-voices/oliver_narrative2_parrot_saad/manifest.json", "male"),
    Known("larry", "larry", "male", "en", (PLAYHT_1,)),
    Known("susan", "susan", "female", "en", (PLAYHT_1,)),
)

_NAMED: Mapping[str, Known] = {known.name.casefold(): known for known in KNOWN}
_BY_ID: Mapping[str, Known] = {known.id: known for known in KNOWN}
