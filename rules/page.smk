# The answer on one page.


rule write_answer:
    input:
        **read_by_page(),
        captions=of_figures("caption"),
        tables=[*made("tabulate", "csv"), *made("tabulate", "cautions"), *made("tabulate_units", "json")],
    output:
        **files("write_answer", html=page_in_report),
    log:
        log_of("write_answer"),
    benchmark:
        benchmark_of("write_answer")
    conda:
        conda_of("write_answer")
    container:
        image_of("write_answer")
    envmodules:
        *modules_of("write_answer"),
    params:
        **identity("write_answer", **what_was_run()),
        root=lambda w, output: parent(output.html, 2),
    shell:
        command(
            "write_answer",
            "--root {params.root:q} --card {input.card:q} --strongest {input.strongest:q}"
            " --stability {input.stability:q} --figures {input.figures:q} --out {output.html:q}",
        )
