# Hypotheses against references.


rule score:
    input:
        hypotheses="<results>/translations/{system}/s{seed}/{testset}/{direction}.txt",
        references=lambda w: side_of(w.testset, w.direction, 1),
    output:
        scores="<results>/scores/{system}/s{seed}/{testset}/{direction}.json",
    log:
        "<logs>/score/{system}.s{seed}.{testset}.{direction}.log",
    benchmark:
        "<benchmarks>/score/{system}.s{seed}.{testset}.{direction}.tsv"
    conda:
        "../envs/evaluate.yaml"
    params:
        experiment=EXPERIMENT.experiment,
        metrics=EXPERIMENT.evaluation.metrics,
        code=closure_hash("evaluate.score"),
        environment=environment_identity("evaluate"),
    shell:
        "run-in evaluate workflow_scripts.evaluate.score --hypotheses {input.hypotheses:q} "
        "--references {input.references:q} --metrics {params.metrics} --experiment {params.experiment:q} "
        "--system {wildcards.system} --seed {wildcards.seed} --testset {wildcards.testset} "
        "--direction {wildcards.direction} --profile raw --out {output.scores:q} > {log} 2>&1"
