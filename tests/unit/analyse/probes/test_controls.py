"""Control tasks: labels of word types, the ceiling, and selectivity of all and of selected units."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.analyse.probes.planted import labelled
from workflow_scripts.analyse.probes.controls import by_heart, control_labels, control_task, majority
from workflow_scripts.analyse.probes.elastic_net import Trainer
from workflow_scripts.analyse.probes.labelled import Split, split
from workflow_scripts.analyse.probes.ranking import rank
from workflow_scripts.common.errors import UserError


def test_o11_a_word_has_one_label_in_every_part():
    words = ["the", "cat", "The", "cat", "dog", "the"]
    y = np.array([0, 1, 0, 1, 1, 0])
    found = control_labels(words, y, 2, seed=1)
    assert found[0] == found[5] and found[1] == found[3]
    # It hangs on the words that there are, not on their order.
    assert (control_labels(words[::-1], y, 2, seed=1) == found[::-1]).all()
    labels = {tuple(control_labels(["the", "The"], y[:2], 2, seed=s, kind="uniform")) for s in range(20)}
    assert labels == {(0, 0), (0, 1), (1, 0), (1, 1)}
    folded = {
        tuple(control_labels(["the", "The"], y[:2], 2, seed=s, kind="uniform", fold_case=True))
        for s in range(20)
    }
    assert folded == {(0, 0), (1, 1)}


def test_o11_labels_are_drawn_alike_or_as_the_task_has_them():
    words = [f"w{i}" for i in range(1000)]
    y = np.repeat([0, 1], [857, 143])
    uniform = np.bincount(control_labels(words, y, 2, seed=1, kind="uniform"), minlength=2)
    assert uniform.max() < 600
    same = np.bincount(control_labels(words, y, 2, seed=1), minlength=2)
    assert same.min() < 200 and same.sum() == 1000


def test_an_unknown_kind_is_one_line():
    with pytest.raises(UserError) as caught:
        control_labels(["a"], np.array([0]), 2, 1, kind="uniforn")
    assert str(caught.value) == "control 'uniforn': not one of same, uniform (did you mean 'uniform'?)"


def test_the_ceiling_is_what_a_table_of_words_gives():
    words = ["a", "a", "a", "b", "c", "a", "b", "b", "c", "d"]
    y = np.array([1, 1, 0, 0, 0, 1, 1, 1, 0, 0])
    parts = Split(np.arange(5), np.arange(0), np.arange(5, 10))
    # Learned: a 1, b 0, c 0; the word d gets the most frequent, 0. Wrong: b, twice.
    assert by_heart(words, y, parts) == 0.6
    # Most frequent in train is 0: of test 2 in 5.
    assert majority(y, parts) == {"class": 0, "accuracy": 0.4}


def property_of_ten_units(seed):
    """Ten units carry the class of a word, eighty carry which word it is, from which controls are learned."""
    generator = np.random.default_rng(seed)
    word = generator.zipf(1.3, 3000) % 150
    y = (np.arange(150) % 4)[generator.permutation(150)][word]
    X = np.empty((3000, 90))
    X[:, :10] = generator.standard_normal((4, 10))[y] + 0.2 * generator.standard_normal((3000, 10))
    X[:, 10:] = generator.standard_normal((150, 80))[word] + 0.8 * generator.standard_normal((3000, 80))
    return labelled(X, y, sentences=np.arange(3000) // 10, words=[f"w{w}" for w in word])


def test_a06_selectivity_rises_on_the_units_that_hold_the_property():
    data = property_of_ten_units(1)
    parts = split(data, 1)
    probe = Trainer(data, parts.train).fit(1e-2, 1e-2)
    top = rank(probe.weights, probe.pull).order[:10]
    assert (top < 10).mean() >= 0.9
    found = control_task(data, parts, probe, [top], draws=5)
    everything, selected = found["sets"]
    assert (everything["units"], selected["units"]) == (90, 10)
    assert everything["task"] >= 0.99 and selected["task"] >= 0.99
    assert everything["control"]["mean"] > selected["control"]["mean"] + 0.1
    assert selected["selectivity"]["mean"] > everything["selectivity"]["mean"] + 0.1
    for one in (everything, selected):
        assert one["unconverged"] == 0 and one["control"]["n"] == 5 and one["control"]["sd"] > 0
        values = [one["task"] - value for value in one["control"]["values"]]
        assert one["selectivity"]["values"] == values
        # No probe of a control task does better than who knows its words by heart.
        assert one["control"]["mean"] <= found["ceiling"]["mean"]
    assert found["types"] == len(set(data.words)) and found["types_in_train"] <= found["types"]
    assert found["majority"]["mean"] < everything["control"]["mean"]


def test_of_few_word_types_the_control_is_as_easy_as_the_task():
    """With twelve words a control task is learned as well as a plainly linear property: selectivity is about
    0, and the number of types and the ceiling say why."""
    generator = np.random.default_rng(2)
    word = generator.integers(0, 12, 1200)
    X = np.eye(12)[word] + 0.1 * generator.standard_normal((1200, 12))
    data = labelled(X, word % 3, sentences=np.arange(1200) // 6, words=[f"w{w}" for w in word])
    parts = split(data, 1)
    probe = Trainer(data, parts.train).fit(1e-3, 1e-3)
    found = control_task(data, parts, probe)
    assert found["types"] == 12 and found["ceiling"]["mean"] == 1.0
    assert abs(found["sets"][0]["selectivity"]["mean"]) < 0.02


def test_control_labels_of_one_class_are_drawn_again_and_one_word_is_refused():
    words = ["a", "b"] * 50
    X = np.random.default_rng(1).standard_normal((100, 5))
    data = labelled(X, np.arange(100) % 2, sentences=np.arange(100) // 2, words=words)
    parts = split(data, 1)
    probe = Trainer(data, parts.train).fit(1e-2, 1e-2)
    # Half of all draws give both words one label; those would be no task.
    found = control_task(data, parts, probe)
    assert found["sets"][0]["control"]["n"] == 5 and found["types"] == 2
    alone = labelled(X, data.y, sentences=data.sentences, words=["a"] * 100)
    with pytest.raises(UserError) as caught:
        control_task(alone, parts, probe)
    assert str(caught.value) == "tag: 1 word types give control tasks of one label; take more words"
    with pytest.raises(UserError) as caught:
        control_task(data, parts, probe, draws=1)
    assert str(caught.value) == "1 control tasks: take at least 5, to tell how far they spread"
