"""evaluate.score_ceiling: references that came back, against themselves."""

import json

import pytest
from sacrebleu import corpus_bleu, corpus_chrf

from workflow_scripts.common.files import sha256_of
from workflow_scripts.evaluate.score_ceiling import main

LINES = ["the cat sat on the mat today", "a dog ran away from the old house", "it is what it is"]
BACK = [LINES[0], "a dog ran away from the old hou se", LINES[2]]
MOSES = {
    "lines": 3, "changed_lines": 1, "words": 20, "split_words": 1, "cuts_words": True, "examples": ["house"],
}  # fmt: skip


@pytest.fixture
def words(tmp_path):
    for folder, lines in (("ref", LINES), ("back", BACK)):
        (tmp_path / folder).mkdir()
        for name in ("de-en.en", "en-fr.en", "de-en.de"):
            text = LINES if name.endswith("de") else lines
            (tmp_path / folder / f"{name}.txt").write_text("".join(f"{line}\n" for line in text))
    sha256 = sha256_of(tmp_path / "ref/de-en.en.txt")
    entries = {d: {"references_sha256": sha256, "moses": MOSES} for d in ("de-en", "fr-en")}
    entries["en-de"] = {"references_sha256": sha256, "moses": None}
    stats = {"format": "neuronspec-round-trip-1", "directions": entries}
    (tmp_path / "stats.json").write_text(json.dumps(stats))
    return [
        *("--references", f"{tmp_path}/ref/{{pair}}.{{target}}.txt", "--stats", f"{tmp_path}/stats.json"),
        *(
            "--round-trips", f"{tmp_path}/back/{{pair}}.{{target}}.txt", "--directions", "de-en", "fr-en",
            "en-de",
        ),
        *("--experiment", "e", "--testset", "test", "--out", f"{tmp_path}/out.json"),
    ]  # fmt: skip


def test_the_scores_are_sacrebleus(words, tmp_path):
    main(words)
    found = json.loads((tmp_path / "out.json").read_text())
    assert (found["experiment"], found["testset"], list(found["directions"])) == (
        "e",
        "test",
        ["de-en", "fr-en", "en-de"],
    )
    first, shared, whole = found["directions"].values()
    assert (first["n"], first["changed_lines"], first["moses"]) == (3, 1, MOSES)
    bleu, chrf = (one["score"] for one in first["scores"])
    assert bleu == corpus_bleu(BACK, [LINES]).score < 99
    assert chrf == corpus_chrf(BACK, [LINES], word_order=2).score
    assert "|tok:13a|" in first["scores"][0]["signature"]
    assert shared == first
    assert (whole["changed_lines"], whole["moses"]) == (0, None)
    assert whole["scores"][0]["score"] == pytest.approx(100)


def test_empty_references_lose_nothing(words, tmp_path):
    for folder in ("ref", "back"):
        path = tmp_path / folder / "de-en.de.txt"
        path.write_text("\n" + path.read_text() + " \n")
    stats = json.loads((tmp_path / "stats.json").read_text())
    stats["directions"]["en-de"]["references_sha256"] = sha256_of(tmp_path / "ref/de-en.de.txt")
    (tmp_path / "stats.json").write_text(json.dumps(stats))
    main(words)
    whole = json.loads((tmp_path / "out.json").read_text())["directions"]["en-de"]
    assert (whole["n"], whole["changed_lines"]) == (3, 0)


def test_it_is_scored_by_the_targets_tokenizer(words, tmp_path):
    main([*words, "--tokenizers", '{"en": "char"}'])
    first, _, whole = json.loads((tmp_path / "out.json").read_text())["directions"].values()
    assert first["scores"][0]["score"] == corpus_bleu(BACK, [LINES], tokenize="char").score
    assert "|tok:13a|" in whole["scores"][0]["signature"]
