"""What the sequences that a system reads and writes are made of: its symbols, and what they mean."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Symbols:
    """``source``, ``target``: those of each side's vocabulary in the model's order. ``start``: what the
    decoder reads first; ``end``: what ends a sequence; ``unknown``: what stands for text that has none."""

    source: Sequence[str]
    target: Sequence[str]
    start: str
    end: str
    unknown: str


@dataclass(frozen=True)
class Sequences:
    """The sequences of one direction. ``before``: what begins a source, in front of its text. ``prefix``:
    what begins a target and is given in decoding, if something is. ``padding`` is never generated.
    ``markers``: symbols that are never text. ``positions``: of the longest sequence, all of these in it.
    ``shortest``: tokens that ``end`` has to be behind in a target, ``prefix`` among them."""

    symbols: Symbols
    before: tuple[str, ...]
    prefix: str | None
    padding: str
    markers: frozenset[str]
    positions: int
    shortest: int = 1


@dataclass(frozen=True)
class Computing:
    """What a network computes with beside its weights and what its architecture says.

    ``scale_embeddings``: by the root of the model dimension. ``output_scale``: of the decoder's states,
    before they become logits. ``epsilon``: of the norms. ``head_size``: channels of an attention head; 0:
    heads share the model dimension. ``distance``: the largest one that relative positions tell apart.
    ``first_position``: row of the first token among sinusoidal positions.
    """

    scale_embeddings: bool
    output_scale: float = 1.0
    epsilon: float = 1e-5
    head_size: int = 0
    distance: int = 0
    first_position: int = 0
