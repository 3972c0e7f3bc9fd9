"""One line out for every line in, whatever the lines hold."""

import io

import pytest

from workflow_scripts.translate.pipeline import Progress, one_line, read_lines, translate_lines


class Words:
    """Text processing by blanks, both ways."""

    def encode(self, line):
        return line.split()

    def decode(self, pieces):
        return " ".join(pieces)


class Backwards:
    """An engine that turns each sentence round, and notes what it was given."""

    def __init__(self):
        self.seen = []

    def translate(self, sentences):
        for sentence in sentences:
            self.seen.append(list(sentence))
            yield list(reversed(sentence))


@pytest.mark.parametrize("block", [1, 2, 100])
def test_order_and_empty_lines_are_kept(block):
    engine, progress = Backwards(), Progress(stream=io.StringIO())
    lines = ["", "a b", "  ", "c", "d e f", ""]
    found = list(translate_lines(lines, Words(), engine, 100, progress, block))
    assert found == ["", "b a", "", "c", "f e d", ""]
    # The engine is given each block's sentences longest first, and no empty one.
    seen = {1: ["a b", "c", "d e f"], 2: ["a b", "c", "d e f"], 100: ["d e f", "a b", "c"]}
    assert [" ".join(pieces) for pieces in engine.seen] == seen[block]
    assert (progress.sentences, progress.source_tokens, progress.target_tokens) == (6, 6, 6)
    assert progress.truncated == 0


class Used(Backwards):
    """An engine whose masks must be used where it is asked, as those of a live model."""

    def translate(self, sentences):
        before = len(self.seen)
        yield from super().translate(sentences)
        if len(self.seen) == before:
            raise RuntimeError("masks were selected but never used")


def test_of_empty_lines_alone_an_engine_is_asked_nothing():
    engine = Used()
    found = translate_lines(["", " ", "a b", ""], Words(), engine, 100, Progress(stream=io.StringIO()), 2)
    assert list(found) == ["", "", "b a", ""]
    assert engine.seen == [["a", "b"]]


def test_long_sentences_are_cut_and_counted():
    engine, stream = Backwards(), io.StringIO()
    progress = Progress(total=2, stream=stream)
    # Five positions hold the language token, three words and </s>.
    found = list(translate_lines(["a b c", "a b c d"], Words(), engine, 5, progress))
    assert found == ["c b a", "c b a"]
    progress.finish(5)
    assert progress.truncated == 1
    assert "warning: 1 sentences are longer than the model's 5 positions" in stream.getvalue()


def test_no_output_line_holds_a_line_break():
    assert one_line("a\nb\r\nc\u2028d\x85e\x0bf") == "a b c d e f"
    assert one_line("a\n") == "a"


def test_only_the_line_feed_ends_an_input_line():
    stream = io.TextIOWrapper(io.BytesIO("a\u2028b\r\n\r\nc\x85d".encode()), encoding="utf-8", newline="\n")
    assert list(read_lines(stream)) == ["a\u2028b", "", "c\x85d"]


def test_what_byte_pieces_may_spell_stays_one_line_that_can_be_read():
    # Of <0x0A>, <0x0D> and <0x00>: two ends of a line, and a NUL, which no reader of text takes.
    assert one_line("a\nb\rc") == "a b c"
    assert one_line("a\0b") == "a\ufffdb"
