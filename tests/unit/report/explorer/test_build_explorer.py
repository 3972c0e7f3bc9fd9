"""The page of an experiment, read back: what it opens with, its parts, what is missing or had no room."""

import base64
import json
import re
import shutil
import zlib
from pathlib import Path

import numpy as np
import pytest

from tests import made_up_experiment as made_up
from workflow_scripts.common.errors import UserError
from workflow_scripts.evaluate.segments import Scored, read_segments, write_scores
from workflow_scripts.report.explorer import document
from workflow_scripts.report.explorer.build_explorer import main

#: In place of Vega, which the browser's tests have: to bundle it takes seconds.
LIBRARY = "/* the library */"


@pytest.fixture(autouse=True)
def no_library(monkeypatch):
    monkeypatch.setattr(document, "library", lambda: LIBRARY)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return made_up.write(tmp_path_factory.mktemp("results") / "made-up")


def read(path: Path):
    """Return what the page opens with, and its parts, unpacked."""
    text = path.read_text(encoding="utf-8")
    about = json.loads(re.search(r'<script type="application/json" id="about">(.*?)</script>', text)[1])
    parts = re.findall(r'<script type="text/plain" id="part-([\w-]+)">([^<]*)</script>', text)
    return about, {name: zlib.decompress(base64.b64decode(packed)) for name, packed in parts}


def built(results, *more, out=None, without=()):
    out = out or results / "report/explorer.html"
    words = made_up.options(results, out)
    for option in without:
        start = words.index(option)
        end = next((n for n in range(start + 1, len(words)) if words[n].startswith("--")), len(words))
        del words[start:end]
    main([*words, *more])
    return read(out)


def test_facts_and_parts_of_a_whole_experiment(results):
    about, parts = built(results)
    assert about["directions"] == ["de-en", "fr-en", "<s>-en", "en-de"]
    assert about["sides"] == ["into pivot"] * 3 + ["out of pivot"]
    assert about["orders"] == [
        {"name": "family", "order": [0, 2, 3, 1], "groups": ["germanic", "germanic", "germanic", "romance"]}
    ]
    assert about["missing"] == about["left_out"] == []
    assert [(one["name"], one["seed"], one["systems"]) for one in about["masks"]] == [
        ("k70", 1, [made_up.SYSTEM]),
        ("k90", 1, []),
        ("k70", 2, [made_up.SYSTEM]),
        ("k90", 2, []),
    ]
    # Units 0-3 and, behind the ten of the encoder, 0 and 5: 1111000000 100001.
    assert parts["masks-0"][:2] == bytes([0b11110000, 0b00100001])
    assert about["masks"][0]["bytes"] == 2 and about["masks"][0]["layers"][1]["start"] == 10
    # 102 and 50 of 200 positions, in 255ths.
    rates = np.frombuffer(parts["rates-1"], dtype=np.uint8).reshape(4, 16)
    assert rates[:, 3].tolist() == [130, 64, 0, 255] and rates[:, :3].sum() == rates[:, 4:].sum() == 0


def test_scores_tests_and_sentences(results):
    about, parts = built(results)
    scores = json.loads(parts["scores"])
    bleu = [one for one in scores["columns"] if one["metric"] == "bleu" and one["seed"] == 1]
    assert [(one["system"], one["values"]) for one in bleu] == [
        ("baseline", [30.0, 20.0, 10.0, 25.0]),
        (made_up.SYSTEM, [33.5, 19.0, 10.0, 26.0]),
    ]
    (tested,) = (one for one in scores["tests"] if one["metric"] == "bleu" and one["seed"] == 1)
    assert tested["p"] == [0.004, 1.0, 1.0, 1.0] and tested["outcome"] == ["win", "tie", "tie", "tie"]
    assert tested["low"] == [2.5, -2.0, -1.0, 0.0]
    lines = json.loads(parts[about["lines"]["parts"]["de-en"]])
    hypotheses = (made_up.HYPOTHESES[one] for one in made_up.SYSTEMS)
    rows = zip(made_up.SOURCES, made_up.REFERENCES, *hypotheses, strict=True)
    assert lines["systems"] == made_up.SYSTEMS and lines["texts"] == [list(row) for row in rows]
    assert sorted(lines["largest"][made_up.SYSTEM]) == [0, 2] and lines["random"] == [0, 1, 2]
    assert {key: about["lines"][key] for key in ("metric", "testset", "seed", "largest", "random")} == {
        "metric": "chrf",
        "testset": "test",
        "seed": 1,
        "largest": 200,
        "random": 50,
    }


def test_nothing_is_won_where_the_tables_rank_nothing(tmp_path, monkeypatch):
    """Into English the baseline has 2 BLEU: no word of it is right."""
    hardly = {"baseline": [2.0, 2.0, 2.0, 25.0], made_up.SYSTEM: [5.5, 1.0, 2.0, 26.0]}
    monkeypatch.setattr(made_up, "BLEU", dict.fromkeys(made_up.SEEDS, hardly))
    _, parts = built(made_up.write(tmp_path / "hardly-trained"))
    tested = [one for one in json.loads(parts["scores"])["tests"] if one["metric"] == "bleu"]
    assert [one["p"][0] for one in tested] == [0.004, 0.008]
    assert {outcome for one in tested for outcome in one["outcome"]} == {"tie"}


def test_equal_inputs_give_equal_bytes(results, tmp_path):
    built(results, out=tmp_path / "a.html")
    built(results, out=tmp_path / "b.html")
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_nothing_asks_the_internet_and_names_are_escaped(results):
    built(results)
    text = (results / "report/explorer.html").read_text(encoding="utf-8")
    assert not re.search(r"""(?:src|href)=["']?(?:https?:)?//|@import|url\(""", text)
    assert text.count("</script>") == text.count("<script") and "<b>&" not in text and LIBRARY in text


def test_what_is_missing_is_an_error_or_marks_the_page(results, tmp_path, capsys):
    folder = tmp_path / "partial"
    shutil.copytree(results, folder)
    (folder / "masks/baseline/s2/k90.npz").unlink()
    (folder / "activations/baseline/s1/valid/fr-en.npz").unlink()
    (folder / "translations/baseline/s1/test/de-en.txt").unlink()
    with pytest.raises(
        UserError, match=r"3 files or scores of the explorer are missing, the first: .*k90\.npz"
    ):
        built(folder)
    about, parts = built(folder, "--allow-partial")
    assert [Path(one).name for one in about["missing"]] == ["k90.npz", "fr-en.npz", "de-en.txt"]
    assert "PARTIAL" in capsys.readouterr().err
    # No row is invented.
    assert about["rates"][0]["rows"] == ["de-en", "<s>-en", "en-de"] and len(about["masks"]) == 3
    assert json.loads(parts["lines-0"])["systems"] == [made_up.SYSTEM]


def test_before_anything_was_scored_there_are_the_masks(results, tmp_path):
    folder = tmp_path / "early"
    shutil.copytree(results, folder)
    for name in ("scores", "significance", "translations"):
        shutil.rmtree(folder / name)
    about, parts = built(folder, "--allow-partial")
    assert len(about["masks"]) == 4 and json.loads(parts["scores"]) == {"columns": [], "tests": []}
    assert about["lines"]["parts"] == {}
    # Scores of 2 systems and 2 seeds; of sentences those of the first seed, and 2 × 4 files of hypotheses.
    assert len(about["missing"]) == 4 + 2 + 8


def test_outputs_of_others_have_scores_and_hypotheses_alone(results):
    about, parts = built(results, without=["--masks", "--counts", "--used-by", "--significance-root"])
    assert (about["masks"], about["rates"], about["tested"]) == ([], [], False)
    assert json.loads(parts["scores"])["tests"] == [] and len(about["lines"]["parts"]) == 4


def test_without_a_baseline_the_first_system_is_what_others_are_compared_with(results):
    about, _ = built(results, "--baseline", "gone")
    assert about["baseline"] == "baseline"


def test_counts_that_do_not_say_their_positions_are_left_out_and_named(results, tmp_path):
    from workflow_scripts.units.score_table import ScoreTable

    values = np.zeros((1, made_up.SPACE.size), dtype=np.int64)
    for direction in made_up.DIRECTIONS:
        ScoreTable([direction], values, made_up.SPACE, {"counting": "pads excluded"}).write(
            tmp_path / f"{direction}.npz"
        )
    about, _ = built(results, "--counts", str(tmp_path), without=["--counts"])
    assert about["rates"] == [] and about["left_out"] == [
        f"how often units are active, of seed {seed}: the counts of de-en do not say of how many positions"
        for seed in (1, 2)
    ]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--masks", "k70"], r"--masks k70: not NAME=FILE, as k95=masks/s\{seed\}/k95.npz"),
        (["--directions", "de-en", "de-en"], "--directions: de-en is named twice"),
        (
            ["--metrics", "blue"],
            "16 of 16 scores are missing, the first: blue of de-en .*did you mean 'bleu'",
        ),
        (["--comet", "comet"], "--comet: comet is not one of --metrics"),
        (["--level", "5"], "--level: 5.0 is not between 0 and 1"),
        (["--used-by", "[]"], "--used-by: not of the shape"),
    ],
)
def test_wrong_options_are_told(results, more, message):
    with pytest.raises(UserError, match=message):
        main([*made_up.options(results, results / "x.html"), *more])


def test_scores_of_sentences_are_by_the_references_that_stand_beside_them(tmp_path):
    """Rebuilt references come first in the config; by them no sentence was right."""
    results = made_up.write(tmp_path / "made-up")
    for system in made_up.SYSTEMS:
        for seed in made_up.SEEDS:
            job = {"experiment": "made-up", "system": system, "seed": seed, "testset": "test"}
            scored = read_segments([results / f"scores/{system}/s{seed}/test.raw.segments.npz"])
            entry = {"references_sha256": "1" * 64, "n": 3}
            entry["scores"] = [{"metric": one, "score": 1.0, "signature": "x"} for one in ("bleu", "chrf")]
            nothing = {
                direction: Scored(entry, {"chrf": by["chrf"] * 0})
                for direction, by in scored.statistics.items()
            }
            path = results / f"scores/{system}/s{seed}/test.paper.json"
            write_scores(path, {**job, "profile": "paper"}, nothing)
    _, parts = built(results, "--profiles", "paper", "raw", without=("--significance-root",))
    assert json.loads(parts["lines-0"])["scores"]["baseline"][2] == 100.0
