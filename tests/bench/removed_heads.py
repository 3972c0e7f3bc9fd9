"""Does CTranslate2 translate as fairseq does where attention heads are removed, on a system's test set?

`python -m tests.bench.removed_heads --system results/demo/systems/baseline/s1 --direction en-na
--source results/demo/data/text/test/en-na.en.txt` prints how many hypotheses are the same in both engines,
with fairseq's ranking, and how many are those of the whole model. Needs the environments text and fairseq.
"""

import argparse
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from workflow_scripts.workflow.software.environments import venvs_folder

ROOT = Path(__file__).resolve().parents[2]
HEADS = ("encoder.0.self:1", "decoder.1.cross:2", "decoder.0.self:0")
# Runs where numpy is: a copy of a system, whose directions are without the named heads.
REMOVE = """
import shutil, sys
from pathlib import Path
import numpy as np
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.system import SystemFolder
plain, folder = SystemFolder.read(sys.argv[1]), Path(sys.argv[2])
shutil.copytree(plain.folder, folder)
space = plain.space_of(("head",))
keep = np.ones((len(plain.directions), space.size), dtype=bool)
for head in sys.argv[3:]:
    key, _, number = head.partition(":")
    keep[:, space.flat(key, int(number))] = False
MaskTable(plain.directions, keep, space, {"weights_sha256": plain.weights_sha256}).write(folder / "masks.npz")
SystemFolder.write(
    folder, system="pruned", seed=plain.seed, languages=plain.languages, architecture=plain.architecture,
    mask_rows={name: name for name in plain.directions}, text=plain.text,
)
"""


def run(environment: str, *arguments: object) -> None:
    """Run Python in an environment."""
    command = [str(venvs_folder() / environment / "bin/python"), *map(str, arguments)]
    subprocess.run(command, check=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})


def main() -> None:
    """Compare the engines and print the figures."""
    parser = argparse.ArgumentParser(description="Removed heads: CTranslate2 against fairseq.")
    parser.add_argument("--system", type=Path, required=True)
    parser.add_argument("--direction", required=True)
    parser.add_argument("--source", type=Path, required=True)
    parser.add_argument("--heads", nargs="+", default=HEADS, metavar="GROUP:HEAD")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pruned = folder / "pruned"
        run("text", "-c", REMOVE, arguments.system.resolve(), pruned, *arguments.heads)
        found = {}
        for label, engine, system in (
            ("fairseq", "fairseq", pruned),
            ("ctranslate2", "ctranslate2", pruned),
            ("whole", "ctranslate2", arguments.system.resolve()),
        ):
            out = folder / label
            environment = {"fairseq": "fairseq", "ctranslate2": "text"}[engine]
            decode = ("-m", "workflow_scripts.translate.decode", "--engine", engine, "--ranking", "fairseq")
            files = ("--system", system, "--source", arguments.source.resolve(), "--out", out)
            run(environment, *decode, *files, "--direction", arguments.direction)
            found[label] = out.read_text(encoding="utf-8").split("\n")[:-1]
        shutil.rmtree(pruned)
    expected = found["fairseq"]
    for label, what in (("ctranslate2", "without the heads, by CTranslate2"), ("whole", "with all heads")):
        same = sum(one == other for one, other in zip(found[label], expected, strict=True))
        print(f"{what}: {same} of {len(expected)} hypotheses as fairseq without the heads")


if __name__ == "__main__":
    main()
