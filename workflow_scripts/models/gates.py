"""Gates: masks laid on the units of the network while it runs (Neuron Specialization, section 3.3).

Kinds of gate, of a unit that a mask does not keep:

- ``row`` (FFN): its row of the first weight is zero, its bias is not, so it is the constant act(b1) at every
  position: FFN(x) = W2 act((m o W1) x + b1) + b2, with ReLU as in the released code of Neuron Specialization;
  of a gated FFN its rows of both first layers are zero;
- ``zero``: it is removed, in a gated FFN already at its gate; ``scale:0.5``: it is multiplied; ``mean``: it
  is a given mean at every position;
- ``gradient`` (FFN, heads): the output is the plain network's. A neuron's row of the first weight, or a
  head's rows of query, key and value with their biases, get no gradient; with ``gradient_qkvo`` a head's
  columns of the output projection get none either.

A weight W with mask m enters as m o W + (1 - m) o W', of which W' is a constant. So the gradient is masked in
the pass itself: the gradients of batches of several directions add up to what each of them may change.

Single weights are masked with ``zero``: W o m, and what is left out gets no gradient (LaSS, Lin et al. 2021).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from workflow_scripts.common.errors import UserError, nearest
from workflow_scripts.models.laying import Laying
from workflow_scripts.models.linear import Linear, check_batch
from workflow_scripts.models.sites import Site
from workflow_scripts.models.sliced import SLICED_SHARE, PlainFfn, SlicedFfn
from workflow_scripts.units.gating import GRADIENT_GATES, Gate, parse_gate
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.space import Stack

#: Gates of the weights that are a unit's own: FFN neurons and heads have some.
WEIGHT_GATES = ("row", *GRADIENT_GATES)
#: The places of a byte's bits, the first one first.
PLACES = torch.arange(7, -1, -1, dtype=torch.uint8)


class Gates(Laying):
    """The masks of one network and how they act; one row, or one per sentence, is laid on it at a time."""

    def __init__(
        self,
        network: nn.Module,
        sites: Sequence[Site],
        masks: MaskTable,
        gates: Mapping[str, str] | None = None,
        means: Mapping[str, Tensor] | None = None,
        slices: bool = False,
    ) -> None:
        """Prepare the masks. ``sites``: of their groups, in order. ``gates``: kind of unit -> gate, where not
        those of the masks. ``means``: group key -> [units, width], for gates ``mean``. ``slices``: an FFN
        that loses enough neurons by a ``row`` gate computes the others alone (``SlicedFfn``); taps would see
        them alone, too. Raises UserError for a gate that such units cannot have, or ``mean`` without means.
        """
        self._network = network
        self._masks = masks
        self._sites = sites
        texts = {**masks.gates, **(gates or {})}
        self._gates = {kind: parse_gate(text, kind) for kind, text in texts.items()}
        self._means = means or {}
        for site in self._sites:
            gate = self._gates[site.group.kind]
            if gate.name in WEIGHT_GATES and not site.learned() and site.weights is None:
                raise UserError(f"gate {gate.text!r} cannot be laid on {site.group.key}: use 'zero'")
            if gate.name == "mean" and site.group.key not in self._means:
                raise UserError(f"gate 'mean' needs the means of {site.group.key}")
        self._positions = {name: position for position, name in enumerate(masks.rows)}
        self._sizes = [group.size for group in masks.space.groups]
        #: Of each row and group the units that are kept; where all are, there is nothing to gate.
        parts = masks.space.slices().values()
        self._kept = [[int(row[part].sum()) for part in parts] for row in map(masks.row, masks.rows)]
        # Masks of weights are for the layers' own products.
        self._slices = slices and all(site.weights is None for site in sites)
        self._sliced: list[SlicedFfn] = []
        self._bits = torch.from_numpy(masks.bits)
        self._selected = False
        #: Where masks lie since the selection: on linear layers, and on values, with whether they were used.
        self._linears: dict[str, Linear] = {}
        self._fired: dict[str, bool] = {}
        self._handles: list[RemovableHandle] = []
        self._times = 1

    @property
    def rows(self) -> tuple[str, ...]:
        """The row names, in order."""
        return self._masks.rows

    def select(self, row: str, stack: Stack | None = None) -> None:
        """Lay one row on the network, or on one stack of it, for whole batches, until ``clear``; UserError
        for an unknown name."""
        position = self._position(row)
        kept = self._kept[position]
        if stack is not None:
            there = [site.group.stack == stack for site in self._sites]
            kept = [one if here else size for one, here, size in zip(kept, there, self._sizes, strict=True)]
        self._lay(self._keep(position), kept)

    def select_rows(self, rows: Sequence[str]) -> None:
        """Lay one row per sentence on the network, in batch order; for beam search see ``repeated``.
        UserError where single weights are masked: they are the same for a whole batch."""
        if any(site.weights is not None for site in self._sites):
            raise UserError(f"{self._masks.origin}: masks of weights are for batches of one direction")
        positions = [self._position(row) for row in rows]
        kept = [min(column) for column in zip(*(self._kept[one] for one in positions), strict=True)]
        self._lay(self._keep(positions), kept)

    @contextmanager
    def repeated(self, times: int) -> Iterator[None]:
        """For the block, let the decoder read each sentence so many times, side by side, as a beam search
        does that keeps all sentences until the last one is finished."""
        of_decoder = [one for key, one in self._linears.items() if key.startswith("decoder.")]
        before = [(linear, linear.gate, linear.columns) for linear in of_decoder]
        self._times = times
        try:
            for linear, gate, columns in before:
                linear.gate, linear.columns = (_repeated(one, times) for one in (gate, columns))
            yield
        finally:
            self._times = 1
            for linear, gate, columns in before:
                linear.gate, linear.columns = gate, columns

    def clear(self) -> None:
        """Take every gate away: the network is the plain one again."""
        self._selected = False
        self._fired.clear()
        for linear in self._linears.values():
            linear.gate, linear.mask, linear.columns = None, None, None
            linear.gradient_only, linear.gates_bias = False, False
        self._linears.clear()
        while self._sliced:
            self._sliced.pop().clear()
        while self._handles:
            self._handles.pop().remove()

    def check_fired(self) -> None:
        """Raise RuntimeError naming the groups whose gates were not used since the selection."""
        if not self._selected:
            raise RuntimeError("no mask row is selected")
        used = self._fired | {key: linear.fired > 0 for key, linear in self._linears.items()}
        if silent := [key for key, once in used.items() if not once]:
            raise RuntimeError(f"masks were selected but never used in: {', '.join(silent)}")

    def use(self, row: str, stack: Stack | None = None) -> AbstractContextManager[Self]:
        """Select one row for the block, see ``select``; at its end check that all of it was used."""
        return self._using(lambda: self.select(row, stack))

    def left_out(self, row: str, stack: Stack) -> bytes:
        """Return the bits of what a row leaves out of a stack; empty where it keeps all of it."""
        gone = ~self._masks.row(self.rows[self._position(row)])
        there = [site.group.stack == stack for site in self._sites]
        bits = gone[np.repeat(there, self._sizes)]
        return np.packbits(bits).tobytes() if bits.any() else b""

    def use_rows(self, rows: Sequence[str]) -> AbstractContextManager[Self]:
        """Select one row per sentence for the block; checked and cleared as in ``use``."""
        return self._using(lambda: self.select_rows(rows))

    def _position(self, row: str) -> int:
        if row not in self._positions:
            raise UserError(
                f"no mask row {row!r}; there are {', '.join(self.rows)}{nearest(row, self._positions)}"
            )
        return self._positions[row]

    def _keep(self, rows: int | list[int]) -> Tensor:
        """Return what a row, or rows, keep, on the network's device: bool [units] or [rows, units]."""
        device = next(self._network.parameters()).device
        bits = self._bits[rows].to(device)
        places = PLACES.to(device)
        return (bits[..., None] >> places & 1).flatten(-2)[..., : self._masks.space.size].bool()

    def _lay(self, keep: Tensor, kept: Sequence[int]) -> None:
        self.clear()
        self._selected = True
        # The network may have moved or changed its type since the last selection (fp16 training does).
        dtype = next(self._network.parameters()).dtype
        for site, part, number in zip(self._sites, keep.split(self._sizes, dim=-1), kept, strict=True):
            if number == site.group.size:
                continue
            gate = self._gates[site.group.kind]
            key = site.group.key
            if site.weights is not None:
                self._linears[key] = site.weights
                site.weights.mask, site.weights.fired = part.view(site.weights.out_features, -1), 0
            elif gate.name == "row" and part.dim() == 1 and (ffn := self._to_slice(site, number)):
                self._linears[key], ffn.first.fired = ffn.first, 0
                self._sliced.append(SlicedFfn(ffn, part, number))
            elif gate.name in WEIGHT_GATES:
                self._lay_on_weights(site, part.to(dtype), gate)
            else:
                self._fired[key] = False
                # What is removed is not active either: at its gate, so that taps see it there as well.
                where = site.at_gate() if gate.name == "zero" else site
                self._handles.append(where.hook(self._change(where, part.to(dtype), gate), first=True))

    def _to_slice(self, site: Site, kept: int) -> PlainFfn | None:
        worth = self._slices and kept <= SLICED_SHARE * site.group.size
        return site.plain if worth else None

    def _lay_on_weights(self, site: Site, keep: Tensor, gate: Gate) -> None:
        for key, linear, width, bias, columns in site.learned(outputs=gate.name == "gradient_qkvo"):
            self._linears[key], linear.fired = linear, 0
            keeps = keep.repeat_interleave(width, dim=-1)
            if columns:
                linear.columns = keeps
            else:
                linear.gate, linear.gates_bias = keeps, bias
                linear.gradient_only = gate.name in GRADIENT_GATES

    def _change(self, site: Site, keep: Tensor, gate: Gate) -> Callable[[Tensor], Tensor]:
        channels = keep.repeat_interleave(site.width, dim=-1)
        factor, added = channels + (1 - channels) * (gate.factor or 0.0), None
        if gate.name == "mean":
            added = (1 - channels) * self._means[site.group.key].to(channels).flatten()

        def change(values: Tensor) -> Tensor:
            times = self._times if site.group.stack == "decoder" else 1
            factors, more = _repeated(factor, times), _repeated(added, times)
            if keep.dim() > 1:
                check_batch(factors, values)
            self._fired[site.group.key] = True
            return values * factors if more is None else values * factors + more

        return change


def _repeated(gate: Tensor | None, times: int) -> Tensor | None:
    """Return gates [B, …] of sentences that are read so many times each, side by side; others as they are."""
    return gate if gate is None or gate.dim() == 1 or times == 1 else gate.repeat_interleave(times, dim=0)
