# Hypotheses against references: the test set's own text (raw), or what was rebuilt from binarised text (paper).


rule score:
    input:
        hypotheses=lambda w: hypotheses_of(w.system, w.seed, w.testset),
        references=lambda w: references_of(w.testset, w.profile),
    output:
        scores="<results>/scores/{system}/s{seed}/{testset}.{profile}.json",
    log:
        "<logs>/score/{system}/s{seed}/{testset}.{profile}.log",
    benchmark:
        "<benchmarks>/score/{system}/s{seed}/{testset}.{profile}.tsv"
    wildcard_constraints:
        profile=alternatives(REFERENCES),
    conda:
        "../envs/evaluate.yaml"
    container:
        image_of("evaluate")
    envmodules:
        *modules_of("evaluate"),
    params:
        experiment=EXPERIMENT.experiment,
        metrics=EXPERIMENT.evaluation.metrics,
        directions=EXPERIMENT.evaluated_directions,
        hypotheses=lambda w, input: f"{parent(input.hypotheses[0])}/{{direction}}.txt",
        references=lambda w: REFERENCES[w.profile].replace("{testset}", w.testset),
        code=closure_hash("evaluate.score"),
        environment=environment_identity("evaluate"),
    shell:
        "run-in evaluate workflow_scripts.evaluate.score --hypotheses {params.hypotheses:q} "
        "--references {params.references:q} --directions {params.directions} --metrics {params.metrics} "
        "--experiment {params.experiment:q} --system {wildcards.system} --seed {wildcards.seed} "
        "--testset {wildcards.testset} --profile {wildcards.profile} --out {output.scores:q} > {log} 2>&1"
