# Systems for others: safetensors, or a CTranslate2 model of each direction, with a model card.

# References of the scores on a card.
ON_CARDS = "raw" if "raw" in EXPERIMENT.evaluation.references else "paper"


def exported_tokenizer():
    """The files of an attached model by which text is read; of a fetched one they are known when it is there."""
    attach = EXPERIMENT.attached_model
    folder = [] if not attach or attach.is_fetched else files_of(Path(attach.model))
    return [file.name for file in folder if file.name in TOKENIZER_FILES]


def exported_controls(name):
    """The table that says what the masks of a system added, if it has a row there."""
    told = CONTROLS in tables_of(EXPERIMENT) and name in EXPERIMENT.masked
    return [f"{RESULTS}/tables/{CONTROLS}.csv"] if told else []


def exported_base():
    """What is known of the model of a hub that the baseline is."""
    attach = EXPERIMENT.attached_model
    return [f"{RESULTS}/{FETCHED}"] if attach and attach.is_fetched else []


for name, form in (
    itertools.product(EXPERIMENT.export.systems, EXPERIMENT.export.formats) if EXPERIMENT.export else ()
):

    rule:
        name:
            own_rule("export_system", form, name)
        input:
            system=[f"<results>/systems/{name}/s{{seed}}/{file}" for file in parts_of(EXPERIMENT, name)],
            # Of the tests that it translates.
            scores=lambda w, name=name: made(
                "score", "scores", system=name, seed=int(w.seed), profile=ON_CARDS
            ),
            card="<results>/data/card.json",
            controls=exported_controls(name),
            base=exported_base(),
        output:
            **files("export_system", like={"exported": name, "form": form}),
            tokenizer=[f"<results>/export/{name}/s{{seed}}/{form}/{file}" for file in exported_tokenizer()],
        log:
            log_of("export_system", exported=name, form=form),
        benchmark:
            benchmark_of("export_system", exported=name, form=form)
        conda:
            conda_of("export_system")
        container:
            image_of("export_system")
        envmodules:
            *modules_of("export_system"),
        params:
            **identity(
                "export_system",
                form=form,
                directions=EXPERIMENT.trained_by(name),
                licence=EXPERIMENT.export.licence,
                text_licence=EXPERIMENT.export.text_licence,
                controls=exported_controls(name),
                base=exported_base(),
            ),
            system=lambda w, input: parent(input.system[0]),
            out=lambda w, output: parent(output.files[0]),
        shell:
            command(
                "export_system",
                "--system {params.system:q} --scores {input.scores:q} --data-card {input.card:q} --out {params.out:q}",
            )
