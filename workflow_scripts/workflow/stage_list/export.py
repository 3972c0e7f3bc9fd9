"""The stage that gives systems to others."""

from workflow_scripts.config.experiment import Experiment
from workflow_scripts.workflow.stage import Stage, Wildcards, each, own_rule
from workflow_scripts.workflow.stage_list.models import parts_of

#: What CTranslate2 writes for a direction.
CTRANSLATE2_FILES = ("model.bin", "config.json", "shared_vocabulary.json")


def _exported(experiment: Experiment, wildcards: Wildcards) -> list[str]:
    system, form = wildcards["exported"], wildcards["form"]
    if form == "safetensors":
        files = parts_of(experiment, system)
    else:
        trained = experiment.trained_by(system)
        files = ["spm.model", *(f"{one}/{file}" for one in trained for file in CTRANSLATE2_FILES)]
    return [f"export/{system}/s{{seed}}/{form}/{file}" for file in ("README.md", *files)]


STAGES = (
    Stage(
        "translate.export_system",
        "text",
        log="{exported}.s{seed}.{form}",
        files={"files": _exported},
        asked_for=("files",),
        rule=lambda e, w: own_rule("export_system", w["form"], w["exported"]),
        jobs=lambda e: each(
            exported=e.export.systems if e.export else [],
            seed=e.train.seeds,
            form=e.export.formats if e.export else [],
        ),
    ),
)
