"""evaluate.score: scores, signatures and the mistakes a user can make."""

import hashlib
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import sacrebleu
from sacrebleu.metrics import BLEU, CHRF, TER
from sentencepiece import SentencePieceTrainer

from workflow_scripts.common.archive import read_archive
from workflow_scripts.common.errors import UserError
from workflow_scripts.evaluate.score import main, score_text, scores_of_systems
from workflow_scripts.evaluate.segments import smallest

VERSION = sacrebleu.__version__
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}


JOB = "--experiment e --system ns-k95 --seed 2 --testset test --directions de-en --metrics bleu chrf"


@pytest.fixture
def score(tmp_path):
    """Score one direction's lines by the command; return what it wrote of the job."""

    def run(hyps, refs, words="", *more, out="out.json"):
        (tmp_path / "de-en.hyp.txt").write_bytes(hyps)
        (tmp_path / "de-en.en.txt").write_bytes(refs)
        files = (
            f"--hypotheses {tmp_path}/{{direction}}.hyp.txt --references {tmp_path}/{{pair}}.{{target}}.txt"
        )
        main([*f"{files} {JOB} --out {tmp_path}/{out} {words}".split(), *more])
        return json.loads((tmp_path / out).read_text())

    return run


@pytest.mark.parametrize(
    ("metric", "hypothesis", "reference", "score", "signature"),
    [
        # Of 5 words 4 match: unigrams 4/5, bigrams 3/4, trigrams 2/3, 4-grams 1/2; equal lengths, no penalty.
        ("bleu", "a b c d e", "a b c d f", 100 * (4 / 5 * 3 / 4 * 2 / 3 * 1 / 2) ** (1 / 4), "|tok:13a|"),
        ("bleu", "a b c d e", "a b c d f", 66.874030497642, "|tok:13a|"),
        # 4 words against 5 in reference: all n-grams match, so only the brevity penalty exp(1 - 5/4) remains.
        ("bleu", "a b c d", "a b c d e", 100 * math.exp(1 - 5 / 4), "|tok:13a|"),
        # Only orders that exist in both count: character unigrams 1/2, character bigrams 0, word unigrams 0;
        # precision = recall, so F = mean = 1/6. Of characters alone: (1/2 + 0) / 2 orders.
        ("chrf", "ab", "ac", 100 / 6, "|nc:6|nw:2|"),
        ("chrf2", "ab", "ac", 25, "|nc:6|nw:0|"),
        # One word is left out: one edit for four words; less is better.
        ("ter", "a b c", "a b c d", 25, "nrefs:1|case:lc|tok:tercom|"),
    ],
    ids=["bleu", "bleu-in-digits", "brevity", "chrf", "chrf2", "ter"],
)
def test_scores_worked_by_hand(metric, hypothesis, reference, score, signature):
    [found] = score_text([hypothesis], [reference], [metric])
    assert found["score"] == pytest.approx(score, abs=1e-9 if metric == "bleu" else 1e-6)
    assert signature in found["signature"]


def test_signatures_say_tokenizer_and_word_order():
    bleu, chrf = score_text(["a b c d"], ["a b c d"], ["bleu", "chrf"])
    assert bleu["signature"] == f"nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:{VERSION}"
    assert chrf["signature"] == f"nrefs:1|case:mixed|eff:yes|nc:6|nw:2|space:no|version:{VERSION}"
    assert (bleu["score"], chrf["score"]) == (pytest.approx(100.0), pytest.approx(100.0))


def test_tokenizer_changes_score_and_signature():
    # 13a splits "end." into two tokens, "none" does not.
    hyps, refs = ["one two three four end."], ["one two three four end"]
    [split] = score_text(hyps, refs, ["bleu"], "13a")
    [whole] = score_text(hyps, refs, ["bleu"], "none")
    assert "tok:13a" in split["signature"] and "tok:none" in whole["signature"]
    assert split["score"] == pytest.approx(100 * (5 / 6 * 4 / 5 * 3 / 4 * 2 / 3) ** (1 / 4), abs=1e-9)
    assert whole["score"] == pytest.approx(100 * (4 / 5 * 3 / 4 * 2 / 3 * 1 / 2) ** (1 / 4), abs=1e-9)


def test_scores_from_sums_are_sacrebleus_own_to_the_last_bit():
    """Real text: what is summed up by sentences is what sacrebleu makes of the corpus."""
    hyps = ["Die Katze saß auf der Matte .", "", "Ein Satz, der ganz falsch ist", "1,000 Euro (brutto)"] * 3
    refs = ["Die Katze saß auf der Matte.", "Etwas", "Ein Satz, welcher falsch ist!", "1.000 Euro brutto"] * 3
    theirs = {"bleu": BLEU(), "chrf": CHRF(word_order=2), "chrf2": CHRF(word_order=0), "ter": TER()}
    for one in score_text(hyps, refs, list(theirs)):
        metric = theirs[one["metric"]]
        assert one["score"] == metric.corpus_score(hyps, [refs]).score
        assert one["signature"] == str(metric.get_signature())


def test_several_systems_of_one_direction_are_as_each_alone():
    refs = ["the cat sat on the mat", "a dog"]
    outputs = {"a": ["the cat sat on a mat", "dog"], "b": ["cat the sat", "a dog"]}
    found = scores_of_systems(outputs, refs, ["bleu", "chrf", "ter"])
    for system, lines in outputs.items():
        assert found[system][0] == score_text(lines, refs, ["bleu", "chrf", "ter"])


@pytest.mark.parametrize(
    ("language", "tokenizer", "hypothesis", "reference", "matches"),
    [
        # By characters: three of four.
        ("zh", "zh", "我爱北京", "我爱南京", [3, 4]),
        ("zh", "char", "我爱北京", "我爱南京", [3, 4]),
        # ここ は 東京 です: three of four words.
        ("ja", "ja-mecab", "ここは東京です", "ここは京都です", [3, 4]),
        # Without blanks 13a sees one word.
        ("th", None, "我爱北京", "我爱南京", [0, 1]),
    ],
)
def test_tokenizer_by_target_language(tmp_path, language, tokenizer, hypothesis, reference, matches):
    (tmp_path / "hyp").write_text(f"{hypothesis}\n", encoding="utf-8")
    (tmp_path / "ref").write_text(f"{reference}\n", encoding="utf-8")
    given = {"zh": "zh", "ja": "ja-mecab"} | ({language: tokenizer} if tokenizer else {})
    directions = dict.fromkeys([f"en-{language}", "en-zh", "en-ja"])
    files = f"--hypotheses {tmp_path}/hyp --references {tmp_path}/ref --out {tmp_path}/out.json"
    words = f"{JOB} --metrics bleu {files}"
    main([*words.split(), "--tokenizers", json.dumps(given), "--directions", *directions])
    arrays, _ = read_archive(tmp_path / "out.segments.npz", "segments-1")
    [row] = arrays[f"en-{language}/bleu"].tolist()
    # Lengths of hypothesis and reference, four counts of matches, four of n-grams.
    assert [row[2], row[6]] == matches
    entry = json.loads((tmp_path / "out.json").read_text())["directions"][f"en-{language}"]
    assert f"tok:{tokenizer or '13a'}" in entry["scores"][0]["signature"]


def test_a_tokenizer_without_its_model_says_where_to_lay_it(tmp_path, monkeypatch):
    monkeypatch.setattr("sacrebleu.tokenizers.tokenizer_spm.SACREBLEU_DIR", str(tmp_path))
    with pytest.raises(
        UserError, match=r"flores200 needs the model .*/models/flores200sacrebleuspm, which is not"
    ):
        score_text(["a"], ["a"], ["bleu"], "flores200")
    (tmp_path / "models").mkdir()
    model = tmp_path / "models/flores200sacrebleuspm"
    model.write_bytes(b"no model")
    with pytest.raises(UserError, match=f"could not parse ModelProto from {model}"):
        score_text(["a"], ["a"], ["bleu"], "flores200")
    text = ["ein haus steht am see", "der hund schläft im haus", "am see steht der hund"]
    with model.open("wb") as handle:
        SentencePieceTrainer.train(
            sentence_iterator=iter(text), model_writer=handle, vocab_size=20, hard_vocab_limit=False
        )
    [score, other] = score_text(text, text, ["bleu", "chrf"], "flores200")
    assert score["score"] == pytest.approx(100)
    # sacrebleu takes any file of that name, so the signature says which one it was.
    sha256 = hashlib.sha256(model.read_bytes()).hexdigest()
    assert score["signature"].startswith("nrefs:1|case:mixed|eff:no|tok:flores200|")
    assert score["signature"].endswith(f"|spm:{sha256[:8]}")
    assert score["tokenizer_model_sha256"] == sha256
    assert "spm" not in other["signature"] and "tokenizer_model_sha256" not in other


def test_statistics_of_sentences_lie_beside_the_scores(tmp_path, score):
    score(b"a b c d e\n\n", b"a b c d f\nx\n", "--metrics bleu chrf ter", out="deep/out.json")
    arrays, manifest = read_archive(tmp_path / "deep/out.segments.npz", "segments-1")
    assert set(arrays) == {"de-en/bleu", "de-en/chrf", "de-en/ter"}
    # Five words each, 4 3 2 1 n-grams match of 5 4 3 2; the second hypothesis is empty.
    assert arrays["de-en/bleu"].tolist() == [[5, 5, 4, 3, 2, 1, 5, 4, 3, 2], [0, 1, 0, 0, 0, 0, 0, 0, 0, 0]]
    assert arrays["de-en/bleu"].dtype == "uint8"
    assert arrays["de-en/chrf"].shape == (2, 24)
    # Character unigrams of "abcde" and "abcdf": five each, four match.
    assert arrays["de-en/chrf"][0, :3].tolist() == [5, 5, 4]
    assert arrays["de-en/ter"].tolist() == [[1, 5], [1, 1]]
    assert (manifest["system"], manifest["testset"], manifest["profile"]) == ("ns-k95", "test", "raw")
    assert manifest["references_sha256"] == {"de-en": hashlib.sha256(b"a b c d f\nx\n").hexdigest()}


def test_several_processes_write_the_same_bytes(tmp_path, score):
    (tmp_path / "en-de.hyp.txt").write_text("a b c d\n")
    (tmp_path / "de-en.de.txt").write_text("a c d\n")
    written = []
    for processes in (1, 2):
        score(b"a b c d\n", b"a b d\n", f"--directions en-de de-en --processes {processes}")
        written.append([(tmp_path / f"out.{end}").read_bytes() for end in ("json", "segments.npz")])
    assert written[0] == written[1]


def test_copied_sources_are_counted_where_sources_are_named(tmp_path, score):
    (tmp_path / "src").write_text("Berlin\nGuten Tag\n")
    job = score(b"Berlin\nGood day\n", b"Berlin\nHello\n", f"--sources {tmp_path}/src")
    assert job["directions"]["de-en"]["health"]["copied_source_rate"] == 0.5


def test_json_of_one_job(score):
    hyps, refs = b"a b c d e\n\n", b"a b c d f\nx\n"
    job = score(hyps, refs)
    assert list(job) == ["experiment", "system", "seed", "testset", "profile", "directions"]
    assert list(job.values())[:5] == ["e", "ns-k95", 2, "test", "raw"]
    [(direction, result)] = job["directions"].items()
    assert (direction, result["n"]) == ("de-en", 2)
    assert [entry["metric"] for entry in result["scores"]] == ["bleu", "chrf"]
    # 4/5, 3/4, 2/3, 1/2 and a length of 5 against 6.
    expected = 100 * math.exp(1 - 6 / 5) * (1 / 5) ** (1 / 4)
    assert result["scores"][0]["score"] == pytest.approx(expected, abs=1e-9)
    assert result["hypotheses_sha256"] == hashlib.sha256(hyps).hexdigest()
    assert result["references_sha256"] == hashlib.sha256(refs).hexdigest()
    health = {"length_ratio": 5 / 6, "empty_hypotheses": 1, "repeated_4gram_rate": 0}
    assert result["health"] == {**health, "copied_source_rate": None}


def test_all_directions_of_a_system_are_one_job_and_one_file(tmp_path, score):
    (tmp_path / "en-de.hyp.txt").write_text("e f g h\ni j k l\n")
    (tmp_path / "de-en.de.txt").write_text("m n o p\ni j k l\n")
    found = score(b"a b c d\n", b"a b c d\n", "--directions en-de de-en")["directions"]
    assert [(name, entry["n"]) for name, entry in found.items()] == [("en-de", 2), ("de-en", 1)]
    # Half of the unigrams to 4-grams match, so BLEU is 50.
    assert [entry["scores"][0]["score"] for entry in found.values()] == pytest.approx([50.0, 100.0])


def test_a_job_imports_nothing_heavy():
    # The budget of a score job is start-up time; a heavy import would eat it whatever the machine's speed.
    code = "import sys, workflow_scripts.evaluate.score; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=ENVIRONMENT, check=True
    )
    loaded = set(done.stdout.split())
    assert "sacrebleu" in loaded
    assert not loaded & {"pandas", "scipy", "matplotlib", "torch"}


def test_rebuilt_references_give_another_score(score):
    """A perfect hypothesis, scored against the text and against what a vocabulary without é makes of it."""
    line, found = "the cat sat on é\n".encode(), {}
    for profile, references in (("raw", line), ("paper", b"the cat sat on <<unk>>\n")):
        job = score(line, references, f"--metrics bleu --profile {profile}")
        assert job["profile"] == profile
        found[profile] = job["directions"]["de-en"]["scores"][0]["score"]
    # 13a makes "< < unk > >" of the token: 5 words against 9.
    # Precisions 4/5, 3/4, 2/3 and 1/2: their product is 1/5.
    assert found["raw"] == pytest.approx(100)
    assert found["paper"] == pytest.approx(100 * math.exp(1 - 9 / 5) * 0.2**0.25)


@pytest.mark.parametrize(
    ("array", "kept"),
    [
        ([[0, 255]], "uint8"),
        ([[1, 256]], "uint16"),
        ([[70_000]], "uint32"),
        ([[0.5]], "float64"),
        # None is negative today; one that were would not wrap.
        ([[-1, 255]], "int16"),
    ],
)
def test_counts_are_kept_in_the_smallest_type_that_holds_them(array, kept):
    small = smallest(np.array(array))
    assert (small.dtype, small.tolist()) == (kept, array)
