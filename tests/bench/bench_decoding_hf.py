"""Decoding of a Hugging Face system beside its library's own ``generate``: speed, memory, equal hypotheses.

What: a Marian model of base shape (6+6 layers, 512/2048, 8 heads, vocabulary 58,101, random weights), 60
sentences of 30 pieces, 30 pieces out, which never end earlier; and a small NLLB-like model that was trained
for some seconds, whose sentences end by themselves. Beam 5, one thread, batches of 1,000 source tokens.
Processor seconds of the search alone, model and text loaded; the engines take turns, since other work on the
machine comes and goes. Peak memory is that of a process of its own for each number of sentences.
Outputs: tables of seconds, ratios (median and range), equal hypotheses, memory.
Run, in the environment hf: `PYTHONPATH=. python tests/bench/bench_decoding_hf.py [--pairs 3] [--memory]`.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import workflow_scripts.models.huggingface.library  # noqa: F401  isort:skip  (before transformers)

import torch
import transformers

from tests.unit.models.huggingface.folders import model_folder, sentences, system_of
from workflow_scripts.models.huggingface.batches import TextTask
from workflow_scripts.models.port import load
from workflow_scripts.translate.codecs import codec_of
from workflow_scripts.translate.ctranslate2_engine import CTranslate2Engine
from workflow_scripts.translate.decoding_options import DecodingOptions
from workflow_scripts.translate.live_engine import LiveEngine
from workflow_scripts.translate.pipeline import Engine
from workflow_scripts.units.system import SystemFolder

DIRECTION = "en-de"
LENGTH, VOCABULARY = 30, 58101
NAMES = ("generate", "float32", "int8")


def base(folder: Path) -> SystemFolder:
    """Make the Marian model: its ``</s>`` is never a likely word."""
    model_folder("marian", folder)
    known = json.loads((folder / "vocab.json").read_text())
    begin = known.pop("<pad>")
    known |= {f"more{row}": row for row in range(begin, VOCABULARY - 1)} | {"<pad>": VOCABULARY - 1}
    (folder / "vocab.json").write_text(json.dumps(known))
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
    port = load(system_of("nllb", folder, folder.parent / "untrained"), "cpu")
    lines = sentences(400, 9)
    twice = [" ".join(word for word in line.split() for _ in range(2)) for line in lines]
    sources, labels = port.text.source_ids(DIRECTION, lines), port.text.target_ids(DIRECTION, twice)
    batches = list(port.batches(TextTask(DIRECTION, sources, labels, port.text.tagged), 600))
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


def engine_of(system: SystemFolder, name: str, most: int) -> Engine:
    """Return the library's search, ``generate``, or ours of a compute type."""
    if name == "generate":
        return LiveEngine(system, DIRECTION, DecodingOptions(max_length=most, batch_tokens=1000))
    options = DecodingOptions(max_length=most, batch_tokens=1000, compute_type=name)
    return CTranslate2Engine(system, DIRECTION, options)


def text_of(system: SystemFolder, number: int) -> tuple[list[list[str]], int]:
    """Return sentences as pieces, longest first, and how many tokens may be written."""
    if system.system == "marian":
        # Other words in each sentence.
        rows = [[200 + 7919 * (n * LENGTH + k) % 50_000 for k in range(LENGTH)] for n in range(number)]
        return [[f"more{row}" for row in sentence] for sentence in rows], LENGTH
    codec = codec_of(system, DIRECTION)
    return sorted(map(codec.encode, sentences(number, 12)), key=len, reverse=True), 60


def compare(system: SystemFolder, pairs: int) -> None:
    text, most = text_of(system, 60)
    engines = {name: engine_of(system, name, most) for name in NAMES}
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
        first = f"{statistics.median(seconds):.2f} | {statistics.median(ratios):.2f}"
        print(f"| {name} | {first} | {min(ratios):.2f} to {max(ratios):.2f} | {equal} of 60 |", flush=True)


PEAK = """
import resource, sys
from pathlib import Path
from tests.bench.bench_decoding_hf import engine_of, text_of
from workflow_scripts.units.system import SystemFolder
system, name, number = SystemFolder.read(Path(sys.argv[1])), sys.argv[2], int(sys.argv[3])
text, most = text_of(system, number)
for _ in engine_of(system, name, most).translate(text):
    pass
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def peak(system: SystemFolder, name: str, number: int) -> int:
    """Return the peak memory of a process that decodes so many sentences, in MB."""
    command = [sys.executable, "-c", PEAK, str(system.folder), name, str(number)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--models", nargs="+", default=["small", "base"], choices=["small", "base"])
    parser.add_argument("--memory", action="store_true", help="of 300 and 1,200 sentences")
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if "small" in options.models:
            small = trained(folder / "nllb")
            compare(small, options.pairs)
            for number in (300, 1200) if options.memory else ():
                found = peak(small, "float32", number)
                print(f"{number} sentences of the small model: {found} MB", flush=True)
        if "base" in options.models:
            compare(base(folder / "marian"), options.pairs)


if __name__ == "__main__":
    main()
