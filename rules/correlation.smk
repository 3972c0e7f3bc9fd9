# The units of several models at the same tokens, and the loss without those that other models have too.
from workflow_scripts.config.analyses.correlation_checks import compared_models
from workflow_scripts.config.analyses.directions import compared_directions
from workflow_scripts.workflow.stage_list.correlation import forms_of

if CORRELATION := EXPERIMENT.analysis.correlation:
    COMPARED = compared_models(EXPERIMENT, CORRELATION)
    COMPARED_DIRECTIONS = compared_directions(EXPERIMENT, CORRELATION)
    # Systems that were made elsewhere: the files that a comparison reads of each.
    ELSEWHERE = [
        f"{folder}/{name}" for folder in CORRELATION.others.values() for name in files_of_model(EXPERIMENT)
    ]
    if workflow.exec_mode.name == "DEFAULT":
        if missing := [file for file in ELSEWHERE if not Path(file).is_file()]:
            refuse([f"analysis.correlation.others: there is no file {looked_for(missing[0])}"])

    # What is compared between the seeds of a system, and between the systems of a seed, is made by a rule each.
    for between, compared in COMPARED.items():

        rule:
            name:
                f"correlate_units_{between}"
            input:
                systems=lambda w, compared=compared: files_of_models(compared[w.of]),
                others=ELSEWHERE,
                text=text_of_model(CORRELATION.subset, COMPARED_DIRECTIONS),
            output:
                **files("correlate_units", like={"between": between}),
            log:
                log_of("correlate_units", between=between),
            benchmark:
                benchmark_of("correlate_units", between=between)
            wildcard_constraints:
                of=alternatives(compared),
            conda:
                conda_of("correlate_units")
            container:
                image_of("correlate_units")
            envmodules:
                *modules_of("correlate_units"),
            resources:
                gpu=gpu_of("correlate_units"),
            params:
                **identity(
                    "correlate_units",
                    lambda w, compared=compared: {
                        "models": {one: f"{RESULTS}/systems/{one}" for one in compared[w.of]}
                    },
                    others=CORRELATION.others or None,
                    directions=COMPARED_DIRECTIONS,
                    max_sentences=CORRELATION.sentences,
                    **CORRELATION.model_dump(include={"units", "layers", "forms", "draws", "subset"}),
                ),
                data_bin=lambda w, input: text_folder(input.text),
                scores=lambda w, output: f"{RESULTS}/correlation/{Path(output.json[0]).parent.name}/{{form}}/{{model}}.npz",
            shell:
                command(
                    "correlate_units",
                    "--data-bin {params.data_bin:q} --out-scores {params.scores:q} --out-json {output.json:q} "
                    "--out-csv {output.csv:q} --out-markdown {output.markdown:q}",
                )

    rule erase_correlated:
        input:
            system=files_of_system,
            scores=lambda w: [
                f"{RESULTS}/correlation/{w.between}/{form}/{w.system}/s{w.seed}.npz"
                for form in forms_of(EXPERIMENT)
            ],
            text=text_of_model(CORRELATION.subset, COMPARED_DIRECTIONS),
        output:
            **files("erase_correlated"),
        log:
            log_of("erase_correlated"),
        benchmark:
            benchmark_of("erase_correlated")
        wildcard_constraints:
            between=alternatives(COMPARED),
        conda:
            conda_of("erase_correlated")
        container:
            image_of("erase_correlated")
        envmodules:
            *modules_of("erase_correlated"),
        resources:
            gpu=gpu_of("erase_correlated"),
        params:
            **identity(
                "erase_correlated",
                sizes=CORRELATION.erase,
                directions=COMPARED_DIRECTIONS,
                max_sentences=CORRELATION.sentences,
                **CORRELATION.model_dump(include={"draws", "subset"}),
            ),
            scores=lambda w, input: as_json(dict(zip(forms_of(EXPERIMENT), input.scores))),
            system=lambda w, input: parent(input.system[0]),
            data_bin=lambda w, input: text_folder(input.text),
        shell:
            command(
                "erase_correlated",
                "--system {params.system:q} --scores {params.scores:q} --data-bin {params.data_bin:q} "
                "--out-json {output.json:q} --out-csv {output.csv:q} --out-markdown {output.markdown:q}",
                "seed",
            )
