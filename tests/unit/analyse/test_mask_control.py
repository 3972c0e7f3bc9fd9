"""The positive control: the right masks on the right directions, and a verdict that can fail."""

from __future__ import annotations

import copy
import json
import statistics

import numpy as np
import pytest

from workflow_scripts.common.errors import UserError
from workflow_scripts.units.mask_table import MaskTable

torch = pytest.importorskip("torch", reason="needs the fairseq environment")

from tests.unit.analyse.small_model import (  # noqa: E402
    DIRECTIONS,
    TEXT,
    VOCABULARY,
    batches_of,
    small_network,
    write_system,
)
from workflow_scripts.analyse.mask_control import main, mask_control, neighbours, verdict  # noqa: E402
from workflow_scripts.models.fairseq.port import FairseqPort  # noqa: E402
from workflow_scripts.units.architecture import Architecture  # noqa: E402
from workflow_scripts.units.mask_sets import random_masks  # noqa: E402
from workflow_scripts.units.space import model_space  # noqa: E402

ARCHITECTURE = Architecture(1, 2, 8, 6, 2)
SPACE = model_space(ARCHITECTURE.to_dict())
LANGUAGES_OF = {name: tuple(name.split("-")) for name in DIRECTIONS}


def network():
    return small_network(ARCHITECTURE)


def masks(keep=None):
    if keep is None:
        keep = np.random.default_rng(0).random((3, SPACE.size)) < 0.5
    return MaskTable(DIRECTIONS, keep, SPACE, {"rule": "mass", "weights_sha256": "00"})


@torch.no_grad()
def nll_by_hand(made, direction, keep):
    """NLL per token, one sentence at a time, the rows of fc1 masked in the weights themselves."""
    made = copy.deepcopy(made)
    layers = [*made.encoder.layers, *made.decoder.layers]
    for layer, span in zip(layers, SPACE.slices().values(), strict=True):
        layer.fc1.weight *= torch.tensor(keep[span])[:, None]
    source, target = direction.split("-")
    total, tokens = 0.0, 0
    for words, reference in zip(TEXT[source], TEXT[target], strict=True):
        tag = VOCABULARY.language_id(target)
        inputs = torch.tensor([[VOCABULARY.language_id(source), *words, 2]])
        logits, _ = made(inputs, torch.tensor([inputs.shape[1]]), torch.tensor([[2, tag, *reference]]))
        log_probabilities = torch.log_softmax(logits[0].double(), dim=-1)
        for position, token in enumerate([tag, *reference, 2]):
            total -= float(log_probabilities[position, token])
            tokens += 1
    return total / tokens


def run(data_bin, table, made):
    return mask_control(FairseqPort(made, VOCABULARY), table, batches_of(data_bin), LANGUAGES_OF, seed=1)


def test_likelihoods_equal_masked_weights(data_bin):
    table = masks()
    results = run(data_bin, table, network())
    everything = np.ones(SPACE.size, dtype=bool)
    for direction in DIRECTIONS:
        found = results[direction]
        own = nll_by_hand(network(), direction, table.row(direction))
        full = nll_by_hand(network(), direction, everything)
        assert found["full"] == pytest.approx(full, abs=1e-5)
        assert found["own"] == pytest.approx(own, abs=1e-5)
        assert abs(full - own) > 1e-3
        assert len(found["random"]) == 5 and len(set(found["random"])) > 1
    # en-de and en-fr share English sources; nothing else translates into the same language
    assert {name: list(results[name]["others"]) for name in DIRECTIONS} == {
        "en-de": ["en-fr"],
        "en-fr": ["en-de"],
        "de-en": [],
    }
    other = results["en-de"]["others"]["en-fr"]
    assert other["nll"] == pytest.approx(nll_by_hand(network(), "en-de", table.row("en-fr")), abs=1e-5)
    # German: 2 + 4 words, two tags and two </s>
    assert (results["en-de"]["tokens"], results["en-de"]["sentences"]) == (10, 2)


def test_masks_that_keep_everything_change_nothing(data_bin):
    results = run(data_bin, masks(np.ones((3, SPACE.size), dtype=bool)), network())
    for found in results.values():
        assert {found["own"], *found["random"]} == {found["full"]}
    assert not verdict(results)["passed"]


def test_neighbours_share_a_side():
    languages = ["en-de", "en-fr", "de-en", "fr-en", "de-fr"]
    of = {name: tuple(name.split("-")) for name in languages}
    assert neighbours("en-de", languages, of) == {"en-fr": "source"}
    assert neighbours("fr-en", languages, of) == {"de-en": "target"}
    assert neighbours("de-fr", languages, of) == {"en-fr": "target", "de-en": "source"}


def entry(own, random, **others):
    return {
        "own": own,
        "random": random,
        "random_mean": statistics.fmean(random),
        "others": {name: {"nll": nll, "shares": side} for name, (nll, side) in others.items()},
    }


def test_verdict():
    good = {"en-de": entry(1.0, [1.2, 1.1], b=(1.3, "source")), "de-en": entry(1.0, [1.2], b=(0.9, "target"))}
    assert verdict(good) == {
        "passed": True,
        "own_below_random": {"en-de": True, "de-en": True},
        "own_below_other_targets": {"en-de": True},
    }
    swapped = {"en-de": entry(1.0, [1.2, 1.1], b=(0.9, "source"))}
    assert verdict(swapped)["own_below_other_targets"] == {"en-de": False} and not verdict(swapped)["passed"]
    random = {"en-de": entry(1.0, [0.9, 0.99])}
    assert verdict(random)["own_below_random"] == {"en-de": False} and not verdict(random)["passed"]
    # One direction of two is not all, whichever fails.
    for failing in (swapped["en-de"], random["en-de"]):
        assert not verdict({"en-de": failing, "en-fr": good["en-de"]})["passed"]
        assert not verdict({"en-fr": good["en-de"], "en-de": failing})["passed"]
    # Nor is one target language of several.
    several = {"en-de": entry(1.0, [1.2], b=(1.3, "source"), c=(0.9, "source"))}
    assert verdict(several)["own_below_other_targets"] == {"en-de": False}


def test_random_masks_are_those_of_the_seed(data_bin):
    """Of seed 2 the numbers 10 to 14, five a seed, so that no two seeds share one."""
    table = masks()
    results = mask_control(
        FairseqPort(network(), VOCABULARY), table, batches_of(data_bin), LANGUAGES_OF, seed=2
    )
    drawn = [random_masks(table, DIRECTIONS, number).row("de-en") for number in range(10, 15)]
    expected = [nll_by_hand(network(), "de-en", keep) for keep in drawn]
    assert results["de-en"]["random"] == pytest.approx(expected, abs=1e-5)
    assert results["de-en"]["random_mean"] == pytest.approx(statistics.fmean(expected), abs=1e-5)
    assert len({round(value, 4) for value in expected}) == 5


def test_command_line(data_bin, tmp_path):
    folder = tmp_path / "system"
    system = write_system(folder, ARCHITECTURE)
    arguments = ["--system", str(folder), "--masks", str(tmp_path / "m.npz"), "--data-bin", str(data_bin)]
    arguments += ["--subset", "test", "--directions", *DIRECTIONS, "--out", str(tmp_path / "o.json")]
    masks().write(tmp_path / "m.npz")
    with pytest.raises(UserError, match="made from weights 00"):
        main(arguments)
    made_from = {"rule": "mass", "k": "70", "weights_sha256": system.weights_sha256}
    MaskTable(DIRECTIONS, masks().keep, SPACE, made_from).write(tmp_path / "m.npz")
    main([*arguments, "--max-sentences", "1"])
    result = json.loads((tmp_path / "o.json").read_text())
    assert list(result["directions"]) == DIRECTIONS
    assert result["directions"]["en-de"]["sentences"] == 1
    assert result["masks"]["k"] == "70" and isinstance(result["control"]["passed"], bool)
    # Another seed draws other random masks, and changes nothing else.
    main([*arguments, "--max-sentences", "1", "--seed", "2"])
    other = json.loads((tmp_path / "o.json").read_text())
    assert (result["seed"], other["seed"]) == (1, 2)
    ours, theirs = (one["directions"]["en-de"] for one in (result, other))
    assert ours["random"] != theirs["random"]
    assert (ours["own"], ours["full"]) == (theirs["own"], theirs["full"])
    with pytest.raises(UserError, match="max-sentences"):
        main([*arguments, "--max-sentences", "0"])
