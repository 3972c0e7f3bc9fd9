"""Malformed results of analyses that figures are drawn from."""

import csv
import io
import json

from tests.malformed.case import Case, cases_of, deferred

ROW = {"measure": "nll", "test": "removed", "set": "lape top", "size": "5%", "share": "0.05", "mean": "0.5"}
ROW |= dict.fromkeys(("random_mean", "random_low", "random_high"), "0.1")
JOB = {
    "format": "neuronspec-ablation-1", "system": "ns", "seed": 1, "draws": ["random-1"], "subset": "test",
    "replace": "zero", "directions": {"de-en": {"sentences": 9}},
}  # fmt: skip
EFFECT = dict(
    zip(("side", "set", "size", "units_of", "loss_of"), ("a", "lape", "5%", "de", "de"), strict=True)
)


def table(*rows):
    text = io.StringIO()
    writer = csv.DictWriter(text, [*rows[0]], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


@deferred
def drawn(folder, text=None, rows=(ROW,), options="", files=("s1",), **facts):
    """The JSON of each job, of any text, and the table beside it."""
    for name in files:
        (folder / f"{name}.json").write_text(json.dumps({**JOB, **facts}) if text is None else text)
        if rows is not None:
            (folder / f"{name}.csv").write_text(table(*rows) if rows else table(ROW).splitlines()[0] + "\n")
    return f"--results {' '.join(f'{name}.json' for name in files)} --out a.png {options}"


ablation = cases_of("drawn-ablation-", "report.figures.plot_ablation")
effects = cases_of("drawn-effects-", "report.figures.plot_effects")
MATRIX = {"rows": ({**EFFECT, "raw": "0.5", "centred": "0"},), "format": "neuronspec-effect-matrix-1"}

CASES: list[Case] = [
    ablation("absent", "no result to draw", lambda folder: "--results s1.json --out a.png", "s1.json: no such file"),
    ablation("format", "the result of another analysis to draw", drawn(format="neuronspec-probes-1"), "s1.json: its format is 'neuronspec-probes-1', not neuronspec-ablation-1"),
    ablation("list", "a list to draw", drawn("[1]"), "s1.json: its format is 'None', not neuronspec-ablation-1"),
    ablation("key", "a result to draw that does not say of what directions it is", drawn(directions=None), "s1.json: not a neuronspec-ablation-1 file (AttributeError: 'NoneType' object has no attribute 'values'); delete it and run again"),
    ablation("twice", "one seed's result twice", drawn(files=("s1", "s2")), "s2.json: of ns 1, as is s1.json; name one of them"),
    ablation("table", "a result without its table", drawn(rows=None), "s1.csv: no such file; the job that writes s1.json writes it, too"),
    ablation("row", "a table of curves without a row", drawn(rows=()), "s1.csv: a table without a row; run the step again"),
    ablation("number", "a word for a loss to draw", drawn(rows=({**ROW, "mean": "high"},)), "s1.csv, line 2: mean is 'high', not a number"),
    effects("criterion", "a criterion that a matrix lacks", drawn(options="--criterion lap", **MATRIX), "--criterion: no matrix by 'lap' (did you mean 'lape'?)"),
    effects("families", "families that are no lists", drawn(options='--criterion lape --families {"a":1}', **MATRIX), '--families: not of the shape {"germanic": ["de", "nl"]}'),
]  # fmt: skip
