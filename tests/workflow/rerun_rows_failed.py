"""Rows of docs/reference/reruns.md: a job of a changed run failed or was killed; then the same run again.

Snakemake removed the job's outputs before it began, and recorded the new settings when it failed (here there
is no record: to a plan that is the same). What was made of them before is all there, so that nothing but our
own list (workflow.plan.planned) asks for them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.workflow.rerun_row import (
    COUNTED,
    DATA,
    DECODED,
    FINETUNED,
    PAGE,
    RESULTS,
    SCORED,
    TABLES,
    Row,
    append,
    code,
    each,
    without,
)
from workflow_scripts.workflow.plan.planned import add
from workflow_scripts.workflow.run.leftovers import place_of

WHY = "what the failed job was to make is kept in a list, and made by the next run, with what follows"
IDENTIFIED = {"identify": 4, **TABLES, "plot_off_target": 1}
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
        "`select_masks` failed after its code had changed",
        COUNTED,
        WHY,
        edit=failed("masks/baseline/s1/k70.npz"),
        code=code("units.selectors"),
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
    Row(
        "`binarise` failed after its code had changed",
        without("prepare_text", "train_subwords", "train_identifier"),
        WHY,
        edit=failed(*(f"data/bin/train.de-en.de.{end}" for end in ("bin", "idx", "json"))),
        code=code("data.binarise"),
    ),
    Row(
        "`write_card` failed after its code had changed",
        {"write_card": 1, **PAGE},
        WHY,
        edit=failed("data/card.json", "data/card.md"),
        code=code("data.write_card"),
    ),
    Row(
        "`count_activations` failed after `activations.max_tokens` had changed",
        {"count_activations": 2, **COUNTED},
        WHY,
        {"activations": {"max_tokens": 4000}},
        edit=failed(*(f"activations/baseline/s1/valid/en-{lang}.npz" for lang in ("de", "fr"))),
    ),
    Row(
        "`score` failed after `evaluation.metrics` had changed",
        SCORED,
        WHY,
        {"evaluation": {"metrics": ["bleu"]}},
        edit=failed(*(f"scores/ns-k95/s1/news.raw.{end}" for end in ("json", "segments.npz"))),
    ),
    Row(
        "`compare` failed after `evaluation.significance.seed` had changed",
        {"compare": 3, **TABLES},
        WHY,
        {"evaluation": {"significance": {"seed": 1}}},
        edit=failed("significance/continued/s1/news.raw.json"),
    ),
    Row(
        "`train_identifier` failed after its code had changed",
        {"train_identifier": 1, **IDENTIFIED},
        WHY,
        edit=failed("identifier/model.npz", "identifier/accuracy.json"),
        code=code("evaluate.languages.train_identifier"),
    ),
    Row(
        "`identify` failed after its code had changed",
        IDENTIFIED,
        WHY,
        edit=failed("off_target/baseline/s1/news.json"),
        code=code("evaluate.languages.identify"),
    ),
    Row(
        "`strongest_units` failed after `analysis.strongest.units` had changed",
        {"strongest_units": 1, **TABLES},
        WHY,
        {"analysis": {"strongest": {"units": 5}}},
        edit=failed(*(f"analysis/strongest_units/baseline/s1.{end}" for end in ("json", "csv", "md"))),
    ),
    Row(
        "`mask_control` failed after `analysis.mask_control_sentences` had changed",
        {"mask_control": 1},
        WHY,
        {"analysis": {"mask_control_sentences": 50}},
        edit=failed("analysis/mask_control/baseline/s1/k70.json"),
    ),
    Row(
        "`overlap` failed after `analysis.overlap_permutations` had changed",
        {"overlap": 1},
        WHY,
        {"analysis": {"overlap_permutations": 50}},
        edit=failed(*(f"analysis/overlap/baseline/s1/k70.{end}" for end in ("json", "csv", "md"))),
    ),
    Row(
        "`tabulate` failed after its code had changed",
        TABLES,
        WHY,
        edit=failed("tables/summary.csv", "tables/summary.md"),
        code=code("report.tables.tabulate"),
    ),
    Row(
        "`plot_tables` failed after its code had changed",
        {"plot_tables": 1, **PAGE},
        WHY,
        edit=failed("figures/sweep_ns.png"),
        code=code("report.figures.plot_tables"),
    ),
]
