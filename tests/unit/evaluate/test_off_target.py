"""train_identifier and identify: rates worked out by hand, files, mistakes."""

import json
import shutil

import pytest

from tests.unit.evaluate.identifier_corpus import LANGUAGES, PAIRS, corpus, sentences, write_lines
from workflow_scripts.evaluate.languages import identify, train_identifier
from workflow_scripts.evaluate.languages.language_identifier import LanguageIdentifier, PackagedIdentifier

DIRECTIONS = ["en-ka", "ka-en", "en-zu", "zu-en"]


def train(root, out, pairs=None, languages=LANGUAGES):
    pairs = json.dumps(pairs or {"train": PAIRS, "test": PAIRS})
    words = ["--text-root", str(root), "--pairs", pairs, "--languages", *languages]
    train_identifier.main(
        [*words, "--out-model", str(out / "model.npz"), "--out-accuracy", str(out / "a.json")]
    )
    return json.loads((out / "a.json").read_text())


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    """Text of an experiment, and the identifier trained on it."""
    root = corpus(tmp_path_factory.mktemp("text"))
    train(root, root)
    return root


def told(text, folder, hypotheses, directions=DIRECTIONS):
    """Identify hypotheses (direction to lines), and return what the JSON file says."""
    for direction, lines in hypotheses.items():
        write_lines(folder / f"{direction}.txt", lines)
    words = ["--identifier", str(text / "model.npz"), "--hypotheses", str(folder / "{direction}.txt")]
    words += ["--references", str(text / "test/{pair}.{target}.txt"), "--directions", *directions]
    names = ["--experiment", "e", "--system", "ns-k95", "--seed", "2", "--testset", "test"]
    identify.main([*words, *names, "--out", str(folder / "out.json")])
    return json.loads((folder / "out.json").read_text())


def outputs(**of):
    """Fifty sentences in each direction's target language, or in the one that is given (``en_ka="zu"``)."""
    targets = {direction: of.get(direction.replace("-", "_"), direction[-2:]) for direction in DIRECTIONS}
    return {direction: sentences(target, 50, 30) for direction, target in targets.items()}


def test_right_languages(text, tmp_path):
    found = told(text, tmp_path, outputs())
    assert {key: found[key] for key in ("experiment", "system", "seed", "testset")} == {
        "experiment": "e", "system": "ns-k95", "seed": 2, "testset": "test",
    }  # fmt: skip
    assert list(found["directions"]) == DIRECTIONS
    for direction, one in found["directions"].items():
        assert (one["n"], one["empty"], one["without_letters"]) == (50, 0, 0)
        assert one["off_target_rate"] == one["references_off_target_rate"] == 0
        assert one["labels"] == {direction[-2:]: 50}


def test_swapped_languages_are_all_off_target(text, tmp_path):
    found = told(text, tmp_path, outputs(en_ka="zu", ka_en="ka"))["directions"]
    assert found["en-ka"]["off_target_rate"] == 1.0
    assert found["en-ka"]["labels"] == {"zu": 50}
    assert found["ka-en"]["off_target_rate"] == 1.0
    assert found["ka-en"]["labels"] == {"ka": 50}  # the source copied
    assert found["en-ka"]["references_off_target_rate"] == found["ka-en"]["references_off_target_rate"] == 0
    assert found["zu-en"]["off_target_rate"] == 0


def test_three_of_ten_and_lines_in_no_language(text, tmp_path):
    # Of fifty: 20 blank, 20 without a letter, ten sentences of which three are English.
    mixed = [*[" "] * 20, *["12:30 ?"] * 20, *sentences("en", 3, 5), *sentences("ka", 7, 5)]
    one = told(text, tmp_path, {"en-ka": mixed}, ["en-ka"])["directions"]["en-ka"]
    assert one["off_target_rate"] == pytest.approx(0.3)
    assert one["labels"] == {"en": 3, "ka": 7}
    assert (one["n"], one["empty"], one["without_letters"]) == (50, 20, 20)


def test_nothing_written_has_no_rate(text, tmp_path):
    one = told(text, tmp_path, {"en-ka": [""] * 50}, ["en-ka"])["directions"]["en-ka"]
    assert (one["off_target_rate"], one["labels"], one["empty"]) == (None, {}, 50)


def test_packaged_says_why_not(text, tmp_path):
    packaged = told(text, tmp_path, outputs())["directions"]["en-ka"]["packaged"]
    # Georgian's and Zulu's codes, of invented languages.
    assert packaged["off_target_rate"] is None and packaged["agreement"] is None
    assert packaged["references_off_target_rate"] > 0.5
    assert packaged["reason"].startswith("py3langid takes ")
    assert packaged["reason"].endswith("% of the references for other languages")


GERMAN = [
    "Das Haus am Fluss ist alt.",
    "Wir gehen heute nicht in die Schule.",
    "Der Hund schläft unter dem Tisch.",
]
ENGLISH = [
    "The house by the river is old.",
    "We are not going to school today.",
    "The dog sleeps under the table.",
]


def test_packaged_where_it_knows_the_languages():
    # Own identifier: German for all. The packaged one: German, German, English; they agree on two of three.
    hypotheses = [*GERMAN[:2], ENGLISH[2]]
    packaged = PackagedIdentifier(["de", "en", "qqx"])
    one = identify.identify_direction(hypotheses, GERMAN, "de", lambda lines: ["de"] * len(lines), packaged)
    assert one["off_target_rate"] == 0
    assert one["packaged"] == {
        "off_target_rate": pytest.approx(1 / 3),
        "references_off_target_rate": 0,
        "agreement": pytest.approx(2 / 3),
        "reason": None,
    }
    unknown = identify.identify_direction(
        hypotheses, GERMAN, "qqx", lambda lines: ["de"] * len(lines), packaged
    )
    assert unknown["packaged"] == {
        "off_target_rate": None,
        "references_off_target_rate": None,
        "agreement": None,
        "reason": "py3langid does not know it",
    }


def test_both_wrong_is_agreement():
    # English for French by one, German by the other: both say that it is not the target.
    packaged = PackagedIdentifier(["de", "en", "fr"])
    french = ["La maison au bord de la rivière est vieille."]
    one = identify.identify_direction(GERMAN[:1], french, "fr", lambda lines: ["en"] * len(lines), packaged)
    assert one["packaged"]["agreement"] == 1.0


def test_identified_twice_the_same_bytes(text, tmp_path):
    for name in "ab":
        told(text, tmp_path / name, outputs(en_ka="zu"))
    assert (tmp_path / "a/out.json").read_bytes() == (tmp_path / "b/out.json").read_bytes()


class TestTraining:
    def test_accuracy_worked_by_hand(self, tmp_path):
        # Two unseen lines of ka, one of them in en; ``both`` was trained on, and is left out.
        trained = {"en": ["ba do mi"], "ka": ["kari to sha", "both"], "zu": ["zwu"]}
        lines = {"en": ["ba do"], "ka": ["kari", "bado", "both", "kari"], "zu": []}
        identifier = LanguageIdentifier.train(trained.items())
        measured_on = {x: train_identifier.held_out(lines[x], trained[x]) for x in trained}
        found = train_identifier.measure(identifier, PackagedIdentifier(list(trained)), measured_on)
        counts = ("training_lines", "held_out_lines", "left_out", "accuracy")
        assert {
            language: tuple(one[key] for key in counts) for language, one in found["languages"].items()
        } == {"en": (1, 1, 0, 1.0), "ka": (2, 2, 1, 0.5), "zu": (1, 0, 0, None)}
        assert found["confusion"] == {"en": {"en": 1}, "ka": {"en": 1, "ka": 1}, "zu": {}}
        assert found["accuracy"] == pytest.approx(0.75)  # of the two that were measured

    def test_invented_languages(self, text):
        found = json.loads((text / "a.json").read_text())
        assert found["accuracy"] == 1.0
        assert {x: one["training_lines"] for x, one in found["languages"].items()}["en"] > 350  # of two pairs
        assert found["packaged"].startswith("py3langid")

    def test_held_out_lines_that_were_trained_on_are_left_out(self, tmp_path):
        root = corpus(tmp_path)
        shutil.copy(root / "train/en-ka.ka.txt", root / "test/en-ka.ka.txt")
        found = train(root, tmp_path)["languages"]["ka"]
        assert found["held_out_lines"] == 0 and found["accuracy"] is None
        assert found["left_out"] == found["training_lines"]

    def test_trained_twice_the_same_bytes(self, text, tmp_path):
        for name in "ab":
            (tmp_path / name).mkdir()
            train(text, tmp_path / name)
        for file in ("model.npz", "a.json"):
            assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
