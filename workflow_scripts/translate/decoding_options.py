"""Decoding options, the same for every engine and for both command lines of this stage."""

import argparse
import math
from dataclasses import dataclass, fields

from workflow_scripts.common.checked_options import at_least
from workflow_scripts.common.errors import UserError

CTRANSLATE2 = "ctranslate2"
#: It, and the library that a model is of.
ENGINES = (CTRANSLATE2, "fairseq", "huggingface")
COMPUTE_TYPES = ("float32", "int8", "float16")
RANKINGS = ("native", "fairseq")


@dataclass(frozen=True)
class DecodingOptions:
    """How to search.

    ``length_penalty``: exponent of the length that a score is divided by. ``max_length``: most target tokens,
    the language token counted, ``</s>`` not (fairseq's ``--max-len-b``). ``batch_tokens``: source tokens in a
    batch, padding included. CTranslate2 alone has ``compute_type`` (float16 needs a GPU, the others run on
    the CPU) and ``ranking``: whose length normalisation orders the last beam.
    """

    beam: int = 5
    length_penalty: float = 1.0
    max_length: int = 200
    batch_tokens: int = 900
    compute_type: str = "float32"
    threads: int = 1
    ranking: str = "native"

    def __post_init__(self) -> None:
        for name in ("beam", "max_length", "batch_tokens", "threads"):
            at_least(name.replace("_", "-"), getattr(self, name), 1)
        if not (math.isfinite(self.length_penalty) and self.length_penalty >= 0):
            raise UserError(f"--length-penalty {self.length_penalty}: must be a number of at least 0")


def add_decoding_arguments(parser: argparse.ArgumentParser) -> None:
    """Add one argument per decoding option, and the choice of engine."""
    default = DecodingOptions()
    parser.add_argument("--engine", choices=ENGINES, default=ENGINES[0])
    parser.add_argument("--beam", type=int, default=default.beam)
    parser.add_argument("--length-penalty", type=float, default=default.length_penalty)
    parser.add_argument("--max-length", type=int, default=default.max_length)
    parser.add_argument("--batch-tokens", type=int, default=default.batch_tokens)
    parser.add_argument("--compute-type", choices=COMPUTE_TYPES, default=default.compute_type)
    parser.add_argument("--threads", type=int, default=default.threads)
    parser.add_argument("--ranking", choices=RANKINGS, default=default.ranking)


def decoding_options(arguments: argparse.Namespace) -> DecodingOptions:
    """Return the options that ``add_decoding_arguments`` parsed; UserError for a value out of range."""
    return DecodingOptions(**{one.name: getattr(arguments, one.name) for one in fields(DecodingOptions)})
