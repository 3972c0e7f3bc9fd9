# How often each FFN neuron fires, and how much units matter, for each direction: on the validation text, and on each
# text that a mask set names. The rules of the validation text have no wildcard for it.
SCORED_TEXTS = {"": {"text": "valid", "on": ""}}
if other_texts(EXPERIMENT):
    SCORED_TEXTS[ON_TEXT] = {"text": "{text}", "on": "{text}/"}


def scored_text(wildcards):
    return wildcards.get("text", "valid")


def subset_of_job(wildcards, threads):
    """Of `threads`, so that Snakemake doesn't compare it. Commands can't read `scored`: they are made after the loop."""
    return scored_text(wildcards)


for ending, scored in SCORED_TEXTS.items():

    # A job counts several directions (where their source is the same text, the encoder runs once), or one.
    for counted_by, counted in {**EXPERIMENT.counted_together, "{direction}": []}.items():

        rule:
            name:
                f"count_activations{f'_{counted_by}' if counted else ''}{ending}"
            input:
                system=lambda w: model_files(w.system, w.seed),
                text=lambda w, counted=counted: text_of_model(scored_text(w), counted or [w.direction]),
            output:
                **files("count_activations", like={"by": counted_by, **scored}),
            log:
                log_of("count_activations", by=counted_by, on=scored["on"]),
            benchmark:
                benchmark_of("count_activations", by=counted_by, on=scored["on"])
            wildcard_constraints:
                direction=alternatives(EXPERIMENT.counted_alone),
            # Before the short jobs: the longest must not be the last.
            priority: 1
            conda:
                conda_of("count_activations")
            container:
                image_of("count_activations")
            envmodules:
                *modules_of("count_activations"),
            resources:
                gpu=gpu_of("count_activations"),
            params:
                **identity(
                    "count_activations",
                    lambda w, counted=counted: {"directions": counted or [w.direction]},
                    max_tokens=EXPERIMENT.activations.max_tokens,
                    count_pads=EXPERIMENT.activations.count_pads,
                    rule=other_rule(EXPERIMENT),
                ),
                system=lambda w, input: parent(input.system[0]),
                data_bin=lambda w, input: text_folder(input.text),
                subset=subset_of_job,
                root=lambda w, output: parent(output.counts[0]),
            shell:
                command(
                    "count_activations",
                    "--system {params.system:q} --data-bin {params.data_bin:q} --subset {params.subset:q} --out-root {params.root:q}",
                )

    # How much each unit of some kinds (`head`, `ffn+resid`) matters to a direction, by each estimator.
    rule:
        name:
            f"score_importance{ending}"
        input:
            system=lambda w: model_files(w.system, w.seed),
            text=lambda w: text_of_model(scored_text(w), [w.direction]),
        output:
            **files("score_importance", like=scored),
        log:
            log_of("score_importance", on=scored["on"]),
        benchmark:
            benchmark_of("score_importance", on=scored["on"])
        wildcard_constraints:
            units=r"[a-z+]+",
        conda:
            conda_of("score_importance")
        container:
            image_of("score_importance")
        envmodules:
            *modules_of("score_importance"),
        resources:
            gpu=gpu_of("score_importance"),
        params:
            **identity("score_importance", lambda w: {"units": w.units.split("+")}),
            system=lambda w, input: parent(input.system[0]),
            data_bin=lambda w, input: text_folder(input.text),
            subset=subset_of_job,
        shell:
            command(
                "score_importance",
                "--system {params.system:q} --data-bin {params.data_bin:q} --subset {params.subset:q} --out {output.scores:q} "
                "--out-token {output.token:q} --out-signed {output.signed:q}",
                "direction",
            )

    # The mean magnitude of each FFN neuron in a direction.
    rule:
        name:
            f"score_magnitude{ending}"
        input:
            system=lambda w: model_files(w.system, w.seed),
            text=lambda w: text_of_model(scored_text(w), [w.direction]),
        output:
            **files("score_magnitude", like=scored),
        log:
            log_of("score_magnitude", on=scored["on"]),
        benchmark:
            benchmark_of("score_magnitude", on=scored["on"])
        conda:
            conda_of("score_magnitude")
        container:
            image_of("score_magnitude")
        envmodules:
            *modules_of("score_magnitude"),
        resources:
            gpu=gpu_of("score_magnitude"),
        params:
            **identity("score_magnitude"),
            system=lambda w, input: parent(input.system[0]),
            data_bin=lambda w, input: text_folder(input.text),
            subset=subset_of_job,
        shell:
            command(
                "score_magnitude",
                "--system {params.system:q} --data-bin {params.data_bin:q} --subset {params.subset:q} --out {output.scores:q}",
                "direction",
            )

    # In how few languages each FFN neuron is active (`lape`, `lape_lambda`), of the counts of all directions.
    rule:
        name:
            f"score_lape{ending}"
        input:
            counts=lambda w: scores_in("activations", scored_text(w), w),
        output:
            **files("score_lape", like=scored),
        log:
            log_of("score_lape", on=scored["on"]),
        benchmark:
            benchmark_of("score_lape", on=scored["on"])
        wildcard_constraints:
            form=alternatives(COMPARING),
        conda:
            conda_of("score_lape")
        container:
            image_of("score_lape")
        envmodules:
            *modules_of("score_lape"),
        params:
            **identity("score_lape", directions=EXPERIMENT.train_directions),
            counts=lambda w, input: parent(input.counts[0]),
            root=lambda w, output: parent(output.scores[0]),
        shell:
            command("score_lape", "--activations-root {params.counts:q} --out-root {params.root:q}", "form")

    # What an analysis found of units, for each direction.
    rule:
        name:
            f"spread_scores{ending}"
        input:
            scores=scores_of_analysis,
            system=lambda w: system_files(w.system, w.seed, "system.json"),
        output:
            **files("spread_scores", like=scored),
        log:
            log_of("spread_scores", on=scored["on"]),
        benchmark:
            benchmark_of("spread_scores", on=scored["on"])
        wildcard_constraints:
            of=alternatives(spread(EXPERIMENT)),
        conda:
            conda_of("spread_scores")
        container:
            image_of("spread_scores")
        envmodules:
            *modules_of("spread_scores"),
        params:
            **identity("spread_scores", directions=EXPERIMENT.train_directions),
            system=lambda w, input: parent(input.system[0]),
            root=lambda w, output: parent(output.scores[0]),
        shell:
            command(
                "spread_scores",
                "--scores {input.scores:q} --system {params.system:q} --out-root {params.root:q}",
            )
