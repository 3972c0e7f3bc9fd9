"""What is collected of a direction: its labelled lines as the ids of a model, cut into batches.

A labelled text is in the pieces of fairseq's systems, or in words (``UNCUT``) for models that bring a
tokenizer. Those say which pieces are of which word; a line that they cut otherwise than its words is left
out, and counted.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, islice
from pathlib import Path
from typing import cast

from workflow_scripts.common.directions import direction_languages
from workflow_scripts.common.errors import UserError
from workflow_scripts.common.labelled_text import UNCUT, LabelledLine, LabelledText, LabelledWord
from workflow_scripts.models.port import Batches, Port, TextPort, WordsPort
from workflow_scripts.units.space import STACKS, Stack
from workflow_scripts.units.system import SystemFolder
from workflow_scripts.units.vocabulary import Vocabulary

#: Positions of a batch, and the most values that one may hold: 80 MB in float32.
MOST_TOKENS, FEWEST_TOKENS, MOST_VALUES = 4096, 512, 20_000_000

#: A side's line, and the ids that the model reads of it.
Cut = tuple[LabelledLine, Sequence[int]]


def lines_in_both(sides: Sequence[LabelledText]) -> list[list[LabelledLine]]:
    """Return, for each line that all sides have, in order, that of each side."""
    by_number = [{line.line: line for line in side.lines} for side in sides]
    return [[one[number] for one in by_number] for number in sorted(set.intersection(*map(set, by_number)))]


def read_labelled(file: Path, port: Port, system: SystemFolder) -> LabelledText:
    """Return the labelled text of a file; UserError: its words are in no pieces where the model needs them,
    or in pieces of another model, of which this one knows few."""
    text = LabelledText.read(file)
    its, uncut = text.facts.get("subwords_sha256"), text.facts.get(UNCUT, False)
    if "text" in port.abilities:
        if not uncut:
            raise UserError(
                f"{file}: words in pieces, but {system.folder} has a tokenizer of its own; label them again"
                " without --model"
            )
    elif uncut:
        raise UserError(
            f"{file}: words without pieces; label them again with --model {system.subwords}, the subwords of"
            f" {system.folder}"
        )
    elif its is not None and its != system.sha256.get(system.subwords.name):
        raise UserError(
            f"{file}: words in pieces of another subword model than {system.subwords}; label them again with"
            " --model of this one"
        )
    return text


def batch_tokens(units: int) -> int:
    """Return the positions of a batch: fewer of many units."""
    return max(FEWEST_TOKENS, min(MOST_TOKENS, MOST_VALUES // units))


@dataclass(frozen=True)
class Part:
    """What is collected of one direction: its batches, the labelled lines of the stack's side, the ids of
    their pieces, and how many lines were left out because of the tokenizer."""

    direction: str
    batches: Batches
    lines: Sequence[LabelledLine]
    ids: Sequence[Sequence[int]]
    left_out: int = 0

    @property
    def kept(self) -> list[int]:
        """The lines that the model can hold, in order."""
        return sorted(int(line) for lines in self.batches.lines for line in lines)


def part_of(
    port: Port,
    system: SystemFolder,
    direction: str,
    sides: Sequence[LabelledText],
    stack: Stack,
    units: int,
    most: int | None,
) -> Part:
    """Return a direction's first ``most`` sentences, or those of the text of one language. ``sides``: its
    labelled source and target; the source alone for the encoder, of one language its text. UserError: there
    is none."""
    alone = "-" not in direction
    lines = lines_in_both(sides)
    left_out: list[int] = []
    if "text" in port.abilities:
        cut = _in_words(port, direction, lines, left_out)
    else:
        vocabulary = Vocabulary.read(system.dictionary, system.languages)
        cut = ([(line, vocabulary.encode(line.pieces)) for line in one] for one in lines)
    found = list(islice(cut, most))
    if left_out and not found:
        raise UserError(
            f"{direction}: the tokenizer of {system.folder} cuts every line otherwise than its words;"
            " give labels of the text as it is"
        )
    # Without a target the decoder has nothing to read; nobody looks at it.
    pairs = [(one[0][1], one[1][1] if len(one) > 1 else []) for one in found]
    if alone and stack == STACKS[1]:  # a language model has no source
        pairs = [(target, source) for source, target in pairs]
    languages = (direction, direction) if alone else direction_languages(direction, system.languages)
    task = port.pairs(direction, languages, pairs)
    read = [one[0 if alone else STACKS.index(stack)] for one in found]
    batches = port.batches(task, batch_tokens(units))
    return Part(direction, batches, [line for line, _ in read], [ids for _, ids in read], len(left_out))


def _in_words(
    port: Port, direction: str, lines: Iterable[Sequence[LabelledLine]], left_out: list[int]
) -> Iterable[Sequence[Cut]]:
    """Yield lines in the pieces of a model; of the others add the number to ``left_out``."""
    for one in lines:
        sides = [cut_line(port, direction, line, stack) for line, stack in zip(one, STACKS, strict=False)]
        whole = [side for side in sides if side is not None]
        if len(whole) == len(sides):
            yield whole
        else:
            left_out.append(one[0].line)


def cut_line(port: Port, direction: str, line: LabelledLine, stack: Stack) -> Cut | None:
    """Return a line of words in a model's pieces, with what stands before a source, such as a prefix. None:
    the words by themselves are cut otherwise than in their line, or one has no piece."""
    text, words = cast(TextPort, port), list(line.pieces)
    sentence = [" ".join(words)]
    of_word: Sequence[Sequence[int]]
    if stack == STACKS[0]:
        whole = list(text.source_text(direction, sentence)[0])
        try:
            of_word = cast(WordsPort, port).pieces(words)
        except UserError:
            return None
    else:
        # Each alone: targets may have a vocabulary of their own, which ``pieces`` is not of.
        whole = list(text.target_text(direction, sentence)[0])
        of_word = text.target_text(direction, words)
    own = [one for ids in of_word for one in ids]
    before = len(whole) - len(own)
    if not all(of_word) or before < 0 or whole[before:] != own:
        return None
    ends = list(accumulate(map(len, of_word), initial=before))
    found = [LabelledWord(one.form, ends[one.first], ends[one.stop], one.labels) for one in line.words]
    return LabelledLine(line.line, list(map(str, whole)), found), whole
