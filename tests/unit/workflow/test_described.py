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
        "lora_fam": "the baseline with adapters (lora) by family; these are trained",
        "full": "a model of its own for each direction, trained from the baseline",
        "bilingual": "a model of its own for each direction, trained from random weights",
        "random-2": "the baseline trained further with masks `random-2` in each direction",
    }


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
