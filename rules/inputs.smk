# The files that jobs read, those that the config asks for, and what stages take as options.
import itertools

from workflow_scripts.config.base import BASELINE
from workflow_scripts.evaluate.comet_model import CHECKPOINT, ENCODER, ENCODER_FILES, SETTINGS
from workflow_scripts.table_names import UNIT_FORMATS, UNITS


def binarised(subset, directions):
    """Both files of both sides of each direction's pair, in every shard; of held-out text in the first one."""
    return [
        f"{RESULTS}/data/bin/{shard}{subset}.{pair}.{lang}.{extension}"
        for shard in (SHARDS if subset == "train" else SHARDS[:1])
        for pair in dict.fromkeys(pair_of(d) for d in directions)
        for lang in pair.split("-")
        for extension in ("bin", "idx")
    ]


def side_of(testset, direction, side):
    """The prepared text of one side of a direction: side 0 is the source, 1 the target."""
    return f"{RESULTS}/data/text/{testset}/{pair_of(direction)}.{split_direction(direction)[side]}.txt"


# Where the references of a profile lie: the target's text, or what was rebuilt from its binarised form.
REFERENCES = {
    "raw": f"{RESULTS}/data/text/{{testset}}/{{pair}}.{{target}}.txt",
    "paper": f"{RESULTS}/data/references/{{testset}}.{{pair}}.{{target}}.txt",
}


def references_of(testset, profile):
    """The references of every direction, each file once."""
    files = [
        REFERENCES[profile].format(testset=testset, pair=pair_of(d), target=split_direction(d)[1])
        for d in EXPERIMENT.directions_of(testset)
    ]
    return list(dict.fromkeys(files))


# Where the source of a direction lies, with which copied hypotheses are found.
SOURCES = REFERENCES["raw"].replace("{target}", "{source}")


def sources_of(testset):
    """The sources of every direction, each file once."""
    return list(dict.fromkeys(side_of(testset, d, 0) for d in EXPERIMENT.directions_of(testset)))


def system_files(system, seed, *names):
    return [f"{RESULTS}/systems/{system}/s{seed}/{name}" for name in names]


def parent_files(wildcards):
    """What a system is made of: the baseline of its seed."""
    return system_files(BASELINE, wildcards.seed, "system.json", "model.safetensors", "spm.model", "dict.txt")


def rows_of(row):
    """Directions of a mask file: `row` is `/ka-ke` for one that is only evaluated, or empty."""
    return [row.removeprefix("/")] if row else EXPERIMENT.train_directions


def counts_of(system, directions, seed):
    return [f"{RESULTS}/activations/{system}/s{seed}/valid/{direction}.npz" for direction in directions]


# Every mask set, with its definition and with what it is made of.
MASK_SETS, MASK_SETTINGS = EXPERIMENT.masks.named, EXPERIMENT.mask_sets


def scores_of_masks(wildcards):
    """What a mask set is selected by; nothing where it is made of another one."""
    by_score = MASK_SETS[wildcards.maskset].one.select is not None
    return counts_of(wildcards.system, rows_of(wildcards.row), wildcards.seed) if by_score else []


def like_of_masks(wildcards):
    """The mask set that one is made of: its row of a direction that is only evaluated, or all its rows."""
    one = MASK_SETS[wildcards.maskset].one
    row = "" if one.of_several_rows else wildcards.row
    return f"{RESULTS}/masks/{wildcards.system}/s{wildcards.seed}/{one.like}{row}.npz" if one.like else []


def mask_settings(maskset, seed):
    """A mask set as its stage takes it, besides the file that it is like."""
    settings = {**MASK_SETTINGS[maskset], **({"seed": seed} if MASK_SETS[maskset].one.is_drawn else {})}
    settings.pop("like", None)
    words = {key: as_json(value) if isinstance(value, dict) else value for key, value in settings.items()}
    return as_options(
        {
            key: " ".join(word) if isinstance(word, list) else shlex.quote(str(word))
            for key, word in words.items()
        }
    )


def masks_of(wildcards):
    """The masks of a system that is made here."""
    maskset = EXPERIMENT.masked[wildcards.get("finetuned") or wildcards.untrained]
    return f"{RESULTS}/masks/baseline/s{wildcards.seed}/{maskset}.npz"


def mask_row_of(wildcards):
    """The mask row of a direction that a masked system was not trained in; else nothing."""
    maskset = EXPERIMENT.masked.get(wildcards.system)
    if maskset is None or wildcards.direction not in EVALUATED_ONLY:
        return []
    return f"{RESULTS}/masks/baseline/s{wildcards.seed}/{maskset}/{wildcards.direction}.npz"


def mask_rows_of(wildcards):
    """The mask rows of all directions that a masked system was not trained in."""
    maskset = EXPERIMENT.masked.get(wildcards.system)
    folder = f"{RESULTS}/masks/baseline/s{wildcards.seed}/{maskset}"
    return (
        [f"{folder}/{direction}.npz" for direction in EXPERIMENT.directions.evaluate_only] if maskset else []
    )


def mask_pattern(wildcards, input):
    """Where the mask rows of directions lie that a masked system was not trained in."""
    return f"{parent(input.masks[0])}/{{direction}}.npz" if input.masks else ""


def hypotheses_of(system, seed, testset):
    folder = f"{RESULTS}/translations/{system}/s{seed}/{testset}"
    return [f"{folder}/{direction}.txt" for direction in EXPERIMENT.directions_of(testset)]


# System, seed and test set of every job that scores.
SCORED = list(itertools.product(EXPERIMENT.all_systems, EXPERIMENT.train.seeds, EXPERIMENT.testsets))


def hypothesis_files():
    return [f for one in SCORED for f in hypotheses_of(*one)]


def score_files():
    return [
        f"{RESULTS}/scores/{system}/s{seed}/{testset}.{profile}.json"
        for profile in EXPERIMENT.evaluation.references
        for system, seed, testset in SCORED
    ]


def ceiling_files():
    """What the text processing leaves of perfect output, of every test set."""
    return [f"{RESULTS}/data/ceiling/{testset}.json" for testset in EXPERIMENT.testsets]


def subword_type(wildcards):
    """The kind of SentencePiece model, and how it normalises text where that is not as it always was."""
    subwords = EXPERIMENT.subwords
    other = f" --normalization {subwords.normalization}" if subwords.normalization != "nmt_nfkc" else ""
    return subwords.model_type + other


def directions_scored(wildcards):
    """The directions that a job's test set has."""
    return EXPERIMENT.directions_of(wildcards.testset)


def tokenizers_of_targets(testset):
    """The tokenizers that the config names, of languages that a test set has translations into."""
    targets = {split_direction(direction)[1] for direction in EXPERIMENT.directions_of(testset)}
    return {lang: name for lang, name in EXPERIMENT.evaluation.tokenizers.items() if lang in targets}


def with_empty_references(words):
    """Words of a command, and what is done with empty references where that is not the default."""
    chosen = EXPERIMENT.evaluation.empty_references
    return words if chosen == "error" else [*words, "--empty-references", chosen]


def segments_of(system, wildcards):
    """The sentences' statistics of a system: of sacrebleu's metrics, or of the COMET model that a job names."""
    job = f"{system}/s{wildcards.seed}/{wildcards.testset}.{wildcards.profile}"
    model = wildcards.get("comet")
    return f"{RESULTS}/comet/{job}.{model}.segments.npz" if model else f"{RESULTS}/scores/{job}.segments.npz"


def compared_with(system):
    """The systems that a system is tested against: the baseline, and the control of continued training."""
    return [other for other in (BASELINE, EXPERIMENT.control) if other and other != system]


def significance_files():
    """Of every system but the baseline, where the config asks for tests."""
    if EXPERIMENT.evaluation.significance is None:
        return []
    return [
        f"{RESULTS}/significance/{system}/s{seed}/{testset}.{profile}{metrics}.json"
        for metrics in ("", *(f".{name}" for name in COMET))
        for profile in EXPERIMENT.evaluation.references
        for system, seed, testset in SCORED
        if system != BASELINE
    ]


def off_target_files(testsets=EXPERIMENT.testsets):
    """In which languages every system wrote, where the config asks for it."""
    wanted = SCORED if EXPERIMENT.evaluation.off_target else []
    return [
        f"{RESULTS}/off_target/{system}/s{seed}/{testset}.json"
        for system, seed, testset in wanted
        if testset in testsets
    ]


def comet_files():
    """The COMET scores that the config asks for."""
    return [
        f"{RESULTS}/comet/{system}/s{seed}/{testset}.{references}.{name}.json"
        for system, seed, testset in SCORED
        for references in EXPERIMENT.evaluation.references
        for name in COMET
    ]


def comet_model(name):
    """The files that say which model it is; one that is missing is told by its jobs, and nothing else fails."""
    folder = COMET[name].folder
    if folder is None:
        return [f"{RESULTS}/data/comet/{name}.json"]
    encoder = [f"{ENCODER}/{pattern}" for pattern in ENCODER_FILES]
    named = [str(SETTINGS), str(CHECKPOINT), *encoder]
    return sorted({str(file) for name in named for file in Path(folder).glob(name)})


def significance_options(tests):
    """The tests of a config as their stage takes them; nothing where there are none."""
    if tests is None:
        return ""
    # How many the correction needs depends on the level; given ones do not, and the tests stay as they are.
    number = f"--resamples {tests.resamples}" if tests.resamples else f"--level {tests.level}"
    return f"{number} --random-seed {tests.seed}"


def comet_options(model):
    """A COMET model as its stage takes it."""
    if model.folder is None:
        place = f"--fetched {shlex.quote(f'{RESULTS}/data/comet/{model.name}.json')}"
    else:
        place = f"--folder {shlex.quote(model.folder)}"
    known = [f"--known-languages {' '.join(model.known_languages)}"] if model.known_languages else []
    return " ".join([place, f"--batch-size {model.batch_size}", *known])


def tables_options():
    """What the config says of tables, and where lies what is not a score."""
    asked, tests = EXPERIMENT.report, EXPERIMENT.evaluation.significance
    options = {
        "comet-root": f"{RESULTS}/comet" if COMET else None,
        "significance-root": f"{RESULTS}/significance" if tests else None,
        "level": str(tests.level) if tests else None,
        "off-target-root": f"{RESULTS}/off_target" if EXPERIMENT.evaluation.off_target else None,
        "ceiling-root": f"{RESULTS}/data/ceiling",
        "likelihood-root": f"{RESULTS}/likelihoods" if EXPERIMENT.evaluation.likelihood else None,
        "contrastive-root": f"{RESULTS}/contrastive" if EXPERIMENT.evaluation.contrastive else None,
        "partial-testsets": as_json(EXPERIMENT.partial_testsets) if EXPERIMENT.partial_testsets else None,
        "pivot": EXPERIMENT.pivot,
        "control": EXPERIMENT.control,
        "groups": as_json(EXPERIMENT.groupings),
        "without": as_json(asked.without),
        "bilingual": asked.bilingual,
        "published": as_json(asked.published.model_dump()) if asked.published else None,
    }
    named = {"comet": COMET, "contrastive": EXPERIMENT.evaluation.contrastive}
    lists = [f"--{option} {' '.join(names)}" for option, names in named.items() if names]
    return " ".join([*lists, *(f"--{name} {shlex.quote(value)}" for name, value in options.items() if value)])


def likelihood_files():
    """What the config asks for of the likelihood of given translations."""
    evaluation = EXPERIMENT.evaluation
    testsets = EXPERIMENT.testsets if evaluation.likelihood else []
    wanted = {"likelihoods": testsets, "contrastive": evaluation.contrastive}
    return [
        f"{RESULTS}/{folder}/{system}/s{seed}/{name}.json"
        for folder, names in wanted.items()
        for system in EXPERIMENT.all_systems
        for seed in EXPERIMENT.train.seeds
        for name in names
    ]


def table_files(ending):
    return [f"<results>/tables/{table}.{ending}" for table in tables_of(EXPERIMENT)]


# Mask sets whose units are tabulated, with where each lies.
UNIT_MASKS = unit_masks(EXPERIMENT)


def unit_mask_files():
    return [
        f"{RESULTS}/{pattern.replace('{seed}', str(seed))}"
        for pattern in UNIT_MASKS.values()
        for seed in EXPERIMENT.train.seeds
    ]


def unit_tables():
    return [f"{RESULTS}/tables/{UNITS}.{ending}" for ending in UNIT_FORMATS] if UNIT_MASKS else []


# Systems whose curves can be drawn.
TRAINED = [system for system in [BASELINE, *EXPERIMENT.finetuned] if system not in USED]


def training_figures():
    return [f"{RESULTS}/figures/training.png"] if TRAINED else []


def sweep_figures():
    return [f"{RESULTS}/figures/sweep_{sweep}.png" for sweep in EXPERIMENT.sweeps]


def off_target_figures():
    testsets = EXPERIMENT.testsets if EXPERIMENT.evaluation.off_target else []
    return [f"{RESULTS}/figures/off_target_{testset}.png" for testset in testsets]


def analysis_files():
    """Analyses that the config asks for."""
    wanted = []
    for seed in EXPERIMENT.train.seeds:
        if k := EXPERIMENT.analysis.mask_control_k:
            wanted.append(f"{RESULTS}/analysis/mask_control/baseline/s{seed}/k{k}.json")
        if k := EXPERIMENT.analysis.overlap_k:
            wanted.append(f"{RESULTS}/analysis/overlap/baseline/s{seed}/k{k}.json")
    return wanted
