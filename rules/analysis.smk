# What the masks say, and the control that they say it about the right direction.


rule mask_control:
    input:
        system=lambda w: system_files(w.system, w.seed, "system.json", "model.safetensors", "dict.txt"),
        masks="<results>/masks/{system}/s{seed}/{maskset}.npz",
        text=binarised(*EXPERIMENT.control_text),
    output:
        json="<results>/analysis/mask_control/{system}/s{seed}/{maskset}.json",
    log:
        "<logs>/mask_control/{system}.s{seed}.{maskset}.log",
    benchmark:
        "<benchmarks>/mask_control/{system}.s{seed}.{maskset}.tsv"
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
        data_bin=lambda w, input: parent(input.text[0]),
        subset=EXPERIMENT.control_text[0],
        directions=EXPERIMENT.control_text[1],
        sentences=EXPERIMENT.analysis.mask_control_sentences,
        code=closure_hash("analyse.mask_control"),
        environment=environment_identity("fairseq"),
    shell:
        "run-in fairseq workflow_scripts.analyse.mask_control --system {params.system:q} --masks {input.masks:q} "
        "--data-bin {params.data_bin:q} --subset {params.subset} --directions {params.directions} "
        "--seed {wildcards.seed} --max-sentences {params.sentences} --out {output.json:q} > {log} 2>&1"


rule overlap:
    input:
        masks="<results>/masks/{system}/s{seed}/{maskset}.npz",
    output:
        json="<results>/analysis/overlap/{system}/s{seed}/{maskset}.json",
        csv="<results>/analysis/overlap/{system}/s{seed}/{maskset}.csv",
        markdown="<results>/analysis/overlap/{system}/s{seed}/{maskset}.md",
    log:
        "<logs>/overlap/{system}.s{seed}.{maskset}.log",
    benchmark:
        "<benchmarks>/overlap/{system}.s{seed}.{maskset}.tsv"
    conda:
        "../envs/text.yaml"
    container:
        image_of("text")
    envmodules:
        *modules_of("text"),
    params:
        groups=as_json(EXPERIMENT.groupings.get(EXPERIMENT.analysis.overlap_grouping, {})),
        pivot=EXPERIMENT.pivot,
        permutations=EXPERIMENT.analysis.overlap_permutations,
        code=closure_hash("analyse.overlap"),
        environment=environment_identity("text"),
    shell:
        "run-in text workflow_scripts.analyse.overlap --masks {input.masks:q} --groups {params.groups:q} "
        "--pivot {params.pivot} --permutations {params.permutations} --seed {wildcards.seed} "
        "--out-json {output.json:q} --out-csv {output.csv:q} --out-markdown {output.markdown:q} > {log} 2>&1"
