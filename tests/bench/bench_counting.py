"""Counting activations: ours against the published extraction's way, side by side on one machine.

What: one direction of a base-size model (512/2048, 6+6 layers, random weights, float32, vocabulary 8,000),
1,000 sentences of realistic lengths. The published way, written anew from its description: validation in
batches of 30,000 tokens with label-smoothed loss, hooks that copy the input and the output of every fc2 to
the CPU, then `nonzero` and `bincount` there, padding counted. Ours is `count_activations.count_direction`.
Each way runs in a process of its own, so that peak memory is its own.
Outputs: a table of seconds, processor seconds and peak memory, and the ratios.
Run, in the fairseq environment: `PYTHONPATH=. python tests/bench/bench_counting.py [--sentences 1000]`.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from workflow_scripts.activations.count_activations import PUBLISHED_MAX_TOKENS, count_direction
from workflow_scripts.models.fairseq.batches import direction_dataset, make_batches
from workflow_scripts.models.fairseq.directions import DirectionData
from workflow_scripts.models.fairseq.network import build_network
from workflow_scripts.models.fairseq.port import FairseqPort
from workflow_scripts.units.architecture import Architecture
from workflow_scripts.units.vocabulary import EOS, PAD, Vocabulary

# isort: split
from fairseq.data.indexed_dataset import MMapIndexedDatasetBuilder

ARCHITECTURE = Architecture(encoder_layers=6, decoder_layers=6, model_dim=512, ffn_dim=2048, heads=8)
VOCABULARY = Vocabulary([f"p{number}" for number in range(8000)], ["xx", "yy"])
MEAN_LENGTH, LENGTH_SPREAD = 23, 0.45  # subwords without tag and </s>; log-normal, as in news text
WAYS = ("published", "ours")
SMOOTHING = 0.1


def write_data(folder: Path, sentences: int, seed: int = 0) -> None:
    """Write a direction xx-yy of random subwords whose two sides have similar lengths."""
    rng = np.random.default_rng(seed)
    sources = np.clip(rng.lognormal(np.log(MEAN_LENGTH), LENGTH_SPREAD, sentences).round(), 3, 150).astype(
        int
    )
    targets = np.clip((sources * rng.lognormal(0, 0.2, sentences)).round(), 3, 200).astype(int)
    for language, lengths in (("xx", sources), ("yy", targets)):
        prefix = folder / f"valid.xx-yy.{language}"
        builder = MMapIndexedDatasetBuilder(f"{prefix}.bin", dtype=np.uint16)
        for length in lengths:
            builder.add_item(torch.tensor([*rng.integers(4, 8004, length), EOS]))
        builder.finalize(f"{prefix}.idx")


def published_way(network: nn.Module, dataset: DirectionData) -> Tensor:
    """Count as the published extraction does: int64 [groups, F], padding included."""
    for layer in network.decoder.layers:
        layer.need_attn = True  # as stock fairseq has it
    layers = [*network.encoder.layers, *network.decoder.layers]
    inputs: dict[int, Tensor] = {}
    outputs: dict[int, Tensor] = {}

    def hook_of(group: int):
        def hook(module: nn.Module, given: tuple[Tensor, ...], returned: Tensor) -> None:
            inputs[group] = given[0].detach().cpu()
            outputs[group] = returned.detach().cpu()

        return hook

    hooks = [layer.fc2.register_forward_hook(hook_of(group)) for group, layer in enumerate(layers)]
    counts = torch.zeros(len(layers), ARCHITECTURE.ffn_dim, dtype=torch.int64)
    with torch.no_grad():
        for batch in make_batches(dataset, PUBLISHED_MAX_TOKENS):
            logits, _ = network(batch.source, batch.source_lengths, batch.decoder_input)
            log_probabilities = network.get_normalized_probs((logits, None), log_probs=True)
            log_probabilities = log_probabilities.view(-1, log_probabilities.shape[-1])
            target = batch.target.view(-1, 1)
            pad = target.eq(PAD)
            nll = -log_probabilities.gather(-1, target)
            smooth = -log_probabilities.sum(-1, keepdim=True)
            nll.masked_fill_(pad, 0.0)
            smooth.masked_fill_(pad, 0.0)
            (nll.sum() * (1 - SMOOTHING) + smooth.sum() * SMOOTHING / logits.shape[-1]).item()
            for group in range(len(layers)):
                units = torch.nonzero(inputs[group])[:, -1]
                counts[group] += torch.bincount(units, minlength=ARCHITECTURE.ffn_dim)
    for hook in hooks:
        hook.remove()
    return counts


def run_one(way: str, data_bin: Path, threads: int) -> None:
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    network = build_network(ARCHITECTURE, len(VOCABULARY)).eval()
    dataset = direction_dataset(data_bin, "valid", "xx-yy", VOCABULARY)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start, processor = time.perf_counter(), time.process_time()
    if way == "published":
        counts = published_way(network, dataset)
    else:
        counts, _ = count_direction(FairseqPort(network, VOCABULARY), dataset)
    figures = {
        "seconds": time.perf_counter() - start,
        "processor_seconds": time.process_time() - processor,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "mib_before": before / 1024,
        "counted": int(counts.sum()),
    }
    print(json.dumps(figures))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sentences", type=int, default=1000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--data-bin", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.way:
        run_one(arguments.way, arguments.data_bin, arguments.threads)
        return
    with tempfile.TemporaryDirectory() as folder:
        write_data(Path(folder), arguments.sentences)
        results = {}
        for way in WAYS:
            command = [sys.executable, __file__, "--way", way, "--data-bin", folder]
            command += ["--threads", str(arguments.threads)]
            output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
            results[way] = json.loads(output.splitlines()[-1])
    print(f"{arguments.sentences} sentences, {arguments.threads} threads, torch {torch.__version__}")
    print(f"{'way':<12}{'seconds':>10}{'processor s':>13}{'peak MiB':>10}{'start MiB':>11}")
    for way, figures in results.items():
        print(
            f"{way:<12}{figures['seconds']:>10.1f}{figures['processor_seconds']:>13.1f}"
            f"{figures['peak_mib']:>10.0f}{figures['mib_before']:>11.0f}"
        )
    published, ours = results["published"], results["ours"]
    for name in ("seconds", "processor_seconds"):
        print(f"ratio of {name.replace('_', ' ')}: {published[name] / ours[name]:.2f}")


if __name__ == "__main__":
    main()
