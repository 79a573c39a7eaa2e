"""Loudness as figures, and what a finished file is held to. All levels in dB against full scale.

Imports nothing heavy: a run that has nothing to do reads the profiles too.
"""

from __future__ import annotations

from types import MappingProxyType

from pydantic import BaseModel


class Loudness(BaseModel, frozen=True, extra="forbid"):
    """What was measured, to the hundredth."""

    rms_db: float
    """Of the whole, pauses included."""
    peak_db: float
    """The largest sample."""
    floor_db: float
    """RMS of the quietest half second, in steps of a tenth; of the whole where that is shorter."""


class Profile(BaseModel, frozen=True, extra="forbid"):
    """What a shop asks of a finished file, and what is aimed at to be sure of it."""

    name: str
    rms_min_db: float
    rms_max_db: float
    peak_max_db: float
    floor_max_db: float
    target_rms_db: float
    """Before encoding."""
    ceiling_db: float
    """Where the limiter holds the peaks, those between samples too, before encoding."""
    tone_db: float
    """RMS of the room tone under the whole chapter."""

    def findings(self, loudness: Loudness) -> tuple[str, ...]:
        """What does not meet the profile, in words with figures; empty where all does."""
        rms, peak, floor = loudness.rms_db, loudness.peak_db, loudness.floor_db
        found = []
        if not self.rms_min_db <= rms <= self.rms_max_db:
            found.append(f"RMS {rms:.2f} dB is not within {self.rms_min_db:g}..{self.rms_max_db:g}")
        if not peak <= self.peak_max_db:
            found.append(f"peak {peak:.2f} dB is above {self.peak_max_db:g}")
        if not floor <= self.floor_max_db:
            found.append(
                f"noise floor {floor:.2f} dB (its quietest half second) is above {self.floor_max_db:g}"
            )
        return tuple(found)


# LAME lowers the level by 0.45 dB at 64 to 160 kbit/s and by 0.26 at 192, and moves peaks by some
# tenths: what is aimed at leaves room for both.
_ACX = Profile(
    name="acx",
    rms_min_db=-23.0,
    rms_max_db=-18.0,
    peak_max_db=-3.0,
    floor_max_db=-60.0,
    target_rms_db=-20.5,
    ceiling_db=-3.3,
    tone_db=-75.0,
)

PROFILES = MappingProxyType({profile.name: profile for profile in (_ACX,)})
"""By name; `loudness: none` in book.yaml means none of them."""
