"""The stage that gives systems to others."""

from workflow_scripts.config.experiment import Experiment
from workflow_scripts.workflow.stage import Stage, Wildcards, each, own_rule
from workflow_scripts.workflow.stage_list.decoding import CTRANSLATE2, decoded_in, run_by_name
from workflow_scripts.workflow.stage_list.models import parts_of

#: What CTranslate2 writes for a direction, and for those of fairseq's systems, whose vocabulary is one.
CTRANSLATE2_FILES, SHARED = ("model.bin", "config.json"), ("shared_vocabulary.json",)


def _exported(experiment: Experiment, wildcards: Wildcards) -> list[str]:
    system, form = wildcards["exported"], wildcards["form"]
    if form == "safetensors":
        files = parts_of(experiment, system)
    else:
        trained = experiment.trained_by(system)
        more, text = (SHARED, ["spm.model"]) if experiment.is_binarised else ((), [])
        files = [*text, *(f"{one}/{file}" for one in trained for file in (*CTRANSLATE2_FILES, *more))]
    return [f"export/{system}/s{{seed}}/{form}/{file}" for file in ("README.md", *files)]


STAGES = (
    Stage(
        "translate.export_system",
        lambda e: decoded_in(e, CTRANSLATE2),
        log="{exported}.s{seed}.{form}",
        files={"files": _exported},
        asked_for=("files",),
        by_name=lambda e: run_by_name(e, CTRANSLATE2),
        rule=lambda e, w: own_rule("export_system", w["form"], w["exported"]),
        jobs=lambda e: each(
            exported=e.export.systems if e.export else [],
            seed=e.train.seeds,
            form=e.export.formats if e.export else [],
        ),
    ),
)
