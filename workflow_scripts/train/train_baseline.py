"""Train the multilingual baseline: one dense network for all directions.

Inputs: binarised train and valid data, vocabulary, architecture, settings. Outputs: a system folder
(docs/architecture.md). Spec 2.1 (architectures), 2.2 (settings), 1.1 (language tokens, sampling).
"""

from __future__ import annotations

import argparse
import json

from workflow_scripts.errors import run_main
from workflow_scripts.train.command_line import (
    add_training_options,
    let_waiting_threads_sleep,
    settings_of,
)
from workflow_scripts.train.deadline import Deadline
from workflow_scripts.train.launch import start_processes, take_place
from workflow_scripts.train.start_again import starting_again


def main(argv: list[str] | None = None) -> None:
    """Parse the command line and train; a second call resumes or re-exports."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--architecture", type=json.loads, required=True, help="JSON, as in system.json")
    parser.add_argument(
        "--languages", nargs="+", required=True, help="fixes the numbers of the language tokens"
    )
    parser.add_argument("--text", type=json.loads, required=True, help="JSON, as in system.json")
    parser.add_argument("--subwords", required=True, help="SentencePiece model")
    parser.add_argument("--dictionary", required=True, help="dict.txt")
    parser.add_argument("--system", default="baseline", help="name of the system")
    add_training_options(parser)
    arguments = parser.parse_args(argv)
    let_waiting_threads_sleep()
    start_processes(arguments.start_with)
    take_place()
    deadline = Deadline.of_this_process(arguments.runtime)

    from workflow_scripts.models.fairseq.training.training_plan import TrainingPlan
    from workflow_scripts.train.train_system import train_system

    plan = TrainingPlan(
        system=arguments.system,
        seed=arguments.seed,
        languages=arguments.languages,
        directions=arguments.directions,
        architecture=arguments.architecture,
        settings=settings_of(arguments),
        text=arguments.text,
        data_bin=arguments.data_bin,
        dictionary=arguments.dictionary,
        subwords=arguments.subwords,
        folder=arguments.folder,
    )
    train_system(plan, arguments.out, arguments.code, deadline)


if __name__ == "__main__":
    run_main(starting_again(main))
