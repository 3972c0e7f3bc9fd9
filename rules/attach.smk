# What other programs made, taken: checkpoints become systems, binarised text is linked, units become masks.

for name, checkpoint in EXPERIMENT.attached.items():

    rule:
        name:
            own_rule("import_checkpoint", name)
        input:
            checkpoint=checkpoint,
            model=EXPERIMENT.checkpoints.subwords,
            dictionary=EXPERIMENT.checkpoints.dictionary,
            parent=parent_files if name != BASELINE else [],
            masks=(
                f"<results>/masks/baseline/s{{seed}}/{EXPERIMENT.masked[name]}.npz"
                if name != BASELINE
                else []
            ),
        output:
            **files("import_checkpoint", like={"attached": name}),
        log:
            log_of("import_checkpoint", attached=name),
        benchmark:
            benchmark_of("import_checkpoint", attached=name)
        # Everything else waits for it, and it may find that the files do not fit.
        priority: 1
        conda:
            conda_of("import_checkpoint")
        container:
            image_of("import_checkpoint")
        envmodules:
            *modules_of("import_checkpoint"),
        params:
            **identity(
                "import_checkpoint",
                system=name,
                languages=EXPERIMENT.languages,
                directions=EXPERIMENT.train_directions,
                text=EXPERIMENT.text.model_dump(),
                architecture=EXPERIMENT.known_architecture,
            ),
            parent=lambda w, input: (
                f"--parent {parent(input.parent[0])} --masks {input.masks}" if input.masks else ""
            ),
            out=lambda w, output: parent(output.system[0]),
        shell:
            command(
                "import_checkpoint",
                "--checkpoint {input.checkpoint:q} --subwords {input.model:q} --dictionary {input.dictionary:q} "
                "{params.parent} --out {params.out:q}",
                "seed",
            )


if EXPERIMENT.attached_model:

    if EXPERIMENT.attached_model.is_fetched:

        rule fetch_model:
            output:
                **files("fetch_model"),
            log:
                log_of("fetch_model"),
            benchmark:
                benchmark_of("fetch_model")
            conda:
                conda_of("fetch_model")
            container:
                image_of("fetch_model")
            envmodules:
                *modules_of("fetch_model"),
            params:
                **identity(
                    "fetch_model", **EXPERIMENT.attached_model.model_dump(include={"model", "revision"})
                ),
            shell:
                command("fetch_model", "--out {output.fetched:q}")

    rule attach_model:
        input:
            model=model_to_attach(),
            tables=tables_of_tasks(),
        output:
            **files("attach_model"),
        log:
            log_of("attach_model"),
        benchmark:
            benchmark_of("attach_model")
        # Everything else waits for it, and it may find that the model does not fit.
        priority: 1
        conda:
            conda_of("attach_model")
        container:
            image_of("attach_model")
        envmodules:
            *modules_of("attach_model"),
        params:
            **identity(
                "attach_model",
                system=BASELINE,
                **EXPERIMENT.attached_as,
            ),
            tables=lambda w, input: (
                f"--tables {' '.join(map(shlex.quote, input.tables))}" if input.tables else ""
            ),
            model=lambda w, input: (
                f"--fetched {input.model}"
                if EXPERIMENT.attached_model.is_fetched
                else (f"--model {shlex.quote(EXPERIMENT.attached_model.model)}")
            ),
            out=lambda w, output: parent(output.system),
        shell:
            command("attach_model", "{params.model} {params.tables} --out {params.out:q}", "seed")


if made("use_data_bin", "files"):

    rule use_data_bin:
        input:
            dictionary="<results>/data/subwords/dict.txt",
        output:
            **files("use_data_bin"),
        log:
            log_of("use_data_bin"),
        benchmark:
            benchmark_of("use_data_bin")
        conda:
            conda_of("use_data_bin")
        container:
            image_of("use_data_bin")
        envmodules:
            *modules_of("use_data_bin"),
        params:
            **identity(
                "use_data_bin",
                data_bin=EXPERIMENT.checkpoints.data_bin,
                directions=EXPERIMENT.train_directions,
            ),
            out=lambda w, output: f"{RESULTS}/data/bin",
        shell:
            command("use_data_bin", "--dictionary {input.dictionary:q} --out {params.out:q}")


if EXPERIMENT.foreign_masks:

    # Masks of the same folder, but of other sets, are selected (rules/masks.smk).
    ruleorder: import_units > select_masks

    rule import_units:
        input:
            system="<results>/systems/{system}/s{seed}/system.json",
            files=lambda w: foreign_files(w.foreign),
        output:
            **files("import_units"),
        log:
            log_of("import_units"),
        benchmark:
            benchmark_of("import_units")
        wildcard_constraints:
            foreign=alternatives(EXPERIMENT.foreign_masks),
        conda:
            conda_of("import_units")
        container:
            image_of("import_units")
        envmodules:
            *modules_of("import_units"),
        params:
            **identity(
                "import_units",
                lambda w: {"directions": EXPERIMENT.train_directions} | mask_settings(w.foreign, w.seed, ""),
            ),
            system=subpath(input.system, parent=True),
            accept=lambda w, input: ACCEPT,
        shell:
            command("import_units", "--system {params.system:q} {params.accept} --out {output.masks:q}")
