"""The units of a model and their flat numbering: flat id = offset of the group + index in the group.

Every file about units holds its space as JSON text.
"""

import json
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal, Self, get_args

import numpy as np
from numpy.typing import NDArray

Kind = Literal["ffn", "head", "resid", "weight"]
Stack = Literal["encoder", "decoder"]
KINDS: tuple[Kind, ...] = get_args(Kind)
#: Kinds that have values while the model runs; the weights of its layers have none.
VALUED = KINDS[:-1]
STACKS: tuple[Stack, ...] = get_args(Stack)
#: fairseq's names of a layer's attentions.
ATTENTIONS = {"self": "self_attn", "cross": "encoder_attn"}


@dataclass(frozen=True)
class UnitGroup:
    """``size`` units of one ``kind`` in one layer.

    ``key``: ``encoder.0.ffn``, ``encoder.0.self`` and ``decoder.0.cross`` (heads), ``decoder.0.resid``; of
    single weights, row by row, ``encoder.0.self.q`` (``k``, ``v``, ``out``), ``encoder.0.fc1`` and ``fc2``.
    """

    key: str
    kind: Kind
    stack: Stack
    layer: int
    size: int

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"group {self.key!r}: unknown kind {self.kind!r}")
        if self.stack not in STACKS:
            raise ValueError(f"group {self.key!r}: unknown stack {self.stack!r}")
        if self.layer < 0 or self.size < 1:
            raise ValueError(f"group {self.key!r}: layer {self.layer} or size {self.size} is too small")

    @property
    def type(self) -> str:
        """Its key without the layer: ``encoder.ffn``, ``decoder.cross``."""
        return self.key.replace(f".{self.layer}.", ".", 1)


@dataclass(frozen=True)
class UnitSpace:
    """An ordered list of groups; units are numbered through them without gaps."""

    groups: tuple[UnitGroup, ...]

    def __init__(self, groups: Iterable[UnitGroup]) -> None:
        object.__setattr__(self, "groups", tuple(groups))
        keys = [group.key for group in self.groups]
        if not keys or len(set(keys)) != len(keys):
            raise ValueError(f"a unit space needs groups with distinct keys, got {keys}")

    @cached_property
    def _starts(self) -> tuple[int, ...]:
        starts = [0]
        for group in self.groups:
            starts.append(starts[-1] + group.size)
        return tuple(starts)

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {group.key: position for position, group in enumerate(self.groups)}

    @property
    def size(self) -> int:
        """The number of units N."""
        return self._starts[-1]

    @property
    def keys(self) -> tuple[str, ...]:
        """The group keys in order."""
        return tuple(group.key for group in self.groups)

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of its units, each once, in order."""
        return tuple(dict.fromkeys(group.kind for group in self.groups))

    def group(self, key: str) -> UnitGroup:
        """Return the group named ``key``; KeyError if there is none."""
        return self.groups[self._positions[key]]

    def slice_of(self, key: str) -> slice:
        """Return the flat ids of one group as a slice; KeyError if there is no such group."""
        position = self._positions[key]
        return slice(self._starts[position], self._starts[position + 1])

    def slices(self) -> dict[str, slice]:
        """Return every group's slice of flat ids, in order."""
        return {group.key: self.slice_of(group.key) for group in self.groups}

    def types(self) -> dict[str, NDArray[np.int64]]:
        """Return the flat ids of every type of units, all layers together: ``encoder.ffn`` → [units]."""
        found: dict[str, list[NDArray[np.int64]]] = {}
        for group, span in zip(self.groups, self.slices().values(), strict=True):
            found.setdefault(group.type, []).append(np.arange(span.start, span.stop))
        return {name: np.concatenate(ids) for name, ids in found.items()}

    def flat(self, key: str, index: int) -> int:
        """Return the flat id of unit ``index`` of a group; IndexError outside the group."""
        position = self._positions[key]
        size = self.groups[position].size
        if not 0 <= index < size:
            raise IndexError(f"group {key!r} has {size} units, not unit {index}")
        return self._starts[position] + index

    def locate(self, flat_id: int) -> tuple[str, int]:
        """Return ``(group key, index)`` of a flat id: the inverse of ``flat``; IndexError outside it."""
        if not 0 <= flat_id < self.size:
            raise IndexError(f"the space has {self.size} units, not unit {flat_id}")
        position = bisect_right(self._starts, flat_id) - 1
        return self.groups[position].key, flat_id - self._starts[position]

    def part(self, kinds: Collection[str] | None = None, stacks: Collection[str] | None = None) -> Self:
        """Return the groups of these kinds and stacks (None: of all), in order; ValueError if none is."""
        return type(self)(
            group
            for group in self.groups
            if (kinds is None or group.kind in kinds) and (stacks is None or group.stack in stacks)
        )

    def ids_of(self, part: "UnitSpace") -> NDArray[np.int64]:
        """Return the flat ids here of a part's units, int64 [part.size]; ValueError if it is not a part."""
        rest = iter(self.groups)
        if not all(group in rest for group in part.groups):
            raise ValueError(f"not a part of this space: {self.difference(part)}")
        spans = (self.slice_of(key) for key in part.keys)
        return np.concatenate([np.arange(span.start, span.stop) for span in spans])

    def difference(self, other: "UnitSpace") -> str:
        """Say in words why another space is not a part of this one."""
        stacks = {group.stack for group in other.groups}
        own = [group for group in self.groups if group.kind in other.kinds and group.stack in stacks]
        size = sum(group.size for group in own)
        if (other.size, len(other.groups)) != (size, len(own)):
            return f"{other.size} units in {len(other.groups)} groups, not {size} in {len(own)}"
        this, its = next((a, b) for a, b in zip(own, other.groups, strict=True) if a != b)
        return f"{its.size} units of {its.key} where it has {this.size} of {this.key}"

    def to_json(self) -> str:
        """Return the space as one canonical line of JSON: equal spaces give equal text."""
        return json.dumps([asdict(group) for group in self.groups], separators=(",", ":"), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what ``to_json`` wrote; ValueError or TypeError if it is something else."""
        groups: list[dict[str, Any]] = json.loads(text)
        return cls(UnitGroup(**group) for group in groups)


def model_space(architecture: Mapping[str, Any], kinds: Collection[str] = ("ffn",)) -> UnitSpace:
    """Return the units of a model by its ``architecture`` block (that of system.json).

    FFN neurons come first, then heads, residual dimensions and weights; of each the encoder's layers first,
    in a layer ``self`` before ``cross``, and these before ``fc1`` and ``fc2``. Where the stacks differ the
    block has ``encoder_ffn_dim`` and ``decoder_ffn_dim``, and heads likewise. A language model has no encoder
    layers, and so no ``cross``.
    """

    def groups() -> Iterator[UnitGroup]:
        for kind in KINDS:
            for stack in STACKS if kind in kinds else ():
                for layer in range(architecture[f"{stack}_layers"]):
                    for name, size in _in_layer(kind, stack, architecture):
                        yield UnitGroup(f"{stack}.{layer}.{name}", kind, stack, layer, size)

    return UnitSpace(groups())


def _in_layer(kind: Kind, stack: Stack, architecture: Mapping[str, Any]) -> list[tuple[str, int]]:
    if kind == "weight":
        return [
            (name, rows * columns) for name, (rows, columns) in weight_shapes(stack, architecture).items()
        ]
    if kind == "head":
        return [(name, _size("heads", stack, architecture)) for name in _attentions(stack, architecture)]
    return [(kind, _size("ffn_dim", stack, architecture) if kind == "ffn" else architecture["model_dim"])]


def _size(name: str, stack: Stack, architecture: Mapping[str, Any]) -> int:
    """Return a stack's own size, ``encoder_ffn_dim``, or that of both."""
    own = f"{stack}_{name}"
    size: int = architecture[own] if own in architecture else architecture[name]
    return size


def _attentions(stack: Stack, architecture: Mapping[str, Any]) -> tuple[str, ...]:
    reads_encoder = stack == "decoder" and architecture.get("encoder_layers") != 0
    return ("self", "cross")[: 1 + reads_encoder]


def weight_shapes(stack: Stack, architecture: Mapping[str, Any]) -> dict[str, tuple[int, int]]:
    """Return the weight matrices of a layer, of attention and FFN: name -> (outputs, inputs)."""
    width, neurons = architecture["model_dim"], _size("ffn_dim", stack, architecture)
    square = {
        f"{name}.{part}": (width, width)
        for name in _attentions(stack, architecture)
        for part in ("q", "k", "v", "out")
    }
    return {**square, "fc1": (neurons, width), "fc2": (width, neurons)}


def ffn_space(encoder_layers: int, decoder_layers: int, ffn_dim: int) -> UnitSpace:
    """Return the space of all FFN neurons: encoder layers then decoder layers, ``ffn_dim`` units each."""
    sizes = {"encoder_layers": encoder_layers, "decoder_layers": decoder_layers, "ffn_dim": ffn_dim}
    return model_space(sizes)
