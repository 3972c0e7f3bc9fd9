"""The toy corpus: its bytes, its tags, its families, its subsets."""

import hashlib
import json
import re
from dataclasses import replace

import pytest

from workflow_scripts.common.errors import UserError
from workflow_scripts.data.generate_toy import main
from workflow_scripts.data.toy.corpus import Corpus
from workflow_scripts.data.toy.draws import Draws, Zipf
from workflow_scripts.data.toy.language import PIVOT, Grammar, Language, Usage
from workflow_scripts.data.toy.lexicon import Lexicon, SoundChange, reflex
from workflow_scripts.data.toy.meaning import Clause, Meaning, NounPhrase, World
from workflow_scripts.data.toy.spec import ToySpec, parse_spec

SMALL = {
    "concepts": 40, "valid_size": 20, "test_size": 20,
    "tiers": {
        "high": {"size": 60, "languages": ["na", "sa"]}, "low": {"size": 30, "languages": ["no", "so"]},
    },
}  # fmt: skip
SUBSETS = {
    "test": ["en", "na", "no", "sa", "so"], "valid": ["en", "na", "no", "sa", "so"],
    "train.en-na": ["en", "na"], "train.en-no": ["en", "no"], "train.en-sa": ["en", "sa"],
    "train.en-so": ["en", "so"],
}  # fmt: skip


def generate(folder, **changes):
    main(["--spec", json.dumps({**SMALL, **changes}), "--out", str(folder)])
    return folder


def lines(path):
    return path.read_text(encoding="utf-8").splitlines()


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return generate(tmp_path_factory.mktemp("toy"))


def test_the_draws_are_the_published_generator():
    # First outputs of splitmix64 from state 0, as published with it.
    draws = Draws("any")
    draws._state = 0
    assert [draws.word() for _ in range(2)] == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4]


def test_streams_are_named_by_all_their_labels():
    assert Draws(1, "a").word() == 0xAAD20823405D8902
    assert Draws(1, "b").word() != Draws(1, "a").word() != Draws(2, "a").word()


def test_zipf_falls_with_rank():
    # Weights 1/3 : 1/4 : 1/5 over 9400 draws: about 4000, 3000 and 2400.
    zipf, draws = Zipf(["x", "y", "z"]), Draws("zipf")
    drawn = [zipf.pick(draws) for _ in range(9400)]
    for item, expected in (("x", 4000), ("y", 3000), ("z", 2400)):
        assert abs(drawn.count(item) - expected) < 200


def test_bytes(corpus):
    hashes = {name: hashlib.sha256((corpus / name).read_bytes()).hexdigest() for name in PINNED}
    assert hashes == PINNED


PINNED = {
    "toy.json": "34171dde6843897b0fcb0ad28c64345383f34d4952342a1d5ce8d3f6d530206d",
    "lexicon.json": "53c149563a4a79977e7b713d78ea1e8e8f7e03079b025285b3edb393932a17e6",
    "test.en": "46eaf1ff147fcb753c964f5c305c83545427b7421b38cd8efdae89bc0f7188a6",
    "train.en-so.so": "f9ae6fa6786db5f57b54e64a0c8366e4ce0ce1d7444a4d9a2a3838a3993603bb",
}


def test_toy_json_vouches_for_every_file(corpus):
    written = json.loads((corpus / "toy.json").read_text(encoding="utf-8"))
    assert set(written["sha256"]) == {path.name for path in corpus.iterdir()} - {"toy.json", "lexicon.json"}
    for name, digest in written["sha256"].items():
        assert hashlib.sha256((corpus / name).read_bytes()).hexdigest() == digest
    assert parse_spec(written["spec"]) == parse_spec(SMALL)


def test_a_second_run_and_another_seed(corpus, tmp_path):
    again, other = generate(tmp_path / "again"), generate(tmp_path / "other", seed=2)
    assert (again / "toy.json").read_bytes() == (corpus / "toy.json").read_bytes()
    assert lines(other / "test.en") != lines(corpus / "test.en")


def test_sizes_and_tags_token_by_token(corpus):
    sizes = {
        "test": 20, "valid": 20, "train.en-na": 60, "train.en-sa": 60, "train.en-no": 30, "train.en-so": 30,
    }  # fmt: skip
    for subset, languages in SUBSETS.items():
        for language in languages:
            text, pos, number = (
                lines(corpus / f"{subset}.{language}{suffix}") for suffix in ("", ".pos", ".num")
            )
            assert len(text) == len(pos) == len(number) == sizes[subset]
            for words, tags, numbers in zip(text, pos, number, strict=True):
                assert len(words.split(" ")) == len(tags.split(" ")) == len(numbers.split(" "))
                assert set(numbers.split(" ")) <= {"Sing", "Plur", "-"}
                # Nouns always carry number, adverbs never.
                for tag, value in zip(tags.split(" "), numbers.split(" "), strict=True):
                    assert (value != "-") if tag == "NOUN" else (tag != "ADV" or value == "-")
    assert all(4 <= len(line.split(" ")) <= 12 for line in lines(corpus / "test.en"))


def few_meanings(monkeypatch, skeletons):
    """Let so many skeletons be all that can be said, each with the articles as drawn and turned over."""
    corpus = Corpus(parse_spec(SMALL))
    drawn = corpus._meanings("few", 5 * skeletons, set(), skeletons=True)
    # With a noun in the subject, whose article changes what most languages say.
    told = [meaning for meaning in drawn if meaning.clauses[0].subject.noun is not None][:skeletons]
    assert len(told) == skeletons

    def turned(meaning):
        first, *rest = meaning.clauses
        subject = replace(first.subject, definite=not first.subject.definite)
        return replace(meaning, clauses=(replace(first, subject=subject), *rest))

    pool = [*told, *map(turned, told)]
    assert len(set(pool)) == 2 * skeletons
    monkeypatch.setattr(World, "meaning", lambda self, draws: draws.pick(pool))


def test_no_test_or_validation_sentence_in_training_on_any_side(tmp_path, monkeypatch):
    """Of thirty things to say the test set takes ten, validation ten others, training what is left.

    Were one said again, a draw from so few would find it.
    """
    few_meanings(monkeypatch, 30)
    tiers = {"all": {"size": 15, "languages": ["na", "no", "sa", "so"]}}
    corpus = generate(tmp_path, test_size=10, valid_size=10, tiers=tiers)
    for language in SUBSETS["test"]:
        held_out = lines(corpus / f"test.{language}") + lines(corpus / f"valid.{language}")
        assert len(set(held_out)) == 20
        for subset, languages in SUBSETS.items():
            if subset.startswith("train") and language in languages:
                training = lines(corpus / f"{subset}.{language}")
                assert len(training) == 15
                assert not set(held_out) & set(training)


def test_skeletons_differ_between_training_and_test():
    """Sizes at which chance alone would repeat some: 2 in validation, 28 in training."""
    corpus = Corpus(parse_spec(SMALL))
    world = corpus.world
    held_out = set()
    for name in ("test", "valid"):
        meanings = corpus._meanings(name, 200, held_out, skeletons=True)
        held_out.update(world.skeleton(meaning) for meaning in meanings)
    assert len(held_out) == 400
    train = corpus._meanings("train.en-na", 600, held_out, skeletons=False)
    assert not held_out & {world.skeleton(meaning) for meaning in train}
    assert len(set(train)) == 600


def test_every_stream_of_draws_is_the_seeds(monkeypatch):
    """Grammar, words, meanings, synonyms: what is drawn is named by the spec's seed first."""
    streams = []
    plain = Draws.__init__

    def noted(self, *labels):
        streams.append(labels)
        plain(self, *labels)

    monkeypatch.setattr(Draws, "__init__", noted)
    list(Corpus(parse_spec({**SMALL, "seed": 5})).subsets())
    # The length in the pivot does not depend on draws.
    drawn = [labels for labels in streams if labels != ("length",)]
    assert {"world", "usage", "grammar", "meanings", "synonyms"} <= {str(labels[1]) for labels in drawn}
    assert {labels[0] for labels in drawn} == {5}


def test_skeleton_folds_articles_and_shared_words():
    world = World(1, 40)

    def meaning(noun, definite):
        return Meaning((Clause("v0", "past", False, NounPhrase(noun, False, definite)),))

    # n0 and n5 are neighbours in one domain: a language may have one word for both; n1 is of another domain.
    assert ("n0", "n5") in world.near_pairs()
    assert world.skeleton(meaning("n0", True)) == world.skeleton(meaning("n5", False))
    assert world.skeleton(meaning("n0", True)) != world.skeleton(meaning("n1", True))


def test_sound_changes_are_regular():
    changes = (SoundChange("t", "t(?=[ei])", "c"), SoundChange("m", "m$", "mb"), SoundChange("b", "b", "v"))
    assert [reflex(word, changes) for word in ("tetim", "tamu", "bota")] == ["cecimv", "tamu", "vota"]


def read_lexicon(folder):
    return json.loads((folder / "lexicon.json").read_text(encoding="utf-8"))


def derived(proto, changes):
    for pattern, replacement in changes:
        proto = re.sub(pattern, replacement, proto)
    return proto


def test_cognates_follow_the_declared_changes(corpus):
    lexicon = read_lexicon(corpus)
    assert set(lexicon) == {"en", "north", "south"}
    for family in ("north", "south"):
        members = lexicon[family]["languages"]
        for member in members.values():
            assert len(member["sound_changes"]) == 4
            for kind in ("words", "affixes"):
                proto = lexicon[family][f"proto_{kind}"]
                for item, form in member[kind].items():
                    assert form == derived(proto[item], member["sound_changes"])
                # No two items fall together: what is ambiguous is declared.
                assert len(set(member[kind].values())) == len(member[kind])
        first, second = members.values()
        assert first["sound_changes"] != second["sound_changes"]
        same = [item for item in first["words"] if first["words"][item] == second["words"][item]]
        assert 0 < len(same) < len(first["words"])


def test_without_a_shared_lexicon_only_the_words_change(corpus, tmp_path):
    apart = generate(tmp_path, share_lexicon=False)
    lexicon = read_lexicon(apart)
    assert set(lexicon) == {"en", "north.na", "north.no", "south.sa", "south.so"}
    for family, members in (("north", ("na", "no")), ("south", ("sa", "so"))):
        first, second = (lexicon[f"{family}.{code}"] for code in members)
        same = [
            item for item in first["proto_words"] if first["proto_words"][item] == second["proto_words"][item]
        ]
        assert len(same) <= len(first["proto_words"]) // 20
    for subset, languages in SUBSETS.items():
        for language in languages:
            for suffix in (".pos", ".num"):
                name = f"{subset}.{language}{suffix}"
                assert (apart / name).read_bytes() == (corpus / name).read_bytes()
        assert (apart / f"{subset}.en").read_bytes() == (corpus / f"{subset}.en").read_bytes()
    assert lines(apart / "test.na") != lines(corpus / "test.na")


def test_word_order_is_the_declared_one(corpus):
    languages = json.loads((corpus / "toy.json").read_text(encoding="utf-8"))["languages"]
    assert [languages[code]["grammar"]["order"] for code in ("en", "na", "no", "sa", "so")] == [
        "SVO", "SVO", "SOV", "SOV", "VSO",
    ]  # fmt: skip
    for code, description in languages.items():
        checked = 0
        for line in lines(corpus / f"test.{code}.pos"):
            tags = line.split(" ")
            if tags.count("VERB") != 1 or not {"NOUN", "PRON"} & set(tags):
                continue
            arguments = [index for index, tag in enumerate(tags) if tag in ("NOUN", "PRON")]
            verb, order = tags.index("VERB"), description["grammar"]["order"]
            assert (verb > arguments[0]) == (order != "VSO")
            if order == "SOV":
                assert verb > arguments[-1]
            checked += 1
        assert checked >= 10


# A language of hand-made words: what a sentence must be can be read off them.
WORDS = {
    "n0": "dog", "n1": "cat", "n4": "town", "n5": "man", "v0": "see", "v0'": "spy", "a0": "big", "a0'": "fat",
    "d0": "now", "definite": "the", "definite.plural": "thes", "indefinite": "a", "not": "no", "past": "did",
    "future": "will", "pronoun": "he", "pronoun.plural": "they", "near": "by", "and": "and", "because": "as",
}  # fmt: skip
AFFIXES = {
    "plural": "-s", "definite": "-the",
    "accusative": "-acc", "past": "-ed", "future": "-fut", "verb.plural": "-vp",
    "adjective.plural": "-ap", "adjective.second": "-2", "adjective.second.plural": "-2p", "not": "un-",
}  # fmt: skip
SOV = Grammar("SOV", "after", "after", "suffix", "first", "prefix", "particle", True, True, 2, True, True)
PLAIN = Usage({}, frozenset(), {}, frozenset())
MEANING = Meaning(
    (
        Clause(
            "v0", "past", True, NounPhrase("n0", True, True, "a0"), NounPhrase("n1", False, False),
            ("near", NounPhrase("n4", False, True)), "d0",
        ),
        Clause("v0", "future", False, NounPhrase(None, True, True)),
    ),
    "because",
)  # fmt: skip


def language(grammar, usage):
    return Language("xx", grammar, usage, Lexicon((), WORDS, AFFIXES), World(1, 40))


def columns(words):
    return [" ".join(column) for column in zip(*((w.form, w.pos, w.number) for w in words), strict=True)]


def test_a_sentence_by_hand_in_the_pivot():
    assert columns(language(PIVOT, PLAIN).render(MEANING, Draws(1))) == [
        "the big dog-s no see-ed-vp a cat by the town now as they see-fut-vp",
        "DET ADJ NOUN PART VERB DET NOUN ADP DET NOUN ADV SCONJ PRON VERB",
        "- - Plur - Plur Sing Sing - - Sing - - Plur Plur",
    ]


def test_a_sentence_by_hand_with_all_else():
    # n0 in the second class; n1 has the word of n5; v0 another word with animals; the pronoun is not said.
    usage = Usage({"n1": "n5"}, frozenset({"n0"}), {"v0": ("animal", "food")}, frozenset())
    assert World(1, 40).domain["n1"] == "animal"
    assert columns(language(SOV, usage).render(MEANING, Draws(1))) == [
        "now dog-s-the big-2p man-acc town-the by did un-spy-vp as will see-vp",
        "ADV NOUN ADJ NOUN NOUN ADP AUX VERB SCONJ AUX VERB",
        "- Plur Plur Sing Sing - - Plur - - Plur",
    ]


def test_free_synonyms_come_in_one_case_of_four():
    speaker, draws = language(PIVOT, Usage({}, frozenset(), {}, frozenset({"v0"}))), Draws("synonyms")
    said = [speaker.render(MEANING, draws)[4].form for _ in range(2000)]
    assert set(said) == {"see-ed-vp", "spy-ed-vp"}
    assert abs(said.count("spy-ed-vp") - 500) < 80


def test_too_few_concepts_for_the_sizes(monkeypatch):
    corpus = Corpus(ToySpec(concepts=40))
    only = corpus.world.meaning(Draws("one"))
    monkeypatch.setattr(corpus.world, "meaning", lambda draws: only)
    with pytest.raises(UserError, match=r"raise toy\.concepts"):
        corpus._meanings("test", 2, set(), skeletons=True)
