"""When a service is gone: its roles that have a stand-in speak with that, all of their lines.

What the service recorded before stays in the store, and serves again when it is back or another address
answers in its place.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import chain

from narrator.errors import MissingTake, NarratorError, ProviderError, ServiceGone
from narrator.manuscript import Notice
from narrator.pipeline import Outcome
from narrator.planning import Plan
from narrator.preparing import Prepared


def gone(prepared: Prepared, outcome: Outcome) -> dict[str, ServiceGone]:
    """The services that were found gone, by provider, where a role that speaks has a stand-in for its own."""
    lost = {error.provider: error for error in outcome.errors if isinstance(error, ServiceGone)}
    spoken_for = {role.name for role in prepared.project.cast.roles if role.stand_in}
    able = {
        assignment.provider
        for name, assignment in prepared.plan.assignments.items()
        if name in spoken_for and not assignment.stand_in
    }
    return {provider: error for provider, error in lost.items() if provider in able}


def keeping_recordings(prepared: Prepared, before: Plan) -> Prepared:
    """
    With the recordings that somebody brought in where they were: no stand-in is needed for these.

    Args:
        before: every role has its own voice in it.
    """
    own = {line.utterance.id: line for line in before.lines if line.take is not None and line.take.is_own}
    if not own:
        return prepared
    chapters = tuple(
        planned._replace(
            lines=tuple(
                line._replace(
                    take=own[line.utterance.id].take, chosen=own[line.utterance.id].chosen, parts=()
                )
                if line.utterance.id in own
                else line
                for line in planned.lines
            )
        )
        for planned in prepared.plan.chapters
    )
    return prepared._replace(plan=prepared.plan._replace(chapters=chapters))


def together(
    first: Outcome, second: Outcome, lost: Collection[ServiceGone], *, plan: Plan, requests: int
) -> Outcome:
    """
    Both passes as one run, which took so many *requests*: the first, with the stand-ins' over it.

    Args:
        lost: the services that stand-ins spoke for in the second pass.
        plan: of the first pass, where every role has its own voice.
    """
    changed = {made.chapter.number for made in first.assembled if made.changed}
    named = {error.provider for error in lost}
    # Another service that said no to all further requests was not asked again.
    errors: list[NarratorError] = [
        error
        for error in first.errors
        if isinstance(error, ProviderError) and error.stops and error.provider not in named
    ]
    errors += second.errors
    notices = [*first.notices, *second.notices]
    wanting = _wanting(plan, errors)
    # A role without a stand-in, or one that failed too: that is why its lines are missing.
    errors[:0] = [error for error in lost if error.provider in wanting]
    notices += [told(error) for error in lost if error.provider not in wanting]
    return Outcome(
        tuple(
            made._replace(changed=made.changed or made.chapter.number in changed) for made in second.assembled
        ),
        second.taken,
        (*first.recorded, *second.recorded),
        requests,
        (*first.kept, *second.kept),
        tuple(notices),
        tuple(errors),
        second.awaited,
    )


def _wanting(plan: Plan, errors: Iterable[NarratorError]) -> set[str]:
    """The services that the lines without which a chapter was refused are to be spoken by."""
    refused = (error.utterance_ids for error in errors if isinstance(error, MissingTake))
    missing = set(chain.from_iterable(refused))
    return {line.request.provider for line in plan.lines if line.utterance.id in missing}


def told(error: ServiceGone, *, partly: bool = False) -> Notice:
    """
    That stand-ins speak for a service.

    Args:
        partly: some of its roles have none.
    """
    where = f"{error.provider}: no service at {error.base_url} ({error.reason})"
    news = f" ({error.news})" if error.news else ""
    roles = (
        "its roles that have stand-ins speak with them" if partly else "its roles speak with their stand-ins"
    )
    return Notice(message=f"{where}; {roles}{news}")
