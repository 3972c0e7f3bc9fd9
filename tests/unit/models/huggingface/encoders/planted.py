"""An encoder whose weights are set by hand, so that one attention head serves one task.

Each text has one word of each task among others, and the task's label is that word's. In the first layer head
t looks from every position at the words of task t alone, and carries what they say to two dimensions of its
own; the head of task t reads these two. All other heads and neurons have small random weights. In the FFN of
one layer there is a neuron for each task, which is strong at that task's words that say something above 0.
"""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import workflow_scripts.models.huggingface.library  # noqa: F401  isort:skip  (before transformers)

import torch
import transformers

from workflow_scripts.common.labelled_examples import Examples
from workflow_scripts.models.huggingface.encoders.port import EncoderPort, open_encoder
from workflow_scripts.models.huggingface.encoders.tasks import TaskSpec

HEADS, WIDTH, LAYERS, NEURONS = 4, 24, 2, 32
HEAD_DIM = WIDTH // HEADS
FILLERS = ["the", "a", "of", "house", "tree", "and"]
#: Of each task its words, each with what it says; task t is served by head t of layer 0.
SAYS: dict[str, dict[str, float]] = {
    "colour": {"red": -1.0, "rose": -1.0, "blue": 1.0, "navy": 1.0},
    "place": {"north": -1.0, "polar": -1.0, "south": 1.0, "tropic": 1.0},
    "number": {"one": -1.0, "two": -0.6, "three": 0.6, "four": 1.0},
}
#: Dimensions of task t: whether a word is of it, what it says, and the two that its head writes to.
OF_TASK, SAID, WRITTEN = (lambda t: 2 * t), (lambda t: 2 * t + 1), (lambda t: (6 + 2 * t, 7 + 2 * t))
#: The planted neuron of each task.
PLANTED_NEURON = {"colour": 3, "place": 17, "number": 29}


def planted_folder(folder: Path, layer: int = 1, noise: float = 0.05) -> Path:
    """Write the encoder and its tokenizer, without heads of tasks. ``layer``: of the planted neurons."""
    folder.mkdir(parents=True, exist_ok=True)
    words = [word for says in SAYS.values() for word in says]
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *FILLERS, *words]
    (folder / "vocab.txt").write_text("\n".join(pieces) + "\n")
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "BertTokenizer"}')
    config = transformers.BertConfig(
        vocab_size=len(pieces),
        hidden_size=WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        intermediate_size=NEURONS,
        max_position_embeddings=16,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    torch.manual_seed(3)
    model = transformers.BertModel(config, add_pooling_layer=False)
    with torch.no_grad():
        for name, one in model.named_parameters():
            if "LayerNorm" not in name:
                one.normal_(std=noise)
        embedded = model.embeddings.word_embeddings.weight
        embedded[:, 2 * len(SAYS) :].normal_(std=0.25)
        embedded[:, : 2 * len(SAYS)] = 0.0
        first = model.encoder.layer[0]
        for task, (name, says) in enumerate(SAYS.items()):
            for word, said in says.items():
                row = embedded[pieces.index(word)]
                row[OF_TASK(task)], row[SAID(task)] = 2.0, said
            # Head t: every query asks for words of task t; what they say goes to its two dimensions.
            start = task * HEAD_DIM
            first.attention.self.query.bias[start] = 8.0
            first.attention.self.key.weight[start] = 0.0
            first.attention.self.key.weight[start, OF_TASK(task)] = 2.0
            first.attention.self.value.weight[start] = 0.0
            first.attention.self.value.weight[start, SAID(task)] = 1.0
            up, down = WRITTEN(task)
            for dimension, sign in ((up, 1.0), (down, -1.0)):
                first.attention.output.dense.weight[dimension, start] = 2.0 * sign
            # One neuron says, at the word itself, whether it says something above 0.
            neuron = model.encoder.layer[layer].intermediate.dense
            neuron.weight[PLANTED_NEURON[name]] = 0.0
            neuron.weight[PLANTED_NEURON[name], SAID(task)] = 3.0
    model.eval().save_pretrained(folder)
    return folder


def planted_port(folder: Path, tasks: list[str], metrics: dict[str, str] | None = None) -> EncoderPort:
    """Open the encoder with heads of these tasks, which read the task's two dimensions. ``number`` is a
    regression, the others have classes ``minus`` and ``plus``. ``metrics``: of tasks, if not the usual."""
    specs = [replace(spec_of(name), metric=(metrics or {}).get(name, spec_of(name).metric)) for name in tasks]
    port = open_encoder(folder, specs)
    with torch.no_grad():
        for name in tasks:
            head = port.model.heads[name]
            for one in (head.dense.weight, head.dense.bias, head.out.weight, head.out.bias):
                one.zero_()
            up, down = WRITTEN([*SAYS].index(name))
            head.dense.weight[0, up], head.dense.weight[0, down] = 0.5, -0.5
            head.out.weight[-1, 0] = 1.0 if port.tasks[name].labels else 0.6
            if port.tasks[name].labels:
                head.out.weight[0, 0] = -1.0
    return port


def spec_of(name: str) -> TaskSpec:
    """Return the description of a planted task."""
    if name == "number":
        return TaskSpec(name, metric="spearman")
    return TaskSpec(name, ("minus", "plus"), "accuracy" if name == "colour" else "f1")


def planted_examples(name: str, count: int, seed: int) -> Examples:
    """Return texts with one word of every task, and the label of one task, each of its words as often."""
    draw = random.Random(f"{name} {seed}")
    texts, labels = [], []
    for number in range(count):
        chosen = {task: draw.choice(list(says)) for task, says in SAYS.items()}
        chosen[name] = list(SAYS[name])[number % len(SAYS[name])]
        words = [*chosen.values(), *draw.choices(FILLERS, k=draw.randint(1, 4))]
        draw.shuffle(words)
        texts.append((" ".join(words),))
        said = SAYS[name][chosen[name]]
        labels.append(str(said) if name == "number" else "plus" if said > 0 else "minus")
    return Examples(texts, labels, name)
