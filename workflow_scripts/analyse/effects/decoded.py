"""Translations under many masks, scored by sacrebleu: the beam search of the model's library, masks on it."""

import argparse
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass

import torch

from workflow_scripts.analyse.stage_options import is_object_of_texts
from workflow_scripts.common.checked_options import at_least, json_object
from workflow_scripts.common.errors import UserError
from workflow_scripts.common.parallel_text import REFERENCES, SOURCES, file_of, read_text
from workflow_scripts.evaluate.metrics import DEFAULT_TOKENIZER, Scoring
from workflow_scripts.models.port import Intervention, Port
from workflow_scripts.translate.decoding_options import DecodingOptions
from workflow_scripts.translate.live_engine import LiveEngine
from workflow_scripts.translate.pipeline import Progress
from workflow_scripts.translate.session import Session
from workflow_scripts.units.system import SystemFolder

#: BLEU and chrF2++, as ``evaluate.metrics`` names them.
METRICS = ("bleu", "chrf")


def add_translations(parser: argparse.ArgumentParser) -> None:
    """Add the options that ask for translations."""
    parser.add_argument("--metrics", nargs="*", choices=METRICS, default=[], help="of translations, too")
    parser.add_argument("--decoded-sentences", type=int, help="translate the first so many")
    parser.add_argument("--sources", help="pattern of raw text, for --metrics")
    parser.add_argument("--references", help="pattern of raw text, for --metrics")
    parser.add_argument("--tokenizers", default="{}", help="JSON, target language to BLEU's tokenizer")


def checked_tokenizers(arguments: argparse.Namespace) -> dict[str, str]:
    """Return the tokenizers; UserError where options of ``add_translations`` do not fit each other."""
    at_least("decoded-sentences", arguments.decoded_sentences, 1)
    if arguments.metrics and None in (arguments.sources, arguments.references):
        raise UserError("--metrics: translations need --sources and --references")
    return json_object("tokenizers", arguments.tokenizers, {"zh": "zh"}, is_object_of_texts)


@dataclass(frozen=True)
class Decoded:
    """``scores``: metric → the corpus score of each row, 0-100. ``signatures``: metric → sacrebleu's."""

    scores: dict[str, list[float]]
    signatures: dict[str, str]


def read_pairs(
    sources: str, references: str, direction: str, sentences: int | None = None
) -> tuple[list[str], list[str]]:
    """Return the first so many lines of raw text of a direction, by patterns of file names; pairs with an
    empty line are left out."""
    sides = [
        read_text(file_of(pattern, direction), kind).lines[:sentences]
        for pattern, kind in ((sources, SOURCES), (references, REFERENCES))
    ]
    pairs = [pair for pair in zip(*sides, strict=True) if all(line.strip() for line in pair)]
    return [source for source, _ in pairs], [reference for _, reference in pairs]


def decoded_scores(
    port: Port,
    system: SystemFolder,
    direction: str,
    masks: Intervention,
    rows: Sequence[str | None],
    sources: Sequence[str],
    references: Sequence[str],
    *,
    metrics: Sequence[str] = METRICS,
    options: DecodingOptions | None = None,
    tokenizer: str = DEFAULT_TOKENIZER,
) -> Decoded:
    """Translate lines of raw text under each of ``rows`` (None: no mask) and score them.

    ``port``: the system's. ``sources``, ``references``: n lines each. A system's own weights, adapters and
    masks of the direction are laid, too. Rows that leave out the same units are translated once. UserError: a
    port that cannot generate, or not as many references as sources.
    """
    if len(sources) != len(references) or not sources:
        raise UserError(f"{direction}: {len(sources)} sources and {len(references)} references")
    options = options or DecodingOptions(threads=torch.get_num_threads())
    engine = LiveEngine(system, direction, options, port)
    session = Session(system.folder, direction, engine, options, system.more_masks)
    scoring = [Scoring(metric, references, tokenizer) for metric in metrics]
    found: dict[tuple[bytes, bytes], list[float]] = {}
    scores: dict[str, list[float]] = {metric: [] for metric in metrics}
    for row in rows:
        part = (b"", b"") if row is None else (masks.left_out(row, "encoder"), masks.left_out(row, "decoder"))
        if part not in found:
            with nullcontext() if row is None else masks.use(row):
                hypotheses = list(session.translate(sources, Progress(len(sources), sys.stderr)))
            found[part] = [one.score(one.statistics(hypotheses)) for one in scoring]
        for metric, score in zip(metrics, found[part], strict=True):
            scores[metric].append(score)
    return Decoded(scores, {one.name: one.signature for one in scoring})
