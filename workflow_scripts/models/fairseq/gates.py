"""Gates: masks laid on the units of the network while it runs (Neuron Specialization, section 3.3).

Kinds of gate, of a unit that a mask does not keep:

- ``row`` (FFN): its row of the first weight is zero, its bias is not, so it is the constant ReLU(b1) at every
  position: FFN(x) = W2 ReLU((m o W1) x + b1) + b2, as in the released code of Neuron Specialization;
- ``zero``: it is removed; ``scale:0.5``: it is multiplied; ``mean``: it is a given mean at every position;
- ``gradient`` (FFN): the output is the plain network's, its row of the first weight gets no gradient.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Self

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from workflow_scripts.common.errors import UserError, nearest
from workflow_scripts.models.fairseq.layers import check_batch
from workflow_scripts.models.fairseq.sites import Site, sites_of
from workflow_scripts.units.gating import Gate, parse_gate
from workflow_scripts.units.mask_table import MaskTable

#: Gates of the layer whose output rows the units are: only FFN neurons have one.
ROW_GATES = ("row", "gradient")


class Gates:
    """The masks of one network and how they act; one row, or one per sentence, is laid on it at a time."""

    def __init__(
        self,
        network: nn.Module,
        masks: MaskTable,
        gates: Mapping[str, str] | None = None,
        means: Mapping[str, Tensor] | None = None,
    ) -> None:
        """Prepare the masks. ``gates``: kind of unit -> gate, where not those of the masks. ``means``: group
        key -> [units, width], for gates ``mean``. Raises UserError for a gate that such units cannot have, or
        ``mean`` without means; ValueError for units that the network lacks."""
        self._network = network
        self._masks = masks
        self._sites = sites_of(network, masks.space)
        texts = {**masks.gates, **(gates or {})}
        self._gates = {kind: parse_gate(text, kind) for kind, text in texts.items()}
        self._means = means or {}
        for site in self._sites:
            gate = self._gates[site.group.kind]
            if gate.name in ROW_GATES and site.rows is None:
                raise UserError(f"gate {gate.text!r} cannot be laid on {site.group.key}: use 'zero'")
            if gate.name == "mean" and site.group.key not in self._means:
                raise UserError(f"gate 'mean' needs the means of {site.group.key}")
        self._positions = {name: position for position, name in enumerate(masks.rows)}
        self._sizes = [group.size for group in masks.space.groups]
        #: Of each row and group: every unit is kept, so there is nothing to gate.
        self._whole = [
            [bool(row[part].all()) for part in masks.space.slices().values()] for row in masks.keep
        ]
        self._keep = torch.from_numpy(masks.keep)
        self._table: Tensor | None = None
        self._selected = False
        self._fired: dict[str, bool] = {}
        self._handles: list[RemovableHandle] = []

    @property
    def rows(self) -> tuple[str, ...]:
        """The row names, in order."""
        return self._masks.rows

    def select(self, row: str) -> None:
        """Lay one row on the network, for whole batches, until ``clear``; UserError for an unknown name."""
        position = self._position(row)
        self._lay(self._weights()[position], self._whole[position])

    def select_rows(self, rows: Sequence[str]) -> None:
        """Lay one row per sentence on the network, in batch order (not for beam search, which reorders)."""
        positions = [self._position(row) for row in rows]
        table = self._weights()
        whole = [all(column) for column in zip(*(self._whole[one] for one in positions), strict=True)]
        self._lay(table[torch.tensor(positions, device=table.device)], whole)

    def clear(self) -> None:
        """Take every gate away: the network is the plain one again."""
        self._selected = False
        self._fired.clear()
        for site in self._sites:
            if site.rows is not None:
                site.rows.gate = None
        while self._handles:
            self._handles.pop().remove()

    def check_fired(self) -> None:
        """Raise RuntimeError naming the groups whose gates were not used since the selection."""
        if not self._selected:
            raise RuntimeError("no mask row is selected")
        for site in self._sites:
            if site.rows is not None and site.rows.gate is not None:
                self._fired[site.group.key] = site.rows.fired > 0
        if silent := [key for key, once in self._fired.items() if not once]:
            raise RuntimeError(f"masks were selected but never used in: {', '.join(silent)}")

    def use(self, row: str) -> AbstractContextManager[Self]:
        """Select one row for the block; at its end check that every gate fired. Always cleared."""
        return self._using(lambda: self.select(row))

    def use_rows(self, rows: Sequence[str]) -> AbstractContextManager[Self]:
        """Select one row per sentence for the block; checked and cleared as in ``use``."""
        return self._using(lambda: self.select_rows(rows))

    @contextmanager
    def _using(self, select: Callable[[], None]) -> Iterator[Self]:
        try:
            select()
            yield self
            self.check_fired()
        finally:
            self.clear()

    def _position(self, row: str) -> int:
        if row not in self._positions:
            raise UserError(
                f"no mask row {row!r}; there are {', '.join(self.rows)}{nearest(row, self._positions)}"
            )
        return self._positions[row]

    def _weights(self) -> Tensor:
        # The network may have moved or changed its type since the last selection (fp16 training does).
        weight = next(self._network.parameters())
        if self._table is None or self._table.device != weight.device or self._table.dtype != weight.dtype:
            self._table = self._keep.to(device=weight.device, dtype=weight.dtype)
        return self._table

    def _lay(self, keep: Tensor, whole: Sequence[bool]) -> None:
        self.clear()
        self._selected = True
        for site, part, plain in zip(self._sites, keep.split(self._sizes, dim=-1), whole, strict=True):
            if plain:
                continue
            gate = self._gates[site.group.kind]
            if gate.name in ROW_GATES and site.rows is not None:
                site.rows.gate, site.rows.gradient_only, site.rows.fired = part, gate.name == "gradient", 0
            else:
                self._handles.append(site.hook(self._change(site, part, gate), first=True))
            self._fired[site.group.key] = False

    def _change(self, site: Site, keep: Tensor, gate: Gate) -> Callable[[Tensor], Tensor]:
        channels = keep.repeat_interleave(site.width, dim=-1)
        factor, added = channels + (1 - channels) * (gate.factor or 0.0), None
        if gate.name == "mean":
            added = (1 - channels) * self._means[site.group.key].to(channels).flatten()

        def change(values: Tensor) -> Tensor:
            if keep.dim() > 1:
                check_batch(keep, values)
            self._fired[site.group.key] = True
            return values * factor if added is None else values * factor + added

        return change
