"""Translate raw text with a system of an experiment: stdin → stdout, one sentence a line.

Becomes ``workflow_scripts.translate.translate`` in the engine's environment.
"""

import os
from pathlib import Path

from workflow_scripts.common.errors import UserError, nearest, run_main
from workflow_scripts.common.language_codes import one_of
from workflow_scripts.config.base import BASELINE
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.config.load import load_file
from workflow_scripts.workflow.arguments import parser_of
from workflow_scripts.workflow.software.environments import ROOT
from workflow_scripts.workflow.stage_list.decoding import decoded_in


def translate_command(
    experiment: Experiment, system: str, direction: str, seed: int | None, root: Path = Path()
) -> list[str]:
    """Return the command that translates, or raise UserError if the config does not have the request."""
    seed = experiment.train.seeds[0] if seed is None else seed
    direction = one_of(direction, experiment.evaluated_directions)
    translated = experiment.evaluated_directions
    if system in experiment.all_systems:
        translated = experiment.directions_of_system(system)
    for kind, value, known in (
        ("system", system, experiment.all_systems),
        ("direction", direction, translated),
        ("seed", str(seed), [str(one) for one in experiment.train.seeds]),
    ):
        if value not in known:
            hint = nearest(value, known) or f"; there are {', '.join(known)}"
            # Others of the experiment may have the direction.
            of_system = kind == "direction" and value in experiment.evaluated_directions
            who = f"the system {system!r}" if of_system else experiment.experiment
            raise UserError(f"{who} has no {kind} {value!r}{hint}")
    results = root / "results" / experiment.experiment
    folder = results / "systems" / system / f"s{seed}"
    if not (folder / "system.json").is_file():
        raise UserError(
            f"{folder}: not trained yet; 'make run CONFIG=…' with the same config trains it; of results in"
            " another folder: ARGS='--directory FOLDER'"
        )
    decode = experiment.decoding_by(experiment.engine_of(system))
    masks = mask_row_file(experiment, system, direction, seed, results)
    return [
        str(ROOT / "envs/bin/run-in"),
        decoded_in(experiment, decode.engine),
        "workflow_scripts.translate.translate",
        *("--system", str(folder), "--direction", direction, "--engine", decode.engine),
        *("--beam", str(decode.beam), "--length-penalty", str(decode.length_penalty)),
        *("--max-length", str(decode.max_length), "--batch-tokens", str(decode.batch_tokens)),
        *("--compute-type", decode.compute_type, "--threads", str(decode.threads)),
        *("--ranking", str(decode.ranking)),
        *(["--masks", masks] if masks else []),
    ]


def mask_row_file(
    experiment: Experiment, system: str, direction: str, seed: int, results: Path
) -> str | None:
    """Return the mask file of a direction that a masked system was not trained in, else None."""
    maskset = experiment.through_masks.get(system)
    if maskset is None or direction in experiment.train_directions:
        return None
    return str(results / "masks" / BASELINE / f"s{seed}" / maskset / f"{direction}.npz")


def main(argv: list[str] | None = None) -> None:
    """Check the request against the config and become the translating process."""
    parser = parser_of(__doc__)
    parser.add_argument("--system", required=True)
    parser.add_argument("--direction", required=True)
    parser.add_argument("--seed", type=int)
    arguments = parser.parse_args(argv)
    experiment = load_file(arguments.configfile)
    asked = (arguments.system, arguments.direction, arguments.seed)
    command = translate_command(experiment, *asked, arguments.directory)
    os.execv(command[0], command)


if __name__ == "__main__":
    run_main(main)
