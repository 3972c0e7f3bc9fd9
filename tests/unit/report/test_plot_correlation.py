"""Units of several models: correlation by layer beside chance, and what systems lose without alike units."""

from tests.unit.report.drawn import OF_TWO, bars_of, legend_of, lines_of, read_csv, write_job
from workflow_scripts.report.figures import plot_correlation, plot_erasure
from workflow_scripts.report.figures.plot_correlation import correlation_figure
from workflow_scripts.report.figures.plot_erasure import APART, erasure_figure

VALUES = {"max": 0.5, "min": 0.25, "linreg": -0.125, "linreg_in_sample": 9, "svcca": 1}
SITES = ("encoder.0.ffn", "encoder.1.ffn", "decoder.0.ffn")


def correlated(add=0.0, sites=SITES):
    return [
        {
            "site": site, "form": form, "mean": value + add + place / 8, "sd": 0.125, "n": 3,
            "chance_mean": 0.125, "chance_low": 0.0625 - add, "chance_high": 0.25,
        }
        for place, site in enumerate(sites)
        for form, value in VALUES.items()
    ]  # fmt: skip


def compared(*names):
    models = {name: {"system": name.split("/")[0], "seed": int(name[-1])} for name in names}
    return {"format": "neuronspec-correlation-1", "models": models, "subset": "valid", "draws": 5}


def of(rows, **names):
    return [names | {name: str(value) for name, value in one.items()} for one in rows]


def test_correlation_by_layer_of_each_comparison_beside_chance():
    rows = [*of(correlated(), models="baseline"), *of(correlated(0.0625), models="ns")]
    figure = correlation_figure(plot_correlation.points(rows))
    assert len(figure.axes) == 4 * 2
    encoder, decoder = figure.axes[:2]
    assert (encoder.get_title(), decoder.get_title()) == ("encoder ffn", "decoder ffn")
    assert [axis.get_ylabel() for axis in figure.axes[::2]] == ["MaxCorr", "MinCorr", "LinReg R²", "SVCCA"]
    assert bars_of(encoder) == {
        "baseline": [(-0.03, 0.5, 0.125), (0.97, 0.625, 0.125)],
        "ns": [(0.03, 0.5625, 0.125), (1.03, 0.6875, 0.125)],
    }
    assert bars_of(decoder)["baseline"] == [(-0.03, 0.75, 0.125)]
    assert lines_of(encoder)["chance"] == [(0, 0.125), (1, 0.125)]
    band = encoder.collections[-2].get_paths()[0].vertices.tolist()
    # The widest of both comparisons.
    assert {y for _, y in band} == {0.0, 0.25}
    assert bars_of(figure.axes[4])["baseline"][0] == (-0.03, -0.125, 0.125)
    assert figure.axes[4].get_ylim()[0] < -0.25
    assert legend_of(decoder) == ["chance", "baseline", "ns"]


def test_a_regression_that_does_not_fit_hides_no_other_value():
    rows = of(correlated(), models="ns")
    for row in rows:
        if row["form"] == "linreg" and row["site"] == "encoder.1.ffn":
            row |= {"mean": "-5000", "chance_low": "-100000"}
    figure = correlation_figure(plot_correlation.points(rows))
    r2 = figure.axes[4]
    assert [axis.get_yscale() for axis in figure.axes] == ["linear"] * 4 + ["symlog"] * 2 + ["linear"] * 2
    assert bars_of(r2)["ns"] == [(0, -0.125, 0.125), (1, -5000, 0.125)]
    none, all_of_it = r2.transData.transform([(0, 0), (0, 1)])[:, 1]
    assert all_of_it - none > 15  # pixels between nothing and all of the variance


def test_all_layers_together_are_one_place():
    figure = correlation_figure(plot_correlation.points(of(correlated(sites=["encoder.ffn"]), models="s1")))
    axis = figure.axes[0]
    assert axis.get_title() == "encoder ffn" and [t.get_text() for t in axis.get_xticklabels()] == ["all"]
    assert bars_of(axis) == {"s1": [(0, 0.5, 0.125)]}


def test_the_files_of_a_comparison(tmp_path):
    jobs = [
        write_job(tmp_path / "analysis", name, compared(f"{name}/s1", f"{name}/s2"), correlated())
        for name in ("baseline", "ns")
    ]
    out = tmp_path / "figures" / "c.png"
    plot_correlation.main(["--results", *map(str, jobs), "--between", "seeds", "--out", str(out)])
    table = read_csv(out.with_suffix(".csv"))
    assert len(table) == 2 * 3 * 4
    assert table[0] == {
        "models": "baseline", "units": "encoder ffn", "layer": "0", "form": "max", "n": "3", "mean": "0.5",
        "sd": "0.125", "chance_mean": "0.125", "chance_low": "0.0625", "chance_high": "0.25",
    }  # fmt: skip
    said = out.with_suffix(".rst").read_text().replace("\\", "")
    assert "compared between seeds of a system" in said and "n = 2 seeds (1, 2)" in said
    assert "Bars: one standard deviation over models, which share partners" in said
    assert "no interval follows" in said


def erased(add=0.0, sizes=(("5%", 8), ("20%", 32))):
    return [
        {
            "form": form, "end": end, "size": size, "units": units, "mean": value + add,
            "random_mean": 0.25, "random_low": -0.125, "random_high": 0.5 + add,
        }
        for form in ("max", "linreg")
        for end, value in (("top", 0.5), ("bottom", -0.25))
        for size, units in sizes
    ]  # fmt: skip


def test_losses_without_units_that_are_most_and_least_alike():
    rows = [*of(erased(), system="baseline", seed="1"), *of(erased(0.25), system="baseline", seed="2")]
    rows += of(erased(1), system="ns", seed="1")
    figure = erasure_figure(plot_erasure.points(rows))
    titles = [axis.get_title() for axis in figure.axes]
    assert titles == ["baseline, MaxCorr", "baseline, LinReg R²", "ns, MaxCorr", "ns, LinReg R²"]
    half = round(0.25 * OF_TWO, 9)
    assert bars_of(figure.axes[0]) == {
        "most alike": [(8 / APART, 0.625, half), (32 / APART, 0.625, half)],
        "least alike": [(8 * APART, -0.125, half), (32 * APART, -0.125, half)],
    }
    assert bars_of(figure.axes[2])["least alike"] == [(8 * APART, 0.75, None), (32 * APART, 0.75, None)]
    assert lines_of(figure.axes[0])["random units"] == [(8, 0.25), (32, 0.25)]
    assert [text.get_text() for text in figure.axes[0].get_xticklabels()] == ["5%", "20%"]
    assert figure.axes[0].get_ylim() == figure.axes[1].get_ylim()


def test_the_files_of_an_erasure(tmp_path):
    jobs = []
    for system, seed in (("baseline", 1), ("baseline", 2), ("ns", 1)):
        result = {
            "format": "neuronspec-erasure-1", "system": system, "model_seed": seed, "seed": 1, "draws": 5,
            "texts": {"de-en": {}, "en-de": {}}, "subset": "valid", "of_units": 160,
        }  # fmt: skip
        jobs.append(write_job(tmp_path / "analysis" / system, f"s{seed}", result, erased()))
    out = tmp_path / "figures" / "e.png"
    plot_erasure.main(["--results", *map(str, jobs), "--between", "systems", "--out", str(out)])
    table = read_csv(out.with_suffix(".csv"))
    assert len(table) == 2 * 2 * 2 * 2
    assert table[0] == {
        "system": "baseline", "form": "max", "end": "top", "size": "5%", "units": "8", "mean": "0.5",
        "low": "0.5", "high": "0.5", "seeds": "2", "random_mean": "0.25", "random_low": "-0.125",
        "random_high": "0.5",
    }  # fmt: skip
    said = out.with_suffix(".rst").read_text().replace("\\", "")
    assert "those most and those least like units of other systems of the seed" in said
    assert "of 160 units" in said and "Mean over 2 directions of valid" in said
    assert "n = 2 seeds (1, 2)" in said


def test_one_size_is_a_point_with_its_range(tmp_path):
    figure = erasure_figure(plot_erasure.points(of(erased(sizes=[("5%", 8)]), system="ns", seed="1")))
    axis = figure.axes[0]
    low, high = axis.get_xlim()
    assert low < 8 / APART < 8 * APART < high < 16
    (segment,) = axis.collections[-1].get_segments()
    assert segment.tolist() == [[8, -0.125], [8, 0.5]]
