"""The fingerprint of a training: what makes it another one changes its own entry, and no other."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.training_settings import training_settings
from workflow_scripts.models.training.plan import TrainingPlan
from workflow_scripts.train.fingerprint import fingerprint_of
from workflow_scripts.train.training_folder import differing_keys
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.space import ffn_space

SPACE = ffn_space(1, 1, 4)
#: Of each direction the units that it keeps, of eight.
KEEP = {"de-en": [1, 1, 0, 0, 1, 0, 1, 1], "en-de": [0, 1, 1, 1, 1, 0, 0, 0]}
ENDS = [
    f"{subset}.de-en.{lang}.{end}"
    for subset in ("train", "valid")
    for lang in ("de", "en")
    for end in ("bin", "idx")
]


def write_masks(path: Path, **keep: list[int]) -> None:
    rows = {**KEEP, **{name.replace("_", "-"): row for name, row in keep.items()}}
    MaskTable(list(rows), np.array(list(rows.values()), dtype=bool), SPACE, {}).write(path)


@pytest.fixture
def plan(tmp_path: Path) -> TrainingPlan:
    """A fine-tuning whose files hold their own names."""
    for name in (*ENDS, "dict.txt", "spm.model", "parent.safetensors"):
        (tmp_path / name).write_text(name)
    write_masks(tmp_path / "k70.npz")
    return TrainingPlan(
        system="ns-k70",
        seed=1,
        languages=["en", "de"],
        directions=["de-en", "en-de"],
        architecture={"max_positions": 64, "ffn_dim": 4},
        settings=training_settings(sampler="by_direction"),
        text={},
        data_bin=str(tmp_path),
        dictionary=str(tmp_path / "dict.txt"),
        subwords=str(tmp_path / "spm.model"),
        folder=str(tmp_path / "training"),
        masks=str(tmp_path / "k70.npz"),
        initial_weights=str(tmp_path / "parent.safetensors"),
    )


def changed(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """The entries of the identity that differ; nothing else may."""
    assert (before["extendable"], before["execution"]) == (after["extendable"], after["execution"])
    return differing_keys(before["identity"], after["identity"])


def test_contents_are_known_by_their_hashes(plan: TrainingPlan, tmp_path: Path) -> None:
    identity = fingerprint_of(plan)["identity"]
    hashes = {
        name: hashlib.sha256(name.encode()).hexdigest() for name in (*ENDS, "dict.txt", "parent.safetensors")
    }
    assert identity["data"] == {name: hashes[name] for name in ENDS}
    assert identity["dictionary"] == hashes["dict.txt"]
    assert identity["initial_weights"] == hashes["parent.safetensors"]
    # Bits are packed from the left: 11001011 and 01111000.
    space = SPACE.to_json().encode()
    assert identity["masks"] == {
        "de-en": hashlib.sha256(space + bytes([0b11001011])).hexdigest(),
        "en-de": hashlib.sha256(space + bytes([0b01111000])).hexdigest(),
    }
    assert str(tmp_path) not in str(identity) and "method" not in identity


@pytest.mark.parametrize("name", ENDS)
def test_each_file_of_the_data_counts(name: str, plan: TrainingPlan, tmp_path: Path) -> None:
    """Of source and target, of training and validation."""
    before = fingerprint_of(plan)
    (tmp_path / name).write_text("another text")
    after = fingerprint_of(plan)
    assert changed(before, after) == ["data"]
    assert differing_keys(before["identity"]["data"], after["identity"]["data"]) == [name]


@pytest.mark.parametrize(
    ("name", "key"), [("dict.txt", "dictionary"), ("parent.safetensors", "initial_weights")]
)
def test_vocabulary_and_first_weights_count(name: str, key: str, plan: TrainingPlan, tmp_path: Path) -> None:
    before = fingerprint_of(plan)
    (tmp_path / name).write_text(name.upper())  # of the same size
    assert changed(before, fingerprint_of(plan)) == [key]


def test_one_unit_of_one_mask_row_counts(plan: TrainingPlan, tmp_path: Path) -> None:
    before = fingerprint_of(plan)
    write_masks(tmp_path / "k70.npz", en_de=[0, 1, 1, 1, 1, 0, 0, 1])
    after = fingerprint_of(plan)
    assert changed(before, after) == ["masks"]
    assert differing_keys(before["identity"]["masks"], after["identity"]["masks"]) == ["en-de"]


def test_a_row_of_a_direction_that_is_not_trained_does_not_count(plan: TrainingPlan, tmp_path: Path) -> None:
    before = fingerprint_of(plan)
    write_masks(tmp_path / "k70.npz", de_fr=[1, 1, 1, 1, 0, 0, 0, 0])
    assert changed(before, fingerprint_of(plan)) == []


@pytest.mark.parametrize(
    ("change", "keys"),
    [
        ({"seed": 2}, ["seed"]),
        ({"languages": ["de", "en"]}, ["languages"]),
        ({"architecture": {"max_positions": 64, "ffn_dim": 8}}, ["architecture"]),
        ({"masks": None}, ["masks"]),
        ({"initial_weights": None}, ["initial_weights"]),
        ({"method": {"train": "gradients"}}, ["method"]),
        # Names and places are no part of what is trained.
        ({"system": "again", "folder": "elsewhere", "subwords": "x", "text": {"moses": True}}, []),
    ],
)
def test_what_is_and_what_is_not_another_training(
    change: dict[str, Any], keys: list[str], plan: TrainingPlan
) -> None:
    assert changed(fingerprint_of(plan), fingerprint_of(replace(plan, **change))) == keys


def test_how_masks_are_made_again_counts(plan: TrainingPlan, tmp_path: Path) -> None:
    """The same rows by another selector; nothing is made again without ``renew``."""
    renewed = replace(plan, method={"renew": 100})
    found = []
    for k in ("70", "71"):
        facts = {"rule": "mass", "k": k}
        MaskTable(list(KEEP), np.array(list(KEEP.values()), dtype=bool), SPACE, facts).write(
            tmp_path / "k70.npz"
        )
        found.append((fingerprint_of(plan), fingerprint_of(renewed)))
    assert changed(found[0][0], found[1][0]) == []
    assert changed(found[0][1], found[1][1]) == ["renewed_by"]


def test_fewer_directions_are_another_training(plan: TrainingPlan) -> None:
    found = changed(fingerprint_of(plan), fingerprint_of(replace(plan, directions=["de-en"])))
    assert found == ["directions", "masks"]


def test_a_batch_that_is_smaller_than_the_longest_sentence_counts(plan: TrainingPlan) -> None:
    """Then longer sentences are left out: 64 positions, and 40 tokens in each batch."""
    assert "longest_sentence" not in fingerprint_of(plan)["identity"]
    settings = {**plan.settings, "max_tokens": 40, "tokens_per_update": 2400}
    assert fingerprint_of(replace(plan, settings=settings))["identity"]["longest_sentence"] == 40


def test_the_version_is_that_of_the_step(plan: TrainingPlan) -> None:
    """A training that knew no `step` is one of the reference step."""
    reference = replace(plan, settings={**plan.settings, "step": "reference"})
    assert changed(fingerprint_of(plan), fingerprint_of(reference)) == ["training_version"]
    assert fingerprint_of(reference)["identity"]["training_version"] == 1
    assert fingerprint_of(plan)["identity"]["training_version"] == 2
