# The files that jobs read, those that the config asks for, and what stages take as options.
from workflow_scripts.config.base import BASELINE
from workflow_scripts.evaluate.comet.comet_model import CHECKPOINT, ENCODER, ENCODER_FILES, SETTINGS
from workflow_scripts.models.huggingface.model_files import FILES as TOKENIZER_FILES
from workflow_scripts.models.huggingface.model_files import files_of
from workflow_scripts.workflow.stage_list.attach import FETCHED


def model_to_attach():
    """The files of the model that is the baseline: its folder's, or what says that it was fetched."""
    attach = EXPERIMENT.attached_model
    return f"{RESULTS}/{FETCHED}" if attach.is_fetched else list(map(str, files_of(Path(attach.model))))


def tables_of_tasks():
    """What is known of each task of an encoder, for which it gets a head; of other models none."""
    return made("prepare_tasks", "known") if "prepare_tasks" in STAGES else []


def text_of_model(subset, directions):
    """The text of each direction's pair as models read it: prepared, or both files of both sides, in every shard; of held-out
    text in the first one."""
    if EXPERIMENT.texts_alone is not None:
        return [f"{RESULTS}/data/text/{subset}/{language}.txt" for language in directions]
    if not EXPERIMENT.is_binarised:
        return [
            f"{RESULTS}/data/text/{subset}/{pair}.{lang}.txt"
            for pair in dict.fromkeys(pair_of(d) for d in directions)
            for lang in pair.split("-")
        ]
    return [
        f"{RESULTS}/data/bin/{shard}{subset}.{pair}.{lang}.{extension}"
        for shard in (SHARDS if subset == "train" else SHARDS[:1])
        for pair in dict.fromkeys(pair_of(d) for d in directions)
        for lang in pair.split("-")
        for extension in ("bin", "idx")
    ]


def text_folder(files):
    """The folder of text that a model reads, of which these are files."""
    return parent(files[0], 1 if EXPERIMENT.is_binarised else 2)


def training_data(files):
    """The folder, or folders, that a training reads, of which these are files."""
    return data_bin(files) if EXPERIMENT.is_binarised else text_folder(files)


def varied_from(wildcards):
    """The text of which a text of the key `texts` is made: both sides of a pair."""
    pair, of = f"{wildcards.one}-{wildcards.two}", TEXTS[wildcards.varied].of
    return [f"{RESULTS}/data/text/{of}/{pair}.{lang}.txt" for lang in (wildcards.one, wildcards.two)]


def binarised_side(subset, pair, lang):
    """Both files of one side of held-out text."""
    return [f"{RESULTS}/data/bin/{SHARDS[0]}{subset}.{pair}.{lang}.{ending}" for ending in ("bin", "idx")]


def variation(wildcards):
    """How a text is made of another one; the languages of a change, if not all."""
    text = TEXTS[wildcards.varied]
    changed = EXPERIMENT.changed_languages(text)
    languages = changed if text.change and changed != EXPERIMENT.languages else None
    change = None if text.change == RANDOM_TOKENS else text.change
    return {"first": text.first, "bootstrap": text.bootstrap, "change": change, "languages": languages}


def side_of(testset, direction, side):
    """The prepared text of one side of a direction: side 0 is the source, 1 the target."""
    return f"{RESULTS}/data/text/{testset}/{pair_of(direction)}.{split_direction(direction)[side]}.txt"


# The references of a profile: the target's text, or what was rebuilt from its binarised form.
REFERENCES = {
    "raw": f"{RESULTS}/data/text/{{testset}}/{{pair}}.{{target}}.txt",
    "paper": f"{RESULTS}/data/references/{{testset}}.{{pair}}.{{target}}.txt",
}


def scored_in(wildcards):
    """The directions in which a job scores its system on its test set."""
    return EXPERIMENT.directions_scored(wildcards.system, wildcards.testset)


def directions_and_skipped(system):
    """The directions that a system translates, and those that it does not."""
    known = EXPERIMENT.directions_of_system(system)
    return {
        "directions": known,
        "skipped": [one for one in EXPERIMENT.evaluated_directions if one not in known],
    }


def systems_and_directions(testset):
    """The systems that translate a test set, its directions, and what some of the systems lack."""
    every = EXPERIMENT.directions_of(testset)
    own = {name: EXPERIMENT.directions_scored(name, testset) for name in EXPERIMENT.all_systems}
    partial = {name: directions for name, directions in own.items() if directions and directions != every}
    return {
        "systems": [name for name, directions in own.items() if directions],
        "directions": every,
        "partial_systems": partial or None,
    }


def references_of(testset, profile, directions):
    """The references of every direction, each file once."""
    files = [
        REFERENCES[profile].format(testset=testset, pair=pair_of(d), target=split_direction(d)[1])
        for d in directions
    ]
    return list(dict.fromkeys(files))


def sources_pattern(testset):
    """The pattern of sources, by which copied hypotheses are found."""
    return REFERENCES["raw"].replace("{target}", "{source}").replace("{testset}", testset)


def sources_of(testset, directions):
    """The sources of every direction, each file once."""
    return list(dict.fromkeys(side_of(testset, d, 0) for d in directions))


def system_files(system, seed, *names):
    return [f"{RESULTS}/systems/{system}/s{seed}/{name}" for name in names]


def model_files(system, seed):
    """What a stage reads of a system to open its model."""
    return system_files(system, seed, *files_of_model(EXPERIMENT))


def parent_files(wildcards):
    """The baseline of its seed, from which a system is made."""
    return system_files(BASELINE, wildcards.seed, *parts_of(EXPERIMENT, BASELINE))


def hypotheses_of(system, seed, testset):
    folder = f"{RESULTS}/translations/{system}/s{seed}/{testset}"
    return [f"{folder}/{direction}.txt" for direction in EXPERIMENT.directions_scored(system, testset)]


def empty_references():
    """What is done with empty references, if not the default."""
    chosen = EXPERIMENT.evaluation.empty_references
    return None if chosen == "error" else chosen


def directions_and_references(directions, testset, profile="raw"):
    """The directions of a job, and the pattern of their references."""
    return {"directions": directions, "references": REFERENCES[profile].replace("{testset}", testset)}


def tokenizers_of_targets(directions):
    """The config's tokenizers for the target languages of directions."""
    targets = {split_direction(direction)[1] for direction in directions}
    return {lang: name for lang, name in EXPERIMENT.evaluation.tokenizers.items() if lang in targets}


def segments_of(system, wildcards):
    """The statistics of a system's sentences: of sacrebleu's metrics, or of the job's COMET model."""
    job = f"{system}/s{wildcards.seed}/{wildcards.testset}.{wildcards.profile}"
    model = wildcards.get("comet")
    return f"{RESULTS}/comet/{job}.{model}.segments.npz" if model else f"{RESULTS}/scores/{job}.segments.npz"


def compared_with(system):
    """The systems that a system is tested against: the baseline, and the control of continued training."""
    return [other for other in (BASELINE, EXPERIMENT.control) if other and other != system]


def comet_model(name):
    """The files that identify a COMET model; if one is missing, only its jobs fail."""
    folder = COMET[name].folder
    if folder is None:
        return [f"{RESULTS}/data/comet/{name}.json"]
    encoder = [f"{ENCODER}/{pattern}" for pattern in ENCODER_FILES]
    named = [str(SETTINGS), str(CHECKPOINT), *encoder]
    return sorted({str(file) for name in named for file in Path(folder).glob(name)})


def tests(significance):
    """The tests of significance as options of their stage, if there are any."""
    if significance is None:
        return {}
    # How many the correction needs depends on the level; given ones do not, and the tests stay as they are.
    number = (
        {"resamples": significance.resamples} if significance.resamples else {"level": significance.level}
    )
    return {**number, "random_seed": significance.seed}


def comet_settings(model):
    """A COMET model as options of its stage."""
    fetched = None if model.folder else f"{RESULTS}/data/comet/{model.name}.json"
    return {"fetched": fetched, **model.model_dump(include={"folder", "batch_size", "known_languages"})}


# Systems whose folders tables read: for costs, and for the validation losses that choose a k of a sweep.
READ = EXPERIMENT.all_systems if COSTS in tables_of(EXPERIMENT) else []


def tables():
    """What the config says of tables, and the folders of what is not a score."""
    asked, evaluation = EXPERIMENT.report, EXPERIMENT.evaluation
    return {
        "comet": list(COMET),
        "contrastive": list(evaluation.contrastive),
        "comet_root": f"{RESULTS}/comet" if COMET else None,
        "significance_root": f"{RESULTS}/significance" if evaluation.significance else None,
        "level": evaluation.significance.level if evaluation.significance else None,
        "off_target_root": f"{RESULTS}/off_target" if evaluation.off_target else None,
        "ceiling_root": f"{RESULTS}/data/ceiling" if with_ceilings(EXPERIMENT) else None,
        "likelihood_root": f"{RESULTS}/likelihoods" if evaluation.likelihood else None,
        "contrastive_root": f"{RESULTS}/contrastive" if evaluation.contrastive else None,
        "partial_testsets": EXPERIMENT.partial_testsets or None,
        "partial_systems": EXPERIMENT.partial_systems or None,
        "draws": draws(EXPERIMENT) or None,
        "choose": chosen_sweeps(EXPERIMENT),
        "costs": ways(EXPERIMENT) if READ else None,
        "systems_root": f"{RESULTS}/systems" if READ else None,
        "benchmarks_root": f"{RESULTS}/benchmarks" if READ else None,
        "untrained": untrained(EXPERIMENT),
        "pivot": EXPERIMENT.pivot,
        "control": EXPERIMENT.control,
        "groups": EXPERIMENT.groupings,
        "without": asked.without,
        "bilingual": asked.bilingual,
        "published": asked.published.model_dump() if asked.published else None,
    }


# Mask sets whose units are tabulated, with their files.
UNIT_MASKS = unit_masks(EXPERIMENT)


def unit_mask_files():
    return [
        f"{RESULTS}/{pattern.replace('{seed}', str(seed))}"
        for pattern in UNIT_MASKS.values()
        for seed in EXPERIMENT.train.seeds
    ]


# Systems whose curves can be drawn.
TRAINED = drawn(EXPERIMENT)
# Systems of several draws, by the name that they have together.
DRAWS = draws(EXPERIMENT)
# The grouping that orders figures.
FAMILIES = {name: groups for name, groups in EXPERIMENT.groupings.items() if name == "family"}
# Tables whose figures are drawn, beside the summary.
TABLES_DRAWN = [name for name in ("controls", "significance") if name in tables_of(EXPERIMENT)]
TABLES_DRAWN += ["units"] if unit_masks(EXPERIMENT) else []


def page_in_report(path):
    return report(path, category="Answer", labels={"page": "the answer on one page"})


def tables_in_report(paths):
    """Tables in Markdown, for Snakemake's report."""
    listed = [paths] if isinstance(paths, str) else paths
    shown = [report(file, category="Tables", labels={"table": Path(file).stem}) for file in listed]
    return shown[0] if isinstance(paths, str) else shown


def label_of_figure(name):
    """The labels of a figure: `iou_k70` is the figure iou of k70."""
    kind, _, of = name.partition("_")
    return {"figure": kind, "of": of or "all stages"}


def figures(name, labels, category="Figures"):
    """The outputs of a stage that draws figures. Each picture stands in Snakemake's report under the caption that
    its job wrote: one that Snakemake fills in has the config of today, not that of the picture.

    labels: name → text by which a figure is found, with wildcards; of a stage with several figures, a function of
    the path of a picture, without folder and ending.
    """

    def one(path, caption, labels):
        return report(path, caption=caption, category=category, labels=labels)

    def in_report(paths):
        if isinstance(paths, str):
            # Includes the file of the job's role `caption`.
            return one(paths, "caption.rst", labels)
        captions = [Path(path.replace("<results>", RESULTS)).with_suffix(".rst") for path in paths]
        found = zip(paths, captions)
        return [one(path, str(caption.absolute()), labels(Path(path).stem)) for path, caption in found]

    return files(name, png=in_report)
