"""Take the text of one language, which is read by itself: checked lines, as prepared text has them."""

import argparse
import sys
from dataclasses import asdict
from pathlib import Path

from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.common.files import sha256_of, write_json, write_text
from workflow_scripts.data.readers import Normalised, clean_line, is_empty, read_raw_lines


def main(argv: list[str] | None = None) -> None:
    """Read, check and write the text."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--text", type=Path, required=True, help="a text a line, plain or packed")
    parser.add_argument("--empty", choices=("error", "drop"), default="error", help="what empty lines are")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--stats", type=Path, required=True, help="JSON file to write")
    arguments = parser.parse_args(argv)
    counts = Normalised()
    raw = enumerate(read_raw_lines(arguments.text), start=1)
    lines = [clean_line(line, arguments.text, number, counts) for number, line in raw]
    empty = [number for number, line in enumerate(lines, start=1) if is_empty(line)]
    if empty and arguments.empty == "error":
        raise UserError(f"{arguments.text}, line {empty[0]}: is empty; mend it, or drop empty lines")
    kept = [line for line in lines if not is_empty(line)]
    if not kept:
        raise UserError(f"{arguments.text}: has no lines")
    write_text(arguments.out, "".join(f"{line}\n" for line in kept))
    statistics = {
        "format": "neuronspec-text-of-language-1",
        "sentences": len(kept),
        "dropped": len(empty),
        "normalised": asdict(counts),
        "sha256": {"text": sha256_of(arguments.text), "taken": sha256_of(arguments.out)},
    }
    write_json(arguments.stats, statistics)
    print(f"{arguments.out}: {len(kept)} lines, {len(empty)} empty ones dropped", file=sys.stderr)


if __name__ == "__main__":
    run_main(main)
