"""Decode one direction of a system with CTranslate2, without the library that the model is of.

Masks are part of the weights: feed-forward layers become smaller, which is exact, and faster. As in fairseq,
``<unk>`` may be generated and nothing is copied from the source.
"""

import os
import tempfile
from collections.abc import Iterator, Sequence
from importlib import import_module

import ctranslate2
from ctranslate2.specs import TransformerSpec

from workflow_scripts.common.errors import DamagedFileError, UserError
from workflow_scripts.translate import spec_builder
from workflow_scripts.translate.codecs import Codec, codec_of
from workflow_scripts.translate.decoding_options import DecodingOptions
from workflow_scripts.translate.int8_weights import quantise_weights
from workflow_scripts.translate.markers import strip_markers
from workflow_scripts.translate.merged_weights import weights_of
from workflow_scripts.translate.network_layout import GroupMask
from workflow_scripts.translate.rank import best_hypothesis
from workflow_scripts.units.description import DEFAULT_PORT
from workflow_scripts.units.gating import GRADIENT_GATES, parse_gate
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.system import SystemFolder

MEMORY_FOLDER = "/dev/shm"


def group_masks(masks: MaskTable, port: str = DEFAULT_PORT) -> dict[str, GroupMask]:
    """Split the one row of a table into a mask for each group of which it leaves units out, by its key, but
    for single weights. ``port``: the engine that has all gates. Raises UserError where a feed-forward layer
    keeps no unit, and for units and gates that cannot be expressed by other weights."""
    found = {}
    row = masks.row(masks.rows[0])
    for key, part in masks.space.slices().items():
        keep, kind = row[part], masks.space.group(key).kind
        gate = parse_gate(masks.gates[kind], kind)
        if keep.all() or gate.name in GRADIENT_GATES or kind == "weight":
            continue
        if kind == "resid" or gate.name == "mean":
            raise UserError(
                f"{masks.origin}: mask group {key!r}: ctranslate2 has no gate {gate.text!r} for units of kind"
                f" {kind!r}; use --engine {port}"
            )
        if gate.name == "row" and not keep.any():
            raise UserError(
                f"{masks.origin}: mask group {key!r} keeps no unit; ctranslate2 has no layer without"
                f" any; use --engine {port}, or make the masks again"
            )
        found[key] = GroupMask(keep, None if gate.name == "row" else gate.factor or 0.0)
    return found


def direction_spec(system: SystemFolder, direction: str, longest: int, codec: Codec) -> TransformerSpec:
    """Return the weights of a system for one direction, masks and LoRA included, as CTranslate2 has them.
    ``longest``: tokens of a target. ``codec``: the direction's. UserError if they do not fit together."""
    masks, file = system.masks_of(direction), system.weights_of(direction)
    removed = {} if masks is None else group_masks(masks, system.port)
    builder = spec_builder
    if system.port != DEFAULT_PORT:
        # By name: jobs of fairseq's systems are not run again where it changes.
        builder = import_module(f"workflow_scripts.translate.{system.port}_spec")
    weights = weights_of(system, direction, masks, builder.names_of(system.architecture).weight)
    positions = max(codec.sequences.positions, longest) + 1
    try:
        spec: TransformerSpec = builder.direction_spec(
            weights, system.architecture, codec, removed, positions
        )
    except DamagedFileError:  # which says all
        raise
    except UserError as error:
        raise UserError(f"{file}: {error}; export the system again") from None
    return spec


def load_translator(spec: TransformerSpec, options: DecodingOptions) -> ctranslate2.Translator:
    """Return a translator of a specification; UserError for float16 without a GPU."""
    device = "cuda" if options.compute_type == "float16" else "cpu"
    if device == "cuda" and not ctranslate2.get_cuda_device_count():
        raise UserError("--compute-type float16 needs a GPU, and there is none: use float32 or int8")
    spec.optimize()
    if options.compute_type == "int8":
        quantise_weights(spec)
    memory = MEMORY_FOLDER if os.access(MEMORY_FOLDER, os.W_OK) else None
    # CTranslate2 looks at a file's size, so it cannot be a pipe. Given as bytes, it would keep them.
    with tempfile.TemporaryDirectory(prefix="neuronspec-", dir=memory) as folder:
        spec.save(folder)
        # Workers of one thread each: batches are independent, so this is faster than threads inside a batch.
        return ctranslate2.Translator(
            folder,
            device=device,
            compute_type=options.compute_type,
            inter_threads=options.threads,
            intra_threads=1,
        )


class CTranslate2Engine:
    """One direction of one system, loaded and ready."""

    def __init__(
        self, system: SystemFolder, direction: str, options: DecodingOptions, codec: Codec | None = None
    ) -> None:
        """Load ``direction`` of ``system``; UserError if there is none or it does not fit together.
        ``codec``: the direction's, where it is loaded already."""
        system.verify(direction)
        self.codec = codec or codec_of(system, direction)
        self._sequences = self.codec.sequences
        self._options = options
        # fairseq lets </s> follow max_length tokens; CTranslate2's limit counts it.
        self._max_length = min(options.max_length, self._sequences.positions - 1)
        self._limit = self._max_length + 1
        spec = direction_spec(system, direction, self._limit, self.codec)
        self._translator = load_translator(spec, options)

    def translate(self, sentences: Sequence[Sequence[str]]) -> Iterator[list[str]]:
        """Yield the best hypothesis of each sentence in order; all are pieces without markers, none empty."""
        before, prefix = self._sequences.before, self._sequences.prefix
        sources = [[*before, *pieces] for pieces in sentences]
        ranked = self._options.ranking == "fairseq"
        results = self._translator.translate_batch(
            sources,
            target_prefix=None if prefix is None else [[prefix]] * len(sources),
            max_batch_size=self._options.batch_tokens,
            batch_type="tokens",
            asynchronous=True,
            beam_size=self._options.beam,
            num_hypotheses=self._options.beam if ranked else 1,
            length_penalty=self._options.length_penalty,
            min_decoding_length=self._sequences.shortest,
            max_decoding_length=self._limit,
            max_input_length=0,
            suppress_sequences=[[self._sequences.padding]],  # never generated
        )
        if ranked:
            yield from self._ranked(sources, [result.result().hypotheses for result in results])
        else:
            for result in results:
                yield self._text_pieces(result.result().hypotheses[0])

    def _text_pieces(self, hypothesis: Sequence[str]) -> list[str]:
        return strip_markers(hypothesis[: self._max_length], self._sequences.markers)

    def _ranked(
        self, sources: Sequence[list[str]], hypotheses: Sequence[Sequence[list[str]]]
    ) -> Iterator[list[str]]:
        """Yield of each sentence's hypotheses the one that fairseq's normalisation puts first."""
        pairs = [
            (source, candidate[: self._max_length])
            for source, candidates in zip(sources, hypotheses, strict=True)
            for candidate in candidates
        ]
        scored = iter(
            self._translator.score_batch(
                [source for source, _ in pairs],
                [candidate for _, candidate in pairs],
                max_batch_size=self._options.batch_tokens,
                batch_type="tokens",
                max_input_length=0,
            )
        )
        for candidates in hypotheses:
            scores = [next(scored).log_probs for _ in candidates]
            yield self._text_pieces(candidates[best_hypothesis(scores, self._options.length_penalty)])
