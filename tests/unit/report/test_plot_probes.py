"""Probes by layer beside control tasks and the most frequent label."""

from tests.unit.report.drawn import OF_TWO, bars_of, legend_of, lines_of, read_csv, write_job
from workflow_scripts.report.figures import plot_probes
from workflow_scripts.report.figures.plot_probes import points, probes_figure


def rows_of(add=0.0, layers=("encoder.0.ffn", "encoder.1.ffn"), majority=0.25):
    values = {"accuracy": 0.5, "majority": majority, "control": 0.375, "selectivity": -0.125}
    rows = [{"part": "all layers", "name": "", "measure": "accuracy", "mean": 99}]
    for place, name in enumerate(layers):
        for measure, value in values.items():
            mean = value + place / 8 + add if measure == "accuracy" else value
            rows.append({"part": "layer", "name": name, "measure": measure, "mean": mean})
        rows.append({"part": "layer", "name": name, "measure": "share of salient units", "mean": 99})
    return rows


def of(rows, system="baseline", seed="1", stack="encoder"):
    names = {"system": system, "seed": seed, "stack": stack, "property": "upos"}
    return [names | {name: str(value) for name, value in one.items()} for one in rows]


def result_of(seed, system="baseline"):
    return {
        "format": "neuronspec-probes-1", "system": system, "seed": seed, "stack": "encoder",
        "property": "upos", "probe": {"tokens": 1000, "labels": ["NOUN", "VERB"], "splits": [{}, {}]},
    }  # fmt: skip


def test_accuracy_control_and_majority_by_layer_and_selectivity_below():
    decoder = rows_of(layers=("decoder.0.ffn",), majority=0.125)
    found = [*of(decoder, stack="decoder"), *of(rows_of()), *of(rows_of(0.25), seed="2")]
    found += of(rows_of(0.125), system="ns")
    accuracy, decoder_accuracy, selectivity, _ = probes_figure(points(found)).axes
    half = round(0.25 * OF_TWO, 9)
    assert bars_of(accuracy) == {
        "baseline": [(0, 0.625, half), (1, 0.75, half)],
        "baseline, control": [(0, 0.375, 0), (1, 0.375, 0)],
        "ns": [(0, 0.625, None), (1, 0.75, None)],
        "ns, control": [(0, 0.375, None), (1, 0.375, None)],
    }
    assert lines_of(accuracy)["most frequent label"] == [(0, 0.25), (1, 0.25)]
    assert lines_of(decoder_accuracy)["most frequent label"] == [(0, 0.125), (1, 0.125)]
    assert (accuracy.get_title(), decoder_accuracy.get_title()) == ("encoder", "decoder")
    assert bars_of(selectivity)["baseline"] == [(0, -0.125, 0), (1, -0.125, 0)]
    # Stacks compare, and what is below 0 is seen.
    assert accuracy.get_ylim() == decoder_accuracy.get_ylim() and selectivity.get_ylim()[0] < -0.125
    assert list(accuracy.get_xticks()) == [0, 1] and list(decoder_accuracy.get_xticks()) == [0]
    assert legend_of(decoder_accuracy) == ["most frequent label", "baseline", "baseline, control"]


def test_kinds_of_units_are_lines_of_their_own():
    found = of(rows_of(layers=("encoder.0.ffn", "encoder.0.resid")))
    (accuracy, _) = probes_figure(points(found)).axes
    assert bars_of(accuracy)["baseline, resid"] == [(0, 0.625, None)]
    assert bars_of(accuracy)["baseline, ffn"] == [(0, 0.5, None)]


def test_the_files_say_what_is_drawn_and_of_what(tmp_path):
    jobs = [
        write_job(tmp_path / "analysis", f"{system}{seed}", result_of(seed, system), rows_of())
        for system in ("baseline", "ns")
        for seed in (1, 2)
    ]
    plot_probes.main(["--results", *map(str, jobs), "--out", str(tmp_path / "figures" / "p.png")])
    table = read_csv(tmp_path / "figures" / "p.csv")
    assert len(table) == 2 * 2 * 4
    assert table[0] == {
        "stack": "encoder", "system": "baseline", "units": "ffn", "layer": "0", "measure": "accuracy",
        "mean": "0.5", "low": "0.5", "high": "0.5", "seeds": "2",
    }  # fmt: skip
    said = (tmp_path / "figures" / "p.rst").read_text().replace("\\", "")
    assert "Probes of upos, one for each layer alone" in said and "1000 words with 2 labels" in said
    assert "mean over 2 splits by sentence" in said and "n = 2 seeds (1, 2)" in said
