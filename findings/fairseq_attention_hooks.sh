#!/bin/sh
# Versions: fairseq 0.12.2, torch 2.13.0, numpy 1.26.4, Python 3.11.
# Guess: a forward hook on `out_proj` of every attention block fires in each of them: 6 of 6 in a 2+2 network.
# Behaviour: self-attention hands its weights to torch's fused function and never calls the module: in training and in
#   evaluation the hook fires in the two cross-attentions only, silently. Who taps heads there sees a third of them.
# Output seen:
#   train 2 of 6 / eval 2 of 6
# Here: only FFNs are tapped and gated today, and a tap or gate that never fired is an error; heads need an
#   attention class of their own.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.11 -m venv "$folder/venv"
pip="$folder/venv/bin/pip"
"$pip" install -q --no-deps antlr4-python3-runtime==4.9.3 bitarray==3.12.3 cffi==2.1.1 cloudpickle==3.1.2 \
    colorama==0.4.6 Cython==3.3.1 filelock==4.2.11 fsspec==2026.9.0 hydra-core==1.3.2 Jinja2==3.1.6 lxml==6.1.3 \
    MarkupSafe==3.0.4 mpmath==1.3.0 networkx==3.6.1 numpy==1.26.4 omegaconf==2.3.0 packaging==26.3 \
    portalocker==4.4.2 pycparser==3.12 PyYAML==6.0.3 regex==2026.11.15 sacrebleu==2.6.0 setuptools==84.2.1 \
    sympy==1.14.0 tabulate==0.10.0 torch==2.13.0 tqdm==4.70.1 typing_extensions==4.16.0
"$pip" install -q --no-deps fairseq==0.12.2
"$folder/venv/bin/python" - <<'PY' 2>"$folder/said" || { cat "$folder/said"; exit 1; }
import argparse
import dataclasses

plain = dataclasses.dataclass


def hashable(cls=None, /, **options):
    """Python 3.11 refuses fairseq's and hydra's defaults unless these classes can be hashed."""

    def decorate(target):
        if target.__module__.partition(".")[0] in ("fairseq", "hydra"):
            options.setdefault("unsafe_hash", True)
        return plain(target, **options)

    return decorate if cls is None else decorate(cls)


dataclasses.dataclass = hashable

import torch
from fairseq.data import Dictionary
from fairseq.models.transformer import TransformerModel, base_architecture


class Task:
    source_dictionary = target_dictionary = Dictionary()


for letter in "abcdefgh":
    Task.source_dictionary.add_symbol(letter)
sizes = {"embed_dim": 8, "ffn_embed_dim": 16, "attention_heads": 2, "layers": 2}
sides = {f"{side}_{name}": size for side in ("encoder", "decoder") for name, size in sizes.items()}
arguments = argparse.Namespace(**sides, dropout=0.0, max_source_positions=20, max_target_positions=20)
base_architecture(arguments)
model = TransformerModel.build_model(arguments, Task())
fired, places = set(), [name for name, _ in model.named_modules() if name.endswith("out_proj")]
for name in places:
    model.get_submodule(name).register_forward_hook(lambda *_, name=name: fired.add(name))
source, target = torch.tensor([[4, 5, 6, 2]]), torch.tensor([[2, 4, 5]])
for training in (True, False):
    fired.clear()
    model.train(training)(source, torch.tensor([4]), target)
    print("train" if training else "eval", len(fired), "of", len(places), flush=True)
    cross = {f"decoder.layers.{layer}.encoder_attn.out_proj" for layer in (0, 1)}
    assert len(places) == 6 and fired == cross, "the behaviour has changed"
PY
