# Attention heads: those that matter to each task are pruned, and every task is measured.

if EXPERIMENT.analysis.heads:

    rule prune_heads:
        input:
            system=files_of_system,
            text=text_of_pruning,
            raw=translated_text("heads"),
        output:
            **files("prune_heads"),
        log:
            log_of("prune_heads"),
        benchmark:
            benchmark_of("prune_heads")
        conda:
            conda_of("prune_heads")
        container:
            image_of("prune_heads")
        envmodules:
            *modules_of("prune_heads"),
        resources:
            gpu=gpu_of("prune_heads"),
        params:
            **identity("prune_heads", pruning_settings),
            system=lambda w, input: parent(input.system[0]),
            data_bin=lambda w, input: text_folder(input.text),
        shell:
            command(
                "prune_heads",
                "--system {params.system:q} --data-bin {params.data_bin:q} --out-json {output.json:q} "
                "--out-csv {output.csv:q} --out-markdown {output.markdown:q}",
                "seed",
            )
