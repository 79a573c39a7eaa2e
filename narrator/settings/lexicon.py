"""lexicon.yaml as a model."""

from __future__ import annotations

from narrator.errors import ConfigurationError
from narrator.lexicon import Entry, Lexicon
from narrator.settings.mapping import Settings
from narrator.settings.nodes import Scalar, Series, Table


def read_lexicon(settings: Settings) -> Lexicon:
    """What lexicon.yaml says: word to respelling, or to a mapping of `say` and `espeak`."""
    entries: list[tuple[str, Entry]] = []
    for key, node in settings.entries():
        word, line = " ".join(key.text.split()), key.line
        if isinstance(node, Series):
            settings.note(f"{key} must be a respelling or a mapping, not a list", line=node.line)
            continue
        say, espeak = _forms(settings, node)
        if not word:
            settings.note("a pronunciation needs the word that it is for", line=line)
        elif not (say or espeak):
            settings.note(f"{key} has no pronunciation; write how to say it, or take it out", line=line)
        else:
            entries.append((word, Entry(say=say, espeak=espeak, line=line)))
    lexicon = Lexicon(entries=tuple(entries))
    try:
        _ = lexicon.index  # what it cannot find or say is told now, with everything else
    except ConfigurationError as error:
        settings.problems.append(error)
    return lexicon


def _forms(settings: Settings, node: Scalar | Table) -> tuple[str | None, str | None]:
    if isinstance(node, Scalar):
        return None if node.absent else " ".join(node.text.split()), None
    forms = settings.within(node)
    found = forms.text("say"), forms.text("espeak")
    forms.finish()
    return found
