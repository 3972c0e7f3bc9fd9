"""Labelled tokens: what is refused, parts by whole sentences, and values read in blocks."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.analyse.probes.planted import labelled
from workflow_scripts.analyse.probes import matrix
from workflow_scripts.analyse.probes.elastic_net import Trainer, accuracy
from workflow_scripts.analyse.probes.labelled import Labelled, check_labels, drop_rare, split, under_sample
from workflow_scripts.analyse.probes.matrix import SideBySide, blocks, read
from workflow_scripts.analyse.probes.moments import measure, require_varying
from workflow_scripts.common.errors import UserError
from workflow_scripts.units.space import model_space

EYE = np.eye(6)


def refused(call, *args):
    with pytest.raises(UserError) as caught:
        call(*args)
    return str(caught.value)


def test_lengths_that_do_not_align():
    X = EYE.astype(np.float32)
    y = np.array([0, 0, 1, 1, 0, 1])
    assert refused(Labelled, X, y[:5], np.arange(6), ["w"] * 6, "ab", "pos") == (
        "pos: 5 labels for 6 tokens; there must be one for each"
    )
    assert refused(Labelled, X, y, np.arange(7), ["w"] * 6, "ab", "pos") == (
        "pos: 7 sentence numbers for 6 tokens; there must be one for each"
    )
    assert refused(Labelled, X, y, np.arange(6), ["w"] * 4, "ab", "pos") == (
        "pos: 4 words for 6 tokens; there must be one for each"
    )
    assert refused(Labelled, X, y, np.arange(6), ["w"] * 6, "a", "pos") == (
        "pos: classes 0 to 1, but there are names for 1; number them from 0"
    )


def test_labels_that_cannot_be_probed():
    once = labelled(EYE, [0, 0, 1, 1, 2, 0], labels=("NOUN", "VERB", "X"))
    assert refused(check_labels, once) == (
        "tag: seen once, so that it cannot be both learned and tested: X;"
        " leave such labels out or join them with others"
    )
    assert refused(split, once, 1) == refused(check_labels, once)
    one = labelled(EYE, [1] * 6, labels=("NOUN", "VERB"))
    assert refused(split, one, 1) == "tag: 1 label, 'VERB', but a probe tells at least two apart"
    few = labelled(EYE, [0, 0, 0, 1, 1, 1], sentences=[0, 0, 0, 1, 1, 1])
    assert refused(split, few, 1) == "tag: no sentence of 2 is left for dev; take more sentences"
    alone = labelled(np.eye(30), [0] * 28 + [1] * 2, sentences=[*range(28), 28, 28])
    seed = next(s for s in range(99) if 29 not in _train_rows(alone.sentences, s))
    assert refused(split, alone, seed) == (
        "tag: train has one label, 'a'; take more sentences or another seed"
    )


def _train_rows(sentences, seed):
    numbers = np.unique(sentences)
    order = np.random.Generator(np.random.PCG64(seed)).permutation(numbers)
    return np.flatnonzero(np.isin(sentences, order[: int(0.8 * len(numbers))]))


def test_constant_units_alone_and_values_that_are_no_numbers():
    y = [0, 1, 0, 1]
    same = labelled(np.ones((4, 3)), y)
    assert refused(require_varying, same, measure(same, np.arange(4))) == (
        "tag: every unit is constant over 4 tokens; nothing can be read from them"
    )
    X = np.eye(4)
    X[2, 1] = np.inf
    assert refused(measure, labelled(X, y), np.arange(4)) == (
        "tag: unit 1 has a value that is not finite; float16 ends at 65504, store float32"
    )


def test_rare_labels_are_left_out_and_told():
    keep, y, labels, dropped = drop_rare(np.array([0, 2, 1, 2, 3, 2, 0]), ["a", "b", "c", "d", "e"], 2)
    assert keep.tolist() == [True, True, False, True, False, True, True]
    assert (y.tolist(), labels, dropped) == ([0, 1, 1, 1, 0], ["a", "c"], {"b": 1, "d": 1})


def test_a_split_has_whole_sentences_and_is_drawn_by_the_seed():
    sentences = np.repeat(np.arange(40), 3)
    data = labelled(np.eye(120), np.arange(120) % 2, sentences=sentences)
    one, same, other = split(data, 1), split(data, 1), split(data, 2)
    parts = [set(sentences[rows]) for rows in (one.train, one.dev, one.test)]
    assert [len(part) for part in parts] == [32, 4, 4]
    assert set.union(*parts) == set(range(40))
    assert sorted(np.concatenate([one.train, one.dev, one.test])) == list(range(120))
    assert (one.train == same.train).all() and (np.diff(one.train) > 0).all()
    assert set(sentences[other.test]) != parts[2]


def test_labels_of_sentences_are_learned_by_heart_where_tokens_are_split():
    """A label without meaning for each sentence: of other sentences a probe knows nothing, of other tokens of
    the same sentences much."""
    generator = np.random.default_rng(1)
    sentences = np.repeat(np.arange(150), 8)
    meaning = generator.standard_normal((150, 60))
    X = meaning[sentences] + 0.7 * generator.standard_normal((1200, 60))
    data = labelled(X, generator.integers(0, 2, 150)[sentences], sentences=sentences)
    by_sentence = []
    for seed in (1, 2, 3):
        parts = split(data, seed, (0.6, 0.1, 0.3))
        probe = Trainer(data, parts.train).fit(1e-3, 1e-3)
        by_sentence.append(accuracy(probe.predict(data.X, parts.test), data.y[parts.test]))
    order = generator.permutation(1200)
    train, test = np.sort(order[:720], kind="stable"), np.sort(order[720:], kind="stable")
    by_token = accuracy(Trainer(data, train).fit(1e-3, 1e-3).predict(data.X, test), data.y[test])
    assert np.mean(by_sentence) == pytest.approx(0.5, abs=0.08)
    assert by_token > 0.65


def test_o10_under_sampling():
    for counts in ((10, 90), (10, 20, 70)):
        y = np.repeat(np.arange(len(counts)), counts)
        rows = under_sample(y, np.arange(100), seed=1)
        assert np.bincount(y[rows]).tolist() == [10] * len(counts)
        assert (np.diff(rows) > 0).all()
    assert (under_sample(y, np.arange(100), seed=2) != rows).any()
    # Of some rows alone: 5 of the first class there, which is the rarest.
    assert np.bincount(y[under_sample(y, np.arange(5, 100), seed=1)]).tolist() == [5, 5, 5]


def test_arrays_side_by_side_and_on_disk_are_one_matrix(tmp_path, monkeypatch):
    whole = np.random.default_rng(1).standard_normal((50, 7)).astype(np.float16)
    parts = []
    for name, columns in (("a", slice(0, 3)), ("b", slice(3, 7))):
        np.save(tmp_path / f"{name}.npy", whole[:, columns])
        parts.append(np.load(tmp_path / f"{name}.npy", mmap_mode="r"))
    both = SideBySide(tuple(parts))
    assert both.shape == (50, 7)
    rows, columns = np.array([1, 4, 5, 49]), np.array([0, 2, 3, 6])
    for matrix_ in (both, whole):
        assert (read(matrix_, rows).numpy() == whole[rows].astype(np.float32)).all()
        assert (read(matrix_, rows, columns).numpy() == whole[np.ix_(rows, columns)]).all()
        # All of the first part, none of it, and rows that follow each other.
        assert (read(matrix_, np.arange(3, 9), np.array([4, 5])).numpy() == whole[3:9, 4:6]).all()
    monkeypatch.setattr(matrix, "BLOCK_BYTES", 4 * 7 * 3)
    spans = [(span.start, span.stop, block) for span, block in blocks(both, np.arange(10, 20))]
    assert [(start, stop) for start, stop, _ in spans] == [(0, 3), (3, 6), (6, 9), (9, 10)]
    assert (np.concatenate([block for *_, block in spans]) == whole[10:20]).all()
    with pytest.raises(ValueError, match=r"\[50, 10\] rows"):
        SideBySide((whole, whole[:10]))


def test_some_units_that_do_not_fit_are_read_when_they_are_asked_for(monkeypatch):
    data = labelled(np.arange(60.0).reshape(6, 10), [0, 1, 0, 1, 0, 1])
    units = np.array([7, 1, 4, 5])
    held = data.with_units(units)
    monkeypatch.setattr(matrix, "HELD_BYTES", 0)
    asked = data.with_units(units)
    assert isinstance(held.X, np.ndarray) and not isinstance(asked.X, np.ndarray)
    rows = np.array([0, 3, 5])
    assert (read(asked.X, rows) == read(held.X, rows)).all()
    assert (read(asked.X, rows).numpy() == data.X[np.ix_(rows, [1, 4, 5, 7])]).all()
    # Of these the second and the last.
    again = asked.with_units(np.array([3, 1]))
    assert again.units == 2 and (read(again.X, rows).numpy() == data.X[np.ix_(rows, [4, 7])]).all()
    np.testing.assert_allclose(
        Trainer(asked, np.arange(6)).fit(0.01, 0.01).weights,
        Trainer(held, np.arange(6)).fit(0.01, 0.01).weights,
    )


def test_reading_does_not_change_the_values(monkeypatch):
    monkeypatch.setattr(matrix, "BLOCK_BYTES", 32)
    data = labelled(np.arange(24.0).reshape(6, 4), [0, 1, 0, 1, 0, 1])
    before = data.X.copy()
    Trainer(data, np.arange(6)).fit(0.1, 0.1)
    Trainer(data, np.arange(6), held_bytes=0).fit(0.1, 0.1)
    assert (before == data.X).all()


@pytest.mark.parametrize("block_bytes", [1 << 20, 24, 8])
def test_moments_by_hand_in_one_block_and_many(block_bytes, monkeypatch):
    monkeypatch.setattr(matrix, "BLOCK_BYTES", block_bytes)
    X = [[1, 5], [3, 5], [5, 5], [7, 5], [100, 100]]
    found = measure(labelled(X, [0, 0, 1, 1, 1], labels=("a", "b", "c")), np.arange(4))
    assert found.mean.tolist() == [4, 5]
    # Deviations -3, -1, 1, 3: their mean square is 5.
    np.testing.assert_allclose(found.sd, [5**0.5, 0])
    assert (found.low.tolist(), found.high.tolist()) == ([1, 5], [7, 5])
    assert found.counts.tolist() == [2, 2, 0]
    np.testing.assert_array_equal(found.class_means, [[2, 5], [6, 5], [np.nan, np.nan]])
    assert found.constant.tolist() == [False, True]
    np.testing.assert_allclose(found.z_means[:2], [[-2 / 5**0.5, 0], [2 / 5**0.5, 0]])


def test_o09_units_of_a_layer_and_of_a_list():
    space = model_space({"encoder_layers": 2, "decoder_layers": 1, "ffn_dim": 4}, kinds=["ffn"])
    data = labelled(np.arange(36.0).reshape(3, 12), [0, 1, 1])
    layer = data.with_units(np.arange(12)[space.slice_of("encoder.1.ffn")])
    assert (data.X[:, 4:8] == layer.X).all()
    # In ascending order, as columns of the whole.
    assert (data.X[:, [2, 9]] == data.with_units(np.array([9, 2])).X).all()
