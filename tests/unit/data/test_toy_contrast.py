"""Contrastive sets of the toy languages: wrong inflections read off by hand, and right readings unharmed."""

import json
from collections import Counter
from dataclasses import replace

import pytest

from tests.unit.data.test_toy import MEANING, PLAIN, SMALL, SOV, generate, language, lines
from workflow_scripts.data.generate_contrastive import main
from workflow_scripts.data.toy.contrast import AGREEMENT, GENDER, NUMBER, Sentence, wrong_reading
from workflow_scripts.data.toy.draws import Draws
from workflow_scripts.data.toy.language import PIVOT
from workflow_scripts.likelihood.contrastive_set import read_contrastive

IN_PIVOT = "the big dog-s no see-ed-vp a cat by the town now as they see-fut-vp"
IN_SOV = "now dog-s-the big-2p cat-acc town-the by did un-see-vp as will see-vp"


def sentence(grammar, usage=PLAIN):
    return Sentence(language(grammar, usage), MEANING, Draws(1))


@pytest.mark.parametrize(
    ("phenomenon", "role", "wrong"),
    [
        # The article goes, as there is none in the plural; the verb stays with its subject.
        (NUMBER, "object", IN_PIVOT.replace("a cat", "cat-s")),
        (NUMBER, "place", IN_PIVOT.replace("town", "town-s")),
        # The verb follows its subject.
        (NUMBER, "subject", IN_PIVOT.replace("dog-s", "dog").replace("see-ed-vp", "see-ed")),
        (AGREEMENT, "subject", IN_PIVOT.replace("see-ed-vp", "see-ed")),
        (GENDER, "subject", None),
    ],
)
def test_wrong_readings_in_the_pivot_by_hand(phenomenon, role, wrong):
    reference = sentence(PIVOT)
    assert reference.text == IN_PIVOT
    assert wrong_reading(sentence(SOV), reference, (0, role), phenomenon) == wrong


@pytest.mark.parametrize(
    ("phenomenon", "role", "wrong"),
    [
        (AGREEMENT, "subject", IN_SOV.replace("un-see-vp", "un-see")),
        (NUMBER, "object", IN_SOV.replace("cat-acc", "cat-s-acc")),
        # The adjective agrees with a singular noun of the second class, or a plural one of the first.
        (NUMBER, "subject", "now dog-the big-2 cat-acc town-the by did un-see as will see-vp"),
        (GENDER, "subject", IN_SOV.replace("big-2p", "big-ap")),
        (GENDER, "object", None),
    ],
)
def test_wrong_readings_with_all_else_by_hand(phenomenon, role, wrong):
    reference = sentence(SOV, replace(PLAIN, second_class=frozenset({"n0"})))
    assert reference.text == IN_SOV
    assert wrong_reading(sentence(PIVOT), reference, (0, role), phenomenon) == wrong


def test_what_cannot_be_told_is_not_asked():
    mute = replace(PIVOT, verb_agrees=False)
    assert wrong_reading(sentence(SOV), sentence(mute), (0, "subject"), AGREEMENT) is None
    one_class = replace(SOV, noun_classes=1)
    assert wrong_reading(sentence(PIVOT), sentence(one_class), (0, "subject"), GENDER) is None
    # A source of which neither noun nor article nor verb shows the number.
    silent = replace(SOV, verb_agrees=False, adjective_agrees=False)
    source = sentence(silent)
    affixes = {**source.language.lexicon.affixes, "plural": ""}
    bare = replace(source.language, lexicon=replace(source.language.lexicon, affixes=affixes))
    source = Sentence(bare, MEANING, Draws(1))
    assert wrong_reading(source, sentence(PIVOT), (0, "object"), NUMBER) is None
    assert wrong_reading(source, sentence(PIVOT), (0, "subject"), AGREEMENT) is None


DIRECTIONS = ["en-na", "na-en", "en-sa", "sa-en"]


def test_a_set_of_a_corpus(tmp_path):
    corpus = generate(tmp_path / "toy")
    words = ["--spec", json.dumps(SMALL), "--directions", *DIRECTIONS, "--most", "5", "--out"]
    main([*words, str(tmp_path / "set.tsv")])
    items = read_contrastive(tmp_path / "set.tsv", DIRECTIONS)
    grammars = json.loads((corpus / "toy.json").read_text(encoding="utf-8"))["languages"]
    counts = Counter((item.direction, item.phenomenon) for item in items)
    for direction in DIRECTIONS:
        grammar = grammars[direction[-2:]]["grammar"]
        assert counts[direction, NUMBER] == 5
        assert (counts[direction, AGREEMENT] > 0) == grammar["verb_agrees"]
        assert (counts[direction, GENDER] > 0) == (grammar["noun_classes"] == 2)
    assert len({grammar["grammar"]["noun_classes"] for grammar in grammars.values()}) == 2
    test = {code: lines(corpus / f"test.{code}") for code in ("en", "na", "sa")}
    for item in items:
        source, target = item.direction.split("-")
        line = int(item.id.split("-")[0]) - 1
        assert (item.source, item.correct) == (test[source][line], test[target][line])
        (wrong,) = item.wrong
        if item.phenomenon != NUMBER:
            # One word, by its ending.
            pairs = zip(item.correct.split(), wrong.split(), strict=True)
            assert sum(one != other for one, other in pairs) == 1
    main([*words, str(tmp_path / "again.tsv")])
    assert (tmp_path / "again.tsv").read_bytes() == (tmp_path / "set.tsv").read_bytes()
