# Which neurons each direction keeps.


rule select_masks:
    input:
        counts=collect(
            "<results>/activations/baseline/s{{seed}}/valid/{direction}.npz",
            direction=EXPERIMENT.evaluated_directions,
        ),
    output:
        masks="<results>/masks/baseline/s{seed}/{maskset}.npz",
    log:
        "<logs>/select_masks/baseline.s{seed}.{maskset}.log",
    benchmark:
        "<benchmarks>/select_masks/baseline.s{seed}.{maskset}.tsv"
    conda:
        "../envs/text.yaml"
    params:
        root=lambda w, input: parent(input.counts[0]),
        directions=EXPERIMENT.evaluated_directions,
        rule=lambda w: (
            "--rule all" if w.maskset == "all" else f"--rule mass --k {w.maskset.removeprefix('k')}"
        ),
        code=closure_hash("select.select_masks"),
        environment=environment_identity("text"),
    shell:
        "run-in text workflow_scripts.select.select_masks --activations-root {params.root:q} "
        "--directions {params.directions} {params.rule} --out {output.masks:q} > {log} 2>&1"
