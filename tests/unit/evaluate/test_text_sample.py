"""evaluate.languages.train_identifier.sample_lines: which lines are taken, worked out by hand."""

from workflow_scripts.evaluate.languages.train_identifier import sample_lines


def lines_of(path, text):
    path.write_bytes(text)
    return path


def test_first_line_that_begins_in_each_stretch(tmp_path):
    # Ten lines of 4 bytes, five stretches of 8 bytes: every second line.
    file = lines_of(tmp_path / "a", b"".join(b"%03d\n" % n for n in range(10)))
    assert sample_lines([file], 5) == ["000", "002", "004", "006", "008"]


def test_parallel_files_give_different_lines(tmp_path):
    # The second of two equal files is entered half a stretch (4 bytes) later; its own start is a stretch too,
    # and gives 000, which is there already.
    text = b"".join(b"%03d\n" % n for n in range(10))
    files = [lines_of(tmp_path / name, text) for name in "ab"]
    assert sample_lines(files, 10) == [
        "000", "002", "004", "006", "008", "001", "003", "005", "007", "009",
    ]  # fmt: skip


def test_files_give_lines_by_their_size(tmp_path):
    large = lines_of(tmp_path / "a", b"".join(b"a%02d\n" % n for n in range(90)))
    small = lines_of(tmp_path / "b", b"".join(b"b%02d\n" % n for n in range(10)))
    found = sample_lines([large, small], 10)
    assert [line[0] for line in found] == ["a"] * 9 + ["b"]


def test_all_of_a_small_file_once(tmp_path):
    # No newline at the end, a blank line, one twice, CRLF.
    file = lines_of(tmp_path / "a", "eins\r\n\nzwei\neins\nd\u2028rei".encode())
    assert sample_lines([file], 1000) == ["eins", "zwei", "d\u2028rei"]


def test_never_more_than_wanted(tmp_path):
    files = [
        lines_of(tmp_path / f"{n}", b"".join(b"%d%03d\n" % (n, m) for m in range(100))) for n in range(7)
    ]
    assert len(sample_lines(files, 20)) <= 20


def test_a_long_line_is_taken_whole_and_once(tmp_path):
    file = lines_of(tmp_path / "a", b"x" * 5000 + b"\nkurz\n")
    assert sample_lines([file], 10) == ["x" * 5000, "kurz"]


def test_empty_file_gives_none(tmp_path):
    files = [lines_of(tmp_path / "a", b""), lines_of(tmp_path / "b", b"b\n")]
    assert sample_lines(files, 3) == ["b"]
    assert sample_lines(files[:1], 3) == []
