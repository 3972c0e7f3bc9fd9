"""What we write is what fairseq's own builder writes, to the byte, and fairseq reads it back."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest

if find_spec("fairseq") is None:
    pytest.skip("needs the fairseq environment", allow_module_level=True)

import workflow_scripts.models.fairseq.compat  # isort: skip  # noqa: F401  (makes fairseq importable)
import torch
from fairseq.data.indexed_dataset import MMapIndexedDataset, make_builder

from workflow_scripts.data.mmap_format import MmapReader, write_dataset


def sentences(vocabulary_size: int) -> list[list[int]]:
    random = np.random.default_rng(3)
    return [
        [*random.integers(4, vocabulary_size, size=size).tolist(), 2]
        for size in (7, 0, 1, 255, 3) + (11,) * 50
    ]


@pytest.mark.parametrize("vocabulary_size", [300, 65499, 65500, 128000])
def test_same_bytes_as_fairseq(tmp_path, vocabulary_size):
    data = sentences(vocabulary_size)
    builder = make_builder(str(tmp_path / "theirs.bin"), impl="mmap", vocab_size=vocabulary_size)
    for ids in data:
        builder.add_item(torch.tensor(ids))
    builder.finalize(str(tmp_path / "theirs.idx"))
    write_dataset(tmp_path / "ours", data, vocabulary_size)
    for suffix in ("bin", "idx"):
        assert (tmp_path / f"ours.{suffix}").read_bytes() == (tmp_path / f"theirs.{suffix}").read_bytes()
    read = MMapIndexedDataset(str(tmp_path / "ours"))
    assert [read[i].tolist() for i in range(len(read))] == data
    assert [ids.tolist() for ids in MmapReader(tmp_path / "theirs")] == data
