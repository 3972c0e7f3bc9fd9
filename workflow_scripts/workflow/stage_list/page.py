"""The answer on one page, which every run makes."""

from workflow_scripts.workflow.stage import Stage, once

STAGES = (
    Stage(
        "report.page.write_answer",
        "evaluate",
        log="answer",
        files={"html": "report/answer.html", "markdown": "report/answer.md"},
        asked_for=("html", "markdown"),
        jobs=once,
        local=True,
    ),
)
