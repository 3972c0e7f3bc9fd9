# Hypotheses against references: the test set's own text (raw), or what was rebuilt from binarised text (paper).


rule score:
    input:
        hypotheses=lambda w: hypotheses_of(w.system, w.seed, w.testset),
        references=lambda w: references_of(w.testset, w.profile, scored_in(w)),
        sources=lambda w: sources_of(w.testset, scored_in(w)),
    output:
        **files("score"),
    log:
        log_of("score"),
    benchmark:
        benchmark_of("score")
    conda:
        conda_of("score")
    container:
        image_of("score")
    envmodules:
        *modules_of("score"),
    params:
        **identity(
            "score",
            lambda w: directions_and_references(scored_in(w), w.testset, w.profile)
            | {"sources": sources_pattern(w.testset), "tokenizers": tokenizers_of_targets(scored_in(w))},
            experiment=EXPERIMENT.experiment,
            metrics=EXPERIMENT.evaluation.metrics,
            empty_references=empty_references(),
        ),
        hypotheses=lambda w, input: f"{parent(input.hypotheses[0])}/{{direction}}.txt",
    shell:
        command(
            "score",
            "--hypotheses {params.hypotheses:q} --processes {threads} --out {output.scores:q}",
            *("system", "seed", "testset", "profile"),
        )


rule score_ceiling:
    input:
        references=lambda w: references_of(w.testset, "raw", EXPERIMENT.directions_of(w.testset)),
        text=lambda w: made("round_trip", "text", testset=w.testset),
        stats="<results>/data/round_trip/{testset}.json",
    output:
        **files("score_ceiling"),
    log:
        log_of("score_ceiling"),
    benchmark:
        benchmark_of("score_ceiling")
    conda:
        conda_of("score_ceiling")
    container:
        image_of("score_ceiling")
    envmodules:
        *modules_of("score_ceiling"),
    params:
        **identity(
            "score_ceiling",
            lambda w: directions_and_references(EXPERIMENT.directions_of(w.testset), w.testset)
            | {"tokenizers": tokenizers_of_targets(EXPERIMENT.directions_of(w.testset))},
            experiment=EXPERIMENT.experiment,
        ),
        round_trips=lambda w, input: f"{parent(input.text[0])}/{{pair}}.{{target}}.txt",
    shell:
        command(
            "score_ceiling",
            "--round-trips {params.round_trips:q} --stats {input.stats:q} --out {output.json:q}",
            "testset",
        )


rule compare:
    input:
        segments=lambda w: segments_of(w.system, w),
        others=lambda w: [segments_of(other, w) for other in compared_with(w.system)],
    output:
        **files("compare"),
    log:
        log_of("compare"),
    benchmark:
        benchmark_of("compare")
    conda:
        conda_of("compare")
    container:
        image_of("compare")
    envmodules:
        *modules_of("compare"),
    params:
        **identity(
            "compare",
            lambda w: {
                "directions": scored_in(w),
                "against": [[other, segments_of(other, w)] for other in compared_with(w.system)],
            },
            experiment=EXPERIMENT.experiment,
            **tests(EXPERIMENT.evaluation.significance),
        ),
    shell:
        command(
            "compare",
            "--segments {input.segments:q} --processes {threads} --out {output.significance:q}",
            *("system", "seed", "testset", "profile"),
        )


rule train_identifier:
    input:
        text=text_files("train"),
        # It is measured on this, not on test sets: `identify` does that, and a new test set must not train it again.
        held_out=text_files("valid"),
    output:
        **files("train_identifier"),
    log:
        log_of("train_identifier"),
    benchmark:
        benchmark_of("train_identifier")
    conda:
        conda_of("train_identifier")
    container:
        image_of("train_identifier")
    envmodules:
        *modules_of("train_identifier"),
    params:
        **identity(
            "train_identifier",
            pairs={subset: EXPERIMENT.pairs_of(subset) for subset in ("train", "valid")},
            languages=EXPERIMENT.languages,
        ),
        text_root=lambda w, input: parent(input.text[0], 2),
    shell:
        command(
            "train_identifier",
            "--text-root {params.text_root:q} --out-model {output.model:q} --out-accuracy {output.accuracy:q}",
        )


rule identify:
    input:
        identifier="<results>/identifier/model.npz",
        hypotheses=lambda w: hypotheses_of(w.system, w.seed, w.testset),
        references=lambda w: references_of(w.testset, "raw", scored_in(w)),
    output:
        **files("identify"),
    log:
        log_of("identify"),
    benchmark:
        benchmark_of("identify")
    conda:
        conda_of("identify")
    container:
        image_of("identify")
    envmodules:
        *modules_of("identify"),
    params:
        **identity(
            "identify",
            lambda w: directions_and_references(scored_in(w), w.testset),
            experiment=EXPERIMENT.experiment,
            empty_references=empty_references(),
        ),
        hypotheses=lambda w, input: f"{parent(input.hypotheses[0])}/{{direction}}.txt",
    shell:
        command(
            "identify",
            "--identifier {input.identifier:q} --hypotheses {params.hypotheses:q} --out {output.languages:q}",
            *("system", "seed", "testset"),
        )


if COMET_FETCHED:

    rule fetch_comet:
        output:
            **files("fetch_comet"),
        log:
            log_of("fetch_comet"),
        benchmark:
            benchmark_of("fetch_comet")
        conda:
            conda_of("fetch_comet")
        container:
            image_of("fetch_comet")
        envmodules:
            *modules_of("fetch_comet"),
        params:
            **identity("fetch_comet", lambda w: COMET[w.comet].model_dump(include={"model", "revision"})),
        shell:
            command("fetch_comet", "--out {output.fetched:q}")


if COMET:

    rule score_comet:
        input:
            hypotheses=lambda w: hypotheses_of(w.system, w.seed, w.testset),
            references=lambda w: references_of(w.testset, w.profile, scored_in(w)),
            sources=lambda w: sources_of(w.testset, scored_in(w)),
            model=lambda w: comet_model(w.comet),
        output:
            **files("score_comet"),
        log:
            log_of("score_comet"),
        benchmark:
            benchmark_of("score_comet")
        conda:
            conda_of("score_comet")
        container:
            image_of("score_comet")
        envmodules:
            *modules_of("score_comet"),
        threads: lambda w: COMET[w.comet].threads
        resources:
            gpu=gpu_of("score_comet"),
        params:
            **identity(
                "score_comet",
                lambda w: directions_and_references(scored_in(w), w.testset, w.profile)
                | {"sources": sources_pattern(w.testset)}
                | comet_settings(COMET[w.comet]),
                experiment=EXPERIMENT.experiment,
                # Shared by all experiments: what one has scored, the others need not.
                cache=f"{Path(RESULTS).parent}/.cache",
            ),
            hypotheses=lambda w, input: f"{parent(input.hypotheses[0])}/{{direction}}.txt",
        shell:
            command(
                "score_comet",
                "--hypotheses {params.hypotheses:q} --name {wildcards.comet} --out {output.scores:q}",
                *("system", "seed", "testset", "profile"),
            )

    use rule compare as compare_comet with:
        output:
            **files("compare_comet"),
        log:
            log_of("compare_comet"),
        benchmark:
            benchmark_of("compare_comet")
