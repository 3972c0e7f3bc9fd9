"""Stability of masks over the number of sentences: intervals of seeds, of one seed those of draws."""

import pytest

from tests.unit.report.drawn import OF_TWO, legend_of, read_csv, write_job
from workflow_scripts.report.figures import plot_stability
from workflow_scripts.report.figures.plot_stability import points, stability_figure


def rows_of(add=0.0, layers=("encoder.0.ffn", "encoder.mean", "decoder.0.ffn", "decoder.mean")):
    rows = []
    for layer in layers:
        for place, sentences in enumerate(("50", "all")):
            mean = 0.75 + place / 8 + add
            row = {"layer": layer, "sentences": sentences, "mean_iou": mean, "low": 0.5, "high": 0.9375}
            rows.append({"direction": "mean", **row, "chance": 0.25 if layer.startswith("e") else 0.5})
            rows.append({**rows[-1], "direction": "de-en", "mean_iou": 0.99})
    return rows


def of(rows, seed="1"):
    return [{"system": "baseline", "seed": seed, **{n: str(v) for n, v in one.items()}} for one in rows]


def result_of(seed):
    return {
        "format": "neuronspec-stability-1", "system": "baseline", "seed": seed, "subset": "valid",
        "pairs": 45, "interval": "95 %, jackknife over draws, Student's t",
        "directions": {"de-en": {"sentences": 400}, "en-de": {"sentences": 500}},
    }  # fmt: skip


def bars(axis):
    """Label → (x, y, low, high) of each point."""
    found = {}
    for container in axis.containers:
        line, _, (drawn,) = container.lines
        ends = [sorted(y for _, y in segment) for segment in drawn.get_segments()]
        points = zip(*(values.tolist() for values in line.get_data()), ends, strict=True)
        found[container.get_label()] = [
            (x, y, pytest.approx(low), pytest.approx(high)) for x, y, (low, high) in points
        ]
    return found


def test_means_over_seeds_with_their_intervals_and_random_masks():
    encoder, decoder = stability_figure(points([*of(rows_of()), *of(rows_of(0.125), "2")])).axes
    half = 0.125 * OF_TWO
    expected = [(0, 0.8125, 0.8125 - half, 0.8125 + half), (1, 0.9375, 0.9375 - half, 0.9375 + half)]
    assert bars(encoder) == {"encoder.0.ffn": expected, "mean over layers": expected}
    dotted = [
        [*zip(*map(list, line.get_data()), strict=True)]
        for line in decoder.get_lines()
        if line.get_linestyle() == ":" and len(line.get_xdata())
    ]
    assert dotted == [[(0, 0.5), (1, 0.5)]] * 2
    assert [text.get_text() for text in encoder.get_xticklabels()] == ["50", "all"]
    assert encoder.get_ylim() == decoder.get_ylim()
    assert legend_of(encoder) == ["random masks", "encoder.0.ffn", "mean over layers"]


def test_one_seed_has_the_interval_of_draws_and_says_so(tmp_path):
    (axis,) = stability_figure(points(of(rows_of(layers=["encoder.mean"])))).axes
    assert bars(axis) == {"mean over layers": [(0, 0.75, 0.5, 0.9375), (1, 0.875, 0.5, 0.9375)]}
    job = write_job(tmp_path / "analysis", "s1", result_of(1), rows_of())
    out = tmp_path / "figures" / "s.png"
    plot_stability.main(["--results", str(job), "--maskset", "k95", "--out", str(out)])
    said = out.with_suffix(".rst").read_text().replace("\\", "")
    assert "Stability of the masks k95 of baseline" in said
    assert "mean over 2 directions and 45 pairs of samples; all: 400 to 500 sentences of a direction" in said
    assert "Bars: of one seed 95 %, jackknife over draws, Student's t" in said
    assert read_csv(out.with_suffix(".csv"))[0] == {
        "layer": "encoder.0.ffn", "sentences": "50", "seeds": "1", "iou": "0.75", "low": "0.5",
        "high": "0.9375", "chance": "0.25",
    }  # fmt: skip
