"""Lines that belong together: what separates them, and what is wrong with them."""

import gzip

import pytest

from workflow_scripts.common import parallel_text
from workflow_scripts.common.errors import UserError
from workflow_scripts.common.parallel_text import file_of, read_lines, read_parallel


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


def test_marks_of_editors_are_no_text(tmp_path):
    (tmp_path / "t").write_bytes(b"\xef\xbb\xbfein Haus\r\n\xef\xbb\xbfb\r\n")
    # Only the first line can begin with a byte order mark; elsewhere it is a character.
    assert read_lines(tmp_path / "t") == ["ein Haus", "\ufeffb"]


def test_a_nul_byte_is_named_by_its_line(tmp_path):
    (tmp_path / "t").write_bytes(b"a\nb\0\n")
    with pytest.raises(UserError, match=r"t, line 2: a NUL byte; is this a text file\?"):
        read_lines(tmp_path / "t")


def test_a_gzipped_text_does_not_fill_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(parallel_text, "LARGEST_TEXT", 10_000_000)
    (tmp_path / "t.gz").write_bytes(gzip.compress(b"a" * 10_000_001))
    with pytest.raises(UserError, match=r"t\.gz: more than 10 MB unpacked, no test set is that long"):
        read_lines(tmp_path / "t.gz")


def test_an_empty_first_side_is_no_fault(tmp_path):
    """An empty hypothesis is a result, and is counted."""
    (tmp_path / "hyp").write_text("\nb\n")
    (tmp_path / "ref").write_text("a\nb\n")
    assert read_parallel(tmp_path / "hyp", tmp_path / "ref") == (["", "b"], ["a", "b"])


def test_the_file_of_a_direction(tmp_path):
    (tmp_path / "de-en.en").touch()
    assert file_of(f"{tmp_path}/{{pair}}.{{target}}", "de-en") == tmp_path / "de-en.en"
    with pytest.raises(UserError, match=r"de-en\.de: no such file, for en-de"):
        file_of(f"{tmp_path}/{{pair}}.{{target}}", "en-de")
