# Which neurons each direction keeps: one file with the rows of all trained directions, and one for each direction that
# is only evaluated, so that adding such a direction touches no training.


rule select_masks:
    input:
        counts=lambda w: counts_of(w.system, rows_of(w.row), w.seed),
    output:
        masks="<results>/masks/{system}/s{seed}/{maskset}{row}.npz",
    log:
        "<logs>/select_masks/{system}/s{seed}/{maskset}{row}.log",
    benchmark:
        "<benchmarks>/select_masks/{system}/s{seed}/{maskset}{row}.tsv"
    wildcard_constraints:
        row=rf"(/({alternatives(EXPERIMENT.directions.evaluate_only) or 'none'}))?",
    conda:
        "../envs/text.yaml"
    container:
        image_of("text")
    envmodules:
        *modules_of("text"),
    params:
        root=lambda w, input: parent(input.counts[0]),
        directions=lambda w: rows_of(w.row),
        rule=lambda w: (
            "--rule all" if w.maskset == "all" else f"--rule mass --k {w.maskset.removeprefix('k')}"
        ),
        code=closure_hash("select.select_masks"),
        environment=environment_identity("text"),
    shell:
        "run-in text workflow_scripts.select.select_masks --activations-root {params.root:q} "
        "--directions {params.directions} {params.rule} --out {output.masks:q} > {log} 2>&1"
