# What the analyses of units read, and what their stages take as options.
from workflow_scripts.common.word_properties import CONLLU
from workflow_scripts.config.analyses.directions import analysed_directions
from workflow_scripts.config.analyses.strongest import read_sentences, removed_sentences
from workflow_scripts.units.score_table import OF_PROPERTY, PROBE
from workflow_scripts.workflow.needed_masks import has_strongest
from workflow_scripts.workflow.stage_list.probes import (
    LABELLED,
    has_toy_labels,
    probed_directions,
    probed_text,
    sides_read,
)

PROBES = EXPERIMENT.analysis.probes


def files_of_system(wildcards):
    """All files of a system, with those of its parts."""
    return system_files(wildcards.system, wildcards.seed, *parts_of(EXPERIMENT, wildcards.system))


def files_of_models(models):
    """The same of several, named system/s1."""
    parts = [one.rsplit("/", 1) for one in models]
    return [
        file
        for name, seed in parts
        for file in system_files(name, seed.removeprefix("s"), *parts_of(EXPERIMENT, name))
    ]


def analysed(wildcards):
    """The directions in which a system is analysed."""
    return {"directions": analysed_directions(EXPERIMENT, wildcards.system)}


def scores_of_analysis(wildcards):
    """The scores of an analysis from which those of directions are made."""
    of, _, name = wildcards.of.partition("/")
    where = f"{wildcards.system}/s{wildcards.seed}"
    if of not in OF_PROPERTY:
        return [f"{RESULTS}/correlation/seeds/{name}/{where}.npz"]
    stage, part = ("fit_probes", "scores") if of == PROBE else ("score_by_label", of)
    return [f"{RESULTS}/analysis/{stage}/{where}/{stack}.{name}.{part}.npz" for stack in PROBES.stacks]


def baseline_scores(folder, wildcards):
    """The baseline's scores of all trained directions on the validation text."""
    place = f"{RESULTS}/{folder}/{BASELINE}/s{wildcards.seed}/valid"
    return [f"{place}/{direction}.npz" for direction in EXPERIMENT.train_directions]


def strongest_settings(asked):
    """What the config says of the strongest units, as options of their stage. Parts of the text are compared by the
    masks of the sweep's first k."""
    return {
        "units": asked.units,
        "max_sentences": read_sentences(EXPERIMENT, asked),
        "removed_sentences": removed_sentences(EXPERIMENT, asked),
        "select": f"mass:{EXPERIMENT.masks.k[0]}",
    }


def scores_of_ablation(wildcards):
    """The baseline's scores whose units are removed, of any system."""
    folders = EXPERIMENT.analysis.ablation.folders.values()
    return [file for folder in folders for file in baseline_scores(folder, wildcards)]


def folders_of_ablation(wildcards, input):
    """The folder of each of these scores, as an option."""
    files = input.scores[:: len(EXPERIMENT.train_directions)]
    return as_json(dict(zip(EXPERIMENT.analysis.ablation.folders, map(parent, files))))


def ablation_settings(wildcards):
    """What the config says of the curves, as options of their stage."""
    asked = EXPERIMENT.analysis.ablation
    names = {"sizes", "stacks", "draws", "replace", "scale"}
    dose = {"dose": asked.dose or asked.sizes[0]} if asked.scale else {}
    return {
        **analysed(wildcards),
        "max_sentences": asked.sentences,
        **asked.model_dump(include=names),
        **dose,
        **translation_settings(asked, wildcards),
    }


def text_of_pruning(wildcards):
    """The text on which heads are ranked, and that on which tasks are measured."""
    directions = analysed_directions(EXPERIMENT, wildcards.system)
    return [*text_of_model("valid", directions), *text_of_model(EXPERIMENT.control_text[0], directions)]


def pruning_settings(wildcards):
    """What tasks are, and how their heads are pruned, as options of the stage."""
    asked = EXPERIMENT.analysis.heads
    return {
        **analysed(wildcards),
        "score_subset": "valid",
        "subset": EXPERIMENT.control_text[0],
        "max_sentences": asked.sentences,
        "pivot": EXPERIMENT.pivot,
        "families": EXPERIMENT.families or None,
        **asked.model_dump(exclude={"systems", "sentences", "metrics", "decoded"}),
        **translation_settings(asked, wildcards),
    }


def translated_text(key):
    """The raw text that an analysis translates, if any: a function of wildcards."""

    def files_of(wildcards):
        if not getattr(EXPERIMENT.analysis, key).metrics:
            return []
        testset, directions = EXPERIMENT.control_text[0], analysed_directions(EXPERIMENT, wildcards.system)
        return [*sources_of(testset, directions), *references_of(testset, "raw", directions)]

    return files_of


def translation_settings(asked, wildcards):
    """What an analysis translates and how that is scored, as options of its stage."""
    if not asked.metrics:
        return {}
    testset = EXPERIMENT.control_text[0]
    tokenizers = tokenizers_of_targets(analysed_directions(EXPERIMENT, wildcards.system))
    return {
        "metrics": asked.metrics,
        "decoded_sentences": asked.decoded,
        "sources": sources_pattern(testset),
        "references": REFERENCES["raw"].replace("{testset}", testset),
        "tokenizers": tokenizers or None,
    }


def labelled_text(wildcards):
    """The text whose words are labelled; none where it is that of the labels."""
    return [] if PROBES.from_conllu else f"{RESULTS}/data/text/{wildcards.labelled}.txt"


def language_of(labelled):
    """The language of `test/de-en.de` or `conllu/de`."""
    return re.split(r"[./]", labelled)[-1]


def gold_labels(wildcards):
    """The CoNLL-U file of a text, if there is one."""
    language = language_of(wildcards.labelled)
    if has_toy_labels(EXPERIMENT):
        return f"{RESULTS}/data/labels/toy/{probed_text(EXPERIMENT, PROBES)}.{language}.conllu"
    return PROBES.conllu.get(language, [])


def read_by_probes(wildcards):
    """The labelled texts of all directions of which a stack's units are read."""
    directions = probed_directions(EXPERIMENT, PROBES, wildcards.system, wildcards.stack)
    sides = [side for d in directions for side in sides_read(EXPERIMENT, PROBES, d, wildcards.stack)]
    return [f"{RESULTS}/{LABELLED.format(labelled=side)}" for side in dict.fromkeys(sides)]


def labelled_patterns(wildcards):
    """The patterns by which the stage finds them."""
    if EXPERIMENT.texts_alone is not None:
        side = "source" if wildcards.stack == "encoder" else "target"
        text = CONLLU if PROBES.from_conllu else probed_text(EXPERIMENT, PROBES)
        return f"--{side}s {RESULTS}/data/labels/{text}/{{target}}.jsonl"
    if PROBES.from_conllu:
        return f"--sources {RESULTS}/data/labels/{CONLLU}/{{source}}.jsonl"
    place = f"{RESULTS}/data/labels/{probed_text(EXPERIMENT, PROBES)}/{{pair}}"
    sources = f"--sources {place}.{{source}}.jsonl"
    return sources if wildcards.stack == "encoder" else f"{sources} --targets {place}.{{target}}.jsonl"


def read_units(wildcards):
    """What is read of a stack's units."""
    return {
        "directions": probed_directions(EXPERIMENT, PROBES, wildcards.system, wildcards.stack),
        "state": PROBES.state if wildcards.stack == "decoder" else None,
    }


def analysed_jobs(stage):
    """The JSON and CSV files of the jobs of an analysis that have the wildcards of a figure."""

    def of(role):
        def files_of(wildcards):
            jobs = STAGES[stage].jobs(EXPERIMENT)
            names = next(({*job} for job in jobs), set()) & {*wildcards.keys()}
            return made(stage, role, **{name: wildcards[name] for name in names})

        return files_of

    return {"json": of("json"), "csv": of("csv")}
