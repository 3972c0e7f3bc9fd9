"""The strongest units of translation models of the library: words of their tokenizers, values of gates."""

from __future__ import annotations

import json
from collections import defaultdict

import pytest

from tests.unit.models.huggingface.folders import DIRECTIONS
from workflow_scripts.activations import count_activations
from workflow_scripts.analyse import strongest_units
from workflow_scripts.models.port import load

#: SiLU and a vocabulary of the targets' own; ReLU; GELU, gated.
CASES = ("marian", "m2m", "t5-gated")


def strengths(port, data, direction, unit):
    """The largest value of a decoder unit at the pieces of each word, by occurrence."""
    key, index = unit.rsplit(":", 1)
    seen = {}
    found = defaultdict(list)
    target = direction.partition("-")[2]
    lines = (data / f"valid/{direction}.{target}.txt").read_text().splitlines()
    task = port.task(data, "valid", direction)

    def tap(group, values, real):
        seen[group.key] = values[:, :, int(index), 0] if group.key == key else None

    with port.taps(port.space(), tap, gate=True):
        for batch in port.batches(task, 64):
            port.loss(batch)
            for place, number in enumerate(batch.lines.tolist()):
                symbols = port.text.symbols[1]
                pieces = [symbols[one] for one in port.target_text(direction, [lines[number]])[0]]
                # What begins a target, and its tag, come first.
                at = 1 + port.text.tagged
                for word in lines[number].split():
                    text, values = "", []
                    while text != word:
                        said = pieces.pop(0).replace("▁", "")
                        # A blank may be a piece, which is not the word's.
                        values += [float(seen[key][at, place].detach())] if said else []
                        text, at = text + said, at + 1
                    found[word].append(max(values))
    return found


@pytest.mark.parametrize("case", CASES)
def test_words_and_values_of_each_family(case, systems, data, tmp_path):
    system = systems[case]
    where = [f"--system={system.folder}", f"--data-bin={data}", "--subset=valid"]
    count_activations.main([*where, f"--out-root={tmp_path}/counts", "--directions", *DIRECTIONS])
    out = [f"--out-{form}={tmp_path}/o.{form}" for form in ("json", "csv", "markdown")]
    more = [f"--activations-root={tmp_path}/counts", "--units=4", "--max-sentences=20", "--select=mass:70"]
    strongest_units.main([*where, *out, *more, "--removed-sentences=20", "--directions", *DIRECTIONS])
    found = json.loads((tmp_path / "o.json").read_text())
    assert found["not_compared"] == ["As source there is en alone: nothing can be compared."]
    port = load(system)
    for direction in DIRECTIONS:
        language = direction.partition("-")[2]
        assert found["languages"][language]["source"] == []
        first, *_ = units = found["languages"][language]["target"]
        assert len(units) == 4 and first["score"] >= units[-1]["score"] > 0
        seen = strengths(port, data, direction, first["unit"])
        often = {word: values for word, values in seen.items() if len(values) >= 3}
        fired = {word for word, values in often.items() if max(values) > 0}
        assert {one["word"] for one in first["words"]} <= fired
        assert len(first["words"]) == min(8, len(fired)) > 0
        for one in first["words"]:
            values = often[one["word"]]
            assert (one["times"], one["of"]) == (sum(value > 0 for value in values), len(values))
            assert one["mean"] == pytest.approx(sum(values) / len(values), abs=1e-4)
    removed = found["removed"]
    assert {name: list(cells) for name, cells in removed["matrix"].items()} == {
        "de": ["de", "fr"], "fr": ["de", "fr"],
    }  # fmt: skip
    assert all(cell["n"] == 20 for cells in removed["matrix"].values() for cell in cells.values())
    assert all(len({*draws}) == 5 for draws in removed["random"].values())
