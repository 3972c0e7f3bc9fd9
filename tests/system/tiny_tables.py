"""The rows of each table that the analyses of the tiny experiment write."""

from itertools import combinations, product

from tests.tiny_experiment import TRAINED

STACKS = ("encoder", "decoder")
LAYERS = [f"{stack}.{layer}.ffn" for stack in STACKS for layer in (0, 1)]
WITH_MEANS = [*LAYERS, *(f"{stack}.mean" for stack in STACKS)]
RANDOM = [f"random-{draw}" for draw in range(1, 6)]
LANGUAGES, SIDES = ("ka", "ke"), ("out of en", "into en")
NS, BASELINE = "ns-k70/s1", "baseline/s1"
HEADS, CURVES, EFFECTS = f"prune_heads/{NS}", f"ablate_units/{NS}", f"effect_matrix/{BASELINE}"
PROBE, COMPARED = f"fit_probes/{BASELINE}/encoder.upos", "correlate_units/seeds/ns-k70"
FORMS = ("max", "min", "linreg")
ENDS = ("top", "bottom")
SETS = ("activations top", "activations bottom", "random")
OF_LAYERS = ("accuracy", "selectivity", "share")


def crossed(*parts):
    return set(product(*parts))


#: Table → columns that say what a row is of; the column of its figure; all of its rows.
TABLES = {
    HEADS: (
        "metric size measure task", "mean",
        crossed(["nll"], ["1"], ["own", "others"], ["mean"])
        | crossed(["nll"], ["1"], ["public", "relative"], [*TRAINED, "mean"]),
    ),
    CURVES: (
        "test set size", "mean",
        crossed(["removed", "kept"], SETS, ["0%", "25%", "100%", ""]) | crossed(["zero"], SETS, ["25%"]),
    ),
    EFFECTS: (
        "side set size units_of loss_of", "raw",
        crossed(SIDES, ["difference", "masks", *RANDOM], ["5%"], LANGUAGES, LANGUAGES),
    ),
    COMPARED: ("site form", "mean", crossed(LAYERS, [*FORMS, "linreg_in_sample", "svcca"])),
    f"erase_correlated/seeds/{NS}": ("form end size", "mean", crossed(FORMS, ENDS, ["5%"])),
    f"score_by_label/{BASELINE}/encoder.upos": (
        "one other", "jaccard",
        set(combinations(["probe", "probeless", "selectivity", "average_precision"], 2)),
    ),
    "compare_probes": (
        "stack property system measure", "mean",
        crossed(
            ["encoder"], ["upos"], ["baseline"],
            [
                *("accuracy", "majority", "control", "selectivity", "salient", "centre"),
                *(f"{what} of {layer}" for what in OF_LAYERS for layer in LAYERS[:2]),
            ],
        ),
    ),
    "compare_masks": ("kind one other layer", "iou", crossed(["sets"], ["k70"], ["top25"], WITH_MEANS)),
    "compare_masks.structure": ("one other side layer", "n", crossed(["k70"], ["top25"], SIDES, WITH_MEANS)),
    # Two languages make one partition: nothing to compare.
    "compare_masks.groups": (
        "masks side grouping verdict", "partitions",
        crossed(
            [f"{BASELINE}/k70", f"{BASELINE}/top25"], SIDES, ["family", "tier"], ["nothing to compare"]
        ),
    ),
    f"text_control/{BASELINE}/k70": (
        "masks direction layer", "iou", crossed(["shuffled"], [*TRAINED, "mean"], WITH_MEANS)
    ),
}  # fmt: skip
