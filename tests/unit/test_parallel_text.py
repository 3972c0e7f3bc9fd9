"""Lines that belong together: what separates them, and what is wrong with them."""

from __future__ import annotations

import gzip
import re
import subprocess
from pathlib import Path

import pytest

from workflow_scripts import parallel_text
from workflow_scripts.errors import UserError
from workflow_scripts.parallel_text import file_of, read_lines, read_parallel


def test_gzipped_text_is_read_and_half_of_it_refused(tmp_path):
    packed = gzip.compress("für\nzwei\n".encode())
    (tmp_path / "hyp.gz").write_bytes(packed)
    assert read_lines(tmp_path / "hyp.gz") == ["für", "zwei"]
    (tmp_path / "hyp.gz").write_bytes(packed[:-9])
    with pytest.raises(UserError, match=r"hyp\.gz: not a whole gzip file"):
        read_lines(tmp_path / "hyp.gz")


def test_only_newline_separates_lines(tmp_path):
    path = tmp_path / "t"
    path.write_bytes("a\u2028b\x0cc\rd\u0085e\nf".encode())
    assert read_lines(path) == ["a\u2028b\x0cc\rd\u0085e", "f"]
    path.write_bytes(b"a\n\n")
    assert read_lines(path) == ["a", ""]
    path.write_bytes(b"")
    assert read_lines(path) == []


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


def test_marks_of_editors_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "t").write_bytes(b"\xef\xbb\xbfein Haus\r\n\xef\xbb\xbfb\r\n")
    # Only the first line can begin with a byte order mark; elsewhere it is a character.
    assert read_lines(tmp_path / "t") == ["ein Haus", "\ufeffb"]


def test_a_nul_byte_is_named_by_its_line(tmp_path: Path) -> None:
    (tmp_path / "t").write_bytes(b"a\nb\0\n")
    with pytest.raises(UserError, match=r"t, line 2: a NUL byte; is this a text file\?"):
        read_lines(tmp_path / "t")


def test_a_gzipped_text_does_not_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel_text, "LARGEST_TEXT", 10_000_000)
    (tmp_path / "t.gz").write_bytes(gzip.compress(b"a" * 10_000_001))
    with pytest.raises(UserError, match=r"t\.gz: more than 10 MB unpacked, no test set is that long"):
        read_lines(tmp_path / "t.gz")


def test_an_empty_first_side_is_no_fault(tmp_path: Path) -> None:
    """An empty hypothesis is a result, and is counted."""
    (tmp_path / "hyp").write_text("\nb\n")
    (tmp_path / "ref").write_text("a\nb\n")
    assert read_parallel(tmp_path / "hyp", tmp_path / "ref") == (["", "b"], ["a", "b"])


def test_the_file_of_a_direction(tmp_path: Path) -> None:
    (tmp_path / "de-en.en").touch()
    assert file_of(f"{tmp_path}/{{pair}}.{{target}}", "de-en") == tmp_path / "de-en.en"
    with pytest.raises(UserError, match=r"de-en\.de: no such file, for en-de"):
        file_of(f"{tmp_path}/{{pair}}.{{target}}", "en-de")


LOG = (
    "2026-01-01 | INFO | loading\n"
    "S-10\t__de__ zehn\nT-10\tten\nH-10\t-0.3\tt@@ en\nD-10\t-0.3\tten\tof it\nP-10\t-0.1 -0.2\n"
    "H-10\t-0.9\tt@@ enth\nD-10\t-0.9\ttenth\n"
    "S-2\t__de__ zwei\nT-2\ttwo\nH-2\t-3e-05\ttwo\nD-2\t-3e-05\ttwo\nP-2\t-0.1\n"
    "Generate test with beam=5: BLEU4 = 0\n"
)


def some(letters: str) -> str:
    """Lines of a log that begin with one of these letters."""
    return "".join(line for line in LOG.splitlines(keepends=True) if line[0] in letters)


def without_scores(lines: str) -> str:
    return re.sub(r"\t-[^\t]*\t", "\t", lines)


@pytest.mark.parametrize(
    ("text", "wanted", "line", "letter", "taken"),
    [
        (LOG, "DH", 2, "D", "two\nten\tof it\n"),
        (some("STHP2G"), "DH", 2, "H", "two\nt@@ en\n"),
        (some("H"), "DH", 1, "H", "two\nt@@ en\n"),
        (some("D"), "DH", 1, "D", "two\nten\tof it\n"),
        (without_scores(some("H")), "DH", 1, "H", "two\nt@@ en\n"),
        (LOG, "T", 2, "T", "two\nten\n"),
        (some("T"), "T", 1, "T", "two\nten\n"),
        (LOG, "S", 2, "S", "__de__ zwei\n__de__ zehn\n"),
    ],
)
def test_a_log_of_fairseq_is_named_with_the_command_that_takes_its_lines(
    text: str, wanted: str, line: int, letter: str, taken: str, tmp_path: Path
) -> None:
    path = tmp_path / "it's a log.txt"
    path.write_text(text)
    with pytest.raises(UserError) as error:
        read_lines(path, wanted)
    said = f"{path}, line {line}: this is the log of fairseq-generate; take its {letter}- lines by number: "
    assert str(error.value).startswith(said)
    command = str(error.value).removeprefix(said).removesuffix(" > NEW")
    assert subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True).stdout == taken


def test_a_packed_log_of_fairseq_is_unpacked_by_the_command(tmp_path: Path) -> None:
    (tmp_path / "log.gz").write_bytes(gzip.compress(LOG.encode()))
    with pytest.raises(UserError, match=r"take its D- lines by number: zcat .*log\.gz \| grep -a"):
        read_parallel(tmp_path / "log.gz", tmp_path / "log.gz")


def test_a_log_without_hypotheses_is_the_wrong_file(tmp_path: Path) -> None:
    (tmp_path / "log").write_text(some("S"))
    with pytest.raises(UserError, match=r"log of fairseq-generate; it has no H- lines: name the right file"):
        read_lines(tmp_path / "log", "DH")


def test_text_that_speaks_of_such_lines_is_text(tmp_path: Path) -> None:
    (tmp_path / "t").write_text("H-1 is a visa\nH-2\tvisa\nok\nD-1\tof it\n")
    assert len(read_lines(tmp_path / "t", "DH")) == 4
