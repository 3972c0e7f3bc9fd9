# Every system translates every test set in every direction: one job each, with a cheap start.

ENGINE_ENVIRONMENT = {"ctranslate2": "text", "fairseq": "fairseq"}[EXPERIMENT.decode.engine]
# A job runs one engine: an edit of the other (and, with CTranslate2, of the models in fairseq) decodes nothing again.
OTHER_ENGINE = {"ctranslate2": "fairseq", "fairseq": "ctranslate2"}[EXPERIMENT.decode.engine]
# CTranslate2 takes a GPU for float16 alone.
ON_GPU = EXPERIMENT.decode.engine == "fairseq" or EXPERIMENT.decode.compute_type == "float16"


rule decode:
    input:
        # Two files stand for the folder: one job makes them all. A sweep has thousands of these jobs, and each function
        # and each param of a job makes a dry run longer.
        system="<results>/systems/{system}/s{seed}/system.json",
        weights="<results>/systems/{system}/s{seed}/model.safetensors",
        source=lambda w: side_of(w.testset, w.direction, 0),
        masks=mask_row_of if EVALUATED_ONLY else [],
    output:
        hypotheses="<results>/translations/{system}/s{seed}/{testset}/{direction}.txt",
    log:
        "<logs>/decode/{system}/s{seed}/{testset}.{direction}.log",
    benchmark:
        "<benchmarks>/decode/{system}/s{seed}/{testset}.{direction}.tsv"
    conda:
        f"../envs/{ENGINE_ENVIRONMENT}.yaml"
    container:
        image_of(ENGINE_ENVIRONMENT)
    envmodules:
        *modules_of(ENGINE_ENVIRONMENT),
    threads: EXPERIMENT.decode.threads
    resources:
        gpu=GPU if ON_GPU else None,
    params:
        options=as_options(EXPERIMENT.decode.model_dump(exclude={"threads"})),
        code=closure_hash("translate.decode", but=f"translate.{OTHER_ENGINE}_engine"),
        environment=environment_identity(ENGINE_ENVIRONMENT),
    shell:
        f"run-in {ENGINE_ENVIRONMENT}"
        ' workflow_scripts.translate.decode --system "$(dirname {input.system:q})" '
        "--direction {wildcards.direction} --masks {input.masks:q} --source {input.source:q} {params.options} --threads {threads} "
        "--out {output.hypotheses:q} > {log} 2>&1"
