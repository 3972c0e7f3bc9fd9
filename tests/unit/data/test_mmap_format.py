"""The binarised form, byte by byte."""

import struct

import numpy as np
import pytest

from workflow_scripts.data.mmap_format import MmapReader, id_type, write_dataset


@pytest.mark.parametrize("block", [1, 2, 1000])
def test_bytes_of_a_small_file(tmp_path, monkeypatch, block):
    monkeypatch.setattr("workflow_scripts.data.mmap_format.INDEX_BLOCK", block)
    prefix = tmp_path / "train.de-en.de"
    assert write_dataset(prefix, [[5, 6, 2], [2], [300, 2]], vocabulary_size=400) == (3, 6)
    assert (tmp_path / "train.de-en.de.bin").read_bytes() == bytes([5, 0, 6, 0, 2, 0, 2, 0, 44, 1, 2, 0])
    assert (tmp_path / "train.de-en.de.idx").read_bytes() == (
        b"MMIDIDX\x00\x00"
        + bytes([1, 0, 0, 0, 0, 0, 0, 0])  # version
        + bytes([8])  # uint16
        + bytes([3, 0, 0, 0, 0, 0, 0, 0])
        + struct.pack("<3i", 3, 1, 2)
        + struct.pack("<3q", 0, 6, 8)
    )


def test_the_way_back(tmp_path):
    sentences = [[70000, 2], [], [4, 5, 6, 2]]
    write_dataset(tmp_path / "x", iter(sentences), vocabulary_size=80000)
    reader = MmapReader(tmp_path / "x")
    assert [sentence.tolist() for sentence in reader] == sentences
    assert (len(reader), reader.sizes.tolist(), reader.dtype) == (3, [2, 0, 4], np.dtype(np.uint32))


def test_no_sentences(tmp_path):
    assert write_dataset(tmp_path / "x", [], vocabulary_size=10) == (0, 0)
    assert list(MmapReader(tmp_path / "x")) == []


def test_two_bytes_an_id_up_to_fairseqs_limit():
    assert id_type(65499) == np.uint16
    assert id_type(65500) == np.uint32


def test_a_broken_write_leaves_nothing(tmp_path):
    def sentences():
        yield [1]
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_dataset(tmp_path / "x", sentences(), vocabulary_size=10)
    assert list(tmp_path.iterdir()) == []
