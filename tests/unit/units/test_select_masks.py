"""From count files to one mask file, through the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from workflow_scripts.common.errors import UserError
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.score_table import ScoreTable
from workflow_scripts.units.select_masks import main, read_scores
from workflow_scripts.units.selection import Selection
from workflow_scripts.units.space import ffn_space

SPACE = ffn_space(1, 1, 4)
COUNTS = {"de-en": [2, 8, 4, 6, 0, 5, 5, 0], "en-de": [0, 0, 0, 0, 1, 1, 1, 97]}
REPOSITORY = Path(__file__).resolve().parents[3]


def write_counts(root, direction, counts=None, space=SPACE, **facts):
    metadata = {
        "weights_sha256": "ab" * 32,
        "counting": "no pads",
        "data_sha256": f"data of {direction}",
    } | facts
    values = np.array([counts or COUNTS[direction]], dtype=np.int64)
    ScoreTable([direction], values, space, metadata).write(root / f"{direction}.npz")


@pytest.fixture
def root(tmp_path):
    for direction in COUNTS:
        write_counts(tmp_path / "valid", direction)
    return tmp_path / "valid"


def select(root, *arguments, directions=("en-de", "de-en")):
    out = root.parent / "masks.npz"
    main(["--directions", *directions, "--out", str(out), *map(str, arguments)])
    return MaskTable.read(out)


def test_mass_keeps_rows_in_the_order_given(root):
    table = select(root, "--activations-root", root, "--select", "mass:70.0")
    assert table.rows == ("en-de", "de-en")
    # en-de: encoder all zero -> first unit; decoder total 100 -> 97 alone reaches 70
    # de-en: encoder total 20, needs 14 = 8 + 6; decoder total 10, needs 7 = 5 + 5
    assert table.keep.astype(int).tolist() == [[1, 0, 0, 0, 0, 0, 0, 1], [0, 1, 0, 1, 0, 1, 1, 0]]
    assert table.manifest == {
        "rule": "mass",
        "k": "70",
        "ties": "stable: equal scores keep the lower index first",
        "counting": "no pads",
        "weights_sha256": "ab" * 32,
        "data_sha256": {"en-de": "data of en-de", "de-en": "data of de-en"},
    }


def test_decimal_k(root):
    # the decoder of en-de: 97 % is one unit, 97.5 % crosses into the first of the tied ones
    for k, expected in (("97", [0, 0, 0, 1]), ("97.5", [1, 0, 0, 1]), ("100", [1, 1, 1, 1])):
        table = select(root, "--activations-root", root, "--select", f"mass:{k}")
        assert table.row("en-de")[4:].astype(int).tolist() == expected


def test_scores_with_a_sign(tmp_path):
    """Of four neurons a layer; by magnitude 4 and 3, by value 3 and 2."""
    values = np.array([[-4.0, 3.0, 2.0, -1.0, 0.5, -0.25, 0.0, 0.125]])
    ScoreTable(["de-en"], values, SPACE, {}).write(tmp_path / "valid/de-en.npz")
    root = tmp_path / "valid"

    def kept(selector):
        table = select(root, "--activations-root", root, "--select", selector, directions=["de-en"])
        assert table.select == selector
        return table.keep[0].nonzero()[0].tolist()

    assert (kept("top:50%"), kept("top:50%:abs")) == ([1, 2, 4, 7], [0, 1, 4, 5])
    with pytest.raises(UserError, match="select mass:95: the score of unit 0 is negative"):
        kept("mass:95")


def test_scores_of_all_directions_in_one_file(tmp_path):
    facts = {"weights_sha256": "ab" * 32, "counting": "correlation: max"}
    values = np.array([[0.1, 0.9, 0.3, 0.4] * 2, [0.4, 0.2, 0.8, 0.1] * 2])
    (tmp_path / "x").mkdir()
    file = tmp_path / "x/s1.npz"
    ScoreTable(["en-de", "de-en"], values, SPACE, facts).write(file)
    table = select(file, "--activations-root", file, "--select", "top:1", directions=("de-en", "en-de"))
    assert table.rows == ("de-en", "en-de") and table.of == "correlation"
    assert np.flatnonzero(table.row("de-en")).tolist() == [2, 6]
    assert np.flatnonzero(table.row("en-de")).tolist() == [1, 5]
    with pytest.raises(UserError, match="no score row 'fr-en'; rows: en-de, de-en"):
        select(file, "--activations-root", file, "--select", "top:1", directions=["fr-en"])


def test_all_keeps_everything_and_knows_its_model(root):
    table = select(root, "--activations-root", root, "--select", "all")
    assert table.keep.all() and table.keep.shape == (2, 8)
    assert (table.manifest["rule"], table.manifest["k"]) == ("all", None)
    table.check_model(SPACE, "ab" * 32)


def test_random_has_the_sizes_of_its_model_mask(root, tmp_path):
    rng = np.random.default_rng(0)
    space = ffn_space(1, 1, 64)
    for direction in COUNTS:
        write_counts(root, direction, counts=rng.integers(0, 99, 128).tolist(), space=space)
    like = select(root, "--activations-root", root, "--select", "mass:60")
    (tmp_path / "masks.npz").rename(tmp_path / "like.npz")
    random = ["--like", tmp_path / "like.npz", "--rows", "random", "--seed"]
    table = select(root, *random, 1)
    for layer in (slice(0, 64), slice(64, 128)):
        assert table.keep[:, layer].sum(axis=1).tolist() == like.keep[:, layer].sum(axis=1).tolist()
    assert (table.keep != like.keep).any(axis=1).all()
    assert (table.manifest["rule"], table.manifest["k"], table.manifest["seed"]) == ("random", "60", 1)
    assert (select(root, *random, 2).keep != table.keep).any(axis=1).all()
    # a direction's row does not depend on the other directions
    alone = select(root, *random, 1, directions=["de-en"])
    assert (alone.row("de-en") == table.row("de-en")).all()
    assert alone.manifest["data_sha256"] == {"de-en": "data of de-en"}


def test_each_direction_has_its_own_random_units(root, tmp_path):
    """Equal counts make equal masks; the random ones of one seed must differ all the same."""
    space = ffn_space(1, 1, 64)
    for direction in COUNTS:
        write_counts(root, direction, counts=[*range(64), *range(64)], space=space)
    like = select(root, "--activations-root", root, "--select", "mass:60")
    assert (like.row("en-de") == like.row("de-en")).all()
    (tmp_path / "masks.npz").rename(tmp_path / "like.npz")
    table = select(root, "--like", tmp_path / "like.npz", "--rows", "random", "--seed", 1)
    one, other = table.row("en-de"), table.row("de-en")
    assert (one[:64] != other[:64]).any() and (one[64:] != other[64:]).any()
    # Nor are the layers of a direction alike.
    assert (one[:64] != one[64:]).any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weights_sha256": "cd" * 32}, "weights_sha256"),
        ({"counting": "pads counted"}, "counting is 'pads counted', in de-en.npz 'no pads'"),
        ({"counting": "no pads, active by threshold:0.5 (relu)"}, r"active by threshold:0\.5 \(relu\)', in"),
        ({"space": ffn_space(2, 0, 4)}, "another model's units"),
    ],
)
def test_mixed_counts_are_refused(root, change, message):
    write_counts(root, "en-de", **change)
    with pytest.raises(UserError, match=message):
        select(root, "--activations-root", root, "--select", "all", directions=["de-en", "en-de"])


def test_what_is_missing_is_named(root):
    with pytest.raises(UserError, match=r"fr-en\.npz: no activations"):
        select(root, "--activations-root", root, "--select", "all", directions=["fr-en"])
    (root / "fr-en.npz").write_bytes((root / "de-en.npz").read_bytes())
    with pytest.raises(UserError, match="holds de-en, not fr-en"):
        select(root, "--activations-root", root, "--select", "all", directions=["fr-en"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--select", "mass:95"], "give --select with --activations-root, or --like with --rows"),
        (["--rows", "random", "--seed", "1"], "give --select with --activations-root, or --like with --rows"),
        (
            ["--select", "all", "--activations-root", "x", "--like", "y", "--rows", "union"],
            "give --select with",
        ),
        (
            ["--select", "all", "--activations-root", "x", "--by", "language"],
            "--by: goes with --like; leave it",
        ),
        (
            ["--like", "x", "--rows", "union", "--stacks", "encoder"],
            "--stacks: goes with --select; leave it out",
        ),
        (["--like", "x", "--rows", "union", "--gate", "{}"], "--gate: goes with --select; leave it out"),
        (["--like", "x", "--rows", "union", "--by", "family"], "--families: goes with --by family, and"),
        (["--like", "x", "--rows", "union", "--families", "{}"], "--families: goes with --by family, and"),
        (["--like", "x", "--rows", "swapped", "--pairs", "[]"], "--pairs: not of the shape {.*de-en"),
        (["--like", "x", "--rows", "swapped", "--pairs", "{"], "--pairs: not JSON"),
        (["--select", "all", "--activations-root", "x", "--gate", '{"ffn": 1}'], "--gate: not of the shape"),
        (
            ["--select", "all", "--activations-root", "x", "--pivot", "en"],
            "--pivot: goes with four selectors",
        ),
        (["--select", "random:30%", "--activations-root", "x"], "--select random:30% needs --seed"),
        (["--select", '{"out": {"encoder": "all"}}', "--activations-root", "x", "--pivot", "en"], "four sel"),
        (["--select", "{", "--activations-root", "x", "--pivot", "en"], "four selectors such as"),
        (["--select", '{"out": 1, "into": 2}', "--activations-root", "x", "--pivot", "en"], "four selectors"),
    ],
)
def test_options_that_do_not_fit_are_one_line(root, options, message):
    with pytest.raises(UserError, match=message):
        select(root, *options)


def bits(table, direction):
    return "".join("01"[int(bit)] for bit in table.row(direction))


def test_units_of_other_stacks_are_kept(root):
    table = select(root, "--activations-root", root, "--select", "top:1", "--stacks", "decoder")
    # The decoder's largest: 97 of en-de; of de-en the first of two equal ones.
    assert (bits(table, "en-de"), bits(table, "de-en")) == ("11110001", "11110100")
    assert {name: table.manifest.get(name) for name in ("rule", "k", "select", "stacks")} == {
        "rule": "top",
        "k": None,
        "select": "top:1",
        "stacks": ["decoder"],
    }
    # Where mass leaves out units of one stack only, k alone does not say so.
    part = select(root, "--activations-root", root, "--select", "mass:70", "--stacks", "encoder").manifest
    assert (part["rule"], part["k"], part["select"], part["stacks"]) == ("mass", None, "mass:70", ["encoder"])


def test_all_layers_together(root):
    every = ["--activations-root", root, "--select", "top:37.5%@model", "--accept-uninformative"]
    table = select(root, *every)
    # Three of eight. en-de: 97, then the first two of three 1s; de-en: 8, 6, then the first of two 5s.
    assert (bits(table, "en-de"), bits(table, "de-en")) == ("00001101", "01010100")


def test_four_k_by_side_and_stack(tmp_path):
    """Of 10, 20, 30 and 40, k = 40, 70, 90 and 100 keep 1, 2, 3 and 4 units: each k is where it is asked."""
    four = {
        "out": {"encoder": "mass:40", "decoder": "mass:70"},
        "into": {"encoder": "mass:90", "decoder": "mass:100"},
    }
    root = tmp_path / "valid"
    for direction in COUNTS:
        write_counts(root, direction, counts=[10, 20, 30, 40, 40, 30, 20, 10])
    given = ["--activations-root", root, "--select", json.dumps(four), "--pivot", "en"]
    table = select(root, *given)
    assert (bits(table, "en-de"), bits(table, "de-en")) == ("00011100", "01111111")
    # The encoder alone, or the decoder alone.
    for stack, expected in (("encoder", "00111111"), ("decoder", "11111100")):
        part = select(root, *given[:3], "mass:70", "--stacks", stack)
        assert {bits(part, "en-de"), bits(part, "de-en")} == {expected}


def test_four_selectors(root):
    four = {
        "out": {"encoder": "all", "decoder": "top:1"},
        "into": {"encoder": "mass:70", "decoder": "bottom:2"},
    }
    table = select(root, "--activations-root", root, "--select", json.dumps(four), "--pivot", "en")
    # en-de goes out of en: all, and 97. de-en goes into it: 8 + 6 of 20, and the two zeros.
    assert (bits(table, "en-de"), bits(table, "de-en")) == ("11110001", "01011001")
    assert (table.manifest["select"], table.manifest["pivot"]) == (four, "en")
    with pytest.raises(UserError, match="--stacks: four selectors name both"):
        select(root, "--activations-root", root, "--select", json.dumps(four), "--pivot", "en",
               "--stacks", "encoder")  # fmt: skip
    with pytest.raises(UserError, match="en-de is neither out of the pivot 'fr' nor into it"):
        select(root, "--activations-root", root, "--select", json.dumps(four), "--pivot", "fr")


def test_how_units_act_is_said_where_it_is_not_the_default_and_handed_on(root, tmp_path):
    half = ["--activations-root", root, "--select", "mass:70", "--gate"]
    assert "gate" not in select(root, *half, '{"ffn": "row"}').manifest
    table = select(root, *half, '{"ffn": "scale:0.5"}')
    assert (table.manifest["gate"], table.manifest["k"]) == ({"ffn": "scale:0.5"}, "70")
    (tmp_path / "masks.npz").rename(tmp_path / "like.npz")
    again = select(root, "--like", tmp_path / "like.npz", "--rows", "union")
    assert again.manifest["gate"] == {"ffn": "scale:0.5"}
    with pytest.raises(UserError, match=r"gate\.ffn: 'half' is not row, zero"):
        select(root, *half, '{"ffn": "half"}')


def test_random_units_of_each_direction_and_draw(root):
    for direction in COUNTS:
        write_counts(root, direction, counts=[1] * 128, space=ffn_space(1, 1, 64))
    random = ["--activations-root", root, "--select", "random:25%", "--seed"]
    table = select(root, *random, 1)
    assert table.keep[:, :64].sum(axis=1).tolist() == table.keep[:, 64:].sum(axis=1).tolist() == [16, 16]
    assert bits(table, "en-de") != bits(table, "de-en")
    assert bits(select(root, *random, 1), "en-de") == bits(table, "en-de")
    # Of four selectors each stack has its own units.
    both = dict.fromkeys(("encoder", "decoder"), "random:25%")
    four = ["--activations-root", root, "--select", json.dumps({"out": both, "into": both}), "--pivot", "en"]
    row = select(root, *four, "--seed", 1).row("en-de")
    assert row[:64].sum() == row[64:].sum() == 16 and (row[:64] != row[64:]).any()
    with pytest.raises(UserError, match="needs --seed"):
        select(root, *four)
    # Random rows of another file of the same sizes are other ones: two controls, not one twice.
    (root.parent / "masks.npz").rename(root.parent / "like.npz")
    like = select(root, "--like", root.parent / "like.npz", "--rows", "random", "--seed", 1)
    assert like.keep.sum(axis=1).tolist() == [32, 32] and bits(like, "en-de") != bits(table, "en-de")
    others = [select(root, *random, *more) for more in ([2], [1, "--draw", 1], [1, "--draw", 2])]
    assert len({bits(one, "en-de") for one in [table, *others]}) == 4


def test_rows_of_another_file(root, tmp_path):
    select(root, "--activations-root", root, "--select", "mass:70")
    (tmp_path / "masks.npz").rename(tmp_path / "like.npz")
    # en-de is 1000 0001, de-en 0101 0110.
    like = ["--like", tmp_path / "like.npz", "--rows"]
    assert bits(select(root, *like, "union"), "en-de") == "11010111"
    pairs = json.dumps({"en-de": "de-en"})
    swapped = select(root, *like, "swapped", "--pairs", pairs)
    assert (bits(swapped, "en-de"), bits(swapped, "de-en")) == ("01010110", "01010110")
    assert (swapped.manifest["rule"], swapped.manifest["like_rule"]) == ("swapped", "mass")
    families = json.dumps({"de": "west", "en": "west"})
    merged = select(root, *like, "merged", "--by", "family", "--families", families)
    assert bits(merged, "en-de") == "11010111"


def test_a_table_says_how_its_rows_follow_from_scores(root):
    """What `make verify` selects again."""
    scores = read_scores(root, ["en-de", "de-en"])
    four = json.dumps({side: {"encoder": "top:1", "decoder": "all"} for side in ("out", "into")})
    for options in (
        ["mass:70"],
        ["all"],
        ["mass:70", "--stacks", "encoder"],
        ["top:1@model"],
        [four, "--pivot", "en"],
        ["random:50%", "--seed", 3],
    ):
        table = select(root, "--activations-root", root, "--select", *options)
        selection = Selection.of_masks(table)
        assert selection is not None
        again = selection.masks(scores)
        assert again.keep.tolist() == table.keep.tolist() and again.manifest == table.manifest
    (root.parent / "masks.npz").rename(root.parent / "like.npz")
    union = select(root, "--like", root.parent / "like.npz", "--rows", "union")
    assert Selection.of_masks(union) is None


def test_a_user_error_is_one_line(tmp_path):
    result = subprocess.run(
        [sys.executable, "-m", "workflow_scripts.units.select_masks", "--select", "all",
         "--directions", "de-en", "--activations-root", str(tmp_path), "--out", str(tmp_path / "m.npz")],
        capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )  # fmt: skip
    assert result.returncode == 1
    assert result.stderr.startswith("error: ") and result.stderr.count("\n") == 1
    assert not (tmp_path / "m.npz").exists()
