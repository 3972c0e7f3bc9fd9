"""Maps of heads, each seed by itself, and pruning curves."""

import math

import numpy as np

from tests.unit.report.drawn import OF_TWO, bars_of, legend_of, lines_of, read_csv, write_job
from workflow_scripts.report.figures import plot_heads, plot_pruning
from workflow_scripts.report.figures.plot_heads import heads, heads_figure
from workflow_scripts.report.figures.plot_pruning import points, pruning_figure, shares_of

GROUPS = {"encoder.0.self": 2, "encoder.1.self": 2, "decoder.0.self": 2, "decoder.0.cross": 1}
#: Task → group → importance of each head.
IMPORTANCE = {
    "de-en": {"encoder.0.self": [1.0, 2.0], "encoder.1.self": [3.0, 4.0], "decoder.0.self": [0.5, -0.5],
              "decoder.0.cross": [7.0]},
    "en-de": {"encoder.0.self": [2.0, 4.0], "encoder.1.self": [5.0, None], "decoder.0.self": [0.5, -1.5],
              "decoder.0.cross": [None]},
}  # fmt: skip


def result_of(seed, importance=IMPORTANCE):
    return {
        "format": "neuronspec-prune-heads-1", "system": "ns", "seed": seed, "groups": GROUPS,
        "importance": importance, "counting": "importance per token", "normalised": False,
        "scored_on": "valid", "subset": "test", "tasks": {"de-en": ["de-en"], "en-de": ["en-de"]},
        "draws": ["random-1", "random-2"], "keep_per_layer": 1, "ascending": False,
        "sizes": {"25%": {"encoder.self": 1}, "50%": {"encoder.self": 2, "decoder.self": 2}},
    }  # fmt: skip


def drawn_values(axis):
    return np.ma.filled(axis.images[0].get_array().astype(float), np.nan).tolist()


def rows_of(add=0.0, relative="10"):
    rows = []
    for size, own in (("25%", 0.5), ("50%", 1.0)):
        for measure, mean, random in (
            ("own", own + add, (0.25, -0.5, 1)), ("others", -0.25, (0.25, -0.5, 1)),
            ("public", 99, (9, 9, 9)), ("relative", relative, (1, -20, 20)),
        ):  # fmt: skip
            names = dict(zip(("random_mean", "random_low", "random_high"), random, strict=True))
            rows.append(
                {"metric": "nll", "size": size, "measure": measure, "task": "mean", "mean": mean, **names}
            )
            rows.append({**rows[-1], "task": "de-en", "mean": 77})
    return rows


def as_text(*tables):
    return [{name: str(value) for name, value in one.items()} for rows in tables for one in rows]


def test_a_map_for_each_seed_and_attention_of_means_over_tasks():
    found = heads(result_of(1)) + heads(result_of(2, {"de-en": IMPORTANCE["de-en"]}))
    figure = heads_figure(found)
    assert [axis.get_title() for axis in figure.axes] == [
        f"{name}\nseed {seed}"
        for seed in (1, 2)
        for name in ("encoder self-attention", "decoder self-attention", "decoder cross-attention")
    ]
    encoder, decoder, cross, encoder_2, *_ = figure.axes
    # The second head of layer 1 is defined in one task alone.
    assert drawn_values(encoder) == [[1.5, 3.0], [4.0, 4.0]]
    assert drawn_values(encoder_2) == [[1.0, 2.0], [3.0, 4.0]]
    assert drawn_values(cross) == [[7.0]]
    # From 0 where nothing is below it, else with 0 in the middle.
    assert encoder.images[0].get_clim() == (0, 4)
    assert drawn_values(decoder) == [[0.5, -1.0]] and decoder.images[0].get_clim() == (-1, 1)
    # The first layer is the lowest.
    bottom, top = encoder.get_ylim()
    assert bottom < top
    assert [text.get_text() for text in encoder.get_yticklabels()] == ["0", "1"]
    assert (encoder.get_xlabel(), encoder.get_ylabel()) == ("head", "layer")


def test_a_head_without_a_value_and_one_that_is_not_there_are_hatched():
    uneven = {**result_of(1), "groups": {"encoder.0.self": 2, "encoder.1.self": 1}}
    uneven["importance"] = {"de-en": {"encoder.0.self": [1.0, None], "encoder.1.self": [3.0]}}
    (axis,) = heads_figure(heads(uneven)).axes
    values = drawn_values(axis)
    assert values[0][0] == 1 and values[1][0] == 3 and math.isnan(values[0][1]) and math.isnan(values[1][1])
    hatched = sorted(
        (patch.get_y() + 0.5, patch.get_x() + 0.5) for patch in axis.patches if patch.get_hatch()
    )
    assert hatched == [(0, 1), (1, 1)]


def test_the_files_of_the_maps(tmp_path):
    jobs = [write_job(tmp_path / "analysis", f"s{seed}", result_of(seed), rows_of()) for seed in (1, 2)]
    plot_heads.main(["--results", *map(str, jobs), "--out", str(tmp_path / "figures" / "h.png")])
    table = read_csv(tmp_path / "figures" / "h.csv")
    assert len(table) == 2 * 7
    assert table[1] == {
        "seed": "1", "attention": "encoder self-attention", "layer": "0", "head": "1", "importance": "3.0",
        "sd": "1.4142135623730951", "tasks": "2",
    }  # fmt: skip
    said = (tmp_path / "figures" / "h.rst").read_text().replace("\\", "")
    assert "Attention heads of ns: importance per token, on valid, the mean over 2 tasks" in said
    assert "n = 2 seeds (1, 2)" in said and "Hatched" not in said


def test_curves_over_the_share_of_heads():
    assert shares_of(result_of(1)) == {"25%": 1 / 7, "50%": 4 / 7}
    found = points(as_text(rows_of(), rows_of(0.5)), {"25%": 1 / 7, "50%": 4 / 7})
    change, apart = pruning_figure(found).axes
    half = round(0.5 * OF_TWO, 9)
    assert bars_of(change) == {
        "the task itself": [(1 / 7, 0.75, half), (4 / 7, 1.25, half)],
        "other tasks": [(1 / 7, -0.25, 0), (4 / 7, -0.25, 0)],
    }
    assert lines_of(change)["random heads"] == [(1 / 7, 0.25), (4 / 7, 0.25)]
    assert bars_of(apart) == {"own heads against those of others": [(1 / 7, 10, 0), (4 / 7, 10, 0)]}
    assert legend_of(change) == ["random heads", "the task itself", "other tasks"]
    # What is below 0 is below the line of 0.
    assert change.get_ylim()[0] < -0.25
    assert [text.get_text() for text in change.get_xticklabels()] == ["25%", "50%"]


def test_one_task_has_no_panel_of_dissociation_and_one_seed_no_bars(tmp_path):
    rows = rows_of(relative="")
    for one in rows:
        if one["measure"] == "others":
            one["mean"] = ""
    job = write_job(tmp_path / "analysis", "s1", result_of(1), rows)
    plot_pruning.main(["--results", str(job), "--out", str(tmp_path / "figures" / "p.png")])
    (axis,) = pruning_figure(points(as_text(rows), shares_of(result_of(1)))).axes
    assert bars_of(axis)["the task itself"] == [(1 / 7, 0.5, None), (4 / 7, 1.0, None)]
    said = (tmp_path / "figures" / "p.rst").read_text().replace("\\", "")
    assert "One seed: no interval over seeds is drawn" in said
    assert "4 values are undefined and not drawn" in said and "1 of each layer's attention stay" in said
    table = read_csv(tmp_path / "figures" / "p.csv")
    assert [(r["measure"], r["mean"], r["low"]) for r in table[:3]] == [
        ("own", "0.5", ""), ("others", "", ""), ("relative", "", ""),
    ]  # fmt: skip
