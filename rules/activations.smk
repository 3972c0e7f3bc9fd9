# How often each FFN neuron fires, for each direction, on the validation set.
# Directions from one language are counted by one job: where their sources are the same text, the encoder runs once.

for counted_by, counted in EXPERIMENT.counted_together.items():

    rule:
        name:
            f"count_encoder_{counted_by}"
        input:
            system=lambda w: system_files(w.system, w.seed, "system.json", "model.safetensors", "dict.txt"),
            valid=binarised("valid", counted),
        output:
            counts=collect(
                "<results>/activations/{{system}}/s{{seed}}/valid/{direction}.npz", direction=counted
            ),
        log:
            f"<logs>/count_encoder/{{system}}/s{{seed}}/{counted_by}.log",
        benchmark:
            f"<benchmarks>/count_encoder/{{system}}/s{{seed}}/{counted_by}.tsv"
        # Before the short jobs: the longest is not to be the last.
        priority: 1
        conda:
            "../envs/fairseq.yaml"
        container:
            image_of("fairseq")
        envmodules:
            *modules_of("fairseq"),
        resources:
            gpu=GPU,
        params:
            system=lambda w, input: parent(input.system[0]),
            data_bin=lambda w, input: parent(input.valid[0]),
            directions=counted,
            max_tokens=EXPERIMENT.activations.max_tokens,
            root=lambda w, output: parent(output.counts[0]),
            code=closure_hash("activations.count_encoder"),
            environment=environment_identity("fairseq"),
        shell:
            "run-in fairseq workflow_scripts.activations.count_encoder --system {params.system:q} "
            "--data-bin {params.data_bin:q} --subset valid --directions {params.directions} "
            "--max-tokens {params.max_tokens} --out-root {params.root:q} > {log} 2>&1"


rule count_activations:
    input:
        system=lambda w: system_files(w.system, w.seed, "system.json", "model.safetensors", "dict.txt"),
        valid=lambda w: binarised("valid", [w.direction]),
    output:
        counts="<results>/activations/{system}/s{seed}/valid/{direction}.npz",
    log:
        "<logs>/count_activations/{system}/s{seed}/{direction}.log",
    benchmark:
        "<benchmarks>/count_activations/{system}/s{seed}/{direction}.tsv"
    wildcard_constraints:
        direction=alternatives(EXPERIMENT.counted_alone) or "none",
    conda:
        "../envs/fairseq.yaml"
    container:
        image_of("fairseq")
    envmodules:
        *modules_of("fairseq"),
    resources:
        gpu=GPU,
    params:
        system=lambda w, input: parent(input.system[0]),
        data_bin=lambda w, input: parent(input.valid[0]),
        max_tokens=EXPERIMENT.activations.max_tokens,
        pads="--count-pads" if EXPERIMENT.activations.count_pads else "",
        code=closure_hash("activations.count_activations"),
        environment=environment_identity("fairseq"),
    shell:
        "run-in fairseq workflow_scripts.activations.count_activations --system {params.system:q} "
        "--data-bin {params.data_bin:q} --subset valid --direction {wildcards.direction} {params.pads} "
        "--max-tokens {params.max_tokens} --out {output.counts:q} > {log} 2>&1"
