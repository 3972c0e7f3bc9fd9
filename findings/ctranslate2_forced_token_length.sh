#!/bin/sh
# Versions: ctranslate2 4.8.5, numpy 1.26.4, Python 3.11.
# Guess: a forced first target token (target_prefix, the language token of a multilingual model) is in neither part of a
#   hypothesis's normalised score: its log probability is not summed, and it does not count in the length.
# Behaviour: its log probability is left out of the sum, but the token counts in the length that the sum is divided by.
#   fairseq has the token in both. So a short hypothesis gains on a long one wherever the token is improbable,
#   and the two rank the same final beam otherwise (on a Multi30k model without the target language in the encoder:
#   73 of 1,000 first choices from English to Czech, all of them shorter; 0.33 BLEU).
# Output seen (a random network; five words and the forced token, cut before </s>):
#   score -0.7046, sum of words / 6 -0.7046, sum of words / 5 -0.8456, with the token / 6 -1.3505
# Here: decode.ranking says whose score orders the last beam; fairseq's is the default where published scores are compared with.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.11 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q ctranslate2==4.8.5 numpy==1.26.4
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import os

import ctranslate2
import numpy
from ctranslate2.specs import TransformerSpec

words = ["<unk>", "<s>", "</s>", "a", "b", "c", "d", "to_de"]
random = numpy.random.default_rng(3)
width, units = 8, 16


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
spec.decoder.projection.bias[words.index("</s>")] = -9  # so that all hypotheses are as long as they may be
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
(found,) = translator.translate_batch(
    [source], target_prefix=[["to_de"]], beam_size=1, length_penalty=1.0, max_decoding_length=6, return_scores=True
)
(tokens,), (score,) = found.hypotheses, found.scores
(told,) = translator.score_batch([source], [tokens])
token, *of_words, _ = told.log_probs
assert (tokens[0], len(of_words)) == ("to_de", 5), tokens
ways = sum(of_words) / 6, sum(of_words) / 5, (token + sum(of_words)) / 6
print(
    f"score {score:.4f}, sum of words / 6 {ways[0]:.4f}, sum of words / 5 {ways[1]:.4f}, "
    f"with the token / 6 {ways[2]:.4f}"
)
assert abs(score - ways[0]) < 1e-4, "the behaviour has changed"
assert min(abs(score - ways[1]), abs(score - ways[2])) > 0.01
PY
