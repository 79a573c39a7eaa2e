"""Progress on a terminal: what its bars count."""

from __future__ import annotations

from narrator.cli.live import Bars


def test_the_bar_of_recording_counts_takes_and_grows_by_the_damaged() -> None:
    """A take may serve several lines; where nothing was to be recorded, there is a bar once there is."""
    bars = Bars()

    def recorded(lines: int) -> None:
        bars.recorded(chapter="One", utterance_id="c01-u001", text="No.", milliseconds=900, lines=lines)

    bars.planned(chapters=1, lines=9, to_record=0)
    before = {task.description for task in bars.display.tasks}
    bars.more(to_record=1)
    recorded(7)
    bars.more(to_record=2)
    recorded(1)

    (bar,) = [task for task in bars.display.tasks if task.description == "recording"]
    assert before == {"making"}
    assert (bar.completed, bar.total) == (2, 3)
