"""Malformed input of the pruning of heads: a model of 2 + 2 layers of two heads, 4 of each type of attention."""

from tests.malformed.case import cases_of, deferred
from tests.malformed.model_cases import counting


@deferred
def pruning(folder, options="", sizes="50%", directions="de-en en-de"):
    words = f"--score-subset valid --directions {directions} --sizes {sizes}"
    words += " --out-json c.json --out-csv c.csv --out-markdown c.md --subset test"
    return str(counting(options=f"{words} {options}")(folder))


heads = cases_of("heads-", "analyse.heads.prune_heads")

CASES = [
    heads("share", "a share of heads that is less than one", pruning(sizes="5% 50%"), "select top:5%@type: that is less than one of the 4 units of encoder.self; take at least 25%"),
    heads("size", "more heads than there are", pruning("--scope model", sizes="13"), "select top:13@model: there are 12 units of the model; take at most 12"),
    heads("kept", "more heads than may go", pruning("--keep-per-layer 1", sizes="75%"), "size 75%: 3 heads of encoder.self cannot go where 1 of each layer stay, but 2; take a smaller size or keep fewer\nsize 75%: 3 heads of decoder.self cannot go where 1 of each layer stay, but 2; take a smaller size or keep fewer\nsize 75%: 3 heads of decoder.cross cannot go where 1 of each layer stay, but 2; take a smaller size or keep fewer"),
    heads("twice", "a size named twice", pruning(sizes="50% 50%"), "--sizes: 50% is named twice"),
    heads("draws", "pruned heads beside one random draw", pruning("--draws 1"), "--draws is 1, at least 5 is needed"),
    heads("one", "heads of one direction", pruning(directions="de-en"), "--tasks direction: de-en are one task; a task is compared with others, so take more directions"),
    heads("side", "tasks by side without a pivot", pruning("--tasks side"), "--tasks side: de-en is neither out of the pivot None nor into it"),
    heads("same", "heads ranked on the text that tasks are measured on", pruning("--subset valid"), "--subset valid: heads are scored on it; measure tasks on another text"),
    heads("families", "families that are a list", pruning("--families []"), '--families: not of the shape {"de": "germanic"}'),
    heads("text", "a direction without test text", pruning(), "bin/test.de-en.de.bin is missing: direction de-en has no binarised test data; of the pair it has valid"),
]  # fmt: skip
