# An encoder and its tasks: tables to examples to trained systems to the heads that matter to each task.
from workflow_scripts.common.task_tables import TEST, TRAIN, VALID
from workflow_scripts.config.tasks.sections import IMPORTANT_HEADS
from workflow_scripts.workflow.stage_list.tasks import examples_of

TASKS = EXPERIMENT.tasks

if workflow.exec_mode.name == "DEFAULT":
    if absent := [
        f"tasks.tables.{task}.{part}: there is no file {looked_for(file)}"
        for task, table in TASKS.tables.items()
        for part, file in table.files.items()
        if not Path(file).is_file()
    ]:
        refuse(absent)


def examples(*parts):
    """The examples of all tasks."""
    return [f"{RESULTS}/{file}" for file in examples_of(EXPERIMENT, *parts)]


def learning(wildcards):
    """How a system is trained, as options of the stage."""
    given = TASKS.training.model_dump()
    important = TASKS.important_heads if wildcards.learner == IMPORTANT_HEADS else None
    return {
        "tasks": list(TASKS.tables),
        "system": wildcards.learner,
        "check_every": given.pop("check_every"),
        "settings": given,
        "important_heads": important and important.model_dump(),
    }


for task, table in TASKS.tables.items():

    rule:
        name:
            own_rule("prepare_tasks", task)
        input:
            **table.files,
        output:
            **files("prepare_tasks", like={"task": task}),
        log:
            log_of("prepare_tasks"),
        benchmark:
            benchmark_of("prepare_tasks")
        wildcard_constraints:
            task=task,
        conda:
            conda_of("prepare_tasks")
        container:
            image_of("prepare_tasks")
        envmodules:
            *modules_of("prepare_tasks"),
        params:
            **identity(
                "prepare_tasks",
                **table.settings(TASKS.held_out),
                **{ORDER: order_of(list(table.files.values()))},
            ),
            tables=lambda w, input: " ".join(
                f"--{part} {shlex.quote(str(file))}" for part, file in input.items()
            ),
            root=lambda w, output: parent(output.known),
        shell:
            command(
                "prepare_tasks",
                "{params.tables} --out-root {params.root:q} --out-json {output.known:q}",
                "task",
            )


rule train_encoder:
    input:
        parent=parent_files,
        examples=examples(TRAIN, VALID, TEST),
    output:
        **files("train_encoder"),
    log:
        log_of("train_encoder"),
    benchmark:
        benchmark_of("train_encoder")
    wildcard_constraints:
        learner=alternatives(TASKS.systems),
    conda:
        conda_of("train_encoder")
    container:
        image_of("train_encoder")
    envmodules:
        *modules_of("train_encoder"),
    resources:
        gpu=gpu_of("train_encoder"),
    params:
        **identity("train_encoder", learning),
        parent=lambda w, input: parent(input.parent[0]),
        data=lambda w, input: parent(input.examples[0], 2),
        out=lambda w, output: parent(output.system),
    shell:
        command(
            "train_encoder",
            "--parent {params.parent:q} --data {params.data:q} --out {params.out:q}",
            "seed",
        )


if TASKS.heads:

    rule prune_tasks:
        input:
            system=files_of_system,
            examples=examples(TRAIN, EXPERIMENT.measured_on),
        output:
            **files("prune_tasks"),
        log:
            log_of("prune_tasks"),
        benchmark:
            benchmark_of("prune_tasks")
        conda:
            conda_of("prune_tasks")
        container:
            image_of("prune_tasks")
        envmodules:
            *modules_of("prune_tasks"),
        resources:
            gpu=gpu_of("prune_tasks"),
        params:
            **identity(
                "prune_tasks",
                tasks=list(TASKS.tables),
                subset=EXPERIMENT.measured_on,
                **TASKS.heads.model_dump(exclude={"systems"}),
            ),
            system=lambda w, input: parent(input.system[0]),
            data=lambda w, input: parent(input.examples[0], 2),
        shell:
            command(
                "prune_tasks",
                "--system {params.system:q} --data {params.data:q} --out-json {output.json:q} "
                "--out-csv {output.csv:q} --out-markdown {output.markdown:q}",
                "seed",
            )


rule tabulate_tasks:
    input:
        trained=made("train_encoder", "training"),
        pruned=made("prune_tasks", "json"),
    output:
        **files("tabulate_tasks", markdown=tables_in_report),
    log:
        log_of("tabulate_tasks"),
    benchmark:
        benchmark_of("tabulate_tasks")
    conda:
        conda_of("tabulate_tasks")
    container:
        image_of("tabulate_tasks")
    envmodules:
        *modules_of("tabulate_tasks"),
    params:
        **identity("tabulate_tasks"),
    shell:
        command(
            "tabulate_tasks",
            "--trained {input.trained:q} --pruned {input.pruned:q} --out-json {output.json:q} "
            "--out-csv {output.csv:q} --out-markdown {output.markdown:q}",
        )
