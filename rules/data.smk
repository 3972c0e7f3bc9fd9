# Text: from a source to checked, normalised, binarised sets.

if EXPERIMENT.data.source.type == "toy":

    rule generate_toy:
        output:
            files=EXPERIMENT.data.source.outputs(
                f"{RESULTS}/data", EXPERIMENT.train_pairs, EXPERIMENT.languages
            ),
        log:
            "<logs>/generate_toy/toy.log",
        benchmark:
            "<benchmarks>/generate_toy/toy.tsv"
        conda:
            "../envs/text.yaml"
        container:
            image_of("text")
        envmodules:
            *modules_of("text"),
        params:
            spec=as_json(EXPERIMENT.data.source.spec(EXPERIMENT.pivot)),
            out=lambda w, output: parent(output.files[0]),
            code=closure_hash("data.generate_toy"),
            environment=environment_identity("text"),
        shell:
            "run-in text workflow_scripts.data.generate_toy --spec {params.spec:q} --out {params.out:q} > {log} 2>&1"

    rule generate_contrastive:
        output:
            readings=TOY_SET,
        log:
            "<logs>/generate_contrastive/toy.log",
        benchmark:
            "<benchmarks>/generate_contrastive/toy.tsv"
        conda:
            "../envs/text.yaml"
        container:
            image_of("text")
        envmodules:
            *modules_of("text"),
        params:
            spec=as_json(EXPERIMENT.data.source.spec(EXPERIMENT.pivot)),
            directions=EXPERIMENT.evaluated_directions,
            code=closure_hash("data.generate_contrastive"),
            environment=environment_identity("text"),
        shell:
            "run-in text workflow_scripts.data.generate_contrastive --spec {params.spec:q} --directions {params.directions} "
            "--out {output.readings:q} > {log} 2>&1"


if downloads():

    rule download_corpus:
        output:
            # What is there is checked, and fetched again only if it is not right: kept, so that this works where there
            # is no internet.
            files=update(downloads()),
        log:
            "<logs>/download_corpus/corpus.log",
        benchmark:
            "<benchmarks>/download_corpus/corpus.tsv"
        conda:
            "../envs/text.yaml"
        container:
            image_of("text")
        envmodules:
            *modules_of("text"),
        params:
            corpus=EXPERIMENT.data.source.type,
            what=(
                f"--datasets '{as_json(EXPERIMENT.data.source.datasets())}'"
                if EXPERIMENT.data.source.type == "mtdata"
                else f"--languages {' '.join(EXPERIMENT.languages)} --home {shlex.quote(EXPERIMENT.data.source.home)}"
            ),
            out=lambda w, output: parent(output.files[0]),
            code=closure_hash("data.download_corpus"),
            environment=environment_identity("text"),
        shell:
            "run-in text workflow_scripts.data.download_corpus --corpus {params.corpus} {params.what} "
            "--out {params.out:q} > {log} 2>&1"


rule prepare_text:
    input:
        files=source_files,
    output:
        one="<results>/data/text/{subset}/{one}-{two}.{one}.txt",
        two="<results>/data/text/{subset}/{one}-{two}.{two}.txt",
        stats="<results>/data/text/{subset}/{one}-{two}.json",
    log:
        "<logs>/prepare_text/{subset}/{one}-{two}.log",
    benchmark:
        "<benchmarks>/prepare_text/{subset}/{one}-{two}.tsv"
    conda:
        "../envs/text.yaml"
    container:
        image_of("text")
    envmodules:
        *modules_of("text"),
    params:
        lines=source_lines,
        empty=lambda w: EXPERIMENT.empty_lines(w.subset),
        clean=cleaning,
        code=closure_hash("data.prepare_text"),
        environment=environment_identity("text"),
    shell:
        "run-in text workflow_scripts.data.prepare_text --pair {wildcards.one}-{wildcards.two} --files {input.files:q} "
        "{params.lines} --empty {params.empty} {params.clean} --out {output.one:q} {output.two:q} --stats {output.stats:q} > {log} 2>&1"


if not USED:

    rule train_subwords:
        input:
            text=text_files("train"),
        output:
            model="<results>/data/subwords/spm.model",
            dictionary="<results>/data/subwords/dict.txt",
        log:
            "<logs>/train_subwords/spm.log",
        benchmark:
            "<benchmarks>/train_subwords/spm.tsv"
        conda:
            "../envs/text.yaml"
        container:
            image_of("text")
        envmodules:
            *modules_of("text"),
        params:
            text_root=lambda w, input: parent(input.text[0], 2),
            pairs=EXPERIMENT.train_pairs,
            languages=EXPERIMENT.languages,
            vocab_size=EXPERIMENT.subwords.vocab_size,
            model_type=subword_type,
            coverage=EXPERIMENT.subwords.character_coverage,
            sample=EXPERIMENT.subwords.sample_sentences,
            seed=EXPERIMENT.subwords.seed,
            processing=as_json(EXPERIMENT.text.model_dump()),
            code=closure_hash("data.train_subwords"),
            environment=environment_identity("text"),
        shell:
            "run-in text workflow_scripts.data.train_subwords --text-root {params.text_root:q} --pairs {params.pairs} "
            "--languages {params.languages} --vocab-size {params.vocab_size} --model-type {params.model_type} "
            "--character-coverage {params.coverage} --sample-sentences {params.sample} --seed {params.seed} "
            "--text {params.processing:q} --out-model {output.model:q} --out-dict {output.dictionary:q} > {log} 2>&1"


rule binarise:
    input:
        text="<results>/data/text/{subset}/{pair}.{lang}.txt",
        stats=statistics_of_sources,
        model="<results>/data/subwords/spm.model",
        dictionary="<results>/data/subwords/dict.txt",
    output:
        bin=collect("<results>/data/bin/{shard}{{subset}}.{{pair}}.{{lang}}.bin", shard=SHARDS),
        idx=collect("<results>/data/bin/{shard}{{subset}}.{{pair}}.{{lang}}.idx", shard=SHARDS),
        parts=collect(
            "<results>/data/bin/{shard}{{subset}}.{{pair}}.{{lang}}.json", shard=filter(None, SHARDS)
        ),
        stats="<results>/data/bin/{subset}.{pair}.{lang}.json",
    log:
        "<logs>/binarise/{subset}/{pair}.{lang}.log",
    benchmark:
        "<benchmarks>/binarise/{subset}/{pair}.{lang}.tsv"
    conda:
        "../envs/text.yaml"
    container:
        image_of("text")
    envmodules:
        *modules_of("text"),
    params:
        prefix=subpath(output.stats, strip_suffix=".json"),
        shards=shard_option,
        processing=as_json(EXPERIMENT.text.model_dump()),
        code=closure_hash("data.binarise"),
        environment=environment_identity("text"),
    shell:
        "run-in text workflow_scripts.data.binarise --text-file {input.text:q} --lang {wildcards.lang} "
        "--text {params.processing:q} --subwords {input.model:q} --dictionary {input.dictionary:q} "
        "--out-prefix {params.prefix:q} --stats {output.stats:q} {params.shards} > {log} 2>&1"


rule write_card:
    input:
        text=[f for subset in EXPERIMENT.subsets for f in text_files(subset)],
        stats=[
            f"{RESULTS}/data/bin/{subset}.{pair}.{lang}.json"
            for subset in EXPERIMENT.subsets
            for pair in EXPERIMENT.pairs_of(subset)
            for lang in pair.split("-")
        ],
        vocabulary=["<results>/data/subwords/spm.model", "<results>/data/subwords/dict.txt"],
        ceilings=ceiling_files(),
    output:
        json="<results>/data/card.json",
        markdown="<results>/data/card.md",
    log:
        "<logs>/write_card/card.log",
    benchmark:
        "<benchmarks>/write_card/card.tsv"
    conda:
        "../envs/text.yaml"
    container:
        image_of("text")
    envmodules:
        *modules_of("text"),
    params:
        root=subpath(output.json, parent=True),
        vocabulary=lambda w, input: parent(input.vocabulary[0]),
        pairs=as_json({subset: EXPERIMENT.pairs_of(subset) for subset in EXPERIMENT.subsets}),
        testsets=EXPERIMENT.testsets,
        processing=as_json(EXPERIMENT.text.model_dump()),
        code=closure_hash("data.write_card"),
        environment=environment_identity("text"),
    shell:
        "run-in text workflow_scripts.data.write_card --data-root {params.root:q} --vocabulary {params.vocabulary:q} "
        "--pairs {params.pairs:q} --testsets {params.testsets} --text {params.processing:q} "
        "--out-json {output.json:q} --out-markdown {output.markdown:q} > {log} 2>&1"


rule rebuild_references:
    input:
        bin=f"<results>/data/bin/{SHARDS[0]}{{testset}}.{{pair}}.{{lang}}.bin",
        idx=f"<results>/data/bin/{SHARDS[0]}{{testset}}.{{pair}}.{{lang}}.idx",
        dictionary="<results>/data/subwords/dict.txt",
    output:
        text="<results>/data/references/{testset}.{pair}.{lang}.txt",
    log:
        "<logs>/rebuild_references/{testset}/{pair}.{lang}.log",
    benchmark:
        "<benchmarks>/rebuild_references/{testset}/{pair}.{lang}.tsv"
    conda:
        "../envs/text.yaml"
    container:
        image_of("text")
    envmodules:
        *modules_of("text"),
    params:
        prefix=subpath(input.bin, strip_suffix=".bin"),
        processing=as_json(EXPERIMENT.text.model_dump()),
        code=closure_hash("data.rebuild_references"),
        environment=environment_identity("text"),
    shell:
        "run-in text workflow_scripts.data.rebuild_references --bin-prefix {params.prefix:q} --lang {wildcards.lang} "
        "--text {params.processing:q} --dictionary {input.dictionary:q} --out {output.text:q} > {log} 2>&1"


# A rule's outputs are the same for all its test sets: those that lack some directions have one of their own.
for name, testsets in EXPERIMENT.round_trips.items():

    rule:
        name:
            name
        input:
            references=lambda w: references_of(w.testset, "raw"),
            model="<results>/data/subwords/spm.model",
            dictionary="<results>/data/subwords/dict.txt",
        output:
            text=[
                f"<results>/data/round_trip/{{testset}}/{side}.txt"
                for side in EXPERIMENT.target_sides(testsets[0])
            ],
            stats="<results>/data/round_trip/{testset}.json",
        log:
            "<logs>/round_trip/{testset}.log",
        benchmark:
            "<benchmarks>/round_trip/{testset}.tsv"
        wildcard_constraints:
            testset=alternatives(testsets),
        # Before the trainings: what it warns of is a reason not to begin them.
        priority: 1
        conda:
            "../envs/text.yaml"
        container:
            image_of("text")
        envmodules:
            *modules_of("text"),
        params:
            references=lambda w: REFERENCES["raw"].replace("{testset}", w.testset),
            directions=directions_scored,
            processing=as_json(EXPERIMENT.text.model_dump()),
            out=lambda w, output: f"{parent(output.text[0])}/{{pair}}.{{target}}.txt",
            code=closure_hash("data.round_trip"),
            environment=environment_identity("text"),
        shell:
            "run-in text workflow_scripts.data.round_trip --references {params.references:q} "
            "--directions {params.directions} --text {params.processing:q} --subwords {input.model:q} "
            "--dictionary {input.dictionary:q} --out {params.out:q} --stats {output.stats:q} > {log} 2>&1 "
            # For the terminal, before anything is trained.
            "&& {{ grep -a ^WARNING {log:q} >&2 || true; }}"
