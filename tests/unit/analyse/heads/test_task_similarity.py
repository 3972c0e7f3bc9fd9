"""Similarity of tasks by text, side and family, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.analyse.small_model import VOCABULARY, batches_of, small_network, write_data_bin
from workflow_scripts.analyse.heads.task_similarity import cosine, similarities, subword_counts
from workflow_scripts.models.fairseq.port import FairseqPort
from workflow_scripts.units.architecture import Architecture


def test_subwords_of_both_sides_without_tags_and_padding(tmp_path):
    port = FairseqPort(small_network(Architecture(1, 1, 8, 6, 2)), VOCABULARY)
    batches = batches_of(write_data_bin(tmp_path / "bin"), ["en-fr"])["en-fr"]
    source, target = subword_counts(port, batches)
    # English 4 5 6 and 7 8; French 15 and 4 15 4
    assert {number: int(source[number]) for number in np.flatnonzero(source)} == dict.fromkeys(range(4, 9), 1)
    assert {number: int(target[number]) for number in np.flatnonzero(target)} == {4: 2, 15: 2}


def test_cosine_by_hand():
    assert cosine(np.array([1, 2, 0]), np.array([2, 1, 2])) == pytest.approx(4 / (5**0.5 * 3))
    assert np.isnan(cosine(np.array([0, 0]), np.array([1, 0])))


def test_similarities_by_hand():
    a, b = np.array([1, 0]), np.array([1, 1])
    counts = {"en-de": (a, b), "en-fr": (a, a), "de-en": (b, a)}
    families = {"en": "germanic", "de": "germanic"}
    found = similarities({name: [name] for name in counts}, counts, families)
    near = 0.5**0.5
    assert found["subwords"][0] == pytest.approx([1.0, (1 + near) / 2, near])
    assert found["shared side"].tolist() == [[1.0, 0.5, 0.0], [0.5, 1.0, 0.0], [0.0, 0.0, 1.0]]
    assert found["family"].tolist() == [[1.0, 0.5, 1.0], [0.5, 1.0, 0.5], [1.0, 0.5, 1.0]]
    # Of the two directions out of English, the mean with the one into it.
    pooled = similarities({"out": ["en-de", "en-fr"], "into": ["de-en"]}, counts, families)
    assert pooled["family"][0, 1] == 0.75
    assert pooled["subwords"][0, 1] == pytest.approx((near + (near + 1) / 2) / 2)
