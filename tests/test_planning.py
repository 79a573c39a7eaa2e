"""Plans: what is asked, which take serves which line, and what it would cost."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from narrator.assigning import assign_voices
from narrator.book import Book
from narrator.casting import Abilities, Assignment, Cast, Role
from narrator.errors import DirectionTooLong, ProjectErrors, UnknownVoice
from narrator.estimating import estimate
from narrator.lexicon import Lexicon
from narrator.manuscript import Manuscript
from narrator.parsing import Source, read_manuscript
from narrator.planning import Line, Plan, chains, plan_takes, to_record
from narrator.providers.base import Provider
from narrator.store import TakeStore
from narrator.takes import Take
from tests.tones import Tones

CAST = Cast(
    roles=(
        Role(name="narrator", voice="tones/low", direction="calm"),
        Role(name="Mara", voice="tones/high", direction="+ wry"),
    )
)
BOOK = Book(title="T", author="A", direction="warm")


def manuscript(text: str, cast: Cast = CAST) -> Manuscript:
    """A manuscript of one file."""
    return read_manuscript([Source("01.md", text)], cast=cast)


def plan(
    text: str, provider: Provider, *, cast: Cast = CAST, book: Book = BOOK, store: TakeStore | None = None
) -> Plan:
    """A plan of one file, with the takes of *store* on hand."""
    providers = {provider.name: provider}
    return plan_takes(
        manuscript(text, cast),
        book=book,
        cast=cast,
        lexicon=Lexicon(entries=()),
        assignments=assign_voices(cast, providers, language="en"),
        providers=providers,
        on_hand=store.takes if store else lambda _: (),
    )


def record(lines: list[Line], provider: Tones, store: TakeStore) -> dict[str, Take]:
    """Record lines one after another, each in the context of the line before it."""
    taken: dict[str, Take] = {}
    for second, line in enumerate(lines):
        before = taken.get(line.before_id) if line.before_id else None
        (generation,) = provider.generate(line.request, before=before.precedent if before else None)
        taken[line.utterance.id] = store.put(
            line.request,
            generation,
            took_ms=1,
            recorded_at=f"2026-01-01T00:00:{second:02d}Z",
            after=before.id if before else None,
        )
    return taken


def test_direction_is_inherited_from_book_to_line() -> None:
    planned = plan("# One\n\nPlain.\n\nMARA (softly): Hm.\n\nMARA: Well.\n", Tones())

    assert [line.request.direction for line in planned.lines] == ["calm", "calm", "softly", "warm, wry"]


def test_a_direction_over_the_limit_names_its_line() -> None:
    with pytest.raises(
        ProjectErrors, match=r"01\.md:3: this direction has 101 characters and tones takes 100"
    ) as caught:
        plan(f"# One\n\nMARA ({'x' * 101}): Hm.\n", Tones())

    assert isinstance(caught.value.errors[0], DirectionTooLong)


def test_an_unknown_voice_names_its_line_and_the_nearest() -> None:
    cast = Cast(roles=(Role(name="Mara", voice="tones/hihg", line=7),))

    with pytest.raises(
        ProjectErrors, match=r"cast\.yaml:7: unknown voice 'tones/hihg'; did you mean 'tones/high'"
    ):
        assign_voices(cast, {"tones": Tones()}, language="en")


def test_an_unknown_provider_offers_a_way_out() -> None:
    cast = Cast(roles=(Role(name="Mara", voice="hume/Ava", line=2),))

    with pytest.raises(ProjectErrors, match=r"cast\.yaml:2: unknown voice 'hume/Ava'.*--rehearse") as caught:
        assign_voices(cast, {"tones": Tones()}, language="en")

    assert isinstance(caught.value.errors[0], UnknownVoice)


def test_a_stand_in_speaks_where_the_first_voice_cannot() -> None:
    cast = Cast(roles=(*CAST.roles[:1], Role(name="Mara", voice="hume/Ava", stand_in="tones/high")))

    planned = plan("# One\n\nMARA: Hm.\n", Tones(), cast=cast)

    assert planned.assignments["Mara"] == Assignment("tones", "high", {}, ("1",), stand_in=True)
    assert any("stand-in tones/high" in notice.message for notice in planned.notices)


def test_a_second_plan_finds_every_take(tmp_path_factory: pytest.TempPathFactory) -> None:
    provider, store = Tones(), TakeStore(tmp_path_factory.mktemp("takes"))
    text = "# One\n\nYes. No. Yes. Perhaps.\n\n***\n\nYes.\n"
    first = plan(text, provider)

    taken = record(list(first.lines), provider, store)
    again = plan(text, provider, store=store)

    assert {line.utterance.id: line.take for line in again.lines} == taken
    assert len({take.id for take in taken.values()}) == len(taken), "identical lines are takes of their own"


def test_moving_a_paragraph_records_nothing(tmp_path_factory: pytest.TempPathFactory) -> None:
    provider, store = Tones(), TakeStore(tmp_path_factory.mktemp("takes"))
    record(list(plan("# One\n\nFirst it rained.\n\nThen it snowed.\n", provider).lines), provider, store)

    moved = plan("# One\n\nThen it snowed.\n\nFirst it rained.\n", provider, store=store)

    assert all(line.take for line in moved.lines)


def test_an_edit_records_only_the_line_it_touched(tmp_path_factory: pytest.TempPathFactory) -> None:
    provider, store = Tones(), TakeStore(tmp_path_factory.mktemp("takes"))
    record(list(plan("# One\n\nA cat. A dog. A hen.\n", provider).lines), provider, store)

    edited = plan("# One\n\nA cat. A frog. A hen.\n", provider, store=store)

    assert [line.utterance.text for line in edited.lines if line.take is None] == ["A frog."]


def test_renaming_a_role_records_nothing(tmp_path_factory: pytest.TempPathFactory) -> None:
    provider, store = Tones(), TakeStore(tmp_path_factory.mktemp("takes"))
    record(list(plan("# One\n\nMARA: Hm.\n", provider).lines), provider, store)
    renamed = Cast(roles=(CAST.roles[0], CAST.roles[1].model_copy(update={"name": "Tara"})))

    again = plan("# One\n\nTARA: Hm.\n", provider, cast=renamed, store=store)

    assert all(line.take for line in again.lines)


def test_a_take_goes_first_to_the_place_after_the_same_neighbour(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    provider, store = Tones(), TakeStore(tmp_path_factory.mktemp("takes"))
    taken = record(list(plan("# One\n\nA cat. Yes. A dog. Yes.\n", provider).lines), provider, store)

    swapped = list(plan("# One\n\nA dog. Yes.\n", provider, store=store).lines)

    assert swapped[-1].take == taken["c01-u005"], "the Yes after the dog, not the older one after the cat"


def test_chains_follow_scenes_and_chapters() -> None:
    text = "# One\n\nA. B.\n\n***\n\nC is here. D is there.\n"
    by_scene = chains(plan(text, Tones()).lines)
    by_chapter = chains(plan(text, Tones(), book=BOOK.model_copy(update={"continuity": "chapter"})).lines)
    alone = chains(plan(text, Tones(), book=BOOK.model_copy(update={"continuity": "none"})).lines)

    assert len(by_scene) == 2
    assert len(by_chapter) == 1
    assert all(len(chain) == 1 for chain in alone)


def test_an_estimate_prices_what_is_missing() -> None:
    provider = Tones()
    planned = plan("# One\n\nA cat sat.\n", provider)

    wanted = estimate(planned.lines, {"tones": provider})

    assert (wanted.requests, wanted.characters, wanted.currency) == (2, 13, "EUR")
    assert wanted.amount == pytest.approx(0.13)
    assert len(to_record(planned.lines, {"tones": provider})) == 2


def test_a_speed_outside_the_provider_s_range_goes_to_its_edge() -> None:
    class Slow(Tones):
        models: Mapping[str, Abilities] = {"1": Tones.abilities.model_copy(update={"speed": (0.5, 1.5)})}

    planned = plan("# One\n\n[Go!]{.mara speed=3}\n", Slow())

    assert [line.request.speed for line in planned.lines] == [1.0, 1.5]


class Styled(Tones):
    """Tones in the ways that a service has names for."""

    models: Mapping[str, Abilities] = {
        "1": Tones.abilities.model_copy(update={"directions": "style", "styles": (("sadly", "sad"),)})
    }


def test_a_direction_becomes_the_service_s_name_for_it() -> None:
    """By the role's own words first; what has no style is told, and does not change the take."""
    cast = Cast(
        roles=(
            Role(name="narrator", voice="tones/low"),
            Role(name="Mara", voice="tones/high", styles=(("whispering", "soft"),)),
        )
    )
    text = "# One\n\nMARA (whispering, close): A.\n\nMARA (sadly): B.\n\nMARA (wry): C.\n\nMARA (odd): C.\n"
    planned = plan(text, Styled(), cast=cast)

    lines = list(planned.lines)[1:]
    assert [line.request.direction for line in lines] == ["soft", "sad", None, None]
    assert lines[2].request.key == lines[3].request.key
    (told,) = [notice for notice in planned.notices if "no style is named" in notice.message]
    assert "3 lines are spoken without their directions" in told.message
    assert told.line == 1
    assert "`styles` in cast.yaml" in told.message


class Particular(Styled):
    """One that knows all its styles by heart."""

    def understood(self, direction: str) -> bool:
        """See `Provider`."""
        return direction in ("sad", "soft")


def test_a_style_that_the_service_does_not_have_is_an_error_before_anything_is_asked() -> None:
    cast = Cast(
        roles=(
            Role(name="narrator", voice="tones/low"),
            Role(name="Mara", voice="tones/high", styles=(("whispering", "hush"),), line=3),
        )
    )
    text = "# One\n\nMARA (whispering): A.\n\nMARA (whispering): B.\n\nMARA (sadly): C.\n"
    with pytest.raises(ProjectErrors) as caught:
        plan(text, Particular(), cast=cast)

    (error,) = caught.value.errors
    assert str(error).startswith("cast.yaml:3: role 'Mara': tones has no style 'hush'; its styles are sad")
