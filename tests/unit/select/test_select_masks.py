"""From count files to one mask file, through the command line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from workflow_scripts.errors import UserError
from workflow_scripts.select.select_masks import main
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.score_table import ScoreTable
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
    table = select(root, "--activations-root", root, "--rule", "mass", "--k", "70.0")
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
        table = select(root, "--activations-root", root, "--rule", "mass", "--k", k)
        assert table.row("en-de")[4:].astype(int).tolist() == expected


def test_all_keeps_everything_and_knows_its_model(root):
    table = select(root, "--activations-root", root, "--rule", "all")
    assert table.keep.all() and table.keep.shape == (2, 8)
    assert (table.manifest["rule"], table.manifest["k"]) == ("all", None)
    table.check_model(SPACE, "ab" * 32)


def test_random_has_the_sizes_of_its_model_mask(root, tmp_path):
    rng = np.random.default_rng(0)
    space = ffn_space(1, 1, 64)
    for direction in COUNTS:
        write_counts(root, direction, counts=rng.integers(0, 99, 128).tolist(), space=space)
    like = select(root, "--activations-root", root, "--rule", "mass", "--k", "60")
    (tmp_path / "masks.npz").rename(tmp_path / "like.npz")
    random = ["--rule", "random", "--like", tmp_path / "like.npz", "--seed"]
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
    like = select(root, "--activations-root", root, "--rule", "mass", "--k", "60")
    assert (like.row("en-de") == like.row("de-en")).all()
    (tmp_path / "masks.npz").rename(tmp_path / "like.npz")
    table = select(root, "--rule", "random", "--like", tmp_path / "like.npz", "--seed", 1)
    one, other = table.row("en-de"), table.row("de-en")
    assert (one[:64] != other[:64]).any() and (one[64:] != other[64:]).any()
    # Nor are the layers of a direction alike.
    assert (one[:64] != one[64:]).any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weights_sha256": "cd" * 32}, "weights_sha256"),
        ({"counting": "pads counted"}, "counting is 'pads counted', in de-en.npz 'no pads'"),
        ({"space": ffn_space(2, 0, 4)}, "another model's units"),
    ],
)
def test_mixed_counts_are_refused(root, change, message):
    write_counts(root, "en-de", **change)
    with pytest.raises(UserError, match=message):
        select(root, "--activations-root", root, "--rule", "all", directions=["de-en", "en-de"])


def test_what_is_missing_is_named(root):
    with pytest.raises(UserError, match=r"fr-en\.npz: no activations"):
        select(root, "--activations-root", root, "--rule", "all", directions=["fr-en"])
    with pytest.raises(UserError, match="--rule mass needs --k"):
        select(root, "--activations-root", root, "--rule", "mass")
    with pytest.raises(UserError, match="--rule random needs --like"):
        select(root, "--rule", "random", "--seed", "1")
    (root / "fr-en.npz").write_bytes((root / "de-en.npz").read_bytes())
    with pytest.raises(UserError, match="holds de-en, not fr-en"):
        select(root, "--activations-root", root, "--rule", "all", directions=["fr-en"])


def test_a_user_error_is_one_line(tmp_path):
    result = subprocess.run(
        [sys.executable, "-m", "workflow_scripts.select.select_masks", "--rule", "all",
         "--directions", "de-en", "--activations-root", str(tmp_path), "--out", str(tmp_path / "m.npz")],
        capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )  # fmt: skip
    assert result.returncode == 1
    assert result.stderr.startswith("error: ") and result.stderr.count("\n") == 1
    assert not (tmp_path / "m.npz").exists()
