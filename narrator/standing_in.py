"""When a service is gone: its roles that have a stand-in speak with that, all of their lines.

What the service recorded before stays in the store, and serves again when it is back or another address
answers in its place.
"""

from __future__ import annotations

from collections.abc import Collection

from narrator.errors import MissingTake, NarratorError, ProviderError, ServiceGone
from narrator.manuscript import Notice
from narrator.pipeline import Outcome
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


def together(first: Outcome, second: Outcome, lost: Collection[ServiceGone], *, requests: int) -> Outcome:
    """Both passes as one run, which took so many *requests*: the first, with the stand-ins' over it."""
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
    if any(isinstance(error, MissingTake) for error in errors):
        errors[:0] = lost  # a role without a stand-in: that is why its lines are missing
    else:
        notices += [told(error) for error in lost]
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


def told(error: ServiceGone) -> Notice:
    """That stand-ins speak for a service."""
    where = f"{error.provider}: no service at {error.base_url} ({error.reason})"
    news = f" ({error.news})" if error.news else ""
    return Notice(message=f"{where}; its roles speak with their stand-ins{news}")
