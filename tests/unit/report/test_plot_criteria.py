"""Criteria of units side by side: what their units do to the own direction and to others."""

from tests.unit.report.drawn import OF_TWO, legend_of, read_csv, write_job
from workflow_scripts.report.figures import plot_criteria
from workflow_scripts.report.figures.plot_criteria import APART, criteria_figure, points


def rows_of(add=0.0):
    rows = []
    for test, sign in (("removed", 1), ("kept", -1)):
        for measure, value in (("own", 1.0), ("others", 0.5), ("difference", 0.5)):
            for place, name in enumerate(("activations", "lape", "random")):
                random = {"random_mean": 0.25, "random_low": 0.125 * sign, "random_high": 0.375}
                mean = sign * (value + place) + add
                rows.append({"criterion": name, "test": test, "measure": measure, "mean": mean, **random})
    return rows


def of(rows, seed="1"):
    return [{"system": "baseline", "seed": seed, **{n: str(v) for n, v in one.items()}} for one in rows]


def result_of(seed):
    return {
        "format": "neuronspec-criteria-1", "system": "baseline", "seed": seed, "units": 12, "of_units": 256,
        "texts": {"de-en": {}, "en-de": {}}, "size": "5%", "subset": "test", "draws": ["random-1"],
    }  # fmt: skip


def bars(axis):
    """Label → (x, y, half of the bar) of each point."""
    found = {}
    for container in axis.containers:
        line, _, (drawn,) = container.lines
        halves = [round(abs(ends[1][0] - ends[0][0]) / 2, 9) for ends in drawn.get_segments()]
        found[container.get_label()] = list(zip(*map(list, line.get_data()), halves, strict=True))
    return found


def test_own_and_other_directions_beside_random_units():
    removed, kept = criteria_figure(points([*of(rows_of()), *of(rows_of(0.5), "2")])).axes
    half = round(0.5 * OF_TWO, 9)
    assert bars(removed) == {
        "own direction": [(1.25, -APART, half), (2.25, 1 - APART, half)],
        "other directions": [(0.75, APART, half), (1.75, 1 + APART, half)],
    }
    assert bars(kept)["own direction"] == [(-0.75, -APART, half), (-1.75, 1 - APART, half)]
    ranges = [segment.tolist() for segment in removed.collections[0].get_segments()]
    assert ranges == [[[0.125, -APART], [0.375, -APART]], [[0.125, 1 - APART], [0.375, 1 - APART]]]
    assert [text.get_text() for text in removed.get_yticklabels()] == ["activations", "lape"]
    # The first criterion stands highest; the axis has what is below 0.
    assert removed.get_ylim() == (1.5, -0.5) and kept.get_xlim()[0] < -1.75
    assert legend_of(kept) == ["random units", "own direction", "other directions"]


def test_the_files_say_what_is_drawn_and_of_what(tmp_path):
    job = write_job(tmp_path / "analysis", "s1", result_of(1), rows_of())
    out = tmp_path / "figures" / "criteria.png"
    plot_criteria.main(["--results", str(job), "--out", str(out)])
    table = read_csv(out.with_suffix(".csv"))
    assert len(table) == 2 * 2 * 2
    assert table[0] == {
        "criterion": "activations", "test": "removed", "measure": "own", "mean": "1.0", "low": "", "high": "",
        "seeds": "1", "random_mean": "0.25", "random_low": "0.125", "random_high": "0.375",
    }  # fmt: skip
    said = out.with_suffix(".rst").read_text().replace("\\", "")
    assert "each names 12 of 256 FFN neurons for each of 2 directions, 5% of each layer" in said
    assert "One seed: no interval over seeds is drawn" in said
