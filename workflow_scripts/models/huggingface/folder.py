"""A model's folder, as the library or a hub has it: read, checked, and made a network in float32.

The library builds the network; the files are read here, so that nothing in them is run. Which tensors are one
is told by the storage, never by ``tie_word_embeddings``: version 5 says that T5's head is tied, also where
the file has another.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import workflow_scripts.models.huggingface.library  # noqa: F401  isort:skip  (before transformers)

import torch
import transformers
from torch import Tensor, nn

from workflow_scripts.common.errors import UserError, nearest
from workflow_scripts.common.files import read_json
from workflow_scripts.models.foreign_checkpoint import load_foreign
from workflow_scripts.models.huggingface.families import Family, activation_of, family_of, places_of
from workflow_scripts.models.huggingface.model_files import CONFIG, INDEX, TOKENIZER, WEIGHTS
from workflow_scripts.models.huggingface.sites import with_own_layers
from workflow_scripts.models.weights import check_finite, read_tensors

AGAIN = "fetch it again"
#: Parts of names of what older files hold and models compute now: positions, and which positions see which.
COMPUTED = (".embed_positions.", ".rotary_emb.", ".attn.bias", ".attn.masked_bias")
#: Finds the family of a model by its ``config.json`` and ``tokenizer_config.json``, and where they are.
Find = Callable[[Mapping[str, Any], Mapping[str, Any], str], Family]


def described(folder: Path, find: Find = family_of) -> tuple[Family, dict[str, Any], dict[str, Any]]:
    """Return a folder's family, ``config.json`` and ``tokenizer_config.json`` (empty if it is missing).
    ``find``: of a kind of models. UserError for what is no model, or one that ``find`` does not know."""
    config, tokenizer = read_configs(folder)
    return find(config, tokenizer, str(folder)), config, tokenizer


def read_configs(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a folder's ``config.json`` and ``tokenizer_config.json``; UserError for what is no model."""
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder, for a model; a name on a hub has to be fetched first")
    found: list[dict[str, Any]] = []
    for name in (CONFIG, TOKENIZER):
        path = folder / name
        if not path.is_file() and name == CONFIG:
            raise UserError(
                f"{folder}: no {CONFIG} in it; a model is a folder with that, weights and a tokenizer"
            )
        value = read_json(path) if path.is_file() else {}
        if not isinstance(value, dict):
            raise UserError(f"{path}: not an object; {AGAIN}")
        found.append(value)
    config, tokenizer = found
    return config, tokenizer


def read_weights(folder: Path) -> dict[str, Tensor]:
    """Return a folder's tensors by name, in the type of the file, of one file or of shards. UserError: there
    is none, one is damaged, or a shard lacks what the index says of it."""
    place = _weights_of(folder)
    if not place.name.endswith(INDEX):
        return _read(place)
    names, tensors = _shards(place), dict[str, Tensor]()
    for path in weights_files(folder):
        tensors |= _read(path)
    if missing := [name for name in names if name not in tensors]:
        raise UserError(f"{place}: tensor {missing[0]} is not in {names[missing[0]]}; {AGAIN}")
    return tensors


def weights_files(folder: Path) -> list[Path]:
    """Return the files that hold a folder's weights: one, or its shards by name. UserError if none is there,
    or the index of shards is damaged."""
    place = _weights_of(folder)
    if not place.name.endswith(INDEX):
        return [place]
    return [folder / shard for shard in sorted(set(_shards(place).values()))]


def _weights_of(folder: Path) -> Path:
    for name in WEIGHTS:
        for path in (folder / name, folder / f"{name}{INDEX}"):
            if path.is_file():
                return path
    raise UserError(f"{folder}: no weights in it ({' or '.join(WEIGHTS)}, or their {INDEX.strip('.')})")


def _shards(index: Path) -> dict[str, str]:
    """Return the shard of each tensor."""
    value = read_json(index)
    names = value.get("weight_map") if isinstance(value, dict) else None
    if not isinstance(names, dict) or not names:
        raise UserError(f"{index}: has no weight_map; {AGAIN}")
    found = {name: str(shard) for name, shard in names.items()}
    for shard in found.values():
        # A file of the folder itself: an index may come from elsewhere.
        if Path(shard).name != shard:
            raise UserError(f"{index}: {shard!r:.60} is not the name of a file in this folder")
    return found


def _read(path: Path) -> dict[str, Tensor]:
    if path.suffix == ".safetensors":
        return read_tensors(path, AGAIN)
    if not path.is_file():
        raise UserError(f"{path}: no weights here; {AGAIN}")
    value = load_foreign(path)
    if not isinstance(value, Mapping) or not all(isinstance(one, Tensor) for one in value.values()):
        raise UserError(f"{path}: holds no tensors by name; {AGAIN}")
    return dict(value)


def configured(
    folder: Path, changes: Mapping[str, Any] | None = None, find: Find = family_of
) -> tuple[Family, Any]:
    """Return a folder's family and its configuration, with what the library adds to ``config.json``.
    ``changes``: other values than it has. ``find``: see ``described``. UserError as there, for values that do
    not fit, and an activation function that is not known."""
    family, values, _ = described(folder, find)
    config = made_config({**values, **(changes or {})}, family, folder)
    activation_of(family, config, str(folder / CONFIG))
    if len(family.places.stacks) > 1 and config.decoder_start_token_id is None:
        raise UserError(
            f"{folder / CONFIG}: decoder_start_token_id is missing: no target can begin without it"
        )
    return family, config


def load_network(
    folder: Path,
    tensors: Mapping[str, Tensor] | None = None,
    changes: Mapping[str, Any] | None = None,
    find: Find = family_of,
) -> tuple[nn.Module, Family]:
    """Return a folder's network in eval mode, float32, on the CPU, its linear layers ``Linear``.

    ``tensors``: its weights, if not those of the folder. ``changes``: of its configuration, such as dropout.
    ``find``: see ``described``. UserError: another family, an activation function that is not known, weights
    that are missing, of another shape or type, not finite, or not of this network.
    """
    family, config = _without_layerdrop(folder, changes, find)
    tensors = read_weights(folder) if tensors is None else tensors
    check_numbers(tensors, folder)
    # Initial weights are drawn first: the caller's random state stays as it is.
    with torch.random.fork_rng(devices=[]):
        model, report = getattr(transformers, family.model).from_pretrained(
            None,
            config=config,
            state_dict={name: one.to(torch.float32) for name, one in tensors.items()},
            dtype=torch.float32,
            ignore_mismatched_sizes=True,
            output_loading_info=True,
        )
    _check_report(report, model.state_dict(), tensors, folder)
    check_taken(model, tensors, folder)
    with_own_layers(model, places_of(family, config))
    model.eval()
    return model, family


def new_network(
    folder: Path, seed: int, changes: Mapping[str, Any] | None = None
) -> tuple[nn.Module, Family]:
    """Return a network as ``load_network``, with weights that the seed draws; the folder needs none."""
    family, config = _without_layerdrop(folder, changes, family_of)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = getattr(transformers, family.model)(config)
    with_own_layers(model, places_of(family, config))
    model.eval()
    return model, family


def _without_layerdrop(folder: Path, changes: Mapping[str, Any] | None, find: Find) -> tuple[Family, Any]:
    family, config = configured(folder, changes, find)
    for key in family.layerdrop:
        setattr(config, key, 0.0)  # a layer that is left out would be one whose taps never fire
    return family, config


def made_config(values: Mapping[str, Any], family: Family, folder: Path) -> Any:
    """Return the library's configuration of a model with these values; UserError where it refuses them."""
    # Of the configuration alone: the code of the network is not read.
    kind = transformers.CONFIG_MAPPING[values["model_type"]]
    with fitting(family, folder):
        return kind.from_dict(values)


@contextmanager
def fitting(family: Family, folder: Path) -> Iterator[None]:
    """In the block the library reads a configuration; UserError where it refuses the values."""
    try:
        yield
    except Exception as error:  # the library checks values in several ways
        reason = str(error).strip().splitlines()[-1]
        raise UserError(
            f"{folder / CONFIG}: not the configuration of a {family.name} model ({reason})"
        ) from None


def check_numbers(tensors: Mapping[str, Tensor], folder: Path) -> None:
    """Refuse tensors that are not of finite floating-point numbers (UserError)."""
    for name, one in tensors.items():
        if not one.is_floating_point():
            raise UserError(f"{folder}: tensor {name} is {one.dtype}, not of floating-point numbers")
    check_finite(tensors, folder)


def _check_report(
    report: Mapping[str, Any], own: Mapping[str, Tensor], tensors: Mapping[str, Tensor], folder: Path
) -> None:
    for name in sorted(report["missing_keys"]):
        raise UserError(f"{folder}: tensor {name} is missing in its weights; {AGAIN}")
    # Version 4 has names, 5 names with shapes.
    for name in sorted(one if isinstance(one, str) else one[0] for one in report["mismatched_keys"]):
        raise UserError(
            f"{folder}: tensor {name} is {tuple(tensors[name].shape)}, {CONFIG} needs"
            f" {tuple(own[name].shape)}; are the two of one model?"
        )
    unexpected = [one for one in report["unexpected_keys"] if not any(part in one for part in COMPUTED)]
    for name in sorted(unexpected):
        raise UserError(f"{folder}: tensor {name} is not part of this model{nearest(name, own)}")
    for message in report["error_msgs"]:
        raise UserError(f"{folder}: weights could not be loaded ({message})")


def check_taken(model: nn.Module, tensors: Mapping[str, Tensor], folder: Path) -> None:
    """Refuse a model in which a tensor that could be tied is not that of the file."""
    tied = ("embed_tokens.weight", "lm_head.weight", "shared.weight")
    for name, one in model.state_dict().items():
        if name not in tensors or not name.endswith(tied):
            continue
        if not torch.equal(one, tensors[name].to(torch.float32)):
            raise UserError(
                f"{folder}: {name} in its weights is not what the model computes with: the configuration ties"
                " it to another tensor, which differs"
            )


def stored(model: nn.Module) -> dict[str, Tensor]:
    """Return what to save of a model, by name: its parameters, each storage once, and buffers that belong to
    its weights."""
    found: dict[str, Tensor] = {}
    seen: set[int] = set()
    tied = set(getattr(model, "_tied_weights_keys", None) or ())
    computed = tuple(getattr(model, "_keys_to_ignore_on_save", None) or ())
    # A name that the library takes another for comes last, so that the other one is kept.
    named = sorted(model.state_dict(keep_vars=True).items(), key=lambda item: item[0] in tied)
    for name, one in named:
        if name not in computed and one.data_ptr() not in seen:
            seen.add(one.data_ptr())
            found[name] = one
    return found
