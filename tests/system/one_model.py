"""One model in both ports, a step in each environment: ``python -m tests.system.one_model STEP FOLDER``.

``vocabulary`` (environment hf) trains subwords; ``fairseq`` draws a network, counts its units and writes its
weights; ``huggingface`` lays these out as M2M-100 has them, and counts.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

from workflow_scripts.activations.count_activations import count_direction
from workflow_scripts.models.weights import read_tensors
from workflow_scripts.units.architecture import Architecture
from workflow_scripts.units.vocabulary import Vocabulary

LANGUAGES = ("en", "de")
SHAPE = Architecture(2, 2, 16, 48, 2, share_all_embeddings=True, max_positions=40)
#: fairseq's one matrix of embeddings, and M2M-100's.
THEIRS, OURS = "decoder.embed_tokens.weight", "model.shared.weight"


def pairs(symbols: int) -> list[tuple[list[int], list[int]]]:
    """Forty pairs of 1 to 9 and 1 to 7 drawn subwords."""
    draw = np.random.default_rng(4)
    return [
        (draw.integers(4, symbols, 1 + n % 9).tolist(), draw.integers(4, symbols, 1 + n % 7).tolist())
        for n in range(40)
    ]


def measure(port: Any, folder: Path, name: str, symbols: int) -> None:
    """Write counts and likelihoods."""
    task = port.pairs("en-de", LANGUAGES, pairs(symbols))
    counts, tally = count_direction(port, task)
    (batch,) = port.batches(task, 10**4)
    with torch.inference_mode():
        nll, tokens = port.loss(batch, True)
    order = np.argsort(np.asarray(batch.lines))
    np.savez(
        folder / f"{name}.npz",
        counts=counts.numpy(),
        nll=nll.numpy()[order],
        tokens=tokens.numpy()[order],
        positions=[tally.source_positions, tally.target_positions],
    )


def vocabulary(folder: Path) -> None:
    import sentencepiece

    from tests.unit.models.huggingface.folders import subwords

    processor = sentencepiece.SentencePieceProcessor(model_file=str(subwords(folder, "spm")))
    pieces = [processor.id_to_piece(number) for number in range(3, len(processor))]
    (folder / "dict.txt").write_text("".join(f"{piece} 1\n" for piece in pieces))


def fairseq(folder: Path) -> None:
    from workflow_scripts.models.fairseq.artifact import save_system_weights
    from workflow_scripts.models.fairseq.network import build_network
    from workflow_scripts.models.fairseq.port import FairseqPort

    known = Vocabulary.read(folder / "dict.txt", LANGUAGES)
    torch.manual_seed(8)
    network = build_network(SHAPE, len(known)).eval()
    with torch.no_grad():
        for name, one in network.named_parameters():
            if name.endswith("bias"):
                one.normal_(std=0.3)
    save_system_weights(network, folder / "fairseq.safetensors")
    measure(FairseqPort(network, known), folder, "fairseq", len(known.subwords))


def huggingface(folder: Path) -> None:
    from workflow_scripts.models.huggingface.baseline import (
        baseline_architecture,
        baseline_tags,
        make_model_folder,
    )
    from workflow_scripts.models.huggingface.port import open_port

    made = folder / "model"
    shape = baseline_architecture(SHAPE.to_dict())
    make_model_folder(made, shape, LANGUAGES, str(folder / "spm.model"), str(folder / "dict.txt"))
    theirs = read_tensors(folder / "fairseq.safetensors")
    tensors = {OURS if name == THEIRS else f"model.{name}": one for name, one in theirs.items()}
    port = open_port(made, baseline_tags(LANGUAGES), tensors=tensors)
    known = Vocabulary.read(folder / "dict.txt", LANGUAGES)
    measure(port, folder, "huggingface", len(known.subwords))


if __name__ == "__main__":
    {"vocabulary": vocabulary, "fairseq": fairseq, "huggingface": huggingface}[sys.argv[1]](Path(sys.argv[2]))
