# Every system translates every test set in every direction: one job each, with a cheap start.

ENGINE_ENVIRONMENT = {"ctranslate2": "text", "fairseq": "fairseq"}[EXPERIMENT.decode.engine]
# A job runs one engine: an edit of the other (and, with CTranslate2, of the models in fairseq) decodes nothing again.
OTHER_ENGINE = {"ctranslate2": "fairseq", "fairseq": "ctranslate2"}[EXPERIMENT.decode.engine]


rule decode:
    input:
        # Two files stand for the folder: one job makes them all, and a sweep has thousands of these jobs.
        system=lambda w: system_files(w.system, w.seed, "system.json", "model.safetensors"),
        source=lambda w: side_of(w.testset, w.direction, 0),
    output:
        hypotheses="<results>/translations/{system}/s{seed}/{testset}/{direction}.txt",
    log:
        "<logs>/decode/{system}.s{seed}.{testset}.{direction}.log",
    benchmark:
        "<benchmarks>/decode/{system}.s{seed}.{testset}.{direction}.tsv"
    conda:
        f"../envs/{ENGINE_ENVIRONMENT}.yaml"
    threads: EXPERIMENT.decode.threads
    params:
        system=lambda w, input: parent(input.system[0]),
        engine=EXPERIMENT.decode.engine,
        beam=EXPERIMENT.decode.beam,
        length_penalty=EXPERIMENT.decode.length_penalty,
        max_length=EXPERIMENT.decode.max_length,
        batch_tokens=EXPERIMENT.decode.batch_tokens,
        compute_type=EXPERIMENT.decode.compute_type,
        code=closure_hash("translate.decode", but=f"translate.{OTHER_ENGINE}_engine"),
        environment=environment_identity(ENGINE_ENVIRONMENT),
        interpreter=ENGINE_ENVIRONMENT,
    shell:
        "run-in {params.interpreter} workflow_scripts.translate.decode --system {params.system:q} "
        "--direction {wildcards.direction} --source {input.source:q} --engine {params.engine} --beam {params.beam} "
        "--length-penalty {params.length_penalty} --max-length {params.max_length} "
        "--batch-tokens {params.batch_tokens} --compute-type {params.compute_type} --threads {threads} "
        "--out {output.hypotheses:q} > {log} 2>&1"
