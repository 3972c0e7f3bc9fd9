# What rules take from the declaration of their stage (workflow_scripts/workflow/stage_list).
from workflow_scripts.workflow.other_kind import files_never_made
from workflow_scripts.workflow.settings import CODE, ENVIRONMENT, as_json, as_options, given
from workflow_scripts.workflow.stages import asked_for


def files(name, like=None, **flags):
    """The outputs of a stage by role.

    like: values of wildcards on which it depends what the rule makes.
    flags: for a role, a function of its paths.
    """
    stage = STAGES[name]
    found = {}
    for role in stage.files:
        paths = [f"<results>/{path}" for path in stage.paths(EXPERIMENT, role, like or {})]
        paths = paths[0] if isinstance(stage.files[role], str) else paths
        found[role] = flags[role](paths) if role in flags else in_report(stage, role, paths)
    return found


def in_report(stage, role, paths):
    """The page of an analysis in Snakemake's report, found by system, seed, mask set and what else its path says;
    other paths as they are."""
    if role != "markdown" or not stage.module.startswith("analyse.") or not isinstance(paths, str):
        return paths
    named = re.findall(r"{(\w+)}", paths)
    labels = {{"maskset": "mask set"}.get(name, name): f"{{{name}}}" for name in named} or {"of": "all"}
    return report(paths, category="Analyses", subcategory=stage.name.replace("_", " "), labels=labels)


def made(name, role, **wanted):
    """The files of a role that all jobs of a stage make, or those jobs with these wildcards."""
    stage = STAGES[name]
    jobs = (one for one in stage.jobs(EXPERIMENT) if wanted.items() <= one.items())
    return [f"{RESULTS}/{path}" for one in jobs for path in stage.made(EXPERIMENT, one, role)]


def name_of_job(name, fixed):
    """The wildcards of a stage's jobs as names of files have them; some of them are `fixed` for a rule."""
    text = STAGES[name].log
    for wildcard, value in fixed.items():
        text = text.replace(f"{{{wildcard}}}", value)
    return f"{STAGES[name].place}/{text}"


def log_of(name, **fixed):
    return f"<logs>/{name_of_job(name, fixed)}.log"


def benchmark_of(name, **fixed):
    return f"<benchmarks>/{name_of_job(name, fixed)}.tsv"


def software_of(name):
    return STAGES[name].software(EXPERIMENT)


def conda_of(name):
    return f"../envs/{software_of(name)}.yaml"


def modules_of(name):
    """The modules that a site loads before the jobs of a stage."""
    return SITE.modules.get(software_of(name), ())


def image_of(name):
    """The container in which a site runs the jobs of a stage, if any."""
    return SITE.images.get(software_of(name))


def gpu_of(name):
    """One GPU for stages that use one on this machine; a cluster's profile has its own number."""
    gpu = STAGES[name].gpu
    return GPU if (gpu if isinstance(gpu, bool) else gpu(EXPERIMENT)) else None


def hashes_of(name):
    """The hashes of a stage's code and packages: a change of either reruns its jobs.

    Not of trainings, which may be weeks of work: a change is reported (workflow/plan/training_code.py).
    """
    stage = STAGES[name]
    if stage.training:
        return {}
    other, own = stage.other_code(EXPERIMENT)
    return {
        CODE: closure_hash(stage.module, but=other, also=own),
        ENVIRONMENT: environment_identity(software_of(name)),
    }


def identity(name, of_job=None, **settings):
    """The params of a stage's jobs: what they are compared by, and their command's options.

    `settings` is one JSON object of named values, with hashes of code and environment. `options` is a function of
    `threads`, so that Snakemake does not compare it, too.
    of_job: a function of the wildcards that returns more settings.
    """
    fixed = given({**settings, **hashes_of(name)})
    known = {}

    def both(wildcards):
        key = tuple(wildcards)
        if key not in known:
            whole = fixed | given(of_job(wildcards))
            known[key] = as_json(whole), as_options(whole)
        return known[key]

    if of_job is None:
        text, words = as_json(fixed), as_options(fixed)
        return {"settings": lambda wildcards: text, "options": lambda wildcards, threads: words}
    return {
        "settings": lambda wildcards: both(wildcards)[0],
        "options": lambda wildcards, threads: both(wildcards)[1],
    }


def command(name, words, *wildcards, append=False):
    """The command of a stage's jobs: its module, the options of `identity`, more words, wildcards as options."""
    start = f"run-in {software_of(name)} workflow_scripts.{STAGES[name].module} {{params.options}}"
    options = [f"--{wildcard} {{wildcards.{wildcard}}}" for wildcard in wildcards]
    return f"{' '.join([start, *options, words])} {'>>' if append else '>'} {{log}} 2>&1"
