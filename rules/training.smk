# The multilingual baseline, and every system made from it, with training or without; those that `uses` names are taken.
# The trainer's own folder is undeclared: Snakemake would delete it before a job and lose the checkpoints. `execution`
# and `code` take an argument so that Snakemake counts them as derived: a change reruns nothing. Weeks of training are not
# thrown away for an edit; the folder records its code, and a change is reported (operate/training_code.py).
# The commands here are never to change: to Snakemake they are code, and every finished training would be exported, and
# what it translates decoded, anew. What is added rides with `code` (code_and_start; tests/workflow/test_training_commands.py).
# A training that its time limit ends goes back into SLURM's queue by itself (docs/how-to/time-limits.md).
# No retries on one machine: a job that runs out of memory starts itself anew with smaller batches (train/start_again.py);
# what else fails would fail again. On a cluster nodes fail too, and of several processes none can start the others anew.


if BASELINE not in USED:

    rule train_baseline:
        input:
            train=binarised("train", EXPERIMENT.train_directions),
            valid=binarised("valid", EXPERIMENT.train_directions),
            model="<results>/data/subwords/spm.model",
            dictionary="<results>/data/subwords/dict.txt",
        output:
            system="<results>/systems/baseline/s{seed}/system.json",
            weights="<results>/systems/baseline/s{seed}/model.safetensors",
            model="<results>/systems/baseline/s{seed}/spm.model",
            dictionary="<results>/systems/baseline/s{seed}/dict.txt",
        log:
            "<logs>/train_baseline/s{seed}.log",
        benchmark:
            "<benchmarks>/train_baseline/s{seed}.tsv"
        conda:
            "../envs/fairseq.yaml"
        container:
            image_of("fairseq")
        envmodules:
            *modules_of("fairseq"),
        threads: EXPERIMENT.train.threads
        resources:
            gpu=GPU,
        params:
            architecture=as_json(EXPERIMENT.model.architecture()),
            settings=training_settings(EXPERIMENT.train.settings()),
            execution=lambda w, threads: as_json(EXPERIMENT.train.execution()),
            data_bin=lambda w, input: data_bin(input.train),
            directions=EXPERIMENT.train_directions,
            languages=EXPERIMENT.languages,
            processing=as_json(EXPERIMENT.text.model_dump()),
            folder=lambda w: f"{RESULTS}/training/baseline/s{w.seed}",
            out=subpath(output.system, parent=True),
            code=lambda w, threads, resources: code_and_start("train_baseline", threads, resources),
        shell:
            "run-in fairseq workflow_scripts.train.train_baseline --architecture {params.architecture:q} "
            "--settings {params.settings:q} --execution {params.execution:q} --code {params.code} --data-bin {params.data_bin:q} --directions {params.directions} "
            "--languages {params.languages} --text {params.processing:q} --subwords {input.model:q} "
            "--dictionary {input.dictionary:q} --seed {wildcards.seed} --folder {params.folder:q} --out {params.out:q} "
            ">> {log} 2>&1"


for name in USED:

    rule:
        name:
            use_system_rule(name)
        input:
            system=[
                f"results/{EXPERIMENT.uses.experiment}/systems/{name}/s{{seed}}/{f}"
                for f in parts_of(EXPERIMENT, name)
            ],
            vocabulary=["<results>/data/subwords/spm.model", "<results>/data/subwords/dict.txt"],
            baseline="<results>/systems/baseline/s{seed}/system.json" if name != BASELINE else [],
        output:
            system=[f"<results>/systems/{name}/s{{seed}}/{f}" for f in parts_of(EXPERIMENT, name)],
        log:
            f"<logs>/use_system/{name}.s{{seed}}.log",
        benchmark:
            f"<benchmarks>/use_system/{name}.s{{seed}}.tsv"
        conda:
            "../envs/text.yaml"
        container:
            image_of("text")
        envmodules:
            *modules_of("text"),
        params:
            system=name,
            languages=EXPERIMENT.languages,
            processing=as_json(EXPERIMENT.text.model_dump()),
            architecture=as_json(EXPERIMENT.model.architecture()),
            source=lambda w, input: parent(input.system[0]),
            vocabulary=lambda w, input: parent(input.vocabulary[0]),
            masks=f"--masks {EXPERIMENT.masked[name]}" if name != BASELINE else "",
            baseline=lambda w, input: f"--baseline {parent(input.baseline)}" if input.baseline else "",
            out=lambda w, output: parent(output.system[0]),
            code=closure_hash("train.use_system"),
            environment=environment_identity("text"),
        shell:
            "run-in text workflow_scripts.train.use_system --from {params.source:q} --system {params.system} "
            "--seed {wildcards.seed} --languages {params.languages} --text {params.processing:q} "
            "--architecture {params.architecture:q} --vocabulary {params.vocabulary:q} {params.masks} {params.baseline} "
            "--out {params.out:q} > {log} 2>&1"


if USED:

    rule use_vocabulary:
        input:
            system=[
                f"results/{EXPERIMENT.uses.experiment}/systems/baseline/s{EXPERIMENT.train.seeds[0]}/{f}"
                for f in parts_of(EXPERIMENT, BASELINE)
            ],
        output:
            model="<results>/data/subwords/spm.model",
            dictionary="<results>/data/subwords/dict.txt",
        log:
            "<logs>/use_vocabulary/spm.log",
        benchmark:
            "<benchmarks>/use_vocabulary/spm.tsv"
        conda:
            "../envs/text.yaml"
        container:
            image_of("text")
        envmodules:
            *modules_of("text"),
        params:
            source=lambda w, input: parent(input.system[0]),
            code=closure_hash("train.use_vocabulary"),
            environment=environment_identity("text"),
        shell:
            "run-in text workflow_scripts.train.use_vocabulary --from {params.source:q} "
            "--out-model {output.model:q} --out-dict {output.dictionary:q} > {log} 2>&1"


rule finetune:
    input:
        parent=parent_files,
        masks=masks_of,
        train=binarised("train", EXPERIMENT.train_directions),
        valid=binarised("valid", EXPERIMENT.train_directions),
    output:
        system="<results>/systems/{finetuned}/s{seed}/system.json",
        weights="<results>/systems/{finetuned}/s{seed}/model.safetensors",
        masks="<results>/systems/{finetuned}/s{seed}/masks.npz",
        model="<results>/systems/{finetuned}/s{seed}/spm.model",
        dictionary="<results>/systems/{finetuned}/s{seed}/dict.txt",
    log:
        "<logs>/finetune/{finetuned}.s{seed}.log",
    benchmark:
        "<benchmarks>/finetune/{finetuned}.s{seed}.tsv"
    conda:
        "../envs/fairseq.yaml"
    container:
        image_of("fairseq")
    envmodules:
        *modules_of("fairseq"),
    threads: EXPERIMENT.finetune.threads
    resources:
        gpu=GPU,
    params:
        settings=training_settings(EXPERIMENT.finetune.settings()),
        execution=lambda w, threads: as_json(EXPERIMENT.finetune.execution()),
        parent=lambda w, input: parent(input.parent[0]),
        data_bin=lambda w, input: data_bin(input.train),
        directions=EXPERIMENT.train_directions,
        languages=EXPERIMENT.languages,
        folder=lambda w: f"{RESULTS}/training/{w.finetuned}/s{w.seed}",
        out=subpath(output.system, parent=True),
        code=lambda w, threads, resources: code_and_start("finetune", threads, resources),
    shell:
        "run-in fairseq workflow_scripts.train.finetune --system {wildcards.finetuned} --parent {params.parent:q} "
        "--masks {input.masks:q} --settings {params.settings:q} --execution {params.execution:q} --code {params.code} --data-bin {params.data_bin:q} "
        "--directions {params.directions} --languages {params.languages} --seed {wildcards.seed} "
        "--folder {params.folder:q} --out {params.out:q} >> {log} 2>&1"


rule use_masks:
    input:
        parent=parent_files,
        masks=masks_of,
    output:
        system="<results>/systems/{untrained}/s{seed}/system.json",
        weights="<results>/systems/{untrained}/s{seed}/model.safetensors",
        masks="<results>/systems/{untrained}/s{seed}/masks.npz",
        model="<results>/systems/{untrained}/s{seed}/spm.model",
        dictionary="<results>/systems/{untrained}/s{seed}/dict.txt",
    log:
        "<logs>/use_masks/{untrained}.s{seed}.log",
    benchmark:
        "<benchmarks>/use_masks/{untrained}.s{seed}.tsv"
    conda:
        "../envs/text.yaml"
    container:
        image_of("text")
    envmodules:
        *modules_of("text"),
    params:
        parent=lambda w, input: parent(input.parent[0]),
        out=subpath(output.system, parent=True),
        code=closure_hash("train.use_masks"),
        environment=environment_identity("text"),
    shell:
        "run-in text workflow_scripts.train.use_masks --system {wildcards.untrained} --parent {params.parent:q} "
        "--masks {input.masks:q} --out {params.out:q} > {log} 2>&1"
