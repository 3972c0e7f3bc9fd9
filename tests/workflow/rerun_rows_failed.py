"""Rows of docs/reruns.md: a job of a changed run failed, or was killed alone; then the same run again.

Snakemake removed the job's outputs before it began, and recorded the new settings when it failed (here there
is no record: to a plan that is the same). What was made of them before is all there, so that nothing but our
own list (operate.planned) asks for them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.workflow.rerun_row import (
    COUNTED,
    DATA,
    DECODED,
    FINETUNED,
    RESULTS,
    Row,
    append,
    code,
    each,
    without,
)
from workflow_scripts.operate.leftovers import place_of
from workflow_scripts.operate.planned import add

WHY = "what the failed job was to make is kept in a list, and made by the next run, with what follows"
SYSTEM = ("system.json", "model.safetensors", "spm.model", "dict.txt")


def failed(*outputs: str) -> Callable[[Path], None]:
    """Return an edit that leaves what a failed job with these outputs leaves."""

    def edit(folder: Path) -> None:
        add(folder / RESULTS, outputs)
        for output in outputs:
            (folder / RESULTS / output).unlink()
            record = place_of(f"{RESULTS}/{output}", folder / ".snakemake")
            (folder / ".snakemake" / "metadata" / record).unlink()

    return edit


def of_system(name: str, *more: str) -> tuple[str, ...]:
    """Return the files of a system's folder."""
    return tuple(f"systems/{name}/s1/{file}" for file in (*SYSTEM, *more))


FAILED = [
    Row(
        "`prepare_text` failed on a training text that had changed",
        without(prepare_text=1),
        WHY,
        edit=each(
            append("text/train.de", "one more line\n"),
            failed(*(f"data/text/train/de-en.{end}" for end in ("de.txt", "en.txt", "json"))),
        ),
    ),
    Row(
        "`train_subwords` failed after `subwords.vocab_size` had changed",
        without("prepare_text", "train_identifier"),
        WHY,
        {"subwords": {"vocab_size": 4000}},
        edit=failed("data/subwords/spm.model", "data/subwords/dict.txt"),
    ),
    Row(
        "`train_baseline` failed after `train.lr` had changed",
        without(*DATA, "train_identifier"),
        WHY,
        {"train": {"lr": 1e-3}},
        edit=failed(*of_system("baseline")),
    ),
    Row(
        "`count_activations` failed after `activations.max_tokens` had changed",
        {"count_activations": 2, "count_encoder": 1, **COUNTED},
        WHY,
        {"activations": {"max_tokens": 4000}},
        edit=failed("activations/baseline/s1/valid/de-en.npz"),
    ),
    Row(
        "`select_masks` failed after its code had changed",
        COUNTED,
        WHY,
        edit=failed("masks/baseline/s1/k70.npz"),
        code=code("units.select"),
    ),
    Row(
        "`finetune` failed after `finetune.lr` had changed",
        FINETUNED,
        WHY,
        {"finetune": {"lr": 1e-3}},
        edit=failed(*of_system("ns-k95", "masks.npz")),
    ),
    Row(
        "`decode` failed after `decode.beam` had changed",
        {"decode": 16, **DECODED},
        WHY,
        {"decode": {"beam": 4}},
        edit=failed("translations/ns-k70/s1/news/en-de.txt"),
    ),
]
