"""Rebuild references from binarised text, as the published scores were made.

Pieces are joined, an unknown token is ``<<unk>>`` (as fairseq writes it in references), and Moses detokenises
where the text was tokenised. Scores against these (the profile ``paper``) do not compare with scores against
the test set's own text.
"""

import argparse
from collections.abc import Iterable
from pathlib import Path

from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.common.files import write_text
from workflow_scripts.data.mmap_format import MmapReader
from workflow_scripts.data.text import TextOptions, TextProcessor
from workflow_scripts.units.vocabulary import EOS, UNKNOWN, Vocabulary

# fairseq's Dictionary.string with escape_unk, which it uses for references only.
ESCAPED_UNKNOWN = "<<unk>>"


def rebuild(ids: Iterable[int], vocabulary: Vocabulary, processor: TextProcessor) -> str:
    """Return the text of one sentence's ids (``</s>`` is left out). Raises UserError: an id that the
    vocabulary lacks."""
    pieces = []
    for number in ids:
        if number == EOS:
            continue
        if not 0 <= number < len(vocabulary):
            raise UserError(f"id {number} is not of this dictionary, which has {len(vocabulary)}")
        pieces.append(ESCAPED_UNKNOWN if number == UNKNOWN else vocabulary.symbols[number])
    # The published text was never escaped, yet its detokeniser unescaped, sacremoses' default.
    return processor.decode(pieces, unescape=True)


def main(argv: list[str] | None = None) -> None:
    """Command line; see docs/reference/commands.md."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin-prefix", required=True, help="the files are PREFIX.bin and PREFIX.idx")
    parser.add_argument("--lang", required=True)
    parser.add_argument(
        "--text", type=TextOptions.from_json, default=TextOptions(), help="JSON: text options"
    )
    parser.add_argument("--dictionary", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args(argv)
    vocabulary = Vocabulary.read(arguments.dictionary)
    processor = TextProcessor(arguments.lang, arguments.text)
    sentences = MmapReader(arguments.bin_prefix)
    try:
        lines = [rebuild(sentence.tolist(), vocabulary, processor) for sentence in sentences]
    except UserError as error:
        raise UserError(f"{arguments.bin_prefix}: {error}") from None
    write_text(arguments.out, "".join(f"{line}\n" for line in lines))


if __name__ == "__main__":
    run_main(main)
