"""Fine-tune a trained system, each direction through its own mask (Neuron Specialization), or unmasked.

Inputs: the parent's system folder, masks, binarised data, settings. Outputs: a system folder. The parent's
weights are the start; optimiser, schedule and data order begin anew. Spec 2.2, 3.4 (masked forward), 3.6 (one
direction per batch). The continued-training control is the same program with masks that keep every unit.
"""

from __future__ import annotations

import argparse

from workflow_scripts.errors import UserError, run_main
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
    parser.add_argument("--system", required=True, help="name of the new system")
    parser.add_argument("--parent", required=True, help="system folder to start from")
    parser.add_argument(
        "--masks", help="masks .npz with one row for each direction; without it nothing is masked"
    )
    parser.add_argument(
        "--languages", nargs="+", help="must be the parent's if given; they fix the vocabulary"
    )
    add_training_options(parser)
    arguments = parser.parse_args(argv)
    let_waiting_threads_sleep()
    start_processes(arguments.start_with)
    take_place()
    deadline = Deadline.of_this_process(arguments.runtime)

    from workflow_scripts.models.fairseq.training.training_plan import TrainingPlan
    from workflow_scripts.train.train_system import train_system
    from workflow_scripts.units.mask_table import MaskTable
    from workflow_scripts.units.system import SystemFolder

    parent = SystemFolder.read(arguments.parent)
    parent.verify()
    if arguments.languages and tuple(arguments.languages) != parent.languages:
        raise UserError(
            f"--languages {' '.join(arguments.languages)}: {arguments.parent} was trained with"
            f" {' '.join(parent.languages)}, in this order"
        )
    if arguments.masks:
        masks = MaskTable.read(arguments.masks)
        parent.check_model(masks)
        masks.check_gates(
            {"ffn": ("row", "zero", "scale"), "head": ("zero", "scale"), "resid": ("zero", "scale")}
        )
    plan = TrainingPlan(
        system=arguments.system,
        seed=arguments.seed,
        languages=list(parent.languages),
        directions=arguments.directions,
        architecture=dict(parent.architecture),
        settings=settings_of(arguments),
        text=dict(parent.text),
        data_bin=arguments.data_bin,
        dictionary=str(parent.dictionary),
        subwords=str(parent.subwords),
        folder=arguments.folder,
        masks=arguments.masks,
        initial_weights=str(parent.weights),
        parent={"system": parent.system, "weights_sha256": parent.weights_sha256},
    )
    train_system(plan, arguments.out, arguments.code, deadline)


if __name__ == "__main__":
    run_main(starting_again(main))
