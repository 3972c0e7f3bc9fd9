# Attention heads: those that matter to each task are pruned, and every task is measured.
from workflow_scripts.config.heads import pruned_directions


def text_of_pruning(wildcards):
    """The text on which heads are ranked, and that on which tasks are measured."""
    directions = pruned_directions(EXPERIMENT, wildcards.system)
    return [*binarised("valid", directions), *binarised(EXPERIMENT.control_text[0], directions)]


def translated_by_pruning(wildcards):
    """The raw text that is translated without heads, if any is."""
    if not EXPERIMENT.analysis.heads.metrics:
        return []
    testset, directions = EXPERIMENT.control_text[0], pruned_directions(EXPERIMENT, wildcards.system)
    return [*sources_of(testset, directions), *references_of(testset, "raw", directions)]


def translations_of_pruning(wildcards):
    """What is translated, and how it is scored, as options of the stage."""
    asked, testset = EXPERIMENT.analysis.heads, EXPERIMENT.control_text[0]
    if not asked.metrics:
        return {}
    tokenizers = tokenizers_of_targets(pruned_directions(EXPERIMENT, wildcards.system))
    return {
        "metrics": asked.metrics,
        "decoded_sentences": asked.decoded,
        "sources": sources_pattern(testset),
        "references": REFERENCES["raw"].replace("{testset}", testset),
        "tokenizers": tokenizers or None,
    }


def pruning_settings(wildcards):
    """What tasks are, and how their heads are pruned, as options of the stage."""
    asked = EXPERIMENT.analysis.heads
    return {
        "directions": pruned_directions(EXPERIMENT, wildcards.system),
        "score_subset": "valid",
        "subset": EXPERIMENT.control_text[0],
        "max_sentences": asked.sentences,
        "pivot": EXPERIMENT.pivot,
        "families": EXPERIMENT.families or None,
        **asked.model_dump(exclude={"systems", "sentences", "metrics", "decoded"}),
        **translations_of_pruning(wildcards),
    }


if EXPERIMENT.analysis.heads:

    rule prune_heads:
        input:
            system=lambda w: system_files(w.system, w.seed, *parts_of(EXPERIMENT, w.system)),
            text=text_of_pruning,
            raw=translated_by_pruning,
        output:
            **files("prune_heads"),
        log:
            log_of("prune_heads"),
        benchmark:
            benchmark_of("prune_heads")
        conda:
            conda_of("prune_heads")
        container:
            image_of("prune_heads")
        envmodules:
            *modules_of("prune_heads"),
        resources:
            gpu=gpu_of("prune_heads"),
        params:
            **identity("prune_heads", pruning_settings),
            system=lambda w, input: parent(input.system[0]),
            data_bin=lambda w, input: parent(input.text[0]),
        shell:
            command(
                "prune_heads",
                "--system {params.system:q} --data-bin {params.data_bin:q} --out-json {output.json:q} "
                "--out-csv {output.csv:q} --out-markdown {output.markdown:q}",
                "seed",
            )
