"""How far a program is, on stderr."""

import io
import time

from workflow_scripts.evaluate import progress
from workflow_scripts.evaluate.progress import Progress


class Terminal(io.StringIO):
    """Something that says it is a terminal."""

    def isatty(self):
        return True


def test_a_line_a_direction_where_there_is_no_terminal(capsys):
    with Progress("scored", 2) as shown:
        shown.done("de-en")
        shown.done("fr-en")
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "scored 1 of 2 directions (de-en)\nscored 2 of 2 directions (fr-en)\n"


def test_one_line_that_is_written_anew_on_a_terminal(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setattr(progress, "SECONDS", 0.01)
    with Progress("scored", 2) as shown:
        deadline = time.monotonic() + 10
        while "scored 0 of 2 directions, 0 s" not in terminal.getvalue() and time.monotonic() < deadline:
            time.sleep(0.01)
        shown.done("de-en")
        while "scored 1 of 2 directions (de-en), " not in terminal.getvalue() and time.monotonic() < deadline:
            time.sleep(0.01)
    assert "scored 1 of 2 directions (de-en), 0 s" in terminal.getvalue()
    assert "\n" not in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[K")  # nothing is left of it
