"""Ablation curves: what is drawn of two seeds, of one, and of losses that fall."""

import pytest

from tests.unit.report.drawn import OF_TWO, bars_of, legend_of, lines_of, read_csv, write_job
from workflow_scripts.report.figures import plot_ablation
from workflow_scripts.report.figures.plot_ablation import ablation_figure, points

#: Test → set → loss at 0, 5 and 100 % of the units; their random units; areas.
VALUES = {
    "removed": {"importance top": (0, 0.5, 2), "importance bottom": (0, -0.125, 2)},
    "kept": {"importance top": (2, 1, 0), "importance bottom": (2, 2.5, 0)},
}
RANDOM = {
    "removed": ((0, 0, 0), (0.25, 0.125, 0.5), (2, 2, 2)),
    "kept": ((2, 2, 2), (1.5, 1, 1.75), (0, 0, 0)),
}
AREAS = {"importance top": 0.75, "importance bottom": 0.25}
SIZES = {"0%": 0.0, "5%": 0.05, "100%": 1.0}


def rows_of(add=0.0, measures=("nll", "area")):
    """The table of a job, with ``add`` added to the losses of 5 %."""
    rows = []
    for test, sets in VALUES.items():
        for name, losses in sets.items():
            for (size, share), loss, random in zip(SIZES.items(), losses, RANDOM[test], strict=True):
                value = loss + add * (size == "5%")
                rows.append(row("nll", test, name, size, share, value, random))
                if "bleu" in measures and size == "5%":
                    rows.append(row("bleu", test, name, size, share, -10 - add, (-1, -2, 0)))
            rows.append(row("area", test, name, "", "", AREAS[name], (0.5, 0.375, 0.625)))
        for size, share in SIZES.items():
            rows.append(row("nll", test, "random", size, share, 99, (99, 99, 99)))
    rows.append(row("nll", "scale:0.5", "importance top", "5%", 0.05, 99, (99, 99, 99)))
    return rows


def row(measure, test, name, size, share, mean, random):
    places = dict(zip(("random_mean", "random_low", "random_high"), random, strict=True))
    return {
        "measure": measure,
        "test": test,
        "set": name,
        "size": size,
        "share": share,
        "mean": mean,
        **places,
    }


def of_seeds(*adds, **more):
    return [
        {"system": "ns", "seed": str(seed), **{name: str(value) for name, value in one.items()}}
        for seed, add in enumerate(adds, start=1)
        for one in rows_of(add, **more)
    ]


def result_of(seed):
    direction = {"sentences": 100}
    return {
        "format": "neuronspec-ablation-1", "system": "ns", "seed": seed, "subset": "test", "replace": "zero",
        "draws": ["random-1", "random-2"], "directions": {"de-en": direction, "en-de": direction},
    }  # fmt: skip


def test_losses_of_two_seeds_stand_at_their_shares_beside_random_units():
    figure = ablation_figure(points(of_seeds(0, 0.25)))
    removed, kept, removed_area, kept_area = figure.axes
    half = round(0.25 * OF_TWO, 9)
    assert bars_of(removed) == {
        "importance, highest": [(0, 0, 0), (0.05, 0.625, half), (1, 2, 0)],
        "importance, lowest": [(0, 0, 0), (0.05, 0, half), (1, 2, 0)],
    }
    assert bars_of(kept)["importance, lowest"] == [(0, 2, 0), (0.05, 2.625, half), (1, 0, 0)]
    assert lines_of(removed)["random units"] == [(0, 0), (0.05, 0.25), (1, 2)]
    band = removed.collections[-2].get_paths()[0].vertices
    assert {(round(x, 9), y) for x, y in band.tolist()} >= {(0.05, 0.125), (0.05, 0.5)}
    assert legend_of(kept) == ["random units", "importance, highest", "importance, lowest"]
    assert [axis.get_title() for axis in (removed, kept)] == [
        "Units removed",
        "Units kept, all others removed",
    ]
    # A share of 0 and losses below it have a place on both axes.
    assert removed.get_xscale() == removed.get_yscale() == "symlog" and kept.get_yscale() == "linear"
    assert [text.get_text() for text in removed.get_xticklabels()] == ["0%", "5%", "100%"]
    assert removed_area.get_xlabel() == "area: effect when removed"
    assert [text.get_text() for text in kept_area.get_yticklabels()] == [
        "importance, highest",
        "importance, lowest",
    ]
    (top, bottom) = (container.lines[0].get_data() for container in removed_area.containers)
    assert ([*top[0], *top[1]], [*bottom[0], *bottom[1]]) == ([0.75, 0], [0.25, 1])


def test_one_seed_has_no_bars_and_a_loss_below_0_is_seen():
    figure = ablation_figure(points(of_seeds(0)))
    removed = figure.axes[0]
    assert bars_of(removed)["importance, lowest"] == [(0, 0, None), (0.05, -0.125, None), (1, 2, None)]
    low, high = removed.get_ylim()
    assert low < -0.125 and high > 2
    zero, below = removed.transData.transform([(0.05, 0), (0.05, -0.125)])[:, 1]
    assert zero - below > 20  # pixels


def test_each_further_measure_has_a_row_of_panels():
    figure = ablation_figure(points(of_seeds(0, measures=("nll", "area", "bleu"))))
    assert len(figure.axes) == 6
    assert bars_of(figure.axes[4])["importance, highest"] == [(0.05, -10, None)]
    assert figure.axes[4].get_ylabel() == "BLEU, difference"


def test_what_is_undefined_is_a_gap_and_told(tmp_path):
    rows = rows_of()
    for one in rows:
        if one["measure"] == "area":
            one |= dict.fromkeys(("mean", "random_mean", "random_low", "random_high"), "")
    job = write_job(tmp_path / "analysis", "s1", result_of(1), rows)
    plot_ablation.main(["--results", str(job), "--out", str(tmp_path / "figures" / "a.png")])
    table = read_csv(tmp_path / "figures" / "a.csv")
    assert [one["mean"] for one in table if one["measure"] == "area"] == [""] * 4
    assert "4 values are undefined and not drawn" in caption_of(tmp_path)


def caption_of(folder):
    return (folder / "figures" / "a.rst").read_text().replace("\\", "")


def test_the_files_say_what_is_drawn_and_of_what(tmp_path):
    jobs = [
        write_job(tmp_path / "analysis", f"s{seed}", result_of(seed), rows_of(add))
        for seed, add in ((1, 0), (2, 0.25))
    ]
    plot_ablation.main(["--results", *map(str, jobs), "--out", str(tmp_path / "figures" / "a.png")])
    table = read_csv(tmp_path / "figures" / "a.csv")
    assert len(table) == 2 * 2 * 4
    (one,) = (r for r in table if (r["test"], r["set"], r["size"]) == ("removed", "importance top", "5%"))
    assert one == {
        "measure": "nll", "test": "removed", "set": "importance top", "size": "5%", "share": "0.05",
        "mean": "0.625", "low": one["low"], "high": one["high"], "seeds": "2",
        "random_mean": "0.25", "random_low": "0.125", "random_high": "0.5",
    }  # fmt: skip
    assert float(one["high"]) - float(one["mean"]) == pytest.approx(0.25 * OF_TWO)
    said = caption_of(tmp_path)
    assert "Ablation of ns" in said and "beside 2 draws of random units" in said
    assert "Mean over 2 directions of test, 100 sentences each" in said
    assert "n = 2 seeds (1, 2)" in said and "the 95 % t interval of the mean over seeds" in said
    assert "Drawn from analysis/s1.json, analysis/s2.json" in said and "undefined" not in said


def test_a_curve_that_nothing_harms_stays_linear():
    rows = of_seeds(0)
    for one in rows:
        one["mean"] = "0" if one["measure"] == "nll" else one["mean"]
    removed = ablation_figure(points(rows)).axes[0]
    assert removed.get_yscale() == "linear"
    assert bars_of(removed)["importance, highest"] == [(0, 0, None), (0.05, 0, None), (1, 0, None)]


def test_names_of_sizes_that_are_too_close_leave_out_the_smaller_one():
    sizes = {"0%": 0.0, "1%": 0.01, "50%": 0.5, "97%": 0.97, "100%": 1.0}
    rows = [
        {"system": "ns", "seed": "1", **{name: str(value) for name, value in one.items()}}
        for size, share in sizes.items()
        for one in (
            row("nll", "removed", "lape top", size, share, 1, (1, 0, 2)),
            row("nll", "kept", "lape top", size, share, 1, (1, 0, 2)),
        )
    ]
    removed = ablation_figure(points(rows)).axes[0]
    assert [text.get_text() for text in removed.get_xticklabels()] == ["0%", "1%", "50%", "100%"]
    assert [x for x, *_ in bars_of(removed)["lape, highest"]] == [*sizes.values()]
