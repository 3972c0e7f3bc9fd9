"""Exchange values of units with NeuroX's activation files, in either direction.

``--to`` writes the values of ``collect_units``, its layers as layers, its labelled words as tokens. ``--of``
reads a file of another program, so that ``fit_probes`` takes its values; labels are a text of as many lines
and blanks as the file has sentences and tokens.
"""

import argparse
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from workflow_scripts.analyse.probes.activation_files import Activations, read_activations, write_activations
from workflow_scripts.analyse.probes.word_values import Words, read_values
from workflow_scripts.common.errors import UserError, nearest, run_main
from workflow_scripts.common.files import atomic_path, sha256_of
from workflow_scripts.common.parallel_text import read_lines
from workflow_scripts.units.space import VALUED, Kind, Stack, UnitGroup, UnitSpace

#: What values of another program count as.
STACK: Stack = "encoder"
KIND: Kind = "resid"


def sentences_of(values: Path, words: Words, kind: str) -> Iterator[Activations]:
    """Yield each sentence's values of one kind of units, a layer a group; UserError: no such units."""
    spans = [
        (group, span)
        for group, span in zip(words.space.groups, words.space.slices().values(), strict=True)
        if group.kind == kind
    ]
    if not spans:
        kinds = words.space.kinds
        raise UserError(f"--kind: no units of {kind!r}{nearest(kind, kinds)}; there are {', '.join(kinds)}")
    array = read_values(values, words)
    keys = zip(words.directions, words.lines, strict=True)
    start = 0
    for _, rows in itertools.groupby(keys):
        stop = start + sum(1 for _ in rows)
        block = np.stack([np.asarray(array[start:stop, span], dtype=np.float32) for _, span in spans])
        yield Activations(words.forms[start:stop], block, list(range(len(spans))))
        start = stop


def read_words(
    path: Path, sentences: Sequence[Activations], labels: Sequence[str] | None, name: str
) -> Words:
    """Return the words of a file's sentences. ``labels``: a line a sentence, a label a token. UserError: the
    sentences differ in their layers or sizes, or the labels do not fit them."""
    if not sentences:
        raise UserError(f"{path}: no sentence")
    first = sentences[0]
    found = [line.split() for line in labels] if labels is not None else None
    if found is not None and len(found) != len(sentences):
        raise UserError(f"--labels: {len(found)} lines for {len(sentences)} sentences; one each is needed")
    for number, sentence in enumerate(sentences):
        if (sentence.layers, sentence.values.shape[2]) != (first.layers, first.values.shape[2]):
            raise UserError(f"{path}, sentence {number + 1}: other layers or sizes than the first one")
        if found is not None and len(found[number]) != len(sentence.tokens):
            raise UserError(
                f"--labels, line {number + 1}: {len(found[number])} labels for {len(sentence.tokens)} tokens"
            )
    sizes = [len(sentence.tokens) for sentence in sentences]
    return Words(
        forms=[token for sentence in sentences for token in sentence.tokens],
        lines=[number for number, size in enumerate(sizes) for _ in range(size)],
        places=[place for size in sizes for place in range(size)],
        directions=["xx-xx"] * sum(sizes),
        labels={} if found is None else {name: [label for line in found for label in line]},
        space=UnitSpace(
            UnitGroup(f"{STACK}.{layer}.{KIND}", KIND, STACK, layer, first.values.shape[2])
            for layer in first.layers
        ),
        facts={"system": path.stem, "stack": STACK, "file_sha256": sha256_of(path)},
    )


def main(argv: list[str] | None = None) -> None:
    """Write or read an activation file."""
    parser = argparse.ArgumentParser(description="Exchange values of units with activation files.")
    parser.add_argument("--values", type=Path, required=True, help=".npy of collect_units, read or written")
    parser.add_argument("--words", type=Path, required=True, help=".json of collect_units, read or written")
    way = parser.add_mutually_exclusive_group(required=True)
    way.add_argument("--to", type=Path, help="activation file to write")
    way.add_argument("--of", type=Path, help="activation file to read")
    parser.add_argument("--kind", default="ffn", choices=VALUED, help="with --to: units, a layer a group")
    parser.add_argument("--layers", type=int, nargs="+", help="only these, from 0")
    parser.add_argument("--decompose", action="store_true", help="with --to: a file for each layer")
    parser.add_argument("--labels", type=Path, help="with --of: a line a sentence, a label a token")
    parser.add_argument("--property", default="label", help="with --labels: what they are called")
    arguments = parser.parse_args(argv)
    if arguments.to is not None:
        words = Words.read(arguments.words)
        sentences = list(sentences_of(arguments.values, words, arguments.kind))
        for file in write_activations(arguments.to, sentences, arguments.layers, arguments.decompose):
            print(file)
        return
    sentences = list(read_activations(arguments.of, arguments.layers))
    labels = None if arguments.labels is None else read_lines(arguments.labels)
    words = read_words(arguments.of, sentences, labels, arguments.property)
    flat = np.concatenate([sentence.flat for sentence in sentences]).astype(np.float16)
    if not np.isfinite(flat).all():
        raise UserError(f"{arguments.of}: a value is beyond float16")
    with atomic_path(arguments.values) as temporary:
        np.save(temporary, flat)
    words.write(arguments.words)


if __name__ == "__main__":
    run_main(main)
