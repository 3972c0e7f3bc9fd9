"""Decoding of a Hugging Face system beside its library's own ``generate``: speed, memory, equal hypotheses.

What: a Marian model of base shape (6+6 layers, 512/2048, 8 heads, vocabulary 58,101, random weights), 60
sentences of 30 pieces, 30 pieces out, which never end earlier; and a small NLLB-like model that was trained for
half a minute, whose sentences end by themselves. Beam 5, one thread, batches of 1,000 source tokens. Seconds
of the search alone, model and text loaded; pairs are interleaved, since other work on the machine comes and
goes. Peak memory is that of a process of its own for each engine and number of sentences.
Outputs: tables of seconds, ratios (median and range over the pairs), equal hypotheses, memory.
Run, in the environment hf: `PYTHONPATH=. python tests/bench/bench_decoding_hf.py [--pairs 3]`.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import workflow_scripts.models.huggingface.library  # noqa: F401  isort:skip  (before transformers)

import torch
import transformers

from tests.unit.models.huggingface.folders import model_folder, sentences, system_of
from workflow_scripts.models.port import load
from workflow_scripts.translate.ctranslate2_engine import CTranslate2Engine
from workflow_scripts.translate.decoding_options import DecodingOptions
from workflow_scripts.translate.live_engine import LiveEngine
from workflow_scripts.translate.pipeline import Engine
from workflow_scripts.translate.sides import side_of
from workflow_scripts.units.system import SystemFolder

DIRECTION = "en-de"
LENGTH, VOCABULARY = 30, 58101
TYPES = ("float32", "int8")


def base(folder: Path) -> SystemFolder:
    """Make the Marian model: its </s> is never the likely word."""
    model_folder("marian", folder)
    known = json.loads((folder / "vocab.json").read_text())
    padding = known.pop("<pad>")
    names = {
        **known,
        **{f"more{row}": row for row in range(padding, VOCABULARY - 1)},
        "<pad>": VOCABULARY - 1,
    }
    (folder / "vocab.json").write_text(json.dumps(names))
    torch.manual_seed(1)
    config = transformers.MarianConfig(
        vocab_size=VOCABULARY, d_model=512, encoder_layers=6, decoder_layers=6, encoder_ffn_dim=2048,
        decoder_ffn_dim=2048, encoder_attention_heads=8, decoder_attention_heads=8, eos_token_id=0,
        pad_token_id=VOCABULARY - 1, decoder_start_token_id=VOCABULARY - 1, scale_embedding=True,
        activation_function="swish", max_position_embeddings=512,
    )  # fmt: skip
    model = transformers.MarianMTModel(config)
    model.final_logits_bias[0, 0] = -1e4
    model.save_pretrained(folder)
    return system_of("marian", folder, folder.parent / "base")


def trained(folder: Path, updates: int = 150) -> SystemFolder:
    """Train the NLLB-like model to say each word of a sentence twice."""
    model_folder("nllb", folder, d_model=64, encoder_ffn_dim=128, decoder_ffn_dim=128, init_std=0.05)
    system = system_of("nllb", folder, folder.parent / "untrained")
    port = load(system, "cpu")
    lines = sentences(400, 9)
    targets = [" ".join(word for word in line.split() for _ in range(2)) for line in lines]
    sources = port.text.source_ids(DIRECTION, lines)
    labels = port.text.target_ids(DIRECTION, targets)
    from workflow_scripts.models.huggingface.batches import TextTask

    task = TextTask(DIRECTION, sources, labels, port.text.tagged)
    batches = list(port.batches(task, 600))
    optimizer = torch.optim.AdamW(port.model.parameters(), lr=3e-3)
    port.model.train()
    torch.manual_seed(1)
    for update in range(updates):
        batch = batches[update * 7 % len(batches)]
        logits = port.model(
            input_ids=batch.source,
            attention_mask=batch.source_mask.long(),
            decoder_input_ids=batch.decoder_input,
        ).logits
        torch.nn.functional.cross_entropy(logits.flatten(0, 1), batch.labels.flatten()).backward()
        optimizer.step()
        optimizer.zero_grad()
    port.model.eval().save_pretrained(folder)
    return system_of("nllb", folder, folder.parent / "trained")


def engines_of(system: SystemFolder, most: int) -> Iterator[tuple[str, Engine]]:
    """Yield the library's search and ours, by name."""
    side = side_of(system, DIRECTION)
    shared = {"beam": 5, "max_length": most, "batch_tokens": 1000}
    yield "generate", LiveEngine(system, DIRECTION, DecodingOptions(**shared), side=side)
    for kind in TYPES:
        yield kind, CTranslate2Engine(system, DIRECTION, DecodingOptions(compute_type=kind, **shared), side)


def text_of(system: SystemFolder, number: int) -> tuple[list[list[str]], int]:
    """Return sentences as pieces, longest first, and how many tokens may be written."""
    side = side_of(system, DIRECTION)
    if system.system == "marian":
        symbols = [f"more{row}" for row in range(200, VOCABULARY - 200)]
        return [
            [symbols[(7919 * (n * LENGTH + k)) % len(symbols)] for k in range(LENGTH)] for n in range(number)
        ], LENGTH
    pieces = [side.encode(line) for line in sentences(number, 12)]
    return sorted(pieces, key=len, reverse=True), 60


def compare(system: SystemFolder, pairs: int) -> None:
    text, most = text_of(system, 60)
    engines = dict(engines_of(system, most))
    took: dict[str, list[float]] = {name: [] for name in engines}
    said: dict[str, list[list[str]]] = {}
    for _ in range(pairs):
        for name, engine in engines.items():
            start = time.process_time()
            said[name] = list(engine.translate(text))
            took[name].append(time.process_time() - start)
    print(f"\n### {system.system}: 60 sentences, {sum(map(len, said['generate']))} tokens out\n")
    print("| engine | CPU s, median | ratio, median | range | equal hypotheses |\n|---|---:|---:|---|---:|")
    for name, seconds in took.items():
        ratios = [a / b for a, b in zip(took["generate"], seconds, strict=True)]
        equal = sum(a == b for a, b in zip(said[name], said["generate"], strict=True))
        spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
        middle = statistics.median(ratios)
        print(
            f"| {name} | {statistics.median(seconds):.2f} | {middle:.2f} | {spread} | {equal} of 60 |",
            flush=True,
        )


PEAK = """
import resource, sys
from pathlib import Path
from tests.bench.bench_decoding_hf import engines_of, text_of
from workflow_scripts.units.system import SystemFolder
system, wanted, number = SystemFolder.read(Path(sys.argv[1])), sys.argv[2], int(sys.argv[3])
text, most = text_of(system, number)
engine = next(engine for name, engine in engines_of(system, most) if name == wanted)
for _ in engine.translate(text):
    pass
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def peak(system: SystemFolder, name: str, number: int) -> int:
    """Return the peak memory of a process that decodes so many sentences, in MB."""
    command = [sys.executable, "-c", PEAK, str(system.folder), name, str(number)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--memory", action="store_true", help="of 300 and 1,200 sentences")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small = trained(folder / "nllb")
        compare(small, options.pairs)
        if options.memory:
            for number in (300, 1200):
                print(
                    f"{number} sentences of the small model: {peak(small, 'float32', number)} MB", flush=True
                )
        compare(base(folder / "marian"), options.pairs)


if __name__ == "__main__":
    main()
