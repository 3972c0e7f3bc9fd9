"""The object of ``--method``: what a training does otherwise than the published fine-tuning.

Empty: every parameter is trained, each batch through the mask of its direction (Neuron Specialization,
section 3.3). docs/explanation/ways-to-train.md has the formulas of the others.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from workflow_scripts.common.checked_options import is_list_of_texts, raise_all
from workflow_scripts.common.errors import nearest
from workflow_scripts.units.adapters import KINDS as ADAPTER_KINDS
from workflow_scripts.units.gating import OWN_WEIGHTS
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.selection import Selection
from workflow_scripts.units.selectors import RANKED, parse_selector

TRAIN, PARAMETERS, HEAD_WEIGHTS = "train", "parameters", "head_weights"
MOMENTUM, RENEW, ADAPTERS = "momentum", "renew", "adapters"
#: Keys with the values beside the default, which is left out.
CHOICES = {TRAIN: ("gradients",), PARAMETERS: ("ffn", "heads"), HEAD_WEIGHTS: ("qkvo",), MOMENTUM: ("own",)}
KEYS = (*CHOICES, RENEW, ADAPTERS)
ADAPTER_KEYS = ("kind", "size", "rows")

#: What scores say of counts by the usual rule; of neurons other than ReLU's they name it.
_COUNTING = re.compile(
    r"(pads excluded|pads counted, max_tokens (?P<max_tokens>\d+))(, active by sign \([^()]+\))?"
)


def checked_method(
    given: Mapping[str, Any], directions: Sequence[str], masks: MaskTable | None
) -> dict[str, Any]:
    """Return the method in the order of KEYS; UserError, a line for each mistake: an unknown key or value,
    keys that exclude each other, masks that do not go with it. ``masks``: those of the fine-tuning."""
    raise_all([f"--method: {problem}" for problem in _problems(given, directions, masks)])
    return {key: given[key] for key in KEYS if key in given}


def _problems(given: Mapping[str, Any], directions: Sequence[str], masks: MaskTable | None) -> Iterator[str]:
    for key in given:
        if key not in KEYS:
            yield f"unknown key {key!r}{nearest(key, KEYS)}"
    for key, known in CHOICES.items():
        if key in given and given[key] not in known:
            allowed = " or ".join(map(repr, known))
            yield f"{key} is {given[key]!r:.60}, not {allowed}; leave it out for the default"
    if RENEW in given and not _is_whole(given[RENEW]):
        yield f"{RENEW} is {given[RENEW]!r:.60}, not a whole number of updates, at least 1"
    if ADAPTERS in given:
        yield from _adapter_problems(given[ADAPTERS], directions)
        for key in KEYS:
            if key in given and key != ADAPTERS:
                yield f"{key} does not go with {ADAPTERS}, beside which nothing is trained; leave one out"
    for key in (TRAIN, MOMENTUM, RENEW):
        if key not in given:
            continue
        if masks is None:
            yield f"{key}: needs --masks"
        elif key != RENEW:
            yield from _kind_problems(key, given.get(PARAMETERS), masks)
    if HEAD_WEIGHTS in given and given.get(PARAMETERS) != "heads":
        of_heads = masks is not None and "head" in masks.space.kinds
        if not of_heads or not {TRAIN, MOMENTUM} & set(given):
            yield f"{HEAD_WEIGHTS}: goes with {PARAMETERS}: heads, or with {TRAIN} or {MOMENTUM} of heads"
    if RENEW in given and masks is not None and (why := not_renewable(masks)):
        yield f"{RENEW}: {masks.origin} {why}; take masks by one selector on activations, such as mass:95"


def _kind_problems(key: str, parameters: Any, masks: MaskTable) -> Iterator[str]:
    kinds = ", ".join(masks.space.kinds)
    if not set(masks.space.kinds) <= set(OWN_WEIGHTS):
        yield f"{key}: is for masks of FFN neurons and heads alone; {masks.origin} has {kinds}"
    elif parameters in OWN_WEIGHTS.values() and parameters not in map(OWN_WEIGHTS.get, masks.space.kinds):
        yield f"{key}: {PARAMETERS}: {parameters} trains no weight of what {masks.origin} has: {kinds}"


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _adapter_problems(value: Any, directions: Sequence[str]) -> Iterator[str]:
    if not isinstance(value, Mapping) or sorted(value) != sorted(ADAPTER_KEYS):
        yield f"{ADAPTERS}: not an object of {', '.join(ADAPTER_KEYS)}"
        return
    if value["kind"] not in ADAPTER_KINDS:
        near = nearest(str(value["kind"]), ADAPTER_KINDS)
        yield f"{ADAPTERS}.kind is {value['kind']!r:.60}, not one of {', '.join(ADAPTER_KINDS)}{near}"
    if not _is_whole(value["size"]):
        yield f"{ADAPTERS}.size is {value['size']!r:.60}, not a whole number of at least 1"
    rows = value["rows"]
    if not isinstance(rows, Mapping) or not is_list_of_texts(list(rows.values())):
        yield f"{ADAPTERS}.rows: not an object of a row's name for each direction"
        return
    for direction in directions:
        if not rows.get(direction):
            yield f"{ADAPTERS}.rows has no row for {direction}"
    for direction in rows:
        if direction not in directions:
            yield f"{ADAPTERS}.rows: {direction} is not trained{nearest(direction, directions)}"


def counting_of(masks: MaskTable) -> dict[str, Any] | None:
    """Return how the activations were counted that masks were selected by, as arguments of
    ``count_direction``; None if they were not selected by such counts."""
    match = _COUNTING.fullmatch(str(masks.manifest["counting"]))
    if match is None:
        return None
    most = match["max_tokens"]
    return {} if most is None else {"count_pads": True, "max_tokens": int(most)}


def not_renewable(masks: MaskTable) -> str | None:
    """Return what keeps masks from being selected again in the same way, else None."""
    selection = Selection.of_masks(masks)
    if selection is None:
        return f"has rows made otherwise ({masks.manifest['rule']})"
    if not isinstance(selection.select, str):
        return "was made by four selectors"
    if parse_selector(selection.select).name not in RANKED:
        return f"was made by {selection.select}, which asks no score"
    if counting_of(masks) is None:
        return f"was selected by another score ({masks.manifest['counting']})"
    return None
