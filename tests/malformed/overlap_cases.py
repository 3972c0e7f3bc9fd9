"""Malformed masks and groups beside one another: the stage ``compare_masks``."""

import json

import numpy as np

from tests.malformed.case import cases_of, deferred
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.space import ffn_space

OUT = "--out-json o --out-csv p --out-structure q --out-groups r --out-markdown s"


def masks(path):
    space = ffn_space(1, 1, 8)
    MaskTable(["de-en", "en-de"], np.ones((2, space.size), dtype=bool), space, {}).write(path)


def remove(path):
    path.unlink()


def text(path):
    path.write_bytes(b"no masks")


@deferred
def compared(
    folder,
    options="--sets k70 k95",
    damage=lambda _: None,
    groups=None,
    pattern="{system}.{seed}.{maskset}.npz",
):
    for name in ("k70", "k95"):
        masks(folder / f"baseline.1.{name}.npz")
    damage(folder / "baseline.1.k95.npz")
    (folder / "stability.json").write_text(json.dumps({"format": "another"}))
    words = f"--masks {pattern} --seeds 1 {options} {OUT}".split()
    return [*words, *([] if groups is None else ["--groups", groups])]


case = cases_of("compare-masks-", "analyse.overlaps.compare_masks")

CASES = [
    case("absent", "a mask set that is not there", compared(damage=remove), "baseline.1.k95.npz: there is no such file or folder: check the path"),
    case("text", "text for masks", compared(damage=text), "baseline.1.k95.npz: not a neuronspec-masks-1 file (File is not a zip file); delete it and run the step that writes it again"),
    case("files", "a file for a set that is not compared", compared("""--sets k70 --files {"k95":"x.npz"}"""), "--files: 'k95' is not one of --sets"),
    case("field", "a file by direction", compared("""--sets k70 --files {"k70":"{direction}.npz"}"""), "--files {direction}.npz: a pattern has {system} and {seed} alone"),
    case("pattern", "masks without their seed", compared(pattern="{system}.1.{maskset}.npz"), "--masks {system}.1.{maskset}.npz: the pattern needs {seed}"),
    case("twice", "a set twice", compared("--sets k70 k70"), "--sets: k70 is named twice"),
    case("pair", "a pair with a set that is not compared", compared("--sets k70 k95 --pairs k70 k59"), "--pairs: no mask set 'k59' (did you mean 'k95'?); there are k70, k95"),
    case("itself", "a set beside itself", compared("--sets k70 k95 --pairs k70 k70"), "--pairs: k70 is paired with itself"),
    case("draws", "five random exchanges", compared("--sets k70 --draws 5"), "--draws is 5, at least 19 is needed"),
    case("permutations", "ten permutations", compared("--sets k70 --permutations 10"), "--permutations is 10, at least 19 is needed"),
    case("level", "a level in percent", compared("--sets k70 --level 5"), "--level is 5.0, a number between 0 and 1 is needed"),
    case("groups", "groups without a grouping", compared(groups='{"a":["de"]}'), '--groups: not of the shape {"family": {"germanic": ["de", "nl"]}}'),
    case("group-twice", "a language in two families", compared(groups='{"family":{"a":["de"],"b":["de"]}}'), "--groups: 'de' is more than once in the grouping 'family'"),
    case("drawn", "draws that are no list", compared("""--sets k70 --drawn {"boot":1}"""), '--drawn: not of the shape {"boot": ["boot-1", "boot-2"]}'),
    case("stability", "another file in the place of the stability", compared("--sets k70 --stability stability.json --stable k70"), "stability.json: not by stability, it lacks 'mean'"),
]  # fmt: skip
