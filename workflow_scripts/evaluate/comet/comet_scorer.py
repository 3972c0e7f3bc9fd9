"""A loaded COMET model, and the scores that it gives (Rei et al. 2020, 2022). Not yet run on a GPU.

A score does not depend on what else is scored: samples are padded to a multiple of ``BUCKET`` subwords, and
all batches of one padded length have the same shape; in another shape the last bits would differ.
"""

import inspect
import math
import re
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from workflow_scripts.common.errors import UserError, nearest
from workflow_scripts.evaluate.comet.comet_cache import Kept, rounded
from workflow_scripts.evaluate.comet.comet_model import SETTINGS, ModelFiles

#: Samples are padded to a multiple of so many subwords.
BUCKET = 16
#: What padding is in each of the tensors that comet prepares; of input_ids it is the tokenizer's.
PADDING = {"attention_mask": 0, "token_type_ids": 0, "label_ids": -1}
#: Samples that are prepared at a time: among many, few batches are filled up.
CHUNK = 16_384


class Stub:
    """Stands for every object of a checkpoint that is neither a tensor nor plain; it does nothing."""

    def __init__(self, *_: Any, **__: Any) -> None: ...

    def __setstate__(self, _: Any) -> None: ...


class CometScorer:
    """A loaded model. Raises UserError: the checkpoint is damaged, or not that of the model that hparams.yaml
    names."""

    def __init__(self, files: ModelFiles, batch_size: int) -> None:
        import torch
        from comet.models import str2model

        kind = str(files.settings["class_identifier"])
        if kind not in str2model:
            raise UserError(
                f"{files.folder / SETTINGS}: no class_identifier {kind!r}{nearest(kind, str2model)}"
            )
        self.batch_size = batch_size
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        try:
            self.model = _build(str2model[kind], files)
        except (UserError, MemoryError):
            raise
        # Whatever zip, pickle, torch and transformers say of files that are not theirs.
        except Exception as error:
            raise UserError(
                f"{files.checkpoint}: cannot be loaded as a COMET model ({_reason(error)}); fetch it again"
            ) from None
        try:
            self.model.eval().to(self.device)
        except torch.OutOfMemoryError:
            raise UserError(
                f"the GPU's memory is too small for {files.name}: use a larger one, or none"
                " (CUDA_VISIBLE_DEVICES=)"
            ) from None

    @property
    def reads(self) -> tuple[str, ...]:
        """The texts of a segment that its score depends on: of ``src``, ``mt``, ``ref``."""
        segments = self.model.hparams.get("input_segments")
        if segments is not None:  # a unified model reads what it was trained to
            return tuple(text for text in ("src", "mt", "ref") if text in segments)
        return ("src", "mt", "ref") if self.model.requires_references() else ("src", "mt")

    def score(self, samples: Sequence[Mapping[str, str]]) -> Iterator[tuple[list[int], list[Kept]]]:
        """Yield places in ``samples`` and what is to be kept of them, batch by batch, each place once.

        Samples have the texts of ``reads``; float32 on the GPU where there is one, else on the CPU. Raises
        UserError: the GPU's memory is full, or a score is not a number.
        """
        for places, values in self._batches(samples):
            for place, (value, _) in zip(places, values, strict=True):
                if not math.isfinite(value):
                    shown = samples[place]["mt"][:60]
                    raise UserError(f"the COMET model gives no number for {shown!r}: its weights are damaged")
            yield places, values

    def _batches(self, samples: Sequence[Mapping[str, str]]) -> Iterator[tuple[list[int], list[Kept]]]:
        import torch

        cut = set()
        groups: dict[tuple[int, ...], list[tuple[int, Any]]] = defaultdict(list)
        for place, sample in enumerate(samples):
            prepared = self.model.prepare_for_inference([dict(sample)])
            alone = isinstance(prepared, Mapping)  # unified models get several inputs
            prepared = [prepared] if alone else prepared
            if self._is_full(prepared):
                cut.add(place)
            padded = [{key: self._padded(key, value) for key, value in part.items()} for part in prepared]
            tensors = [one for part in padded for one in part.values() if getattr(one, "ndim", 0) == 2]
            groups[tuple(one.shape[1] for one in tensors)].append((place, padded))
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
                        f"the GPU's memory is full with batches of {self.batch_size}: set a smaller"
                        " batch_size in evaluation.comet"
                    ) from None
                places = [place for place, _ in batch]
                scores = values.float().cpu().tolist()[: len(batch)]
                yield places, [Kept(rounded(s), p in cut) for p, s in zip(places, scores, strict=True)]

    def _is_full(self, parts: Sequence[Mapping[str, Any]]) -> bool:
        """Return whether a text is as long as what comet cuts longer ones to."""
        longest: int = self.model.encoder.max_positions - 2
        widths: list[int] = [
            value.shape[1] for part in parts for key, value in part.items() if key.endswith("input_ids")
        ]
        return max(widths) >= longest

    def _padded(self, key: str, value: Any) -> Any:
        import torch

        name = next((end for end in ("input_ids", *PADDING) if key.endswith(end)), None)
        if name is None or not isinstance(value, torch.Tensor):
            return value
        fill = self.model.encoder.tokenizer.pad_token_id if name == "input_ids" else PADDING[name]
        width = value.shape[1]
        padded = min(-(-width // BUCKET) * BUCKET, max(width, self.model.encoder.max_positions))
        return torch.nn.functional.pad(value, (0, padded - width), value=fill)


def _reason(error: Exception) -> str:
    """Return the first words of an error; of torch's advice on its restricted loader, what that refused."""
    said = " ".join(str(error).split()) or type(error).__name__
    refused = re.search(r"(?:Trying to load|WeightsUnpickler error:) .*", said)
    return (refused[0] if refused else said).partition(". ")[0][:200]


def _joined(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    import torch

    return {
        key: torch.cat([part[key] for part in parts])
        if isinstance(value, torch.Tensor)
        else [one for part in parts for one in part[key]]
        for key, value in parts[0].items()
    }


def _build(kind: Any, files: ModelFiles) -> Any:
    """Make the model and fill in its weights, as comet.load_from_checkpoint does. But by torch's restricted
    loader, with the encoder's files where we found them, and no weight left random."""
    import torch

    path = files.checkpoint
    if not zipfile.is_zipfile(path):
        raise UserError(
            f"{path}: damaged or cut short, not a checkpoint of torch 1.6 or later; fetch it again"
        )
    unknown = torch.serialization.get_unsafe_globals_in_checkpoint(path)
    with torch.serialization.safe_globals([(Stub, name) for name in unknown]):
        checkpoint = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    taken = inspect.signature(kind.__init__).parameters
    settings = {key: value for key, value in checkpoint["hyper_parameters"].items() if key in taken}
    settings |= {"load_pretrained_weights": False, "local_files_only": True}
    settings["pretrained_model"] = str(files.encoder)
    if files.settings.get("layer_transformation") == "sparsemax_patch":
        settings["layer_transformation"] = "softmax"  # as comet itself has it (its issue 244)
    model = kind(**settings)
    weights = checkpoint["state_dict"]
    missing = [name for name, _ in model.named_parameters() if name not in weights]
    if missing:
        raise UserError(
            f"{path}: {len(missing)} weights are not in it, {missing[0]} is the first; is it the checkpoint"
            f" of this {SETTINGS}?"
        )
    model.load_state_dict(weights, strict=False)
    return model
