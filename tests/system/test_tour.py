"""notebooks/tour.ipynb runs from top to bottom in a real kernel, and prints what the notebook shows."""

import base64
import json
import re

from tests.tour import NOTEBOOK, executed, printed

NUMBER = re.compile(r"[-+]?\d+\.\d+|\d+(?=%)")


def near(now, kept):
    """Tell whether a figure is what another processor may give: a unit more or less, or a digit of a loss."""
    return abs(float(now) - float(kept)) <= (5 if "." not in now else 0.06 + 0.1 * abs(float(kept)))


def test_the_tour_runs_and_prints_what_it_shows(tmp_path):
    done, shown = executed(tmp_path), json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    model, sentences, own, strongest, effects, without, overlap = texts = printed(done)
    for now, kept in zip(texts, printed(shown), strict=True):
        assert NUMBER.sub("#", now) == NUMBER.sub("#", kept)
        assert all(map(near, NUMBER.findall(now), NUMBER.findall(kept)))
    assert model == "encoder.0.ffn 128\ndecoder.0.ffn 128\ndecoder.1.ffn 128\n"
    assert LITERAL in sentences
    # Six of 128 neurons in each of two layers.
    assert [line.count("ffn") for line in own.splitlines()] == [12] * 4
    assert strongest.count("more often than in the others") == 4
    *rows, _ = [[float(one) for one in NUMBER.findall(line)] for line in effects.splitlines()[1:]]
    assert all(max(row) == row[number] > 0.3 for number, row in enumerate(rows))
    assert without.startswith("en-na")
    shared = [[float(one) for one in NUMBER.findall(line)] for line in overlap.splitlines()]
    assert min(shared[0][1], shared[2][3]) > max(shared[one][other] for one in (0, 1) for other in (2, 3))
    pictures = [
        out["data"]["image/png"] for cell in done["cells"] for out in cell.get("outputs", []) if "data" in out
    ]
    assert [base64.b64decode(one)[:4] for one in pictures] == [b"\x89PNG"]
    assert NOTEBOOK.stat().st_size < 60_000
