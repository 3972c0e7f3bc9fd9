"""Generate a contrastive test set for a toy corpus: references beside readings with one wrong inflection."""

import argparse
import json
from dataclasses import astuple, fields
from pathlib import Path

from workflow_scripts.common.directions import direction_languages
from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.common.files import write_text
from workflow_scripts.data.toy.contrast import ContrastCorpus, Row
from workflow_scripts.data.toy.spec import parse_spec

MOST = 100  # items of one phenomenon in one direction


def main(argv: list[str] | None = None) -> None:
    """Run the stage from the command line; UserError for a direction between languages it does not have."""
    parser = argparse.ArgumentParser(description="Generate a contrastive test set for a toy corpus.")
    parser.add_argument("--spec", required=True, help="the toy section of the config, as JSON text")
    parser.add_argument("--directions", nargs="+", required=True, help="source-target, such as en-na")
    parser.add_argument("--most", type=int, default=MOST, help="items of one phenomenon in one direction")
    parser.add_argument("--out", required=True, type=Path, help="TSV file to write")
    arguments = parser.parse_args(argv)
    try:
        spec = parse_spec(json.loads(arguments.spec))
    except json.JSONDecodeError as error:
        raise UserError(f"--spec: not JSON: {error}") from None
    for direction in arguments.directions:
        direction_languages(direction, [spec.pivot, *spec.languages])
    if arguments.most < 1:
        raise UserError(f"--most is {arguments.most}, needs at least 1")
    rows = [
        tuple(field.name for field in fields(Row)),
        *(astuple(row) for row in ContrastCorpus(spec).rows(arguments.directions, arguments.most)),
    ]
    write_text(arguments.out, "".join("\t".join(row) + "\n" for row in rows))
    print(f"{len(rows) - 1} items")


if __name__ == "__main__":
    run_main(main)
