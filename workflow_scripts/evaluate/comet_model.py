"""A COMET model: where its files are, which they are, and the scores that it gives (Rei et al. 2020, 2022).

What: a model is a folder as the hub has it, ``hparams.yaml`` and ``checkpoints/model.ckpt``, given as such or by its
name on the hub (then it lies in the hub's own cache, fetched by evaluate.fetch_comet), and the configuration and
tokenizer of its encoder. Inputs: these files; samples of source, hypothesis and reference. Outputs: one score a
sample.

A score does not depend on what else is scored: every sample is padded to a multiple of ``BUCKET`` subwords, and
batches hold samples of equal padded lengths only, filled up to the same size; a batch of another shape would change
the last bits. torch is imported only where a model is loaded. Not yet run on a GPU.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from workflow_scripts.errors import UserError, nearest
from workflow_scripts.files import read_json, sha256_of, write_json

CHECKPOINT, SETTINGS, ENCODER = Path("checkpoints", "model.ckpt"), Path("hparams.yaml"), "encoder"
#: What the encoder's configuration and tokenizer are made of, of all that lies beside its weights.
ENCODER_FILES = ("config.json", "tokenizer*.json", "special_tokens_map.json", "sentencepiece*", "spiece*", "vocab*")
#: Samples are padded to a multiple of so many subwords.
BUCKET = 16
#: What padding is in each of the tensors that comet prepares; of input_ids it is the tokenizer's.
PADDING = {"attention_mask": 0, "token_type_ids": 0, "label_ids": -1}
#: Samples that are prepared at a time.
CHUNK = 1024
OFFLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")


@dataclass(frozen=True)
class ModelFiles:
    """A model that is on this machine.

    ``name``: as shown; ``folder``: of hparams.yaml and checkpoints/; ``encoder``: folder of its configuration and
    tokenizer; ``settings``: what hparams.yaml says.
    """

    name: str
    folder: Path
    encoder: Path
    settings: Mapping[str, Any]

    @property
    def checkpoint(self) -> Path:
        """The weights."""
        return self.folder / CHECKPOINT


def find_model(model: str | None, folder: str | None, revision: str | None = None) -> ModelFiles:
    """Return the files of a model: of ``folder``, or of ``model`` in the hub's cache; nothing is downloaded.

    Raises:
        UserError: it is not here, or not a COMET model.
    """
    if folder is not None:
        place, name = Path(folder), Path(folder).resolve().name
        if not place.is_dir():
            raise UserError(f"{place}: no such folder, for a COMET model (evaluation.comet, key folder)")
    else:
        assert model is not None
        name = model
        found = in_hub_cache(model, revision)
        if found is None or not (found / CHECKPOINT).is_file():
            which = f" at revision {revision}" if revision else ""
            raise UserError(
                f"the COMET model {model}{which} is not on this machine: run 'make fetch CONFIG=…' where there is"
                " internet, or name a folder that has it (evaluation.comet, key folder)"
            )
        place = found
    for needed in (SETTINGS, CHECKPOINT):
        if not (place / needed).is_file():
            raise UserError(
                f"{place}: no {needed} in it; a COMET model is a folder with {SETTINGS} and {CHECKPOINT}"
            )
    settings = read_settings(place / SETTINGS)
    return ModelFiles(name, place, _encoder_folder(place, str(settings["pretrained_model"])), settings)


def in_hub_cache(name: str, revision: str | None = None) -> Path | None:
    """Return the folder of a repository in the hub's cache on this machine (HF_HOME), or None."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, revision=revision, local_files_only=True))
    except LocalEntryNotFoundError:
        return None
    except HFValidationError as error:
        raise UserError(f"{name!r} is no name on the hub: {' '.join(str(error).split())}") from None


def read_settings(path: Path) -> dict[str, Any]:
    """Return what a model's hparams.yaml says.

    Raises:
        UserError: it is not YAML, or not a COMET model's.
    """
    try:
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError):
        raise UserError(f"{path}: damaged, not plain YAML; fetch the model again") from None
    for key in ("class_identifier", "encoder_model", "pretrained_model"):
        if not isinstance(settings, dict) or not isinstance(settings.get(key), str):
            raise UserError(f"{path}: no {key} in it; is this the hparams.yaml of a COMET model?")
    return dict(settings)


def _encoder_folder(place: Path, named: str) -> Path:
    """Return where the encoder's configuration and tokenizer are."""
    for folder in (place / ENCODER, place / named):
        if (folder / "config.json").is_file():
            return folder
    try:
        found = in_hub_cache(named)
    except UserError:  # a path of the machine that the model was trained on
        found = None
    if found is None or not (found / "config.json").is_file():
        raise UserError(
            f"{place}: the configuration and tokenizer of its encoder {named} are not on this machine: run 'make"
            f" fetch CONFIG=…' where there is internet, or put them into {place / ENCODER}"
        )
    return found


def hashes_of(files: ModelFiles, cache: Path) -> tuple[str, str]:
    """Return the SHA-256 of the checkpoint, and one hash (16 hex digits) of all that its scores depend on.

    That of a checkpoint is kept in ``cache`` beside its size and time, so that 2 GB are not read by every job.
    """
    checkpoint = _kept_sha256(files.checkpoint.resolve(), cache)
    names = sorted({path for pattern in ENCODER_FILES for path in files.encoder.glob(pattern)})
    content = {
        "checkpoint": checkpoint,
        "settings": {k: v for k, v in files.settings.items() if k != "pretrained_model"},
        "encoder": {path.name: sha256_of(path) for path in names},
        "versions": [version("unbabel-comet"), version("transformers")],
    }
    text = json.dumps(content, sort_keys=True, default=str)
    return checkpoint, hashlib.sha256(text.encode()).hexdigest()[:16]


def _kept_sha256(path: Path, cache: Path) -> str:
    found = path.stat()
    state = {"size": found.st_size, "time": found.st_mtime_ns}
    note = cache / "checkpoints" / f"{hashlib.sha256(os.fsencode(path)).hexdigest()[:16]}.json"
    try:
        kept = read_json(note)
        if {key: kept[key] for key in state} == state:
            return str(kept["sha256"])
    except (OSError, UserError, KeyError, TypeError):
        pass  # not yet hashed; or the note was lost
    digest = sha256_of(path)
    write_json(note, {**state, "sha256": digest})
    return digest


class Stub:
    """Stands for every object of a checkpoint that is neither a tensor nor plain; it does nothing."""

    def __init__(self, *_: Any, **__: Any) -> None: ...

    def __setstate__(self, _: Any) -> None: ...


class CometScorer:
    """A loaded model.

    Raises:
        UserError: the checkpoint is damaged, or not that of the model that hparams.yaml names.
    """

    def __init__(self, files: ModelFiles, batch_size: int) -> None:
        import torch
        from comet.models import str2model

        kind = str(files.settings["class_identifier"])
        if kind not in str2model:
            raise UserError(f"{files.folder / SETTINGS}: no class_identifier {kind!r}{nearest(kind, str2model)}")
        self.batch_size = batch_size
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        try:
            self.model = _build(str2model[kind], files)
        except (UserError, MemoryError):
            raise
        # Whatever zip, pickle, torch and transformers say of files that are not theirs.
        except Exception as error:
            # Of torch's long advice on its restricted loader, what it refused.
            said = " ".join(str(error).split()).rpartition("WeightsUnpickler error: ")[2]
            reason = said.partition(". ")[0].partition(" Please use")[0][:200] or type(error).__name__
            raise UserError(
                f"{files.checkpoint}: cannot be loaded as a COMET model ({reason}); fetch it again"
            ) from None
        self.model.eval().to(self.device)

    @property
    def reads(self) -> tuple[str, ...]:
        """The texts of a segment that its score depends on: of ``src``, ``mt``, ``ref``."""
        segments = self.model.hparams.get("input_segments")
        if segments is not None:  # a unified model reads what it was trained to
            return tuple(text for text in ("src", "mt", "ref") if text in segments)
        return ("src", "mt", "ref") if self.model.requires_references() else ("src", "mt")

    def score(self, samples: Sequence[Mapping[str, str]]) -> list[float]:
        """Return one score a sample (of ``reads``), float32 on the GPU where there is one, else on the CPU.

        Raises:
            UserError: the GPU's memory is full, or a score is no number.
        """
        scores = [float("nan")] * len(samples)
        for start in range(0, len(samples), CHUNK):
            for places, values in self._score_chunk(samples[start : start + CHUNK]):
                for place, value in zip(places, values, strict=True):
                    scores[start + place] = value
        if bad := [sample for sample, score in zip(samples, scores, strict=True) if not abs(score) < float("inf")]:
            raise UserError(f"the COMET model gives no number for {bad[0]['mt'][:60]!r}: its weights are damaged")
        return scores

    def _score_chunk(self, samples: Sequence[Mapping[str, str]]) -> Iterator[tuple[list[int], list[float]]]:
        import torch

        groups: dict[tuple[int, ...], list[tuple[int, Any]]] = defaultdict(list)
        for place, sample in enumerate(samples):
            prepared = self.model.prepare_for_inference([dict(sample)])
            alone = isinstance(prepared, Mapping)  # unified models get several inputs
            prepared = [prepared] if alone else prepared
            padded = [{key: self._padded(key, value) for key, value in part.items()} for part in prepared]
            groups[_widths(padded)].append((place, padded))
        for members in groups.values():
            for start in range(0, len(members), self.batch_size):
                batch = members[start : start + self.batch_size]
                filled = [parts for _, parts in batch]
                filled += filled[:1] * (self.batch_size - len(batch))
                joined = [_joined([parts[i] for parts in filled]) for i in range(len(filled[0]))]
                moved = [
                    {k: v.to(self.device) if isinstance(v, torch.Tensor) else v for k, v in part.items()}
                    for part in joined
                ]
                try:
                    with torch.inference_mode():
                        values = self.model.predict_step(moved[0] if alone else tuple(moved))["scores"]
                except torch.OutOfMemoryError:
                    raise UserError(
                        f"the GPU's memory is full with batches of {self.batch_size}: set a smaller batch_size in"
                        " evaluation.comet"
                    ) from None
                yield [place for place, _ in batch], values.float().cpu().tolist()[: len(batch)]

    def _padded(self, key: str, value: Any) -> Any:
        import torch

        name = next((end for end in ("input_ids", *PADDING) if key.endswith(end)), None)
        if name is None or not isinstance(value, torch.Tensor):
            return value
        fill = self.model.encoder.tokenizer.pad_token_id if name == "input_ids" else PADDING[name]
        width = min(-(-value.shape[1] // BUCKET) * BUCKET, max(value.shape[1], self.model.encoder.max_positions))
        return torch.nn.functional.pad(value, (0, width - value.shape[1]), value=fill)


def _widths(parts: Sequence[Mapping[str, Any]]) -> tuple[int, ...]:
    return tuple(value.shape[1] for part in parts for value in part.values() if getattr(value, "ndim", 0) == 2)


def _joined(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    import torch

    return {
        key: torch.cat([part[key] for part in parts])
        if isinstance(value, torch.Tensor)
        else [one for part in parts for one in part[key]]
        for key, value in parts[0].items()
    }


def _build(kind: Any, files: ModelFiles) -> Any:
    """Make the model and fill in its weights, as comet.load_from_checkpoint does.

    But by torch's restricted loader, with the encoder's files where we found them, and no weight left random.
    """
    import torch

    path = files.checkpoint
    unknown = torch.serialization.get_unsafe_globals_in_checkpoint(path)
    with torch.serialization.safe_globals([(Stub, name) for name in unknown]):
        checkpoint = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    taken = inspect.signature(kind.__init__).parameters
    settings = {key: value for key, value in checkpoint["hyper_parameters"].items() if key in taken}
    settings |= {"load_pretrained_weights": False, "local_files_only": True, "pretrained_model": str(files.encoder)}
    if files.settings.get("layer_transformation") == "sparsemax_patch":
        settings["layer_transformation"] = "softmax"  # as comet itself has it (its issue 244)
    model = kind(**settings)
    weights = checkpoint["state_dict"]
    missing = [name for name, _ in model.named_parameters() if name not in weights]
    if missing:
        raise UserError(
            f"{path}: {len(missing)} weights are not in it, {missing[0]} is the first; is it the checkpoint of this"
            f" {SETTINGS}?"
        )
    model.load_state_dict(weights, strict=False)
    return model
