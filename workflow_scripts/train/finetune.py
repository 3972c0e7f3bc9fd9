"""Fine-tune a trained system, each direction through its own mask (Neuron Specialization), or unmasked.

The parent's weights are the start; optimiser, schedule and data order begin again. With masks that keep every
unit this is the continued-training control. ``--start random`` takes all but the weights from the parent.
"""

from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.train.command_line import json_object, parser_of, start, train
from workflow_scripts.train.start_again import starting_again
from workflow_scripts.train.training_method import checked_method
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.system import SystemFolder


def main(argv: list[str] | None = None) -> None:
    """Parse the command line and train; a second call resumes or re-exports."""
    parser = parser_of(__doc__)
    parser.add_argument("--system", required=True, help="name of the new system")
    parser.add_argument("--parent", required=True, help="system folder to start from")
    parser.add_argument("--masks", help="mask file with a row for each direction")
    parser.add_argument("--languages", nargs="+", help="if given, must be the parent's")
    parser.add_argument("--method", type=json_object, default={}, help="JSON, see training_method.py")
    parser.add_argument("--start", choices=("parent", "random"), default="parent", help="which weights")
    arguments = start(parser, argv)
    parent = SystemFolder.read(arguments.parent)
    parent.verify()
    if arguments.languages and tuple(arguments.languages) != parent.languages:
        raise UserError(
            f"--languages {' '.join(arguments.languages)}: {arguments.parent} was trained with"
            f" {' '.join(parent.languages)}, in this order"
        )
    from workflow_scripts.models.training.loop import loop_of

    masks = MaskTable.read(arguments.masks) if arguments.masks else None
    if masks is not None:
        parent.check_model(masks)
    train(
        arguments,
        languages=list(parent.languages),
        architecture=dict(parent.architecture),
        text=dict(parent.text),
        port=parent.port,
        **loop_of(parent.port).of_parent(parent),
        masks=arguments.masks,
        initial_weights=str(parent.weights) if arguments.start == "parent" else None,
        parent={"system": parent.system, "weights_sha256": parent.weights_sha256},
        method=checked_method(arguments.method, arguments.directions, masks),
    )


if __name__ == "__main__":
    run_main(starting_again(main))
