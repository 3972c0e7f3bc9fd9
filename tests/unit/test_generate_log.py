"""fairseq-generate's log, whole or in part, read by the numbers of its lines."""

import gzip
import re
import subprocess

import pytest

from workflow_scripts.common.errors import UserError
from workflow_scripts.common.parallel_text import is_log, read_lines, read_parallel, read_text

LOG = (
    "2026-01-01 | INFO | loading\n"
    "S-1\t__de__ zehn\nT-1\tten\nH-1\t-0.3\tt@@ en\nD-1\t-0.3\tten\tof it\nP-1\t-0.1 -0.2\n"
    "S-0\t__de__ zwei\nT-0\ttwo\nH-0\t-3e-05\ttwo\nD-0\t-3e-05\ttwo\nP-0\t-0.1\n"
    "S-2\t__de__ leer\nT-2\tnone\nH-2\t-0.1\t\nD-2\t-0.1\t\nP-2\t-0.1\n"
    "Generate test with beam=5: BLEU4 = 0\n"
)


def some(letters):
    """Lines of a log that begin with one of these letters."""
    return "".join(line for line in LOG.splitlines(keepends=True) if line[0] in letters)


def without_scores(lines):
    return re.sub(r"\t-[^\t]*\t", "\t", lines)


@pytest.mark.parametrize(
    ("text", "wanted", "letter", "taken"),
    [
        (LOG, "DH", "D", ["two", "ten\tof it", ""]),
        (some("STHP2G"), "DH", "H", ["two", "t@@ en", ""]),
        (some("H"), "DH", "H", ["two", "t@@ en", ""]),
        (some("D"), "DH", "D", ["two", "ten\tof it", ""]),
        (without_scores(some("H")), "DH", "H", ["two", "t@@ en", ""]),
        (some("H").replace("\t\n", "\n"), "DH", "H", ["two", "t@@ en", ""]),  # an editor's doing
        (some("H").replace("\n", "\r\n"), "DH", "H", ["two", "t@@ en", ""]),
        (LOG, "T", "T", ["two", "ten", "none"]),
        (some("T"), "T", "T", ["two", "ten", "none"]),
        (LOG, "S", "S", ["zwei", "zehn", "leer"]),  # without the language tag
        ("T-0\tist T-1\nT-1\t5\t6\n", "T", "T", ["ist T-1", "5\t6"]),
        ("H-1\t3\nH-0\t3 houses\n", "DH", "H", ["3 houses", "3"]),  # texts, no scores
        ("H-0\t-inf\ta\nH-1\tnan\tb\n", "DH", "H", ["a", "b"]),
    ],
)
def test_lines_of_a_letter_in_the_order_of_their_numbers(text, wanted, letter, taken, tmp_path):
    path = tmp_path / "it's a log.txt"
    path.write_bytes(text.encode())
    found = read_text(path, wanted)
    assert (found.lines, found.letter) == (taken, letter)
    assert is_log(path)


def test_hypotheses_beside_references_of_the_same_packed_log(tmp_path):
    (tmp_path / "log.gz").write_bytes(gzip.compress(LOG.encode()))
    hyps, refs = read_parallel(tmp_path / "log.gz", tmp_path / "log.gz")
    assert (hyps, refs) == (["two", "ten\tof it", ""], ["two", "ten", "none"])


def test_text_that_only_looks_like_a_log_is_text(tmp_path):
    for text in ("T-1\tist ein Panzer\nund noch einer\n", "H-0 -0.3 a\n", "a S-1\tb\n"):
        (tmp_path / "t").write_text(text)
        assert read_lines(tmp_path / "t") == text.splitlines()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "H-0\t-1\ta\nH-2\t-1\tb\n",
            "no H-1, though numbers go to 2: sentences that fairseq-generate left out",
        ),
        ("H-1\t-1\ta\nH-2\t-1\tb\n", "no H-0, though numbers go to 2"),
        ("H-0\t-1\ta\nH-9\t-1\tb\n", "no H-1, H-2, H-3 and 5 more, though numbers go to 9"),
        ("H-0\t-1\ta\nH-999999999\t-1\tb\n", "no H-1, H-2, H-3 and 999999995 more"),
        (f"{some('H')}D-0\t-1\tx\nD-2\t-1\ty\n", "no D-1, though"),
        ("H-0\t-1\ta\nH-1\tb\n", ", line 2: H-1 has no score, as other lines have"),
        (f"{LOG}{LOG}", ", line 22: D-1 is there twice, first in line 5: two logs in one"),
        (some("S"), "log of fairseq-generate; it has no H- lines: name the right file"),
    ],
)
def test_a_number_that_is_missing_or_doubled_is_told(text, said, tmp_path):
    (tmp_path / "log").write_text(text)
    with pytest.raises(UserError) as error:
        read_text(tmp_path / "log", "DH")
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_several_hypotheses_of_a_sentence_are_told_with_what_takes_the_best(tmp_path):
    path = tmp_path / "it's a log.txt"
    path.write_text("H-1\t-0.1\tb\nH-1\t-0.9\tc\nH-0\t-0.2\ta\nH-0\t-0.3\td\n")
    with pytest.raises(UserError, match=r"of which this takes the best: (.*) > NEW") as error:
        read_text(path, "DH")
    command = str(error.value).split("takes the best: ")[1].removesuffix(" > NEW")
    assert (
        subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True).stdout == "a\nb\n"
    )


def test_a_log_for_a_contrastive_set_is_the_wrong_file(tmp_path):
    (tmp_path / "log").write_text(LOG)
    with pytest.raises(
        UserError, match=r"log, line 2: this is the log of fairseq-generate; name the right file"
    ):
        read_lines(tmp_path / "log", "")
