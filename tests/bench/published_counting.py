"""Counting as the published extraction does, written from its description, for stock fairseq alone.

``run-in fairseq tests.bench.published_counting CHECKPOINT DATA_BIN DIRECTION OUT``: fairseq's own
validation of a direction in batches of 30,000 tokens; hooks copy the input and the output of every
`fc2` to the CPU, and after each batch `nonzero` and `bincount` count there, padding included.
"""

import sys
from collections.abc import Callable

import workflow_scripts.models.fairseq.compat  # noqa: F401  (before fairseq)

# isort: split
import torch
from fairseq import checkpoint_utils, utils
from torch import Tensor, nn

MAX_TOKENS = 30_000


def hook_of(name: str, inputs: dict[str, Tensor], outputs: dict[str, Tensor]) -> Callable[..., None]:
    def hook(module: nn.Module, given: tuple[Tensor, ...], returned: Tensor) -> None:
        inputs[name] = given[0].detach().cpu()
        outputs[name] = returned.detach().cpu()

    return hook


def count(checkpoint: str, data_bin: str, direction: str) -> dict[str, Tensor]:
    """Return how often each FFN neuron of each layer is not zero."""
    overrides = {"data": data_bin, "lang_pairs": direction}
    [model], config, task = checkpoint_utils.load_model_ensemble_and_task(
        [checkpoint], arg_overrides=overrides
    )
    model.eval()
    criterion = task.build_criterion(config.criterion)
    task.load_dataset("valid")
    inputs: dict[str, Tensor] = {}
    outputs: dict[str, Tensor] = {}
    counts = {}
    for stack in ("encoder", "decoder"):
        for number, layer in enumerate(getattr(model, stack).layers):
            name = f"{stack}_{number}"
            layer.fc2.register_forward_hook(hook_of(name, inputs, outputs))
            counts[name] = torch.zeros(layer.fc2.in_features, dtype=torch.int64)
    batches = task.get_batch_iterator(
        dataset=task.dataset("valid"),
        max_tokens=MAX_TOKENS,
        max_positions=utils.resolve_max_positions(task.max_positions(), model.max_positions()),
        ignore_invalid_inputs=True,
        required_batch_size_multiple=8,
        disable_iterator_cache=True,
    ).next_epoch_itr(shuffle=False)
    with torch.no_grad():
        for sample in batches:
            task.valid_step(sample, model, criterion)
            for name, found in counts.items():
                found += torch.bincount(torch.nonzero(inputs[name])[:, -1], minlength=len(found))
    return counts


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.save(count(*sys.argv[1:4]), sys.argv[4])
