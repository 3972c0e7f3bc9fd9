"""Reading CoNLL-U: columns split at tabs, ranges and empty nodes, what is refused."""

from __future__ import annotations

import pytest

from workflow_scripts.common.errors import UserError
from workflow_scripts.data.labels.conllu import read_conllu


def row(number, form, upos="_", feats="_", misc="_", deprel="_", lemma="_"):
    return "\t".join([str(number), form, lemma, upos, "_", feats, "_", deprel, "_", misc])


def written(tmp_path, *lines, end="\n"):
    path = tmp_path / "x.conllu"
    path.write_bytes((end.join(lines) + end).encode())
    return path


def test_ranges_give_the_surface_and_empty_nodes_are_left_out(tmp_path):
    path = written(
        tmp_path,
        "# text = du pain",
        row("1-2", "du", misc="SpaceAfter=No"),
        row(1, "de", "ADP"),
        row(2, "le", "DET"),
        row("2.1", "ghost", "VERB"),
        row(3, "pain", "NOUN", "Gender=Masc|Number=Sing", "Gloss=bread=loaf", "obj", "pain"),
        "",
    )
    (sentence,) = read_conllu(path)
    du, pain = sentence.tokens
    assert (du.form, [word.form for word in du.words], du.space_after) == ("du", ["de", "le"], False)
    assert pain.words[0].labels == {
        "upos": "NOUN", "lemma": "pain", "deprel": "obj", "Gender": "Masc", "Number": "Sing",
        "Gloss": "bread=loaf",
    }  # fmt: skip
    # What is missing is not there, and nothing is called "_".
    assert du.words[0].labels == {"upos": "ADP"}
    assert sentence.text == "dupain" and sentence.line == 2


def test_columns_are_split_at_tabs_alone(tmp_path):
    path = written(
        tmp_path, row(1, "200  000", "NUM"), row(2, "#", "SYM"), row(3, "_", "PUNCT"), "   ", row(1, "x")
    )
    first, second = read_conllu(path)
    # Two neighbouring blanks stay in the form and shift nothing; blanks alone part sentences.
    assert [token.form for token in first.tokens] == ["200  000", "#", "_"]
    assert [token.words[0].labels["upos"] for token in first.tokens] == ["NUM", "SYM", "PUNCT"]
    assert second.tokens[0].form == "x"


def test_crlf_and_an_unfinished_last_line(tmp_path):
    path = written(tmp_path, row(1, "a", "X"), "", row(1, "b", "Y"), end="\r\n")
    assert [sentence.tokens[0].words[0].labels for sentence in read_conllu(path)] == [
        {"upos": "X"},
        {"upos": "Y"},
    ]


def test_misc_may_repeat_itself_and_features(tmp_path):
    """Treebanks do, and the format allows it: of MISC the first counts, and a feature or column before it."""
    misc = "Ref=1|Ref=2|Case=Old|=x|lemma=y|alone"
    ((token,),) = [one.tokens for one in read_conllu(written(tmp_path, row(1, "a", "X", "Case=Nom", misc)))]
    assert token.words[0].labels == {"upos": "X", "Case": "Nom", "Ref": "1"}


def test_a_value_may_have_an_equals_sign_of_its_own(tmp_path):
    """As a gloss has one where a clitic begins."""
    misc = "Gloss=dog=DEF|Ref=a=b=c"
    ((token,),) = [one.tokens for one in read_conllu(written(tmp_path, row(1, "a", "X", misc=misc)))]
    assert token.words[0].labels == {"upos": "X", "Gloss": "dog=DEF", "Ref": "a=b=c"}


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["1\ta\t_\t_\t_\t_\t_\t_\t_"], "line 1: 9 columns, not ten$"),
        (["1 a _ X _ _ _ _ _ _"], "line 1: 1 columns, not ten; columns are parted by tabs, not by blanks"),
        ([row(1, "a"), row(1, "b")], "line 2: id 1 where word 2 is next; a blank line parts sentences"),
        ([row(1, "a"), row(3, "b")], "line 2: id 3 where word 2 is next$"),
        ([row("one", "a")], "line 1: id 'one'; a word's is a number, a range 3-4, an empty node 5.1"),
        ([row("1-2", "du"), row(1, "de")], "line 2: the sentence ends before word 2 of a range"),
        ([row("2-3", "du")], "line 1: range 2-3 where word 1 is next"),
        ([row(1, "a", feats="Case")], "line 1: FEATS has 'Case', which is not Name=Value"),
        ([row(1, "a", feats="Case=Nom|Case=Acc")], "line 1: Case is said twice"),
        ([row(1, "")], r"x\.conllu, line 1: an empty FORM; a missing one is '_'"),
        ([row("1-2", "du"), row(1, "de"), row(2, "")], r"x\.conllu, line 3: an empty FORM"),
        (["# alone"], "no sentence; is this CoNLL-U"),
        ([row("1.1", "ghost")], "line 1: a sentence without a word"),
    ],
)
def test_what_is_refused(tmp_path, lines, said):
    with pytest.raises(UserError, match=said):
        read_conllu(written(tmp_path, *lines))
