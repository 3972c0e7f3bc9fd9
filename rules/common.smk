# Config, checks before the first job, paths, wildcard constraints, and how jobs are started.
import atexit
import gc
import itertools
import os
import re
import shlex
import sys
from pathlib import Path

from snakemake.utils import update_config

CHECKOUT = Path(workflow.current_basedir.get_path_or_uri(secret_free=False)).resolve().parent
if str(CHECKOUT) not in sys.path:
    sys.path.insert(0, str(CHECKOUT))

from workflow_scripts.common.directions import pair_of, split_direction
from workflow_scripts.common.errors import UserError
from workflow_scripts.common.processes import identity as identity_of_process
from workflow_scripts.common.table_names import CONTROLS, COSTS
from workflow_scripts.config.active_rule import other_rule
from workflow_scripts.config.load import load_experiment, read_yaml
from workflow_scripts.config.systems import part_name
from workflow_scripts.likelihood.contrastive_set import read_contrastive
from workflow_scripts.config.texts import RANDOM_TOKENS, TRANSLITERATIONS
from workflow_scripts.workflow.needed_texts import binarised_texts, other_texts
from workflow_scripts.units.description import DEFAULT_PORT
from workflow_scripts.workflow.plan.training_code import training_code
from workflow_scripts.workflow.run.attached import missing_masks, missing_of_attached, used_of_other_port
from workflow_scripts.workflow.run.leftovers import RUN_VARIABLE
from workflow_scripts.workflow.run.preflight import unusable_path
from workflow_scripts.workflow.run.results_lock import release
from workflow_scripts.workflow.run.source_text import files_of_pair, looked_for, text_problems
from workflow_scripts.workflow.run.terminal import refuse
from workflow_scripts.workflow.software.closure import closure_hash
from workflow_scripts.workflow.software.environments import environment_identity
from workflow_scripts.workflow.settings import ORDER, order_of
from workflow_scripts.workflow.software.site import read_site
from workflow_scripts.workflow.stage import own_rule
from workflow_scripts.workflow.stage_list.data import TOY_CONTRAST, downloads, shards, with_ceilings
from workflow_scripts.workflow.stage_list.decoding import by_library_alone, decoded_by
from workflow_scripts.workflow.stage_list.models import (
    ON_TEXT,
    adapted,
    files_of_model,
    parts_of,
)
from workflow_scripts.workflow.stage_list.report import (
    chosen_sweeps,
    compared_masks,
    drawn,
    draws,
    mapped_masks,
    tables_of,
    testsets_with_gains,
    unit_masks,
    untrained,
)
from workflow_scripts.workflow.stages import stages_of
from workflow_scripts.workflow.ways import ways


def tell_once(line):
    """Print a line for the user, once and not in each job."""
    if workflow.exec_mode.name == "DEFAULT":
        print(line, file=sys.stderr)


try:
    # Not `configfile:`, which would mix the demo's keys into every other experiment.
    # `--config key=value` alone changes keys of the demo; a workflow that uses this one as a module gives it all.
    if workflow.overwrite_configfiles or "experiment" in config:
        EXPERIMENT = load_experiment(config, workflow.overwrite_configfiles, tell_once)
    else:
        DEMO = CHECKOUT / "config" / "config.yaml"
        demo_config = read_yaml(DEMO)
        update_config(demo_config, config)
        EXPERIMENT = load_experiment(demo_config, [DEMO], tell_once)
    SITE = read_site()
except UserError as error:
    refuse(str(error).splitlines())

# The objects of a plan of thousands of jobs live to its end: collecting garbage among them takes a tenth of the time.
gc.set_threshold(200_000, 50, 100)

RESULTS = f"results/{EXPERIMENT.experiment}"
# The stages of this kind of experiment, by name.
STAGES = stages_of(EXPERIMENT)
# Systems that are taken from another experiment.
USED = EXPERIMENT.used
# Those, and checkpoints of fairseq: systems that are not trained here.
TAKEN = EXPERIMENT.taken
# COMET models by the name of their metric, and those of them that are fetched.
COMET = {model.name: model for model in EXPERIMENT.evaluation.comet}
COMET_FETCHED = [name for name, model in COMET.items() if model.model is not None]


pathvars:
    results=RESULTS,
    logs=f"{RESULTS}/logs",
    benchmarks=f"{RESULTS}/benchmarks",


# How a job finds its interpreter (envs/bin/run-in): set here, outside params and command text, so that moving the
# checkout or going from virtual environments to conda reruns nothing.
METHODS = {method.name for method in workflow.deployment_settings.deployment_method}
DEPLOYMENT = "conda" if "CONDA" in METHODS else "venv"
IMAGES = SITE.images if "APPTAINER" in METHODS else {}
if problem := unusable_path(CHECKOUT, Path.cwd()):
    refuse([problem])
PREFIX = f"export PATH={shlex.quote(f'{CHECKOUT}/envs/bin')}:$PATH NEURONSPEC_DEPLOYMENT={DEPLOYMENT}"
PREFIX += f" NEURONSPEC_IMAGES={shlex.quote(' '.join(IMAGES))}; "
if "ENV_MODULES" in METHODS and SITE.modules:
    # Snakemake goes on without the modules where there is no `module`.
    PREFIX += "type module > /dev/null || { echo 'error: there is no command module here: see docs/how-to/site-software.md' >&2; exit 1; }; "


def set_prefix(text):
    """Set the text before every shell command."""
    # Snakemake fills in braces.
    shell.prefix(text.replace("{", "{{").replace("}", "}}"))


# A shell that ends by SIGTERM takes the job's step with it, while a training is still writing its checkpoint.
PREFIX += "trap : TERM; "
set_prefix(PREFIX)

# Of a job that computes on a GPU where there is one, on this machine (rules/gpus.smk); a cluster's profile says its own.
# (Snakemake knows its executor only after reading the rules; but only a cluster has a number of nodes.)
ON_CLUSTER = workflow.resource_settings.nodes is not None or workflow.remote_exec
GPU = None if ON_CLUSTER else 1

# Jobs inherit who started them, so that those that outlive a killed workflow are known (workflow/run/leftovers.py). What
# Snakemake starts to run one job keeps the name of the workflow.
if workflow.exec_mode.name == "DEFAULT":
    os.environ[RUN_VARIABLE] = identity_of_process()
    # The lock that `make run` has taken for this process.
    atexit.register(release, Path(RESULTS).absolute())


# Text that is made of prepared text, by name.
TEXTS = EXPERIMENT.varied_texts


def alternatives(values):
    """What a wildcard may be; of no values nothing, so that no name of the user's fits."""
    return "|".join(re.escape(str(value)) for value in values) or "(?!)"


wildcard_constraints:
    direction=alternatives(EXPERIMENT.evaluated_directions),
    pair=alternatives(EXPERIMENT.pairs),
    lang=alternatives(EXPERIMENT.languages),
    one=alternatives(EXPERIMENT.languages),
    two=alternatives(EXPERIMENT.languages),
    subset=alternatives(EXPERIMENT.subsets),
    varied=alternatives(TEXTS),
    text=alternatives(other_texts(EXPERIMENT)),
    testset=alternatives(EXPERIMENT.testsets),
    seed=alternatives(EXPERIMENT.train.seeds),
    system=alternatives(EXPERIMENT.all_systems),
    finetuned=alternatives(EXPERIMENT.trainings),
    untrained=alternatives(name for name in EXPERIMENT.untrained if name not in USED),
    maskset=alternatives(EXPERIMENT.mask_sets),
    sweep=alternatives(EXPERIMENT.sweeps),
    comet=alternatives(COMET),
    contrast=alternatives(EXPERIMENT.evaluation.contrastive),
    profile="raw|paper",


def parent(path, levels=1):
    """The folder `levels` above a file of a list (subpath takes single files only)."""
    return str(Path(path).parents[levels - 1])


def sources_of_pair(subset, pair):
    """The sources of the text of a subset and pair, in order."""
    return EXPERIMENT.sources_of(subset, pair, f"{RESULTS}/data")


def missing_systems():
    """A line for each system that is missing in the experiment that `uses` names, or file of one."""
    if of_other_port := [*used_of_other_port(EXPERIMENT)]:
        yield from of_other_port
        return
    for system in USED:
        for seed in EXPERIMENT.train.seeds:
            folder = f"systems/{system}/s{seed}"
            there = f"results/{EXPERIMENT.uses.experiment}/{folder}"
            files = parts_of(EXPERIMENT, system)
            # What was copied stays when the other experiment is deleted.
            missing = [
                f"{there}/{name}"
                for name in files
                if not Path(there, name).exists() and not Path(RESULTS, folder, name).exists()
            ]
            for path in [there] if len(missing) == len(files) else missing:
                yield f"uses.experiment: {path} is missing; run {EXPERIMENT.uses.experiment} first"


# A contrastive set of the toy languages, made on demand: a name for `evaluation.contrastive`.
TOY_SET = f"{RESULTS}/{TOY_CONTRAST}"


def wrong_sets():
    """A line for each contrastive set that is missing or wrong."""
    # Jobs need not check again.
    if workflow.exec_mode.name != "DEFAULT":
        return
    for name, file in EXPERIMENT.evaluation.contrastive.items():
        if file == TOY_SET and EXPERIMENT.data.source.type == "toy":
            continue
        try:
            read_contrastive(file, EXPERIMENT.evaluated_directions)
        except FileNotFoundError:
            yield f"evaluation.contrastive.{name}: there is no file {looked_for(file)}"
        except UserError as error:
            yield str(error)


def missing_numbers():
    """A line if the published numbers are missing."""
    published = EXPERIMENT.report.published
    if published and not Path(published.file).is_file():
        yield f"report.published.file: there is no file {looked_for(published.file)}"


def missing_attached():
    """A line for each wrong file of what other programs made. Jobs need not check again."""
    if workflow.exec_mode.name == "DEFAULT":
        yield from missing_of_attached(EXPERIMENT)
        yield from missing_masks(EXPERIMENT)


if absent := [
    *text_problems(EXPERIMENT, RESULTS),
    *missing_systems(),
    *missing_attached(),
    *wrong_sets(),
    *missing_numbers(),
]:
    refuse(absent)


def source_files(wildcards):
    """The text of a subset and pair: two files of each source, in the order of the pair."""
    pair = f"{wildcards.one}-{wildcards.two}"
    found = [
        files_of_pair(EXPERIMENT, pattern, wildcards.subset, pair)
        for pattern in sources_of_pair(wildcards.subset, pair)
    ]
    return [files[lang] for files in found for lang in (wildcards.one, wildcards.two)]


def corpus():
    """What a source downloads, as options of its stage."""
    source = EXPERIMENT.data.source
    if source.type == "mtdata":
        return {"corpus": source.type, "datasets": source.datasets()}
    return {"corpus": source.type, "languages": EXPERIMENT.languages, "home": source.home}


def preparation(wildcards):
    """Which lines of each source are taken, in which order several follow each other, and how they are cleaned."""
    patterns = sources_of_pair(wildcards.subset, f"{wildcards.one}-{wildcards.two}")
    lines = [f"{one.start}:{one.stop}" if (one := pattern.lines) else ":" for pattern in patterns]
    clean = EXPERIMENT.data.clean.model_dump() if wildcards.subset == "train" else {}
    return {
        "lines": lines if set(lines) != {":"} else None,
        ORDER: order_of(source_files(wildcards)) if len(patterns) > 1 else None,
        "empty": EXPERIMENT.empty_lines(wildcards.subset),
        **clean,
    }


def subwords():
    """The subword model as options of its stage; normalisation only if it is not the default."""
    chosen = EXPERIMENT.subwords.model_dump()
    chosen["normalization"] = None if chosen["normalization"] == "nmt_nfkc" else chosen["normalization"]
    return chosen


def text_files(subset, languages=None):
    """Prepared text of all pairs of a subset (of the sides in `languages`, if given)."""
    return [
        f"{RESULTS}/data/text/{subset}/{pair}.{lang}.txt"
        for pair in EXPERIMENT.pairs_of(subset)
        for lang in pair.split("-")
        if languages is None or lang in languages
    ]


EVALUATED_ONLY = set(EXPERIMENT.untrained_directions)

# Folders below data/bin, with their slash: one for each shard.
SHARDS = shards(EXPERIMENT)


def sharding(wildcards):
    """The number of folders for text, if more than one, and the statistics recorded with it."""
    shards = len(SHARDS) if len(SHARDS) > 1 else None
    whole = shards and wildcards.subset != "train"
    return {"shards": shards, "whole": whole or None, "text_stats": statistics_of_sources(wildcards)}


def statistics_of_sources(wildcards):
    """The file that says which lines of training text are from which source, if there are several."""
    several = wildcards.subset == "train" and len(sources_of_pair("train", wildcards.pair)) > 1
    return [f"{RESULTS}/data/text/train/{wildcards.pair}.json"] if several else []


def data_bin(files):
    """The folders of binarised files; more than one are joined as fairseq has it."""
    return ":".join(dict.fromkeys(parent(file) for file in files))
