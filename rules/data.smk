# Text: from a source to checked, normalised, binarised sets.

if EXPERIMENT.data.source.type == "toy":

    rule generate_toy:
        output:
            **files("generate_toy"),
        log:
            log_of("generate_toy"),
        benchmark:
            benchmark_of("generate_toy")
        conda:
            conda_of("generate_toy")
        container:
            image_of("generate_toy")
        envmodules:
            *modules_of("generate_toy"),
        params:
            **identity("generate_toy", spec=EXPERIMENT.data.source.spec(EXPERIMENT.pivot)),
            out=lambda w, output: parent(output.files[0]),
        shell:
            command("generate_toy", "--out {params.out:q}")

    rule generate_contrastive:
        output:
            **files("generate_contrastive"),
        log:
            log_of("generate_contrastive"),
        benchmark:
            benchmark_of("generate_contrastive")
        conda:
            conda_of("generate_contrastive")
        container:
            image_of("generate_contrastive")
        envmodules:
            *modules_of("generate_contrastive"),
        params:
            **identity(
                "generate_contrastive",
                spec=EXPERIMENT.data.source.spec(EXPERIMENT.pivot),
                directions=EXPERIMENT.evaluated_directions,
            ),
        shell:
            command("generate_contrastive", "--out {output.readings:q}")


if downloads(EXPERIMENT):

    rule download_corpus:
        output:
            # Files are kept and checked, and fetched again only if they are wrong: this works without internet.
            **files("download_corpus", files=update),
        log:
            log_of("download_corpus"),
        benchmark:
            benchmark_of("download_corpus")
        conda:
            conda_of("download_corpus")
        container:
            image_of("download_corpus")
        envmodules:
            *modules_of("download_corpus"),
        params:
            **identity("download_corpus", **corpus()),
            out=lambda w, output: parent(output.files[0]),
        shell:
            command("download_corpus", "--out {params.out:q}")


rule prepare_text:
    input:
        files=source_files,
    output:
        **files("prepare_text"),
    log:
        log_of("prepare_text"),
    benchmark:
        benchmark_of("prepare_text")
    conda:
        conda_of("prepare_text")
    container:
        image_of("prepare_text")
    envmodules:
        *modules_of("prepare_text"),
    params:
        **identity("prepare_text", preparation),
    shell:
        command(
            "prepare_text",
            "--pair {wildcards.one}-{wildcards.two} --files {input.files:q} --out {output.one:q} {output.two:q} "
            "--stats {output.stats:q}",
        )


if EXPERIMENT.has_subwords and not TAKEN:

    rule train_subwords:
        input:
            text=text_files("train"),
        output:
            **files("train_subwords"),
        log:
            log_of("train_subwords"),
        benchmark:
            benchmark_of("train_subwords")
        conda:
            conda_of("train_subwords")
        container:
            image_of("train_subwords")
        envmodules:
            *modules_of("train_subwords"),
        params:
            **identity(
                "train_subwords",
                pairs=EXPERIMENT.train_pairs,
                languages=EXPERIMENT.languages,
                text=EXPERIMENT.text.model_dump(),
                **subwords(),
            ),
            text_root=lambda w, input: parent(input.text[0], 2),
        shell:
            command(
                "train_subwords",
                "--text-root {params.text_root:q} --out-model {output.model:q} --out-dict {output.dictionary:q}",
            )


rule binarise:
    input:
        **files("train_subwords"),
        text="<results>/data/text/{subset}/{pair}.{lang}.txt",
        stats=statistics_of_sources,
    output:
        **files("binarise"),
    log:
        log_of("binarise"),
    benchmark:
        benchmark_of("binarise")
    wildcard_constraints:
        subset=alternatives([*EXPERIMENT.subsets, *binarised_texts(EXPERIMENT)]),
    conda:
        conda_of("binarise")
    container:
        image_of("binarise")
    envmodules:
        *modules_of("binarise"),
    params:
        **identity("binarise", sharding, text=EXPERIMENT.text.model_dump()),
        prefix=subpath(output.stats, strip_suffix=".json"),
    shell:
        command(
            "binarise",
            "--text-file {input.text:q} --subwords {input.model:q} --dictionary {input.dictionary:q} "
            "--out-prefix {params.prefix:q} --stats {output.stats:q}",
            "lang",
        )


rule write_card:
    input:
        text=[f for subset in EXPERIMENT.subsets for f in text_files(subset)],
        stats=[f for subset in EXPERIMENT.subsets for f in made("binarise", "stats", subset=subset)],
        vocabulary=list(files("train_subwords").values()) if EXPERIMENT.is_binarised else [],
        ceilings=made("score_ceiling", "json"),
    output:
        **files("write_card"),
    log:
        log_of("write_card"),
    benchmark:
        benchmark_of("write_card")
    conda:
        conda_of("write_card")
    container:
        image_of("write_card")
    envmodules:
        *modules_of("write_card"),
    params:
        **identity(
            "write_card",
            pairs={subset: EXPERIMENT.pairs_of(subset) for subset in EXPERIMENT.subsets},
            testsets=with_ceilings(EXPERIMENT),
            text=EXPERIMENT.text.model_dump(),
        ),
        root=subpath(output.json, parent=True),
        vocabulary=lambda w, input: f"--vocabulary {parent(input.vocabulary[0])}" if input.vocabulary else "",
    shell:
        command(
            "write_card",
            "--data-root {params.root:q} {params.vocabulary} --out-json {output.json:q} "
            "--out-markdown {output.markdown:q}",
        )


rule rebuild_references:
    input:
        bin=f"<results>/data/bin/{SHARDS[0]}{{testset}}.{{pair}}.{{lang}}.bin",
        idx=f"<results>/data/bin/{SHARDS[0]}{{testset}}.{{pair}}.{{lang}}.idx",
        dictionary="<results>/data/subwords/dict.txt",
    output:
        **files("rebuild_references"),
    log:
        log_of("rebuild_references"),
    benchmark:
        benchmark_of("rebuild_references")
    conda:
        conda_of("rebuild_references")
    container:
        image_of("rebuild_references")
    envmodules:
        *modules_of("rebuild_references"),
    params:
        **identity("rebuild_references", text=EXPERIMENT.text.model_dump()),
        prefix=subpath(input.bin, strip_suffix=".bin"),
    shell:
        command(
            "rebuild_references",
            "--bin-prefix {params.prefix:q} --dictionary {input.dictionary:q} --out {output.text:q}",
            "lang",
        )


for name, testsets in EXPERIMENT.round_trips.items():

    rule:
        name:
            name
        input:
            **files("train_subwords"),
            references=lambda w: references_of(w.testset, "raw", EXPERIMENT.directions_of(w.testset)),
        output:
            **files("round_trip", like={"testset": testsets[0]}),
        log:
            log_of("round_trip"),
        benchmark:
            benchmark_of("round_trip")
        wildcard_constraints:
            testset=alternatives(testsets),
        # Before the trainings: its warnings may be reasons not to begin them.
        priority: 1
        conda:
            conda_of("round_trip")
        container:
            image_of("round_trip")
        envmodules:
            *modules_of("round_trip"),
        params:
            **identity(
                "round_trip",
                lambda w: directions_and_references(EXPERIMENT.directions_of(w.testset), w.testset),
                text=EXPERIMENT.text.model_dump(),
            ),
            out=lambda w, output: f"{parent(output.text[0])}/{{pair}}.{{target}}.txt",
        shell:
            command(
                "round_trip",
                "--subwords {input.model:q} --dictionary {input.dictionary:q} --out {params.out:q} "
                "--stats {output.stats:q}",
            )
            # For the terminal, before anything is trained.
            + " && {{ grep -a ^WARNING {log:q} >&2 || true; }}"
