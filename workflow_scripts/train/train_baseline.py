"""Train the multilingual baseline: one dense network for all directions."""

import json

from workflow_scripts.common.errors import run_main
from workflow_scripts.train.command_line import parser_of, start, train
from workflow_scripts.train.start_again import starting_again
from workflow_scripts.units.description import DEFAULT_PORT, PORTS


def main(argv: list[str] | None = None) -> None:
    """Parse the command line and train; a second call resumes or re-exports."""
    parser = parser_of(__doc__)
    parser.add_argument("--architecture", type=json.loads, required=True, help="JSON, as in system.json")
    parser.add_argument("--languages", nargs="+", required=True, help="in the order of their tokens")
    parser.add_argument("--text", type=json.loads, required=True, help="JSON, as in system.json")
    parser.add_argument("--subwords", required=True, help="SentencePiece model")
    parser.add_argument("--dictionary", required=True, help="dict.txt")
    parser.add_argument("--system", default="baseline", help="name of the system")
    parser.add_argument("--port", choices=tuple(PORTS), default=DEFAULT_PORT, help="whose loop trains it")
    arguments = start(parser, argv)

    from workflow_scripts.models.training.loop import loop_of

    described = loop_of(arguments.port).of_baseline(
        arguments.architecture, arguments.languages, arguments.text
    )
    names = ("languages", "subwords", "dictionary", "port")
    train(arguments, **described, **{name: getattr(arguments, name) for name in names})


if __name__ == "__main__":
    run_main(starting_again(main))
