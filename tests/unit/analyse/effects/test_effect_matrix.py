"""Effect matrices: which units are a language's, cells equal to networks without them, files, bad input."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the fairseq environment")

from tests.unit.analyse.small_model import (  # noqa: E402
    DIRECTIONS,
    VOCABULARY,
    batches_of,
    loss_of,
    small_network,
    without_units,
    write_system,
)
from workflow_scripts.analyse.effects.effect_matrix import main  # noqa: E402
from workflow_scripts.analyse.effects.effect_tables import verdicts  # noqa: E402
from workflow_scripts.analyse.effects.language_units import (  # noqa: E402
    Side,
    chosen,
    criterion,
    drawn,
    kept_on,
    rates_on,
    sides,
)
from workflow_scripts.analyse.effects.material import sizes_of  # noqa: E402
from workflow_scripts.analyse.effects.matrices import (  # noqa: E402
    Chosen,
    effect_matrices,
    measure_language,
)
from workflow_scripts.common.errors import UserError  # noqa: E402
from workflow_scripts.models.fairseq.port import FairseqPort  # noqa: E402
from workflow_scripts.units.architecture import Architecture  # noqa: E402
from workflow_scripts.units.mask_table import MaskTable  # noqa: E402
from workflow_scripts.units.score_table import ScoreTable  # noqa: E402
from workflow_scripts.units.space import ffn_space, model_space  # noqa: E402

ARCHITECTURE = Architecture(1, 1, 8, 10, 2)
SPACE = model_space(ARCHITECTURE.to_dict())
POSITIONS = {name: {"encoder": 10, "decoder": 20} for name in DIRECTIONS}
TARGETS = Side("as targets", "decoder", {"de": ["en-de"], "fr": ["en-fr"], "en": ["de-en"]})


def counts():
    values = np.random.default_rng(4).integers(0, 11, (3, SPACE.size))
    return ScoreTable(DIRECTIONS, values, SPACE, {"positions": POSITIONS, "counting": "pads excluded"})


def test_sides_of_a_pivot_and_without():
    names = ["en-de", "en-fr", "de-en", "fr-en"]
    assert list(sides(names, "en")) == [
        Side("out of en", "decoder", {"de": ["en-de"], "fr": ["en-fr"]}),
        Side("into en", "encoder", {"de": ["de-en"], "fr": ["fr-en"]}),
    ]
    assert [side.stack for side in sides(names, None)] == ["decoder", "encoder"]
    sources = list(sides(DIRECTIONS, None))[1]
    assert sources.languages == {"en": ["en-de", "en-fr"], "de": ["de-en"]}
    with pytest.raises(UserError, match="en-de: no two languages on one side of en"):
        list(sides(["en-de"], "en"))


def test_rates_sum_a_languages_directions():
    sources = list(sides(DIRECTIONS, None))[1]
    p, space = rates_on(sources, counts())
    values = counts().values[:, :10]
    assert space.keys == ("encoder.0.ffn",) and p.shape == (10, 2)
    assert p[:, 0] == pytest.approx((values[0] + values[1]) / 20)
    assert p[:, 1] == pytest.approx(values[2] / 10)
    silent = ScoreTable(DIRECTIONS, counts().values, SPACE, {})
    with pytest.raises(UserError, match=r"en-de.npz: does not say at how many positions"):
        rates_on(sources, silent)


def test_criteria_by_hand():
    """Four units, three languages. Unit 0 is active in all, 1 in the first alone, 2 most in the second."""
    space = ffn_space(1, 1, 4).part(stacks=["encoder"])
    p = np.array([[0.9, 0.9, 0.9], [0.4, 0.0, 0.0], [0.2, 0.8, 0.2], [0.0, 0.0, 0.1]])
    found = criterion("difference", p)
    assert found.scores[0] == pytest.approx([0.0, 0.4, -0.3, -0.05])
    (size,) = sizes_of(["1"], space).values()
    units = chosen(found, size, space)
    assert units.argmax(axis=1).tolist() == [1, 2, 3] and units.sum(axis=1).tolist() == [1, 1, 1]
    # Kept: by two of three, by the first alone, by none and by all.
    kept = np.array([[1, 1, 0, 1], [1, 0, 0, 1], [0, 0, 0, 1]], dtype=bool)
    found = criterion("masks", p, kept)
    # Of two others fewer than a third is none: only the first has a unit of its own.
    assert found.own.tolist() == [[False, True, False, False], [False] * 4, [False] * 4]
    orders = [np.argsort(-row, kind="stable").tolist() for row in found.scores]
    # Own, then kept by few others, then what it does not keep: by few others, and by the difference.
    assert orders == [[1, 0, 3, 2], [0, 3, 2, 1], [3, 2, 1, 0]]
    with pytest.raises(ValueError, match="no criterion 'mask'"):
        criterion("mask", p, kept)


def test_fewer_than_a_third_of_the_others():
    """Of four others one is fewer than a third, two are not; of three, one is a third."""
    for languages, few in ((5, 1), (4, 0)):
        kept = np.zeros((languages, 3), dtype=bool)
        kept[0] = True
        kept[1 : 1 + few, 1] = kept[1 : 2 + few, 2] = True
        own = criterion("masks", np.full((3, languages), 0.5), kept).own
        assert own[0].tolist() == [True, True, False]


def test_what_a_language_keeps_is_what_any_of_its_directions_does():
    keep = np.zeros((3, SPACE.size), dtype=bool)
    keep[0, 0] = keep[1, 1] = keep[2, 2] = True
    sources = list(sides(DIRECTIONS, None))[1]
    found = kept_on(sources, MaskTable(DIRECTIONS, keep, SPACE, {}))
    assert [np.flatnonzero(row).tolist() for row in found] == [[0, 1], [2]]
    heads = model_space(ARCHITECTURE.to_dict(), ["head"])
    masks = MaskTable(DIRECTIONS, np.ones((3, heads.size), dtype=bool), heads, {})
    with pytest.raises(UserError, match="masks of head; the criterion takes FFN neurons"):
        kept_on(sources, masks)


def test_random_units_grow_and_differ_by_language_and_draw():
    space = SPACE.part(stacks=["decoder"])
    few, more = sizes_of(["20%", "50%"], space).values()
    one, same = drawn(["de", "fr"], few, space, 1, seed=1), drawn(["de", "fr", "en"], few, space, 1, seed=1)
    assert (one == same[:2]).all() and one.sum(axis=1).tolist() == [2, 2]
    assert (one <= drawn(["de", "fr"], more, space, 1, seed=1)).all()
    others = drawn(["de", "fr"], more, space, 2, seed=1), drawn(["de", "fr"], more, space, 1, seed=2)
    first = drawn(["de", "fr"], more, space, 1, seed=1)
    assert all((first != other).any() for other in others) and (first[0] != first[1]).any()


def nll_without(direction, gone, batches):
    whole = np.concatenate([np.zeros(10, dtype=bool), gone])
    return loss_of(FairseqPort(without_units(small_network(ARCHITECTURE), whole), VOCABULARY), batches)


def test_cells_are_what_networks_without_the_units_lose(data_bin, tmp_path):
    batches = batches_of(data_bin)
    system = write_system(tmp_path / "system", ARCHITECTURE)
    port = FairseqPort(small_network(ARCHITECTURE), VOCABULARY, system)
    space = SPACE.part(stacks=["decoder"])
    keep = np.random.default_rng(2).random((3, 10)) < 0.4
    units = Chosen(space, {("x", "1"): keep, ("y", "1"): ~keep}, {})
    texts = [measure_language(port, units, TARGETS, one, batches, "zero") for one in TARGETS.languages]
    matrices = effect_matrices(texts)
    assert matrices.shape == (2, 3, 3)
    for column, (direction,) in enumerate(TARGETS.languages.values()):
        full = nll_without(direction, np.zeros(10, dtype=bool), batches[direction])
        for row in range(3):
            for matrix, gone in zip(matrices, (keep[row], ~keep[row]), strict=True):
                expected = nll_without(direction, gone, batches[direction]) - full
                assert matrix[row, column] == pytest.approx(expected, abs=1e-6)
    # In three words of French two sets may be off alike.
    assert len(np.unique(matrices)) > 12


@pytest.fixture
def words(data_bin, tmp_path):
    system = write_system(tmp_path / "system", ARCHITECTURE)
    facts = {"weights_sha256": system.weights_sha256, "counting": "pads excluded", "source_positions": 10,
             "target_positions": 20, "source_pads": 0, "target_pads": 0}  # fmt: skip
    for name in DIRECTIONS:
        table = ScoreTable([name], counts().row(name)[None], SPACE, facts)
        table.write(tmp_path / f"counts/{name}.npz")
    keep = np.random.default_rng(3).random((3, SPACE.size)) < 0.5
    masks = MaskTable(DIRECTIONS, keep, SPACE, {"rule": "mass", "k": "70", **facts})
    masks.write(tmp_path / "k70.npz")
    words = ["--system", str(tmp_path / "system"), "--activations-root", str(tmp_path / "counts")]
    words += ["--masks", str(tmp_path / "k70.npz"), "--criteria", "difference", "lape", "masks"]
    words += ["--sizes", "10%", "30%", "--data-bin", str(data_bin)]
    words += ["--subset", "test", "--directions", *DIRECTIONS]
    return words + [f"--out-{form}={tmp_path}/out.{form}" for form in ("json", "csv", "markdown")]


def test_command_line(words, tmp_path):
    main(words)
    result = json.loads((tmp_path / "out.json").read_text())
    assert list(result["sides"]) == ["as targets", "as sources"]
    side = result["sides"]["as targets"]
    assert side["units"] == {"10%": 1, "30%": 3} and side["of_units"] == 10
    assert side["languages"]["de"] == {
        "directions": ["en-de"], "sentences": 2, "tokens": 10, "full": side["languages"]["de"]["full"]
    }  # fmt: skip
    assert result["sides"]["as sources"]["languages"]["en"]["sentences"] == 4
    for by_size in side["sets"].values():
        for found in by_size.values():
            assert np.sum(found["centred"], axis=0) == pytest.approx([0] * 3)
            assert np.sum(found["centred"], axis=1) == pytest.approx([0] * 3)
            assert found["permutation"]["orders"] == 6
    assert all(len(one["paired"]) == 3 for one in side["sets"]["lape"].values())
    assert result["sides"]["as sources"]["sets"]["masks"]["10%"]["permutation"]["smallest_p"] == 0.5
    rows = list(csv.DictReader((tmp_path / "out.csv").open()))
    # Three criteria and five draws, two sizes; nine cells on one side, four on the other.
    assert len(rows) == 8 * 2 * (9 + 4)
    cell = next(r for r in rows if r["set"] == "lape" and r["units_of"] == "de" and r["loss_of"] == "fr")
    assert float(cell["raw"]) == side["sets"]["lape"]["10%"]["raw"][0][1]
    assert len(result["verdicts"]) == 2 * 3 * 2
    text = (tmp_path / "out.markdown").read_text()
    assert "## as targets, units of the decoder" in text and "lape, 10%, centred" in text


@pytest.mark.parametrize(
    ("option", "wrong", "said"),
    [
        ("--draws", ["4"], "at least 5"),
        ("--sizes", ["5%"], "less than one of the 10 units"),
        ("--sizes", ["12"], "encoder.0.ffn has 10 units|decoder.0.ffn has 10 units"),
        ("--criteria", ["lape"], "--masks: goes with the criterion masks"),
        ("--directions", ["en-de"], "no two languages on one side"),
        ("--directions", ["en-de", "en-xx"], "en-xx.npz: no activations"),
        ("--subset", ["valid"], "valid"),
    ],
)
def test_bad_input_is_one_line(words, option, wrong, said):
    with pytest.raises(UserError, match=said) as error:
        main([*words, option, *wrong])
    assert "\n" not in str(error.value)


def planted(own, others, level=0.05, p=0.01, smallest=0.01):
    """A result of one side whose random draws stand out by about 0."""
    paired = [{"difference": own - others, "low": 0.1, "high": 2, "p": 0.001, "p_holm": 0.004}] * 4
    raw = (np.full((4, 4), others) + (own - others) * np.eye(4)).tolist()
    test = {"p": p, "orders": 24, "exact": True, "smallest_p": smallest}
    found = {
        "raw": raw,
        "own": own,
        "others": others,
        "advantage": own - others,
        "permutation": test,
        "paired": paired,
        "own_units": [1.0, 1.0, 1.0, 1.0],
    }
    sets = {f"random-{n}": {"1%": {"advantage": (n - 3) * 0.01}} for n in range(1, 6)}
    side = {"stack": "decoder", "units": {"1%": 8}, "sets": {**sets, "lape": {"1%": found}}}
    return {"sides": {"out of en": side}, "criteria": ["lape"], "draws": list(sets), "level": level}


@pytest.mark.parametrize(
    ("result", "word"),
    [
        (planted(1.0, 0.2), "causally special; own units add +1.000"),
        (planted(1.0, 0.8), "special, but others are harmed too"),
        (planted(1.0, 0.2, p=0.06), "above random units, but not significant"),
        (planted(1.0, 0.2, p=0.5, smallest=0.5), "too few: the permutation test cannot be significant"),
        (planted(0.02, 0.0), "not special"),
        (planted(-0.1, -1.0), "not special"),
    ],
)
def test_answers_in_words(result, word):
    (line,) = verdicts(result).values()
    assert word in line and "4 of 4 languages lose more from their own units" in line


def test_a_verdict_says_when_other_units_fill_up():
    """Two of four languages have no unit that the criterion asks for, one has half: (0 + 0 + .5 + 1) / 4."""
    result = planted(1.0, 0.2)
    (line,) = verdicts(result).values()
    assert "fill up" not in line
    result["sides"]["out of en"]["sets"]["lape"]["1%"]["own_units"] = [0.0, 0.0, 0.5, 1.0]
    (line,) = verdicts(result).values()
    assert line.endswith("; 38% of the units meet what lape asks for, others fill up")
