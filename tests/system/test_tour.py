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
    texts = printed(done)
    model, sentences, strongest, scores, effects, right, overlap = texts
    for now, kept in zip(texts, printed(shown), strict=True):
        if now != right:  # a sentence more or less
            assert NUMBER.sub("#", now) == NUMBER.sub("#", kept)
        assert all(map(near, NUMBER.findall(now), NUMBER.findall(kept)))
    assert model == "encoder.0.ffn 128\ndecoder.0.ffn 128\ndecoder.1.ffn 128\n"
    assert "en-na  loss 0.00   'pame tobe pulu' -> 'tike vazi fufa'\n" in sentences
    assert strongest.startswith("en-na ['decoder.0.ffn 51', 'decoder.1.ffn 120']\n")
    assert scores.startswith("en-na: decoder.1.ffn 120, active 6")
    _a_language_loses_most_without_its_own(effects)
    whole, without = (re.findall(r"\d+", line.partition(":")[2]) for line in right.splitlines())
    assert whole == ["20", "20"] and int(without[0]) < 14 and int(without[1]) > 17
    _a_family_shares_neurons(overlap)
    pictures = [
        out["data"]["image/png"] for cell in done["cells"] for out in cell.get("outputs", []) if "data" in out
    ]
    assert [base64.b64decode(one)[:4] for one in pictures] == [b"\x89PNG"]
    assert NOTEBOOK.stat().st_size < 60_000


def _a_language_loses_most_without_its_own(text):
    *own, chance = [[float(one) for one in NUMBER.findall(line)] for line in text.splitlines()[1:]]
    assert len(own) == 4 and max(chance) < 0.05
    for number, row in enumerate(own):
        assert max(row) == row[number] > 0.15
        other_family = row[2:] if number < 2 else row[:2]
        assert max(other_family) < 0.05


def _a_family_shares_neurons(text):
    shared = [[float(one) for one in NUMBER.findall(line)] for line in text.splitlines()]
    within = (shared[0][1], shared[2][3])
    across = [shared[one][other] for one in (0, 1) for other in (2, 3)]
    assert min(within) > max(across) + 0.05
