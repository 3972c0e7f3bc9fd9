# Tables and figures.


rule tabulate:
    input:
        scores=made("score", "scores"),
        comet=made("score_comet", "scores"),
        significance=[*made("compare", "significance"), *made("compare_comet", "significance")],
        off_target=made("identify", "languages"),
        likelihood=[*made("score_likelihood", "json"), *made("score_contrastive", "json")],
        ceilings=made("score_ceiling", "json"),
        strongest=made("strongest_units", "json"),
        systems=[
            f for s in READ for seed in EXPERIMENT.train.seeds for f in system_files(s, seed, "system.json")
        ],
        published=EXPERIMENT.report.published.file if EXPERIMENT.report.published else [],
    output:
        **files("tabulate", markdown=tables_in_report),
    log:
        log_of("tabulate"),
    benchmark:
        benchmark_of("tabulate")
    conda:
        conda_of("tabulate")
    container:
        image_of("tabulate")
    envmodules:
        *modules_of("tabulate"),
    params:
        **identity(
            "tabulate",
            experiment=EXPERIMENT.experiment,
            systems=EXPERIMENT.all_systems,
            seeds=EXPERIMENT.train.seeds,
            testsets=EXPERIMENT.testsets,
            directions=EXPERIMENT.scored_directions,
            metrics=EXPERIMENT.all_metrics,
            profiles=EXPERIMENT.evaluation.references,
            **tables(),
        ),
        root=lambda w, input: parent(input.scores[0], 3),
        strongest=lambda w, input: f"--strongest {input.strongest}" if input.strongest else "",
        out=lambda w, output: parent(output.csv[0]),
    shell:
        command(
            "tabulate",
            "--scores-root {params.root:q} {params.strongest} --cautions {output.cautions:q} --out-dir {params.out:q}",
        )


rule tabulate_units:
    input:
        masks=unit_mask_files(),
    output:
        **files("tabulate_units", markdown=tables_in_report),
    log:
        log_of("tabulate_units"),
    benchmark:
        benchmark_of("tabulate_units")
    conda:
        conda_of("tabulate_units")
    container:
        image_of("tabulate_units")
    envmodules:
        *modules_of("tabulate_units"),
    params:
        **identity(
            "tabulate_units",
            masks=[f"{name}={RESULTS}/{pattern}" for name, pattern in UNIT_MASKS.items()],
            seeds=EXPERIMENT.train.seeds,
            pivot=EXPERIMENT.pivot,
        ),
        out=lambda w, output: parent(output.csv),
    shell:
        command("tabulate_units", "--out-dir {params.out:q}")


rule plot_training:
    input:
        # The validation losses are in undeclared training folders: the systems they belong to are the inputs.
        systems=[
            f
            for s in TRAINED
            for seed in EXPERIMENT.train.seeds
            for f in system_files(s, seed, "system.json")
        ],
    output:
        **files("plot_training", png=figure("training")),
    log:
        log_of("plot_training"),
    benchmark:
        benchmark_of("plot_training")
    conda:
        conda_of("plot_training")
    container:
        image_of("plot_training")
    envmodules:
        *modules_of("plot_training"),
    params:
        **identity(
            "plot_training",
            validation=[
                f"{system}.s{seed}={RESULTS}/training/{system}/s{seed}/validation.csv"
                for system in TRAINED
                for seed in EXPERIMENT.train.seeds
            ],
        ),
    shell:
        command("plot_training", "--out {output.png:q}")


rule plot_sweep:
    input:
        summary="<results>/tables/summary.csv",
    output:
        **files("plot_sweep", png=figure("{sweep} over k")),
    log:
        log_of("plot_sweep"),
    benchmark:
        benchmark_of("plot_sweep")
    conda:
        conda_of("plot_sweep")
    container:
        image_of("plot_sweep")
    envmodules:
        *modules_of("plot_sweep"),
    params:
        **identity("plot_sweep", metric=EXPERIMENT.report.sweep_metric or EXPERIMENT.evaluation.metrics[0]),
    shell:
        command("plot_sweep", "--summary {input.summary:q} --out {output.png:q}", "sweep")


rule plot_off_target:
    input:
        languages=lambda w: made("identify", "languages", testset=w.testset),
    output:
        **files("plot_off_target", png=figure("wrong languages on {testset}")),
    log:
        log_of("plot_off_target"),
    benchmark:
        benchmark_of("plot_off_target")
    conda:
        conda_of("plot_off_target")
    container:
        image_of("plot_off_target")
    envmodules:
        *modules_of("plot_off_target"),
    params:
        **identity(
            "plot_off_target",
            lambda w: systems_and_directions(w.testset),
            seeds=EXPERIMENT.train.seeds,
        ),
        root=lambda w, input: parent(input.languages[0], 3),
    shell:
        command("plot_off_target", "--root {params.root:q} --out {output.png:q}", "testset")
