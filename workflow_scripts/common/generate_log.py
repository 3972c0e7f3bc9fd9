"""The log of fairseq-generate (``generate-test.txt``, fairseq 0.12.2), or lines cut out of it.

S- is a source, T- a reference, H- a hypothesis, D- the same detokenised, each with the number of its
sentence. Standard library only.
"""

import re
import shlex
from itertools import islice
from pathlib import Path

from workflow_scripts.common.errors import UserError

#: Letter and number, then a score, or another such line after it.
LOGGED = re.compile(rb"^([STHD])-\d+\t(?:(-?(?:\d|inf|nan)\S*\t)|(?=.*\n[STHDP]-\d+\t))", re.MULTILINE)
#: One line; an editor may have taken the tab before an empty text.
LINE = re.compile(rb"([STHD])-(\d{1,9})(?:\t(.*))?", re.DOTALL)
SCORE = re.compile(rb"-?(?:\d+(?:\.\d+)?(?:e[-+]?\d+)?|inf|nan)(?:\t|\r?$)")
TAG = re.compile(rb"__[A-Za-z_]+__ ")
SCORED = "HD"
UNPACKERS = {".gz": "zcat", ".xz": "xzcat", ".bz2": "bzcat"}
NAMED = 3  # numbers that a line names; the rest is counted


def first_line(content: bytes) -> int | None:
    """Return the number of the first line that shows a log, None for other text."""
    found = LOGGED.search(content)
    return None if found is None else content.count(b"\n", 0, found.start()) + 1


def by_number(content: bytes, path: str | Path, wanted: str) -> tuple[list[tuple[int, bytes]], str]:
    """Return the texts of a log by their numbers, from 0, each with its line; and their letter. ``wanted``:
    letters that hold the text, the best first. Raises UserError: no such lines, a number twice or missing, or
    a line without its score."""
    numbered = enumerate(content.split(b"\n"), start=1)
    found = [(n, one) for n, line in numbered if (one := LINE.fullmatch(line))]
    letter = next((one for one in wanted if any(line[1].decode() == one for _, line in found)), None)
    if letter is None:
        number = first_line(content)
        advice = f"it has no {wanted[-1]}- lines: name the right file" if wanted else "name the right file"
        raise UserError(f"{path}, line {number}: this is the log of fairseq-generate; {advice}")
    lines = [(n, int(one[2]), one[3] or b"") for n, one in found if one[1].decode() == letter]
    # Where only numbers and texts were cut out there are no scores.
    scored = letter in SCORED and any(
        (score := SCORE.match(text)) and score[0][-1:] == b"\t" for *_, text in lines
    )
    texts: dict[int, tuple[int, bytes]] = {}
    for line, number, text in lines:
        if number in texts:
            raise UserError(_twice(path, line, letter, number, texts[number][0], scored))
        before = SCORE.match(text) if scored else TAG.match(text) if letter == "S" else None
        if scored and before is None:
            raise UserError(f"{path}, line {line}: {letter}-{number} has no score, as other lines have")
        texts[number] = (line, text[before.end() :] if before else text)
    last = max(texts)
    if len(texts) <= last:
        raise UserError(_missing(path, letter, texts, last))
    return [texts[number] for number in range(len(texts))], letter


def _missing(path: str | Path, letter: str, texts: dict[int, tuple[int, bytes]], last: int) -> str:
    few = list(islice((f"{letter}-{number}" for number in range(last) if number not in texts), NAMED))
    rest = last + 1 - len(texts) - len(few)
    more = f" and {rest} more" if rest > 0 else ""
    return (
        f"{path}: no {', '.join(few)}{more}, though numbers go to {last}: sentences that fairseq-generate "
        "left out as too long, or a part of a log"
    )


def _twice(path: str | Path, line: int, letter: str, number: int, first: int, scored: bool) -> str:
    # Several hypotheses of a sentence come best first; sort -u keeps the first.
    numbered = f"grep -a '^{letter}-' | LC_ALL=C sort -u -k1,1V | cut -f{3 if scored else 2}-"
    command = f"{UNPACKERS.get(Path(path).suffix, 'cat')} {shlex.quote(str(path))} | {numbered} > NEW"
    return (
        f"{path}, line {line}: {letter}-{number} is there twice, first in line {first}: two logs in one, "
        f"or several hypotheses of a sentence, of which this takes the best: {command}"
    )
