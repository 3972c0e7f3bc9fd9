"""evaluate.score: scores, signatures and the mistakes a user can make."""

from __future__ import annotations

import hashlib
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
import sacrebleu

from workflow_scripts.errors import UserError
from workflow_scripts.evaluate.score import health, main, read_lines, read_parallel, score_text

VERSION = sacrebleu.__version__
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}


def arguments(tmp_path: Path, hyps: bytes, refs: bytes, *more: str) -> list[str]:
    (tmp_path / "de-en.hyp.txt").write_bytes(hyps)
    (tmp_path / "de-en.en.txt").write_bytes(refs)
    files = ["--hypotheses", str(tmp_path / "{direction}.hyp.txt")]
    files += ["--references", str(tmp_path / "{pair}.{target}.txt")]
    names = ["--experiment", "e", "--system", "ns-k95", "--seed", "2", "--testset", "test"]
    out = ["--directions", "de-en", "--metrics", "bleu", "chrf", "--out", str(tmp_path / "deep" / "out.json")]
    return [*files, *names, *out, *more]


def test_bleu_worked_by_hand():
    # Of 5 words 4 match: unigrams 4/5, bigrams 3/4, trigrams 2/3, 4-grams 1/2; equal lengths, no penalty.
    expected = 100 * (4 / 5 * 3 / 4 * 2 / 3 * 1 / 2) ** (1 / 4)
    [bleu] = score_text(["a b c d e"], ["a b c d f"], ["bleu"])
    assert bleu["score"] == pytest.approx(expected, abs=1e-9)
    assert bleu["score"] == pytest.approx(66.874030497642, abs=1e-9)


def test_brevity_penalty_is_over_the_corpus():
    # 4 words against 5 in reference: all n-grams match, so only exp(1 - 5/4) remains.
    [bleu] = score_text(["a b c d"], ["a b c d e"], ["bleu"])
    assert bleu["score"] == pytest.approx(100 * math.exp(1 - 5 / 4), abs=1e-9)


def test_chrf_is_chrf_plus_plus_worked_by_hand():
    # "ab" against "ac": only the orders that exist in both count:
    # character unigrams 1/2, character bigrams 0, word unigrams 0; precision = recall, so F = mean = 1/6.
    [chrf] = score_text(["ab"], ["ac"], ["chrf"])
    assert chrf["score"] == pytest.approx(100 / 6, abs=1e-6)


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


def test_health_counts_characters_and_empty_lines():
    assert health(["a b", " ", ""], ["abcd", "ef", "gh"]) == {"length_ratio": 0.25, "empty_hypotheses": 2}


def test_only_newline_separates_lines(tmp_path):
    path = tmp_path / "t"
    path.write_bytes("a\u2028b\x0cc\rd\u0085e\nf".encode())
    assert read_lines(path) == ["a\u2028b\x0cc\rd\u0085e", "f"]
    path.write_bytes(b"a\n\n")
    assert read_lines(path) == ["a", ""]
    path.write_bytes(b"")
    assert read_lines(path) == []


def test_json_of_one_job(tmp_path):
    hyps, refs = b"a b c d e\n\n", b"a b c d f\nx\n"
    main(arguments(tmp_path, hyps, refs))
    job = json.loads((tmp_path / "deep" / "out.json").read_text())
    assert list(job) == ["experiment", "system", "seed", "testset", "profile", "directions"]
    assert list(job.values())[:5] == ["e", "ns-k95", 2, "test", "raw"]
    assert list(job["directions"]) == ["de-en"]
    result = job["directions"]["de-en"]
    assert result["n"] == 2
    assert [entry["metric"] for entry in result["scores"]] == ["bleu", "chrf"]
    # 4/5, 3/4, 2/3, 1/2 and a length of 5 against 6.
    expected = 100 * math.exp(1 - 6 / 5) * (1 / 5) ** (1 / 4)
    assert result["scores"][0]["score"] == pytest.approx(expected, abs=1e-9)
    assert result["hypotheses_sha256"] == hashlib.sha256(hyps).hexdigest()
    assert result["references_sha256"] == hashlib.sha256(refs).hexdigest()
    assert result["health"] == {"length_ratio": 5 / 6, "empty_hypotheses": 1}


@pytest.mark.parametrize(
    ("hyps", "refs", "message"),
    [
        (b"a\nb\n", b"a\n", "hyp.txt has 2 lines but .*ref.txt has 1: line 2"),
        (b"a\n", b"a\nb\n", "hyp.txt has 1 lines but .*ref.txt has 2: line 2"),
        (b"a\nb\n", b"a\n \n", "ref.txt, line 2: empty reference"),
        (b"a\n", b"", "ref.txt: no lines"),
        (b"a\nb\xff\n", b"a\nb\n", "hyp.txt, line 2: not UTF-8 at byte 2"),
        (b"a\n", b"\xe4\n", "ref.txt, line 1: not UTF-8 at byte 1"),
    ],
)
def test_faults_of_text_name_file_and_line(tmp_path, hyps, refs, message):
    (tmp_path / "hyp.txt").write_bytes(hyps)
    (tmp_path / "ref.txt").write_bytes(refs)
    with pytest.raises(UserError, match=message):
        read_parallel(tmp_path / "hyp.txt", tmp_path / "ref.txt")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--tokenize", "13b"], "no '13b' \\(did you mean '13a'"),
        (["--metrics", "blue"], "no 'blue' \\(did you mean 'bleu'"),
        (["--metrics", "bleu", "bleu"], "named twice"),
        (["--directions", "deen"], "'deen' is not two language codes"),
        (["--directions", "de-en", "de-en"], "--directions: de-en is named twice"),
        (["--directions", "de-en", "en-de"], "en-de.hyp.txt: no such file, for en-de"),
        (
            ["--references", "{reference}.txt"],
            "its fields may be \\{direction\\}, \\{pair\\}, \\{source\\}, \\{target\\}",
        ),
    ],
)
def test_faults_of_arguments_name_the_nearest_value(tmp_path, more, message):
    with pytest.raises(UserError, match=message):
        main(arguments(tmp_path, b"a\n", b"a\n", *more))
    assert not (tmp_path / "deep").exists()


def test_all_directions_of_a_system_are_one_job_and_one_file(tmp_path):
    command = arguments(tmp_path, b"a b c d\n", b"a b c d\n", "--directions", "en-de", "de-en")
    (tmp_path / "en-de.hyp.txt").write_text("e f g h\ni j k l\n")
    (tmp_path / "de-en.de.txt").write_text("m n o p\ni j k l\n")
    main(command)
    found = json.loads((tmp_path / "deep" / "out.json").read_text())["directions"]
    assert [(name, entry["n"]) for name, entry in found.items()] == [("en-de", 2), ("de-en", 1)]
    # Half of the unigrams to 4-grams match, so BLEU is 50.
    assert [entry["scores"][0]["score"] for entry in found.values()] == pytest.approx([50.0, 100.0])


def test_the_faults_of_all_directions_are_told_at_once(tmp_path):
    command = arguments(tmp_path, b"a\n", b"a\nb\n", "--directions", "de-en", "en-de", "fr-en")
    (tmp_path / "en-de.hyp.txt").write_text("a\n")
    (tmp_path / "de-en.de.txt").write_text(" \n")
    with pytest.raises(UserError) as caught:
        main(command)
    first, second, third = str(caught.value).split("\n")
    assert "has 1 lines but" in first and "has 2: line 2 has no counterpart" in first
    assert second.endswith("de-en.de.txt, line 1: empty reference")
    assert third.endswith("fr-en.hyp.txt: no such file, for fr-en")
    assert not (tmp_path / "deep").exists()


def test_a_user_error_is_one_line_and_leaves_no_file(tmp_path):
    command = [sys.executable, "-m", "workflow_scripts.evaluate.score"]
    command += arguments(tmp_path, b"a\n", b"a\nb\n")
    done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1
    assert not (tmp_path / "deep").exists()


def test_a_job_imports_nothing_heavy():
    # The budget of a score job is start-up time; a heavy import would eat it whatever the machine's speed.
    code = "import sys, workflow_scripts.evaluate.score; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=ENVIRONMENT, check=True
    )
    loaded = set(done.stdout.split())
    assert "sacrebleu" in loaded
    assert not loaded & {"pandas", "scipy", "matplotlib", "torch"}


def test_rebuilt_references_give_another_score(tmp_path):
    """A perfect hypothesis, scored against the text and against what a vocabulary without é makes of it."""
    (tmp_path / "hyp").write_text("the cat sat on é\n")
    (tmp_path / "raw").write_text("the cat sat on é\n")
    (tmp_path / "paper").write_text("the cat sat on <<unk>>\n")
    found = {}
    for profile in ("raw", "paper"):
        arguments = [
            "--experiment",
            "e",
            "--system",
            "s",
            "--seed",
            "1",
            "--testset",
            "t",
            "--metrics",
            "bleu",
        ]
        arguments += ["--directions", "de-en", "--profile", profile, "--references", str(tmp_path / profile)]
        main([*arguments, "--hypotheses", str(tmp_path / "hyp"), "--out", str(tmp_path / "out.json")])
        result = json.loads((tmp_path / "out.json").read_text())
        assert result["profile"] == profile
        found[profile] = result["directions"]["de-en"]["scores"][0]["score"]
    # 13a makes "< < unk > >" of the token: 5 words against 9.
    # Precisions 4/5, 3/4, 2/3 and 1/2: their product is 1/5.
    assert found["raw"] == pytest.approx(100)
    assert found["paper"] == pytest.approx(100 * math.exp(1 - 9 / 5) * 0.2**0.25)
