# How often each FFN neuron fires, for each direction, on the validation set.


rule count_activations:
    input:
        system=lambda w: system_files("baseline", w.seed, "system.json", "model.safetensors", "dict.txt"),
        valid=lambda w: binarised("valid", [w.direction]),
    output:
        counts="<results>/activations/baseline/s{seed}/valid/{direction}.npz",
    log:
        "<logs>/count_activations/baseline.s{seed}.{direction}.log",
    benchmark:
        "<benchmarks>/count_activations/baseline.s{seed}.{direction}.tsv"
    conda:
        "../envs/fairseq.yaml"
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
