"""Rows of docs/reruns.md: files are edited or lost."""

from __future__ import annotations

from tests.workflow.rerun_row import (
    DECODED,
    DECODED_ONE,
    RESULTS,
    TABLES,
    Row,
    append,
    delete,
    each,
    touch,
    without,
    write,
)

FILES = [
    Row(
        "a training text changes",
        without(prepare_text=1),
        "one of its pairs; then subwords, and everything else depends on them",
        edit=append("text/train.de", "one more line\n"),
    ),
    Row(
        "a test text changes",
        {
            "prepare_text": 1,
            "binarise": 2,
            "round_trip": 1,
            "score_ceiling": 1,
            "write_card": 1,
            "mask_control": 1,
            "decode": 8,  # 4 systems, de-en and en-de
            **DECODED,
        },
        "the directions that are tested on it, and the control, which reads the first test set",
        edit=append("text/news.de", "one more line\n"),
    ),
    Row(
        "an input text is saved again without a change",
        {},
        "its content is compared, not only its time (files up to 1 MB)",
        edit=touch("text/train.de"),
    ),
    Row(
        "a hypothesis file is deleted",
        {"decode": 1, **DECODED_ONE},
        "it is decoded again",
        edit=delete(f"{RESULTS}/translations/ns-k70/s1/news/en-de.txt"),
    ),
    Row(
        "a score file is deleted",
        {"score": 1, "compare": 1, **TABLES},
        "its hypotheses are scored again",
        edit=delete(f"{RESULTS}/scores/ns-k70/s1/news.raw.json"),
    ),
    Row(
        "a table is deleted, in any of its forms",
        TABLES,
        "all tables are made together; the figure over k reads one of them",
        edit=delete(f"{RESULTS}/tables/groups.tex"),
    ),
    Row(
        "activation counts or masks are deleted",
        {},
        "what was made of them is there; they are made again when something needs them",
        edit=each(
            delete(f"{RESULTS}/activations/baseline/s1/valid/de-en.npz"),
            delete(f"{RESULTS}/masks/baseline/s1/all.npz"),
        ),
    ),
    Row(
        "a score is damaged (half of its file is there)",
        {"score": 1, "compare": 1, **TABLES},
        "small files that cannot be read are found when a run starts, and made again",
        edit=write(f"{RESULTS}/scores/ns-k70/s1/news.raw.json", '{"format": "neu'),
    ),
]
