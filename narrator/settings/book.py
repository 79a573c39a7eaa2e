"""book.yaml as a model."""

from __future__ import annotations

import re
from typing import Any, get_args

from narrator.book import (
    FORMATS,
    LOUDNESS,
    Book,
    Budget,
    Continuity,
    Credits,
    Footnotes,
    Pauses,
    ProviderSettings,
)
from narrator.errors import nearest
from narrator.settings.mapping import Settings
from narrator.settings.nodes import Scalar, Series, Table

LONGEST_PAUSE_S = 60
_USUAL_LANGUAGES = frozenset({"de", "en", "en-GB", "en-US", "es", "fr", "it", "nl", "pl", "pt", "pt-BR"})
_PROVIDER = re.compile(r"[a-z][a-z0-9_-]*")
_KEY_VARIABLES = {
    "hume": "HUME_API_KEY",
    "playht": "PLAYHT_API_KEY and PLAYHT_USER_ID",
    "sarvam": "SARVAM_API_KEY",
    "supertone": "SUPERTONE_API_KEY",
}
_CURRENCY = re.compile(r"[A-Z]{3}")


def read_book(settings: Settings) -> Book | None:
    """What book.yaml says; None where title or author are missing, which is noted."""
    given: dict[str, Any] = {
        "title": settings.required("title", example="The Name of the Book"),
        "subtitle": settings.text("subtitle"),
        "author": settings.required("author", example="Who Wrote It"),
        "narrator": settings.text("narrator"),
        "language": _language(settings),
        "publisher": settings.text("publisher"),
        "year": settings.whole("year", least=1, most=9999),
        "isbn": settings.text("isbn"),
        "series": settings.text("series"),
        "manuscript": settings.path("manuscript"),
        "direction": settings.text("direction", clears=True),
        "speed": settings.number("speed", least=0.25, most=4),
        "pauses": _pauses(settings),
        "continuity": settings.choice("continuity", get_args(Continuity)),
        "loudness": settings.choice("loudness", LOUDNESS),
        "formats": _formats(settings),
        "footnotes": settings.choice("footnotes", get_args(Footnotes)),
        "credits": _credits(settings),
        "budget": _budget(settings),
        "providers": _providers(settings),
    }
    settings.finish()
    if given["title"] is None or given["author"] is None:
        return None
    return Book(**_given(given))


def standard_language(tag: str) -> str | None:
    """A BCP 47 tag in its standard form (`en_gb` is `en-GB`), None where it is not one."""
    if tag in _USUAL_LANGUAGES:
        return tag
    import langcodes  # 40 ms, which most books can do without

    return langcodes.standardize_tag(tag) if langcodes.tag_is_valid(tag) else None


def _language(settings: Settings) -> str | None:
    written = settings.text("language")
    if written is None:
        return None
    standard = standard_language(written)
    if standard is None:
        message = f"`language` must be a BCP 47 tag such as en, en-GB or es-MX, not {written[:60]!r}"
        settings.note(message, line=settings.line("language"))
    return standard


def _pauses(settings: Settings) -> Pauses | None:
    seconds = settings.settings("pauses")
    if seconds is None:
        return None
    given: dict[str, Any] = {}
    for field in Pauses.model_fields:
        value = seconds.number(field.removesuffix("_ms"), least=0, most=LONGEST_PAUSE_S)
        given[field] = None if value is None else round(value * 1000)
    seconds.finish()
    return Pauses(**_given(given))


def _formats(settings: Settings) -> tuple[str, ...] | None:
    available = ", ".join(FORMATS)
    node = settings.node("formats")
    if isinstance(node, Series) and not node.items:
        settings.note(f"`formats` is empty; list some of {available}", line=settings.line("formats"))
    listed = settings.texts("formats") or ()
    for item in listed:
        if item.text not in FORMATS:
            close = nearest(item.text, FORMATS)
            hint = f"did you mean {close!r}? " if close else ""
            settings.note(f"unknown format {item}; {hint}available: {available}", line=item.line)
    return tuple(dict.fromkeys(item.text for item in listed)) or None


def _credits(settings: Settings) -> Credits | None:
    node = settings.node("credits")
    if not isinstance(node, Table):
        both = settings.flag("credits")
        return None if both is None else Credits(opening=both, closing=both)
    each = settings.within(node)
    given = {name: each.flag(name) for name in Credits.model_fields}
    each.finish()
    return Credits(**_given(given))


def _budget(settings: Settings) -> tuple[Budget, ...] | None:
    found: dict[str, Budget] = {}
    node = settings.node("budget")
    if isinstance(node, Series) and not node.items:  # nobody who wrote that wants no limit at all
        message = "`budget` is empty; give an amount, such as `{amount: 25, currency: EUR}`, or leave it out"
        settings.note(message, line=settings.line("budget"))
    for each in settings.each("budget"):
        budget = _amount(each)
        if budget and budget.currency in found:
            each.note(f"`budget` has two amounts in {budget.currency}; keep one", line=budget.line)
        elif budget:
            found[budget.currency] = budget
    return tuple(found.values()) or None


def _amount(budget: Settings) -> Budget | None:
    before = len(budget.problems)
    amount, currency = budget.number("amount", least=0, most=1_000_000_000), budget.text("currency")
    if amount is None and len(budget.problems) == before:
        budget.note("`budget` needs an amount, such as `{amount: 25, currency: EUR}`", line=budget.table.line)
    if currency and not _CURRENCY.fullmatch(currency):
        message = f"`currency` must be three capital letters such as EUR, not {currency[:60]!r}"
        budget.note(message, line=budget.line("currency"))
    budget.finish()
    if amount is None:
        return None
    line = budget.line("currency") or budget.line("amount")
    return Budget(**_given({"amount": amount, "currency": currency, "line": line}))


def _providers(settings: Settings) -> tuple[ProviderSettings, ...]:
    providers = settings.settings("providers")
    if providers is None:
        return ()
    found: dict[str, ProviderSettings] = {}
    for key, node in providers.entries():
        if not _PROVIDER.fullmatch(key.text):
            providers.note(f"{key} is not the name of a provider, such as espeak or hume", line=key.line)
        elif isinstance(node, Table):
            within = providers.within(node)
            lines = tuple((name.text, name.line) for name, _ in within.entries())
            known = _KEY_VARIABLES.get(key.text)
            free = within.free(variables=known) if known else within.free()
            found[key.text] = ProviderSettings(name=key.text, settings=free, lines=lines)
        elif not (isinstance(node, Scalar) and node.absent):
            # What stands there may well be a key: it is not repeated.
            providers.note(f"`{key.text}` must be a mapping, such as `{{concurrency: 2}}`", line=node.line)
    return tuple(found[name] for name in sorted(found))


def _given(values: dict[str, Any]) -> dict[str, Any]:
    """Only what was set, so that the model's own defaults hold for the rest."""
    return {name: value for name, value in values.items() if value is not None}
