"""Label the words of a text and find their subwords.

Gold labels come from CoNLL-U files; a file's sentences are the text's lines, in order, or are themselves the
text. Words are found in the subwords by what both spell. A line that spells something else than its sentence
is left out, counted and named; so are words that have no subword of their own. Without a subword model a
text stays in words, for models that cut them themselves.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workflow_scripts.common.errors import UserError, first_of, run_main
from workflow_scripts.common.files import sha256_of
from workflow_scripts.common.labelled_text import UNCUT, LabelledLine, LabelledText, LabelledWord
from workflow_scripts.data.labels.align import Span, align, piece_bytes, speller, whole_words
from workflow_scripts.data.labels.conllu import Sentence, Token, Word, read_conllu
from workflow_scripts.data.readers import read_text_lines
from workflow_scripts.data.text import TextOptions, TextProcessor

#: More lines than this share of the text that do not spell their sentence are a mistake.
MOST_UNALIGNED = 0.05
#: Words without a subword of their own: in one piece with another, or in a contraction such as "du".
SHARED, CONTRACTED = "in a piece with another word", "in a contraction"


def plain_line(number: int, line: str, processor: TextProcessor | None) -> LabelledLine:
    """Return a line without gold labels; its words are those between blanks."""
    if processor is None:
        forms = line.split()
        return LabelledLine(number, forms, [LabelledWord(form, n, n + 1, {}) for n, form in enumerate(forms)])
    assert processor.subwords is not None
    pieces = processor.encode(line)
    words = whole_words(pieces, [piece_bytes(piece, processor.subwords) for piece in pieces])
    return LabelledLine(number, pieces, [LabelledWord(form, *span, {}) for form, span in words])


def parts_of(token: Token) -> list[tuple[str, Word | None]]:
    """Return the forms that a token spells, each with its word: of a range one form, without a word, where
    its words spell something else (French "du" is "de" and "le")."""
    forms = [word.form for word in token.words]
    if len(forms) == 1 or "".join(forms) != token.form:
        return [(token.form, token.words[0] if len(forms) == 1 else None)]
    return list(zip(forms, token.words, strict=True))


def gold_line(
    number: int, line: str, sentence: Sentence, processor: TextProcessor | None, left_out: Counter[str]
) -> LabelledLine | None:
    """Return a line with the labels of a sentence; None where they do not spell the same.

    ``left_out``: counts the words that have no pieces of their own.
    """
    parts = [part for token in sentence.tokens for part in parts_of(token)]
    spans: Sequence[Span | None] | None
    if processor is None:
        pieces = [form for form, _ in parts]
        same = "".join("".join(pieces).split()) == "".join(line.split())
        spans = [(n, n + 1) for n in range(len(parts))] if same else None
    else:
        assert processor.subwords is not None
        pieces, spell = processor.encode(line), speller(processor)
        spelled = [piece_bytes(piece, processor.subwords) for piece in pieces]
        spans = align([spell(form) for form, _ in parts], spelled)
    if spans is None:
        return None
    words = []
    for (form, word), span in zip(parts, spans, strict=True):
        if word is None or span is None:
            left_out[CONTRACTED if word is None else SHARED] += 1
        else:
            words.append(LabelledWord(form, *span, word.labels))
    return LabelledLine(number, pieces, words)


def label(
    lines: Sequence[str] | None,
    gold: Sequence[Sentence] | None,
    processor: TextProcessor | None,
    most: float,
    what: str,
) -> tuple[list[LabelledLine], dict[str, Any]]:
    """Return the labelled lines, and what was left out of them.

    ``lines``: None where the sentences are the text. ``gold``: None where words get no labels.
    ``processor``: None for a text that stays in words, those of its labels where it has some. ``most``: the
    share of lines that may spell something else. ``what``: names the labels in messages. Raises UserError:
    as many sentences as lines are needed, and more than ``most`` of them to spell the same.
    """
    if gold is None:
        assert lines is not None
        return [plain_line(number, line, processor) for number, line in enumerate(lines)], {}
    if lines is None:
        lines = [sentence.text for sentence in gold]
    if len(gold) != len(lines):
        raise UserError(
            f"{what}: {len(gold)} sentences, but the text has {len(lines)} lines; one each is needed"
        )
    found, unaligned = [], []
    left_out: Counter[str] = Counter()
    for number, (line, sentence) in enumerate(zip(lines, gold, strict=True)):
        one = gold_line(number, line, sentence, processor, left_out)
        if one is None:
            unaligned.append((number + 1, sentence.line))
        else:
            found.append(one)
    if len(unaligned) > most * len(lines):
        shown = first_of([f"line {line} (line {of_gold} of the labels)" for line, of_gold in unaligned])
        raise UserError(
            f"{what}: {len(unaligned)} of {len(lines)} sentences spell something else than their line of the"
            f" text, more than {most:.0%}: {shown}; are these the labels of this text?"
        )
    return found, {"unaligned_lines": [line for line, _ in unaligned], "words_left_out": dict(left_out)}


def main(argv: list[str] | None = None) -> None:
    """Run the stage from the command line."""
    parser = argparse.ArgumentParser(description="Label the words of a text.")
    parser.add_argument("--text", type=Path, help="one sentence a line; left out: the sentences of --labels")
    parser.add_argument("--labels", type=Path, help="CoNLL-U; left out: words without gold labels")
    parser.add_argument("--language", required=True)
    parser.add_argument("--model", type=Path, help="SentencePiece model; left out: the text stays in words")
    parser.add_argument("--text-options", help="JSON, the section text of the config; with --model")
    parser.add_argument("--most-unaligned", type=float, default=MOST_UNALIGNED, help="share of lines")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args(argv)
    if arguments.text is None and arguments.labels is None:
        raise UserError("give --text, --labels or both")
    if not 0 <= arguments.most_unaligned <= 1:
        raise UserError(f"--most-unaligned is {arguments.most_unaligned}, a share is from 0 to 1")
    if arguments.model is None and arguments.text_options is not None:
        raise UserError("--text-options: without --model text stays as it is; leave them out")
    processor = None
    if arguments.model is not None:
        options = TextOptions.from_json(arguments.text_options or "{}")
        processor = TextProcessor(arguments.language, options, arguments.model)
    lines = None if arguments.text is None else list(read_text_lines(arguments.text))
    gold = None if arguments.labels is None else read_conllu(arguments.labels)
    found, facts = label(lines, gold, processor, arguments.most_unaligned, str(arguments.labels))
    hashes = {
        f"{name}_sha256": sha256_of(path)
        for name, path in (
            ("text", arguments.text),
            ("labels", arguments.labels),
            ("subwords", arguments.model),
        )
        if path is not None
    }
    uncut = {UNCUT: True} if processor is None else {}
    text = LabelledText({"language": arguments.language, **uncut, **hashes, **facts}, found)
    text.write(arguments.out)
    words = sum(len(line.words) for line in found)
    print(f"{words} words, properties: {', '.join(text.properties) or 'none'}", file=sys.stderr)
    if facts.get("unaligned_lines"):
        print(f"left out: {len(facts['unaligned_lines'])} lines that spell something else", file=sys.stderr)
    for reason, number in facts.get("words_left_out", {}).items():
        print(f"left out: {number} words, {reason}", file=sys.stderr)


if __name__ == "__main__":
    run_main(main)
