"""Make the baseline of a model that others trained: its folder, or what was fetched of a hub, as a system.

Its rows are directions, or languages of a causal language model, or tasks of an encoder, for each of which
it gets a head. Nothing is fetched here. What the rows need is checked before anything is written.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

from workflow_scripts.common.checked_options import json_object
from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.common.task_tables import read_task
from workflow_scripts.models.huggingface.causal.system import make_system as make_causal
from workflow_scripts.models.huggingface.encoders.system import make_system as make_encoder
from workflow_scripts.models.huggingface.encoders.tasks import TaskSpec
from workflow_scripts.models.huggingface.model_files import fetched_folder
from workflow_scripts.models.huggingface.system import make_system
from workflow_scripts.units.system import SystemFolder


def _are_tags(value: dict[str, Any]) -> bool:
    return all(tag is None or isinstance(tag, str) for tag in value.values())


def _are_texts(value: dict[str, Any]) -> bool:
    return all(isinstance(text, str) for text in value.values())


def made_of(folder: Path, arguments: argparse.Namespace) -> SystemFolder:
    """Return the system of a model's folder, by what its rows are."""
    named = {"system": arguments.system, "seed": arguments.seed}
    if arguments.tables:
        tasks = [TaskSpec(*read_task(path)) for path in arguments.tables]
        return make_encoder(folder, arguments.out, tasks=tasks, longest=arguments.longest, **named)
    if arguments.causal:
        return make_causal(folder, arguments.out, languages=arguments.languages, **named)
    return make_system(
        folder,
        arguments.out,
        languages=arguments.languages,
        directions=arguments.directions,
        tags=json_object("tags", arguments.tags, {"de": "deu_Latn"}, _are_tags),
        prefixes=json_object("prefixes", arguments.prefixes, {"en-de": "translate: "}, _are_texts),
        **named,
    )


def main(argv: list[str] | None = None) -> None:
    """Write the system; UserError for a model that is missing or not known, and for wrong tags."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", type=Path, metavar="FOLDER", help="the model's folder")
    parser.add_argument("--fetched", type=Path, metavar="JSON", help="what fetch_model wrote, in its place")
    parser.add_argument("--system", default="baseline", help="name of the system")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--languages", nargs="+", default=[], metavar="LANG")
    parser.add_argument("--directions", nargs="+", default=[], metavar="SRC-TGT")
    parser.add_argument("--causal", action="store_true", help="a language model: languages alone")
    parser.add_argument("--tables", nargs="+", type=Path, metavar="JSON", help="tasks of an encoder")
    parser.add_argument("--longest", type=int, help="positions of an example of a task; default all")
    parser.add_argument("--tags", default="{}", help="JSON: language to the model's token for it, or null")
    parser.add_argument("--prefixes", default="{}", help="JSON: direction to the text before its sources")
    parser.add_argument("--out", type=Path, required=True, help="system folder")
    arguments = parser.parse_args(argv)
    if (arguments.model is None) == (arguments.fetched is None):
        raise UserError("--model and --fetched: give one of the two")
    if not (arguments.tables or (arguments.languages and (arguments.causal or arguments.directions))):
        raise UserError("give --languages and --directions, or --languages with --causal, or --tables")
    folder = arguments.model or fetched_folder(arguments.fetched)
    made = made_of(folder, arguments)
    what = "tasks" if arguments.tables else "languages" if arguments.causal else "directions"
    said = made.architecture
    print(f"{made.folder}: {said['family']} of {folder}, {len(made.directions)} {what}", file=sys.stderr)


if __name__ == "__main__":
    run_main(main)
