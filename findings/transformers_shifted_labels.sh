#!/bin/sh
# Versions: transformers 5.24.0, torch 2.13.0, Python 3.11.
# Guess: the decoder input that a model makes of labels (-100 behind a sentence's end) is padding wherever there is no label, so that
#   "input is not padding" counts the labelled positions, however sentences are put into batches.
# Behaviour: the shift moves each </s> one place on, also of sentences that are shorter than the longest: the position behind their
#   last label has </s>, not padding. Families that begin a target with the id of padding (Marian, T5) lose that position besides.
#   So statistics over positions that are not padding depend on the batching. The loss does not: it goes by the labels.
# Output seen (labels of 3, 5 and 7):
#   M2M-100: labels 15, input not padding 17 in one batch, 15 one by one
#   Marian: labels 15, input not padding 14 in one batch, 12 one by one
# Here: the decoder's input is made with padding where there is no label, and a position is real where it has one.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.11 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q transformers==5.24.0 tokenizers==0.23.3 huggingface_hub==2.4.0 torch==2.13.0 numpy==1.26.4
HF_HUB_OFFLINE=1 OMP_NUM_THREADS=1 "$folder/venv/bin/python" - <<'PY' 2>"$folder/said" || { cat "$folder/said"; exit 1; }
import torch
from transformers import M2M100Config, M2M100ForConditionalGeneration, MarianConfig, MarianMTModel

SIZES = {
    "vocab_size": 40, "d_model": 16, "max_position_embeddings": 32,
    **{f"{stack}_{what}": number for stack in ("encoder", "decoder")
       for what, number in (("layers", 1), ("attention_heads", 2), ("ffn_dim", 32))},
}
MODELS = {
    "M2M-100": M2M100ForConditionalGeneration(M2M100Config(**SIZES)),
    "Marian": MarianMTModel(MarianConfig(**SIZES, pad_token_id=39, eos_token_id=0, decoder_start_token_id=39)),
}
found = {}
for name, model in MODELS.items():
    model.eval()
    end, padding = model.config.eos_token_id, model.config.pad_token_id
    sentences = [[7] * length + [end] for length in (2, 4, 6)]
    labels = torch.full((3, 7), -100)
    for row, sentence in zip(labels, sentences):
        row[: len(sentence)] = torch.tensor(sentence)
    seen = []
    model.get_decoder().register_forward_pre_hook(
        lambda _, given, named: seen.append(int(named["input_ids"].ne(padding).sum())), with_kwargs=True
    )
    source = torch.tensor([[5, 6, end]])
    with torch.inference_mode():
        model(input_ids=source.repeat(3, 1), labels=labels)
        for row, sentence in zip(labels, sentences):
            model(input_ids=source, labels=row[None, : len(sentence)])
    found[name] = (int(labels.ne(-100).sum()), seen[0], sum(seen[1:]))
    print(f"{name}: labels {found[name][0]}, input not padding {found[name][1]} in one batch, {found[name][2]} one by one")
assert found == {"M2M-100": (15, 17, 15), "Marian": (15, 14, 12)}, "the behaviour has changed"
PY
