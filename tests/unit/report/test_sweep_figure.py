"""The figure of a sweep: gains, intervals of t, draws as a band, the share of units that masks leave out."""

import pytest

from tests.figure_layout import assert_layout
from workflow_scripts.common.errors import UserError
from workflow_scripts.report.figures.sweep import bands, sweep_figure, sweep_points, sweep_rows
from workflow_scripts.report.tables.controls import COLUMNS
from workflow_scripts.report.tables.draws import COLUMNS as DRAWS
from workflow_scripts.report.tables.summary import CSV_COLUMNS


def row(system, k, side, baseline=("", ""), continued=("", ""), n="3", **more):
    values = dict.fromkeys([*CSV_COLUMNS, *DRAWS], "") | {
        "testset": "news",
        "profile": "raw",
        "metric": "bleu",
    }
    values |= {"grouping": "all", "group": "all", "side": side, "system": system, "k": k, "n": n}
    for column, (gain, sd) in {"baseline": baseline, "continued": continued}.items():
        values |= {f"{column}_difference": gain, f"{column}_difference_sd": sd, f"{column}_difference_n": n}
    return values | more


SUMMARY = [
    row("baseline", "", "both"),
    row("ns-k95", "95", "out of pivot", ("1.5", "0.5"), ("-0.5", "0.1")),
    row("ns-k70", "70", "out of pivot", ("2.5", "0.25"), ("0.25", ""), n="1"),
    row("ns-k70", "70", "into pivot", ("-1.0", ""), ("3.0", ""), n="1"),
    row("ns-k70", "70", "into pivot", ("7", ""), grouping="family"),
    row("ns-k70", "70", "into pivot", ("7", ""), metric="chrf"),
    row("other-k70", "70", "into pivot", ("7", "")),
]
DRAWN = {"mean": "20.0", "draws": "5", "draws_low": "18.0", "draws_high": "23.0"}
DRAWN |= {"draws_least": "17.0", "draws_most": "24.0"}
RANDOM = row("random", "", "out of pivot", ("5.0", "0.1"), ("-1.0", ""), **DRAWN)


def control(system, against, side, difference, sd, draws, above, **more):
    values = dict.fromkeys(COLUMNS, "") | {"testset": "news", "profile": "raw", "metric": "BLEU"}
    values |= {"side": side, "system": system, "against": against, "difference": difference, "sd": sd}
    return values | {"n": "3", "draws": draws, "above": above} | more


CONTROLS = [
    control("ns-k95", "random", "out of pivot", "0.75", "0.5", "5", "4"),
    # Not over draws: against the control, of draws against it, of another sweep, of another metric.
    control("ns-k95", "continued", "out of pivot", "9", "1", "0", ""),
    control("random", "continued", "out of pivot", "9", "1", "5", ""),
    control("other-k70", "random", "out of pivot", "9", "1", "5", "5"),
    control("ns-k95", "random", "out of pivot", "9", "1", "5", "5", metric="chrF2++"),
]
#: Half of the 95 % t interval of three seeds with a standard deviation of 1: 4.303 / √3.
OF_THREE = 2.4841


def bars_of(axis):
    """Legend entry -> (k, gain, ends of the bar) of each point; None without a bar."""
    found = {}
    for container in axis.containers:
        line, _, (bars,) = container.lines
        ends = [(piece[0][1], piece[1][1]) if len(piece) else None for piece in bars.get_segments()]
        found[container.get_label()] = list(zip(*line.get_data(), ends, strict=True))
    return found


def drawn(summary=SUMMARY, controls=(), left_out=None, metric="bleu"):
    left_out = left_out or {}
    points = sweep_points(summary, controls, metric, "ns", left_out)
    return sweep_figure(points, bands(summary, metric, left_out), metric)


def test_gains_over_both_references_by_side_with_intervals_of_t():
    figure = drawn()
    baseline, continued = figure.axes
    low, high = 1.5 - OF_THREE / 2, 1.5 + OF_THREE / 2
    (k70, k95) = bars_of(baseline)["out of pivot"]
    assert k70 == (70.0, 2.5, None) and k95[:2] == (95.0, 1.5)
    assert k95[2] == pytest.approx((low, high), abs=1e-3)
    assert bars_of(baseline)["into pivot"] == [(70.0, -1.0, None)]
    assert bars_of(continued)["into pivot"] == [(70.0, 3.0, None)]
    assert [point[1] for point in bars_of(continued)["out of pivot"]] == [0.25, -0.5]
    assert continued.get_legend() is not None and baseline.get_legend() is None
    assert [text.get_text() for text in continued.get_legend().get_texts()] == ["out of pivot", "into pivot"]
    assert baseline.get_ylabel() == "BLEU gain over baseline"
    assert continued.get_ylabel() == "BLEU gain over continued training"
    assert {axis.get_title() for axis in figure.axes} == {"news, BLEU"}
    assert {axis.get_xlabel() for axis in figure.axes} == {"threshold k (%)"}


def test_of_an_error_rate_a_difference_is_no_gain():
    figure = drawn([{**one, "metric": "ter"} for one in SUMMARY], metric="ter")
    assert figure.axes[0].get_ylabel().replace("\n", " ") == "TER (lower is better) difference to baseline"


def test_draws_are_a_band_from_the_least_to_the_most_and_a_panel_of_their_own():
    """Draws of 20 with 17 to 24; a gain of 5 over the baseline moves them to 2 to 9, -1 to -4 to 3."""
    figure = drawn([*SUMMARY, RANDOM], CONTROLS, {"random": 0.5})
    assert [axis.get_ylabel().rpartition(" over ")[2] for axis in figure.axes] == [
        "baseline",
        "continued training",
        "random",
    ]
    for axis, ends, mean in zip(figure.axes, ((2, 9), (-4, 3)), (5, -1), strict=False):
        [band] = axis.patches
        assert (band.get_y(), band.get_y() + band.get_height()) == ends
        [line] = [line for line in axis.get_lines() if line.get_linestyle() == "--"]
        assert set(line.get_ydata()) == {mean}
        assert line.get_label() == "random, out of pivot (5 draws), 50 % left out"
    over_random = bars_of(figure.axes[2])
    [(k, gain, ends)] = over_random["out of pivot"]
    assert (k, gain) == (95.0, 0.75) and not figure.axes[2].patches
    assert ends == pytest.approx((0.75 - OF_THREE / 2, 0.75 + OF_THREE / 2), abs=1e-3)
    assert_layout(figure)


def test_bands_are_of_the_most_comprehensive_side():
    assert [one.side for one in bands([*SUMMARY, RANDOM], "bleu", {})] == ["out of pivot"] * 2
    both = {**RANDOM, "side": "both"}
    assert [one.side for one in bands([*SUMMARY, RANDOM, both], "bleu", {})] == ["both"] * 2
    assert bands([{**RANDOM, "draws": "1"}], "bleu", {}) == []
    # Another test set has that side alone.
    talks = {**RANDOM, "testset": "talks"}
    found = bands([*SUMMARY, RANDOM, both, talks], "bleu", {})
    assert [(one.testset, one.side) for one in found] == [
        *[("news", "both")] * 2,
        *[("talks", "out of pivot")] * 2,
    ]


def test_the_axis_above_says_what_share_of_units_is_left_out():
    [above] = drawn(left_out={"ns-k70": 0.56, "ns-k95": 0.204}).axes[0].child_axes
    assert list(above.get_xticks()) == [70, 95]
    assert [label.get_text() for label in above.get_xticklabels()] == ["56", "20"]
    assert above.get_xlabel() == "units left out (%)"
    assert drawn().axes[0].child_axes == []


def test_the_values_drawn_are_the_rows():
    points = sweep_points(SUMMARY, [], "bleu", "ns", {"ns-k70": 0.5})
    rows = sweep_rows(points, bands([RANDOM], "bleu", {}))
    assert [(one["what"], one["system"], one["against"], one["gain"]) for one in rows] == [
        ("gain", "ns-k70", "baseline", 2.5),
        ("gain", "ns-k70", "continued training", 0.25),
        ("gain", "ns-k70", "baseline", -1.0),
        ("gain", "ns-k70", "continued training", 3.0),
        ("gain", "ns-k95", "baseline", 1.5),
        ("gain", "ns-k95", "continued training", -0.5),
        ("draws", "random", "baseline", 5.0),
        ("draws", "random", "continued training", -1.0),
    ]
    assert rows[0]["left_out"] == 0.5 and rows[0]["low"] is None and rows[0]["n"] == 1
    assert (rows[-1]["low"], rows[-1]["high"], rows[-1]["draws"]) == (-4.0, 3.0, 5)


def test_each_test_set_and_profile_has_its_own_row_of_panels():
    paper = [{**one, "profile": "paper", "baseline_difference": "4.0"} for one in SUMMARY[1:2]]
    other = [{**one, "testset": "talks", "continued_difference": ""} for one in SUMMARY[1:2]]
    figure = drawn([*SUMMARY[1:2], *paper, *other])
    assert [axis.get_title() for axis in figure.axes[::2]] == [
        "news, BLEU",
        "news, BLEU, paper references",
        "talks, BLEU",
    ]
    gains = [bars_of(axis)["out of pivot"] for axis in figure.axes[::2]]
    assert [[gain for _, gain, _ in line] for line in gains] == [[1.5], [4.0], [1.5]]
    assert [text.get_text() for text in figure.axes[5].texts] == ["no continued training in these tables"]


def test_a_metric_or_sweep_that_is_not_there():
    with pytest.raises(UserError, match=r"--metric: the summary has no 'chrf2'.*; it has bleu, chrf\+\+"):
        drawn(metric="chrf2")
    with pytest.raises(UserError, match=r"no systems nss-k… \(did you mean 'ns'\?\)"):
        sweep_points(SUMMARY, [], "bleu", "nss", {})


@pytest.mark.parametrize(
    ("ks", "name"),
    [(["95"], "random"), ([str(k) for k in range(50, 101, 5)], "draws_of_a_very_long_name_" * 3)],
)
def test_layout(ks, name):
    summary = [row(f"ns-k{k}", k, "both", (k, "3"), ("-1", "2"), testset=f"news-{name}") for k in ks]
    summary += [{**RANDOM, "system": name, "testset": f"news-{name}", "side": "both"}]
    controls = [control(f"ns-k{k}", name, "both", "1", "2", "5", "5", testset=f"news-{name}") for k in ks]
    assert_layout(drawn(summary, controls, {f"ns-k{k}": 1 - int(k) / 100 for k in ks}))
