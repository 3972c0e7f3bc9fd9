"""Stages that take what other programs made: checkpoints, binarised text, and units."""

from workflow_scripts.config.experiment import Experiment
from workflow_scripts.workflow.needed_masks import selected
from workflow_scripts.workflow.stage import Stage, Wildcards, each, own_rule, with_torch
from workflow_scripts.workflow.stage_list.data import read_by_training
from workflow_scripts.workflow.stage_list.models import OF_BASELINE, files_of, of_baseline


def _linked(experiment: Experiment, _: Wildcards) -> list[str]:
    return [f"data/bin/{file}" for file in read_by_training(experiment, experiment.train_directions)]


#: What is known of a model that was fetched, below an experiment's folder.
FETCHED = "data/model.json"

STAGES = (
    Stage(
        "models.huggingface.fetch_model",
        "hf",
        log="model",
        files={"fetched": FETCHED},
        jobs=lambda e: [{}] if e.attached_model and e.attached_model.is_fetched else [],
        fetches=True,
    ),
    Stage(
        "models.huggingface.attach_model",
        "hf",
        log="s{seed}",
        files=OF_BASELINE,
        jobs=lambda e: each(seed=e.train.seeds) if e.attached_model else [],
    ),
    Stage(
        "models.import_checkpoint",
        "fairseq",
        log="{attached}.s{seed}",
        files={"system": files_of("attached")},
        rule=lambda e, w: own_rule("import_checkpoint", w["attached"]),
        jobs=lambda e: each(attached=e.attached, seed=e.train.seeds),
    ),
    Stage(
        "activations.import_units",
        with_torch,
        log="{system}/s{seed}/{foreign}",
        files={"masks": "masks/{system}/s{seed}/{foreign}.npz"},
        jobs=lambda e: of_baseline(e, foreign=[one for one in selected(e) if one in e.foreign_masks]),
    ),
    Stage(
        "train.use_data_bin",
        "fairseq",
        log="bin",
        files={"files": _linked},
        jobs=lambda e: [{}] if e.checkpoints and e.checkpoints.data_bin else [],
    ),
)
