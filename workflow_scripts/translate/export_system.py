"""Export a system for others, with a card: its safetensors, or a CTranslate2 model of each direction."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from workflow_scripts.common.errors import run_main
from workflow_scripts.common.files import copy_file, read_json, sha256_of, write_text
from workflow_scripts.translate.card_sections import sentences_on
from workflow_scripts.translate.codecs import Codec, codec_of
from workflow_scripts.translate.ctranslate2_engine import direction_spec
from workflow_scripts.translate.model_card import HOW, SAFETENSORS, Told, model_card
from workflow_scripts.units.description import DESCRIPTION
from workflow_scripts.units.system import SystemFolder

CARD = "README.md"


def export_safetensors(system: SystemFolder, out: Path) -> None:
    """Copy a system's files, also those that are links; ``system.json`` last."""
    for name in [*system.sha256, DESCRIPTION]:
        copy_file(system.folder / name, out / name)
    SystemFolder.read(out).verify()


def export_ctranslate2(system: SystemFolder, codecs: Mapping[str, Codec], out: Path) -> None:
    """Write a CTranslate2 model of each direction into a folder of its name, beside the files that text
    needs. ``codecs``: direction -> its text. UserError where CTranslate2 has no layer for what it has."""
    out.mkdir(parents=True, exist_ok=True)
    for direction, codec in codecs.items():
        spec = direction_spec(system, direction, codec.sequences.positions, codec)
        spec.optimize()
        with TemporaryDirectory(dir=out) as folder:
            spec.save(folder)
            for file in sorted(Path(folder).iterdir()):
                copy_file(file, out / direction / file.name)
    for file in text_files(system):
        copy_file(file, out / file.name)


def text_files(system: SystemFolder) -> list[Path]:
    """Return the files that turn text into pieces: a SentencePiece model, or all of a tokenizer."""
    if system.files.get("subwords"):
        return [system.subwords]
    found = {role: name for role, name in system.files.items() if name and role not in ("weights", "masks")}
    return [system.folder / name for name in found.values()]


def hashes_in(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file of an exported folder but its card, by its path there."""
    names = sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())
    return {name: sha256_of(folder / name) for name in names if name != CARD}


def main(argv: list[str] | None = None) -> None:
    """Write what the command line asks for; the card last."""
    parser = argparse.ArgumentParser(prog="export_system", description=__doc__)
    parser.add_argument("--system", type=Path, required=True, help="folder of the system")
    parser.add_argument("--form", choices=HOW, required=True)
    parser.add_argument("--directions", nargs="+", required=True)
    parser.add_argument("--scores", nargs="*", type=Path, default=[], help="JSON of evaluate.score")
    parser.add_argument("--data-card", type=Path, help="JSON of data.write_card")
    parser.add_argument("--licence", help="of the model")
    parser.add_argument("--text-licence", help="of its training text")
    parser.add_argument("--controls", type=Path, help="CSV of the table controls: what masks added")
    parser.add_argument("--base", type=Path, help="JSON on the model of a hub that it was made from")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args(argv)
    system = SystemFolder.read(arguments.system)
    system.verify()
    sequences = None
    if arguments.form == SAFETENSORS:
        export_safetensors(system, arguments.out)
    else:
        codecs = {direction: codec_of(system, direction) for direction in arguments.directions}
        export_ctranslate2(system, codecs, arguments.out)
        sequences = codecs[arguments.directions[0]].sequences
    told = Told(
        scores=[read_json(file) for file in arguments.scores],
        data=read_json(arguments.data_card) if arguments.data_card else None,
        licence=arguments.licence,
        text_licence=arguments.text_licence,
        added=sentences_on(arguments.controls, system.system) if arguments.controls else (),
        base=read_json(arguments.base) if arguments.base else None,
        hashes=hashes_in(arguments.out),
    )
    card = model_card(system, arguments.form, arguments.directions, told, sequences)
    write_text(arguments.out / CARD, card)


if __name__ == "__main__":
    run_main(main)
