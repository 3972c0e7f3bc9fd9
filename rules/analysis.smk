# The strongest units of each language, the overlap of masks, and the control that these belong to their directions.

if has_strongest(EXPERIMENT):

    rule strongest_units:
        input:
            system=lambda w: model_files(w.system, w.seed),
            counts=lambda w: baseline_scores("activations", w),
            text=text_of_model("valid", EXPERIMENT.train_directions),
        output:
            **files("strongest_units"),
        log:
            log_of("strongest_units"),
        benchmark:
            benchmark_of("strongest_units")
        conda:
            conda_of("strongest_units")
        container:
            image_of("strongest_units")
        envmodules:
            *modules_of("strongest_units"),
        resources:
            gpu=gpu_of("strongest_units"),
        params:
            **identity(
                "strongest_units",
                subset="valid",
                directions=EXPERIMENT.train_directions,
                **strongest_settings(EXPERIMENT.analysis.strongest),
            ),
            root=lambda w, input: parent(input.counts[0]),
            system=lambda w, input: parent(input.system[0]),
            data_bin=lambda w, input: text_folder(input.text),
        shell:
            command(
                "strongest_units",
                "--system {params.system:q} --activations-root {params.root:q} --data-bin {params.data_bin:q} "
                "--out-json {output.json:q} --out-csv {output.csv:q} --out-markdown {output.markdown:q}",
                "seed",
            )


rule mask_control:
    input:
        system=lambda w: model_files(w.system, w.seed),
        masks="<results>/masks/{system}/s{seed}/{maskset}.npz",
        text=text_of_model(*EXPERIMENT.control_text),
    output:
        **files("mask_control"),
    log:
        log_of("mask_control"),
    benchmark:
        benchmark_of("mask_control")
    conda:
        conda_of("mask_control")
    container:
        image_of("mask_control")
    envmodules:
        *modules_of("mask_control"),
    resources:
        gpu=gpu_of("mask_control"),
    params:
        **identity(
            "mask_control",
            subset=EXPERIMENT.control_text[0],
            directions=EXPERIMENT.control_text[1],
            max_sentences=EXPERIMENT.analysis.mask_control_sentences,
        ),
        system=lambda w, input: parent(input.system[0]),
        data_bin=lambda w, input: text_folder(input.text),
    shell:
        command(
            "mask_control",
            "--system {params.system:q} --masks {input.masks:q} --data-bin {params.data_bin:q} --out {output.json:q}",
            "seed",
        )


rule overlap:
    input:
        masks="<results>/masks/{system}/s{seed}/{maskset}.npz",
    output:
        **files("overlap"),
    log:
        log_of("overlap"),
    benchmark:
        benchmark_of("overlap")
    conda:
        conda_of("overlap")
    container:
        image_of("overlap")
    envmodules:
        *modules_of("overlap"),
    params:
        **identity(
            "overlap",
            groups=EXPERIMENT.groupings.get(EXPERIMENT.analysis.overlap_grouping, {}),
            pivot=EXPERIMENT.pivot,
            permutations=EXPERIMENT.analysis.overlap_permutations,
        ),
    shell:
        command(
            "overlap",
            "--masks {input.masks:q} --out-json {output.json:q} --out-csv {output.csv:q} "
            "--out-markdown {output.markdown:q}",
            "seed",
        )


# How far masks of other sentences would be the same.
if EXPERIMENT.analysis.stability:

    rule stability:
        input:
            system=lambda w: model_files(w.system, w.seed),
            text=lambda w: text_of_model(MASK_SETS[w.maskset].text, EXPERIMENT.train_directions),
        output:
            **files("stability"),
        log:
            log_of("stability"),
        benchmark:
            benchmark_of("stability")
        conda:
            conda_of("stability")
        container:
            image_of("stability")
        envmodules:
            *modules_of("stability"),
        resources:
            gpu=gpu_of("stability"),
        params:
            **identity(
                "stability",
                selection_of,
                directions=EXPERIMENT.train_directions,
                **EXPERIMENT.analysis.stability.model_dump(exclude={"masks"}),
            ),
            system=lambda w, input: parent(input.system[0]),
            data_bin=lambda w, input: text_folder(input.text),
        shell:
            command(
                "stability",
                "--system {params.system:q} --data-bin {params.data_bin:q} --out-json {output.json:q} "
                "--out-csv {output.csv:q} --out-markdown {output.markdown:q}",
                "seed",
            )


# The masks of one selection on several texts.
if EXPERIMENT.analysis.text_control:

    rule text_control:
        input:
            masks="<results>/masks/{system}/s{seed}/{maskset}.npz",
            others=lambda w: [
                f"{RESULTS}/masks/{w.system}/s{w.seed}/{name}.npz"
                for name in EXPERIMENT.of_other_text(w.maskset)
            ],
            stability=lambda w: made("stability", "json", maskset=w.maskset, seed=int(w.seed)),
        output:
            **files("text_control"),
        log:
            log_of("text_control"),
        benchmark:
            benchmark_of("text_control")
        conda:
            conda_of("text_control")
        container:
            image_of("text_control")
        envmodules:
            *modules_of("text_control"),
        params:
            **identity("text_control"),
            stability=lambda w, input: f"--stability {input.stability}" if input.stability else "",
        shell:
            command(
                "text_control",
                "--masks {input.masks:q} --others {input.others:q} {params.stability} --out-json {output.json:q} "
                "--out-csv {output.csv:q} --out-markdown {output.markdown:q}",
            )


# What removing or keeping the units does that each score names.
if EXPERIMENT.analysis.criteria:

    rule criteria:
        input:
            system=lambda w: model_files(w.system, w.seed),
            scores=scores_of_criteria,
            masks=masks_of_criteria,
            text=text_of_model(*EXPERIMENT.control_text),
        output:
            **files("criteria"),
        log:
            log_of("criteria"),
        benchmark:
            benchmark_of("criteria")
        conda:
            conda_of("criteria")
        container:
            image_of("criteria")
        envmodules:
            *modules_of("criteria"),
        resources:
            gpu=gpu_of("criteria"),
        params:
            **identity(
                "criteria",
                subset=EXPERIMENT.control_text[0],
                directions=EXPERIMENT.control_text[1],
                **criteria_settings(EXPERIMENT.analysis.criteria),
            ),
            scores=folders_of_criteria,
            more=more_of_criteria,
            system=lambda w, input: parent(input.system[0]),
            data_bin=lambda w, input: text_folder(input.text),
        shell:
            command(
                "criteria",
                "--system {params.system:q} --scores {params.scores:q} {params.more} --data-bin {params.data_bin:q} "
                "--out-json {output.json:q} --out-csv {output.csv:q} --out-markdown {output.markdown:q}",
                "seed",
            )
