"""The picture of the README, drawn from kept figures: ``envs/bin/run-in evaluate tests.results_picture``.

What a language loses (nats per token) without the neurons of each language, in the Multi30k model of
docs/results/analysis_multi30k.md.
"""

import csv
from pathlib import Path

import matplotlib
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
FIGURES = ROOT / "docs/results/analysis_multi30k/effects.csv"
PICTURE = ROOT / "docs/images/effects_multi30k.png"
LANGUAGES = {"de": "German", "fr": "French", "cs": "Czech"}
SIDES = {"out of en": "English into …\n(decoder neurons)", "into en": "… into English\n(encoder neurons)"}
HIGHEST = 0.14  # nats; the largest loss is 0.138


def losses(side):
    """Return the raw losses by `difference`, [units of, loss of], in the order of LANGUAGES."""
    with FIGURES.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if (row["side"], row["set"]) == (side, "difference")]
    found = {(row["units_of"], row["loss_of"]): float(row["raw"]) for row in rows if row["size"] == "5%"}
    return np.array([[found[one, other] for other in LANGUAGES] for one in LANGUAGES])


def draw():
    """Draw both sides with one colour scale; numbers are in the cells."""
    matplotlib.use("agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(7.6, 3.6), layout="constrained", sharey=True)
    for axis, (side, title) in zip(axes, SIDES.items(), strict=True):
        values = losses(side)
        image = axis.imshow(values, cmap="cividis", vmin=0, vmax=HIGHEST)
        for (row, column), value in np.ndenumerate(values):
            colour = "black" if value > HIGHEST / 2 else "white"
            axis.text(column, row, f"{value:+.3f}", ha="center", va="center", color=colour, fontsize=12)
        axis.set_title(title, fontsize=11)
        axis.set_xticks(range(3), LANGUAGES.values())
        axis.set_yticks(range(3), [f"without {name}'s\n5 % of neurons" for name in LANGUAGES.values()])
        axis.set_xlabel("loss of this language")
        axis.tick_params(length=0)
    figure.colorbar(image, ax=axes, label="loss, nats per token", shrink=0.85)
    figure.savefig(PICTURE, dpi=130)


if __name__ == "__main__":
    draw()
