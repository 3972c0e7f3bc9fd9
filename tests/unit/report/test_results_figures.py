"""The pictures of docs/results show what its tables say."""

import numpy as np

from tests.results_figures import DOCS, PICTURES, effects
from tests.unit.report.drawn import bars_of

LARGEST = 150_000  # bytes


def test_the_effect_matrix_is_that_of_the_page():
    raw, centred, *_ = effects().axes
    values = [np.ma.filled(axis.images[0].get_array(), np.nan) for axis in (raw, centred)]
    assert values[0].diagonal().round(3).tolist() == [0.075, 0.103, 0.069, 0.083]
    assert values[1].diagonal().round(3).tolist() == [0.054, 0.068, 0.051, 0.058]


def test_units_of_three_seeds_are_as_alike_as_the_page_says():
    axis = PICTURES["analysis_correlation"].draw().axes[0]
    assert [round(mean, 3) for _, mean, _ in bars_of(axis)["baseline"]] == [0.528, 0.489]


def test_own_masks_are_as_far_below_further_training_as_the_page_says():
    values = np.ma.filled(PICTURES["controls_gains"].draw().axes[0].images[0].get_array(), np.nan)
    assert values.shape == (10, 8)  # systems, directions
    # ns, random, … shuffled masks: the means of the page's table.
    assert values.mean(axis=1).round(2).tolist()[:2] == [-0.21, -0.52]


def test_every_picture_is_there_and_shown():
    for name, one in PICTURES.items():
        page = (DOCS / "results" / f"{one.page}.md").read_text(encoding="utf-8")
        picture = DOCS / "images" / f"{name}.png"
        assert picture.stat().st_size < LARGEST
        assert f"](../images/{name}.png)" in page
