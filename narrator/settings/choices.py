"""choices.yaml as a model, and the other way round."""

from __future__ import annotations

import json
import re

from narrator.choices import Choices, ChosenTake
from narrator.settings.mapping import Settings
from narrator.settings.nodes import Scalar, Series, Table

HEAD = (
    "# Which take is used for a line. `narrator pickup` and `narrator takes --choose` write this file;\n"
    "# keep it with the manuscript. Take an entry out to undo it. Comments of your own are not kept.\n"
)
MOST_ALIKE = 1_000_000
"""More identical lines than any book has."""
_KEY = re.compile(r"[0-9a-f]{64}")
_TAKE = re.compile(r"[0-9a-f]{16}")


def read_choices(settings: Settings) -> Choices:
    """What choices.yaml says."""
    node = settings.node("choices")
    settings.finish()
    if node is None:
        return Choices()
    if not isinstance(node, Series):
        settings.note(f"`choices` must be a list, not {node}", line=node.line)
        return Choices()
    found: dict[tuple[str, str | None, int | None], tuple[ChosenTake, int]] = {}
    for item in node.items:
        if not isinstance(item, Table):
            settings.note(f"a choice must be a mapping, not {item}", line=item.line)
        elif choice := _choice(settings.within(item), line=item.line):
            other, line = found.setdefault((choice.key, choice.after, choice.nth), (choice, item.line))
            if other.lies_under != choice.lies_under or other.take != choice.take:  # two people's, merged
                message = f"this chooses another take for the line that the entry on line {line} is for"
                settings.note(f"{message}; take one of the two out", line=item.line)
    return Choices(chosen=tuple(choice for choice, _ in found.values()))


def write_choices(choices: Choices) -> str:
    """The text of choices.yaml."""
    if not choices.chosen:
        return HEAD + "choices: []\n"
    entries = (
        "".join(
            f"{'- ' if at == 0 else '  '}{name}: {json.dumps(value, ensure_ascii=False)}\n"
            for at, (name, value) in enumerate(choice.model_dump(exclude_defaults=True).items())
        )
        for choice in choices.chosen
    )
    return HEAD + "choices:\n" + "".join(entries)


def _choice(facts: Settings, *, line: int) -> ChosenTake | None:
    line_id, text = facts.text("line") or "", facts.text("text") or ""
    key, take = _hex(facts, "key", _KEY), _hex(facts, "take", _TAKE)
    recorded_as, after = _hex(facts, "recorded_as", _KEY), _hex(facts, "after", _KEY)
    nth = facts.whole("nth", least=1, most=MOST_ALIKE)
    unheard = facts.flag("unheard") or False
    facts.finish()
    if key is None or take is None:
        if facts.line("key") is None or facts.line("take") is None:
            facts.note("a choice needs `key` and `take`; choose again with `narrator takes`", line=line)
        return None
    return ChosenTake(
        line=line_id,
        text=text,
        key=key,
        take=take,
        recorded_as=recorded_as,
        after=after,
        nth=nth,
        unheard=unheard,
    )


def _hex(facts: Settings, name: str, pattern: re.Pattern[str]) -> str | None:
    node = facts.node(name)
    if node is None:
        return None
    if isinstance(node, Scalar) and pattern.fullmatch(node.text):
        return node.text
    facts.note(
        f"`{name}` is not what narrator wrote there; choose again with `narrator takes`", line=node.line
    )
    return None
