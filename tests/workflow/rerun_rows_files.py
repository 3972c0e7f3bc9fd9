"""Rows of docs/reference/reruns.md: files are edited or lost."""

from __future__ import annotations

from tests.workflow.rerun_row import (
    DECODED,
    DECODED_ONE,
    RESULTS,
    TABLES,
    UNITS,
    Row,
    append,
    delete,
    each,
    replaced,
    touch,
    unrecorded,
    without,
    write,
)

_OTHER_TEST_TEXT = {
    "prepare_text": 1,
    "binarise": 2,
    "round_trip": 1,
    "score_ceiling": 1,
    "write_card": 1,
    "mask_control": 1,
    "decode": 8,  # 4 systems, de-en and en-de
    **DECODED,
}
_BEAM_4 = {"decode": {"beam": 4}}
FILES = [
    Row(
        "a training text changes",
        without(prepare_text=1),
        "one of its pairs; then subwords, and everything else depends on them",
        edit=append("text/train.de", "one more line\n"),
    ),
    Row(
        "a test text changes",
        _OTHER_TEST_TEXT,
        "the directions that are tested on it, and the control, which reads the first test set",
        edit=append("text/news.de", "one more line\n"),
    ),
    Row(
        "an input text is saved again without a change",
        {},
        "content is compared, not time",
        edit=touch("text/train.de"),
    ),
    Row(
        "an input text is replaced by another one with an older time (`cp -p`, `rsync`, a clock set back)",
        _OTHER_TEST_TEXT,
        "content is compared, not time",
        edit=replaced("text/news.de", "another text\n"),
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
        "the table of units is deleted, in any of its forms",
        UNITS,
        "it is made of the masks alone",
        edit=delete(f"{RESULTS}/tables/units.json"),
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
    Row(
        "Snakemake's records are missing (`results` was copied, linked or moved without `.snakemake`)",
        {},
        "the manifest says of each file what it was made with, and nothing of that has changed",
        edit=unrecorded(),
    ),
    Row(
        "they are missing, and the beam has changed",
        {"decode": 16, **DECODED},
        "the manifest says the old one",
        _BEAM_4,
        edit=unrecorded(),
    ),
    Row(
        "they are missing, and a test text was replaced by another one with an older time",
        _OTHER_TEST_TEXT,
        "the manifest has the hash of the text that was read",
        edit=each(unrecorded(), replaced("text/news.de", "another text\n")),
    ),
    Row(
        "the record of one hypothesis file is missing, and the beam has changed",
        {"decode": 16, **DECODED},
        "that file is as the others",
        _BEAM_4,
        edit=unrecorded("translations/ns-k70/s1/news/en-de.txt"),
    ),
    Row(
        "the record of a hypothesis file is missing, and its content is not what the manifest lists",
        {"decode": 1, **DECODED_ONE},
        "nothing says what made it",
        edit=each(
            unrecorded("translations/ns-k70/s1/news/en-de.txt"),
            write(f"{RESULTS}/translations/ns-k70/s1/news/en-de.txt", "of another run\n"),
        ),
    ),
    Row(
        "they are missing, and so is the manifest, or an earlier version wrote it",
        {},
        "nothing says what the files were made with: they are taken as they are, and one line says so",
        _BEAM_4,
        edit=each(unrecorded(), delete(f"{RESULTS}/manifest.json")),
    ),
]
