"""Any mask sets beside one another: figures by hand, which pairs are compared, the stage and its files."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from workflow_scripts.analyse.means import mean_sd
from workflow_scripts.analyse.overlaps.chance import expected_iou
from workflow_scripts.analyse.overlaps.compare_masks import main
from workflow_scripts.analyse.overlaps.comparison import compare_tables
from workflow_scripts.analyse.overlaps.crossed import cross_tables, most_alike
from workflow_scripts.analyse.overlaps.languages import compare_languages, directions_among
from workflow_scripts.analyse.overlaps.selections import pairs_of, selections_of
from workflow_scripts.analyse.overlaps.spread import between_draws
from workflow_scripts.common.errors import UserError
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.space import ffn_space, model_space

SPACE = ffn_space(1, 1, 8)
ROWS = ["en-a", "en-b"]


def table(*rows, names=ROWS, space=SPACE, weights="00", origin="one.npz"):
    keep = np.array([[bit == "1" for bit in row.replace(" ", "")] for row in rows])
    facts = {"rule": "mass", "k": "70", "weights_sha256": weights}
    return MaskTable(names, keep, space, facts, origin)


ONE = table("11110000 11000000", "11000000 11000000")
OTHER = table("11000000 11000000", "00000011 00110000", origin="other.npz")


def test_figures_by_hand():
    found = compare_tables(ONE, OTHER, draws=19, seed=1)
    assert found["rows"] == ROWS
    encoder, decoder, mean = (
        found["layers"][layer] for layer in ("encoder.0.ffn", "decoder.0.ffn", "encoder.mean")
    )
    # a: 2 shared of 4; b: none of 4.
    assert (encoder["by_row"], encoder["iou"]) == ([0.5, 0.0], 0.25)
    # Sizes 4 and 2, 2 and 2.
    assert encoder["largest"] == pytest.approx((0.5 + 1) / 2)
    # a's mask with the other's of b: 0 of 6; b's with the other's of a: 2 of 2.
    assert encoder["others"] == pytest.approx((0 + 1) / 2)
    # Of 8 units: 4 and 2: x = 0, 1, 2 in 6, 16, 6 of 28 cases, IoU 0, 1/5, 2/4. 2 and 2: 15, 12, 1 of 28.
    first, second = (16 / 5 + 6 / 2) / 28, (12 / 3 + 1) / 28
    assert encoder["chance"] == pytest.approx((first + second) / 2)
    assert (decoder["iou"], decoder["others"]) == (0.5, 0.5)
    assert mean["iou"] == encoder["iou"]


def test_the_mean_of_a_stack_is_that_of_its_layers():
    space = ffn_space(2, 1, 4)
    one = table("1100 1110 1000", space=space, names=["en-a"])
    other = table("1000 1110 1000", space=space, names=["en-a"])
    layers = compare_tables(one, other, 19, 1)["layers"]
    assert layers["encoder.mean"]["iou"] == pytest.approx((1 / 2 + 1) / 2)
    chance = [layers[f"encoder.{n}.ffn"]["chance"] for n in (0, 1)]
    assert layers["encoder.mean"]["chance"] == pytest.approx(np.mean(chance))
    # One direction has no other one.
    assert layers["encoder.mean"]["others"] is None


def planted(share):
    """Forty units of 400, of which the second set has a share and others at random."""
    generator = np.random.Generator(np.random.PCG64(1))
    space = ffn_space(0, 1, 400)
    one, other = np.zeros((2, 1, 400), dtype=bool)
    one[0, :40] = True
    other[0, : round(40 * share)] = True
    other[0, 40 + generator.permutation(360)[: 40 - round(40 * share)]] = True
    return [MaskTable(["en-a"], keep, space, {}) for keep in (one, other)]


@pytest.mark.parametrize(
    ("share", "place", "p"), [(0.5, "above", 0.01), (0.1, "within", None), (0, "below", 1)]
)
def test_planted_overlap_is_told_from_chance(share, place, p):
    found = compare_tables(*planted(share), draws=99, seed=1)["layers"]["decoder.0.ffn"]
    assert found["place"] == place
    # Of 40 and 40 of 400, 4 are in both by chance: IoU 4/76.
    assert found["low"] < 4 / 76 < found["high"]
    assert found["p"] == pytest.approx(p) if p else found["p"] > 0.05


def test_masks_that_keep_all_are_within_chance():
    full = table("11111111 11111111", names=["en-a"])
    found = compare_tables(full, full, 19, 1)["layers"]["encoder.0.ffn"]
    assert (found["iou"], found["chance"], found["p"], found["place"]) == (1, 1, 1, "within")


def test_heads_and_neurons_have_no_unit_in_common():
    sizes = {"encoder_layers": 1, "decoder_layers": 1, "heads": 2, "ffn_dim": 8}
    heads = table("10 01 11", "10 01 11", space=model_space(sizes, ["head"]))
    assert compare_tables(ONE, heads, 19, 1)["layers"] == {}
    both = model_space(sizes, ["ffn", "head"])
    mixed = table("11110000 11000000 10 01 11", "11000000 11000000 10 01 11", space=both)
    found = compare_tables(ONE, mixed, 19, 1)["layers"]
    assert {layer: one["iou"] for layer, one in found.items()} == dict.fromkeys(
        ("encoder.0.ffn", "decoder.0.ffn", "encoder.mean", "decoder.mean"), 1
    )


NOUNS = table("11000000 10000000", "00110000 01100000", "00001111 00000000", names=["N", "V", "X"])


def test_rows_of_other_things_are_each_compared_with_all():
    found = cross_tables(ONE, NOUNS, draws=19, seed=1)
    # Encoder: a has units 0-3, b 0 and 1; N 0 and 1, V 2 and 3, X 4-7. Decoder: both 0 and 1.
    assert found["crossed"]["iou"]["encoder.mean"] == [[0.5, 0.5, 0], [1, 0, 0]]
    assert found["crossed"]["iou"]["decoder.mean"] == [[0.5, pytest.approx(1 / 3), 0]] * 2
    assert (found["crossed"]["one"], found["crossed"]["other"]) == (ROWS, ["N", "V", "X"])
    layer = found["layers"]["encoder.0.ffn"]
    assert layer["iou"] == pytest.approx(2 / 6)
    assert (layer["largest"], layer["others"]) == (pytest.approx((0.5 + 0.5 + 1 + 1 + 1 + 0.5) / 6), None)
    # 4 and 2 of 8 units as above, 4 and 4, 2 and 2, 2 and 4: chance of each pair of sizes.
    sizes = [[(4, 2), (4, 2), (4, 4)], [(2, 2), (2, 2), (2, 4)]]
    expected = [[expected_iou(8, *pair) for pair in row] for row in sizes]
    assert found["crossed"]["chance"]["encoder.mean"] == [
        [pytest.approx(one, abs=1e-6) for one in row] for row in expected
    ]
    assert layer["low"] < layer["chance"] < layer["high"]
    # b and N are the same units; then a with N and with V, whose sizes are equal: the earlier one first.
    alike = [one[:4] for one in most_alike([found], 2) if one[0] == "encoder.mean"]
    assert alike == [("encoder.mean", "en-b", "N", 1), ("encoder.mean", "en-a", "N", 0.5)]


def test_labels_are_no_languages():
    assert directions_among(["en-de", "NOUN", "PROPN-PL", "first-last", "pt_BR-en"]) == ["en-de", "pt_BR-en"]
    assert compare_languages(NOUNS, None, {"family": FAMILY}, 100, 1, 0.05) == {}


def compared(*arguments, wanted=None):
    return [
        (pair.kind, pair.names, pair.one.label, pair.other.label)
        for pair in pairs_of(selections_of(*arguments), wanted)
    ]


def test_sets_are_compared_within_a_model_and_each_between_seeds():
    assert compared(["baseline"], [1, 2], ["k70", "k95"], {}) == [
        ("sets", ("k70", "k95"), "baseline/s1/k70", "baseline/s1/k95"),
        ("seeds", ("k70", "k70"), "baseline/s1/k70", "baseline/s2/k70"),
        ("seeds", ("k95", "k95"), "baseline/s1/k95", "baseline/s2/k95"),
        ("sets", ("k70", "k95"), "baseline/s2/k70", "baseline/s2/k95"),
    ]


def test_systems_are_compared_seed_by_seed():
    assert compared(["baseline", "ns"], [1, 2], ["k70"], {}) == [
        ("seeds", ("baseline k70", "baseline k70"), "baseline/s1/k70", "baseline/s2/k70"),
        ("systems", ("baseline k70", "ns k70"), "baseline/s1/k70", "ns/s1/k70"),
        ("systems", ("baseline k70", "ns k70"), "baseline/s2/k70", "ns/s2/k70"),
        ("seeds", ("ns k70", "ns k70"), "ns/s1/k70", "ns/s2/k70"),
    ]


def test_draws_are_compared_with_one_another_and_with_sets_that_are_asked_for():
    drawn = {"boot": ["boot-1", "boot-2"]}
    sets = ["k70", "boot-1", "boot-2", "k95"]
    found = compared(["baseline"], [1], sets, drawn, wanted=[("k70", "k95")])
    assert [one[:2] for one in found] == [("sets", ("k70", "k95")), ("draws", ("boot", "boot"))]
    found = compared(["baseline"], [1], sets, drawn, wanted=[("boot", "k70")])
    assert [one[:2] for one in found] == [
        ("sets", ("k70", "boot")), ("sets", ("k70", "boot")), ("draws", ("boot", "boot")),
    ]  # fmt: skip


def test_spread_counts_what_is_defined():
    assert mean_sd([1.0, None, 3.0]) == {"mean": 2.0, "sd": pytest.approx(2**0.5), "n": 2}
    assert mean_sd([1.0]) == {"mean": 1.0, "sd": None, "n": 1}
    assert mean_sd([None]) == {"mean": None, "sd": None, "n": 0}


def test_pairs_of_draws_and_their_interval():
    def pair(one, other, iou):
        return {"one": one, "other": other, "layers": {"decoder.mean": {"iou": iou}}}

    found = between_draws([pair("a", "b", 0.5), pair("a", "c", 0.6), pair("b", "c", 0.7)])
    # As worked out by hand for the jackknife over three draws: .6 - 4.30265 · sqrt(2/3 · .02).
    assert found["draws"] == 3
    one = found["layers"]["decoder.mean"]
    assert (one["mean_iou"], one["high"]) == (pytest.approx(0.6), 1.0)
    assert one["low"] == pytest.approx(0.6 - 4.30265 * (2 / 3 * 0.02) ** 0.5, abs=1e-4)
    two = between_draws([pair("a", "b", 0.5)])["layers"]["decoder.mean"]
    assert two == {"mean_iou": 0.5, "low": None, "high": None}


def families(side="en-{}", seed=0, noise=0.1):
    """Nine languages of three families that share units, as rows of one side."""
    generator = np.random.Generator(np.random.PCG64(seed))
    base = generator.random((3, 80)) < 0.4
    keep = np.array([base[n // 3] ^ (generator.random(80) < noise) for n in range(9)])
    rows = [side.format(f"{'xyz'[n // 3]}{'abc'[n % 3]}") for n in range(9)]
    return MaskTable(rows, keep, ffn_space(1, 1, 40), {"weights_sha256": f"{seed:02}"})


FAMILY = {name: [f"{name}{n}" for n in "abc"] for name in "xyz"}
MIXED = {name: [f"{one}{name}" for one in "xyz"] for name in "abc"}


def test_families_are_found_and_other_groups_are_not():
    groupings = {"family": FAMILY, "mixed": MIXED, "pair": {"p": ["xa", "xb"], "q": ["ya", "yb"]}}
    found = compare_languages(families(), "en", groupings, 10_000, 1, 0.05)
    side = found["out of en"]
    family, mixed, pair = (side["groupings"][name] for name in groupings)
    entry = family["layers"]["decoder.mean"]
    # 280 partitions, of which the planted one is the best; four tests of means can be significant.
    assert entry["p"] == pytest.approx(1 / 280)
    assert entry["p_holm"] == pytest.approx(4 / 280)
    assert mixed["layers"]["decoder.mean"]["p_holm"] > 0.5
    # Four languages of two families: said, and no part of the correction.
    assert pair["note"] == "cannot be significant: 3 partitions, smallest p 0.33"
    assert "p_holm" not in pair["layers"]["decoder.mean"]
    order = [name[0] for name in side["order"]["decoder.mean"]["order"]]
    assert [len(set(order[start : start + 3])) for start in (0, 3, 6)] == [1, 1, 1]


def words(folder, *more, **changes):
    given = {
        "masks": str(folder / "{system}/s{seed}/{maskset}.npz"), "sets": "k70 k95", "seeds": "1 2",
        "groups": json.dumps({"family": FAMILY}, separators=(",", ":")), "pivot": "en", "draws": "19",
        **{f"out-{name}": str(folder / f"out.{name}") for name in ("json", "csv", "structure", "groups")},
        "out-markdown": str(folder / "out.md"),
    } | changes  # fmt: skip
    options = [word for name, value in given.items() for word in (f"--{name}", *value.split(" "))]
    return [*options, *more]


def lay(folder):
    for seed in (1, 2):
        for name, noise in (("k70", 0.1), ("k95", 0.2)):
            path = folder / f"baseline/s{seed}/{name}.npz"
            path.parent.mkdir(parents=True, exist_ok=True)
            families(seed=seed, noise=noise).write(path)


def test_command_line(tmp_path):
    lay(tmp_path)
    main(words(tmp_path))
    result = json.loads((tmp_path / "out.json").read_text())
    assert [(one["kind"], one["one"], one["other"]) for one in result["comparisons"]] == [
        ("sets", "baseline/s1/k70", "baseline/s1/k95"),
        ("seeds", "baseline/s1/k70", "baseline/s2/k70"),
        ("seeds", "baseline/s1/k95", "baseline/s2/k95"),
        ("sets", "baseline/s2/k70", "baseline/s2/k95"),
    ]
    assert [one["same_weights"] for one in result["comparisons"]] == [True, False, False, True]
    assert set(result["masks"]["baseline/s1/k70"]) >= {"sha256", "weights_sha256"}
    with (tmp_path / "out.csv").open() as handle:
        rows = {(row["kind"], row["one"], row["layer"]): row for row in csv.DictReader(handle)}
    sets = rows["sets", "k70", "decoder.mean"]
    values = [one["layers"]["decoder.mean"]["iou"] for one in result["comparisons"] if one["kind"] == "sets"]
    assert (sets["comparisons"], sets["above"]) == ("2", "2")
    assert float(sets["iou"]) == pytest.approx(np.mean(values), abs=1e-6)
    assert float(sets["sd"]) == pytest.approx(np.std(values, ddof=1), abs=1e-6)
    # One comparison has no spread.
    one = rows["seeds", "k70", "decoder.mean"]
    assert (one["comparisons"], one["sd"]) == ("1", "")
    with (tmp_path / "out.groups").open() as handle:
        groups = [row for row in csv.DictReader(handle) if row["layer"] == "decoder.mean"]
    assert {(row["masks"], row["partitions"], row["verdict"]) for row in groups} >= {
        ("baseline/s1/k70", "280", "significant")
    }
    with (tmp_path / "out.structure").open() as handle:
        structure = {(row["kind"], row["one"], row["layer"]): row for row in csv.DictReader(handle)}
    # Both seeds have the same three families, whatever the numbers of their units.
    assert float(structure["seeds", "k70", "decoder.mean"]["r"]) > 0.8
    page = (tmp_path / "out.md").read_text()
    assert "Units of two trainings have no common numbering" in page
    assert "- decoder.mean: k70, k95 (first join at" in page


def test_three_languages_cannot_show_a_structure(tmp_path):
    """Three languages have six orders: no p below .17, and the page says so."""
    generator = np.random.Generator(np.random.PCG64(4))
    for name in ("k70", "k95"):
        keep = generator.random((3, 80)) < 0.4
        path = tmp_path / f"baseline/s1/{name}.npz"
        path.parent.mkdir(parents=True, exist_ok=True)
        MaskTable(["en-aa", "en-bb", "en-cc"], keep, ffn_space(1, 1, 40), {}).write(path)
    main(words(tmp_path, seeds="1", groups="{}"))
    lines = [line for line in (tmp_path / "out.md").read_text().splitlines() if "k70 · k95 | sets |" in line]
    assert len(lines) == 2 and all(line.endswith("| 0.167 (cannot be significant) |") for line in lines)


def test_masks_of_labels_lie_elsewhere(tmp_path):
    lay(tmp_path)
    generator = np.random.Generator(np.random.PCG64(5))
    for seed in (1, 2):
        keep = np.concatenate([families(seed=seed).keep[:1], generator.random((1, 80)) < 0.4])
        MaskTable(["N", "V"], keep, ffn_space(1, 1, 40), {}).write(tmp_path / f"nouns.s{seed}.npz")
    files = json.dumps({"nouns": str(tmp_path / "nouns.s{seed}.npz")}, separators=(",", ":"))
    main(words(tmp_path, sets="k70 nouns", files=files))
    result = json.loads((tmp_path / "out.json").read_text())
    [first, *_] = [one for one in result["comparisons"] if one["kind"] == "sets"]
    assert first["crossed"]["iou"]["decoder.mean"][0] == [1.0, pytest.approx(0.25, abs=0.15)]
    assert result["languages"]["baseline/s1/nouns"] == {}
    page = (tmp_path / "out.md").read_text()
    assert "| k70 · nouns | decoder.mean | en-xa | N | 1.000 |" in page
    with pytest.raises(UserError, match=r"--files: 'noun' is not one of --sets \(did you mean 'nouns'\?\)"):
        main(words(tmp_path, sets="k70 nouns", files=files.replace('"nouns"', '"noun"')))
    with pytest.raises(UserError, match=r"a pattern has \{system\} and \{seed\} alone"):
        main(words(tmp_path, sets="k70 nouns", files='{"nouns":"{lang}.npz"}'))


def test_samples_stand_beside(tmp_path):
    lay(tmp_path)
    for seed, iou in ((1, 0.8), (2, 0.9)):
        entry = {"sentences": "all", "mean_iou": iou}
        mean = {"encoder.mean": [entry], "encoder.0.ffn": [entry]}
        (tmp_path / f"baseline.s{seed}.k70.json").write_text(json.dumps({"mean": mean}))
    pattern = str(tmp_path / "{system}.s{seed}.{maskset}.json")
    main(words(tmp_path, "--stability", pattern, "--stable", "k70"))
    samples = json.loads((tmp_path / "out.json").read_text())["samples"]
    expected = {"mean": pytest.approx(0.85), "sd": pytest.approx(0.05 * 2**0.5), "n": 2}
    assert samples == {"k70": {"encoder.mean": {"all": expected}}}
    assert "| k70 | encoder.mean | all | 0.850 ± 0.071 | 2 |" in (tmp_path / "out.md").read_text()
    (tmp_path / "baseline.s1.k70.json").write_text("{}")
    with pytest.raises(UserError, match=r"baseline\.s1\.k70\.json: not by stability, it lacks 'mean'"):
        main(words(tmp_path, "--stability", pattern, "--stable", "k70"))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"masks": "masks/{maskset}.npz"}, r"--masks .*: the pattern needs \{system\}"),
        ({"draws": "18"}, "--draws is 18, at least 19 is needed"),
        ({"sets": "k70 k70"}, "--sets: k70 is named twice"),
        ({"seeds": "1 1"}, "--seeds: 1 is named twice"),
        ({"pairs": "k70 k96"}, r"--pairs: no mask set 'k96' \(did you mean 'k95'\?\)"),
        ({"pairs": "k70 k70"}, "--pairs: k70 is paired with itself"),
        ({"level": "1"}, "--level is 1.0, a number between 0 and 1"),
        ({"groups": "[]"}, "--groups: not of the shape"),
        ({"drawn": "[]"}, "--drawn: not of the shape"),
    ],
)
def test_bad_options(tmp_path, changes, said):
    lay(tmp_path)
    with pytest.raises(UserError, match=said):
        main(words(tmp_path, **changes))
    assert not (tmp_path / "out.json").exists()
