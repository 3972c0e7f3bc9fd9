# Which units each direction keeps, by its scores or of another set's rows: one file with the rows of all trained directions, and one for each direction that
# is only evaluated, so that adding such a direction touches no training.


rule select_masks:
    input:
        counts=scores_of_masks,
        like=like_of_masks,
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
        source=lambda w, input: (
            f"--activations-root {parent(input.counts[0])}" if input.counts else f"--like {input.like}"
        ),
        directions=lambda w: rows_of(w.row),
        settings=lambda w: mask_settings(w.maskset, w.seed),
        code=closure_hash("select.select_masks"),
        environment=environment_identity("text"),
    shell:
        "run-in text workflow_scripts.select.select_masks {params.source} "
        "--directions {params.directions} {params.settings} --out {output.masks:q} > {log} 2>&1"
