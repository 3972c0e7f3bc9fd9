"""The command evaluate_outputs, run in this process."""

import io
from contextlib import redirect_stderr

import pytest

from tests.unit.evaluate.made_outputs import At
from workflow_scripts.evaluate import evaluate_outputs
from workflow_scripts.report.page import write_answer
from workflow_scripts.report.tables import tabulate

MAIN = {
    "workflow_scripts.report.tables.tabulate": tabulate.main,
    "workflow_scripts.report.page.write_answer": write_answer.main,
}


@pytest.fixture
def here(monkeypatch):
    """Tables and the page are made in this process, which spares a second; some tests start the program."""

    def run(module, words):
        said = io.StringIO()
        with redirect_stderr(said):
            MAIN[module](words)
        return 0, said.getvalue()

    monkeypatch.setattr(evaluate_outputs, "run_program", run)


@pytest.fixture
def at(tmp_path, capfd):
    return At(tmp_path, capfd)
