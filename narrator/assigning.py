"""The voice of every role, found among the providers that can be used here."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from narrator.casting import Assignment, Cast, Role, Setting
from narrator.errors import CastingError, ProjectError, ProjectErrors, UnknownVoice, UnspokenLanguage
from narrator.lexicon import EMBEDDED
from narrator.manuscript import NARRATOR, Manuscript
from narrator.providers.base import Provider


def assign_voices(
    cast: Cast,
    providers: Mapping[str, Provider],
    *,
    language: str,
    named: Iterable[str] = (),
    gone: Collection[str] = (),
) -> dict[str, Assignment]:
    """
    The voice of every role in the cast; the embedded voice for a narrator that is not cast.

    Args:
        providers: the ones that can be used here, by name.
        language: BCP 47, for the default narrator.
        named: providers that book.yaml has settings for; one of them may make voices from descriptions.
        gone: providers whose service is gone: a role of theirs speaks with its stand-in, if it has one.

    Raises:
        ProjectErrors: every role whose voice (and stand-in) cannot be used, with its line in cast.yaml.
    """
    assignments: dict[str, Assignment] = {}
    errors: list[ProjectError] = []
    for role in cast.roles:
        try:
            assignments[role.name] = _assign(role, cast, providers, language, named=named, gone=gone)
        except ProjectError as error:
            errors.append(error)
    if errors:
        # Two roles of one provider meet the same fault in its settings.
        raise ProjectErrors(list({str(error): error for error in errors}.values()))
    if NARRATOR not in assignments:
        assignments[NARRATOR] = _default(language, {}, providers, None)
    return assignments


def rehearsal(
    manuscript: Manuscript, cast: Cast, embedded: Provider, *, language: str
) -> dict[str, Assignment]:
    """A distinct embedded voice for every role that speaks, whatever the cast says."""
    speaking = {utterance.role for chapter in manuscript.chapters for utterance in chapter.utterances}
    roles = tuple(role for role in cast.roles if role.name in speaking)
    try:
        voices = embedded.rehearse(roles, language)
    except UnknownVoice as error:
        raise UnspokenLanguage(language, embedded.name) from error
    assignments = {
        name: Assignment(embedded.name, voice, settings, tuple(embedded.models))
        for name, (voice, settings) in voices.items()
    }
    if NARRATOR in speaking and NARRATOR not in assignments:
        assignments[NARRATOR] = _default(language, {}, {embedded.name: embedded}, None)
    return assignments


def _assign(
    role: Role,
    cast: Cast,
    providers: Mapping[str, Provider],
    language: str,
    *,
    named: Iterable[str],
    gone: Collection[str],
) -> Assignment:
    wanted = role.voice
    if wanted is None and role.description:
        wanted = _designer(role, cast, providers, named)
    wanted = wanted or role.stand_in
    if wanted is None:
        raise CastingError(f"role {role.name!r} has no voice", file="cast.yaml", line=role.line)
    settings = dict(role.settings)
    name, slash, _ = wanted.partition("/")
    if (name not in providers or name in gone) and role.stand_in:
        return _choose(role.stand_in, {}, providers, role.line)._replace(stand_in=True)
    if name in providers and not slash:
        return _design(role, name, settings, providers)._replace(styles=role.styles)
    if wanted == f"{EMBEDDED}/{language}":  # which is what a narrator without a voice gets
        return _default(language, settings, providers, role.line)
    return _choose(wanted, settings, providers, role.line)._replace(styles=role.styles)


def _designer(role: Role, cast: Cast, providers: Mapping[str, Provider], named: Iterable[str]) -> str | None:
    """The one provider in use that makes voices from descriptions; None where a stand-in will do."""
    used = {*named, *((other.voice or "").partition("/")[0] for other in cast.roles)}
    able = sorted(name for name in used if name in providers and _designs(providers[name]))
    if len(able) == 1:
        return able[0]
    if role.stand_in:
        return None
    every = [name for name in providers if _designs(providers[name])]
    raise CastingError(
        f"role {role.name!r} has a description and no voice; name the provider that makes one from it,"
        f" such as `voice: {(able or every or ['hume'])[0]}`",
        file="cast.yaml",
        line=role.line,
    )


def _designs(provider: Provider) -> bool:
    return any(abilities.design for abilities in provider.models.values())


def _design(
    role: Role, name: str, settings: Mapping[str, Setting], providers: Mapping[str, Provider]
) -> Assignment:
    provider = providers[name]
    if not role.description or not _designs(provider):
        why = "needs a `description` to make one from" if not role.description else "makes none"
        raise CastingError(
            f"role {role.name!r}: `voice: {name}` names no voice, and {name} {why};"
            f" write `voice: {name}/...` (`narrator voices {name}` lists them)",
            file="cast.yaml",
            line=role.line,
        )
    assignment = _checked(name, None, settings, providers, role.line)
    models = tuple(model for model in assignment.models if provider.models[model].design)
    if not models:
        raise CastingError(
            f"role {role.name!r}: {', '.join(assignment.models)} makes no voices from descriptions;"
            f" leave the choice to narrator, or give the role a voice",
            file="cast.yaml",
            line=role.line,
        )
    return assignment._replace(models=models, description=role.description)


def _default(
    language: str, settings: Mapping[str, Setting], providers: Mapping[str, Provider], line: int | None
) -> Assignment:
    try:
        return _choose(f"{EMBEDDED}/{language}", settings, providers, line)
    except UnknownVoice as error:
        raise UnspokenLanguage(language, EMBEDDED, line=line) from error


def _choose(
    voice: str, settings: Mapping[str, Setting], providers: Mapping[str, Provider], line: int | None
) -> Assignment:
    name, _, wanted = voice.partition("/")
    if name not in providers:
        remedy = (
            f"this version records through {', '.join(sorted(providers))} only; "
            "give the role a `stand_in`, or play the book with `--rehearse`"
        )
        raise UnknownVoice(voice, (), remedy=remedy, line=line)
    return _checked(name, wanted, settings, providers, line)


def _checked(
    name: str,
    voice: str | None,
    settings: Mapping[str, Setting],
    providers: Mapping[str, Provider],
    line: int | None,
) -> Assignment:
    provider = providers[name]
    try:
        choice = provider.choose(voice, settings)
    except ProjectError as error:
        error.place("cast.yaml", line)  # the provider knows what is wrong but not where it was written
        raise
    return Assignment(name, choice.voice, dict(choice.settings), choice.models)
