"""When each word and each phoneme sounds, from the engine's events.

The engine reports words as it divides them, which is not always as they are written: its dictionary joins
pairs such as "of the" (3.6 % of English words have no event of their own), and a number is several events.
A word after `-`, `_` or `′` is reported where that sign stands, which itself is not said; of a sign with a
name of several words ("black circle"), all but the first are reported on the space after it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence, Set
from itertools import accumulate, pairwise
from typing import NamedTuple

from narrator.takes import PhonemeTime, WordTime

Stretch = tuple[int, int]
"""(start, end) of a word in the spoken text."""

_RUN = re.compile(r"\S+")


class Event(NamedTuple):
    """What the engine says about a moment of its audio."""

    mnemonic: str
    """Of the phoneme that starts, or of the pause (`_...`) or language (`(fr)`); `""`: a word starts."""
    offset: int
    """In the spoken text; it means something for words only."""
    sample: int


class Heard(NamedTuple):
    """A word in the audio."""

    time: WordTime
    sounds: int
    """How many phonemes it has; 0 where the engine left it out."""


def hear_words(
    text: str, words: Sequence[Stretch], events: Sequence[Event], *, samples: int
) -> tuple[Heard, ...]:
    """
    Each word's time and sounds: in order, never overlapping, inside the audio.

    A word starts with the first event inside it, or with that of a silent sign before it, though not in a
    sound of the word before. Words without one share the phonemes of the word before them: at the pauses,
    if there are as many as it takes, else by their letters. A word ends where the next starts, or with the
    pause before that.

    Args:
        text: the spoken text.
        words: in order, not overlapping.
        events: as they sound.
        samples: length of the audio.
    """
    # A sign that stands alone may be read out ("asterisk"), and is no part of the words beside it.
    stretches = sorted([*words, *_between(text, words)])
    is_word = set(words)
    heard: list[Heard] = []
    owners = _owners(text, stretches, is_word, [event.offset for event in events if not event.mnemonic])
    groups = _groups(owners, _in_order(events, samples=samples))
    for group, following in pairwise([*groups, _Group(len(stretches), samples, [])]):
        owned = [
            index
            for index in range(group.owner, following.owner)
            if index == group.owner or stretches[index] in is_word
        ]
        letters = [_letters(text[slice(*stretches[index])]) for index in owned]
        shares = zip(owned, _share(group, letters, end=following.start), strict=True)
        heard += [share for index, share in shares if stretches[index] in is_word]
    # What comes before the first event is not said.
    start = heard[0].time.start_sample if heard else samples
    unsaid = Heard(WordTime(start, start), 0)
    return (*[unsaid] * (len(words) - len(heard)), *heard)


def phoneme_times(events: Sequence[Event], *, samples: int) -> tuple[PhonemeTime, ...]:
    """Each phoneme with its end; pauses and changes of language are left out."""
    return tuple(
        PhonemeTime(event.mnemonic, start, end)
        for event, start, end in _in_order(events, samples=samples)
        if is_voiced(event)
    )


def _in_order(events: Sequence[Event], *, samples: int) -> list[tuple[Event, int, int]]:
    """Each event with its start, and its end, where the next phoneme or pause starts."""
    # At 400 words a minute and more, some come with an earlier sample than the one before.
    starts = list(accumulate((min(max(event.sample, 0), samples) for event in events), max))
    spans = []
    end = samples
    for event, start in zip(reversed(events), reversed(starts), strict=True):
        spans.append((event, start, end))
        if event.mnemonic:
            end = start
    return spans[::-1]


def is_voiced(event: Event) -> bool:
    """Whether a phoneme starts, and not a word, a pause or another language."""
    return event.mnemonic[:1] not in ("", "_", "(")


def _between(text: str, words: Sequence[Stretch]) -> Iterator[Stretch]:
    """What stands between words and is not white space."""
    starts, ends = [start for start, _ in words], [end for _, end in words]
    for end, start in zip([0, *ends], [*starts, len(text)], strict=True):
        if start > end + 1:
            yield from (found.span() for found in _RUN.finditer(text, end, start))


class _Group(NamedTuple):
    """What sounds from one word's own event to that of another."""

    owner: int
    """Index of the word."""
    start: int
    sounds: list[tuple[int, int]]
    """(start, end) of each phoneme; a glide is part of the one before it."""


def _owners(
    text: str, stretches: Sequence[Stretch], words: Set[Stretch], offsets: Sequence[int]
) -> list[int]:
    """Index of the stretch that each word event is about; none, if there are no stretches.

    Args:
        offsets: of the events, as they sound.
    """
    last_characters = [end for _, end in stretches]
    owners: list[int] = []
    following = begun = len(stretches)  # of the event after it, and of the one after it at a stretch's start
    for offset in reversed(offsets if stretches else ()):
        owner = min(bisect_right(last_characters, offset), len(stretches) - 1)
        start, end = stretches[owner]
        if offset < start:
            if owner and owner == begun:
                owner -= 1  # more of the name of the sign before the space
        else:
            if not _has_letters(text, start, offset):
                begun = owner
            if not _has_letters(text, offset, end):
                # A word that has no event of its own has that of the silent sign before it.
                owner = next((at for at in range(owner + 1, following) if stretches[at] in words), owner)
        owners.append(owner)
        following = owner
    return owners[::-1]


def _letters(word: str) -> int:
    """So many as are likely to sound: "the" is what most pairs end with that the engine joins."""
    return sum(map(str.isalnum, word.replace("th", "t")))


def _has_letters(text: str, start: int, end: int) -> bool:
    return any(map(str.isalnum, text[start:end]))


def _groups(owners: Sequence[int], events: Sequence[tuple[Event, int, int]]) -> list[_Group]:
    """
    Args:
        owners: of each word event, the stretch that it is about.
    """
    coming = iter(owners)
    groups: list[_Group] = []
    sounding = -1
    for event, start, end in events:
        if event.mnemonic:
            sounding = start if is_voiced(event) and event.mnemonic != ";" else -1
        if is_voiced(event):
            if groups and groups[-1].sounds and event.mnemonic == ";":
                groups[-1].sounds[-1] = groups[-1].sounds[-1][0], end  # a glide to the next vowel
            elif groups:
                groups[-1].sounds.append((start, end))
        elif not event.mnemonic and owners:
            owner = next(coming)
            if not groups or owner > groups[-1].owner:
                # A nasal is made with the vowel after it, and a word between them then reported too early:
                # it starts when the sound is over that was there before it.
                begins = end if start == sounding else start
                groups.append(_Group(owner, max(begins, groups[-1].start if groups else 0), []))
    return groups


def _share(group: _Group, letters: Sequence[int], *, end: int) -> list[Heard]:
    """A group divided among its words; each has a sound, if there are enough."""
    sounds, whole = group.sounds, sum(letters) or 1
    places = [0, *(at for at in range(1, len(sounds)) if sounds[at - 1][1] < sounds[at][0])]
    if len(places) != len(letters):
        places = [0]
        for index in range(1, len(letters)):
            place = max(places[-1] + 1, round(sum(letters[:index]) / whole * len(sounds)))
            places.append(max(places[-1], min(place, len(sounds) - len(letters) + index)))
    heard: list[Heard] = []
    for first, beyond in pairwise([*places, len(sounds)]):
        start = sounds[first][0] if heard and sounds else group.start
        stop = min(sounds[beyond - 1][1], end) if beyond > first else start
        heard.append(Heard(WordTime(start, stop), beyond - first))
    return heard
