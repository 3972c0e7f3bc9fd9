# Which units each direction keeps: one file with the rows of all trained directions, and one for each direction that is
# only evaluated, made of these rows, so that adding such a direction touches no training.


rule select_masks:
    input:
        counts=scores_of_masks,
        weights=weights_of_masks,
        like=like_of_masks,
    output:
        **files("select_masks"),
    log:
        log_of("select_masks"),
    benchmark:
        benchmark_of("select_masks")
    wildcard_constraints:
        row=rf"(/({alternatives(EXPERIMENT.untrained_directions)}))?",
    conda:
        conda_of("select_masks")
    container:
        image_of("select_masks")
    envmodules:
        *modules_of("select_masks"),
    params:
        **identity(
            "select_masks",
            lambda w: {"directions": rows_of(w.row)} | mask_settings(w.maskset, w.seed, w.row),
        ),
        source=lambda w, input: source_of_masks(input),
    shell:
        command("select_masks", "{params.source} --out {output.masks:q}")
