"""Accuracy on contrastive sets: counts worked out by hand, margins against the likelihoods themselves."""

import json

import numpy as np
import pytest

from tests.malformed import tiny
from workflow_scripts.common.archive import read_archive
from workflow_scripts.common.errors import UserError
from workflow_scripts.likelihood.contrastive_set import COLUMNS, Item
from workflow_scripts.likelihood.likelihood_scorer import LikelihoodScorer
from workflow_scripts.likelihood.score_contrastive import by_phenomenon, main, wilson_interval
from workflow_scripts.units.system import SystemFolder


@pytest.mark.parametrize(
    ("right", "n", "low", "high"),
    [  # scipy.stats.binomtest(right, n).proportion_ci(method="wilson")
        (8, 10, 0.4901624715366418, 0.9433178485456248),
        (0, 5, 0.0, 0.43448246478317476),
        (5, 5, 0.5655175352168251, 1.0),
        (787, 800, 0.9723972480337709, 0.9904791892372374),
    ],
)
def test_wilsons_interval(right, n, low, high):
    assert wilson_interval(right, n) == pytest.approx((low, high), abs=1e-12)


def item(phenomenon, wrong):
    return Item("de-en", "1", "s", "c", tuple(f"w{n}" for n in range(wrong)), phenomenon, 2)


def test_counts_by_hand():
    items = [item("number", 1), item("gender", 1), item("number", 2), item("number", 1)]
    found = by_phenomenon(items, np.array([0.5, -1.0, 0.25, 0.0]))
    # A tie is wrong: two of four, and two of the three on number.
    assert (found["n"], found["right"], found["ties"], found["accuracy"]) == (4, 2, 1, 0.5)
    assert found["chance"] == pytest.approx((1 / 2 + 1 / 2 + 1 / 3 + 1 / 2) / 4)
    number, gender = found["phenomena"]["number"], found["phenomena"]["gender"]
    assert list(found["phenomena"]) == ["number", "gender"]
    assert (number["n"], number["right"], number["ties"]) == (3, 2, 1)
    assert number["chance"] == pytest.approx(4 / 9)
    assert (number["low"], number["high"]) == pytest.approx(wilson_interval(2, 3))
    assert (gender["n"], gender["right"], gender["ties"], gender["accuracy"]) == (1, 0, 0, 0.0)


READINGS = ["a house", "the house", "a river", "by a house"]
SOURCE = "ein Haus"


@pytest.fixture
def system(tmp_path):
    tiny.system(tmp_path)
    return SystemFolder.read(tmp_path / "system")


def run(system, folder, rows, more=""):
    text = "".join("\t".join(row) + "\n" for row in [COLUMNS, *rows])
    (folder / "set.tsv").write_text(text, encoding="utf-8")
    words = f"--system {system.folder} --directions en-de de-en --set {folder}/set.tsv --name pairs {more}"
    main([*words.split(), "--experiment", "x", "--out", str(folder / "out.json")])
    return json.loads((folder / "out.json").read_text())


def test_the_right_reading_must_beat_every_wrong_one(system, tmp_path):
    scorer = LikelihoodScorer(system, ["de-en"])
    sums = dict(
        zip(READINGS, scorer.score("de-en", [(SOURCE, r) for r in READINGS]).log_likelihood, strict=True)
    )
    worst, second, third, best = sorted(READINGS, key=sums.__getitem__)
    written = run(
        system,
        tmp_path,
        [
            ("de-en", "1", SOURCE, best, second, "number"),
            ("de-en", "2", SOURCE, third, worst, "gender"),
            # Of two wrong readings the better one counts, on whichever line it stands.
            ("de-en", "2", SOURCE, third, best, "gender"),
            ("de-en", "3", SOURCE, third, worst, "gender"),
            # Characters that the model does not know: the same to it, so a tie.
            ("de-en", "4", SOURCE, "a Ω", "a Ψ", "gender"),
            ("en-de", "1", "a house", "ein Haus", "ein Fluss", "number"),
        ],
    )
    own = written["directions"]["de-en"]
    assert own["phenomena"]["number"]["accuracy"] == 1.0
    gender = own["phenomena"]["gender"]
    assert (gender["n"], gender["right"], gender["ties"]) == (3, 1, 1)
    assert gender["chance"] == pytest.approx((1 / 3 + 1 / 2 + 1 / 2) / 3)
    assert list(written["directions"]) == ["en-de", "de-en"]
    assert written["all"]["n"] == 5
    assert written["all"]["phenomena"]["number"]["n"] == 2
    assert (written["experiment"], written["system"], written["seed"], written["set"]) == (
        "x", "tiny", 1, "pairs",
    )  # fmt: skip
    arrays, manifest = read_archive(tmp_path / "out.npz", "margins-1")
    assert manifest["set"] == "pairs"
    assert arrays["de-en/id"].tolist() == ["1", "2", "3", "4"]
    expected = [sums[best] - sums[second], sums[third] - sums[best], sums[third] - sums[worst], 0.0]
    assert arrays["de-en/margin"] == pytest.approx(expected, abs=1e-4)
    assert arrays["de-en/margin"][3] == 0.0


def test_directions_that_a_system_lacks_are_left_out(system, tmp_path):
    rows = [(one, "1", SOURCE, "a house", "a river", "number") for one in ("de-en", "fr-de")]
    written = run(system, tmp_path, rows, "--skipped fr-de")
    assert list(written["directions"]) == ["de-en"] and written["all"]["n"] == 1
    with pytest.raises(UserError, match="fr-de"):
        run(system, tmp_path, rows)
    # A set of other directions alone is no mistake where other systems have these.
    written = run(system, tmp_path, rows[1:], "--skipped fr-de")
    assert (written["all"], written["directions"]) == (None, {})


def test_a_masked_system_is_asked_under_its_masks(system, tmp_path):
    (tmp_path / "masked").mkdir()
    tiny.system(tmp_path / "masked", mask_table=tiny.masks)
    rows = [("de-en", "1", SOURCE, "a house", "a river", "number")]
    run(system, tmp_path, rows)
    run(SystemFolder.read(tmp_path / "masked/system"), tmp_path / "masked", rows)
    plain, masked = (
        read_archive(folder / "out.npz", "margins-1")[0]["de-en/margin"][0]
        for folder in (tmp_path, tmp_path / "masked")
    )
    assert abs(plain - masked) > 1e-3
