"""Where sentences end. In doubt they go on: two sentences in one breath are heard as speech, half a
sentence is heard as a mistake.

A sentence ends at . ! ? … (and ؟ ۔ । ॥) with the closing quotation marks and brackets behind it,
where white space follows and what comes then does not begin in lower case. At 。！？ no white
space is needed. A full stop ends none

- after an abbreviation of the language, or of titles that every language borrows;
- after a single letter (initials, `z. B.`) or letters with points between (`e.g.`, `U.S.`);
- after a number of one or two digits in the languages that write ordinals so (`3. Mai`).

Sentences over 1000 characters are divided at ; or :, else at a comma, else at a space: services
refuse longer ones, and a listener has to breathe.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise

LONGEST = 1000
"""Characters of a sentence before it is divided."""

_WITHOUT_CAPITALS = frozenset(map(chr, range(0x10D0, 0x1100)))
"""Georgian letters, which count as lower case since Unicode 11 and begin sentences all the same."""
_END = re.compile(
    r"(?:(?P<wide>[。！？｡]+)(?P<quoted>[”’」』）)\]】〉》＂\"]*)"
    # French sets a space before a closing mark; the same mark may open, but then a word touches it.
    r"|(?P<narrow>[.!?…؟۔।॥]+)[\"“”’'‘»«›‹」』）)\]】〉》＂]*(?: [»›](?=[\s.,;:!?…)]|$))?)(?P<space> ?)"
)
_OPENERS = re.compile(r"[\s\"“”„‘‚’'«»‹›「『（(\[—–\-¿¡…*]*")
_LETTERED = re.compile(r"(?:[^\W\d_]{1,2}\.)+[^\W\d_]{1,2}\Z")
_BETWEEN_WORDS = re.compile(r"[\s(\[\"“”„‘‚«»—–/-]")
_LONGEST_ABBREVIATION = 16

_TITLES = "mr mrs ms dr prof st messrs mme mlle"
_ABBREVIATIONS = {
    "en": "sr jr rev hon capt col gen lt sgt maj cpl pte cmdr adm gov sen rep pres esq vs viz cf al no nos "
    "vol fig pp approx inc ltd co corp mt ft ave blvd rd dept est jan feb mar apr jun jul aug sep "
    "sept oct nov dec",
    "de": "hr fr nr str vgl bzw ca evtl ggf inkl mio mrd abb bd tel geb gest usf hl frl jh kap sog ev dipl "
    "ing",
    "fr": "m mm mmes mlles me mgr pr ste cf av apr env éd fig vol p chap bd boul janv févr juil sept oct "
    "nov déc",
    "es": "sr sra srta sres dra d dña ud uds vd vds pág págs ej núm av avda aprox cap fig gral lic ing tel "
    "vol",
    "it": "sig sigg dott avv ing egr spett gent pag pagg cap fig vol es ca tel on geom rag",
    "pt": "sr sra srta dra d exmo exma pág av núm ex cap fig vol tel prof profa eng",
    "nl": "dhr mevr mw drs ir jhr bijv enz nr blz ca o.a resp zgn jl",
    "sv": "t.ex bl.a dvs osv kl nr ca s.k fr hr tel",
    "da": "f.eks bl.a dvs osv kl nr ca hr fr fru tlf",
    "nb": "f.eks bl.a dvs osv kl nr ca hr fr tlf",
    "pl": "np tzn itd itp mgr ul św pan prof hab inż nr str ok godz im wg",
    "cs": "např tzv atd apod ing mgr ul sv č str tj p pí",
    "ru": "г ул им гг т д п см рис стр проф акад руб тыс млн",
    "uk": "м вул ім див рис стор проф акад грн тис млн",
    "tr": "sn doç yrd av vb vs bkz no cad sok",
    "fi": "esim ym jne nk ns ks mm ts n nro",
    "hu": "pl kb ún ld stb ifj id özv u sz",
    "ro": "dl dna d-l d-na nr str pag etc",
    # Titles, and the letters' names that initials are written with: ए. पी. जे.
    "hi": "डॉ डा प्रो पं श्री कु मो स्व रु पी बी सी डी एफ एच जे के एल एम एन आर एस टी वी",
    "mr": "डॉ डा प्रा पं श्री सौ कै रु पी बी सी डी जे के एल एम एन आर एस टी व्ही",
    "bn": "ডঃ ডা প্রো মো মোঃ শ্রী মি এ বি সি ডি জে কে এল এম এন আর এস",
    "gu": "ડૉ ડો પ્રો શ્રી રૂ પી બી સી ડી જે કે એલ એમ એન આર એસ",
    "pa": "ਡਾ ਪ੍ਰੋ ਸ੍ਰੀ ਸ ਰੁ",
    "ta": "திரு டாக் பேரா கி ரூ",
    "te": "డా ప్రొ శ్రీ రూ",
    "kn": "ಡಾ ಪ್ರೊ ಶ್ರೀ ರೂ",
    "ml": "ഡോ പ്രൊഫ ശ്രീ രൂ",
}
_BEFORE_A_NUMBER = frozenset({"no", "nos", "nr", "p", "pp", "fig", "vol", "cap", "núm", "č"})
_ORDINALS = "cs da de et eu fi fo hr hsb hu is lt lv nb nn no pl sk sl sr tr"


def split_sentences(
    text: str, start: int, end: int, *, language: str, keep: Sequence[tuple[int, int]] = ()
) -> list[int]:
    """Where new sentences begin between *start* and *end*; *start* itself is not named.

    Args:
        text: with single spaces for white space.
        language: BCP 47; only its primary language counts.
        keep: stretches that are not cut, in order and without overlap.
    """
    primary = language.replace("_", "-").split("-")[0].lower()
    sentences = [at for at in _ends(text, start, end, primary) if start < at < end]
    bounds = [start, *sentences, end]
    if any(after - before > LONGEST for before, after in pairwise(bounds)):
        sentences = [
            at for before, after in pairwise(bounds) for at in (before, *_divide(text, before, after))
        ][1:]
    return _outside(sentences, keep) if keep else sentences


def _ends(text: str, start: int, end: int, language: str) -> Iterator[int]:
    worded = start  # from here on the sentence has had no word yet
    for found in _END.finditer(text, start, end):
        after = found.end()
        if found["wide"]:
            # 「...！」と言った: the tag goes on without a space.
            goes_on = found["quoted"] and not found["space"] and text[after : after + 1].isalnum()
        else:
            goes_on = not found["space"] or _goes_on(text, start, end, found, language)
        if not goes_on and after < end and _has_word(text, worded, found.start()):
            worded = after
            yield after


def _has_word(text: str, start: int, end: int) -> bool:
    return any(text[at].isalnum() for at in range(start, end))


def _goes_on(text: str, start: int, end: int, found: re.Match[str], language: str) -> bool:
    """True if the sentence does not end at this mark, which white space follows."""
    openers = _OPENERS.match(text, found.end(), end)
    at = openers.end() if openers else found.end()
    if at >= end or (text[at].islower() and text[at] not in _WITHOUT_CAPITALS):
        return True
    marks = found["narrow"]
    if marks == ".":
        return _abbreviated(text, start, found.start(), at, language)
    if set(marks) <= {".", "…"}:
        # A hesitation, unless a new sentence plainly begins: "Well... I don't know."
        return language == "en" and re.match(r"I\b", text[at : at + 2]) is not None
    return False


def _abbreviated(text: str, start: int, point: int, following: int, language: str) -> bool:
    before = text[max(start, point - _LONGEST_ABBREVIATION) : point]
    word = _BETWEEN_WORDS.split(before)[-1]
    folded = word.casefold()
    if word.isdigit():
        return len(word) <= 2 and language in _ORDINAL_POINT
    if len(word) == 1 and word.isalpha():
        return not (language == "en" and word == "I")
    if folded in _BEFORE_A_NUMBER:
        return text[following].isdigit()
    return folded in _known(language) or _LETTERED.match(word) is not None


_KNOWN: dict[str, frozenset[str]] = {
    language: frozenset(f"{_TITLES} {words}".split()) for language, words in _ABBREVIATIONS.items()
}
_ORDINAL_POINT = frozenset(_ORDINALS.split())
_ONLY_TITLES = frozenset(_TITLES.split())


def _known(language: str) -> frozenset[str]:
    return _KNOWN.get({"no": "nb", "nn": "nb"}.get(language, language), _ONLY_TITLES)


_PLACES = (re.compile(r"[;:；：] ?"), re.compile(r"[,，、] ?"), re.compile(r" "))


def _divide(text: str, start: int, end: int) -> Iterator[int]:
    """Where to divide a sentence that is too long."""
    while end - start > LONGEST:
        for place in _PLACES:
            # The last place before the limit; where there is none, the first after it.
            at = max((found.end() for found in place.finditer(text, start + 1, start + LONGEST)), default=0)
            if _has_word(text, start, at) and at < end:
                break
        else:
            late = min(
                (found.end() for place in _PLACES if (found := place.search(text, start + LONGEST, end))),
                default=end,
            )
            at = late
        if at >= end:
            return
        yield at
        start = at


def _outside(cuts: list[int], keep: Sequence[tuple[int, int]]) -> list[int]:
    starts = [start for start, _ in keep]

    def free(at: int) -> bool:
        nearest = bisect_left(starts, at) - 1
        return nearest < 0 or at >= keep[nearest][1]

    return [at for at in cuts if free(at)]
