"""What recording lines will cost, and how long they will sound; nothing is asked of anybody for it.

Amounts are whole millionths of a currency's unit, billed request by request as the ledger does it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from narrator.needing import voice_name
from narrator.pacing import CHARACTERS_PER_SECOND
from narrator.planning import Line, to_record
from narrator.providers.base import Provider
from narrator.spending import Bill, amount, bill, sound_bill
from narrator.stitching import used
from narrator.takes import Request

TELLING = 600
"""Characters of takes on hand from which on they tell the pace of the lines that are missing."""


class ChapterEstimate(NamedTuple):
    """The lines of one chapter."""

    number: int
    seconds: float
    """They will sound, pauses between them not counted; measured where there are takes."""
    to_record: int
    """Takes: lines that say the same in a voice that is the same each time share one."""
    requests: int
    """That will be billed: a line that makes its voice may take two."""
    costs: Mapping[str, int]
    """Millionths by currency; empty where nothing costs anything."""


class ModelEstimate(NamedTuple):
    """What will be asked of one model."""

    provider: str
    model: str
    requests: int
    characters: int
    amount: int
    """Millionths of `currency`."""
    currency: str
    price_per_1000: float
    """For 1000 characters."""
    price_per_minute: float
    """For a minute of sound, where that is billed."""
    price_known: bool
    """Whether anybody has said what it costs."""
    priced_on: str | None
    """The day from which the price is known; None where book.yaml says it, or nothing costs."""


class Estimate(NamedTuple):
    """What some lines will take."""

    chapters: tuple[ChapterEstimate, ...]
    """In the order of the lines."""
    models: tuple[ModelEstimate, ...]
    """Those that something will be asked of, in the order of the lines."""

    @property
    def seconds(self) -> float:
        """They will sound."""
        return sum(chapter.seconds for chapter in self.chapters)

    @property
    def to_record(self) -> int:
        """Takes."""
        return sum(chapter.to_record for chapter in self.chapters)

    @property
    def requests(self) -> int:
        """That will be billed."""
        return sum(model.requests for model in self.models)

    @property
    def characters(self) -> int:
        """That will be billed."""
        return sum(model.characters for model in self.models)

    @property
    def costs(self) -> Mapping[str, int]:
        """Millionths by currency; empty where nothing costs anything."""
        return _sums((model.currency, model.amount) for model in self.models)

    @property
    def amount(self) -> float:
        """The cost in the first currency."""
        return amount(next(iter(self.costs.values()), 0))

    @property
    def currency(self) -> str:
        """The first currency."""
        return next(iter((*self.costs, *(model.currency for model in self.models))), "USD")


def estimate(
    lines: Iterable[Line],
    providers: Mapping[str, Provider],
    *,
    book: Iterable[Line] | None = None,
    predicted: Sequence[tuple[Request, int]] = (),
    coming: Mapping[str, int] = {},
) -> Estimate:
    """
    What recording the missing ones of *lines* will take, and how long all of them will sound.

    Args:
        book: every line of the book, where *lines* are not all of them: its takes tell how fast each voice
            speaks, and which voices are made already.
        predicted: how many milliseconds some requests will sound, as their services say.
        coming: how many answers are paid for already and still to come, by the key of the take or of the
            voice; they are not billed again.
    """
    lines = list(lines)
    missing = to_record(lines, providers)
    billed = _Billing(lines if book is None else book, providers, coming)
    pace = _Pace(lines if book is None else book, predicted)
    bills = [(line, billed.bills(line, pace.seconds(line))) for line in missing]
    seconds: dict[int, float] = defaultdict(float)
    for line in lines:
        seconds[line.chapter] += pace.seconds(line)
    by_chapter: dict[int, list[tuple[Bill, ...]]] = defaultdict(list)
    by_model: dict[tuple[str, str], list[Bill]] = defaultdict(list)
    for line, each in bills:
        by_chapter[line.chapter].append(each)
        if each:
            by_model[line.request.provider, line.request.model] += each
    return Estimate(
        tuple(_chapter(number, sounding, by_chapter[number]) for number, sounding in seconds.items()),
        tuple(_model(name, model, each, providers) for (name, model), each in by_model.items()),
    )


def _chapter(number: int, seconds: float, billed: list[tuple[Bill, ...]]) -> ChapterEstimate:
    bills = [bill for each in billed for bill in each]
    costs = _sums((bill.currency, bill.amount) for bill in bills)
    return ChapterEstimate(number, seconds, len(billed), len(bills), costs)


def _model(name: str, model: str, bills: list[Bill], providers: Mapping[str, Provider]) -> ModelEstimate:
    abilities = providers[name].models[model]
    return ModelEstimate(
        name,
        model,
        len(bills),
        sum(bill.characters for bill in bills),
        sum(bill.amount for bill in bills),
        abilities.currency,
        abilities.price_per_1000,
        abilities.price_per_minute,
        abilities.price_known,
        None if abilities.free else abilities.priced_on,
    )


def _sums(amounts: Iterable[tuple[str, int]]) -> Mapping[str, int]:
    sums: Counter[str] = Counter()
    for currency, millionths in amounts:
        if millionths:
            sums[currency] += millionths
    return dict(sums)


class _Billing:
    """What the service will bill for each line, asked line by line in the order of recording."""

    def __init__(
        self, book: Iterable[Line], providers: Mapping[str, Provider], coming: Mapping[str, int]
    ) -> None:
        self._providers, self._coming = providers, Counter(coming)
        self._made = {
            voice_name(line.request.provider, line.request.description)
            for line in book
            if line.request.description is not None
            and any(
                take is not None and not take.is_own
                for take in (line.take, *(part.take for part in line.parts))
            )
        }

    def bills(self, line: Line, seconds: float) -> tuple[Bill, ...]:
        """One for each request: of every part that has no take, where a line is asked for in parts.

        Args:
            seconds: they are likely to sound.
        """
        if not line.parts:
            return self._to_pay(line.request, seconds)
        whole = max(len(line.request.spoken.text), 1)
        return tuple(
            bill
            for part in line.parts
            if part.take is None
            for bill in self._to_pay(part.request, seconds * len(part.request.spoken.text) / whole)
        )

    def _to_pay(self, request: Request, seconds: float) -> tuple[Bill, ...]:
        """One for each request; none where the answer is paid for and to come."""
        bills = self._bills(request, seconds)
        if not (self._coming and self._coming[request.key]):
            return bills
        self._coming[request.key] -= 1
        return ()

    def _bills(self, request: Request, seconds: float) -> tuple[Bill, ...]:
        """One for each request.

        The first line in a voice that is made from a description makes it, in one reading. The description
        takes the place of a direction then, so a line that has one, or a guide, is asked for once more.
        """
        provider = self._providers[request.provider]
        readings = 1 if request.guide is not None else provider.answers
        if request.description is None:
            return (self._bill(request, readings, seconds),)
        voice = voice_name(request.provider, request.description)
        if voice in self._made or self._coming[voice]:
            return (self._bill(request, readings, seconds),)
        self._made.add(voice)
        made = self._bill(request, 1, seconds)
        spoken_again = request.direction is not None or request.guide is not None
        return (made, self._bill(request, readings, seconds)) if spoken_again else (made,)

    def _bill(self, request: Request, readings: int, seconds: float) -> Bill:
        provider = self._providers[request.provider]
        abilities = provider.models[request.model]
        characters = provider.characters(request) * readings
        if abilities.price_per_minute:
            per_minute = abilities.price_per_minute
            return sound_bill(
                seconds * readings,
                characters=characters,
                price_per_minute=per_minute,
                currency=abilities.currency,
            )
        return bill(
            characters,
            price_per_1000=abilities.price_per_1000,
            currency=abilities.currency,
            known=abilities.price_known,
        )


class _Heard:
    """So many characters, and how long they sounded at speed 1."""

    def __init__(self) -> None:
        self.characters, self.seconds = 0, 0.0
        self.tells = False
        """Whether it is enough to go by, however little it is: a service spread it over the book."""


class _Pace:
    """How long lines sound: measured on their takes, else as the service says, else told from others of the
    voice, or the provider."""

    def __init__(self, book: Iterable[Line], predicted: Sequence[tuple[Request, int]]) -> None:
        self._voices: dict[tuple[object, ...], _Heard] = defaultdict(_Heard)
        self._providers: dict[str, _Heard] = defaultdict(_Heard)
        self._measured: dict[str, float] = {}
        self._predicted = {request.key: ms / 1000 for request, ms in predicted}
        for request, ms in predicted:
            self._learn(request, ms / 1000)
            self._voices[_voice(request)].tells = True
        for line in book:
            if line.take is not None and not line.take.is_own:
                self._learn(line.request, self.seconds(line))

    def _learn(self, request: Request, seconds: float) -> None:
        for heard in (self._voices[_voice(request)], self._providers[request.provider]):
            heard.characters += len(request.spoken.text)
            heard.seconds += seconds * request.speed

    def seconds(self, line: Line) -> float:
        """Of one line's sound."""
        if line.take is not None:
            if line.take.id not in self._measured:
                start, end = used(line.take)
                self._measured[line.take.id] = (end - start) / line.take.rate
            return self._measured[line.take.id]
        request = line.request
        foretold = [self._predicted.get(each.key) for each in _asked(line)] if self._predicted else [None]
        if all(seconds is not None for seconds in foretold):
            return sum(filter(None, foretold))
        rate = CHARACTERS_PER_SECOND
        for heard in (self._voices.get(_voice(request)), self._providers.get(request.provider)):
            if heard is not None and heard.seconds and (heard.tells or heard.characters >= TELLING):
                rate = heard.characters / heard.seconds
                break
        return len(request.spoken.text) / rate / request.speed


def _asked(line: Line) -> list[Request]:
    """What is asked for a line."""
    return [part.request for part in line.parts] or [line.request]


def _voice(request: Request) -> tuple[object, ...]:
    return request.provider, request.voice, request.description, request.settings
