"""The texts of one direction: several references, empty ones, logs, and what a user should know."""

import pytest
from sacrebleu.metrics import BLEU, CHRF, TER

from workflow_scripts.common.errors import UserError
from workflow_scripts.evaluate.direction_text import COUNT, DROP, note_lines, read_direction
from workflow_scripts.evaluate.metrics import BLOCK, scorer_of
from workflow_scripts.evaluate.score import score_direction

HYPS = {"a": ["the cat sat on the mat", "a dog", "", "two of them"], "b": ["cat", "a dog barks", "x", "two"]}
REFS = [
    ["the cat sat on a mat", "a dog barks", "nothing", "two of them"],
    ["a cat was sitting on the mat today", "the dog barks loudly", "none", "both"],
]
METRICS = {"bleu": BLEU(), "chrf": CHRF(word_order=2), "chrf2": CHRF(), "ter": TER()}


def lay(folder, refs, hyps=HYPS):
    def write(name, lines):
        (folder / name).write_text("".join(f"{line}\n" for line in lines))
        return folder / name

    files = [write(f"ref{n}", one) for n, one in enumerate(refs)]
    return {system: write(system, lines) for system, lines in hyps.items()}, files


def test_several_references_are_scored_as_sacrebleu_does(tmp_path):
    """To the last bit, also of more sentences than a block, and from the sums of their counts."""
    times = BLOCK // 4 + 2
    hyps = {system: lines * times for system, lines in HYPS.items()}
    refs = [one * times for one in REFS]
    scored = score_direction(*lay(tmp_path, refs, hyps), list(METRICS))
    for system, lines in hyps.items():
        one = scored[system]
        for found in one.entry["scores"]:
            metric = METRICS[found["metric"]]
            assert found["score"] == metric.corpus_score(lines, refs).score
            assert found["signature"] == str(metric.get_signature())
            assert found["signature"].startswith("nrefs:2|")
            array = one.statistics[found["metric"]]
            assert len(array) == len(lines)
            again = scorer_of(found["metric"], array.shape[1])(array.sum(axis=0), len(array))
            assert again == pytest.approx(found["score"], rel=1e-12)


def test_the_better_of_two_references_counts_worked_by_hand(tmp_path):
    """a b c d e is the second reference itself; of the first four of five words are in it."""
    one = score_direction(
        *lay(tmp_path, [["a b c d f"], ["a b c d e"]], {"s": ["a b c d e"]}), ["bleu", "ter"]
    )
    bleu, ter = one["s"].entry["scores"]
    assert bleu["score"] == pytest.approx(100)
    assert ter["score"] == 0
    assert one["s"].entry["health"]["length_ratio"] == 1


def test_references_of_other_lengths_are_told(tmp_path):
    hyps, refs = lay(tmp_path, [["a"] * 4, ["a"] * 3])
    with pytest.raises(UserError, match=r"ref1 has 3 lines but .*ref0 has 4: each sentence needs as many"):
        read_direction(hyps, refs)


def test_the_first_of_several_references_names_them_all(tmp_path):
    hyps, refs = lay(tmp_path, REFS)
    both, first = score_direction(hyps, refs, ["bleu"]), score_direction(hyps, refs[:1], ["bleu"])
    assert both["a"].entry["references_sha256"].split("+")[0] == first["a"].entry["references_sha256"]
    assert first["a"].entry == score_direction(hyps, refs[0], ["bleu"])["a"].entry


EMPTY = [["the cat sat on a mat", " ", "nothing", ""]]


def test_empty_references_are_dropped_for_all_systems_alike(tmp_path):
    hyps, refs = lay(tmp_path, EMPTY)
    text = read_direction(hyps, refs, refs[0], DROP)
    assert text.references == [["the cat sat on a mat", "nothing"]]
    assert text.hypotheses == {"a": ["the cat sat on the mat", ""], "b": ["cat", "x"]}
    assert text.sources == text.references[0]
    for system, lines in text.hypotheses.items():
        entry = score_direction(hyps, refs, ["bleu"], empty=DROP)[system].entry
        assert entry["scores"][0]["score"] == BLEU().corpus_score(lines, text.references).score
        assert (entry["n"], entry["empty_references"], entry["dropped"]) == (2, 2, 2)
        assert entry["flags"] == ["2 of 4 references empty, left out for all systems"]


def test_empty_references_are_scored_as_they_are(tmp_path):
    hyps, refs = lay(tmp_path, EMPTY)
    scored = score_direction(hyps, refs, list(METRICS), empty=COUNT)
    for system, lines in HYPS.items():
        entry = scored[system].entry
        for found in entry["scores"]:
            assert found["score"] == METRICS[found["metric"]].corpus_score(lines, EMPTY).score
        assert (entry["n"], entry["empty_references"], entry["dropped"]) == (4, 2, 0)
        assert entry["flags"] == ["2 of 4 references empty, scored as they are"]


def test_of_several_references_one_that_is_empty_is_enough(tmp_path):
    text = read_direction(*lay(tmp_path, [*REFS, ["x", "", "y", "z"]]), empty=DROP)
    assert [len(one) for one in text.references] == [3, 3, 3]


def test_where_every_reference_is_empty_there_is_nothing_to_score(tmp_path):
    hyps, refs = lay(tmp_path, [["", "", "", ""]])
    with pytest.raises(UserError, match="every reference is empty, nothing to score against"):
        read_direction(hyps, refs, empty=DROP)
    entry = score_direction(hyps, refs, ["bleu"], empty=COUNT)["a"].entry
    assert (entry["scores"][0]["score"], entry["health"]["length_ratio"]) == (0, None)


def test_a_file_without_empty_references_is_as_before_whatever_is_chosen(tmp_path):
    hyps, refs = lay(tmp_path, REFS[:1])
    default = score_direction(hyps, refs[0], ["bleu"])["a"].entry
    assert set(default) == {"n", "scores", "hypotheses_sha256", "references_sha256", "health"}
    for empty in (COUNT, DROP):
        assert score_direction(hyps, refs, ["bleu"], empty=empty)["a"].entry == default


def test_a_log_and_pieces_are_said(tmp_path):
    hyps, refs = lay(
        tmp_path, [["one", "two", "three"]], {"a": ["▁o ne", "▁tw o", "x"], "b": ["a", "b", "c"]}
    )
    hyps["b"].write_text("H-1\t-1\ttw@@ o\nH-0\t-1\tone\nH-2\t-1\tthree\n")
    text = read_direction(hyps, refs)
    assert text.hypotheses["b"] == ["one", "tw@@ o", "three"]
    assert [note.removeprefix(f"{tmp_path}/") for note in note_lines(text.notes)] == [
        "a: these look like SentencePiece's pieces; join them: sed 's/ //g; s/▁/ /g' FILE > NEW",
        "b: hypotheses are fairseq-generate's H- lines, by number",
        "b: these look like subwords of subword-nmt; join them: sed 's/@@ //g' FILE > NEW",
    ]
    refs[0].write_text("T-0\tone\nT-2\tthree\nT-1\ttwo\n")
    (note, *_) = note_lines(read_direction(hyps, refs).notes)
    assert note == f"{refs[0]}: references are fairseq-generate's T- lines, perhaps tokenised"


def write(path, lines):
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def test_a_file_is_noted_unless_the_references_are_alike(tmp_path):
    plain = write(tmp_path / "ref", ["It is so.", "And so."])
    tabs = write(tmp_path / "tabs", ["1\tIt is so.", "2\tAnd so."])
    tokens = write(tmp_path / "tokens", ["It is so .", "And so ."])
    systems = {"a": plain, "b": tabs, "c": tokens}
    tab_note = "these look like columns with tabs between them; take the column of text: cut -f1 FILE > NEW"
    assert read_direction(systems, [plain]).notes == [
        (str(tabs), tab_note),
        (str(tokens), "these look tokenised, and the references are not; detokenise them first"),
    ]
    assert read_direction({"b": tabs}, [tabs]).notes == [(str(tabs), tab_note)]
    assert read_direction({"c": tokens}, [tokens]).notes == [
        (str(tokens), "these look tokenised; scores against them do not compare with others")
    ]
