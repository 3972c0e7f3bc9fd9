"""How many jobs of each rule every shipped experiment has."""

# Jobs that every experiment with one seed has once.
ONCE = {
    "train_subwords": 1,
    "round_trip": 1,
    "score_ceiling": 1,
    "write_card": 1,
    "train_identifier": 1,
    "plot_off_target": 1,
    "train_baseline": 1,
    "strongest_units": 1,
    "mask_control": 1,
    "overlap": 1,
    "tabulate": 1,
    "tabulate_units": 1,
    "plot_tables": 1,
    "plot_masks": 1,
    "plot_training": 1,
    "write_answer": 1,
}

# Preset -> what it has beside ONCE.
#: Counts of thirty directions out of the pivot and thirty into it, at most eight a job.
SIXTY = {f"count_activations_{by}en_{number}": 1 for by in ("", "into_") for number in range(1, 5)}
EXPECTED: dict[str, dict[str, int]] = {
    "analysis_multi30k": {
        "prepare_text": 9,
        "binarise": 18,
        "count_activations_en": 1,
        "count_activations_into_en": 1,
        "score_importance": 6,
        "score_lape": 1,
        "select_masks": 5,  # 2 k, 3 scores
        "stability": 1,
        "prune_heads": 1,
        "label_words": 6,  # 3 pairs x 2 sides
        "collect_units": 2,  # stacks
        "fit_probes": 6,  # 2 stacks x 3 properties
        "compare_probes": 1,
        "effect_matrix": 1,
        "ablate_units": 1,
        "plot_stability": 1,
        "plot_heads": 1,
        "plot_pruning": 1,
        "plot_probes": 3,  # properties
        "plot_effects": 3,  # criteria
        "plot_ablation": 1,
        "compare_masks": 1,
        "decode": 6,
        "score": 1,
        "identify": 1,
    },
    "controls": {
        "generate_toy": 1,
        "prepare_text": 12,
        "binarise": 24,
        "train_baseline": 3,  # seeds
        "count_activations_en": 3,
        "count_activations_into_en": 3,
        "select_masks": 42,  # k95, all, 5 draws, shuffled, 2 × swapped, 2 × one stack, removed, lass70
        "finetune": 99,  # 23 systems of one training each, 8 parts of full and 2 of bilingual
        "finetune_adapters": 12,  # 4 systems
        "use_masks": 3,
        "join_systems_full": 3,
        "join_systems_bilingual": 3,
        "decode": 678,  # 28 systems × 8 directions and 2 of bilingual
        "decode_by_fairseq": 48,  # 2 systems with bottleneck adapters
        "score": 93,
        "compare": 90,
        "identify": 93,
    },
    "controls_multi30k": {
        "prepare_text": 9,
        "binarise": 18,
        "count_activations_en": 1,
        "count_activations_into_en": 1,
        "select_masks": 7,
        "finetune": 7,
        "plot_training": 1,
        "decode": 48,
        "score": 8,
        "compare": 7,
        "identify": 8,
    },
    "criteria": {
        "generate_toy": 1,
        "prepare_text": 12,
        "binarise": 24,
        "train_baseline": 3,  # seeds
        "count_activations_en": 3,
        "count_activations_into_en": 3,
        "score_importance": 24,
        "score_magnitude": 24,
        "score_lape": 6,  # 2 forms
        "select_masks": 3,  # k70
        "criteria": 3,
        "plot_criteria": 1,
        "decode": 24,
        "score": 3,
        "identify": 3,
    },
    "ec30": {
        "prepare_text": 150,  # (train, valid, 3 test sets) × 30 pairs
        "binarise": 300,
        **SIXTY,
        "select_masks": 7,  # 6 k, all
        "finetune": 7,
        "decode": 1440,  # 8 systems × 3 test sets × 60 directions
        "rebuild_references": 180,  # 3 test sets × 30 pairs × 2 sides
        "score": 48,  # 8 systems × 3 test sets, raw and paper
        "score_comet": 48,
        "fetch_comet": 1,
        "compare": 42,  # 7 systems
        "compare_comet": 42,
        "identify": 24,
        "plot_off_target": 3,
        "round_trip": 3,
        "score_ceiling": 3,
    },
    "ec30_released": {
        "use_data_bin": 1,
        "import_checkpoint_ns_k95": 1,
        "prepare_text": 30,  # of the test set alone
        "binarise": 60,
        "count_activations": 60,  # with pads, so none together
        "select_masks": 1,
        "use_masks": 1,
        "decode": 180,  # the baseline, the fine-tuned system, the pruned one
        "rebuild_references": 60,
        "score": 6,  # 3 systems, raw and paper
        "compare": 4,
    },
    "iat": {
        "generate_toy": 1,
        "prepare_text": 12,
        "binarise": 24,
        "train_baseline": 3,  # seeds
        "count_activations_en": 3,
        "count_activations_into_en": 3,
        "score_importance": 24,
        "select_masks": 42,  # all, heads30, own30, others, 2 x 5 draws
        "finetune": 63,  # 4 systems of all directions and 2 x 5 draws; transfer and its 5 draws in one
        "decode": 402,  # 16 systems x 8 directions, 6 in one
        "score": 66,
        "compare": 63,
        "identify": 66,
    },
    "iwslt14": {
        "prepare_text": 24,  # 3 subsets × 8 pairs
        "binarise": 48,
        "count_activations_en": 1,
        "count_activations_into_en": 1,
        "select_masks": 6,
        "finetune": 6,
        "decode": 112,  # 7 systems × 16 directions
        "score": 7,
        "compare": 6,
        "identify": 7,
    },
    "m2m100_418m": {
        "prepare_text": 36,  # 3 subsets × 12 pairs
        "count_activations_en_1": 1,
        "count_activations_en_2": 1,
        "count_activations_into_en_1": 1,
        "count_activations_into_en_2": 1,
        "select_masks": 2,
        "stability": 1,
        "plot_stability": 1,
        "decode": 48,  # 2 systems × 24 directions
        "score_likelihood": 2,
        "score": 2,
        "compare": 1,
        "identify": 2,
    },
    "multi30k": {
        "prepare_text": 9,
        "binarise": 18,
        "count_activations_en": 1,
        "count_activations_into_en": 1,
        "select_masks": 3,
        "finetune": 2,  # continued and ns-k95
        "decode": 18,
        "score": 3,
        "compare": 2,
        "identify": 3,
    },
    "multi30k_attached": {
        "prepare_text": 9,
        "binarise": 18,
        "count_activations_en": 1,
        "count_activations_into_en": 1,
        "select_masks": 1,
        "use_masks": 1,
        "decode": 12,
        "score": 2,
        "compare": 1,
        "identify": 2,
    },
    "nllb_600m": {
        "prepare_text": 90,  # 3 subsets × 30 pairs
        **SIXTY,
        "score_importance": 60,
        "score_lape": 1,
        "select_masks": 4,  # 2 k, 2 scores
        "effect_matrix": 1,
        "plot_effects": 3,
        "decode": 120,  # 2 systems × 60 directions
        "score_likelihood": 2,
        "score": 2,
        "compare": 1,
        "identify": 2,
    },
    "ntrex60": {
        "prepare_text": 90,
        "binarise": 180,
        **SIXTY,
        "select_masks": 3,
        "finetune": 3,
        "decode": 240,  # 4 systems × 60 directions
        "score": 4,
        "compare": 3,
        "identify": 4,
    },
    "opus_mt": {
        "prepare_text": 15,  # 3 subsets × 5 pairs
        "count_activations": 5,  # the target's tag is in the source, so none together
        "score_importance": 5,
        "select_masks": 3,
        "use_masks": 2,
        "decode": 15,  # 3 systems × 5 directions
        "score_likelihood": 3,
        "score": 3,
        "compare": 2,
        "identify": 3,
    },
    "toy60": {
        "generate_toy": 1,
        "prepare_text": 90,
        "binarise": 180,
        **SIXTY,
        "select_masks": 3,
        "finetune": 2,  # continued and ns-k95
        "decode": 180,
        "score": 3,
        "compare": 2,
        "identify": 3,
    },
    "toy_families": {
        "generate_toy": 1,
        "prepare_text": 36,
        "binarise": 72,
        "count_activations_en_1": 1,
        "count_activations_en_2": 1,
        "count_activations_into_en_1": 1,
        "count_activations_into_en_2": 1,
        "select_masks": 3,
        "finetune": 3,
        "decode": 96,
        "score": 4,
        "compare": 3,
        "identify": 4,
    },
}
EXPECTED["zero_shot"] = {
    "generate_toy": 1,
    "prepare_text": 18,  # 4 pairs of train and of valid, 10 of test
    "binarise": 36,
    "use_system_baseline": 1,
    "use_system_continued": 1,
    "use_system_ns_k70": 1,
    "use_system_ns_k95": 1,
    "select_masks": 36,  # 12 rows of each of 3 sets, from the systems' masks
    "decode": 80,  # 4 systems × 20 directions
    "score": 4,
    "compare": 3,
    "identify": 4,
}
EXPECTED["analysis"] = {
    "generate_toy": 1,
    "label_toy": 1,
    "prepare_text": 12,
    "binarise": 24,
    "use_system_baseline": 3,  # seeds
    "use_system_continued": 3,
    "use_system_ns": 3,
    "count_activations_en": 3,
    "count_activations_into_en": 3,
    "score_importance": 48,  # 3 seeds x 8 directions x ffn and heads
    "select_masks": 21,  # k70, k95, heads and four sets of 5 %, of three seeds
    "score_lape": 3,
    "spread_scores_on_text": 3,
    "stability": 3,
    "prune_heads": 6,  # 3 seeds x 2 systems
    "ablate_units": 3,
    "effect_matrix": 6,
    "correlate_units_seeds": 2,
    "correlate_units_systems": 3,
    "erase_correlated": 12,
    "compare_masks": 1,
    "label_words": 8,
    "collect_units": 12,  # 3 seeds x 2 systems x 2 stacks
    "fit_probes": 36,
    "score_by_label": 36,
    "compare_probes": 1,
    "plot_stability": 1,
    "plot_heads": 2,  # systems
    "plot_pruning": 2,
    "plot_ablation": 1,
    "plot_effects": 6,  # 2 systems x 3 criteria
    "plot_correlation": 2,
    "plot_erasure": 2,
    "plot_probes": 3,
    "decode": 72,
    "score": 9,
    "compare": 6,
    "identify": 9,
}
EXPECTED["toy_hf"] = {
    "generate_toy": 1,
    "prepare_text": 12,
    "count_activations_en": 1,
    "count_activations_into_en": 1,
    "select_masks": 2,  # k70, all
    "finetune": 2,
    "decode": 24,  # 3 systems x 8 directions
    "score": 3,
    "compare": 2,
    "identify": 3,
}
# Of text that a tokenizer reads: nothing is binarised, and nothing is lost on the way.
WITHOUT_BINARISED = ("round_trip", "score_ceiling")
# Of experiments whose baseline is a checkpoint of fairseq: what they have not, of ONCE.
ATTACHED = {
    "ec30_released": ("train_identifier", "plot_off_target"),
    "multi30k_attached": (),
    "analysis_multi30k": ("overlap",),
    "controls_multi30k": ("mask_control", "overlap"),
}
#: Of experiments whose baseline is a model of the hub: what they lack of ONCE, beside what is trained.
OF_HUB = {"m2m100_418m": (), "nllb_600m": (), "opus_mt": ("overlap",)}
EXPECTED["toy_families_unshared"] = EXPECTED["toy_families"]
#: Of an encoder and its tasks: they have nothing of ONCE.
OF_TASKS = ("iap_glue", "probes_ud")
EXPECTED["iap_glue"] = {
    "fetch_model": 1,
    **{f"prepare_tasks_{task}": 1 for task in ("sst2", "cola", "mrpc", "qqp", "stsb", "agpair")},
    "attach_model": 3,  # seeds
    "train_encoder": 6,  # 3 seeds x 2 systems
    "prune_tasks": 6,
    "tabulate_tasks": 1,
    "write_findings": 1,
}
EXPECTED["probes_ud"] = {
    "fetch_model": 1,
    "prepare_tasks_sst2": 1,
    "attach_model": 3,
    "train_encoder": 3,
    "label_words": 3,  # languages
    "collect_units": 6,  # 3 seeds x 2 systems
    "fit_probes": 24,  # of 4 properties
    "score_by_label": 24,
    "compare_probes": 1,
    "tabulate_tasks": 1,
    "write_findings": 1,
}
