"""Make the baseline of a model that others trained: its folder, or what was fetched of a hub, as a system.

Nothing is fetched here. The model's languages and tags are checked before anything is written.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

from workflow_scripts.common.checked_options import json_object
from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.models.huggingface.model_files import fetched_folder
from workflow_scripts.models.huggingface.system import make_system


def _are_tags(value: dict[str, Any]) -> bool:
    return all(tag is None or isinstance(tag, str) for tag in value.values())


def _are_texts(value: dict[str, Any]) -> bool:
    return all(isinstance(text, str) for text in value.values())


def main(argv: list[str] | None = None) -> None:
    """Write the system; UserError for a model that is missing or not known, and for wrong tags."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", type=Path, metavar="FOLDER", help="the model's folder")
    parser.add_argument("--fetched", type=Path, metavar="JSON", help="what fetch_model wrote, in its place")
    parser.add_argument("--system", default="baseline", help="name of the system")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--languages", nargs="+", required=True, metavar="LANG")
    parser.add_argument("--directions", nargs="+", required=True, metavar="SRC-TGT")
    parser.add_argument("--tags", default="{}", help="JSON: language to the model's token for it, or null")
    parser.add_argument("--prefixes", default="{}", help="JSON: direction to the text before its sources")
    parser.add_argument("--out", type=Path, required=True, help="system folder")
    arguments = parser.parse_args(argv)
    if (arguments.model is None) == (arguments.fetched is None):
        raise UserError("--model and --fetched: give one of the two")
    folder = arguments.model or fetched_folder(arguments.fetched)
    made = make_system(
        folder,
        arguments.out,
        system=arguments.system,
        languages=arguments.languages,
        directions=arguments.directions,
        tags=json_object("tags", arguments.tags, {"de": "deu_Latn"}, _are_tags),
        prefixes=json_object("prefixes", arguments.prefixes, {"en-de": "translate: "}, _are_texts),
        seed=arguments.seed,
    )
    said = made.architecture
    print(f"{made.folder}: {said['family']} of {folder}, {len(made.directions)} directions", file=sys.stderr)


if __name__ == "__main__":
    run_main(main)
