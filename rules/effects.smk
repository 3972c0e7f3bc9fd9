# What units do that are switched off: curves over their number, and each language's units on every language.
if EXPERIMENT.analysis.ablation:

    rule ablate_units:
        input:
            system=files_of_system,
            scores=scores_of_ablation,
            text=text_of_model(*EXPERIMENT.control_text),
            raw=translated_text("ablation"),
        output:
            **files("ablate_units"),
        log:
            log_of("ablate_units"),
        benchmark:
            benchmark_of("ablate_units")
        conda:
            conda_of("ablate_units")
        container:
            image_of("ablate_units")
        envmodules:
            *modules_of("ablate_units"),
        resources:
            gpu=gpu_of("ablate_units"),
        params:
            **identity(
                "ablate_units",
                ablation_settings,
                subset=EXPERIMENT.control_text[0],
            ),
            scores=folders_of_ablation,
            more=lambda w, input: ACCEPT,
            system=lambda w, input: parent(input.system[0]),
            data_bin=lambda w, input: text_folder(input.text),
        shell:
            command(
                "ablate_units",
                "--system {params.system:q} --scores {params.scores:q} {params.more} --data-bin {params.data_bin:q} "
                "--out-json {output.json:q} --out-csv {output.csv:q} --out-markdown {output.markdown:q}",
                "seed",
            )


if EXPERIMENT.analysis.effects:

    rule effect_matrix:
        input:
            system=files_of_system,
            counts=lambda w: baseline_scores("activations", w),
            masks=lambda w: (
                f"{RESULTS}/masks/{BASELINE}/s{w.seed}/{EXPERIMENT.analysis.effects.masks}.npz"
                if EXPERIMENT.analysis.effects.masks
                else []
            ),
            text=text_of_model(*EXPERIMENT.control_text),
        output:
            **files("effect_matrix"),
        log:
            log_of("effect_matrix"),
        benchmark:
            benchmark_of("effect_matrix")
        conda:
            conda_of("effect_matrix")
        container:
            image_of("effect_matrix")
        envmodules:
            *modules_of("effect_matrix"),
        resources:
            gpu=gpu_of("effect_matrix"),
        params:
            **identity(
                "effect_matrix",
                analysed,
                subset=EXPERIMENT.control_text[0],
                pivot=EXPERIMENT.pivot,
                criteria=EXPERIMENT.analysis.effects.criteria
                + ["masks"] * bool(EXPERIMENT.analysis.effects.masks),
                max_sentences=EXPERIMENT.analysis.effects.sentences,
                **EXPERIMENT.analysis.effects.model_dump(
                    include={"sizes", "draws", "replace", "permutations"}
                ),
            ),
            masks=lambda w, input: f"--masks {input.masks}" if input.masks else "",
            system=lambda w, input: parent(input.system[0]),
            counts=lambda w, input: parent(input.counts[0]),
            data_bin=lambda w, input: text_folder(input.text),
        shell:
            command(
                "effect_matrix",
                "--system {params.system:q} --activations-root {params.counts:q} {params.masks} "
                "--data-bin {params.data_bin:q} --out-json {output.json:q} --out-csv {output.csv:q} "
                "--out-markdown {output.markdown:q}",
                "seed",
            )
