"""Sorting and grouping of examples: a case by hand, and the plain way of numpy as the reference."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from tests.training.toy_world import DIRECTIONS, write_world
from workflow_scripts.models.fairseq.directions import load_directions
from workflow_scripts.models.fairseq.sampling import MultiDirectionDataset
from workflow_scripts.models.training import grouping
from workflow_scripts.models.training.grouping import (
    direction_numbers,
    group_by_direction,
    number_type,
    sort_by_length,
)

OFFSETS = np.array([0, 3, 3, 7])  # three directions of 3, 0 and 4 examples
TOKENS = {"en": 24, "de": 25, "fr": 26}


@pytest.mark.parametrize("block", [2, 3, 100])
def test_groups_keep_the_order_given(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grouping, "BLOCK", block)
    indices = np.array([6, 0, 3, 2, 4, 6], dtype=np.int32)
    assert direction_numbers(indices, OFFSETS).tolist() == [2, 0, 2, 0, 2, 2]
    groups = group_by_direction(indices, OFFSETS)
    assert [group.tolist() for group in groups] == [[0, 2], [], [6, 3, 4, 6]]
    # What is grouped already stays, without a copy.
    together = np.concatenate(groups)
    again = group_by_direction(together, OFFSETS)
    assert [group.tolist() for group in again] == [[0, 2], [], [6, 3, 4, 6]]
    assert np.shares_memory(again[2], together)


def test_more_directions_than_a_byte_tells() -> None:
    offsets = np.arange(301)
    assert direction_numbers(np.array([0, 255, 256, 299]), offsets).tolist() == [0, 255, 256, 299]


@pytest.mark.parametrize("longest", [9, 70_000])
def test_source_then_target_length_then_the_order_given(longest: int) -> None:
    sources, targets = np.array([5, longest, 5, 5]), np.array([4, 2, 3, 4])
    assert sort_by_length(np.array([3, 1, 0, 2]), sources, targets).tolist() == [2, 3, 0, 1]
    assert sort_by_length(np.array([], dtype=np.int32), sources, targets).tolist() == []


def test_numbers_of_two_thousand_million_examples_need_eight_bytes() -> None:
    assert (number_type(2**31 - 1), number_type(2**31)) == (np.int32, np.int64)


def plain_batches(data: MultiDirectionDataset, epoch: int, max_tokens: int) -> list[list[int]]:
    """The batches of an epoch: shuffle, sort everything by length, pick out direction by direction."""
    from fairseq.data.data_utils import batch_by_size

    from workflow_scripts.models.training.drawing import draw

    rng = np.random.default_rng([data.seed, epoch])
    parts = [
        offset + draw(len(one), int(count), rng)
        for one, offset, count in zip(data.directions, data.offsets, data.counts, strict=False)
    ]
    indices = rng.permutation(np.concatenate(parts))
    indices = indices[np.lexsort((data.target_sizes[indices], data.source_sizes[indices]))]
    groups = [indices]
    if data.sampler == "by_direction":
        numbers = np.searchsorted(data.offsets, indices, side="right") - 1
        groups = [indices[numbers == number] for number in range(len(data.directions))]
    return [
        batch.tolist()
        for group in groups
        for batch in batch_by_size(group, None, data.num_tokens_vec(group), max_tokens=max_tokens)
    ]


@pytest.mark.parametrize("sampler", ["by_direction", "mixed"])
@pytest.mark.parametrize("epoch", [1, 2])
def test_batches_are_those_of_the_plain_way(
    tmp_path: Path, sampler: str, epoch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grouping, "BLOCK", 64)
    world = write_world(tmp_path / "world")
    directions = load_directions(world / "bin", "train", DIRECTIONS, TOKENS)
    data = MultiDirectionDataset(directions, 1, 2, seed=5, sampler=sampler, temperature=3.0)
    data.set_epoch(epoch)
    found = [batch.tolist() for batch in data.batch_by_size(data.ordered_indices(), max_tokens=60)]
    assert len(found) > 10
    assert found == plain_batches(data, epoch, 60)
