"""The axis of layers: encoder, then decoder, with a gap between them."""

from collections.abc import Sequence

from matplotlib.axes import Axes

GAP = 0.6  # layers: between two stacks


def shown_layer(layer: str) -> str:
    """Return the name of a group of units for people: ``encoder.0.ffn`` is "encoder 0", with other kinds of
    units than neurons of FFNs "encoder 0, self"."""
    stack, number, *kind = layer.split(".")
    return f"{stack} {number}" + (f", {' '.join(kind)}" if kind not in ([], ["ffn"]) else "")


def stack_of(layer: str) -> str:
    """Return encoder or decoder."""
    return layer.split(".")[0]


def layer_places(layers: Sequence[str]) -> dict[str, float]:
    """Return where each layer stands on the axis, in the order given."""
    places: dict[str, float] = {}
    at, stack = 0.0, stack_of(layers[0]) if layers else ""
    for layer in layers:
        if stack_of(layer) != stack:
            at, stack = at + GAP, stack_of(layer)
        places[layer] = at
        at += 1
    return places


def draw_layer_names(axis: Axes, layers: Sequence[str]) -> None:
    """Name the places of layers below a panel."""
    places = layer_places(layers)
    axis.set_xticks(list(places.values()), [shown_layer(layer) for layer in layers], rotation=90)
