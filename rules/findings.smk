# The answer on one page of experiments without translation: of an encoder's tasks, or of a language model.
ANALYSED = (
    "tabulate_tasks",
    "prune_tasks",
    "strongest_units",
    "effect_matrix",
    "ablate_units",
    "criteria",
    "fit_probes",
)


def what_was_run():
    """What the page says of the config."""
    tasks = getattr(EXPERIMENT, "tasks", None)
    return {
        "experiment": EXPERIMENT.experiment,
        "rows": "tasks" if tasks else "languages",
        "names": list(tasks.tables) if tasks else EXPERIMENT.languages,
        "model": EXPERIMENT.attached_model.model,
        "systems": EXPERIMENT.all_systems,
        "seeds": EXPERIMENT.train.seeds,
    }


def read_by_page():
    """What the page is made of, by the name of its option."""
    return {"results": [file for name in ANALYSED if name in STAGES for file in made(name, "json")]}


rule write_findings:
    input:
        **read_by_page(),
    output:
        **files("write_findings", html=page_in_report),
    log:
        log_of("write_findings"),
    benchmark:
        benchmark_of("write_findings")
    conda:
        conda_of("write_findings")
    container:
        image_of("write_findings")
    envmodules:
        *modules_of("write_findings"),
    params:
        **identity("write_findings", **what_was_run()),
        root=lambda w, output: parent(output.html, 2),
    shell:
        command("write_findings", "--root {params.root:q} --results {input.results:q} --out {output.html:q}")
