"""The stage that prunes heads, on a small network: heads by importance, losses of networks without them."""

from __future__ import annotations

import csv
import json
import shutil
from contextlib import nullcontext

import numpy as np
import pytest
import torch

from tests.unit.analyse.small_model import (
    DIRECTIONS,
    VOCABULARY,
    batches_of,
    loss_of,
    small_network,
    write_data_bin,
    write_system,
)
from workflow_scripts.analyse.heads.dissociation import relative
from workflow_scripts.analyse.heads.measured_tasks import losses
from workflow_scripts.analyse.heads.prune_heads import main
from workflow_scripts.analyse.heads.pruning import PruningRule
from workflow_scripts.analyse.heads.pruning_results import Asked
from workflow_scripts.analyse.heads.scorer import Scorer
from workflow_scripts.analyse.losses import losses_per_token
from workflow_scripts.common.errors import UserError
from workflow_scripts.models.fairseq.port import FairseqPort
from workflow_scripts.models.fairseq.sites import sites
from workflow_scripts.models.port import Laid, load
from workflow_scripts.units.architecture import Architecture
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.space import model_space
from workflow_scripts.units.system import SystemFolder

SHAPE = Architecture(2, 1, 8, 6, 2, dropout=0.0)
# encoder.0 0 1, encoder.1 2 3, decoder.self 4 5, decoder.cross 6 7
SPACE = model_space(SHAPE.to_dict(), ["head"])
PLAIN = {name: Laid(nullcontext) for name in DIRECTIONS}
RULE = PruningRule(["50%"])


@pytest.fixture(scope="module")
def data_bin(tmp_path_factory):
    folder = write_data_bin(tmp_path_factory.mktemp("text") / "bin")
    for file in [*folder.iterdir()]:
        shutil.copy(file, folder / file.name.replace("test.", "valid.", 1))
    return folder


def port_without(heads=()) -> FairseqPort:
    """The port of a network whose projections have zero columns for some heads."""
    network = small_network(SHAPE)
    for head in heads:
        key, index = SPACE.locate(head)
        width = sites(network)[key].width
        with torch.no_grad():
            sites(network)[key].module.weight[:, index * width : (index + 1) * width] = 0.0
    return FairseqPort(network, VOCABULARY)


def removed(*heads) -> np.ndarray:
    gone = np.zeros(SPACE.size, dtype=bool)
    gone[list(heads)] = True
    return gone


def test_losses_are_those_of_networks_without_the_heads(data_bin):
    batches = batches_of(data_bin)
    sets = {("a", "x"): removed(0, 6), ("b", "x"): removed(4), ("c", "x"): removed(0, 6)}
    measured, texts = losses(port_without(), sets, SPACE, batches, PLAIN)
    assert list(measured.after) == [*sets] and not measured.rises
    for direction in DIRECTIONS:
        assert measured.base[direction] == pytest.approx(
            loss_of(port_without(), batches[direction]), abs=1e-5
        )
        for key, heads in {("a", "x"): (0, 6), ("b", "x"): (4,)}.items():
            expected = loss_of(port_without(heads), batches[direction])
            assert measured.after[key][direction] == pytest.approx(expected, abs=1e-5)
            assert abs(expected - measured.base[direction]) > 1e-4
    assert measured.after["a", "x"] == measured.after["c", "x"]
    # German: 2 + 4 words, two tags and two </s>
    assert texts["en-de"] == {"tokens": 10, "sentences": 2}


def test_heads_that_are_gone_are_scored_as_in_a_network_without_them(data_bin):
    batches = batches_of(data_bin)
    scorer = Scorer(port_without(), SPACE, batches, PLAIN)
    other = Scorer(port_without((1, 5)), SPACE, batches, PLAIN)
    found = scorer.importance(["en-de", "en-fr"], removed(1, 5))
    np.testing.assert_allclose(found, other.importance(["en-de", "en-fr"]), atol=1e-6)
    assert found[[1, 5]].tolist() == [0.0, 0.0] and (np.delete(found, [1, 5]) > 0).all()
    # The network is whole again, and each direction counts the same.
    whole = scorer.importance(["en-de", "en-fr"])
    each = [scorer.importance([name]) for name in ("en-de", "en-fr")]
    np.testing.assert_allclose(whole, np.mean(each, axis=0), rtol=1e-12)
    assert abs(whole - found).max() > 1e-4


def test_exact_pruning_scores_again_before_each_size(data_bin):
    scorer = Scorer(port_without(), SPACE, batches_of(data_bin), PLAIN)
    tasks, rule = {name: [name] for name in DIRECTIONS}, PruningRule(["2", "4", "6"], "model")
    exact, scores = scorer.pruned(tasks, rule, exact=True)
    at_once, same = scorer.pruned(tasks, rule, exact=False)
    for name in tasks:
        assert np.array_equal(scores[name], same[name])
        assert np.array_equal(exact[name]["2"], at_once[name]["2"])
        gone = exact[name]["2"]
        for size in ("4", "6"):
            again = scorer.importance([name], gone)
            best = np.argsort(-again, kind="stable")[:2]
            assert set(np.flatnonzero(exact[name][size] & ~gone)) == set(best)
            gone = exact[name][size]
    assert any(not np.array_equal(exact[name]["4"], at_once[name]["4"]) for name in tasks)


def test_a16_identical_tasks_do_not_dissociate(data_bin):
    """One text under two names."""
    batches = dict.fromkeys(("en-de", "en-nl"), batches_of(data_bin)["en-de"])
    laid = {name: Laid(nullcontext) for name in batches}
    tasks = {name: [name] for name in batches}
    pruned, _ = Scorer(port_without(), SPACE, batches, laid).pruned(tasks, RULE, exact=False)
    sets = {(name, size): gone for name, steps in pruned.items() for size, gone in steps.items()}
    measured, _ = losses(port_without(), sets, SPACE, batches, laid)
    asked = Asked(tasks, ["50%"], [], permutations=1, seed=1)
    after, base = asked.matrix(measured, "50%"), asked.of_tasks(measured.base)
    assert relative(after, base, rises=False).tolist() == [0.0, 0.0] and (after != base).all()


def words(folder, data_bin, out, *more):
    found = ["--system", folder, "--data-bin", data_bin, "--score-subset", "valid", "--subset", "test"]
    found += ["--directions", *DIRECTIONS, "--sizes", "100%", "50%", *more]
    return [*map(str, found), *(f"--out-{form}={out}/out.{form}" for form in ("json", "csv", "markdown"))]


def test_command_line(data_bin, tmp_path):
    system = write_system(tmp_path / "system", SHAPE)
    main(words(system.folder, data_bin, tmp_path))
    result = json.loads((tmp_path / "out.json").read_text())
    batches = batches_of(data_bin)
    scorer = Scorer(port_without(), SPACE, batches, PLAIN)
    gone = RULE.steps(RULE.order(scorer.importance(["en-fr"])), SPACE)["50%"]
    assert result["sizes"]["50%"] == {"encoder.self": 2, "decoder.self": 1, "decoder.cross": 1}
    assert result["pruned"]["en-fr"]["50%"] == [
        f"{key}:{index}" for key, index in map(SPACE.locate, np.flatnonzero(gone).tolist())
    ]
    after = loss_of(port_without(np.flatnonzero(gone).tolist()), batches["de-en"])
    assert result["matrices"]["nll"]["50%"]["en-fr"]["de-en"] == pytest.approx(after, abs=1e-5)
    base = np.array([*result["base"]["nll"].values()])
    matrix = np.array([[*one.values()] for one in result["matrices"]["nll"]["50%"].values()])
    own = np.diag(matrix) / base - 1
    others = [np.mean([matrix[t, i] / base[i] - 1 for i in range(3) if i != t]) for t in range(3)]
    found = result["dissociation"]["nll"]["50%"]["relative"]
    assert found["tasks"] == pytest.approx([100 * (a - b) for a, b in zip(own, others, strict=True)])
    # All heads gone: the same whoever's they are, and random ones too.
    whole = result["dissociation"]["nll"]["100%"]["relative"]
    assert whole["random"]["p"] == 1.0 and whole["permuted"]["p"] == 1.0
    assert result["curves"]["nll"]["100%"]["own"]["mean"] == pytest.approx(
        result["curves"]["nll"]["100%"]["random"]["mean"]
    )
    assert result["draws"] == [f"random-{number}" for number in range(1, 6)]
    assert result["similarity"]["shared side"]["en-de"] == {"en-de": 1.0, "en-fr": 0.5, "de-en": 0.0}
    note = result["against_similarity"]["nll"]["50%"]["shared side"]["note"]
    # The one pair that shares a side is the most or the least apart in four of six orders.
    assert note == "cannot be significant: of 3 tasks no p is below 0.67"
    rows = list(csv.DictReader((tmp_path / "out.csv").open()))
    assert len(rows) == 2 * (2 + 2 * (3 + 1)) and {row["metric"] for row in rows} == {"nll"}
    said = (tmp_path / "out.markdown").read_text()
    assert "cannot be significant" in said and "of each type of attention" in said


def test_a_systems_own_masks_and_pooled_tasks(data_bin, tmp_path):
    plain = write_system(tmp_path / "plain", SHAPE)
    shutil.copytree(plain.folder, tmp_path / "masked")
    ffn = model_space(SHAPE.to_dict())
    keep = np.random.default_rng(0).random((3, ffn.size)) < 0.5
    masks = MaskTable(DIRECTIONS, keep, ffn, {"weights_sha256": plain.weights_sha256, "rule": "top"})
    masks.write(tmp_path / "masked/masks.npz")
    masked = SystemFolder.write(
        tmp_path / "masked", system="ns", seed=1, languages=plain.languages, text={},
        mask_rows={name: name for name in DIRECTIONS}, architecture=plain.architecture,
    )  # fmt: skip
    more = ["--tasks", "side", "--pivot", "en", "--of", "importance_signed", "--normalise", "--exact"]
    main(words(masked.folder, data_bin, tmp_path, *more, "--scope", "model", "--draws", "6"))
    result = json.loads((tmp_path / "out.json").read_text())
    assert result["tasks"] == {"out of en": ["en-de", "en-fr"], "into en": ["de-en"]}
    port, batches = load(plain), batches_of(data_bin)
    under = {
        name: losses_per_token(port, port.intervene(masks), batches[name], [name])[0][0]
        for name in DIRECTIONS
    }
    expected = np.mean([under["en-de"], under["en-fr"]])
    assert result["base"]["nll"]["out of en"] == pytest.approx(expected, abs=1e-5)
    assert result["base"]["nll"]["into en"] == pytest.approx(under["de-en"], abs=1e-5)
    assert abs(loss_of(port, batches["de-en"]) - under["de-en"]) > 1e-3
    assert len(result["pruned"]["into en"]["50%"]) == 4 and len(result["draws"]) == 6


def test_the_least_important_heads_go_first_on_request(data_bin, tmp_path):
    system = write_system(tmp_path / "system", SHAPE)
    main(words(system.folder, data_bin, tmp_path, "--ascending"))
    result = json.loads((tmp_path / "out.json").read_text())
    for name in DIRECTIONS:
        importance = {
            f"{key}:{index}": value
            for key, values in result["importance"][name].items()
            for index, value in enumerate(values)
        }
        gone = set(result["pruned"][name]["50%"])
        for kind in ("encoder", "decoder.0.self", "decoder.0.cross"):
            heads = sorted((head for head in importance if head.startswith(kind)), key=importance.__getitem__)
            assert gone & set(heads) == set(heads[: len(heads) // 2])
    assert result["ascending"] is True


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--draws", "4"], "--draws is 4, at least 5 is needed"),
        (["--subset", "valid"], "--subset valid: heads are scored on it; measure tasks on another text"),
        (["--sizes", "20%"], "less than one of the 2 units of decoder.self; take at least 50%"),
        (["--sizes", "5"], "there are 4 units of encoder.self; take at most 4"),
        (["--sizes", "50%", "50%"], "--sizes: 50% is named twice"),
        (["--keep-per-layer", "2"], "cannot go where 2 of each layer stay, but 0"),
        (["--directions", "en-de"], "--tasks direction: en-de are one task"),
        (["--families", "[]"], "--families: not of the shape"),
        (["--subset", "news"], "news"),
    ],
)
def test_what_is_refused(more, message, data_bin, tmp_path):
    system = write_system(tmp_path / "system", SHAPE)
    with pytest.raises(UserError) as told:
        main([*words(system.folder, data_bin, tmp_path), *more])
    assert message in str(told.value)
