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
        **figures("plot_training", {"figure": "training", "of": "all systems"}),
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
            first=BASELINE,
            after=[system for system in TRAINED if system != BASELINE],
        ),
    shell:
        command("plot_training", "--out {output.png:q}")


rule plot_tables:
    input:
        tables=made("tabulate", "csv"),
        units=made("tabulate_units", "json"),
    output:
        **figures("plot_tables", label_of_figure),
    log:
        log_of("plot_tables"),
    benchmark:
        benchmark_of("plot_tables")
    conda:
        conda_of("plot_tables")
    container:
        image_of("plot_tables")
    envmodules:
        *modules_of("plot_tables"),
    params:
        **identity(
            "plot_tables",
            metric=EXPERIMENT.report.sweep_metric or EXPERIMENT.evaluation.metrics[0],
            also=TABLES_DRAWN,
            sweeps=EXPERIMENT.sweeps,
            testsets=testsets_with_gains(EXPERIMENT),
            masks=EXPERIMENT.masked | {key: EXPERIMENT.masked[names[0]] for key, names in DRAWS.items()},
            draws=DRAWS or None,
            control=EXPERIMENT.control,
            groups=FAMILIES or None,
            pivot=EXPERIMENT.pivot,
            seeds=EXPERIMENT.train.seeds,
            benchmarks=f"{RESULTS}/benchmarks",
        ),
        tables=lambda w, input: parent(input.tables[0]),
        out=lambda w, output: parent(output.png[0]),
    shell:
        command("plot_tables", "--tables {params.tables:q} --out-dir {params.out:q}")


rule plot_masks:
    input:
        units="<results>/tables/units.json",
    output:
        **figures("plot_masks", label_of_figure, category="Masks"),
    log:
        log_of("plot_masks"),
    benchmark:
        benchmark_of("plot_masks")
    conda:
        conda_of("plot_masks")
    container:
        image_of("plot_masks")
    envmodules:
        *modules_of("plot_masks"),
    params:
        **identity(
            "plot_masks",
            masks=compared_masks(EXPERIMENT),
            maps=mapped_masks(EXPERIMENT),
            groups=FAMILIES or None,
            pivot=EXPERIMENT.pivot,
        ),
        out=lambda w, output: parent(output.png[0]),
    shell:
        command("plot_masks", "--units {input.units:q} --out-dir {params.out:q}")


rule plot_off_target:
    input:
        languages=lambda w: made("identify", "languages", testset=w.testset),
    output:
        **figures("plot_off_target", {"figure": "wrong languages", "of": "{testset}"}),
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
