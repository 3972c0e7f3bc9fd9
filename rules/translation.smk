# Every system translates every test set in every direction: one job each, with a cheap start.
DECODE_BY_LIBRARY = f"decode_by_{EXPERIMENT.port}"
BY_LIBRARY = by_library_alone(EXPERIMENT, EXPERIMENT.port)

rule decode:
    input:
        # Two files represent the folder: one job makes them all. A sweep has thousands of these jobs, and each function
        # and each param of a job makes a dry run longer.
        system="<results>/systems/{system}/s{seed}/system.json",
        weights="<results>/systems/{system}/s{seed}/model.safetensors",
        source=lambda w: side_of(w.testset, w.direction, 0),
        masks=mask_row_of if EVALUATED_ONLY else [],
    output:
        **files("decode"),
    log:
        log_of("decode"),
    benchmark:
        benchmark_of("decode")
    wildcard_constraints:
        system=alternatives(decoded_by(EXPERIMENT, EXPERIMENT.decode.engine)),
    conda:
        conda_of("decode")
    container:
        image_of("decode")
    envmodules:
        *modules_of("decode"),
    threads: EXPERIMENT.decode.threads
    resources:
        gpu=gpu_of("decode"),
    params:
        **identity("decode", **EXPERIMENT.decoding.model_dump(exclude={"threads"})),
    shell:
        command(
            "decode",
            '--system "$(dirname {input.system:q})" --masks {input.masks:q} --source {input.source:q} '
            "--threads {threads} --out {output.hypotheses:q}",
            "direction",
        )


# By their own library: systems that CTranslate2 cannot compile.
if BY_LIBRARY:

    rule:
        name:
            DECODE_BY_LIBRARY
        input:
            system="<results>/systems/{system}/s{seed}/system.json",
            weights="<results>/systems/{system}/s{seed}/model.safetensors",
            source=lambda w: side_of(w.testset, w.direction, 0),
            masks=mask_row_of if EVALUATED_ONLY else [],
        output:
            **files(DECODE_BY_LIBRARY),
        log:
            log_of(DECODE_BY_LIBRARY),
        benchmark:
            benchmark_of(DECODE_BY_LIBRARY)
        wildcard_constraints:
            system=alternatives(BY_LIBRARY),
        conda:
            conda_of(DECODE_BY_LIBRARY)
        container:
            image_of(DECODE_BY_LIBRARY)
        envmodules:
            *modules_of(DECODE_BY_LIBRARY),
        threads: EXPERIMENT.decode.threads
        resources:
            gpu=gpu_of(DECODE_BY_LIBRARY),
        params:
            **identity(
                DECODE_BY_LIBRARY,
                **EXPERIMENT.decoding_by(EXPERIMENT.port).model_dump(exclude={"threads"}),
            ),
        shell:
            command(
                DECODE_BY_LIBRARY,
                '--system "$(dirname {input.system:q})" --masks {input.masks:q} --source {input.source:q} '
                "--threads {threads} --out {output.hypotheses:q}",
                "direction",
            )


rule score_likelihood:
    input:
        system=lambda w: system_files(w.system, w.seed, "system.json", "model.safetensors"),
        text=lambda w: text_files(w.testset),
        masks=mask_rows_of,
    output:
        **files("score_likelihood"),
    log:
        log_of("score_likelihood"),
    benchmark:
        benchmark_of("score_likelihood")
    conda:
        conda_of("score_likelihood")
    container:
        image_of("score_likelihood")
    envmodules:
        *modules_of("score_likelihood"),
    resources:
        gpu=gpu_of("score_likelihood"),
    params:
        **identity(
            "score_likelihood",
            lambda w: {"directions": scored_in(w)},
            experiment=EXPERIMENT.experiment,
        ),
        system=lambda w, input: parent(input.system[0]),
        text=lambda w, input: parent(input.text[0]),
        masks=mask_pattern,
    shell:
        command(
            "score_likelihood",
            "--system {params.system:q} --masks {params.masks:q} --sources {params.text:q}/{{pair}}.{{source}}.txt "
            "--references {params.text:q}/{{pair}}.{{target}}.txt --out {output.json:q}",
            "testset",
        )


rule score_contrastive:
    input:
        system=lambda w: system_files(w.system, w.seed, "system.json", "model.safetensors"),
        readings=lambda w: EXPERIMENT.evaluation.contrastive[w.contrast],
        masks=mask_rows_of,
    output:
        **files("score_contrastive"),
    log:
        log_of("score_contrastive"),
    benchmark:
        benchmark_of("score_contrastive")
    conda:
        conda_of("score_contrastive")
    container:
        image_of("score_contrastive")
    envmodules:
        *modules_of("score_contrastive"),
    resources:
        gpu=gpu_of("score_contrastive"),
    params:
        **identity(
            "score_contrastive",
            lambda w: directions_and_skipped(w.system),
            experiment=EXPERIMENT.experiment,
        ),
        system=lambda w, input: parent(input.system[0]),
        masks=mask_pattern,
    shell:
        command(
            "score_contrastive",
            "--system {params.system:q} --masks {params.masks:q} --set {input.readings:q} --name {wildcards.contrast} "
            "--out {output.json:q}",
        )
