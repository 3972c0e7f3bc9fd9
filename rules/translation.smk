# Every system translates every test set in every direction: one job each, with a cheap start.
# (A loop cannot make its rules: commands are made after it, and each runs in an environment of its own.)
DECODE_INPUT = {
    # Two files represent the folder: one job makes them all. A sweep has thousands of these jobs, and each function
    # and each param of a job makes a dry run longer.
    "system": "<results>/systems/{system}/s{seed}/system.json",
    "weights": "<results>/systems/{system}/s{seed}/model.safetensors",
    "source": lambda w: side_of(w.testset, w.direction, 0),
    "masks": mask_row_of if EVALUATED_ONLY else [],
}
DECODE_WORDS = (
    '--system "$(dirname {input.system:q})" --masks {input.masks:q} --source {input.source:q} '
    "--threads {threads} --out {output.hypotheses:q}"
)


rule decode:
    input:
        **DECODE_INPUT,
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
        command("decode", DECODE_WORDS, "direction")


# Systems that CTranslate2 cannot compile: by the library of their model.
if by_library_alone(EXPERIMENT, "fairseq"):

    rule decode_by_fairseq:
        input:
            **DECODE_INPUT,
        output:
            **files("decode_by_fairseq"),
        log:
            log_of("decode_by_fairseq"),
        benchmark:
            benchmark_of("decode_by_fairseq")
        wildcard_constraints:
            system=alternatives(by_library_alone(EXPERIMENT, "fairseq")),
        conda:
            conda_of("decode_by_fairseq")
        container:
            image_of("decode_by_fairseq")
        envmodules:
            *modules_of("decode_by_fairseq"),
        threads: EXPERIMENT.decode.threads
        resources:
            gpu=gpu_of("decode_by_fairseq"),
        params:
            **identity(
                "decode_by_fairseq",
                **EXPERIMENT.decoding_by("fairseq").model_dump(exclude={"threads"}),
            ),
        shell:
            command("decode_by_fairseq", DECODE_WORDS, "direction")


if by_library_alone(EXPERIMENT, "huggingface"):

    rule decode_by_huggingface:
        input:
            **DECODE_INPUT,
        output:
            **files("decode_by_huggingface"),
        log:
            log_of("decode_by_huggingface"),
        benchmark:
            benchmark_of("decode_by_huggingface")
        wildcard_constraints:
            system=alternatives(by_library_alone(EXPERIMENT, "huggingface")),
        conda:
            conda_of("decode_by_huggingface")
        container:
            image_of("decode_by_huggingface")
        envmodules:
            *modules_of("decode_by_huggingface"),
        threads: EXPERIMENT.decode.threads
        resources:
            gpu=gpu_of("decode_by_huggingface"),
        params:
            **identity(
                "decode_by_huggingface",
                **EXPERIMENT.decoding_by("huggingface").model_dump(exclude={"threads"}),
            ),
        shell:
            command("decode_by_huggingface", DECODE_WORDS, "direction")


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
