"""The jobs that make text, subwords and binarised sets."""

from __future__ import annotations

from tests.workflow.expected_job import PAIRS, PAIRS_TRAIN, SUBWORDS, TEXT, Expected, braces, sides

DATA = (
    Expected(
        "prepare_text",
        {"subset": "train", "one": "de", "two": "en"},
        ["./text/train.de", "./text/train.en"],
        {
            "--pair": "de-en",
            "--files": "text/train.de text/train.en",
            "--lines": "0:7",
            "--empty": "drop",
            "--max-words": "99",
            "--max-ratio": "3.0",
            "--dedup": "",
            "--out": "R/data/text/train/de-en.de.txt R/data/text/train/de-en.en.txt",
            "--stats": "R/data/text/train/de-en.json",
        },
        ["--lines 0:7", "drop", "--max-words 99 --max-ratio 3.0 --dedup"],
    ),
    Expected(
        "prepare_text",
        {"subset": "talks", "one": "de", "two": "fr"},
        ["./text/talks.de", "./text/talks.fr"],
        {
            "--pair": "de-fr",
            "--files": "text/talks.de text/talks.fr",
            "--empty": "drop",
            "--out": "R/data/text/talks/de-fr.de.txt R/data/text/talks/de-fr.fr.txt",
            "--stats": "R/data/text/talks/de-fr.json",
        },
        ["", "drop", ""],
    ),
    Expected(
        "train_subwords",
        {},
        sides("data/text/train/*.txt", train=True),
        {
            "--text-root": "R/data/text",
            "--pairs": "de-en en-fr",
            "--languages": "en de fr",
            "--vocab-size": "1234",
            "--model-type": "unigram",
            "--character-coverage": "0.99",
            "--sample-sentences": "500",
            "--seed": "5",
            "--text": TEXT,
            "--out-model": f"R/{SUBWORDS[0]}",
            "--out-dict": f"R/{SUBWORDS[1]}",
        },
        ["de-en en-fr", "en de fr", "1234", "unigram", "0.99", "500", "5", TEXT],
    ),
    Expected(
        "binarise",
        {"subset": "talks", "pair": "de-fr", "lang": "fr"},
        ["data/text/talks/de-fr.fr.txt", *SUBWORDS],
        {
            "--text-file": "R/data/text/talks/de-fr.fr.txt",
            "--lang": "fr",
            "--text": TEXT,
            "--subwords": f"R/{SUBWORDS[0]}",
            "--dictionary": f"R/{SUBWORDS[1]}",
            "--out-prefix": "R/data/bin/talks.de-fr.fr",
            "--stats": "R/data/bin/talks.de-fr.fr.json",
            "--shards": "2",
            "--whole": "",
        },
        ["--shards 2 --whole", TEXT],
    ),
    Expected(
        "write_card",
        {},
        [
            *sides("data/text/train/*.txt", train=True),
            *sides("data/text/{valid,news,talks}/*.txt"),
            *sides("data/bin/train.*.json", train=True),
            *sides("data/bin/{valid,news,talks}.*.json"),
            *SUBWORDS,
        ],
        {
            "--data-root": "R/data",
            "--vocabulary": "R/data/subwords",
            "--pairs": f'{{"news": {PAIRS}, "talks": {PAIRS}, "train": {PAIRS_TRAIN}, "valid": {PAIRS}}}',
            "--text": TEXT,
            "--out-json": "R/data/card.json",
            "--out-markdown": "R/data/card.md",
        },
        [f'{{"news": {PAIRS}, "talks": {PAIRS}, "train": {PAIRS_TRAIN}, "valid": {PAIRS}}}', TEXT],
    ),
    Expected(
        "rebuild_references",
        {"testset": "talks", "pair": "de-fr", "lang": "fr"},
        [*braces("data/bin/shard0/talks.de-fr.fr.{bin,idx}"), SUBWORDS[1]],
        {
            "--bin-prefix": "R/data/bin/shard0/talks.de-fr.fr",
            "--lang": "fr",
            "--text": TEXT,
            "--dictionary": f"R/{SUBWORDS[1]}",
            "--out": "R/data/references/talks.de-fr.fr.txt",
        },
        [TEXT],
    ),
)
