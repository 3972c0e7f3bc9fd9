"""The table of docs/reruns.md: what changes, the jobs that then run and no others, and why.

`python -m tests.dag.rerun_rows` writes the table into the page; tests/dag/test_reruns.py runs every row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.dag.finished_experiment import ROOT

PAGE = ROOT / "docs" / "reruns.md"
BEGIN, END = "<!-- table: tests/dag/rerun_rows.py -->", "<!-- end of the table -->"

# The small experiment: en-de, en-fr, de-en, fr-en; baseline, continued, ns-k70, ns-k95; one seed, one test
# set. What runs from the first job to the last:
ALL = {
    "prepare_text": 6,  # 3 subsets × 2 pairs
    "train_subwords": 1,
    "binarise": 12,  # 3 subsets × 2 pairs × 2 sides
    "write_card": 1,
    "train_baseline": 1,
    "count_activations": 2,  # de-en, fr-en
    "count_encoder": 1,  # en-de and en-fr
    "select_masks": 3,  # k70, k95, all
    "finetune": 3,
    "decode": 16,  # 4 systems × 4 directions
    "score": 4,  # by system
    "compare": 3,  # each but the baseline
    "train_identifier": 1,
    "identify": 4,
    "mask_control": 1,
    "overlap": 1,
    "tabulate": 1,
    "plot_training": 1,
    "plot_sweep": 1,
    "plot_off_target": 1,
}
TABLES = {"tabulate": 1, "plot_sweep": 1}
#: After other scores of all systems, and after other hypotheses of all or of one.
SCORED = {"score": 4, "compare": 3, **TABLES}
DECODED = {**SCORED, "identify": 4, "plot_off_target": 1}
DECODED_ONE = {"score": 1, "compare": 1, "identify": 1, **TABLES, "plot_off_target": 1}


def without(*rules: str, **changed: int) -> dict[str, int]:
    """Return all jobs but those of some rules, with some counts changed."""
    return {**{rule: count for rule, count in ALL.items() if rule not in rules}, **changed}


#: After new weights of the fine-tuned systems: 3 systems × 4 directions.
FINETUNED = {"finetune": 3, "decode": 12, **DECODED, "score": 3, "identify": 3, "plot_training": 1}
#: After new activation counts: masks, and all that is made with them. The baseline stays.
COUNTED = {"select_masks": 3, **FINETUNED, "mask_control": 1, "overlap": 1}
DATA = ("prepare_text", "train_subwords", "binarise", "write_card")


@dataclass(frozen=True)
class Row:
    """A change, the jobs by stage that it makes run, and why these.

    ``config``: keys that change. ``edit``: changes files of the finished experiment's folder. ``code``:
    changes files of a copy of the checkout, which the dry run then uses. ``options``: Snakemake's.
    """

    change: str
    jobs: Mapping[str, int]
    why: str
    config: Mapping[str, Any] = field(default_factory=dict)
    edit: Callable[[Path], None] | None = None
    code: Callable[[Path], None] | None = None
    options: tuple[str, ...] = ()
    conda: bool = False


def append(name: str, text: str) -> Callable[[Path], None]:
    """Return an edit that adds text at a file's end."""

    def edit(folder: Path) -> None:
        path = folder / name
        path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")

    return edit


def replace(name: str, old: str, new: str) -> Callable[[Path], None]:
    """Return an edit that replaces what stands once in a file."""

    def edit(folder: Path) -> None:
        path = folder / name
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{name} has {text.count(old)} of {old!r}"
        path.write_text(text.replace(old, new), encoding="utf-8")

    return edit


def delete(name: str) -> Callable[[Path], None]:
    """Return an edit that deletes a file."""
    return lambda folder: (folder / name).unlink()


def write(name: str, text: str) -> Callable[[Path], None]:
    """Return an edit that gives a file other content."""

    def edit(folder: Path) -> None:
        (folder / name).write_text(text, encoding="utf-8")

    return edit


def touch(name: str) -> Callable[[Path], None]:
    """Return an edit that makes a file new without changing it."""
    return lambda folder: (folder / name).touch()


def pin(environment: str, package: str) -> Callable[[Path], None]:
    """Return an edit that raises a package of an environment's lock file to a version that there is not."""

    def edit(checkout: Path) -> None:
        path = checkout / "envs" / f"{environment}.lock.txt"
        lines = path.read_text(encoding="utf-8").splitlines()
        changed = [f"{package}==99.0" if line.startswith(f"{package}==") else line for line in lines]
        assert changed != lines, f"{path.name} does not pin {package}"
        path.write_text("\n".join(changed) + "\n", encoding="utf-8")

    return edit


def code(module: str) -> Callable[[Path], None]:
    """Return an edit that adds a statement to a module."""
    return append(f"workflow_scripts/{module.replace('.', '/')}.py", "\n_ADDED = 1\n")


def each(*edits: Callable[[Path], None]) -> Callable[[Path], None]:
    """Return several edits as one."""

    def edit(folder: Path) -> None:
        for one in edits:
            one(folder)

    return edit


def comments(checkout: Path) -> None:
    """Add a comment to every module of the package, and another sentence to its docstring."""
    for path in sorted((checkout / "workflow_scripts").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if text.startswith('"""'):
            text = '"""Another sentence. ' + text.removeprefix('"""')
        path.write_text(text + "\n# Another comment.\n", encoding="utf-8")


RESULTS = "results/small"
TRAINING_CODE = each(code("models.trainer"), code("train.train_baseline"), code("specialize.finetune"))
TRAIN_ALL = ["en-de", "en-fr", "de-en", "fr-en", "de-fr"]

ROWS = [
    # The config: what is made.
    Row(
        "nothing",
        {},
        "the results lie in another folder than they were made in, and that is no change either",
    ),
    Row(
        "a k is added (`masks.k`)",
        {"select_masks": 1, "finetune": 1, "decode": 4, **DECODED_ONE, "plot_training": 1},
        "its mask set, its system, and the tables and figures that show it",
        {"masks": {"k": [70, 80, 95]}},
    ),
    Row(
        "a k is removed",
        {**TABLES, "plot_training": 1, "plot_off_target": 1},
        "tables and figures no longer show it; its files stay",
        {"masks": {"k": [70]}},
    ),
    Row(
        "a direction is added that is only evaluated (`directions.evaluate_only`)",
        {
            "prepare_text": 2,  # de-fr of valid and of news
            "binarise": 4,
            "write_card": 1,
            "count_activations": 1,
            "select_masks": 3,  # its row of k70, k95, all
            "decode": 4,  # by each system
            **DECODED,
            "train_identifier": 1,  # de-fr of valid, on which it is measured
        },
        "its text, counts, mask rows, hypotheses and scores; nothing is trained, nothing else is decoded",
        {"directions": {"evaluate_only": ["de-fr"]}},
    ),
    Row(
        "a direction is added that is trained (`directions.train`)",
        without(
            prepare_text=3,
            binarise=18,
            count_activations=1,  # fr-en
            count_encoder=2,  # from en, from de
            decode=20,
            score=4,
        ),
        "subwords are learned from all training text, and everything else depends on them",
        {"directions": {"train": TRAIN_ALL}},
    ),
    Row(
        "a seed is added (`train.seeds`)",
        without(*DATA, "train_identifier"),
        "one complete run beside the first, on the same text",
        {"train": {"seeds": [1, 2]}},
    ),
    Row(
        "a test set is added (`data.source.tests`)",
        {
            "prepare_text": 2,
            "binarise": 4,
            "write_card": 1,
            "decode": 16,
            **DECODED,
        },
        "its text, hypotheses and scores",
        {"data": {"source": {"tests": {"news": "text/news.{lang}", "talks": "text/talks.{lang}"}}}},
    ),
    Row(
        "a system is added (`systems`)",
        {"finetune": 1, "decode": 4, **DECODED_ONE, "plot_training": 1},
        "its training, from masks that are there",
        {"systems": {"continued": {"masks": "all"}, "ns": {"masks": "sweep"}, "again": {"masks": "k70"}}},
    ),
    Row(
        "another experiment stands on this one's baseline (`uses: {experiment: small, systems: [baseline]}`)",
        {**without("train_subwords", "train_baseline"), "use_system": 1, "use_vocabulary": 1},
        "the baseline is copied, checked by hash, and so is its vocabulary",
        {"experiment": "second", "uses": {"experiment": "small", "systems": ["baseline"]}},
    ),
    Row(
        "another experiment stands on all systems of this one",
        {
            **without("train_subwords", "train_baseline", "finetune", "plot_training", select_masks=1),
            "use_system": 4,
            "use_vocabulary": 1,
        },
        "nothing is trained; masks are made for the analyses only",
        {
            "experiment": "second",
            "uses": {"experiment": "small", "systems": ["baseline", "continued", "ns-k70", "ns-k95"]},
        },
    ),
    # The config: decoding, scores, tables.
    Row(
        "the beam changes (`decode.beam`)",
        {"decode": 16, **DECODED},
        "every hypothesis, and what is computed from hypotheses",
        {"decode": {"beam": 4}},
    ),
    Row(
        "the length penalty changes (`decode.length_penalty`)",
        {"decode": 16, **DECODED},
        "as for the beam",
        {"decode": {"length_penalty": 0.6}},
    ),
    Row(
        "a metric is added or dropped (`evaluation.metrics`)",
        SCORED,
        "hypotheses are there",
        {"evaluation": {"metrics": ["bleu"]}},
    ),
    Row(
        "scores against rebuilt references are added (`evaluation.references`)",
        {"rebuild_references": 4, **SCORED},
        "the other scores stay",
        {"evaluation": {"references": ["raw", "paper"]}},
    ),
    Row(
        "resamples, seed or level of the tests (`evaluation.significance`)",
        {"compare": 3, **TABLES},
        "they read what scoring wrote of each sentence; nothing is scored again",
        {"evaluation": {"significance": {"resamples": 2000}}},
    ),
    Row(
        "off-target rates are turned off (`evaluation.off_target: false`)",
        TABLES,
        "tables no longer show them; their files stay",
        {"evaluation": {"off_target": False}},
    ),
    Row(
        "likelihoods are turned on (`evaluation.likelihood`)",
        {"likelihood": 4},
        "the references by every system; no table reads them",
        {"evaluation": {"likelihood": True}},
    ),
    Row(
        "a group's members change (`groups`)",
        TABLES,
        "groups are only of tables",
        {"groups": {"tier": {"high": ["de", "fr"], "low": []}}},
    ),
    Row(
        "members change of the grouping whose overlap is analysed (`analysis.overlap_grouping`)",
        {"overlap": 1, **TABLES},
        "the analysis compares these groups",
        {"groups": {"family": {"germanic": ["de", "fr"], "romance": []}}},
    ),
    Row(
        "the metric of the figures over k changes (`report.sweep_metric`)",
        {"plot_sweep": 1},
        "nothing else reads it",
        {"report": {"sweep_metric": "chrf"}},
    ),
    Row(
        "an analysis is turned off (`analysis.overlap_k: null`)",
        {},
        "what it made stays",
        {"analysis": {"overlap_k": None}},
    ),
    # The config: training.
    Row(
        "the budget of the fine-tunings grows (`finetune.max_updates`)",
        FINETUNED,
        "each training goes on from its last checkpoint, unless its schedule decays to the old end",
        {"finetune": {"max_updates": 2000}},
    ),
    Row(
        "the baseline's budget grows (`train.max_updates`)",
        without(*DATA, "train_identifier"),
        "the baseline goes on; counts, masks and systems are made of the new weights",
        {"train": {"max_updates": 12000}},
    ),
    Row(
        "the fine-tunings' learning rate changes (`finetune.lr`)",
        FINETUNED,
        "each starts clean from the baseline; the old training is kept aside as `…/s1.replaced-…`",
        {"finetune": {"lr": 1e-3}},
    ),
    Row(
        "the baseline's learning rate changes (`train.lr`)",
        without(*DATA, "train_identifier"),
        "as above, and all that follows from the baseline",
        {"train": {"lr": 1e-3}},
    ),
    Row(
        "`max_tokens` is halved and `update_freq` doubled",
        {},
        "the effective batch is the same",
        {
            "train": {"max_tokens": 1200, "update_freq": 2},
            "finetune": {"max_tokens": 1200, "update_freq": 2},
        },
    ),
    Row(
        "threads, loader processes, precision, kept checkpoints, what is logged; threads of decoding",
        {},
        "they say how a job runs, not what it makes",
        {
            "train": {"threads": 1, "data_workers": 1, "precision": "fp32", "log_interval": 10},
            "finetune": {"keep_checkpoints": 3, "tensorboard": True, "keep_optimizer": False},
            "decode": {"threads": 2},
        },
    ),
    # Files.
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
    # Code and environments.
    Row(
        "a package of the environment `evaluate` changes",
        {**DECODED, "train_identifier": 1, "plot_training": 1},
        "what runs in it, and what follows",
        code=pin("evaluate", "sacrebleu"),
    ),
    Row(
        "a package of the environment `text` changes",
        ALL,
        "text is prepared in it; trainings whose data come out the same are only exported again",
        code=pin("text", "regex"),
    ),
    Row(
        "a package of the environment `fairseq` changes",
        {"count_activations": 2, "count_encoder": 1, **COUNTED},
        "counts, and what is made of them; a system whose masks come out the same is only exported again;"
        " the baseline stays",
        code=pin("fairseq", "torch"),
    ),
    Row(
        "a package of the environment `workflow` or `dev` changes",
        {},
        "nothing is computed in them",
        code=each(pin("workflow", "rich"), pin("dev", "ruff")),
    ),
    Row(
        "code of one figure changes (`report/plot_sweep.py`)",
        {"plot_sweep": 1},
        "no other stage imports it",
        code=code("report.plot_sweep"),
    ),
    Row(
        "code of scoring changes (`evaluate/score.py`)",
        SCORED,
        "the stage and what follows",
        code=code("evaluate.score"),
    ),
    Row(
        "code of the decoding engine changes (`translate/ctranslate2_engine.py`)",
        {"decode": 16, **DECODED},
        "the stage and what follows",
        code=code("translate.ctranslate2_engine"),
    ),
    Row(
        "code of the engine that is not used changes (`translate/fairseq_engine.py`)",
        {},
        "no job runs it",
        code=code("translate.fairseq_engine"),
    ),
    Row(
        "code that selection and the control share changes (`units/select.py`)",
        COUNTED,
        "both import it; a system whose masks come out the same is only exported again",
        code=code("units.select"),
    ),
    Row(
        "code of the workflow itself changes (`config/`, `operate/`)",
        {},
        "no stage imports it",
        code=each(code("config.load"), code("operate.times")),
    ),
    Row(
        "comments and docstrings of every module change",
        {},
        "the code is compared as its syntax tree",
        code=comments,
    ),
    Row(
        "code that only training runs changes (`models/trainer.py`, `train/`, `specialize/`)",
        {},
        "weeks of training are not thrown away for an edit: it is reported with the hours at stake, and"
        " `make accept` or `make retrain` decides",
        code=TRAINING_CODE,
    ),
    # Where it runs.
    Row(
        "virtual environments → conda (`--sdm conda`)",
        {},
        "the pins are the same, and paths of environments are no params",
        options=("--sdm", "conda"),
        conda=True,
    ),
    Row(
        "a site's modules and images are named or change (`envs/site.yaml`, `--sdm env-modules`)",
        {},
        "where a program's libraries come from is no reason to run it again",
        options=("--sdm", "env-modules"),
        code=write("envs/site.yaml", "fairseq:\n  modules: [gcc/12.3]\n  image: /images/fairseq.sif\n"),
    ),
    Row(
        "the checkout moves",
        {},
        "no path of it is in a command or a param",
        code=each(),
    ),
    Row("another number of cores", {}, "it says how jobs run", options=("--cores", "1")),
    Row(
        "another number of GPUs (`--set-resources finetune:gpu=2`, `--resources gpu=1`)",
        {},
        "as for cores; the update stays the same",
        options=("--set-resources", "finetune:gpu=2", "--resources", "gpu=1"),
    ),
    Row(
        "the profile gives a training several processes",
        {},
        "they share out the same updates",
        options=("--set-resources", "train_baseline:mpi=srun", "train_baseline:tasks_per_node=2"),
    ),
    Row(
        "the minutes that a training has (`runtime` of a profile)",
        {},
        "they say how it is cut into slices",
        options=("--set-resources", "train_baseline:runtime=30", "finetune:runtime=60"),
    ),
]


def listed(jobs: Mapping[str, int]) -> str:
    """Return counts as the page has them: `decode` 16, `score` 4."""
    if not jobs:
        return "nothing"
    return ", ".join(f"`{rule}` {count}" for rule, count in jobs.items())


def table() -> str:
    """Return the page's table."""
    lines = ["| what changes | what runs | why |", "|---|---|---|"]
    lines += [f"| {row.change} | {listed(row.jobs)} | {row.why} |" for row in ROWS]
    return "\n".join(lines)


def main() -> None:
    """Write the table into the page."""
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{table()}\n{END}{rest.split(END)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
