"""Build the explorer of an experiment from what is there of it: results/{experiment}/report/explorer.html.

Becomes ``workflow_scripts.report.explorer.build_explorer`` in its environment. What the config says and has
not been made yet marks the page PARTIAL.
"""

import os
import shlex
import sys
from pathlib import Path
from typing import Any

from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.config.base import BASELINE
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.config.file_source import VALID
from workflow_scripts.config.load import load_file
from workflow_scripts.workflow.arguments import parser_of
from workflow_scripts.workflow.needed_masks import scored
from workflow_scripts.workflow.plan.lineage import REFERENCES
from workflow_scripts.workflow.settings import as_options, given
from workflow_scripts.workflow.software.environments import ROOT
from workflow_scripts.workflow.stage_list.report import unit_masks

ENVIRONMENT, MODULE = "evaluate", "workflow_scripts.report.explorer.build_explorer"
PAGE = "report/explorer.html"
RAW = "raw"


def settings_of(experiment: Experiment, results: Path) -> dict[str, Any]:
    """Return the options of the page, by name; ``results``: the experiment's folder."""
    evaluation = experiment.evaluation
    counted = scored(experiment)
    masks = unit_masks(experiment)
    shown = RAW if RAW in evaluation.references else evaluation.references[0]
    return {
        "experiment": experiment.experiment,
        "systems": experiment.all_systems,
        "seeds": experiment.train.seeds,
        "testsets": experiment.testsets,
        "directions": experiment.scored_directions,
        "metrics": experiment.all_metrics,
        "profiles": evaluation.references,
        "comet": [model.name for model in evaluation.comet],
        "partial_testsets": experiment.partial_testsets or None,
        "partial_systems": experiment.partial_systems or None,
        "pivot": experiment.pivot,
        "groups": experiment.groupings or None,
        "level": evaluation.significance.level if evaluation.significance else None,
        "scores_root": f"{results}/scores",
        "comet_root": f"{results}/comet",
        "significance_root": f"{results}/significance" if evaluation.significance else None,
        "hypotheses": f"{results}/translations/{{system}}/s{{seed}}/{{testset}}/{{direction}}.txt",
        "references": f"{results}/{REFERENCES[shown]}",
        "sources": f"{results}/data/text/{{testset}}/{{pair}}.{{source}}.txt",
        "masks": [f"{name}={results}/{pattern}" for name, pattern in masks.items()],
        "used_by": {name: used for name, used in experiment.masked.items() if used in masks} or None,
        "counts": f"{results}/activations/{BASELINE}/s{{seed}}/{VALID}" if counted else None,
        "counted": [one for one in experiment.train_directions if one in counted],
    }


def explorer_command(experiment: Experiment, root: Path = Path()) -> list[str]:
    """Return the command that builds the page. Raises UserError: it is no experiment of translation, or there
    is nothing of it."""
    if type(experiment) is not Experiment:
        raise UserError(
            f"{experiment.experiment}: the explorer shows experiments of translation; those of encoders and"
            " language models have their pages in tables/ and analysis/"
        )
    results = root / "results" / experiment.experiment
    if not results.is_dir():
        raise UserError(
            f"{results}: nothing has run here; 'make run CONFIG=…' with the same config runs it; of results"
            " in another folder: ARGS='--directory FOLDER'"
        )
    words = shlex.split(as_options(given(settings_of(experiment, results))))
    return [
        str(ROOT / "envs/bin/run-in"),
        *(ENVIRONMENT, MODULE, *words),
        *("--allow-partial", "--out", str(results / PAGE)),
    ]


def main(argv: list[str] | None = None) -> None:
    """Check the config and become the building process."""
    arguments = parser_of(__doc__).parse_args(argv)
    command = explorer_command(load_file(arguments.configfile), arguments.directory)
    sys.stdout.flush()
    os.execv(command[0], command)


if __name__ == "__main__":
    run_main(main)
