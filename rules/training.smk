# The multilingual baseline, and every system made from it, with training or without; those that `uses` names are taken.
# The trainer's own folder is undeclared: Snakemake would delete it before a job and lose the checkpoints. `execution`
# and `code` take an argument so that Snakemake counts them as derived: a change reruns nothing. Weeks of training are not
# thrown away for an edit; the folder records its code, and a change is reported (workflow/plan/training_code.py).
# A changed command exports every finished training, and decodes what it translates, until `make accept` adopts them: settings
# go into `identity`, how a training is started into `start`.
# A training that its time limit ends goes back into SLURM's queue by itself (docs/how-to/time-limits.md).
# No retries on one machine: a job that runs out of memory starts itself again with smaller batches (train/start_again.py);
# what else fails would fail again. On a cluster nodes fail too, and of several processes none can start the others again.


if BASELINE not in TAKEN:

    rule train_baseline:
        input:
            train=text_of_model("train", EXPERIMENT.train_directions),
            valid=text_of_model("valid", EXPERIMENT.train_directions),
            model="<results>/data/subwords/spm.model",
            dictionary="<results>/data/subwords/dict.txt",
        output:
            **files("train_baseline"),
        log:
            log_of("train_baseline"),
        benchmark:
            benchmark_of("train_baseline")
        conda:
            conda_of("train_baseline")
        container:
            image_of("train_baseline")
        envmodules:
            *modules_of("train_baseline"),
        threads: EXPERIMENT.train.threads
        resources:
            gpu=gpu_of("train_baseline"),
        params:
            **identity(
                "train_baseline",
                lambda w: {"folder": training_folder("train_baseline", w)},
                architecture=EXPERIMENT.model.architecture(),
                settings=training_settings(EXPERIMENT.train, EXPERIMENT.train_directions),
                directions=EXPERIMENT.train_directions,
                languages=EXPERIMENT.languages,
                text=EXPERIMENT.text.model_dump(),
                port=EXPERIMENT.port if EXPERIMENT.port != DEFAULT_PORT else None,
            ),
            execution=lambda w, threads: how_run(EXPERIMENT.train, threads),
            data_bin=lambda w, input: training_data(input.train),
            out=subpath(output.system, parent=True),
            code=lambda w, threads: training_code("train_baseline", EXPERIMENT.port),
            start=lambda w, threads, resources: how_started(threads, resources),
        shell:
            command(
                "train_baseline",
                "--execution {params.execution:q} --code {params.code} {params.start} --data-bin {params.data_bin:q} "
                "--subwords {input.model:q} --dictionary {input.dictionary:q} --out {params.out:q}",
                "seed",
                append=True,
            )


for name in USED:

    rule:
        name:
            own_rule("use_system", name)
        input:
            system=[
                f"results/{EXPERIMENT.uses.experiment}/systems/{name}/s{{seed}}/{f}"
                for f in parts_of(EXPERIMENT, name)
            ],
            vocabulary=["<results>/data/subwords/spm.model", "<results>/data/subwords/dict.txt"],
            baseline="<results>/systems/baseline/s{seed}/system.json" if name != BASELINE else [],
            masks=masks_made_here(name),
        output:
            **files("use_system", like={"taken": name}),
        log:
            log_of("use_system", taken=name),
        benchmark:
            benchmark_of("use_system", taken=name)
        conda:
            conda_of("use_system")
        container:
            image_of("use_system")
        envmodules:
            *modules_of("use_system"),
        params:
            **identity(
                "use_system",
                system=name,
                languages=EXPERIMENT.languages,
                text=EXPERIMENT.text.model_dump(),
                architecture=EXPERIMENT.model.architecture(),
                **way_to_make(name),
            ),
            source=lambda w, input: parent(input.system[0]),
            vocabulary=lambda w, input: parent(input.vocabulary[0]),
            baseline=lambda w, input: " ".join(made_from(input)),
            out=lambda w, output: parent(output.system[0]),
        shell:
            command(
                "use_system",
                "--from {params.source:q} --vocabulary {params.vocabulary:q} {params.baseline} --out {params.out:q}",
                "seed",
            )


if EXPERIMENT.is_binarised and TAKEN:

    rule use_vocabulary:
        input:
            system=[
                f"results/{EXPERIMENT.vocabulary_of}/systems/baseline/s{EXPERIMENT.train.seeds[0]}/{f}"
                for f in parts_of(EXPERIMENT, BASELINE)
            ],
        output:
            **files("use_vocabulary"),
        log:
            log_of("use_vocabulary"),
        benchmark:
            benchmark_of("use_vocabulary")
        conda:
            conda_of("use_vocabulary")
        container:
            image_of("use_vocabulary")
        envmodules:
            *modules_of("use_vocabulary"),
        params:
            **identity("use_vocabulary"),
            source=lambda w, input: parent(input.system[0]),
        shell:
            command(
                "use_vocabulary",
                "--from {params.source:q} --out-model {output.model:q} --out-dict {output.dictionary:q}",
            )


ADAPTED = adapted(EXPERIMENT)


rule finetune:
    input:
        parent=parent_files,
        masks=masks_of,
        train=lambda w: text_of_model("train", EXPERIMENT.trained_by(w.finetuned)),
        valid=lambda w: text_of_model("valid", EXPERIMENT.trained_by(w.finetuned)),
    output:
        **files("finetune"),
    log:
        log_of("finetune"),
    benchmark:
        benchmark_of("finetune")
    wildcard_constraints:
        finetuned=alternatives(name for name in EXPERIMENT.trainings if name not in ADAPTED),
    conda:
        conda_of("finetune")
    container:
        image_of("finetune")
    envmodules:
        *modules_of("finetune"),
    threads: lambda w: EXPERIMENT.training_of(w.finetuned).threads
    resources:
        gpu=gpu_of("finetune"),
    params:
        **identity("finetune", way_to_train, languages=EXPERIMENT.languages),
        execution=lambda w, threads: how_run(EXPERIMENT.training_of(w.finetuned), threads),
        parent=lambda w, input: parent(input.parent[0]),
        data_bin=lambda w, input: training_data(input.train),
        out=subpath(output.system, parent=True),
        code=lambda w, threads: training_code("finetune", EXPERIMENT.port),
        start=lambda w, threads, resources: how_started(threads, resources),
    shell:
        command(
            "finetune",
            "--system {wildcards.finetuned} --parent {params.parent:q} --masks {input.masks:q} "
            "--execution {params.execution:q} --code {params.code} {params.start} --data-bin {params.data_bin:q} "
            "--out {params.out:q}",
            "seed",
            append=True,
        )


if ADAPTED:

    use rule finetune as finetune_adapters with:
        output:
            **files("finetune_adapters"),
        wildcard_constraints:
            finetuned=alternatives(ADAPTED),


for name in EXPERIMENT.joined:
    if name not in USED:

        rule:
            name:
                own_rule("join_systems", name)
            input:
                parent=lambda w: parent_files(w),
                parts=[
                    f"<results>/systems/{part_name(name, direction)}/s{{seed}}/{f}"
                    for direction in EXPERIMENT.trained_by(name)
                    for f in ("system.json", "model.safetensors")
                ],
            output:
                **files("join_systems", like={"joined": name}),
            log:
                log_of("join_systems", joined=name),
            benchmark:
                benchmark_of("join_systems", joined=name)
            conda:
                conda_of("join_systems")
            container:
                image_of("join_systems")
            envmodules:
                *modules_of("join_systems"),
            params:
                **identity("join_systems", system=name),
                parent=lambda w, input: parent(input.parent[0]),
                parts=lambda w, input: list(dict.fromkeys(parent(file) for file in input.parts)),
                out=lambda w, output: parent(output.system[0]),
            shell:
                command(
                    "join_systems",
                    "--parent {params.parent:q} --parts {params.parts:q} --out {params.out:q}",
                )


rule use_masks:
    input:
        parent=parent_files,
        masks=masks_of,
    output:
        **files("use_masks"),
    log:
        log_of("use_masks"),
    benchmark:
        benchmark_of("use_masks")
    conda:
        conda_of("use_masks")
    container:
        image_of("use_masks")
    envmodules:
        *modules_of("use_masks"),
    params:
        **identity("use_masks"),
        parent=lambda w, input: parent(input.parent[0]),
        out=subpath(output.system, parent=True),
    shell:
        command(
            "use_masks",
            "--system {wildcards.untrained} --parent {params.parent:q} --masks {input.masks:q} --out {params.out:q}",
        )
