"""The stage on a planted model: which units, on which words, counted by hand; what is wrong in one line."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the fairseq environment")

from tests.unit.analyse.strongest.planted_words import DIRECTIONS, write_system, write_text
from workflow_scripts.activations import count_activations
from workflow_scripts.analyse.strongest.reading import Occurrences, read_direction
from workflow_scripts.analyse.strongest.spelling import spellings
from workflow_scripts.analyse.strongest.tables import code
from workflow_scripts.analyse.strongest_units import main
from workflow_scripts.common.errors import UserError
from workflow_scripts.models.port import load
from workflow_scripts.units.activity import SIGN
from workflow_scripts.units.score_table import ScoreTable
from workflow_scripts.units.system import SystemFolder


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """The planted system with its text, and the counts of every direction."""
    root = tmp_path_factory.mktemp("planted")
    write_system(root / "system")
    write_text(root / "bin")
    count_activations.main(
        [f"--system={root}/system", f"--data-bin={root}/bin", "--subset=valid", f"--out-root={root}/counts"]
        + ["--directions", *DIRECTIONS]
    )
    return root


def run(root, out, *more, directions=DIRECTIONS, counts=None):
    words = [f"--system={root}/system", f"--activations-root={counts or root / 'counts'}", "--units=3"]
    words += [f"--data-bin={root}/bin", "--subset=valid", "--removed-sentences=4", "--max-sentences=10"]
    words += ["--select=mass:70", *(f"--out-{form}={out}/o.{form}" for form in ("json", "csv", "markdown"))]
    main([*words, "--directions", *directions, *map(str, more)])
    return json.loads((out / "o.json").read_text())


@pytest.fixture(scope="module")
def found(root, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    return run(root, out), out


def units(result, language, side):
    return {one["unit"]: one for one in result["languages"][language][side]}


def told(unit):
    return [(one["word"], one["times"], one["of"]) for one in unit["words"]]


def test_units_fire_on_their_language_and_word(found):
    result, _ = found
    german = units(result, "de", "source")
    # Of German's 20 positions (12 pieces, four tags, four </s>) four are "Haus", three "s", one "<b>|x".
    assert {name: one["rate"] for name, one in german.items()} == {
        "encoder.0.ffn:0": pytest.approx(4 / 20),
        "encoder.0.ffn:1": pytest.approx(3 / 20),
        "encoder.0.ffn:5": pytest.approx(1 / 20),
    }
    assert all(
        one["rate_elsewhere"] == 0 and one["score"] == pytest.approx(one["rate"]) for one in german.values()
    )
    # "Haus" four times, once as "Hauss"; "eins" twice, "ein" once: too seldom for a word that is told.
    assert told(german["encoder.0.ffn:0"]) == [("Haus", 3, 3)]
    # It is in "eins" twice and in "Hauss" once, and in no word that occurs three times.
    assert told(german["encoder.0.ffn:1"]) == []
    assert list(units(result, "fr", "source")) == ["encoder.0.ffn:2"]
    assert told(units(result, "fr", "source")["encoder.0.ffn:2"]) == [("une", 3, 3)]
    assert units(result, "en", "source") == {}
    # In the decoder the word that was just read.
    assert told(units(result, "de", "target")["decoder.0.ffn:3"]) == [("Haus", 3, 3)]
    assert told(units(result, "fr", "target")["decoder.0.ffn:4"]) == [("maison", 4, 4)]


def test_rates_are_those_of_the_counts(root, found):
    counts = {name: ScoreTable.read(root / f"counts/{name}.npz") for name in DIRECTIONS}
    for one in units(found[0], "de", "source").values():
        number = int(one["unit"].rpartition(":")[2])
        own = counts["de-en"]
        assert one["rate"] == own.values[0, number] / own.metadata["source_positions"]


def test_what_else_the_file_says(found):
    result, out = found
    said = {"format": "neuronspec-strongest-units-1", "system": "baseline", "seed": 1, "text": "valid"}
    assert {name: result[name] for name in said} == said
    assert (result["sentences"], result["rule"], result["least"]) == (10, "sign", 3)
    assert result["sentences_read"] == dict.fromkeys(DIRECTIONS, 4)
    assert result["not_compared"] == []
    # Two sentences and two: the first two have all that the others have but "<b>|x".
    assert result["halves"]["directions"]["de-en"]["sentences"] == [2, 2]
    # "une" is in both halves, and its unit fires on nothing else: one mask.
    assert result["halves"]["directions"]["fr-en"]["iou"] == 1.0
    rows = list(csv.DictReader((out / "o.csv").open(encoding="utf-8")))
    first = rows[0]
    assert [first[name] for name in ("language", "side", "unit", "word", "times", "of")] == [
        "de", "source", "encoder.0.ffn:0", "Haus", "3", "3",
    ]  # fmt: skip
    assert [first[name] for name in ("score", "rate", "rate_elsewhere")] == [
        "0.200000",
        "0.200000",
        "0.000000",
    ]
    # The norm of a vector with one dimension of 32 has the root of 31 there; positions move it a little.
    assert float(first["mean"]) == pytest.approx(31**0.5 - 3, abs=0.1)
    # A unit without words has a row without one.
    assert [(row["word"], row["times"]) for row in rows if row["unit"] == "encoder.0.ffn:1"] == [("", "")]


def test_removal_of_units_that_write_nothing_changes_nothing(found):
    removed = found[0]["removed"]
    assert (removed["units"], removed["draws"], removed["sentences"]) == (4, 5, 4)
    assert removed["units_of"] == {"de": 4, "fr": 2}
    cells = [cell for row in removed["matrix"].values() for cell in row.values()]
    assert all(cell["mean"] == cell["sd"] == 0.0 and cell["n"] == 8 for cell in cells)
    assert removed["random"] == {"de": [0.0] * 5, "fr": [0.0] * 5}


def test_the_page(found):
    page = (found[1] / "o.markdown").read_text(encoding="utf-8")
    assert "| `encoder.0.ffn:0` | 0.200 | 20.0% | 0.0% | `Haus` (3 of 3, " in page
    assert "| `encoder.0.ffn:1` | 0.150 | 15.0% | 0.0% | no word often enough |" in page
    assert (
        "- de: +0.000 nats a token without its 4 strongest units, others at most +0.000; 5 random sets"
        in page
    )
    assert "| de-en | " in page and "| 2 + 2 |" in page


def test_the_same_again_is_the_same_bytes(root, found, tmp_path):
    run(root, tmp_path)
    for form in ("json", "csv", "markdown"):
        assert (tmp_path / f"o.{form}").read_bytes() == (found[1] / f"o.{form}").read_bytes()


def test_one_direction_compares_nothing(root, tmp_path):
    result = run(root, tmp_path, directions=["de-en"])
    assert result["not_compared"] == [
        "As source there is de alone: nothing can be compared.",
        "As target there is en alone: nothing can be compared.",
    ]
    assert result["languages"] == {name: {"source": [], "target": []} for name in ("de", "en")}
    assert "removed" not in result
    assert result["why_not_removed"] == "no two languages are compared, so that no unit is a language's"
    page = (tmp_path / "o.markdown").read_text()
    assert "Not measured: no two languages are compared" in page and "de alone" in page


def test_removal_that_is_not_asked_for_and_more_units_than_there_are(root, tmp_path):
    result = run(root, tmp_path, "--removed-sentences", 0, "--units", 50)
    assert "removed" not in result and "analysis.strongest.removed" in result["why_not_removed"]
    assert len(units(result, "de", "source")) == 3


def test_only_so_many_sentences_are_read(root, tmp_path):
    result = run(root, tmp_path, "--max-sentences", 2)
    assert result["sentences_read"] == dict.fromkeys(DIRECTIONS, 2)
    # "Haus" occurs twice in them, which is too seldom. Rates are of all sentences.
    haus = units(result, "de", "source")["encoder.0.ffn:0"]
    assert (haus["words"], haus["rate"]) == ([], pytest.approx(4 / 20))


def test_counts_with_pads_say_nothing_of_parts(root, tmp_path):
    count_activations.main(
        [
            f"--system={root}/system",
            f"--data-bin={root}/bin",
            "--subset=valid",
            f"--out-root={tmp_path}/counts",
        ]
        + ["--count-pads", "--directions", *DIRECTIONS]
    )
    result = run(root, tmp_path, counts=tmp_path / "counts")
    assert (result["halves"], result["cautions"]) == (None, [])
    assert "padding was counted" in (tmp_path / "o.markdown").read_text()


def test_too_few_sentences_are_a_warning(root, tmp_path):
    """The second half of the German text has "<b>|x", the first none: another mask."""
    result = run(root, tmp_path, "--select", "top:4")
    assert result["halves"]["directions"]["de-en"]["iou"] < 0.8
    (line,) = result["cautions"]
    assert line.startswith("WARNING: units were counted on too few sentences in ")
    assert f"- {line}" in (tmp_path / "o.markdown").read_text()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--draws", 4], "at least 5"),
        (["--units", 0], "at least 1"),
        (["--removed-sentences", -1], "at least 0"),
        (["--select", "most:3"], "most"),
    ],
)
def test_options_that_cannot_be(root, tmp_path, more, said):
    with pytest.raises(UserError, match=said) as error:
        run(root, tmp_path, *more)
    assert "\n" not in str(error.value)


def test_counts_of_another_model_are_refused(root, tmp_path):
    for name in DIRECTIONS:
        table = ScoreTable.read(root / f"counts/{name}.npz")
        facts = {**table.metadata, "weights_sha256": "0" * 64}
        ScoreTable(table.rows, table.values, table.space, facts).write(tmp_path / f"counts/{name}.npz")
    with pytest.raises(UserError, match="were made from weights 000000000000"):
        run(root, tmp_path, counts=tmp_path / "counts")


def test_words_of_units_are_ordered_by_their_mean_then_their_letters():
    seen = Occurrences()
    seen.add(["b", "a", "c", "b"], np.array([[3.0, -1.0], [3.0, 2.0], [9.0, 0.0], [1.0, -1.0]]))
    seen.add(["a", "a", "b"], np.array([[1.0, 0.5], [2.0, 0.0], [2.0, -1.0]]))
    first, second = seen.of_units(0.0, 8, 3)
    assert first == [
        {"word": "a", "times": 3, "of": 3, "mean": 2.0},
        {"word": "b", "times": 3, "of": 3, "mean": 2.0},
    ]
    # Never active on b; c occurs once.
    assert second == [{"word": "a", "times": 2, "of": 3, "mean": pytest.approx(2.5 / 3)}]
    assert [one["word"] for one in seen.of_units(0.0, 1, 1)[0]] == ["c"]
    assert [one["times"] for one in seen.of_units(1.5, 8, 3)[0]] == [2, 2]
    assert Occurrences().of_units(0.0, 8, 3) == []


def test_a_sentence_of_several_directions_counts_once(root):
    """English is the source of two directions: "house" is there four times, "a" three times."""
    system = SystemFolder.read(root / "system")
    port = load(system)
    seen = Occurrences()
    for name in ("en-de", "en-fr"):
        batches = port.batches(port.task(root / "bin", "valid", name), 4096)
        wanted = {"encoder": (np.array([0]), seen)}
        read = read_direction(port, batches, SIGN, spellings(system, port, name), wanted, before=0)
        assert read.sentences == 4
    # Below every value, so that all words are told.
    assert {one["word"]: one["of"] for one in seen.of_units(-1.0, 8, 1)[0]} == {"house": 4, "a": 3}


def test_words_of_a_corpus_are_shown_as_they_are():
    assert code("Haus") == "`Haus`"
    assert code("<b>|x</script>") == r"`<b>\|x</script>`"
    assert code("a`b") == "`` a`b ``"
    assert code("a\u2028b\x1b") == r"`a\u2028b\x1b`"
