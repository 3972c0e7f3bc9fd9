"""Rules and configs: what makes a job run again, what it reads, what is asked for, what is refused."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

PLANNED = "workflow tests/workflow/test_planned_jobs.py"
JOB = f"{PLANNED}::test_a_job_of_each_rule"
CODE = f"{PLANNED}::test_every_job_is_compared_by_the_code_and_the_packages_that_it_runs"
STAGES = "workflow tests/unit/workflow/test_stages.py"
TEXTS = "workflow tests/workflow/test_rule_texts.py"
RULE = f"{TEXTS}::test_a_rule_takes_files_software_and_settings_of_one_stage"
EVERYTHING = f"{PLANNED}::test_all_asks_for_everything_that_the_config_asks_for"
NAMES = f"{PLANNED}::test_wildcards_are_names_of_the_config"
REFUSED = "workflow tests/malformed/test_config.py::test_refused"

PARAMS = (
    Mutant(
        "other packages of decoding decode nothing again",
        "rules/stages.smk",
        "ENVIRONMENT: environment_identity(software_of(name)),",
        "",
        (CODE,),
    ),
    Mutant(
        "other code of decoding decodes nothing again",
        "rules/stages.smk",
        "CODE: closure_hash(stage.module, but=other),",
        'CODE: closure_hash("translate.markers", but=other),',
        (CODE,),
    ),
    Mutant(
        "other text processing rebuilds no references",
        "rules/data.smk",
        '"rebuild_references", text=EXPERIMENT.text.model_dump()',
        '"rebuild_references"',
        (f"{JOB}[rebuild_references-talks-de-fr-fr]",),
    ),
    Mutant(
        "the code of another stage in the params of one",
        "rules/evaluation.smk",
        'identity(\n            "identify",',
        'identity(\n            "train_identifier",',
        (f"{RULE}[identify]", CODE),
    ),
    Mutant(
        "two settings that have changed places go unseen",
        "rules/stages.smk",
        "text, words = as_json(fixed), as_options(fixed)",
        "text, words = as_json(sorted(map(str, fixed.values()))), as_options(fixed)",
        (f"{PLANNED}::test_two_values_of_a_rule_that_change_places_are_a_change",),
    ),
    Mutant(
        "other metrics score nothing again",
        "rules/evaluation.smk",
        "            metrics=EXPERIMENT.evaluation.metrics,\n",
        "",
        (f"{JOB}[score-ns-k95-2-talks-paper]",),
    ),
    Mutant(
        "other settings train nothing again",
        "rules/training.smk",
        "settings=training_settings(EXPERIMENT.finetune),",
        "",
        (f"{PLANNED}::test_the_jobs_that_train[finetune]",),
    ),
    Mutant(
        "the fine-tunings trained with the baseline's settings",
        "rules/training.smk",
        "settings=training_settings(EXPERIMENT.finetune),",
        "settings=training_settings(EXPERIMENT.train),",
        (f"{PLANNED}::test_the_jobs_that_train[finetune]",),
    ),
    Mutant(
        "a switch that is off reaches the command",
        "workflow_scripts/workflow/settings.py",
        "return value is None or value is False or",
        "return value is None or",
        ("workflow tests/unit/workflow/test_settings.py::test_what_is_left_out_and_what_is_not",),
    ),
    Mutant(
        "settings for a rule of an earlier version are passed over",
        "workflow_scripts/workflow/stages.py",
        "now = RENAMED.get(name)\n            yield",
        "now = RENAMED.get(name)\n            if now:\n                continue\n            yield",
        (f"{STAGES}::test_a_name_that_no_rule_has_is_told_with_the_one_that_is_meant",),
    ),
    Mutant(
        "two files of a job's log share a name",
        "workflow_scripts/workflow/stage_list/measures.py",
        'log=f"{PLACE}.{{profile}}.{{comet}}",\n        files={\n            "scores"',
        'log=f"{PLACE}.{{profile}}",\n        files={\n            "scores"',
        (f"{STAGES}::test_names_of_logs_tell_all_wildcards_of_the_files",),
    ),
    Mutant(
        "held-out text is cleaned as training text is",
        "rules/common.smk",
        'EXPERIMENT.data.clean.model_dump() if wildcards.subset == "train" else {}',
        "EXPERIMENT.data.clean.model_dump()",
        (f"{JOB}[prepare_text-talks-de-fr]",),
    ),
)

SETTINGS = (
    Mutant(
        "the sweep drawn of the first metric whatever was asked for",
        "rules/report.smk",
        "metric=EXPERIMENT.report.sweep_metric or EXPERIMENT.evaluation.metrics[0]",
        "metric=EXPERIMENT.evaluation.metrics[0]",
        (f"{JOB}[plot_sweep-ns]",),
    ),
    Mutant(
        "padding is not counted where it is asked for",
        "rules/activations.smk",
        "count_pads=EXPERIMENT.activations.count_pads,",
        "",
        ("workflow tests/workflow/test_job_counts.py::test_pads_are_in_the_commands_that_count",),
    ),
    Mutant(
        "references of the off-target rates rebuilt ones",
        "rules/evaluation.smk",
        'references=lambda w: references_of(w.testset, "raw"),\n    output:\n        **files("identify")',
        'references=lambda w: references_of(w.testset, "paper"),\n    output:\n        **files("identify")',
        (f"{JOB}[identify-ns-k95-2-talks]",),
    ),
    Mutant(
        "a fine-tuning of any seed in the folder of the first",
        "workflow_scripts/workflow/stage_list/models.py",
        'training="training/{finetuned}/s{seed}",',
        'training="training/{finetuned}/s1",',
        (f"{PLANNED}::test_the_jobs_that_train[finetune]",),
    ),
)

INPUTS = (
    Mutant(
        "sources and references of a test set exchanged",
        "rules/inputs.smk",
        "split_direction(direction)[side]}.txt",
        "split_direction(direction)[1 - side]}.txt",
        (f"{JOB}[decode-ns-k95-2-talks-de-fr]", f"{JOB}[score-ns-k95-2-talks-paper]"),
    ),
    Mutant(
        "a masked system decodes a direction it was not trained in without a mask",
        "rules/inputs.smk",
        "if maskset is None or wildcards.direction not in EVALUATED_ONLY:",
        "if maskset is not None or wildcards.direction not in EVALUATED_ONLY:",
        (f"{JOB}[decode-ns-k95-2-talks-de-fr]",),
    ),
    Mutant(
        "masks of another seed",
        "rules/inputs.smk",
        'wildcards.untrained]\n    return f"{RESULTS}/masks/baseline/s{wildcards.seed}/',
        'wildcards.untrained]\n    return f"{RESULTS}/masks/baseline/s{EXPERIMENT.train.seeds[0]}/',
        (f"{PLANNED}::test_the_jobs_that_train[finetune]",),
    ),
    Mutant(
        "systems are compared with the control alone",
        "rules/inputs.smk",
        "for other in (BASELINE, EXPERIMENT.control) if",
        "for other in (EXPERIMENT.control,) if",
        (f"{JOB}[compare-ns-k95-2-talks-paper]",),
    ),
    Mutant(
        "COMET's tests read the statistics of sacrebleu's metrics",
        "rules/inputs.smk",
        'model = wildcards.get("comet")',
        "model = None",
        (f"{JOB}[compare_comet-continued-1-news-raw-own]",),
    ),
    Mutant(
        "masks of single directions made of the counts of all",
        "rules/inputs.smk",
        'return [row.removeprefix("/")] if row else EXPERIMENT.train_directions',
        "return EXPERIMENT.train_directions",
        (f"{JOB}[select_masks-baseline-2-all-de-fr]",),
    ),
    Mutant(
        "training reads one shard",
        "rules/inputs.smk",
        'for shard in (SHARDS if subset == "train" else SHARDS[:1])',
        "for shard in SHARDS[:1]",
        (f"{PLANNED}::test_the_jobs_that_train[train_baseline]",),
    ),
    Mutant(
        "the identifier of languages is measured on what it was trained on",
        "rules/evaluation.smk",
        'held_out=text_files("valid"),',
        'held_out=text_files("train"),',
        (f"{JOB}[train_identifier]",),
    ),
)

ASKED = (
    *(
        Mutant(
            f"{role} out of what is asked for",
            f"workflow_scripts/workflow/stage_list/{part}.py",
            f'        asked_for=("{role}",),\n',
            "",
            (EVERYTHING,),
        )
        for part, role in (("models", "hypotheses"), ("measures", "languages"), ("data", "json"))
    ),
    Mutant(
        "significance of COMET's scores out of what is asked for",
        "workflow_scripts/workflow/stage_list/measures.py",
        "jobs=lambda e: _tested(e, _comet(e)),",
        "jobs=lambda e: [],",
        (EVERYTHING,),
    ),
    Mutant(
        "analyses of the first seed alone",
        "workflow_scripts/workflow/stage_list/models.py",
        "return each(system=[BASELINE], seed=experiment.train.seeds, **values)",
        "return each(system=[BASELINE], seed=experiment.train.seeds[:1], **values)",
        (EVERYTHING,),
    ),
    Mutant(
        "the baseline taken for a fine-tuned system",
        "rules/common.smk",
        'finetuned=alternatives(name for name in EXPERIMENT.finetuned if name not in USED) or "none",',
        "finetuned=alternatives(EXPERIMENT.all_systems),",
        (f"{NAMES}[finetuned-fits7-fits_not7]",),
    ),
    Mutant(
        "wildcards of seeds take any number",
        "rules/common.smk",
        "seed=alternatives(EXPERIMENT.train.seeds),",
        r'seed=r"\d+",',
        (f"{NAMES}[seed-fits5-fits_not5]",),
    ),
    Mutant(
        "held-out sets for training are decoded as test sets",
        "rules/common.smk",
        "testset=alternatives(EXPERIMENT.testsets),",
        "testset=alternatives(EXPERIMENT.subsets),",
        (f"{NAMES}[testset-fits4-fits_not4]",),
    ),
)

CONFIG = (
    Mutant(
        "a direction may be trained and only evaluated at once",
        "workflow_scripts/config/checks.py",
        "if direction in experiment.train_directions:",
        "if direction in experiment.directions.train:",
        (f"{REFUSED}[direction-trained]",),
    ),
    Mutant(
        "a language may be in two groups",
        "workflow_scripts/config/checks.py",
        "                if lang in seen:",
        "                if lang in groups:",
        (f"{REFUSED}[group-twice]",),
    ),
    Mutant(
        "a system's name may say another k than its masks",
        "workflow_scripts/config/mask_checks.py",
        'and f"k{k}" not in chain:',
        "and not chain:",
        (f"{REFUSED}[system-name]",),
    ),
    Mutant(
        "a system that was not trained is the control of continued training",
        "workflow_scripts/config/experiment.py",
        "for name, masks in self.finetuned.items() if masks == ALL_UNITS",
        "for name, masks in self.masked.items() if masks == ALL_UNITS",
        ("workflow tests/unit/config/test_masks.py::test_systems_are_trained_or_not",),
    ),
    Mutant(
        "an analysis may ask for masks that there are not",
        "workflow_scripts/config/checks.py",
        "if k is not None and k not in experiment.masks.k:",
        "if k is not None and not experiment.masks.k:",
        (f"{REFUSED}[analysis-overlap]",),
    ),
    Mutant(
        "a COMET model may have the name of another metric",
        "workflow_scripts/config/checks.py",
        "if metrics.count(model.name) > 1 or model.name in ASKED:",
        "if metrics.count(model.name) > 2:",
        (f"{REFUSED}[metric-and-model]",),
    ),
    Mutant(
        "a warm-up may be longer than the training that decays to its end",
        "workflow_scripts/config/checks.py",
        "if decays and settings.warmup_updates >= settings.max_updates:",
        "if decays and settings.warmup_updates > settings.max_updates:",
        (f"{REFUSED}[warmup]",),
    ),
)

PLANS = (
    Mutant(
        "a plan sums what it knows, as if that were all",
        "workflow_scripts/workflow/plan/plan.py",
        "if unknown == fetched:",
        "if fetched == fetched:",
        ("workflow tests/unit/workflow/test_plan.py::test_what_is_unknown_is_in_no_sum",),
    ),
    Mutant(
        "targets behind the options of a dry run are config files",
        "workflow_scripts/workflow/plan/dry_run.py",
        "given = [*ours, *options]",
        "given = [*ours[2:], *ours[:2], *options]",
        ("workflow tests/unit/workflow/test_dry_run.py::test_targets_are_no_config_files",),
    ),
    Mutant(
        "finished jobs are among those that would run",
        "workflow_scripts/workflow/graph.py",
        "if job.output and dag.needrun(job)",
        "if job.output",
        ("workflow tests/workflow/test_graph.py::test_jobs_are_written_down_with_their_reasons",),
    ),
)

MUTANTS = (*PLANS, *PARAMS, *SETTINGS, *INPUTS, *ASKED, *CONFIG)
