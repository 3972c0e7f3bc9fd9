# Hypotheses against references: the test set's own text, or (`.paper`) what was rebuilt from binarised text.


rule score:
    input:
        hypotheses="<results>/translations/{system}/s{seed}/{testset}/{direction}.txt",
        references=lambda w: references_of(w.testset, w.direction, w.rebuilt),
    output:
        scores="<results>/scores/{system}/s{seed}/{testset}/{direction}{rebuilt}.json",
    log:
        "<logs>/score/{system}.s{seed}.{testset}.{direction}{rebuilt}.log",
    benchmark:
        "<benchmarks>/score/{system}.s{seed}.{testset}.{direction}{rebuilt}.tsv"
    wildcard_constraints:
        rebuilt=r"(\.paper)?",
    conda:
        "../envs/evaluate.yaml"
    params:
        experiment=EXPERIMENT.experiment,
        metrics=EXPERIMENT.evaluation.metrics,
        profile=lambda w: w.rebuilt.removeprefix(".") or "raw",
        code=closure_hash("evaluate.score"),
        environment=environment_identity("evaluate"),
    shell:
        "run-in evaluate workflow_scripts.evaluate.score --hypotheses {input.hypotheses:q} "
        "--references {input.references:q} --metrics {params.metrics} --experiment {params.experiment:q} "
        "--system {wildcards.system} --seed {wildcards.seed} --testset {wildcards.testset} "
        "--direction {wildcards.direction} --profile {params.profile} --out {output.scores:q} > {log} 2>&1"
