# Tables and figures.


rule tabulate:
    input:
        scores=score_files(),
        comet=comet_files(),
        significance=significance_files(),
        off_target=off_target_files(),
        likelihood=likelihood_files(),
        ceilings=ceiling_files(),
        published=EXPERIMENT.report.published.file if EXPERIMENT.report.published else [],
    output:
        markdown=[
            report(file, category="Tables", labels={"table": Path(file).stem}) for file in table_files("md")
        ],
        csv=table_files("csv"),
        tex=table_files("tex"),
        parquet=table_files("parquet"),
        cautions="<results>/tables/cautions.txt",
    log:
        "<logs>/tabulate/tables.log",
    benchmark:
        "<benchmarks>/tabulate/tables.tsv"
    conda:
        "../envs/evaluate.yaml"
    container:
        image_of("evaluate")
    envmodules:
        *modules_of("evaluate"),
    params:
        root=lambda w, input: parent(input.scores[0], 3),
        experiment=EXPERIMENT.experiment,
        systems=EXPERIMENT.all_systems,
        seeds=EXPERIMENT.train.seeds,
        testsets=EXPERIMENT.testsets,
        directions=EXPERIMENT.scored_directions,
        metrics=EXPERIMENT.all_metrics,
        profiles=EXPERIMENT.evaluation.references,
        options=tables_options(),
        out=lambda w, output: parent(output.csv[0]),
        code=closure_hash("report.tabulate"),
        environment=environment_identity("evaluate"),
    shell:
        "run-in evaluate workflow_scripts.report.tabulate --scores-root {params.root:q} "
        "--experiment {params.experiment:q} --systems {params.systems} --seeds {params.seeds} "
        "--testsets {params.testsets} --directions {params.directions} --metrics {params.metrics} "
        "--profiles {params.profiles} {params.options} --cautions {output.cautions:q} --out-dir {params.out:q} > {log} 2>&1"


rule tabulate_units:
    input:
        masks=unit_mask_files(),
    output:
        markdown=report("<results>/tables/units.md", category="Tables", labels={"table": "units"}),
        csv="<results>/tables/units.csv",
        json="<results>/tables/units.json",
    log:
        "<logs>/tabulate_units/units.log",
    benchmark:
        "<benchmarks>/tabulate_units/units.tsv"
    conda:
        "../envs/text.yaml"
    container:
        image_of("text")
    envmodules:
        *modules_of("text"),
    params:
        masks=lambda w: [f"{name}={RESULTS}/{pattern}" for name, pattern in UNIT_MASKS.items()],
        seeds=EXPERIMENT.train.seeds,
        pivot=f"--pivot {EXPERIMENT.pivot}" if EXPERIMENT.pivot else "",
        out=lambda w, output: parent(output.csv),
        code=closure_hash("report.tabulate_units"),
        environment=environment_identity("text"),
    shell:
        "run-in text workflow_scripts.report.tabulate_units --masks {params.masks:q} --seeds {params.seeds} "
        "{params.pivot} --out-dir {params.out:q} > {log} 2>&1"


rule plot_training:
    input:
        # The validation losses lie in undeclared training folders: the systems they belong to are the inputs.
        systems=[
            f
            for s in TRAINED
            for seed in EXPERIMENT.train.seeds
            for f in system_files(s, seed, "system.json")
        ],
    output:
        png=report("<results>/figures/training.png", category="Figures", labels={"figure": "training"}),
    log:
        "<logs>/plot_training/training.log",
    benchmark:
        "<benchmarks>/plot_training/training.tsv"
    conda:
        "../envs/evaluate.yaml"
    container:
        image_of("evaluate")
    envmodules:
        *modules_of("evaluate"),
    params:
        validation=[
            f"{system}.s{seed}={RESULTS}/training/{system}/s{seed}/validation.csv"
            for system in TRAINED
            for seed in EXPERIMENT.train.seeds
        ],
        code=closure_hash("report.plot_training"),
        environment=environment_identity("evaluate"),
    shell:
        "run-in evaluate workflow_scripts.report.plot_training --validation {params.validation:q} --out {output.png:q} "
        "> {log} 2>&1"


rule plot_sweep:
    input:
        summary="<results>/tables/summary.csv",
    output:
        png=report(
            "<results>/figures/sweep_{sweep}.png", category="Figures", labels={"figure": "{sweep} over k"}
        ),
    log:
        "<logs>/plot_sweep/{sweep}.log",
    benchmark:
        "<benchmarks>/plot_sweep/{sweep}.tsv"
    conda:
        "../envs/evaluate.yaml"
    container:
        image_of("evaluate")
    envmodules:
        *modules_of("evaluate"),
    params:
        metric=EXPERIMENT.report.sweep_metric or EXPERIMENT.evaluation.metrics[0],
        code=closure_hash("report.plot_sweep"),
        environment=environment_identity("evaluate"),
    shell:
        "run-in evaluate workflow_scripts.report.plot_sweep --summary {input.summary:q} --metric {params.metric} "
        "--sweep {wildcards.sweep} --out {output.png:q} > {log} 2>&1"


rule plot_off_target:
    input:
        languages=lambda w: off_target_files([w.testset]),
    output:
        png=report(
            "<results>/figures/off_target_{testset}.png",
            category="Figures",
            labels={"figure": "wrong languages on {testset}"},
        ),
    log:
        "<logs>/plot_off_target/{testset}.log",
    benchmark:
        "<benchmarks>/plot_off_target/{testset}.tsv"
    conda:
        "../envs/evaluate.yaml"
    container:
        image_of("evaluate")
    envmodules:
        *modules_of("evaluate"),
    params:
        root=lambda w, input: parent(input.languages[0], 3),
        systems=EXPERIMENT.all_systems,
        seeds=EXPERIMENT.train.seeds,
        directions=directions_scored,
        code=closure_hash("report.plot_off_target"),
        environment=environment_identity("evaluate"),
    shell:
        "run-in evaluate workflow_scripts.report.plot_off_target --root {params.root:q} --systems {params.systems} "
        "--seeds {params.seeds} --testset {wildcards.testset} --directions {params.directions} --out {output.png:q} > {log} 2>&1"
