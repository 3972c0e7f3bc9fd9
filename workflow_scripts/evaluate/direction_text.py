"""The texts of one direction: every system's hypotheses, one or several references of each sentence, sources.

Sentences with an empty reference are an error, are scored as they are, or are left out for all systems.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from workflow_scripts.common.checked_options import raise_all
from workflow_scripts.common.errors import UserError
from workflow_scripts.common.files import sha256_of
from workflow_scripts.common.line_shapes import is_tokenised, shape_of
from workflow_scripts.common.parallel_text import HYPOTHESES, REFERENCES, SOURCES, read_beside, read_text

#: What is done where a reference is empty.
ERROR, COUNT, DROP = "error", "count", "drop"
EMPTY = (ERROR, COUNT, DROP)
Note = tuple[str, str]  # file, what is to be known of it


@dataclass(frozen=True)
class DirectionText:
    """What is scored.

    hypotheses  system -> n sentences
    references  one list of n for each set
    sources     n sentences, or None
    lines       of the files; n of them where none was left out
    empty       how many lines have an empty reference
    notes       files, each with what a user should know of it
    """

    hypotheses: dict[str, list[str]]
    references: list[list[str]]
    sources: list[str] | None
    lines: int
    empty: int = 0
    notes: list[Note] = field(default_factory=list)

    @property
    def counted(self) -> dict[str, int]:
        """What a score file says of empty references; nothing where there are none."""
        if not self.empty:
            return {}
        dropped = self.lines - len(self.references[0])
        return {"empty_references": self.empty, "dropped": dropped}


def read_direction(
    hypotheses: Mapping[str, Path],
    references: Sequence[Path],
    sources: Path | None = None,
    empty: str = ERROR,
) -> DirectionText:
    """Return the texts of a direction: hypotheses by system, each set of references, perhaps sources.

    ``empty``: one of ``EMPTY``; of several references a line counts as empty where any is. Raises UserError:
    the faults of all systems.
    """
    faults: list[str] = []
    notes: list[Note] = []
    refs: list[list[str]] = []
    alike: set[str] = set()
    for path in references:
        text = read_text(path, REFERENCES)
        if not text.lines:
            raise UserError(f"{path}: no lines, nothing to score against")
        if refs and len(text.lines) != len(refs[0]):
            raise UserError(
                f"{path} has {len(text.lines)} lines but {references[0]} has {len(refs[0])}: each sentence "
                "needs as many references"
            )
        shape = shape_of(text.lines)
        alike.add(shape)
        if text.letter:
            log = f"references are fairseq-generate's {text.letter}- lines, perhaps tokenised"
            notes.append((str(path), log))
        elif shape:
            notes.append((str(path), shape))
        elif is_tokenised(text.lines):
            notes.append((str(path), "these look tokenised; scores against them do not compare with others"))
        refs.append(text.lines)
    lines: dict[str, list[str]] = {}
    for system, path in hypotheses.items():
        try:
            text = read_beside(path, HYPOTHESES, references[0], len(refs[0]))
        except UserError as error:
            faults.append(str(error))
            continue
        lines[system] = text.lines
        if text.letter:
            notes.append((str(path), f"hypotheses are fairseq-generate's {text.letter}- lines, by number"))
        if (shape := shape_of(text.lines)) and shape not in alike:
            notes.append((str(path), shape))
        elif is_tokenised(text.lines) and not any(map(is_tokenised, refs)):
            said = "these look tokenised, and the references are not; detokenise them first"
            notes.append((str(path), said))
    raise_all(faults)
    srcs = None
    if sources:
        srcs = read_text(sources, SOURCES).lines
        if len(srcs) != len(refs[0]):
            raise UserError(f"{sources} has {len(srcs)} lines but {references[0]} has {len(refs[0])}")
    blank = sorted({n for one in refs for n, line in enumerate(one) if not line.strip()})
    if blank and empty == ERROR:
        raise UserError(_empty_reference(references, refs, blank))
    kept = len(refs[0])
    if blank and empty == DROP:
        left = set(blank)
        refs = [_without(one, left) for one in refs]
        lines = {system: _without(one, left) for system, one in lines.items()}
        srcs = None if srcs is None else _without(srcs, left)
        if not refs[0]:
            raise UserError(f"{references[0]}: every reference is empty, nothing to score against")
    return DirectionText(lines, refs, srcs, kept, len(blank), notes)


def note_lines(notes: Iterable[Note]) -> list[str]:
    """Return notes as lines: one for what is the same of many files, with the first of them."""
    files: dict[str, list[str]] = {}
    for file, what in notes:
        files.setdefault(what, []).append(file)
    return [
        f"{named[0]}{f' and {len(named) - 1} more' if len(named) > 1 else ''}: {what}"
        for what, named in files.items()
    ]


def _without(lines: Sequence[str], left_out: set[int]) -> list[str]:
    return [line for n, line in enumerate(lines) if n not in left_out]


def _empty_reference(files: Sequence[Path], refs: Sequence[Sequence[str]], blank: Sequence[int]) -> str:
    file = next(file for file, one in zip(files, refs, strict=True) if not one[blank[0]].strip())
    more = f" (and {len(blank) - 1} more)" if len(blank) > 1 else ""
    return (
        f"{file}, line {blank[0] + 1}: empty reference{more}; mend it, or choose what is done: "
        "--empty-references count (scored as they are) or drop (left out for all systems); in a config "
        "evaluation.empty_references"
    )


def hash_of(references: Sequence[Path]) -> str:
    """Return what names the references of a direction: their file's SHA-256, of several those of all."""
    hashes = [sha256_of(path) for path in references]
    return hashes[0] if len(hashes) == 1 else "+".join(hashes)
