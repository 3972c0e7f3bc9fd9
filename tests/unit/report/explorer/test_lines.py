"""Which sentences the page shows."""

import numpy as np
import pytest

from workflow_scripts.common.errors import UserError
from workflow_scripts.evaluate.metrics import Scoring
from workflow_scripts.report.explorer import lines
from workflow_scripts.report.explorer.lines import (
    Texts,
    add_lines,
    at_random,
    chosen,
    largest,
    metric_of_sentences,
    read_texts,
    sentence_scores,
)
from workflow_scripts.report.explorer.packing import Store


def test_the_largest_differences_come_first_whichever_system_is_better():
    difference = np.array([0.0, -3.0, 1.0, 3.0, 2.0])
    assert largest(difference, 3) == [1, 3, 4]
    # The first did not differ at all.
    assert largest(difference, 10) == [1, 3, 4, 2]


def test_sentences_at_random_are_the_same_each_time_and_differ_between_directions():
    assert at_random(1000, 50, 0) == at_random(1000, 50, 0) != at_random(1000, 50, 1)
    assert len(set(at_random(1000, 50, 0))) == 50 and at_random(3, 50, 7) == [0, 1, 2]


def test_chrf_says_most_of_a_sentence():
    assert metric_of_sentences(["bleu", "chrf"]) == "chrf"
    assert metric_of_sentences(["comet"]) == "comet"
    with pytest.raises(UserError, match="--metrics: none is given"):
        metric_of_sentences([])


def test_scores_of_sentences():
    scoring = Scoring("chrf", ["the cat", "the cat", "a dog"])
    scores = sentence_scores("chrf", scoring.statistics(["the cat", "the cat", ""]))
    assert scores.tolist() == [100.0, 100.0, 0.0]
    # Of a model: one number a sentence.
    assert sentence_scores("comet", np.array([[0.25], [0.5]])).tolist() == [0.25, 0.5]


def texts():
    return Texts(
        references=["r0", "r1", "r2", "r3"],
        sources=["s0", "s1", "s2", "s3"],
        hypotheses={"baseline": ["a0", "a1", "a2", "a3"], "ns": ["b0", "b1", "b2", "b3"]},
        scores={"baseline": np.array([50.0, 50.0, 50.0, 50.0]), "ns": np.array([50.0, 60.0, 10.0, 50.0])},
    )


def test_what_a_direction_has(monkeypatch):
    monkeypatch.setattr(lines, "RANDOM", 1)
    monkeypatch.setattr(lines, "at_random", lambda count, number, place: [3])
    assert chosen(texts(), "baseline", 0, 1.0) == {
        "count": 4,
        "numbers": [1, 2, 3],
        "systems": ["baseline", "ns"],
        "texts": [["s1", "r1", "a1", "b1"], ["s2", "r2", "a2", "b2"], ["s3", "r3", "a3", "b3"]],
        "scores": {"baseline": [50.0, 50.0, 50.0], "ns": [60.0, 10.0, 50.0]},
        "random": [2],
        "largest": {"ns": [1, 0]},
    }


def test_a_pair_has_its_own_sentences_alone(monkeypatch):
    monkeypatch.setattr(lines, "RANDOM", 0)
    three = texts()
    three.hypotheses["other"] = ["c0", "c1", "c2", "c3"]
    three.scores["other"] = np.array([0.0, 50.0, 50.0, 50.0])
    found = chosen(three, "baseline", 0, 1.0)
    assert found["numbers"] == [0, 1, 2]
    assert found["systems"] == ["baseline", "ns", "other"]
    assert [one[2:] for one in found["texts"]] == [
        ["a0", None, "c0"],
        ["a1", "b1", None],
        ["a2", "b2", None],
    ]


def test_fewer_sentences_where_not_all_have_room():
    wide = Texts(
        [f"reference {n * 7919}" for n in range(400)],
        None,
        {"baseline": [f"one {n * 104729}" for n in range(400)]},
        {"baseline": np.arange(400.0)},
    )
    store = Store(900)
    found = add_lines(store, {"de-en": wide}, "baseline")
    assert found["parts"] == {"de-en": "lines-0"} and 0 < found["random"] < 50
    assert store.left_out == [
        f"sentences: {found['largest']} of the largest difference and {found['random']} at random,"
        " not 200 and 50"
    ]
    nothing = Store(10)
    assert add_lines(nothing, {"de-en": wide}, "baseline") == {"parts": {}, "largest": 0, "random": 0}
    assert nothing.left_out == ["all sentences: no room"]


def write(folder, **files):
    for name, content in files.items():
        (folder / name).write_text("".join(f"{line}\n" for line in content))
    return folder


def test_sentences_that_were_not_scored_are_left_out(tmp_path):
    write(tmp_path, ref=["a", "", "c"], src=["x", "y", "z"], hyp=["a", "b", "d"])
    statistics = Scoring("chrf", ["a", "c"]).statistics(["a", "d"])
    found = read_texts(
        "de-en",
        {"baseline": tmp_path / "hyp"},
        f"{tmp_path}/ref",
        f"{tmp_path}/src",
        {"baseline": statistics},
        "chrf",
    )
    assert (found.references, found.sources) == (["a", "c"], ["x", "z"])
    assert found.hypotheses == {"baseline": ["a", "d"]} and found.scores["baseline"].tolist() == [100.0, 0.0]


def test_texts_of_other_lengths_than_the_references_are_refused(tmp_path):
    write(tmp_path, ref=["a", "b"], hyp=["a"])
    with pytest.raises(UserError, match=r"hyp has 1 lines but .*ref has 2"):
        read_texts("de-en", {"baseline": tmp_path / "hyp"}, f"{tmp_path}/ref", None, {}, "chrf")
    write(tmp_path, hyp=["a", "b"])
    three = Scoring("chrf", ["a", "b", "c"]).statistics(["a", "b", "c"])
    with pytest.raises(UserError, match="ref has 2 lines, but 3 were scored"):
        read_texts("de-en", {"ns": tmp_path / "hyp"}, f"{tmp_path}/ref", None, {"ns": three}, "chrf")
