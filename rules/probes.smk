# Probes: labelled words, the values of units at them, what these know, what changes from system to system.
if PROBES and workflow.exec_mode.name == "DEFAULT":
    if absent := [
        f"analysis.probes.conllu.{lang}: there is no file {looked_for(file)}"
        for lang, file in PROBES.conllu.items()
        if not Path(file).is_file()
    ]:
        refuse(absent)


if PROBES and has_toy_labels(EXPERIMENT):

    rule label_toy:
        output:
            **files("label_toy", like={"gold": "{gold}"}),
        log:
            log_of("label_toy"),
        benchmark:
            benchmark_of("label_toy")
        wildcard_constraints:
            gold=alternatives([probed_text(EXPERIMENT, PROBES)]),
        conda:
            conda_of("label_toy")
        container:
            image_of("label_toy")
        envmodules:
            *modules_of("label_toy"),
        params:
            **identity(
                "label_toy",
                spec=EXPERIMENT.data.source.spec(EXPERIMENT.pivot),
                languages=EXPERIMENT.languages,
            ),
            out=lambda w, output: parent(output.conllu[0]),
        shell:
            command("label_toy", "--subset {wildcards.gold} --out {params.out:q}")


if PROBES:

    rule label_words:
        input:
            text=labelled_text,
            labels=gold_labels,
            # Models with a tokenizer of their own cut words themselves.
            model="<results>/data/subwords/spm.model" if EXPERIMENT.is_binarised else [],
        output:
            **files("label_words"),
        log:
            log_of("label_words"),
        benchmark:
            benchmark_of("label_words")
        wildcard_constraints:
            labelled=alternatives(job["labelled"] for job in STAGES["label_words"].jobs(EXPERIMENT)),
        conda:
            conda_of("label_words")
        container:
            image_of("label_words")
        envmodules:
            *modules_of("label_words"),
        params:
            **identity(
                "label_words",
                lambda w: {"language": language_of(w.labelled)},
                text_options=EXPERIMENT.text.model_dump() if EXPERIMENT.is_binarised else None,
            ),
            model=lambda w, input: f"--model {input.model}" if input.model else "",
            text=lambda w, input: f"--text {input.text}" if input.text else "",
            labels=lambda w, input: f"--labels {shlex.quote(str(input.labels))}" if input.labels else "",
        shell:
            command(
                "label_words",
                "{params.text} {params.labels} {params.model} --out {output.text:q}",
            )

    rule collect_units:
        input:
            system=files_of_system,
            text=read_by_probes,
        output:
            **files("collect_units"),
        log:
            log_of("collect_units"),
        benchmark:
            benchmark_of("collect_units")
        wildcard_constraints:
            stack="encoder|decoder",
        conda:
            conda_of("collect_units")
        container:
            image_of("collect_units")
        envmodules:
            *modules_of("collect_units"),
        resources:
            gpu=gpu_of("collect_units"),
        params:
            **identity(
                "collect_units",
                read_units,
                units=PROBES.units,
                pieces=PROBES.pieces,
                max_sentences=PROBES.sentences,
            ),
            system=lambda w, input: parent(input.system[0]),
            patterns=lambda w, input: labelled_patterns(w),
        shell:
            command(
                "collect_units",
                "--system {params.system:q} {params.patterns} --out-values {output.values:q} "
                "--out-words {output.words:q}",
                "stack",
            )

    rule fit_probes:
        input:
            values="<results>/analysis/collect_units/{system}/s{seed}/{stack}.npy",
            words="<results>/analysis/collect_units/{system}/s{seed}/{stack}.json",
        output:
            **files("fit_probes"),
        log:
            log_of("fit_probes"),
        benchmark:
            benchmark_of("fit_probes")
        wildcard_constraints:
            stack="encoder|decoder",
            property=alternatives(PROBES.properties),
        conda:
            conda_of("fit_probes")
        container:
            image_of("fit_probes")
        envmodules:
            *modules_of("fit_probes"),
        params:
            **identity(
                "fit_probes",
                **PROBES.model_dump(
                    include={
                        *("fewest", "l1", "l2", "seeds", "percents", "draws", "controls", "control"),
                        *("salient", "top_words", "redundancy"),
                    }
                ),
            ),
        shell:
            command(
                "fit_probes",
                "--values {input.values:q} --words {input.words:q} --out-json {output.json:q} "
                "--out-csv {output.csv:q} --out-markdown {output.markdown:q} --out-scores {output.scores:q} "
                "--out-masks {output.masks:q}",
                "property",
                "seed",
            )

    rule score_by_label:
        input:
            values="<results>/analysis/collect_units/{system}/s{seed}/{stack}.npy",
            words="<results>/analysis/collect_units/{system}/s{seed}/{stack}.json",
            probe="<results>/analysis/fit_probes/{system}/s{seed}/{stack}.{property}.scores.npz",
        output:
            **files("score_by_label"),
        log:
            log_of("score_by_label"),
        benchmark:
            benchmark_of("score_by_label")
        wildcard_constraints:
            stack="encoder|decoder",
            property=alternatives(PROBES.properties),
        conda:
            conda_of("score_by_label")
        container:
            image_of("score_by_label")
        envmodules:
            *modules_of("score_by_label"),
        params:
            **identity("score_by_label", **PROBES.model_dump(include={"fewest", "seeds"})),
        shell:
            command(
                "score_by_label",
                "--values {input.values:q} --words {input.words:q} --probe {input.probe:q} "
                "--out-json {output.json:q} --out-csv {output.csv:q} --out-markdown {output.markdown:q} "
                "--out-probeless {output.probeless:q} --out-selectivity {output.selectivity:q} "
                "--out-average-precision {output.average_precision:q}",
                "property",
                "seed",
            )

    rule compare_probes:
        input:
            probes=made("fit_probes", "json"),
        output:
            **files("compare_probes"),
        log:
            log_of("compare_probes"),
        benchmark:
            benchmark_of("compare_probes")
        conda:
            conda_of("compare_probes")
        container:
            image_of("compare_probes")
        envmodules:
            *modules_of("compare_probes"),
        params:
            **identity("compare_probes"),
        shell:
            command(
                "compare_probes",
                "--probes {input.probes:q} --out-json {output.json:q} --out-csv {output.csv:q} "
                "--out-markdown {output.markdown:q}",
            )
