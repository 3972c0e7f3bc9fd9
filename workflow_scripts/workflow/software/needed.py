"""Print the environments that an experiment's jobs run in, for `make` to set them up."""

from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.config.load import load_file
from workflow_scripts.workflow.arguments import parser_of
from workflow_scripts.workflow.stages import FETCHING, stages_of

#: Of a config that cannot be read: what runs next says why.
USUAL = ["text"]


def environments_of(experiment: Experiment, fetching: bool = False) -> list[str]:
    """Return the environments of all jobs, or of those that fetch, in the order of the stages."""
    stages = [one for name, one in stages_of(experiment).items() if not fetching or name in FETCHING]
    return list(
        dict.fromkeys(one.software(experiment) for one in stages if any(True for _ in one.jobs(experiment)))
    )


def main(argv: list[str] | None = None) -> None:
    """Print them on one line."""
    parser = parser_of(__doc__, directory=False)
    parser.add_argument("--fetching", action="store_true", help="of jobs that fetch alone")
    arguments = parser.parse_args(argv)
    try:
        found = environments_of(load_file(arguments.configfile), arguments.fetching)
    except (UserError, OSError):
        found = USUAL
    print(*found)


if __name__ == "__main__":
    run_main(main)
