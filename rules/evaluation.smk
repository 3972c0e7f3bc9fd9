# Hypotheses against references: the test set's own text (raw), or what was rebuilt from binarised text (paper).


rule score:
    input:
        hypotheses=lambda w: hypotheses_of(w.system, w.seed, w.testset),
        references=lambda w: references_of(w.testset, w.profile),
        sources=lambda w: sources_of(w.testset),
    output:
        scores="<results>/scores/{system}/s{seed}/{testset}.{profile}.json",
        segments="<results>/scores/{system}/s{seed}/{testset}.{profile}.segments.npz",
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
        metrics=with_empty_references(EXPERIMENT.evaluation.metrics),
        tokenizers=lambda w: as_json(tokenizers_of_targets(w.testset)),
        directions=directions_scored,
        hypotheses=lambda w, input: f"{parent(input.hypotheses[0])}/{{direction}}.txt",
        references=lambda w: REFERENCES[w.profile].replace("{testset}", w.testset),
        sources=lambda w: SOURCES.replace("{testset}", w.testset),
        code=closure_hash("evaluate.score"),
        environment=environment_identity("evaluate"),
    shell:
        "run-in evaluate workflow_scripts.evaluate.score --hypotheses {params.hypotheses:q} "
        "--references {params.references:q} --sources {params.sources:q} --directions {params.directions} "
        "--metrics {params.metrics} --tokenizers {params.tokenizers:q} --processes {threads} "
        "--experiment {params.experiment:q} --system {wildcards.system} --seed {wildcards.seed} "
        "--testset {wildcards.testset} --profile {wildcards.profile} --out {output.scores:q} > {log} 2>&1"


rule score_ceiling:
    input:
        references=lambda w: references_of(w.testset, "raw"),
        text=lambda w: [
            f"{RESULTS}/data/round_trip/{w.testset}/{side}.txt"
            for side in EXPERIMENT.target_sides(w.testset)
        ],
        stats="<results>/data/round_trip/{testset}.json",
    output:
        json="<results>/data/ceiling/{testset}.json",
    log:
        "<logs>/score_ceiling/{testset}.log",
    benchmark:
        "<benchmarks>/score_ceiling/{testset}.tsv"
    conda:
        "../envs/evaluate.yaml"
    container:
        image_of("evaluate")
    envmodules:
        *modules_of("evaluate"),
    params:
        experiment=EXPERIMENT.experiment,
        tokenizers=lambda w: as_json(tokenizers_of_targets(w.testset)),
        directions=directions_scored,
        references=lambda w: REFERENCES["raw"].replace("{testset}", w.testset),
        round_trips=lambda w, input: f"{parent(input.text[0])}/{{pair}}.{{target}}.txt",
        code=closure_hash("evaluate.score_ceiling"),
        environment=environment_identity("evaluate"),
    shell:
        "run-in evaluate workflow_scripts.evaluate.score_ceiling --references {params.references:q} "
        "--round-trips {params.round_trips:q} --stats {input.stats:q} --directions {params.directions} "
        "--tokenizers {params.tokenizers:q} --experiment {params.experiment:q} --testset {wildcards.testset} "
        "--out {output.json:q} > {log} 2>&1"


rule compare:
    input:
        segments=lambda w: segments_of(w.system, w),
        others=lambda w: [segments_of(other, w) for other in compared_with(w.system)],
    output:
        significance="<results>/significance/{system}/s{seed}/{testset}.{profile}.json",
    log:
        "<logs>/compare/{system}/s{seed}/{testset}.{profile}.log",
    benchmark:
        "<benchmarks>/compare/{system}/s{seed}/{testset}.{profile}.tsv"
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
        directions=directions_scored,
        # Each other system's name before its file.
        against=lambda w: [
            word for other in compared_with(w.system) for word in ("--against", other, segments_of(other, w))
        ],
        tests=significance_options(EXPERIMENT.evaluation.significance),
        code=closure_hash("evaluate.compare"),
        environment=environment_identity("evaluate"),
    shell:
        "run-in evaluate workflow_scripts.evaluate.compare --segments {input.segments:q} {params.against:q} "
        "--directions {params.directions} {params.tests} "
        "--processes {threads} --experiment {params.experiment:q} --system {wildcards.system} "
        "--seed {wildcards.seed} --testset {wildcards.testset} --profile {wildcards.profile} "
        "--out {output.significance:q} > {log} 2>&1"


rule train_identifier:
    input:
        text=text_files("train"),
        # What it is measured on. Not on test sets: `identify` measures it there, and one more must not train it again.
        held_out=text_files("valid"),
    output:
        model="<results>/identifier/model.npz",
        accuracy="<results>/identifier/accuracy.json",
    log:
        "<logs>/train_identifier/identifier.log",
    benchmark:
        "<benchmarks>/train_identifier/identifier.tsv"
    conda:
        "../envs/evaluate.yaml"
    container:
        image_of("evaluate")
    envmodules:
        *modules_of("evaluate"),
    params:
        text_root=lambda w, input: parent(input.text[0], 2),
        pairs=as_json({subset: EXPERIMENT.pairs_of(subset) for subset in ("train", "valid")}),
        languages=EXPERIMENT.languages,
        code=closure_hash("evaluate.train_identifier"),
        environment=environment_identity("evaluate"),
    shell:
        "run-in evaluate workflow_scripts.evaluate.train_identifier --text-root {params.text_root:q} "
        "--pairs {params.pairs:q} --languages {params.languages} --out-model {output.model:q} "
        "--out-accuracy {output.accuracy:q} > {log} 2>&1"


rule identify:
    input:
        identifier="<results>/identifier/model.npz",
        hypotheses=lambda w: hypotheses_of(w.system, w.seed, w.testset),
        references=lambda w: references_of(w.testset, "raw"),
    output:
        languages="<results>/off_target/{system}/s{seed}/{testset}.json",
    log:
        "<logs>/identify/{system}/s{seed}/{testset}.log",
    benchmark:
        "<benchmarks>/identify/{system}/s{seed}/{testset}.tsv"
    conda:
        "../envs/evaluate.yaml"
    container:
        image_of("evaluate")
    envmodules:
        *modules_of("evaluate"),
    params:
        experiment=EXPERIMENT.experiment,
        directions=lambda w: with_empty_references(directions_scored(w)),
        hypotheses=lambda w, input: f"{parent(input.hypotheses[0])}/{{direction}}.txt",
        references=lambda w: REFERENCES["raw"].replace("{testset}", w.testset),
        code=closure_hash("evaluate.identify"),
        environment=environment_identity("evaluate"),
    shell:
        "run-in evaluate workflow_scripts.evaluate.identify --identifier {input.identifier:q} "
        "--hypotheses {params.hypotheses:q} --references {params.references:q} --directions {params.directions} "
        "--experiment {params.experiment:q} --system {wildcards.system} --seed {wildcards.seed} "
        "--testset {wildcards.testset} --out {output.languages:q} > {log} 2>&1"


if COMET_FETCHED:

    rule fetch_comet:
        output:
            fetched="<results>/data/comet/{comet}.json",
        log:
            "<logs>/fetch_comet/{comet}.log",
        benchmark:
            "<benchmarks>/fetch_comet/{comet}.tsv"
        conda:
            "../envs/comet.yaml"
        container:
            image_of("comet")
        envmodules:
            *modules_of("comet"),
        params:
            model=lambda w: COMET[w.comet].model,
            revision=lambda w: f"--revision {shlex.quote(r)}" if (r := COMET[w.comet].revision) else "",
            code=closure_hash("evaluate.fetch_comet"),
            environment=environment_identity("comet"),
        shell:
            "run-in comet workflow_scripts.evaluate.fetch_comet --model {params.model:q} {params.revision} "
            "--out {output.fetched:q} > {log} 2>&1"


if COMET:

    rule comet:
        input:
            hypotheses=lambda w: hypotheses_of(w.system, w.seed, w.testset),
            references=lambda w: references_of(w.testset, w.profile),
            sources=lambda w: sources_of(w.testset),
            model=lambda w: comet_model(w.comet),
        output:
            scores="<results>/comet/{system}/s{seed}/{testset}.{profile}.{comet}.json",
            segments="<results>/comet/{system}/s{seed}/{testset}.{profile}.{comet}.segments.npz",
        log:
            "<logs>/comet/{system}/s{seed}/{testset}.{profile}.{comet}.log",
        benchmark:
            "<benchmarks>/comet/{system}/s{seed}/{testset}.{profile}.{comet}.tsv"
        wildcard_constraints:
            profile=alternatives(REFERENCES),
        conda:
            "../envs/comet.yaml"
        container:
            image_of("comet")
        envmodules:
            *modules_of("comet"),
        threads: lambda w: COMET[w.comet].threads
        resources:
            gpu=GPU,
        params:
            experiment=EXPERIMENT.experiment,
            directions=directions_scored,
            hypotheses=lambda w, input: f"{parent(input.hypotheses[0])}/{{direction}}.txt",
            references=lambda w: REFERENCES[w.profile].replace("{testset}", w.testset),
            sources=lambda w: SOURCES.replace("{testset}", w.testset),
            model=lambda w: comet_options(COMET[w.comet]),
            # Beside all experiments: what one of them has scored, none scores again.
            cache=f"{Path(RESULTS).parent}/.cache",
            code=closure_hash("evaluate.comet"),
            environment=environment_identity("comet"),
        shell:
            "run-in comet workflow_scripts.evaluate.comet --hypotheses {params.hypotheses:q} "
            "--references {params.references:q} --sources {params.sources:q} --directions {params.directions} "
            "{params.model} --cache {params.cache:q} --name {wildcards.comet} "
            "--experiment {params.experiment:q} --system {wildcards.system} --seed {wildcards.seed} "
            "--testset {wildcards.testset} --profile {wildcards.profile} --out {output.scores:q} > {log} 2>&1"

    # A job for each model: one that cannot be had, or is put in or taken out, leaves all other tests as they are.
    use rule compare as compare_comet with:
        output:
            significance="<results>/significance/{system}/s{seed}/{testset}.{profile}.{comet}.json",
        log:
            "<logs>/compare/{system}/s{seed}/{testset}.{profile}.{comet}.log",
        benchmark:
            "<benchmarks>/compare/{system}/s{seed}/{testset}.{profile}.{comet}.tsv"
