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
        options=as_options(EXPERIMENT.decoding.model_dump(exclude={"threads"})),
        code=closure_hash("translate.decode", but=f"translate.{OTHER_ENGINE}_engine"),
        environment=environment_identity(ENGINE_ENVIRONMENT),
    shell:
        f"run-in {ENGINE_ENVIRONMENT}"
        ' workflow_scripts.translate.decode --system "$(dirname {input.system:q})" '
        "--direction {wildcards.direction} --masks {input.masks:q} --source {input.source:q} {params.options} --threads {threads} "
        "--out {output.hypotheses:q} > {log} 2>&1"


rule likelihood:
    input:
        system=lambda w: system_files(w.system, w.seed, "system.json", "model.safetensors"),
        text=lambda w: text_files(w.testset),
        masks=mask_rows_of,
    output:
        json="<results>/likelihoods/{system}/s{seed}/{testset}.json",
        segments="<results>/likelihoods/{system}/s{seed}/{testset}.npz",
    log:
        "<logs>/likelihood/{system}/s{seed}/{testset}.log",
    benchmark:
        "<benchmarks>/likelihood/{system}/s{seed}/{testset}.tsv"
    conda:
        "../envs/fairseq.yaml"
    container:
        image_of("fairseq")
    envmodules:
        *modules_of("fairseq"),
    resources:
        gpu=GPU,
    params:
        experiment=EXPERIMENT.experiment,
        system=lambda w, input: parent(input.system[0]),
        directions=directions_scored,
        text=lambda w, input: parent(input.text[0]),
        masks=mask_pattern,
        code=closure_hash("translate.likelihood"),
        environment=environment_identity("fairseq"),
    shell:
        "run-in fairseq workflow_scripts.translate.likelihood --system {params.system:q} --directions {params.directions} "
        "--masks {params.masks:q} --sources {params.text:q}/{{pair}}.{{source}}.txt "
        "--references {params.text:q}/{{pair}}.{{target}}.txt --experiment {params.experiment:q} "
        "--testset {wildcards.testset} --out {output.json:q} > {log} 2>&1"


rule contrastive:
    input:
        system=lambda w: system_files(w.system, w.seed, "system.json", "model.safetensors"),
        readings=lambda w: EXPERIMENT.evaluation.contrastive[w.contrast],
        masks=mask_rows_of,
    output:
        json="<results>/contrastive/{system}/s{seed}/{contrast}.json",
        segments="<results>/contrastive/{system}/s{seed}/{contrast}.npz",
    log:
        "<logs>/contrastive/{system}/s{seed}/{contrast}.log",
    benchmark:
        "<benchmarks>/contrastive/{system}/s{seed}/{contrast}.tsv"
    conda:
        "../envs/fairseq.yaml"
    container:
        image_of("fairseq")
    envmodules:
        *modules_of("fairseq"),
    resources:
        gpu=GPU,
    params:
        experiment=EXPERIMENT.experiment,
        system=lambda w, input: parent(input.system[0]),
        directions=EXPERIMENT.evaluated_directions,
        masks=mask_pattern,
        code=closure_hash("translate.contrastive"),
        environment=environment_identity("fairseq"),
    shell:
        "run-in fairseq workflow_scripts.translate.contrastive --system {params.system:q} --directions {params.directions} "
        "--masks {params.masks:q} --set {input.readings:q} --experiment {params.experiment:q} "
        "--name {wildcards.contrast} --out {output.json:q} > {log} 2>&1"
