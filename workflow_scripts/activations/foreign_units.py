"""FFN neurons in the files of other programs: counts, masks of weights, and lists of units.

- Counts: a pickle of ``encoder_layer_0`` → int64 [units] … (Neuron Specialization; pads are counted).
- Masks: a file of torch for each direction, ``encoder.layers.0.fc1.weight`` → bool [units, width] …, every
  row of one value (Neuron Specialization, after LaSS).
- Lists: a file of torch, for each task and layer the indices of its units (LAPE). Layers are the encoder's,
  then the decoder's.
- Unit sets: the JSON file of ``units.unit_sets``, which names its units and says how they were found.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from workflow_scripts.common.errors import UserError, nearest
from workflow_scripts.common.files import atomic_path
from workflow_scripts.models.foreign_checkpoint import load_foreign
from workflow_scripts.models.foreign_pickle import dump_pickle, is_plain_pickle, load_pickle
from workflow_scripts.units.space import UnitSpace
from workflow_scripts.units.unit_sets import is_unit_sets, read_unit_sets

COUNTS, MASKS, LISTS, UNIT_SETS = FORMS = ("counts", "masks", "lists", "unit-sets")
#: Forms that have all tasks in one file.
WHOLE = (LISTS, UNIT_SETS)
Form = str
STACKS = ("encoder", "decoder")
_MOST = 2**40  # of positions: the counts of all units together stay far below 2**63
_NAME = {COUNTS: "{stack}_layer_{layer}", MASKS: "{stack}.layers.{layer}.fc1.weight"}
_EXAMPLE = {COUNTS: "int64 [units]", MASKS: "bool [units, width]", LISTS: "indices of units"}


def name_of(form: Form, stack: str, layer: int) -> str:
    """Return what a file of counts or masks calls a layer."""
    return _NAME[form].format(stack=stack, layer=layer)


def read_foreign(path: Path) -> tuple[Form, Any]:
    """Return the form of a file and what it holds; UserError if it has none of the four."""
    if is_unit_sets(path):
        return UNIT_SETS, read_unit_sets(path)
    value = load_pickle(path) if is_plain_pickle(path) else load_foreign(path)
    if isinstance(value, list | tuple):
        return LISTS, value
    if isinstance(value, Mapping):
        firsts = {form: {name_of(form, stack, 0) for stack in STACKS} for form in (COUNTS, MASKS)}
        for form, names in firsts.items():
            if any(name in value for name in names):
                return form, value
        found = f"a dictionary of {', '.join(map(repr, list(value)[:2]))}" if value else "an empty dictionary"
    else:
        found = _kind(value)
    raise UserError(
        f"{path}: {found}; neither counts ({name_of(COUNTS, 'encoder', 0)!r}: {_EXAMPLE[COUNTS]}), masks"
        f" ({name_of(MASKS, 'encoder', 0)!r}: {_EXAMPLE[MASKS]}) nor lists of units"
    )


def counts_of(path: Path, value: Mapping[Any, Any], space: UnitSpace) -> NDArray[np.int64]:
    """Return the counts of a file in the order of ``space`` (FFN neurons), int64 [units]. UserError for
    another model's, negative or broken numbers."""
    parts = []
    for name, size, found in _layers(path, COUNTS, value, space):
        if found.dtype.kind not in "iu" or found.shape != (size,):
            raise UserError(f"{path}: {name} is {_shown(found)}, this model needs int64 [{size}]")
        if found.min(initial=0) < 0:
            raise UserError(f"{path}: {name} has negative counts; count again")
        if found.max(initial=0) > _MOST:
            raise UserError(f"{path}: {name} counts {found.max()}, more than any text has; count again")
        parts.append(found.astype(np.int64))
    return np.concatenate(parts)


def keep_of(path: Path, value: Mapping[Any, Any], space: UnitSpace, width: int) -> NDArray[np.bool_]:
    """Return which units a file of masks keeps, bool [units]. ``width``: the model's. UserError for another
    model's, and for masks that keep a part of a unit's weights."""
    parts = []
    for name, size, found in _layers(path, MASKS, value, space):
        if found.shape != (size, width):
            raise UserError(f"{path}: {name} is {_shown(found)}, this model needs bool [{size}, {width}]")
        if found.dtype != np.bool_ and not np.isin(found, (0, 1)).all():
            raise UserError(f"{path}: {name} is {_shown(found)}, and has other values than 0 and 1")
        first = found[:, 0].astype(np.bool_)
        if uneven := np.flatnonzero((found.astype(np.bool_) != first[:, None]).any(axis=1)).tolist():
            raise UserError(
                f"{path}: {name}: row {uneven[0]} keeps a part of its weights: a mask of weights, not of"
                " units"
            )
        parts.append(first)
    return np.concatenate(parts)


def lists_of(path: Path, value: Sequence[Any], space: UnitSpace, names: Sequence[str]) -> NDArray[np.bool_]:
    """Return the listed units of each task, bool [tasks, units]; UserError where something does not fit."""
    if len(value) != len(names):
        raise UserError(f"{path}: lists of {len(value)} tasks, {len(names)} are needed: {' '.join(names)}")
    keep = np.zeros((len(names), space.size), dtype=np.bool_)
    for row, (name, layers) in enumerate(zip(names, value, strict=True)):
        if not isinstance(layers, list | tuple) or len(layers) != len(space.groups):
            found = f"{len(layers)} layers" if isinstance(layers, list | tuple) else _kind(layers)
            raise UserError(f"{path}: of {name} it has {found}, this model has {len(space.groups)}")
        for group, indices in zip(space.groups, layers, strict=True):
            own = _array(path, f"{group.key} of {name}", indices, LISTS)
            own = own.astype(np.int64) if own.size == 0 else own
            if own.dtype.kind not in "iu" or own.ndim != 1:
                raise UserError(f"{path}: {group.key} of {name} is {_shown(own)}, not a list of indices")
            if own.size and (own.min() < 0 or own.max() >= group.size):
                wrong = own[(own < 0) | (own >= group.size)][0]
                raise UserError(f"{path}: {group.key} of {name} lists unit {wrong}, it has {group.size}")
            numbers, times = np.unique(own, return_counts=True)
            if (times > 1).any():
                # A bit for each unit looks like this: read as indices it would keep units 0 and 1.
                raise UserError(
                    f"{path}: {group.key} of {name} lists unit {numbers[times.argmax()]} {times.max()} times:"
                    " bits of a mask? Indices of the units that are kept are needed"
                )
            keep[row, space.slice_of(group.key).start + own] = True
    return keep


def _layers(
    path: Path, form: Form, value: Mapping[Any, Any], space: UnitSpace
) -> Iterator[tuple[str, int, NDArray[Any]]]:
    """Yield what a file calls each layer, the units it needs and its array."""
    names = [name_of(form, group.stack, group.layer) for group in space.groups]
    for name in value:
        if name not in names:
            raise UserError(f"{path}: {name!r} is no layer of this model{nearest(str(name), names)}")
    for name, group in zip(names, space.groups, strict=True):
        if name not in value:
            raise UserError(f"{path}: {name} is missing; this model has {len(names)} layers")
        yield name, group.size, _array(path, name, value[name], form)


def _array(path: Path, name: str, value: Any, form: Form) -> NDArray[Any]:
    if isinstance(value, torch.Tensor):
        if value.layout != torch.strided:
            raise UserError(f"{path}: {name} is a sparse tensor: save its to_dense()")
        # numpy has no bfloat16.
        kind = torch.float32 if value.is_floating_point() else value.dtype
        array: NDArray[Any] = value.detach().to(kind).numpy()
        return array
    if isinstance(value, np.ndarray):
        return value
    # True and False are of a class of int, and no indices.
    if form == LISTS and isinstance(value, list | tuple) and all(type(one) is int for one in value):
        # What is beyond 64 bits stays an object, which is no list of indices.
        return np.array(value) if value else np.zeros(0, dtype=np.int64)
    raise UserError(
        f"{path}: {name} is {_kind(value)}, not a tensor of {_EXAMPLE[form]}: save a tensor there"
    )


def _shown(array: NDArray[Any]) -> str:
    return f"{array.dtype} {list(array.shape)}"


def _kind(value: Any) -> str:
    kind = type(value).__name__
    return f"{'an' if kind[0] in 'aeiouAEIOU' else 'a'} {kind}"


def write_counts(path: Path, counts: NDArray[np.int64], space: UnitSpace) -> None:
    """Write the counts of one task, int64 [units], as a pickle of tensors."""
    parts = {
        name_of(COUNTS, group.stack, group.layer): torch.from_numpy(counts[space.slice_of(group.key)].copy())
        for group in space.groups
    }
    dump_pickle(path, parts)


def write_masks(path: Path, keep: NDArray[np.bool_], space: UnitSpace, width: int) -> None:
    """Write the mask of one task, bool [units], with each unit's bit in ``width`` columns."""
    parts = {}
    for group in space.groups:
        column = torch.from_numpy(keep[space.slice_of(group.key)])[:, None]
        parts[name_of(MASKS, group.stack, group.layer)] = column.expand(-1, width).contiguous()
    with atomic_path(path) as temporary:
        torch.save(parts, temporary)


def write_lists(path: Path, lists: Sequence[Sequence[NDArray[np.int64]]]) -> None:
    """Write which units each task has: task → group, in the order of the groups → indices."""
    with atomic_path(path) as temporary:
        torch.save([[torch.from_numpy(indices) for indices in groups] for groups in lists], temporary)
