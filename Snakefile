# neuronspec: from parallel text to specialised, evaluated and explained translation models.
# A table of contents: every stage is in rules/, its code in workflow_scripts/.
from snakemake.utils import min_version

min_version("9.20")


include: "rules/common.smk"
include: "rules/profile.smk"
include: "rules/stages.smk"
include: "rules/inputs.smk"
include: "rules/analysis_inputs.smk"
include: "rules/attach.smk"
include: "rules/probes.smk"


# The rules of the kind of experiment that the config is of: tasks of an encoder, a language model, or translation.
if "train_encoder" in STAGES:

    include: "rules/tasks.smk"
    include: "rules/findings.smk"

elif "take_text" in STAGES:

    include: "rules/language_models.smk"
    include: "rules/mask_inputs.smk"
    include: "rules/activations.smk"
    include: "rules/masks.smk"
    include: "rules/analysis.smk"
    include: "rules/effects.smk"
    include: "rules/findings.smk"

else:

    include: "rules/mask_inputs.smk"
    include: "rules/ways.smk"
    include: "rules/data.smk"
    include: "rules/texts.smk"
    include: "rules/training.smk"
    include: "rules/activations.smk"
    include: "rules/masks.smk"
    include: "rules/translation.smk"
    include: "rules/evaluation.smk"
    include: "rules/analysis.smk"
    include: "rules/correlation.smk"
    include: "rules/heads.smk"
    include: "rules/effects.smk"
    include: "rules/overlaps.smk"
    include: "rules/export.smk"
    include: "rules/report.smk"
    include: "rules/figures_analyses.smk"
    include: "rules/page_inputs.smk"
    include: "rules/page.smk"


include: "rules/local.smk"
include: "rules/run.smk"
include: "rules/gpus.smk"  # last: it looks at the rules


rule all:
    default_target: True
    input:
        [f"{RESULTS}/{file}" for file in asked_for(EXPERIMENT)],
        [f"{RESULTS}/{file}" for file in files_never_made(EXPERIMENT, Path(RESULTS))],
