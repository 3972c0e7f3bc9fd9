"""Turn prepared text into fairseq's binarised form, ``PREFIX.bin`` and ``PREFIX.idx``.

With ``--shards N`` training text is cut in line order into N equal parts, in folders ``shard0`` to
``shard{N-1}``; training reads one an epoch. Other text (``--whole``) is in each folder, as fairseq expects
it. Language tokens are added when a batch is made.
"""

import argparse
import os
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.common.files import read_json, sha256_of, write_json
from workflow_scripts.data.mmap_format import prefix_file, write_dataset
from workflow_scripts.data.readers import read_text_lines
from workflow_scripts.data.text import TextOptions, TextProcessor
from workflow_scripts.units.vocabulary import EOS, UNKNOWN, Vocabulary

FORMAT = "neuronspec-binarised-1"
BLOCK_LINES = 5_000
COUNTED_BYTES = 1 << 20
REPORT_SECONDS = 10.0


@dataclass
class TokenCounts:
    """Sentences, tokens without ``</s>``, and how many of these the dictionary does not know."""

    sentences: int = 0
    tokens: int = 0
    unknown: int = 0


def id_table(subwords: Any, vocabulary: Vocabulary, name: str = "the dictionary") -> npt.NDArray[np.int64]:
    """Return the vocabulary's id of each SentencePiece id, 1-D; ``<unk>`` where it lacks the piece. Raises
    UserError if the dictionary holds pieces that the model cannot produce: it is another model's."""
    pieces = [subwords.id_to_piece(i) for i in range(len(subwords))]
    vocabulary.check_pieces(pieces, name)
    table = np.array([vocabulary.id_of(piece) for piece in pieces], dtype=np.int64)
    # <s> and </s> are no pieces of text: a sentence that spells them must not end early.
    specials = [i for i in range(len(pieces)) if subwords.is_control(i) or subwords.is_unknown(i)]
    table[specials] = UNKNOWN
    return table


def binarised_sentences(
    lines: Iterator[str], processor: TextProcessor, table: npt.NDArray[np.int64], counts: TokenCounts
) -> Iterator[npt.NDArray[np.int64]]:
    """Yield each line's ids with ``</s>``, 1-D; ``counts`` is updated."""
    started = reported = time.monotonic()
    while block := list(islice(lines, BLOCK_LINES)):
        for pieces in processor.encode_ids(block):
            ids = np.empty(len(pieces) + 1, dtype=np.int64)
            ids[:-1] = table[pieces]
            ids[-1] = EOS
            counts.sentences += 1
            counts.tokens += len(pieces)
            counts.unknown += int(np.count_nonzero(ids == UNKNOWN))
            yield ids
        if time.monotonic() - reported > REPORT_SECONDS:
            reported = time.monotonic()
            speed = counts.sentences / (reported - started)
            said = f"binarised {counts.sentences} sentences, {speed:.0f} a second"
            print(said, file=sys.stderr, flush=True)


def count_lines(path: str | Path) -> int:
    """Return the number of lines that ``read_text_lines`` gives."""
    lines, last = 0, b"\n"
    with Path(path).open("rb") as handle:
        while block := handle.read(COUNTED_BYTES):
            lines += block.count(b"\n")
            last = block[-1:]
    return lines + (last != b"\n")


def shard_sizes(lines: int, shards: int) -> list[int]:
    """Return the lines of each shard: equal, the first ones one line longer where it comes out uneven."""
    return [lines // shards + (shard < lines % shards) for shard in range(shards)]


@dataclass
class Part:
    """What was written at a prefix: ``PREFIX.bin`` and ``PREFIX.idx``, and their checksums by ending."""

    prefix: str
    counts: TokenCounts
    sha256: dict[str, str]


def write_parts(
    text_file: Path,
    prefixes: Sequence[str],
    processor: TextProcessor,
    table: npt.NDArray[np.int64],
    vocabulary_size: int,
) -> list[Part]:
    """Encode a text once and write its lines in order, an equal part to each prefix. Raises UserError if
    there are fewer lines than parts."""
    sizes = shard_sizes(count_lines(text_file), len(prefixes))
    if len(prefixes) > 1 and 0 in sizes:
        raise UserError(f"data.shards: {text_file} has {sum(sizes)} lines, too few for {len(sizes)} shards")
    lines = read_text_lines(text_file)
    parts = []
    for prefix, size in zip(prefixes, sizes, strict=True):
        counts = TokenCounts()
        sentences = binarised_sentences(islice(lines, size), processor, table, counts)
        write_dataset(prefix, sentences, vocabulary_size)
        sha256 = {suffix: sha256_of(prefix_file(prefix, suffix)) for suffix in ("bin", "idx")}
        parts.append(Part(prefix, counts, sha256))
    return parts


def sources_of_parts(sources: Sequence[int], parts: Sequence[int]) -> list[list[int]]:
    """Return how many lines of each source each part has; both are runs of lines in the same order."""
    ends = [sum(sources[: place + 1]) for place in range(len(sources))]
    starts = [end - size for end, size in zip(ends, sources, strict=True)]
    out, first = [], 0
    for size in parts:
        last = first + size
        spans = zip(starts, ends, strict=True)
        out.append([max(min(end, last) - max(start, first), 0) for start, end in spans])
        first = last
    return out


def read_sources(statistics: Path | None, sentences: int) -> list[int]:
    """Return the sentences of each source that ``prepare_text`` joined; of one source nothing. Raises
    UserError if the statistics are of another text."""
    if statistics is None:
        return []
    content = read_json(statistics)
    try:
        sizes = [int(source["sentences"]) for source in content["sources"]]
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{statistics}: the statistics lack {error}; delete them and run again") from None
    if sum(sizes) != sentences:
        raise UserError(f"{statistics}: its sources have {sum(sizes)} sentences, the text has {sentences}")
    return sizes


def _link(source: Path, target: Path) -> None:
    """Let ``target`` be the same file, or a copy where the file system has no hard links."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _statistics(
    language: str, counts: TokenCounts, sha256: dict[str, str], made_from: dict[str, str], sources: list[int]
) -> dict[str, Any]:
    numbers = {"sentences": counts.sentences, "tokens": counts.tokens, "unknown_tokens": counts.unknown}
    about = {"format": FORMAT, "language": language, **numbers, "sha256": sha256, "made_from": made_from}
    return {**about, **({"sources": sources} if sources else {})}


def main(argv: list[str] | None = None) -> None:
    """Command line; see docs/reference/commands.md."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--text-file", type=Path, required=True, help="prepared text, one sentence a line")
    parser.add_argument("--lang", required=True)
    parser.add_argument(
        "--text", type=TextOptions.from_json, default=TextOptions(), help="JSON: text options"
    )
    parser.add_argument("--subwords", type=Path, required=True)
    parser.add_argument("--dictionary", type=Path, required=True)
    parser.add_argument("--out-prefix", required=True, help="the files are PREFIX.bin and PREFIX.idx")
    parser.add_argument("--stats", type=Path, required=True)
    parser.add_argument("--shards", type=int, default=1, help="folders shard0 … to cut the text into")
    parser.add_argument("--text-stats", type=Path, help="of a text of several sources, by prepare_text")
    parser.add_argument("--whole", action="store_true", help="the whole text in each shard")
    arguments = parser.parse_args(argv)
    if arguments.shards < 1:
        raise UserError(f"--shards {arguments.shards}: must be at least 1")
    processor = TextProcessor(arguments.lang, arguments.text, arguments.subwords)
    vocabulary = Vocabulary.read(arguments.dictionary)
    table = id_table(processor.subwords, vocabulary, str(arguments.dictionary))
    prefixes = [arguments.out_prefix]
    if arguments.shards > 1:
        place = Path(arguments.out_prefix)
        prefixes = [str(place.parent / f"shard{one}" / place.name) for one in range(arguments.shards)]
    written = prefixes[:1] if arguments.whole else prefixes
    parts = write_parts(arguments.text_file, written, processor, table, len(vocabulary))
    inputs = {"text": arguments.text_file, "subwords": arguments.subwords, "dictionary": arguments.dictionary}
    made_from = {name: sha256_of(path) for name, path in inputs.items()}
    sources = read_sources(arguments.text_stats, sum(part.counts.sentences for part in parts))
    of_parts = sources_of_parts(sources, [part.counts.sentences for part in parts])
    sums = (sum(values) for values in zip(*(astuple(part.counts) for part in parts), strict=True))
    sha256: dict[str, str] = {}
    for part, own in zip(parts, of_parts, strict=True):
        folder = f"{Path(part.prefix).parent.name}/" if len(parts) > 1 else ""
        sha256 |= {folder + suffix: value for suffix, value in part.sha256.items()}
        if arguments.shards > 1:
            statistics = _statistics(arguments.lang, part.counts, part.sha256, made_from, own)
            write_json(prefix_file(part.prefix, "json"), statistics)
    for prefix in prefixes[len(parts) :]:
        for suffix in ("bin", "idx", "json"):
            _link(prefix_file(prefixes[0], suffix), prefix_file(prefix, suffix))
    write_json(arguments.stats, _statistics(arguments.lang, TokenCounts(*sums), sha256, made_from, sources))


if __name__ == "__main__":
    run_main(main)
