# A causal language model: the text of each language. What is done with it is in the other files.
def text_of_language(wildcards):
    """The user's file of a language."""
    pattern = EXPERIMENT.language_model.patterns[wildcards.subset]
    return pattern.replace("{lang}", wildcards.lang)


if workflow.exec_mode.name == "DEFAULT":
    if absent := [
        f"language_model: no {subset} text of {lang}: there is no file {looked_for(file)}"
        for subset, pattern in EXPERIMENT.language_model.patterns.items()
        for lang in EXPERIMENT.languages
        if not Path(file := pattern.replace("{lang}", lang)).is_file()
    ]:
        refuse(absent)


rule take_text:
    input:
        text=text_of_language,
    output:
        **files("take_text"),
    log:
        log_of("take_text"),
    benchmark:
        benchmark_of("take_text")
    conda:
        conda_of("take_text")
    container:
        image_of("take_text")
    envmodules:
        *modules_of("take_text"),
    params:
        **identity("take_text", empty=EXPERIMENT.language_model.empty_lines),
    shell:
        command("take_text", "--text {input.text:q} --out {output.text:q} --stats {output.stats:q}")
