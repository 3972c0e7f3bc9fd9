"""How systems were made, in words, and which of their masks are not their own."""

from __future__ import annotations

from pathlib import Path

from workflow_scripts.config.experiment import Experiment
from workflow_scripts.config.load import load_experiment, read_yaml
from workflow_scripts.workflow.described import how_made, not_own, with_masks

EXPERIMENTS = Path(__file__).resolve().parents[3] / "config/experiments"


def preset(name: str) -> Experiment:
    path = EXPERIMENTS / f"{name}.yaml"
    return load_experiment(read_yaml(str(path)), [str(path)])


def test_how_each_kind_of_system_is_made() -> None:
    made = how_made(preset("controls"))
    assert {name: made[name] for name in ("baseline", "continued", "ns", "inference_only", "train_only")} == {
        "baseline": "trained from random weights in all directions",
        "continued": "the baseline trained further, every unit kept",
        "ns": "the baseline trained further with masks `k95` in each direction",
        "inference_only": "the baseline's weights through masks `k95`, not trained further",
        "train_only": "the baseline trained further with masks `k95` on gradients alone, translating without"
        " them",
    }
    assert {name: made[name] for name in ("ffn_only", "lora_fam", "full", "bilingual", "random-2")} == {
        "ffn_only": "the baseline trained further (ffn alone), every unit kept",
        "lora_fam": "the baseline with adapters (lora) by family; these are trained; with lr: 0.005",
        "full": "a model of its own for each direction, trained from the baseline",
        "bilingual": "a model of its own for each direction, trained from random weights; with max_updates:"
        " 900; only `en-na`, `en-so`",
        "random-2": "the baseline trained further with masks `random` (as many units of each layer as `k95`,"
        " drawn at random, one of 5 draws) in each direction",
    }


def test_systems_that_differ_in_their_masks_or_training_alone_are_told_apart() -> None:
    made = how_made(preset("controls"))
    further = "the baseline trained further with masks"
    names = ("own_momentum", "renewed", "shuffled-1", "swapped_within", "encoder_only", "removal", "lass")
    assert {name: made[name].removeprefix(further) for name in names} == {
        "own_momentum": " `k95` in each direction; momentum moves a unit only in directions that keep it",
        "renewed": " `k95` in each direction; masks made again every 100 updates",
        "shuffled-1": " `shuffled` (those of `k95` after an exchange of each layer's units at random) in each"
        " direction",
        "swapped_within": " `within` (those that `k95` keeps in another direction of the same family) in each"
        " direction",
        "encoder_only": " `encoder` (mass:95, encoder alone) in each direction",
        "removal": " `removed` (mass:95, gate of ffn: zero) in each direction",
        "lass": " `lass70` (top:70% of the weights of `full`) in each direction",
    }
    assert len(set(made.values())) == len(made) - 2 * 4  # two systems of five draws each
    heads = how_made(preset("iat"))
    assert heads["iat_own"] == (
        f"{further} `own30` (those of `heads30` that not all rows keep) on gradients alone, translating"
        " without them"
    )
    assert heads["transfer"] == (
        "the baseline trained further (heads alone) with masks `others` (those that most rows of `heads30`"
        " keep, among those of 6 directions) on gradients alone, translating without them; only `en-so`"
    )
    assert "`heads30` (top:30%@type by importance, units: head)" in heads["iat"]


def test_what_alone_is_trained_is_said_of_models_of_their_own_too() -> None:
    path = EXPERIMENTS / "controls.yaml"
    config = read_yaml(str(path))
    config["systems"]["full"]["parameters"] = "ffn"
    made = how_made(load_experiment(config, [str(path)]))
    assert made["full"] == "a model of its own for each direction, trained from the baseline (ffn alone)"


def test_of_systems_from_elsewhere_nothing_is_claimed() -> None:
    assert how_made(preset("m2m100_418m"))["baseline"] == "made elsewhere and taken as it is"
    released = how_made(preset("ec30_released"))
    assert (released["baseline"], released["ns-k95"]) == ("made elsewhere and taken as it is",) * 2
    taken = how_made(preset("zero_shot"))
    assert set(taken.values()) == {"taken as it is from the experiment `demo`"}


def test_masks_of_their_own_and_those_that_are_controls() -> None:
    controls = preset("controls")
    masks = with_masks(controls)
    assert (masks["ns"], masks["random"], masks["random-1"]) == ("k95", "random-1", "random-1")
    assert "continued" not in masks and "full" not in masks
    assert not_own(controls) == [
        *(f"random-{n}" for n in range(1, 6)), "shuffled-1", "swapped_within", "swapped_across",
        *(f"random_subset-{n}" for n in range(1, 6)), "random", "shuffled", "random_subset",
    ]  # fmt: skip
