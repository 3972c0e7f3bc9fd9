# The files that jobs read, those that the config asks for, and what stages take as options.
from workflow_scripts.config.base import BASELINE
from workflow_scripts.config.masks import COMPARING
from workflow_scripts.evaluate.comet.comet_model import CHECKPOINT, ENCODER, ENCODER_FILES, SETTINGS
from workflow_scripts.workflow.needed_masks import criteria, selected


def binarised(subset, directions):
    """Both files of both sides of each direction's pair, in every shard; of held-out text in the first one."""
    return [
        f"{RESULTS}/data/bin/{shard}{subset}.{pair}.{lang}.{extension}"
        for shard in (SHARDS if subset == "train" else SHARDS[:1])
        for pair in dict.fromkeys(pair_of(d) for d in directions)
        for lang in pair.split("-")
        for extension in ("bin", "idx")
    ]


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


def parent_files(wildcards):
    """The baseline of its seed, from which a system is made."""
    return system_files(BASELINE, wildcards.seed, "system.json", "model.safetensors", "spm.model", "dict.txt")


def rows_of(row):
    """Directions of a mask file: `row` is `/ka-ke` for one that is only evaluated, or empty."""
    return [row.removeprefix("/")] if row else EXPERIMENT.train_directions


# Every mask set, with its definition and with what it is made of.
MASK_SETS, MASK_SETTINGS = EXPERIMENT.masks.named, EXPERIMENT.mask_sets


MADE_MASKS = set(selected(EXPERIMENT))
# Of the sets of systems that are taken: their systems.
TAKEN_MASKS = {EXPERIMENT.masked[name]: name for name in USED if name in EXPERIMENT.masked}


def scores_of_masks(wildcards):
    """The scores that the rows of trained directions are selected by; none if they are made from another set."""
    named = MASK_SETS[wildcards.maskset]
    if named.one.select is None or named.one.system or named.one.file or wildcards.row:
        return []
    return scores_in(named.one.scores, named.text, wildcards)


def scores_in(folder, text, wildcards):
    """The scores of all trained directions on a text, in a folder of scores."""
    place = f"{RESULTS}/{folder}/{wildcards.system}/s{wildcards.seed}/{text}"
    return [f"{place}/{direction}.npz" for direction in EXPERIMENT.train_directions]


def scores_of_criteria(wildcards):
    """The scores that are put side by side."""
    return [
        file for folder in criteria(EXPERIMENT).values() for file in scores_in(folder, "valid", wildcards)
    ]


def folders_of_criteria(wildcards, input):
    """The folder of each of these scores, as an option."""
    files = input.scores[:: len(EXPERIMENT.train_directions)]
    return as_json(dict(zip(criteria(EXPERIMENT), map(parent, files))))


def masks_of_criteria(wildcards):
    """The masks whose row mask is compared with removal, if any."""
    k = EXPERIMENT.analysis.criteria.k
    return f"{RESULTS}/masks/{wildcards.system}/s{wildcards.seed}/k{k}.npz" if k else []


def more_of_criteria(wildcards, input):
    """These masks as an option, and whether scores that say nothing are accepted."""
    accept = ["--accept-uninformative"] if EXPERIMENT.masks.accept_uninformative else []
    return " ".join([f"--masks {input.masks}"] * bool(input.masks) + accept)


def criteria_settings(asked):
    """What the config says of criteria, as options of their stage."""
    return {"max_sentences": asked.sentences, **asked.model_dump(include={"size", "draws", "others"})}


def weights_of_masks(wildcards):
    """The system from whose weights the rows of trained directions are selected, if they are."""
    name = MASK_SETS[wildcards.maskset].one.system
    return system_files(name, wildcards.seed, "system.json") if name and not wildcards.row else []


def like_of_masks(wildcards):
    """The masks from which some are made: of another set, or for a direction that is only evaluated the set's own."""
    name, one = wildcards.maskset, MASK_SETS[wildcards.maskset].one
    if wildcards.row and one.is_merged:
        if name not in MADE_MASKS:
            return system_files(TAKEN_MASKS[name], wildcards.seed, "masks.npz")
        return f"{RESULTS}/masks/{wildcards.system}/s{wildcards.seed}/{name}.npz"
    return (
        f"{RESULTS}/masks/{wildcards.system}/s{wildcards.seed}/{one.like}{wildcards.row}.npz"
        if one.like
        else []
    )


def mask_settings(maskset, seed, row):
    """A mask set as options of its stage, without the file that it is made from."""
    if row and MASK_SETS[maskset].one.is_merged:
        return {"rows": "merged", "by": "language"}
    drawn = {"seed": seed} if MASK_SETS[maskset].one.is_drawn else {}
    if pairs := EXPERIMENT.drawn_pairs(maskset, int(seed)):
        drawn["pairs"] = pairs
    return {key: value for key, value in MASK_SETTINGS[maskset].items() if key != "like"} | drawn


def foreign_files(maskset):
    """The files of another program that a mask set is made of."""
    pattern = EXPERIMENT.foreign_masks[maskset]
    return list(dict.fromkeys(pattern.replace("{direction}", one) for one in EXPERIMENT.train_directions))


def source_of_masks(input):
    """What masks are made of, as options. That scores which say nothing are accepted changes no other masks, so it is
    not compared."""
    accept = " --accept-uninformative" if EXPERIMENT.masks.accept_uninformative else ""
    if input.weights:
        return f"--weights-of {parent(input.weights[0])}{accept}"
    return f"--activations-root {parent(input.counts[0])}{accept}" if input.counts else f"--like {input.like}"


def selection_of(wildcards):
    """How a mask set is selected, and on which text, as options of its analysis."""
    chosen = {key: MASK_SETTINGS[wildcards.maskset].get(key) for key in ("select", "stacks", "pivot")}
    return {"subset": MASK_SETS[wildcards.maskset].text, **chosen}


def masks_of(wildcards):
    """The masks of a system that is made here."""
    name = wildcards.get("untrained")
    maskset = EXPERIMENT.masked[name] if name else EXPERIMENT.trainings[wildcards.finetuned].maskset
    return f"{RESULTS}/masks/baseline/s{wildcards.seed}/{maskset}.npz"


def mask_row_of(wildcards):
    """The mask row of a direction in which a masked system was not trained; else nothing."""
    maskset = EXPERIMENT.through_masks.get(wildcards.system)
    if maskset is None or wildcards.direction not in EVALUATED_ONLY:
        return []
    return f"{RESULTS}/masks/baseline/s{wildcards.seed}/{maskset}/{wildcards.direction}.npz"


def mask_rows_of(wildcards):
    """The mask rows of all directions that a masked system was not trained in."""
    maskset = EXPERIMENT.through_masks.get(wildcards.system)
    folder = f"{RESULTS}/masks/baseline/s{wildcards.seed}/{maskset}"
    return [f"{folder}/{direction}.npz" for direction in EXPERIMENT.untrained_directions] if maskset else []


def mask_pattern(wildcards, input):
    """The pattern of mask rows of directions that a masked system was not trained in."""
    return f"{parent(input.masks[0])}/{{direction}}.npz" if input.masks else ""


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
        "ceiling_root": f"{RESULTS}/data/ceiling",
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


def tables_in_report(paths):
    """Tables in Markdown, for Snakemake's report."""
    listed = [paths] if isinstance(paths, str) else paths
    shown = [report(file, category="Tables", labels={"table": Path(file).stem}) for file in listed]
    return shown[0] if isinstance(paths, str) else shown


def figure(label):
    """A function that marks a figure's path for Snakemake's report."""
    return lambda path: report(path, category="Figures", labels={"figure": label})
