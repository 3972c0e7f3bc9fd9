"""Export a system for others, with a card: its safetensors, or a CTranslate2 model of each direction."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from workflow_scripts.common.errors import run_main
from workflow_scripts.common.files import copy_file, read_json, write_text
from workflow_scripts.translate.ctranslate2_engine import direction_spec
from workflow_scripts.translate.model_card import HOW, model_card
from workflow_scripts.translate.sides import side_of
from workflow_scripts.units.system import DESCRIPTION, SystemFolder

SAFETENSORS, CTRANSLATE2 = HOW
CARD = "README.md"


def export_safetensors(system: SystemFolder, out: Path) -> None:
    """Copy a system's files, also those that are links; ``system.json`` last."""
    for name in [*system.sha256, DESCRIPTION]:
        copy_file(system.folder / name, out / name)
    SystemFolder.read(out).verify()


def export_ctranslate2(system: SystemFolder, directions: Sequence[str], out: Path) -> None:
    """Write a CTranslate2 model of each direction into a folder of its name, beside the files that its text
    needs. UserError where CTranslate2 has no layer for what a system has."""
    out.mkdir(parents=True, exist_ok=True)
    for direction in directions:
        side = side_of(system, direction)
        spec = direction_spec(system, direction, side.sequences.positions, side)
        spec.optimize()
        with TemporaryDirectory(dir=out) as folder:
            spec.save(folder)
            for file in sorted(Path(folder).iterdir()):
                copy_file(file, out / direction / file.name)
    for name in text_files(system):
        copy_file(system.folder / name, out / name)


def text_files(system: SystemFolder) -> list[str]:
    """Return the files that turn text into pieces: a SentencePiece model, or all of a tokenizer."""
    if system.files.get("subwords"):
        return [system.subwords.name]
    others = {name for role, name in system.files.items() if role in ("weights", "masks")}
    return [name for name in system.files.values() if name and name not in others]


def main(argv: list[str] | None = None) -> None:
    """Write what the command line asks for; the card last."""
    parser = argparse.ArgumentParser(prog="export_system", description=__doc__)
    parser.add_argument("--system", type=Path, required=True, help="folder of the system")
    parser.add_argument("--form", choices=HOW, required=True)
    parser.add_argument("--directions", nargs="+", required=True)
    parser.add_argument("--scores", nargs="*", type=Path, default=[], help="JSON of evaluate.score")
    parser.add_argument("--data-card", type=Path, help="JSON of data.write_card")
    parser.add_argument("--licence", help="of the model")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args(argv)
    system = SystemFolder.read(arguments.system)
    system.verify()
    if arguments.form == SAFETENSORS:
        export_safetensors(system, arguments.out)
    else:
        export_ctranslate2(system, arguments.directions, arguments.out)
    scores = [read_json(file) for file in arguments.scores]
    data = read_json(arguments.data_card) if arguments.data_card else None
    card = model_card(system, arguments.form, arguments.directions, scores, data, arguments.licence)
    write_text(arguments.out / CARD, card)


if __name__ == "__main__":
    run_main(main)
