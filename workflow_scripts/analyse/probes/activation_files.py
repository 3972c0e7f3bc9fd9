"""Activation files as NeuroX has them (Dalvi et al. 2023): JSON lines, a sentence a line.

``{"linex_index": 0, "features": [{"token": "a", "layers": [{"index": 0, "values": [0.5, …]}]}]}``; values
have eight decimals. A file of one layer has ``-layer{k}`` behind its name.
"""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.errors import UserError, first_of
from workflow_scripts.common.files import atomic_path

DECIMALS = 8


@dataclass(frozen=True)
class Activations:
    """A sentence: n ``tokens``, and ``values`` float32 [layers, n, dim]; ``layers``: the number of each."""

    tokens: Sequence[str]
    values: NDArray[np.float32]
    layers: Sequence[int]

    @property
    def flat(self) -> NDArray[np.float32]:
        """Values as [n, layers · dim], layer by layer."""
        count, tokens, dim = self.values.shape
        return self.values.transpose(1, 0, 2).reshape(tokens, count * dim)


def of_layer(path: Path, layer: int) -> Path:
    """Return the name of the file of one layer: ``a.json`` gives ``a-layer3.json``."""
    return path.with_name(f"{path.stem}-layer{layer}{path.suffix}")


def write_activations(
    path: Path,
    sentences: Sequence[Activations],
    layers: Collection[int] | None = None,
    decompose: bool = False,
) -> list[Path]:
    """Write sentences and return the files. ``layers``: only these; ``decompose``: a file for each layer.

    UserError: a layer that the sentences lack.
    """
    there = list(sentences[0].layers) if sentences else []
    wanted = there if layers is None else [layer for layer in there if layer in layers]
    if layers is not None and (missing := sorted(set(layers) - set(there))):
        raise UserError(f"{path}: no layer {first_of(missing)}; there are {', '.join(map(str, there))}")
    parts = {of_layer(path, layer): [layer] for layer in wanted} if decompose else {path: wanted}
    for file, kept in parts.items():
        with atomic_path(file) as temporary, temporary.open("w", encoding="utf-8") as handle:
            for number, sentence in enumerate(sentences):
                handle.write(json.dumps(_line(number, sentence, kept), ensure_ascii=False) + "\n")
    return list(parts)


def _line(number: int, sentence: Activations, kept: Sequence[int]) -> dict[str, object]:
    places = [(layer, sentence.layers.index(layer)) for layer in kept]
    features = [
        {
            "token": token,
            "layers": [
                {"index": layer, "values": [round(float(one), DECIMALS) for one in sentence.values[place, n]]}
                for layer, place in places
            ],
        }
        for n, token in enumerate(sentence.tokens)
    ]
    return {"linex_index": number, "features": features}


def read_activations(path: Path, layers: Collection[int] | None = None) -> Iterator[Activations]:
    """Yield the sentences of a file, of some layers.

    UserError, with the line: not of this shape, or tokens of several layers or sizes.
    """
    with path.open(encoding="utf-8") as handle:
        # Not splitlines: a token may hold another separator.
        for number, line in enumerate(handle, start=1):
            if line.strip():
                yield _sentence(f"{path}, line {number}", line, layers)


def _sentence(where: str, line: str, layers: Collection[int] | None) -> Activations:
    try:
        tokens, rows, indexes = [], [], set()
        for feature in json.loads(line)["features"]:
            chosen = [one for one in feature["layers"] if layers is None or one["index"] in layers]
            tokens.append(str(feature["token"]))
            indexes.add(tuple(int(one["index"]) for one in chosen))
            rows.append([one["values"] for one in chosen])
        values = np.array(rows, dtype=np.float32)
    except (ValueError, KeyError, TypeError):
        raise UserError(
            f'{where}: not {{"linex_index": …, "features": [{{"token": …, "layers": …}}]}}'
        ) from None
    if len(indexes) != 1 or values.ndim != 3:
        raise UserError(f"{where}: tokens of several layers or sizes, or none")
    return Activations(tokens, values.transpose(1, 0, 2), list(indexes.pop()))
