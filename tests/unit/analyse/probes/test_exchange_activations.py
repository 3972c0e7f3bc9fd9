"""Values of units to an activation file of another program and back (check O14)."""

from __future__ import annotations

import numpy as np
import pytest

from workflow_scripts.analyse.probes.activation_files import read_activations
from workflow_scripts.analyse.probes.exchange_activations import main
from workflow_scripts.analyse.probes.word_values import Words, read_values
from workflow_scripts.common.errors import UserError
from workflow_scripts.units.space import UnitGroup, UnitSpace

SPACE = UnitSpace(
    [
        *(UnitGroup(f"encoder.{n}.ffn", "ffn", "encoder", n, 2) for n in (0, 1)),
        UnitGroup("encoder.0.resid", "resid", "encoder", 0, 1),
    ]
)
VALUES = np.arange(15, dtype=np.float16).reshape(3, 5)


@pytest.fixture
def folder(tmp_path):
    words = Words(["a", "b", "c"], [0, 0, 1], [0, 1, 0], ["en-de"] * 3, {}, SPACE, {"stack": "encoder"})
    words.write(tmp_path / "w.json")
    np.save(tmp_path / "v.npy", VALUES)
    return tmp_path


def exchange(folder, *words, values="v.npy", out="w.json"):
    main(["--values", str(folder / values), "--words", str(folder / out), *map(str, words)])


def test_o14_to_a_file_and_back(folder):
    exchange(folder, "--to", folder / "x.json")
    one, two = read_activations(folder / "x.json")
    assert one.tokens == ["a", "b"] and one.layers == [0, 1]
    # Rows of the two words, [layers, words, dim]: units 0 and 1 are layer 0, units 2 and 3 layer 1.
    assert one.values.tolist() == [[[0, 1], [5, 6]], [[2, 3], [7, 8]]] and two.tokens == ["c"]
    (folder / "tags").write_text("X Y\nX\n")
    exchange(folder, "--of", folder / "x.json", "--labels", folder / "tags", values="new.npy", out="new.json")
    words = Words.read(folder / "new.json")
    assert np.array_equal(read_values(folder / "new.npy", words), VALUES[:, :4])
    assert words.labels == {"label": ["X", "Y", "X"]} and words.lines == [0, 0, 1]
    assert words.space.keys == ("encoder.0.resid", "encoder.1.resid")


def test_o14_a_file_for_each_layer(folder, capsys):
    exchange(folder, "--to", folder / "x.json", "--decompose")
    assert capsys.readouterr().out.splitlines() == [str(folder / f"x-layer{n}.json") for n in (0, 1)]


def test_o14_some_layers(folder):
    exchange(folder, "--to", folder / "x.json")
    exchange(folder, "--to", folder / "one.json", "--layers", "1")
    assert [one.layers for one in read_activations(folder / "one.json")] == [[1], [1]]
    exchange(folder, "--of", folder / "x.json", "--layers", "1", values="new.npy", out="new.json")
    words = Words.read(folder / "new.json")
    assert words.space.keys == ("encoder.1.resid",)
    assert np.array_equal(read_values(folder / "new.npy", words), VALUES[:, 2:4])
    with pytest.raises(UserError, match="no layer 2; there are 0, 1"):
        exchange(folder, "--to", folder / "x.json", "--layers", "2")


def test_what_is_refused(folder):
    with pytest.raises(UserError, match="--kind: no units of 'head'; there are ffn, resid"):
        exchange(folder, "--to", folder / "x.json", "--kind", "head")
    exchange(folder, "--to", folder / "x.json")
    for text, said in (
        ("X Y\n", "--labels: 1 lines for 2 sentences; one each is needed"),
        ("X Y\nX Y\n", "--labels, line 2: 2 labels for 1 tokens"),
    ):
        (folder / "tags").write_text(text)
        with pytest.raises(UserError, match=said):
            exchange(
                folder, "--of", folder / "x.json", "--labels", folder / "tags", values="n.npy", out="n.json"
            )
    (folder / "x.json").write_text("")
    with pytest.raises(UserError, match=r"x\.json: no sentence"):
        exchange(folder, "--of", folder / "x.json", values="n.npy", out="n.json")
