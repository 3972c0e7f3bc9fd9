"""Neurons that stand for words, by construction: probes find them, and say to which layer they moved."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.models.huggingface.encoders.planted import (
    PLANTED_NEURON,
    SAYS,
    planted_examples,
    planted_folder,
    planted_port,
)
from workflow_scripts.analyse.probes.collect_words import collect_words, part_of_words
from workflow_scripts.analyse.probes.compare_probes import compare
from workflow_scripts.analyse.probes.fit_probes import probed
from workflow_scripts.analyse.probes.run import Settings
from workflow_scripts.analyse.probes.word_values import read_values
from workflow_scripts.common.errors import UserError

#: Words that say something above 0 → their task.
TASK_OF = {word: task for task, says in SAYS.items() for word, said in says.items() if said > 0}
SETTINGS = Settings(
    l1=[0.03], l2=[0.01], seeds=[1], percents=[10.0], controls=0, agreement=False, redundancy=True
)


def sentences(count: int):
    """Return sentences whose words above 0 have the name of their task as the label ``task``."""
    texts = planted_examples("colour", count, 7).texts
    return [
        [(word, {"task": TASK_OF[word]} if word in TASK_OF else {}) for word in text.split()]
        for (text,) in texts
    ]


def probes_of(folder, system, tmp_path):
    port = planted_port(folder, ["colour"])
    space = port.space(["ffn"])
    out = tmp_path / f"{system}.npy", tmp_path / f"{system}.json"
    words = collect_words(port, sentences(40), space, *out, system=system)
    values = read_values(out[0], words)
    return probed(values, words, "task", SETTINGS, seed=1, fewest=10, most=3, folder=tmp_path)


@pytest.fixture(scope="module")
def before_and_after(planted, tmp_path_factory):
    """The planted encoder, and one whose planted neurons are in the layer below."""
    folder = tmp_path_factory.mktemp("probes")
    lower = planted_folder(folder / "lower", layer=0)
    return [probes_of(planted, "baseline", folder), probes_of(lower, "finetuned", folder)]


@pytest.mark.parametrize("which", [0, 1], ids=["second layer", "first layer"])
def test_the_planted_neurons_are_the_most_salient_of_their_labels(which, before_and_after):
    report, scores = before_and_after[which]
    layer = 1 - which
    assert scores.rows == tuple(sorted(SAYS))
    for task, neuron in PLANTED_NEURON.items():
        best = int(np.argmax(scores.values[scores.rows.index(task)]))
        assert scores.space.locate(best) == (f"encoder.{layer}.ffn", neuron)
    assert report["summary"]["accuracy"] == 1.0 and report["summary"]["majority"] < 0.6
    assert report["salient"]["share"][f"encoder.{layer}.ffn"]["mean"] == 1.0
    # Two neurons tell three words apart.
    (split,) = report["probe"]["splits"]
    assert split["minimal"]["units"] <= 3
    assert split["kept"][0]["kept"]["top"] == 1.0 > split["kept"][0]["kept"]["bottom"]
    assert 0 < split["redundancy"]["clusters"] <= 64


def test_salient_neurons_moved_down_by_one_layer(before_and_after):
    found = compare([report for report, _ in before_and_after])["encoder"]["task"]
    shift = found["finetuned"]["shift"]
    assert shift["centre"]["mean"] == -1.0 and shift["accuracy"]["mean"] == 0.0
    assert found["baseline"]["layers"]["encoder.1.ffn"]["share"]["mean"] == 1.0
    assert found["finetuned"]["layers"]["encoder.0.ffn"]["share"]["mean"] == 1.0
    # One baseline has no null.
    assert shift["beyond_null"] is None


@pytest.mark.parametrize("case", ["bert", "roberta", "xlm-roberta"])
def test_a_word_has_the_value_at_its_last_piece(case, ports, tmp_path):
    port = ports[case]
    space = port.space(["resid"])
    given = [[("good", {"p": "x"}), ("house", {"p": "y"})], [("tree", {"p": "x"})]]
    part = part_of_words(port, "text", given, space.size)
    pieces = port.pieces(["good", "house"])
    # The same as of the text, between its markers.
    ((whole,), _, _) = port.text.encode([("good house",)])
    assert [*pieces[0], *pieces[1]] == whole[1:-1].tolist()
    assert part.ids[0] == [*pieces[0], *pieces[1]] and [word.stop for word in part.lines[0].words] == [
        len(pieces[0]),
        len(part.ids[0]),
    ]
    words = collect_words(port, given, space, tmp_path / "v.npy", tmp_path / "w.json", system="baseline")
    values = read_values(tmp_path / "v.npy", words)
    seen = {}
    with port.taps(space, lambda group, units, _: seen.update({group.key: units[..., 0]})):
        for (batch,) in port.run([[one] for one in part.batches], lambda _: None):
            row = batch.lines.tolist().index(0)
    # Behind the marker that begins a text.
    for word, last in enumerate((len(pieces[0]), len(part.ids[0]))):
        expected = seen["encoder.1.resid"][last, row].numpy()
        np.testing.assert_allclose(values[word, 32:], expected, rtol=1e-3, atol=1e-3)
    assert words.forms == ["good", "house", "tree"] and words.labels == {"p": ["x", "y", "x"]}


def test_words_that_cannot_be_collected(ports):
    with pytest.raises(UserError, match="text: no sentences"):
        part_of_words(ports["bert"], "text", [], 8)
    with pytest.raises(UserError, match=r"no piece for the word '\\u200b'"):
        part_of_words(ports["bert"], "text", [[("good", {}), ("\u200b", {})]], 8)
