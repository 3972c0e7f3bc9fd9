"""plot_training and plot_sweep: what is drawn, and that it is drawn the same twice."""

import json

import pytest

from workflow_scripts.common.errors import UserError
from workflow_scripts.report.figures import plot_sweep, plot_training
from workflow_scripts.report.figures.figure import MOST_NAMED, styles
from workflow_scripts.report.figures.plot_training import read_curves
from workflow_scripts.report.tables.summary import CSV_COLUMNS

HEADER = "update,direction,loss,nll_loss,tokens\n"
PNG = b"\x89PNG\r\n\x1a\n"


def test_all_directions_are_weighted_by_tokens(tmp_path):
    path = tmp_path / "validation.csv"
    path.write_text(HEADER + "200,de-en,2,1,100\n200,en-de,4,3,300\n100,de-en,5,4,100\n100,en-de,5,4,300\n")
    # (2 × 100 + 4 × 300) / 400 = 3.5, and updates in ascending order.
    assert read_curves(path) == {
        "all": [(100, 5.0), (200, 3.5)],
        "de-en": [(100, 5.0), (200, 2.0)],
        "en-de": [(100, 5.0), (200, 4.0)],
    }
    assert read_curves(path, "nll_loss")["all"] == [(100, 4.0), (200, 2.5)]


def test_written_mean_is_taken_and_a_repeated_update_counts_last(tmp_path):
    path = tmp_path / "validation.csv"
    path.write_text(HEADER + "100,de-en,9,1,100\n100,all,9,1,100\n100,de-en,2,1,100\n100,all,2.25,1,100\n")
    assert read_curves(path) == {"all": [(100, 2.25)], "de-en": [(100, 2.0)]}


def test_training_figure_is_the_same_twice(tmp_path):
    path = tmp_path / "validation.csv"
    path.write_text(HEADER + "100,de-en,5,4,100\n200,de-en,4,3,100\n100,en-de,5,4,90\n200,en-de,3,3,90\n")
    arguments = ["--validation", f"baseline={path}", f"ns-k95={path}", "--out"]
    for name in ("a.png", "b.png"):
        plot_training.main([*arguments, str(tmp_path / name)])
    first = (tmp_path / "a.png").read_bytes()
    assert first.startswith(PNG) and first == (tmp_path / "b.png").read_bytes()
    assert b"Software" not in first


def lines_of(axis):
    """Legend entry -> points of each line with one, in the order of the legend."""
    return {line.get_label(): list(zip(*line.get_data(), strict=True)) for line in axis.get_lines()}


def test_the_training_figure_shows_each_training_and_its_directions(tmp_path):
    (tmp_path / "one.csv").write_text(
        HEADER + "100,de-en,5,4,100\n100,en-de,9,8,300\n300,de-en,4,3,100\n300,en-de,8,7,300\n"
    )
    (tmp_path / "two.csv").write_text(HEADER + "150,en-fr,3,2,10\n250,en-fr,2,1,10\n")
    trainings = {"baseline": read_curves(tmp_path / "one.csv"), "ns-k95": read_curves(tmp_path / "two.csv")}
    figure = plot_training.training_figure(trainings)
    overall, baseline, specialised = figure.axes
    # (5 × 100 + 9 × 300) / 400 = 8, and 7 at update 300.
    assert lines_of(overall) == {"baseline": [(100, 8.0), (300, 7.0)], "ns-k95": [(150, 3.0), (250, 2.0)]}
    assert lines_of(baseline) == {
        "de-en": [(100, 5.0), (300, 4.0)],
        "en-de": [(100, 9.0), (300, 8.0)],
        "all": [(100, 8.0), (300, 7.0)],
    }
    assert lines_of(specialised) == {"en-fr": [(150, 3.0), (250, 2.0)], "all": [(150, 3.0), (250, 2.0)]}
    assert [axis.get_title() for axis in figure.axes] == ["all directions", "baseline", "ns-k95"]
    assert {axis.get_xlabel() for axis in figure.axes} == {"updates"}
    assert {axis.get_ylabel() for axis in figure.axes} == {"validation loss (bits per token)"}
    # The mean of all directions is the thick black line; every line of a panel looks otherwise.
    thick = [line.get_label() for line in baseline.get_lines() if line.get_color() == "black"]
    assert thick == ["all"]
    for axis in (overall, baseline):
        looks = {(line.get_color(), line.get_linestyle()) for line in axis.get_lines()}
        assert len(looks) == len(axis.get_lines())
        entries = [text.get_text() for text in axis.get_legend().get_texts()]
        assert entries == list(lines_of(axis))
    nll = plot_training.training_figure(trainings, "nll_loss")
    assert nll.axes[0].get_ylabel() == "validation NLL (bits per token)"


def test_the_column_that_is_asked_for_is_drawn(tmp_path, monkeypatch):
    """The other one's label would stand beside these losses."""
    path = tmp_path / "validation.csv"
    path.write_text(HEADER + "100,de-en,5,4,100\n")
    drawn = []
    monkeypatch.setattr(plot_training, "save", lambda figure, out: drawn.append((figure, out)))
    for column in ("loss", "nll_loss"):
        plot_training.main(["--validation", f"baseline={path}", "--column", column, "--out", "x.png"])
    assert [out for _, out in drawn] == ["x.png", "x.png"]
    panels = [figure.axes[1] for figure, _ in drawn]
    assert [lines_of(axis)["de-en"] for axis in panels] == [[(100, 5.0)], [(100, 4.0)]]
    assert [axis.get_ylabel() for axis in panels] == [
        "validation loss (bits per token)",
        "validation NLL (bits per token)",
    ]


def test_more_directions_than_styles_are_grey_and_counted():
    curves = {"all": [(1, 5.0)], **{f"d{n}": [(1, float(n))] for n in range(MOST_NAMED + 1)}}
    axis = plot_training.training_figure({"baseline": curves}).axes[1]
    entries = [text.get_text() for text in axis.get_legend().get_texts()]
    assert entries == [f"all (grey: {MOST_NAMED + 1} directions)"]


def test_styles_are_distinct():
    assert len(set(styles(MOST_NAMED))) == MOST_NAMED
    assert len(styles(100)) == 100


def summary_csv(tmp_path):
    def line(system, k, side, gain, sd, metric="bleu", grouping="all"):
        values = dict.fromkeys(CSV_COLUMNS, "")
        values |= {"testset": "test", "metric": metric, "grouping": grouping, "group": "all", "side": side}
        values |= {"system": system, "k": k, "n": "3", "baseline_difference": gain}
        values |= {"baseline_difference_sd": sd}
        return ",".join(values.values())

    lines = [
        line("baseline", "", "both", "", ""), line("ns-k100", "100", "both", "0.5", "0.1"),
        line("ns-k95", "95", "both", "1.5", ""), line("ns-k95", "95", "out of pivot", "2.5", "0.2"),
        line("random-k95", "95", "both", "9", ""), line("ns-k95", "95", "both", "8", "", metric="chrf"),
        line("ns-k95", "95", "both", "7", "", grouping="family"),
    ]  # fmt: skip
    path = tmp_path / "summary.csv"
    path.write_text("\n".join([",".join(CSV_COLUMNS), *lines]) + "\n")
    return path


def test_sweep_points_are_ascending_and_only_its_own(tmp_path):
    rows = plot_sweep.sweep_rows(plot_sweep.read_summary(summary_csv(tmp_path)), "bleu", "ns")
    assert plot_sweep.points(rows, "test", "both", "baseline_difference") == [
        (95.0, 1.5, None),
        (100.0, 0.5, 0.1),
    ]
    assert plot_sweep.points(rows, "test", "out of pivot", "baseline_difference") == [(95.0, 2.5, 0.2)]
    assert plot_sweep.points(rows, "test", "both", "continued_difference") == []


def test_a_sweep_by_any_name_of_its_metric_and_from_tables_of_either_kind(tmp_path):
    """The tables of before say bleu and chrf."""
    old = summary_csv(tmp_path)
    pictures = []
    for text in (old.read_text(), old.read_text().replace(",chrf,", ",chrF2++,").replace(",bleu,", ",BLEU,")):
        (tmp_path / "now.csv").write_text(text)
        for name in ("chrf++", "chrf", "chrF2++"):
            out = ["--metric", name, "--out", str(tmp_path / "c.png")]
            plot_sweep.main(["--summary", str(tmp_path / "now.csv"), *out])
            pictures.append((tmp_path / "c.png").read_bytes())
    assert len(set(pictures)) == 1
    with pytest.raises(UserError, match=r"no 'chrf2' \(did you mean 'chrf\+\+'\?\); it has bleu, chrf\+\+"):
        plot_sweep.main(["--summary", str(old), "--metric", "chrf2", "--out", str(tmp_path / "d.png")])


def test_sweep_figure_is_the_same_twice(tmp_path):
    path = summary_csv(tmp_path)
    for name in ("a.png", "b.png"):
        plot_sweep.main(["--summary", str(path), "--out", str(tmp_path / name)])
    first = (tmp_path / "a.png").read_bytes()
    assert first.startswith(PNG) and first == (tmp_path / "b.png").read_bytes()


def sweep_rows():
    """Two ks of a sweep on one test set; the gains over the two systems differ in number and sign."""
    rows = []
    for k, side, baseline, continued in (
        ("95", "out of pivot", ("1.5", "0.25"), ("-0.5", "")),
        ("70", "out of pivot", ("2.5", "0.5"), ("0.25", "")),
        ("70", "into pivot", ("-1.0", ""), ("3.0", "")),
    ):
        row = dict.fromkeys(CSV_COLUMNS, "") | {"testset": "news", "profile": "raw", "metric": "bleu"}
        row |= {"grouping": "all", "group": "all", "side": side, "system": f"ns-k{k}", "k": k, "n": "3"}
        row |= {"baseline_difference": baseline[0], "baseline_difference_sd": baseline[1]}
        rows.append(row | {"continued_difference": continued[0], "continued_difference_sd": continued[1]})
    return rows


def bars_of(axis):
    """Legend entry -> (k, gain, half of the bar) of each point; None without a bar."""
    found = {}
    for container in axis.containers:
        line, _, (bars,) = container.lines
        halves = [(ends[1][1] - ends[0][1]) / 2 if len(ends) else None for ends in bars.get_segments()]
        found[container.get_label()] = list(zip(*line.get_data(), halves, strict=True))
    return found


def test_the_sweep_figure_shows_gains_and_spreads_by_side():
    figure = plot_sweep.sweep_figure(sweep_rows(), "bleu")
    baseline, continued = figure.axes
    assert bars_of(baseline) == {
        "out of pivot": [(70.0, 2.5, 0.5), (95.0, 1.5, 0.25)],
        "into pivot": [(70.0, -1.0, None)],
    }
    assert bars_of(continued) == {
        "out of pivot": [(70.0, 0.25, None), (95.0, -0.5, None)],
        "into pivot": [(70.0, 3.0, None)],
    }
    for axis in figure.axes:
        assert [text.get_text() for text in axis.get_legend().get_texts()] == ["out of pivot", "into pivot"]
        assert axis.get_title() == "news, BLEU (seeds: 3)"
        assert axis.get_xlabel() == "threshold k (%)"
        assert not axis.yaxis_inverted() and not axis.xaxis_inverted()
    assert baseline.get_ylabel() == "BLEU gain over baseline"
    assert continued.get_ylabel() == "BLEU gain over continued training"
    of_ter = plot_sweep.sweep_figure([{**row, "metric": "ter"} for row in sweep_rows()], "ter").axes[0]
    assert of_ter.get_ylabel() == "TER (lower is better) difference to baseline"


def test_each_test_set_and_profile_has_its_own_row_of_panels():
    raw = sweep_rows()[:1]
    paper = [row | {"profile": "paper", "baseline_difference": "4.0"} for row in raw]
    other = [
        row | {"testset": "talks", "baseline_difference": "7.0", "continued_difference": ""} for row in raw
    ]
    figure = plot_sweep.sweep_figure([*raw, *paper, *other], "bleu")
    assert [axis.get_title() for axis in figure.axes[::2]] == [
        "news, BLEU (seeds: 3)",
        "news, BLEU, paper references (seeds: 3)",
        "talks, BLEU (seeds: 3)",
    ]
    gains = [bars_of(axis)["out of pivot"] for axis in figure.axes[::2]]
    assert [[gain for _, gain, _ in line] for line in gains] == [[1.5], [4.0], [7.0]]
    assert [text.get_text() for text in figure.axes[5].texts] == ["no continued training in these tables"]


def test_several_draws_are_a_mean_and_a_band():
    """Draws of 20 with the interval 18 to 23; a gain of 5 over the baseline moves it to 3 to 8."""
    figures = {"mean": "20.0", "draws": "5", "draws_low": "18.0", "draws_high": "23.0"}
    random = {**sweep_rows()[0], "system": "random", "k": "", **figures}
    random |= {"baseline_difference": "5.0", "continued_difference": "-1.0"}
    rows = [*sweep_rows(), random, {**random, "side": "into pivot"}, {**random, "grouping": "family"}]
    [drawn] = plot_sweep.drawn_rows(rows, "bleu")
    assert (drawn["side"], plot_sweep.drawn_rows(sweep_rows(), "bleu")) == ("out of pivot", [])
    assert plot_sweep.drawn_rows([*rows, {**random, "side": "both"}], "bleu")[0]["side"] == "both"
    assert plot_sweep.band(drawn, "baseline_difference") == (5.0, 3.0, 8.0)
    assert plot_sweep.band({**drawn, "draws_low": ""}, "baseline_difference") is None
    for axis, ends in zip(
        plot_sweep.sweep_figure(sweep_rows(), "bleu", [drawn]).axes, ((3, 8), (-3, 2)), strict=True
    ):
        [band] = axis.patches
        assert (band.get_y(), band.get_y() + band.get_height()) == ends
        entries = [text.get_text() for text in axis.get_legend().get_texts()]
        assert "random, out of pivot (5 draws, 95 % interval)" in entries and len(entries) == 3


def test_the_terminal_names_the_tables_that_are_there(tmp_path):
    from workflow_scripts.report.tables.show import render_places

    (tmp_path / "tables").mkdir()
    (tmp_path / "analysis").mkdir()
    for name in ("costs", "zero_shot", "seeds"):
        (tmp_path / f"tables/{name}.md").touch()
    analyses = "control, overlap, stability, criteria, heads, probes, ablation, effects, correlation"
    assert render_places(tmp_path).splitlines()[3:] == [
        "  tables/zero_shot.md    directions that were not trained, and outputs in a wrong language",
        "  tables/costs.md        parameters, bytes and seconds of each system",
        f"  analysis/              {analyses}",
    ]


def test_the_terminal_names_the_directions_that_failed_the_control_of_masks(tmp_path):
    from workflow_scripts.report.tables.show import render_controls

    assert render_controls(tmp_path) == ""
    folder = tmp_path / "analysis" / "mask_control" / "baseline" / "s1"
    folder.mkdir(parents=True)
    judged = {"own_below_random": {"en-de": True, "de-en": False}, "own_below_other_targets": {"en-de": True}}
    (folder / "k70.json").write_text(json.dumps({"control": {"passed": False, **judged}}))
    assert render_controls(tmp_path) == "\nmask control (s1, k70): NOT passed in de-en"
    # Either comparison may fail, of other directions.
    judged["own_below_other_targets"] = {"en-de": True, "fr-en": False}
    (folder / "k70.json").write_text(json.dumps({"control": {"passed": False, **judged}}))
    (folder / "k95.json").write_text(json.dumps({"control": {"passed": True, **judged}}))
    assert render_controls(tmp_path).splitlines() == [
        "",
        "mask control (s1, k70): NOT passed in de-en, fr-en",
        "mask control (s1, k95): passed",
    ]
