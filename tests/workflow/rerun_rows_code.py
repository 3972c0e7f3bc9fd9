"""Rows of docs/reference/reruns.md: code and packages change, or where it runs."""

from __future__ import annotations

from tests.workflow.rerun_row import (
    ALL,
    COUNTED,
    DECODED,
    PAGE,
    SCORED,
    Row,
    code,
    comments,
    each,
    pin,
    write,
)

TRAINING_CODE = each(
    code("models.fairseq.training.trainer"), code("train.train_baseline"), code("train.finetune")
)

CODE = [
    Row(
        "a package of the environment `evaluate` changes",
        {
            **DECODED,
            "score_ceiling": 1,
            "write_card": 1,
            "train_identifier": 1,
            "plot_training": 1,
            "plot_masks": 1,
        },
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
        {"count_activations": 2, **COUNTED},
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
        "code of one figure changes (`report/figures/plot_tables.py`)",
        {"plot_tables": 1, **PAGE},
        "no other stage imports it",
        code=code("report.figures.plot_tables"),
    ),
    Row(
        "code of scoring changes (`evaluate/score.py`)",
        {"score_ceiling": 1, "write_card": 1, **SCORED},
        "the stage and what follows; so does the ceiling, which is scored by it",
        code=code("evaluate.score"),
    ),
    Row(
        "code of the decoding engine changes (`translate/ctranslate2_engine.py`)",
        {"decode": 16, **DECODED},
        "the stage and what follows",
        code=code("translate.ctranslate2_engine"),
    ),
    Row(
        "code of the engine that is not used changes (`translate/live_engine.py`)",
        {},
        "no job runs it",
        code=code("translate.live_engine"),
    ),
    Row(
        "code that selection and the control share changes (`units/mask_sets.py`)",
        COUNTED,
        "both import it; a system whose masks come out the same is only exported again",
        code=code("units.mask_sets"),
    ),
    Row(
        "code of the workflow itself changes (`config/`, `workflow/`)",
        {},
        "no stage imports it",
        code=each(code("config.load"), code("workflow.plan.times")),
    ),
    Row(
        "comments and docstrings of every module change",
        {},
        "the code is compared as its syntax tree",
        code=comments,
    ),
    Row(
        "code that only training runs changes (`models/fairseq/training/trainer.py`, `train/`)",
        {},
        "weeks of training are not thrown away for an edit: it is reported with the hours at stake, and"
        " `make accept` or `make retrain` decides",
        code=TRAINING_CODE,
    ),
]
PLACES = [
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
