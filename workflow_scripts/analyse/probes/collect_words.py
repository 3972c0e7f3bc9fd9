"""Values of units for labelled words of a model that brings its own tokenizer, without a system folder.

``collect_units`` is the same for directions of translation, of texts that were labelled beforehand.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from workflow_scripts.analyse.probes.collect_units import Wanted, collect
from workflow_scripts.analyse.probes.parts import Part, batch_tokens
from workflow_scripts.analyse.probes.word_values import Words
from workflow_scripts.common.directions import ends_of
from workflow_scripts.common.errors import UserError
from workflow_scripts.common.files import atomic_path, sha256_of
from workflow_scripts.common.labelled_text import LabelledLine, LabelledWord
from workflow_scripts.models.port import WordsPort
from workflow_scripts.units.space import Stack, UnitSpace

#: Words of a sentence, each with its labels by property.
LabelledSentence = Sequence[tuple[str, Mapping[str, str]]]


def part_of_words(
    port: WordsPort,
    name: str,
    sentences: Sequence[LabelledSentence],
    units: int,
    stack: Stack = "encoder",
) -> Part:
    """Return labelled sentences in the pieces of a model. ``name``: of the text; of a model that translates
    a direction, whose source it is. ``units``: how many are collected, of the ``stack`` that reads the text:
    the decoder is that of a language model.
    UserError: no sentence, or a word without a piece."""
    if not sentences:
        raise UserError(f"{name}: no sentences; probes need labelled words")
    lines, ids = [], []
    for number, sentence in enumerate(sentences):
        words: list[LabelledWord] = []
        of_line: list[int] = []
        for (form, labels), pieces in zip(sentence, port.pieces([form for form, _ in sentence]), strict=True):
            words.append(LabelledWord(form, len(of_line), len(of_line) + len(pieces), labels))
            of_line += pieces
        lines.append(LabelledLine(number, list(map(str, of_line)), words))
        ids.append(of_line)
    source, target = ends_of(name)
    read = [(one, []) if stack == "encoder" else ([], one) for one in ids]
    task = port.pairs(name, (source or target, target), read)
    return Part(name, port.batches(task, batch_tokens(units)), lines, ids)


def collect_words(
    port: WordsPort,
    sentences: Sequence[LabelledSentence],
    space: UnitSpace,
    out_values: Path,
    out_words: Path,
    *,
    system: str,
    name: str = "text",
    pieces: str = "last",
    weights_sha256: str | None = None,
) -> Words:
    """Write the values of a space's units, of one stack, for the words of sentences; return these words.

    ``out_values``: .npy, float16 [words, units]; ``out_words``: .json. ``system``: the model's name in
    tables, ``baseline`` for the one that others are compared with. ``pieces``: ``last``, ``first`` or
    ``mean``. ``weights_sha256``: of a system, to which scores and masks of these words belong. UserError as
    ``part_of_words`` and ``collect``.
    """
    part = part_of_words(port, name, sentences, space.size, space.groups[0].stack)
    with atomic_path(out_values) as temporary, temporary.open("wb") as handle:
        columns = collect(port, [part], space, Wanted(pieces), handle)
    facts: dict[str, Any] = {
        "system": system,
        **({} if weights_sha256 is None else {"weights_sha256": weights_sha256}),
        "stack": space.groups[0].stack,
        "units": list(space.kinds),
        "pieces": pieces,
        "directions": [name],
        "sentences": {name: len(part.kept)},
        "skipped_sentences": {name: part.batches.skipped},
        "values_sha256": sha256_of(out_values),
    }
    words = Words(**columns, space=space, facts=facts)
    words.write(out_words)
    return words
