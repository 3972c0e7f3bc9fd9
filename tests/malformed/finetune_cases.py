"""Methods of a fine-tuning that cannot be, and masks that do not go with one."""

import json

import numpy as np

from tests.malformed import tiny
from tests.malformed.case import cases_of, deferred
from tests.training_settings import training_settings
from workflow_scripts.common.files import sha256_of
from workflow_scripts.data.mmap_format import write_dataset
from workflow_scripts.units.mask_table import MaskTable

#: Of the dictionary of ``tiny.system``.
SYMBOLS = len(tiny.dictionary().splitlines()) + 6
LORA = {"kind": "lora", "size": 4, "rows": dict.fromkeys(tiny.DIRECTIONS, "family")}


@deferred
def finetuning(folder, method, masks=tiny.masks):
    """``method``: an object, or the words of the option. ``masks``: from the hash of the weights, or None."""
    tiny.system(folder)
    (folder / "bin").mkdir()
    for subset in ("train", "valid"):
        for language in ("de", "en"):
            write_dataset(folder / f"bin/{subset}.de-en.{language}", [[4, 5, 2], [6, 2]], SYMBOLS)
    words = "--system ns --parent system --data-bin bin --directions de-en en-de --seed 1 --folder training"
    words += " --out out"
    if masks is not None:
        masks(sha256_of(folder / "system/model.safetensors")).write(folder / "masks.npz")
        words += " --masks masks.npz"
    text = method if isinstance(method, str) else json.dumps(method)
    settings = json.dumps(training_settings(sampler="by_direction"))
    return [*words.split(), f"--settings={settings}", f"--method={text}"]


def selected(rule, **facts):
    def made(sha):
        keep = np.ones((2, tiny.SPACE.size), bool)
        found = {"rule": rule, "weights_sha256": sha, "counting": "pads excluded", **facts}
        return MaskTable(tiny.DIRECTIONS, keep, tiny.SPACE, found)

    return made


finetune = cases_of("finetune-", "train.finetune")
TAKE = "; take masks by one selector on activations, such as mass:95"

CASES = [
    finetune("json", "a method that is not JSON", finetuning("gradients"), "'gradients' on the command line is not JSON: Expecting value: line 1 column 1 (char 0)"),
    finetune("two", "two mistakes in a method", finetuning({"parameter": "ffn", "train": "gradient"}), "--method: unknown key 'parameter' (did you mean 'parameters'?)\n--method: train is 'gradient', not 'gradients'; leave it out for the default"),
    finetune("renew", "masks made again after no update", finetuning({"renew": 0}, selected("mass", k="95")), "--method: renew is 0, not a whole number of updates, at least 1"),
    finetune("unmasked", "masked gradients without masks", finetuning({"train": "gradients"}, None), "--method: train: needs --masks"),
    finetune("parts", "masked gradients of neurons where heads alone are trained", finetuning({"train": "gradients", "parameters": "heads"}), "--method: train: parameters: heads trains no weight of what masks.npz has: ffn"),
    finetune("outputs", "output weights of heads where no head is masked", finetuning({"train": "gradients", "head_weights": "qkvo"}), "--method: head_weights: goes with parameters: heads, or with train or momentum of heads"),
    finetune("like", "masks made again that were drawn", finetuning({"renew": 5}, selected("random", like_rule="mass")), f"--method: renew: masks.npz has rows made otherwise (random){TAKE}"),
    finetune("all", "masks made again that keep all", finetuning({"renew": 5}, selected("all")), f"--method: renew: masks.npz was made by all, which asks no score{TAKE}"),
    finetune("score", "masks made again that another score selected", finetuning({"renew": 5}, selected("mass", k="95", counting="importance of two sentences")), f"--method: renew: masks.npz was selected by another score (importance of two sentences){TAKE}"),
    finetune("text", "masks made again by another text", finetuning({"renew": 5}, selected("mass", k="95")), "--method: renew: masks.npz was selected by another text of de-en than valid in bin, by which it would be made again; take masks of that text"),
    finetune("kind", "an unknown kind of adapters", finetuning({"adapters": {**LORA, "kind": "prefix"}}), "--method: adapters.kind is 'prefix', not one of bottleneck, lora"),
    finetune("row", "adapters without a row for a direction", finetuning({"adapters": {**LORA, "rows": {"de-en": "de"}}}), "--method: adapters.rows has no row for en-de"),
    finetune("both", "adapters of a network that is trained too", finetuning({"adapters": LORA, "parameters": "ffn"}), "--method: parameters does not go with adapters, beside which nothing is trained; leave one out"),
]  # fmt: skip
