# Mask sets beside one another, between systems and seeds, and languages within each.
from workflow_scripts.config.analyses.similarity import compared_groups, compared_sets, drawn_sets

if EXPERIMENT.analysis.similarity:
    SIMILARITY = EXPERIMENT.analysis.similarity
    COMPARED_SETS = compared_sets(EXPERIMENT, SIMILARITY)
    COMPARED_MASKS = f"{RESULTS}/masks/{{system}}/s{{seed}}/{{maskset}}.npz"
    SAMPLED = EXPERIMENT.analysis.stability
    # The set whose samples of sentences were compared, where it is among these.
    STABLE = [SAMPLED.masks] if SAMPLED and SAMPLED.masks in COMPARED_SETS else []

    rule compare_masks:
        input:
            masks=expand(
                COMPARED_MASKS,
                system=SIMILARITY.systems,
                seed=EXPERIMENT.train.seeds,
                maskset=COMPARED_SETS,
            ),
            files=expand(
                list(SIMILARITY.more.values()),
                system=SIMILARITY.systems,
                seed=EXPERIMENT.train.seeds,
            ),
            stability=made("stability", "json") if STABLE else [],
        output:
            **files("compare_masks"),
        log:
            log_of("compare_masks"),
        benchmark:
            benchmark_of("compare_masks")
        conda:
            conda_of("compare_masks")
        container:
            image_of("compare_masks")
        envmodules:
            *modules_of("compare_masks"),
        params:
            **identity(
                "compare_masks",
                masks=COMPARED_MASKS,
                sets=[*COMPARED_SETS, *SIMILARITY.more],
                files=SIMILARITY.more or None,
                drawn=drawn_sets(EXPERIMENT, SIMILARITY) or None,
                systems=SIMILARITY.systems,
                seeds=EXPERIMENT.train.seeds,
                pairs=SIMILARITY.pairs,
                groups=compared_groups(EXPERIMENT, SIMILARITY),
                pivot=EXPERIMENT.pivot,
                stable=STABLE,
                stability=STABLE and f"{RESULTS}/analysis/stability/{{system}}/s{{seed}}/{{maskset}}.json",
                **SIMILARITY.model_dump(include={"draws", "permutations", "level"}),
            ),
        shell:
            command(
                "compare_masks",
                "--out-json {output.json:q} --out-csv {output.csv:q} --out-structure {output.structure:q} "
                "--out-groups {output.groups:q} --out-markdown {output.markdown:q}",
            )
