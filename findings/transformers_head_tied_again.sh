#!/bin/sh
# Versions: transformers 5.24.0, torch 2.13.0, safetensors 0.8.0, Python 3.11.
# Guess: a T5 of version 1.1, whose config.json has tie_word_embeddings: false and whose file holds an output projection of its own
#   (so do Flan-T5 and MADLAD), keeps it when a row is added to its vocabulary: old logits stay what they were.
# Behaviour: the configuration class sets tie_word_embeddings to true, whatever the file says. Loading notices that the two tensors
#   differ, warns, and keeps both; the logits are right. resize_token_embeddings then ties them, also where the size stays what it
#   is: the projection is gone, and the embeddings stand in its place. What is logged is how new rows are drawn, of 41 rows.
#   Version 4.57.6 keeps the projection.
# Output seen (random weights, 40 words):
#   config says tied True / after loading the projection is the file's True
#   resized to 40: logits move by 4.3, the projection is the embedding True
#   resized to 41: logits move by 4.3, the projection is the embedding True
# Here: nothing is resized or tied, tensors that are one are known by their storage, and a test looks for such calls.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.11 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q transformers==5.24.0 tokenizers==0.23.3 huggingface_hub==2.4.0 safetensors==0.8.0 \
    torch==2.13.0 numpy==1.26.4
cd "$folder"
HF_HUB_OFFLINE=1 OMP_NUM_THREADS=1 "$folder/venv/bin/python" - <<'PY' 2>said || { cat said; exit 1; }
import json
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from transformers import T5Config, T5ForConditionalGeneration

torch.manual_seed(1)
config = T5Config(
    vocab_size=40, d_model=32, d_kv=8, d_ff=48, num_layers=1, num_heads=4, feed_forward_proj="gated-gelu",
    pad_token_id=0, eos_token_id=1, decoder_start_token_id=0,
)
T5ForConditionalGeneration(config).save_pretrained("t5")
path = Path("t5/config.json")
path.write_text(json.dumps({**json.loads(path.read_text()), "tie_word_embeddings": False}))
head = torch.randn(40, 32)
tensors = {**load_file("t5/model.safetensors"), "lm_head.weight": head}
save_file(tensors, "t5/model.safetensors", metadata={"format": "pt"})


def logits(model):
    with torch.inference_mode():
        given = {"input_ids": torch.tensor([[5, 6, 1]]), "decoder_input_ids": torch.tensor([[0, 7]])}
        return model(**given).logits[..., :40]


for size in (40, 41):
    model = T5ForConditionalGeneration.from_pretrained("t5").eval()
    before, own, said = logits(model), torch.equal(model.lm_head.weight, head), model.config.tie_word_embeddings
    if size == 40:
        print(f"config says tied {said} / after loading the projection is the file's {own}")
    model.resize_token_embeddings(size)
    moved = float((logits(model) - before).abs().max())
    tied = torch.equal(model.lm_head.weight, model.shared.weight)
    print(f"resized to {size}: logits move by {moved:.1f}, the projection is the embedding {tied}")
    assert said and own and moved > 1 and tied, "the behaviour has changed"
PY
