"""Probes side by side: shifts counted by hand, beside the distance of two baselines."""

from __future__ import annotations

import csv
import json

import pytest

from workflow_scripts.analyse.probes.compare_probes import compare, main, markdown
from workflow_scripts.analyse.probes.spread import spread
from workflow_scripts.common.errors import UserError


def probe(system, seed, centre, accuracy, share, l1=(0.01, 0.01)):
    """A probe of two layers; ``share``: of the salient units in the first; ``l1``: of each split."""
    of_layer = {"accuracy": spread([accuracy]), "selectivity": spread([0.1])}
    return {
        "format": "neuronspec-probes-1", "stack": "encoder", "property": "upos",
        "system": system, "seed": seed,
        "summary": {"accuracy": accuracy, "majority": 0.3, "control": 0.5, "selectivity": accuracy - 0.5,
                    "salient": 12.0, "centre": centre},
        "layers": {"encoder.0.ffn": of_layer, "encoder.1.ffn": of_layer},
        "probe": {"splits": [{"probe": {"l1": one, "l2": 0.001}} for one in l1]},
        "salient": {
            "share": {"encoder.0.ffn": spread([share]), "encoder.1.ffn": spread([1 - share])},
            "expected": {"encoder.0.ffn": 0.5, "encoder.1.ffn": 0.5},
        },
    }  # fmt: skip


PROBES = [
    probe("baseline", 1, 0.5, 0.8, 0.5), probe("baseline", 2, 0.6, 0.9, 0.4),
    probe("ns-k95", 1, 0.2, 0.7, 0.8), probe("ns-k95", 2, 0.2, 0.9, 0.8),
]  # fmt: skip


def test_the_shift_is_that_of_the_same_seed_beside_two_baselines():
    found = compare(PROBES)["encoder"]["upos"]
    assert found["baseline"]["accuracy"] == spread([0.8, 0.9]) and "shift" not in found["baseline"]
    shift = found["ns-k95"]["shift"]
    # Centres move by -0.3 and -0.4; two baselines lie 0.1 apart.
    assert shift["centre"]["mean"] == pytest.approx(-0.35) and shift["centre"]["sd"] == pytest.approx(
        0.0707, abs=1e-4
    )
    assert shift["null"] == pytest.approx([0.1]) and shift["beyond_null"] is True
    assert shift["accuracy"]["values"] == pytest.approx([-0.1, 0])
    assert shift["share"]["encoder.0.ffn"]["values"] == pytest.approx([0.3, 0.4])


def test_one_seed_has_no_null_and_an_undefined_centre_no_shift():
    one = compare([PROBES[0], PROBES[2]])["encoder"]["upos"]["ns-k95"]["shift"]
    assert one["null"] == [] and one["beyond_null"] is None
    undefined = [probe("baseline", 1, None, 0.8, float("nan")), PROBES[1], *PROBES[2:]]
    shift = compare(undefined)["encoder"]["upos"]["ns-k95"]["shift"]
    assert shift["centre"]["values"] == [None, pytest.approx(-0.4)] and shift["null"] == []
    assert "shift" not in compare(PROBES[2:])["encoder"]["upos"]["ns-k95"]


def test_probes_of_several_penalties_are_a_warning():
    """Salient units are counted under the penalties that each split chose: a sparser probe has fewer."""
    found = compare(PROBES)
    assert found["encoder"]["upos"]["ns-k95"]["penalties"] == [(0.01, 0.001)]
    assert "several penalties" not in markdown(found)
    others = compare([*PROBES[:3], probe("ns-k95", 2, 0.2, 0.9, 0.8, (0.01, 0.1))])
    assert others["encoder"]["upos"]["ns-k95"]["penalties"] == [(0.01, 0.001), (0.1, 0.001)]
    warning = "**The probes of upos have several penalties (l1 and l2: 0.01 and 0.001, 0.1 and 0.001).**"
    assert f"\n{warning} Salient units" in markdown(others)


def test_files(tmp_path):
    paths = []
    for number, one in enumerate(PROBES):
        paths.append(tmp_path / f"{number}.json")
        paths[-1].write_text(json.dumps(one))
    out = [str(tmp_path / f"out.{ending}") for ending in ("json", "csv", "md")]
    options = ["--out-json", out[0], "--out-csv", out[1], "--out-markdown", out[2]]
    main(["--probes", *map(str, paths), *options])
    text = (tmp_path / "out.md").read_text()
    assert "| upos, ns-k95 | -0.050 ± 0.071 (2) | +0.0 ± 0.0 (2) | -0.35 ± 0.07 (2) | 0.10 | yes |" in text
    assert "| upos, baseline | 0.850 ± 0.071 (2) | 0.300 ± 0.000 (2) |" in text
    rows = list(csv.DictReader((tmp_path / "out.csv").open()))
    (centre,) = [one for one in rows if (one["system"], one["measure"]) == ("ns-k95", "centre")]
    assert float(centre["shift"]) == pytest.approx(-0.35) and float(centre["null"]) == pytest.approx(0.1)
    main(["--probes", str(paths[0]), str(paths[2]), *options])
    assert "| – | undefined |" in (tmp_path / "out.md").read_text()
    with pytest.raises(UserError, match=r"0\.json: encoder upos baseline 1 is there twice"):
        main(["--probes", str(paths[0]), str(paths[0]), *options])
    (tmp_path / "0.json").write_text("{}")
    with pytest.raises(UserError, match=r"0\.json: not the JSON of fit_probes"):
        main(["--probes", str(paths[0]), *options])
