# Figures of what analyses of units found, each of all seeds.
from workflow_scripts.workflow.stage_list.figures_analyses import criteria_of

DRAWN = "--results {input.json:q} --out {output.png:q}"


if EXPERIMENT.analysis.ablation:

    rule plot_ablation:
        input:
            **analysed_jobs("ablate_units"),
        output:
            **figures("plot_ablation", {"figure": "ablation", "system": "{system}"}),
        log:
            log_of("plot_ablation"),
        benchmark:
            benchmark_of("plot_ablation")
        conda:
            conda_of("plot_ablation")
        container:
            image_of("plot_ablation")
        envmodules:
            *modules_of("plot_ablation"),
        params:
            **identity("plot_ablation"),
        shell:
            command("plot_ablation", DRAWN)


if EXPERIMENT.analysis.effects:

    rule plot_effects:
        input:
            **analysed_jobs("effect_matrix"),
        output:
            **figures(
                "plot_effects", {"figure": "effect matrix", "system": "{system}", "criterion": "{criterion}"}
            ),
        log:
            log_of("plot_effects"),
        benchmark:
            benchmark_of("plot_effects")
        wildcard_constraints:
            criterion=alternatives(criteria_of(EXPERIMENT)),
        conda:
            conda_of("plot_effects")
        container:
            image_of("plot_effects")
        envmodules:
            *modules_of("plot_effects"),
        params:
            **identity("plot_effects", families=EXPERIMENT.groupings.get("family")),
        shell:
            command("plot_effects", DRAWN, "criterion")


if EXPERIMENT.analysis.heads:

    rule plot_heads:
        input:
            **analysed_jobs("prune_heads"),
        output:
            **figures("plot_heads", {"figure": "map of heads", "system": "{system}"}),
        log:
            log_of("plot_heads"),
        benchmark:
            benchmark_of("plot_heads")
        conda:
            conda_of("plot_heads")
        container:
            image_of("plot_heads")
        envmodules:
            *modules_of("plot_heads"),
        params:
            **identity("plot_heads"),
        shell:
            command("plot_heads", DRAWN)

    rule plot_pruning:
        input:
            **analysed_jobs("prune_heads"),
        output:
            **figures("plot_pruning", {"figure": "pruned heads", "system": "{system}"}),
        log:
            log_of("plot_pruning"),
        benchmark:
            benchmark_of("plot_pruning")
        conda:
            conda_of("plot_pruning")
        container:
            image_of("plot_pruning")
        envmodules:
            *modules_of("plot_pruning"),
        params:
            **identity("plot_pruning"),
        shell:
            command("plot_pruning", DRAWN)


if EXPERIMENT.analysis.probes:

    rule plot_probes:
        input:
            **analysed_jobs("fit_probes"),
        output:
            **figures("plot_probes", {"figure": "probes", "property": "{property}"}),
        log:
            log_of("plot_probes"),
        benchmark:
            benchmark_of("plot_probes")
        wildcard_constraints:
            property=alternatives(PROBES.properties),
        conda:
            conda_of("plot_probes")
        container:
            image_of("plot_probes")
        envmodules:
            *modules_of("plot_probes"),
        params:
            **identity("plot_probes"),
        shell:
            command("plot_probes", DRAWN)


if EXPERIMENT.analysis.stability:

    rule plot_stability:
        input:
            **analysed_jobs("stability"),
        output:
            **figures("plot_stability", {"figure": "stability", "masks": "{maskset}"}),
        log:
            log_of("plot_stability"),
        benchmark:
            benchmark_of("plot_stability")
        conda:
            conda_of("plot_stability")
        container:
            image_of("plot_stability")
        envmodules:
            *modules_of("plot_stability"),
        params:
            **identity("plot_stability"),
        shell:
            command("plot_stability", DRAWN, "maskset")


if EXPERIMENT.analysis.correlation:

    rule plot_correlation:
        input:
            **analysed_jobs("correlate_units"),
        output:
            **figures("plot_correlation", {"figure": "correlation of units", "between": "{between}"}),
        log:
            log_of("plot_correlation"),
        benchmark:
            benchmark_of("plot_correlation")
        wildcard_constraints:
            between=alternatives(COMPARED),
        conda:
            conda_of("plot_correlation")
        container:
            image_of("plot_correlation")
        envmodules:
            *modules_of("plot_correlation"),
        params:
            **identity("plot_correlation"),
        shell:
            command("plot_correlation", DRAWN, "between")

    rule plot_erasure:
        input:
            **analysed_jobs("erase_correlated"),
        output:
            **figures("plot_erasure", {"figure": "erased units", "between": "{between}"}),
        log:
            log_of("plot_erasure"),
        benchmark:
            benchmark_of("plot_erasure")
        wildcard_constraints:
            between=alternatives(COMPARED),
        conda:
            conda_of("plot_erasure")
        container:
            image_of("plot_erasure")
        envmodules:
            *modules_of("plot_erasure"),
        params:
            **identity("plot_erasure"),
        shell:
            command("plot_erasure", DRAWN, "between")


if EXPERIMENT.analysis.criteria:

    rule plot_criteria:
        input:
            **analysed_jobs("criteria"),
        output:
            **figures("plot_criteria", {"figure": "criteria"}),
        log:
            log_of("plot_criteria"),
        benchmark:
            benchmark_of("plot_criteria")
        conda:
            conda_of("plot_criteria")
        container:
            image_of("plot_criteria")
        envmodules:
            *modules_of("plot_criteria"),
        params:
            **identity("plot_criteria"),
        shell:
            command("plot_criteria", DRAWN)
