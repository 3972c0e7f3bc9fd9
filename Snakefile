# neuronspec: from parallel text to specialised, evaluated and explained translation models.
# A table of contents: every stage lies in rules/, its code in workflow_scripts/.
from snakemake.utils import min_version

min_version("9.20")


include: "rules/common.smk"
include: "rules/inputs.smk"
include: "rules/data.smk"
include: "rules/training.smk"
include: "rules/activations.smk"
include: "rules/masks.smk"
include: "rules/translation.smk"
include: "rules/evaluation.smk"
include: "rules/analysis.smk"
include: "rules/report.smk"
include: "rules/local.smk"
include: "rules/run.smk"
include: "rules/gpus.smk"  # last: it looks at the rules


rule all:
    default_target: True
    input:
        "<results>/data/card.json",
        # Named, so that one that was lost is made again although the tables stand.
        hypothesis_files(),
        score_files(),
        rules.tabulate.output,
        unit_tables(),
        significance_files(),
        off_target_files(),
        likelihood_files(),
        comet_files(),
        training_figures(),
        sweep_figures(),
        off_target_figures(),
        analysis_files(),
