"""The tables of criteria: verdicts that follow from the numbers, and marks of what is outside the range."""

import pytest

from workflow_scripts.analyse.criteria_tables import csv_rows, markdown, verdicts


def measures(own, others):
    numbers = {"own": own, "others": others, "difference": own - others}
    found = {name: {"mean": mean, "sd": 0.1, "n": 2} for name, mean in numbers.items()}
    found["difference"] |= {"sd": 0.01, "positive": 1}
    return found


def result(own, others):
    """One criterion beside five draws: removing costs .30 ± .0211, kept alone 2.0; own minus others is 0."""
    drawn = {
        f"random-{number}": {
            "removed": measures(0.26 + number / 100 * 4 / 3, 0.3),
            "kept": measures(2.0, 2.0),
        }
        for number in range(1, 6)
    }
    return {
        "system": "baseline",
        "seed": 1,
        "subset": "test",
        "size": "5%",
        "units": 6,
        "of_units": 120,
        "criteria": ["lape"],
        "draws": list(drawn),
        "others": {"a-b": ["b-a"], "b-a": ["a-b"]},
        "texts": {"a-b": {"full": 1.0, "sentences": 3}, "b-a": {"full": 2.0, "sentences": 4}},
        "summary": {"lape": {"removed": measures(own, others), "kept": measures(1.5, 2.5)}, **drawn},
        "overlap": {"encoder.0.ffn": {"lape": [1.0, 0.1, 0.2, 0.3, 0.4, 0.5]}},
    }


FIGURES = "own minus others {:+.3f} ± 0.090 (95 % interval over 2 directions, above 0 in 1), random units"


@pytest.mark.parametrize(
    ("own", "others", "said"),
    [
        (0.8, 0.2, "specific, others have 25% of its harm"),
        (0.8, 0.6, "hardly specific, others have 75% of its harm"),
        (0.8, -0.1, "specific, others have -12% of its harm"),
        # Within the interval over directions, which is 12.706 * .01 / sqrt(2).
        (0.38, 0.3, "specific on average alone"),
        # The draws' own minus others are 0 ± .0211; 95 % of further ones lie within .0641.
        (0.36, 0.3, "not specific"),
        (0.3, 0.6, "not specific"),
        # Units whose removal helps the own direction, and others more, are not its own.
        (-0.1, -0.5, "not specific"),
    ],
)
def test_verdicts(own, others, said):
    line = verdicts(result(own, others))["lape"]
    assert line.startswith(
        f"lape: {said}, {FIGURES.format(own - others)} -0.064 to +0.064; removing its units"
    )
    changed = f"changes the own direction by {own:+.3f} nats a token, others by {others:+.3f}"
    assert f"{changed} (random units +0.300 ± 0.021), keeping them alone" in line
    kept = "the own direction by +1.500, others by +2.500"
    assert line.endswith(f"keeping them alone {kept} (random units +2.000 ± 0.000)")


def test_markdown():
    found = result(0.8, 0.3)
    found["verdicts"] = verdicts(found)
    text = markdown(found)
    row = "| lape | +0.800 ± 0.100 * | +0.300 ± 0.100 | +0.500 ± 0.010 * |"
    assert f"{row} +1.500 ± 0.100 * | +2.500 ± 0.100 * | -1.000 ± 0.010 * |" in text
    assert "| random | +0.300 ± 0.021 |" in text
    assert "6 of 120 FFN neurons for each of 2 directions" in text and "test, 7 sentences" in text
    assert "| lape, random | 0.300 |" in text and "Row mask" not in text
    found["semantics"] = {
        "masks": {"k": "70"},
        "nll": {"row mask": {"a-b": 1.5, "b-a": 2.7}, "removal": {"a-b": 1.4, "b-a": 3.0}},
    }
    # .5 and .7; .4 and 1.0; -.1 and .3.
    assert "| +0.600 ± 0.141 | +0.700 ± 0.424 | +0.100 ± 0.283 |" in markdown(found)


def test_csv():
    rows = list(csv_rows(result(0.8, 0.3)))
    assert [row[:3] for row in rows[:2]] == [["lape", "removed", "own"], ["random", "removed", "own"]]
    of_lape, of_random = rows[:2]
    assert of_lape[3:6] == [0.8, 0.1, 2] and of_lape[6] == pytest.approx(0.3) and of_lape[10:] == [5, 5]
    assert of_random[3:6] == [pytest.approx(0.3), pytest.approx(0.0210819, abs=1e-6), 5]
