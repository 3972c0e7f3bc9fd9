#!/bin/sh
# Versions: sentencepiece 0.2.3, Python 3.11.
# Guess: after set_random_generator_seed the draws of subword regularisation and of BPE dropout go on from call to call,
#   whether sentences are given one by one or as a list: in twenty epochs a sentence is cut in some ten ways.
# Behaviour: a list is cut by threads that are made for the call, and each of them begins at the seed. With one thread every
#   epoch sees the same pieces, as if nothing were drawn; with more there are a few ways, others in each run. One by one it
#   is as guessed. So it is with lists if no seed is set, and then no run can be repeated.
# Output seen (50 sentences, 20 epochs, alpha 0.1, one thread; in how many ways a sentence was cut, on average):
#   unigram: no seed, lists 11.4 / seed, one by one 11.5 / seed, lists 1.0
#   bpe: no seed, lists 18.5 / seed, one by one 18.3 / seed, lists 1.0
# Here: text is cut once, and nothing is drawn; a test looks for such calls.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.11 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q sentencepiece==0.2.3
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import io
import random

import sentencepiece

EPOCHS, SENTENCES = 20, 50
DRAWN = {"enable_sampling": True, "alpha": 0.1, "nbest_size": -1}
draw = random.Random(1)
syllables = [consonant + vowel for consonant in "bdfgklmnprst" for vowel in "aeiou"]
words = ["".join(draw.choices(syllables, k=draw.randint(1, 4))) for _ in range(300)]
lines = [" ".join(draw.choices(words, k=8)) for _ in range(1000)]


def trained(kind):
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_writer=model, vocab_size=250, model_type=kind, num_threads=1, minloglevel=2
    )
    return sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())


def ways(epoch):
    seen = [epoch() for _ in range(EPOCHS)]
    return sum(len(set(map(tuple, sentence))) for sentence in zip(*seen)) / SENTENCES


text = lines[:SENTENCES]
models = {kind: trained(kind) for kind in ("unigram", "bpe")}
free = {kind: ways(lambda: model.encode(text, num_threads=1, **DRAWN)) for kind, model in models.items()}
sentencepiece.set_random_generator_seed(5)
for kind, model in models.items():
    single = ways(lambda: [model.encode(one, **DRAWN) for one in text])
    lists = ways(lambda: model.encode(text, num_threads=1, **DRAWN))
    print(f"{kind}: no seed, lists {free[kind]:.1f} / seed, one by one {single:.1f} / seed, lists {lists:.1f}")
    assert free[kind] > 8 and single > 8 and lists == 1, "the behaviour has changed"
PY
