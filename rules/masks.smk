# Which neurons each direction keeps: one file with the rows of all trained directions, and one for each direction that
# is only evaluated, so that adding such a direction touches no training.


rule select_masks:
    input:
        counts=lambda w: counts_of(w.system, rows_of(w.row), w.seed),
    output:
        **files("select_masks"),
    log:
        log_of("select_masks"),
    benchmark:
        benchmark_of("select_masks")
    wildcard_constraints:
        row=rf"(/({alternatives(EXPERIMENT.directions.evaluate_only) or 'none'}))?",
    conda:
        conda_of("select_masks")
    container:
        image_of("select_masks")
    envmodules:
        *modules_of("select_masks"),
    params:
        **identity(
            "select_masks",
            lambda w: {"directions": rows_of(w.row)}
            | (
                {"rule": "all"} if w.maskset == "all" else {"rule": "mass", "k": w.maskset.removeprefix("k")}
            ),
        ),
        root=lambda w, input: parent(input.counts[0]),
    shell:
        command("select_masks", "--activations-root {params.root:q} --out {output.masks:q}")
