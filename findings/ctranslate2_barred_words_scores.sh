#!/bin/sh
# Versions: ctranslate2 4.8.5, numpy 1.26.4, Python 3.11.
# Guess: words that may not come (suppress_sequences, disable_unk, no_repeat_ngram_size, </s> before min_decoding_length) get a
#   log probability of -inf, and the score of a hypothesis is what the model gives it: the sum of score_batch.
# Behaviour: they are taken out before the softmax, so that what they had goes to the other words: each step of a score is
#   log p - log(1 - p of all that is barred there). A hypothesis gains by every probable word that it was kept from, and one
#   that the model finds unlikely heads the beam. By default </s> is barred at the first step. By its source, fairseq 0.12.2
#   puts -inf behind the softmax, so that the two rank one beam otherwise.
# Output seen (a random network of eight words, no length penalty; score, sum of log p, and that sum less the log shares):
#   min_decoding_length=0: -3.8535, -3.8535, -3.8535
#   by default: -3.8330, -3.8535, -3.8330
#   disable_unk: -3.7423, -3.8535, -3.7423
#   suppress_sequences: -2.9977, -4.7095, -2.9977
#   no_repeat_ngram_size: -2.5564, -7.8104, -2.5564; the sixth of its beam: -3.8966, -3.8966, -3.8966
# Here: padding is barred, and </s> as the first word; no score of translate_batch is written anywhere. Where a beam is ranked
#   as by fairseq (decode.ranking) the sums are asked of score_batch.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.11 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q ctranslate2==4.8.5 numpy==1.26.4
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import math
import os

import ctranslate2
import numpy
from ctranslate2.specs import TransformerSpec

words = ["<unk>", "<s>", "</s>", "a", "b", "c", "d", "e"]
random = numpy.random.default_rng(3)
width, units, longest = 8, 16, 6


def matrix(*shape):
    return random.normal(0, 0.7, shape).astype(numpy.float32)


def linear(spec, out, into):
    spec.weight, spec.bias = matrix(out, into), numpy.zeros(out, numpy.float32)


def norm(spec):
    spec.gamma, spec.beta = numpy.ones(width, numpy.float32), numpy.zeros(width, numpy.float32)


spec = TransformerSpec.from_config((1, 1), 2, pre_norm=True)
spec.encoder.embeddings[0].weight = matrix(len(words), width)
spec.decoder.embeddings.weight = matrix(len(words), width)
linear(spec.decoder.projection, len(words), width)
for stack in (spec.encoder, spec.decoder):
    stack.position_encodings.encodings = matrix(32, width)
    stack.scale_embeddings = False
    norm(stack.layer_norm)
    (layer,) = stack.layer
    linear(layer.self_attention.linear[0], 3 * width, width)
    linear(layer.self_attention.linear[1], width, width)
    norm(layer.self_attention.layer_norm)
    linear(layer.ffn.linear_0, units, width)
    linear(layer.ffn.linear_1, width, units)
    norm(layer.ffn.layer_norm)
cross = spec.decoder.layer[0].attention
linear(cross.linear[0], width, width)
linear(cross.linear[1], 2 * width, width)
linear(cross.linear[2], width, width)
norm(cross.layer_norm)
spec.register_source_vocabulary(words)
spec.register_target_vocabulary(words)
spec.validate()
os.makedirs("model")
spec.save("model")
translator = ctranslate2.Translator("model", intra_threads=1)
source = ["a", "b", "c"]


def log_probs(tokens):
    """Of each token and of </s> behind them, as the model has them."""
    return translator.score_batch([source], [tokens])[0].log_probs


def share(before, word):
    told = log_probs(before) if word == "</s>" else log_probs([*before, word])
    return math.exp(told[len(before)])


# What may not come after the words so far.
CASES = {
    "min_decoding_length=0": ({"min_decoding_length": 0}, lambda before: []),
    "by default": ({}, lambda before: [] if before else ["</s>"]),
    "disable_unk": ({"min_decoding_length": 0, "disable_unk": True}, lambda before: ["<unk>"]),
    "suppress_sequences": ({"min_decoding_length": 0, "suppress_sequences": [["d"]]}, lambda before: ["d"]),
    "no_repeat_ngram_size": ({"min_decoding_length": 0, "no_repeat_ngram_size": 1}, lambda before: sorted(set(before))),
}
found = {}
for name, (options, barred) in CASES.items():
    (result,) = translator.translate_batch(
        [source], beam_size=6, num_hypotheses=6, length_penalty=0, max_decoding_length=longest, return_scores=True, **options
    )
    found[name] = []
    for tokens, score in zip(result.hypotheses, result.scores):
        steps = len(tokens) + (len(tokens) < longest)
        told = log_probs(tokens)[:steps]
        without = [sum(share(tokens[:i], word) for word in barred(tokens[:i])) for i in range(steps)]
        found[name].append((score, sum(told), sum(told) - sum(math.log(1 - one) for one in without)))
    shown = ", ".join(f"{one:.4f}" for one in found[name][0])
    sixth = ", ".join(f"{one:.4f}" for one in found[name][5])
    print(f"{name}: {shown}" + (f"; the sixth of its beam: {sixth}" if name.startswith("no_repeat") else ""))
for name, beam in found.items():
    assert all(abs(score - less) < 1e-3 for score, _, less in beam), f"{name}: the behaviour has changed"
    moved = abs(beam[0][0] - beam[0][1])
    assert moved < 1e-3 if name == "min_decoding_length=0" else moved > 0.01, f"{name}: the behaviour has changed"
first, last = found["no_repeat_ngram_size"][0], found["no_repeat_ngram_size"][5]
assert first[0] > last[0] and first[1] < last[1] - 3, "the behaviour has changed"
PY
