"""Words of CoNLL-U with their labels, as models with tokenizers of their own take them."""

from __future__ import annotations

from workflow_scripts.data.labels.labelled_sentences import labelled_sentences

ROWS = [
    "1-2\tdu\t_\t_\t_\t_\t_\t_\t_\t_",
    "1\tde\tde\tADP\t_\t_\t2\tcase\t_\t_",
    "2\tle\tle\tDET\t_\tNumber=Sing\t3\tdet\t_\t_",
    "3\tvin\tvin\tNOUN\t_\tNumber=Sing\t0\troot\t_\t_",
]


def test_words_and_their_labels(tmp_path):
    path = tmp_path / "t.conllu"
    path.write_text("\n".join([*ROWS, "", "1\tOui\toui\tINTJ\t_\t_\t0\troot\t_\t_", "", ""]))
    first, second = labelled_sentences(path)
    assert [form for form, _ in first] == ["du", "vin"]
    # A contraction of two words has no label.
    assert first[0][1] == {} and first[1][1]["upos"] == "NOUN" and first[1][1]["Number"] == "Sing"
    assert second[0][1]["upos"] == "INTJ"
    assert len(labelled_sentences(path, 1)) == 1
