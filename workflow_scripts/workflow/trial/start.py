"""Try an experiment (``make try``): write the config of its trial, say what was cut, and run it."""

import sys
from collections.abc import Sequence
from pathlib import Path

import yaml

from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.common.files import write_text
from workflow_scripts.config.load import load_experiment, read_yaml
from workflow_scripts.workflow.run.snakemake_options import working_directory
from workflow_scripts.workflow.run.start import main as run
from workflow_scripts.workflow.run.start import read_config
from workflow_scripts.workflow.software.needed import environments_of
from workflow_scripts.workflow.software.setup import main as set_up
from workflow_scripts.workflow.trial.derive import Trial, derive

OPTION = "--configfile"
HEAD = """# A TRIAL of {file}, written by `make try` at each call. Its numbers mean nothing.
# What is not as in the experiment:
"""


def as_yaml(trial: Trial, file: str) -> str:
    """Return a trial's config as YAML, with what was cut in its head."""
    head = HEAD.format(file=file) + "".join(f"#   {line}\n" for line in trial.cuts)
    return head + yaml.safe_dump(trial.config, sort_keys=False, allow_unicode=True, width=110)


def write_trial(options: Sequence[str]) -> tuple[list[str], Trial]:
    """Write the config of a trial to ``results/TRY-NAME.yaml``; return the options of its run, and it.

    ``options``: those of a run, with the experiment's config. UserError: it is wrong, or cannot be smaller.
    """
    folder = working_directory(options)
    if read_config(list(options)) is None:
        raise UserError("make try takes one config file, and no --config")
    if OPTION not in options:
        raise UserError(f"make try takes its config file as {OPTION} FILE")
    place = list(options).index(OPTION) + 1
    file = options[place]
    trial = derive(read_yaml(file), folder)
    written = folder / "results" / f"{trial.config['experiment']}.yaml"
    written.parent.mkdir(parents=True, exist_ok=True)
    write_text(written, as_yaml(trial, file))
    return [*options[:place], str(written), *options[place + 1 :]], trial


def main(argv: list[str] | None = None) -> None:
    """Write the config of the trial, make the environments that it needs, and run it."""
    options, trial = write_trial(sys.argv[1:] if argv is None else argv)
    file = Path(options[options.index(OPTION) + 1])
    print(f"{trial.config['experiment']}: a trial, whose numbers mean nothing ({file})", file=sys.stderr)
    for line in trial.cuts:
        print(f"  {line}", file=sys.stderr)
    set_up(environments_of(load_experiment(trial.config)))
    run(options)


if __name__ == "__main__":
    run_main(main)
