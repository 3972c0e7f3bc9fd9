"""Fine-tune a trained system, each direction through its own mask (Neuron Specialization), or unmasked.

The parent's weights are the start; optimiser, schedule and data order begin again. With masks that keep every
unit this is the continued-training control.
"""

from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.train.command_line import parser_of, start, train
from workflow_scripts.train.start_again import starting_again
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.system import SystemFolder


def main(argv: list[str] | None = None) -> None:
    """Parse the command line and train; a second call resumes or re-exports."""
    parser = parser_of(__doc__)
    parser.add_argument("--system", required=True, help="name of the new system")
    parser.add_argument("--parent", required=True, help="system folder to start from")
    parser.add_argument("--masks", help="mask file with a row for each direction")
    parser.add_argument("--languages", nargs="+", help="if given, must be the parent's")
    arguments = start(parser, argv)
    parent = SystemFolder.read(arguments.parent)
    parent.verify()
    if arguments.languages and tuple(arguments.languages) != parent.languages:
        raise UserError(
            f"--languages {' '.join(arguments.languages)}: {arguments.parent} was trained with"
            f" {' '.join(parent.languages)}, in this order"
        )
    if arguments.masks:
        parent.check_model(MaskTable.read(arguments.masks))
    train(
        arguments,
        languages=list(parent.languages),
        architecture=dict(parent.architecture),
        text=dict(parent.text),
        dictionary=str(parent.dictionary),
        subwords=str(parent.subwords),
        masks=arguments.masks,
        initial_weights=str(parent.weights),
        parent={"system": parent.system, "weights_sha256": parent.weights_sha256},
    )


if __name__ == "__main__":
    run_main(starting_again(main))
