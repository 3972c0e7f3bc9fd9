# Config, paths, wildcard constraints and small input helpers.
import gc
import itertools
import json
import os
import re
import shlex
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.utils import update_config

CHECKOUT = Path(workflow.current_basedir.get_path_or_uri(secret_free=False)).resolve().parent
if str(CHECKOUT) not in sys.path:
    sys.path.insert(0, str(CHECKOUT))

from workflow_scripts.config.base import BASELINE
from workflow_scripts.config.load import load_experiment, read_yaml
from workflow_scripts.directions import pair_of, split_direction
from workflow_scripts.errors import UserError
from workflow_scripts.operate.closure import closure_hash
from workflow_scripts.operate.environments import environment_identity
from workflow_scripts.operate.expected import TOY_CONTRAST, tables_of, use_system_rule
from workflow_scripts.operate.orphans import RUN_VARIABLE
from workflow_scripts.operate.site import read_site
from workflow_scripts.operate.training_code import training_code
from workflow_scripts.processes import identity
from workflow_scripts.translate.contrastive_set import read_contrastive

try:
    # Not `configfile:`, which would mix the demo's keys into every other experiment.
    # `--config key=value` alone changes keys of the demo; a workflow that uses this one as a module gives it all.
    if workflow.overwrite_configfiles or "experiment" in config:
        EXPERIMENT = load_experiment(config, workflow.overwrite_configfiles)
    else:
        DEMO = CHECKOUT / "config" / "config.yaml"
        demo_config = read_yaml(DEMO)
        update_config(demo_config, config)
        EXPERIMENT = load_experiment(demo_config, [DEMO])
    SITE = read_site()
except UserError as error:
    raise WorkflowError(str(error)) from None

# What a plan of thousands of jobs is made of lives to its end: to look through it for garbage again and again takes a
# tenth of the time.
gc.set_threshold(200_000, 50, 100)

RESULTS = f"results/{EXPERIMENT.experiment}"
# Systems that are taken from another experiment.
USED = EXPERIMENT.used
# COMET models by the name of their metric, and those of them that are fetched.
COMET = {model.name: model for model in EXPERIMENT.evaluation.comet}
COMET_FETCHED = [name for name, model in COMET.items() if model.model is not None]


# What a profile sets for count_encoder holds for each of its rules, whose names depend on the experiment.
requested = workflow.resource_settings.overwrite_resources
if "count_encoder" in requested:
    shared = {f"count_encoder_{by}": requested["count_encoder"] for by in EXPERIMENT.counted_together}
    workflow.resource_settings.overwrite_resources = {**shared, **requested}


pathvars:
    results=RESULTS,
    logs=f"{RESULTS}/logs",
    benchmarks=f"{RESULTS}/benchmarks",


# How a job finds its interpreter (envs/bin/run-in): set here, outside params and command text, so that moving the
# checkout or going from virtual environments to conda reruns nothing.
METHODS = {method.name for method in workflow.deployment_settings.deployment_method}
DEPLOYMENT = "conda" if "CONDA" in METHODS else "venv"
IMAGES = SITE.images if "APPTAINER" in METHODS else {}
PREFIX = f"export PATH='{CHECKOUT}/envs/bin':$PATH NEURONSPEC_DEPLOYMENT={DEPLOYMENT} NEURONSPEC_IMAGES='{' '.join(IMAGES)}'; "
if "ENV_MODULES" in METHODS and SITE.modules:
    # Snakemake goes on without the modules where there is no `module`.
    PREFIX += "type module > /dev/null || { echo 'error: there is no command module here: see docs/how-to/site-software.md' >&2; exit 1; }; "


def set_prefix(text):
    """What every shell command begins with."""
    # Snakemake fills in what stands in braces.
    shell.prefix(text.replace("{", "{{").replace("}", "}}"))


# A shell that ends by SIGTERM takes the job's step with it, while a training is still writing its checkpoint.
PREFIX += "trap : TERM; "
set_prefix(PREFIX)

# Of a job that computes on a GPU where there is one, on this machine (rules/gpus.smk); a cluster's profile says its own.
# (Snakemake tells its executor only when the rules have been read; but only on a cluster is there a number of nodes.)
ON_CLUSTER = workflow.resource_settings.nodes is not None or workflow.remote_exec
GPU = None if ON_CLUSTER else 1

# Jobs inherit who started them, so that those that outlive a killed workflow are known (operate/orphans.py). What
# Snakemake starts to run one job keeps the name of the workflow.
if workflow.exec_mode.name == "DEFAULT":
    os.environ[RUN_VARIABLE] = identity()


def modules_of(environment):
    """What `module load` takes before the jobs of an environment, where the site says so."""
    return SITE.modules.get(environment, ())


def image_of(environment):
    """The container that the jobs of an environment run in, where the site has one."""
    return SITE.images.get(environment)


def alternatives(values):
    return "|".join(re.escape(str(value)) for value in values)


wildcard_constraints:
    direction=alternatives(EXPERIMENT.evaluated_directions),
    pair=alternatives(EXPERIMENT.pairs),
    lang=alternatives(EXPERIMENT.languages),
    one=alternatives(EXPERIMENT.languages),
    two=alternatives(EXPERIMENT.languages),
    subset=alternatives(EXPERIMENT.subsets),
    testset=alternatives(EXPERIMENT.testsets),
    seed=alternatives(EXPERIMENT.train.seeds),
    system=alternatives(EXPERIMENT.all_systems),
    finetuned=alternatives(name for name in EXPERIMENT.finetuned if name not in USED) or "none",
    maskset=alternatives(EXPERIMENT.mask_sets),
    sweep=alternatives(EXPERIMENT.sweeps) or "none",
    comet=alternatives(COMET) or "none",
    contrast=alternatives(EXPERIMENT.evaluation.contrastive) or "none",


def as_json(value):
    """JSON on one line with sorted keys: equal settings give equal params."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def as_options(settings):
    """Settings as command-line options: max_length 200 is `--max-length 200`."""
    return " ".join(f"--{key.replace('_', '-')} {value}" for key, value in settings.items())


def parent(path, levels=1):
    """The folder `levels` above a file of a list (subpath takes single files only)."""
    return str(Path(path).parents[levels - 1])


def pairs_of_subset(subset):
    return EXPERIMENT.train_pairs if subset == "train" else EXPERIMENT.pairs


def files_of_pair(subset, pair):
    """Language to file that the text of a subset and pair comes from."""
    pattern = EXPERIMENT.data.source.patterns(f"{RESULTS}/data")[subset]
    wanted = [d for d in EXPERIMENT.evaluated_directions if pair_of(d) == pair]
    reverse = "-".join(reversed(pair.split("-")))
    # A corpus may name its files by either direction; generated and downloaded ones are not there yet.
    candidates = [pattern.files(direction) for direction in dict.fromkeys([*wanted, pair, reverse])]
    there = [files for files in candidates if all(Path(file).exists() for file in files.values())]
    return (there or candidates)[0]


def missing_text():
    """A line for each pair whose text should be there before the workflow starts, and is not."""
    for subset in EXPERIMENT.subsets:
        for pair in pairs_of_subset(subset):
            for file in files_of_pair(subset, pair).values():
                if not file.startswith(f"{RESULTS}/data/") and not Path(file).exists():
                    yield f"data.source: no {subset} text for {pair}: there is no file {file}"


def parts_of(system):
    """The files of a system's folder that its rule declares."""
    masks = ["masks.npz"] if system in EXPERIMENT.finetuned else []
    return ["system.json", "model.safetensors", "spm.model", "dict.txt", *masks]


def missing_systems():
    """A line for each file of another experiment that `uses` needs, and that is not there."""
    for system in USED:
        for seed in EXPERIMENT.train.seeds:
            for name in parts_of(system):
                file = f"systems/{system}/s{seed}/{name}"
                there = f"results/{EXPERIMENT.uses.experiment}/{file}"
                # What was copied stays when the other experiment is deleted.
                if not Path(there).exists() and not Path(f"{RESULTS}/{file}").exists():
                    yield f"uses.experiment: {there} is missing; run {EXPERIMENT.uses.experiment} first"


# A contrastive set of the toy languages, made on demand: a name for `evaluation.contrastive`.
TOY_SET = f"{RESULTS}/{TOY_CONTRAST}"


def wrong_sets():
    """A line for each contrastive set that is not there, or not right."""
    # A job's own process need not look again.
    if workflow.exec_mode.name != "DEFAULT":
        return
    for name, file in EXPERIMENT.evaluation.contrastive.items():
        if file == TOY_SET and EXPERIMENT.data.source.type == "toy":
            continue
        try:
            read_contrastive(file, EXPERIMENT.evaluated_directions)
        except FileNotFoundError:
            yield f"evaluation.contrastive.{name}: there is no file {file}"
        except UserError as error:
            yield str(error)


def missing_numbers():
    """A line for the published numbers that are to be compared with, where they are not there."""
    published = EXPERIMENT.report.published
    if published and not Path(published.file).is_file():
        yield f"report.published.file: there is no file {published.file}"


if absent := [*missing_text(), *missing_systems(), *wrong_sets(), *missing_numbers()]:
    raise WorkflowError("\n".join(absent))


def source_files(wildcards):
    """The two files that the text of a subset and pair comes from, in the order of the pair."""
    files = files_of_pair(wildcards.subset, f"{wildcards.one}-{wildcards.two}")
    return [files[wildcards.one], files[wildcards.two]]


def downloads():
    """The files that the source downloads; own files and the toy corpus have none."""
    source = EXPERIMENT.data.source
    return (
        [] if source.type in ("files", "toy") else source.downloads(f"{RESULTS}/data", EXPERIMENT.languages)
    )


def source_lines(wildcards):
    lines = EXPERIMENT.data.source.patterns("")[wildcards.subset].lines
    return f"--lines {lines.start}:{lines.stop}" if lines else ""


def cleaning(wildcards):
    """What prepare_text leaves out of training text."""
    clean = EXPERIMENT.data.clean
    limits = [f"--max-words {clean.max_words}"] if clean.max_words else []
    limits += [f"--max-ratio {clean.max_ratio}"] if clean.max_ratio else []
    limits += ["--dedup"] if clean.dedup else []
    return " ".join(limits) if wildcards.subset == "train" else ""


def text_files(subset, languages=None):
    """Prepared text of all pairs of a subset (of the sides in `languages`, if given)."""
    return [
        f"{RESULTS}/data/text/{subset}/{pair}.{lang}.txt"
        for pair in pairs_of_subset(subset)
        for lang in pair.split("-")
        if languages is None or lang in languages
    ]


EVALUATED_ONLY = set(EXPERIMENT.directions.evaluate_only)

# Folders below data/bin, with their slash: one for each shard.
SHARDS = [f"shard{n}/" for n in range(EXPERIMENT.data.shards)] if EXPERIMENT.data.shards > 1 else [""]


def shard_option(wildcards):
    whole = "" if wildcards.subset == "train" else " --whole"
    return f"--shards {len(SHARDS)}{whole}" if len(SHARDS) > 1 else ""


def code_and_start(rule, threads, resources):
    """The hash of a training's code, with the options that say how it is started (see rules/training.smk).

    Where the profile asks for several processes (`mpi`), srun starts them (docs/how-to/several-gpus.md).
    """
    options = [training_code(rule)]
    if isinstance(minutes := resources.get("runtime"), int | float):
        options += ["--runtime", minutes]
    if program := resources.get("mpi"):
        nodes = resources.get("nodes") or 1
        tasks = resources.get("tasks") or nodes * resources.get("tasks_per_node")
        # As many CPUs as the plugin asks for; SLURM hands none of its own on to steps. A site's --wait would end the
        # process that writes the system soon after the others.
        cpus = resources.get("cpus_per_task") or threads
        cpus = f" --cpus-per-task={cpus}" if cpus > 0 else ""
        start = f"{program} --nodes={nodes} --ntasks={tasks}{cpus} --kill-on-bad-exit=1 --wait=0"
        options += ["--start-with", shlex.quote(start)]
    return " ".join(map(str, options))


def data_bin(files):
    """The folders of binarised files; more than one are joined as fairseq has it."""
    return ":".join(dict.fromkeys(parent(file) for file in files))


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
        for d in EXPERIMENT.evaluated_directions
    ]
    return list(dict.fromkeys(files))


# Where the source of a direction lies, with which copied hypotheses are found.
SOURCES = REFERENCES["raw"].replace("{target}", "{source}")


def sources_of(testset):
    """The sources of every direction, each file once."""
    return list(dict.fromkeys(side_of(testset, d, 0) for d in EXPERIMENT.evaluated_directions))


def system_files(system, seed, *names):
    return [f"{RESULTS}/systems/{system}/s{seed}/{name}" for name in names]


def rows_of(row):
    """Directions of a mask file: `row` is `/ka-ke` for one that is only evaluated, or empty."""
    return [row.removeprefix("/")] if row else EXPERIMENT.train_directions


def counts_of(directions, seed):
    return [f"{RESULTS}/activations/baseline/s{seed}/valid/{direction}.npz" for direction in directions]


def masks_of(wildcards):
    maskset = EXPERIMENT.finetuned[wildcards.finetuned]
    return f"{RESULTS}/masks/baseline/s{wildcards.seed}/{maskset}.npz"


def mask_row_of(wildcards):
    """The mask row of a direction that a masked system was not trained in; else nothing."""
    maskset = EXPERIMENT.finetuned.get(wildcards.system)
    if maskset is None or wildcards.direction not in EVALUATED_ONLY:
        return []
    return f"{RESULTS}/masks/baseline/s{wildcards.seed}/{maskset}/{wildcards.direction}.npz"


def mask_rows_of(wildcards):
    """The mask rows of all directions that a masked system was not trained in."""
    maskset = EXPERIMENT.finetuned.get(wildcards.system)
    folder = f"{RESULTS}/masks/baseline/s{wildcards.seed}/{maskset}"
    return (
        [f"{folder}/{direction}.npz" for direction in EXPERIMENT.directions.evaluate_only] if maskset else []
    )


def mask_pattern(wildcards, input):
    """Where the mask rows of directions lie that a masked system was not trained in."""
    return f"{parent(input.masks[0])}/{{direction}}.npz" if input.masks else ""


def hypotheses_of(system, seed, testset):
    folder = f"{RESULTS}/translations/{system}/s{seed}/{testset}"
    return [f"{folder}/{direction}.txt" for direction in EXPERIMENT.evaluated_directions]


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


def tokenizers_of_targets():
    """The tokenizers that the config names, of languages that are translated into."""
    targets = {split_direction(direction)[1] for direction in EXPERIMENT.evaluated_directions}
    return {lang: name for lang, name in EXPERIMENT.evaluation.tokenizers.items() if lang in targets}


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
    return [
        file for file in (f"{folder}/hparams.yaml", f"{folder}/checkpoints/model.ckpt") if Path(file).exists()
    ]


def significance_options(tests):
    """The tests of a config as their stage takes them; nothing where there are none."""
    if tests is None:
        return ""
    resamples = f"--resamples {tests.resamples} " if tests.resamples else ""
    return f"{resamples}--random-seed {tests.seed} --level {tests.level}"


def comet_options(model):
    """A COMET model as its stage takes it."""
    place = {"model": model.model, "folder": model.folder, "revision": model.revision}
    options = [f"--{key} {shlex.quote(value)}" for key, value in place.items() if value is not None]
    known = [f"--known-languages {' '.join(model.known_languages)}"] if model.known_languages else []
    return " ".join([*options, f"--batch-size {model.batch_size}", *known])


def tables_options():
    """What the config says of tables, and where lies what is not a score."""
    asked, tests = EXPERIMENT.report, EXPERIMENT.evaluation.significance
    options = {
        "comet-root": f"{RESULTS}/comet" if COMET else None,
        "significance-root": f"{RESULTS}/significance" if tests else None,
        "level": str(tests.level) if tests else None,
        "off-target-root": f"{RESULTS}/off_target" if EXPERIMENT.evaluation.off_target else None,
        "pivot": EXPERIMENT.pivot,
        "control": EXPERIMENT.control,
        "groups": as_json(EXPERIMENT.groupings),
        "without": as_json(asked.without),
        "bilingual": asked.bilingual,
        "published": as_json(asked.published.model_dump()) if asked.published else None,
    }
    models = [f"--comet {' '.join(COMET)}"] if COMET else []
    return " ".join(
        [*models, *(f"--{name} {shlex.quote(value)}" for name, value in options.items() if value)]
    )


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


# Systems whose curves can be drawn.
TRAINED = [system for system in EXPERIMENT.all_systems if system not in USED]


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
