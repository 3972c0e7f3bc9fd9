# How systems are trained, and how those that are taken must have been made.

# Mask sets that the config describes: not those of masks.k, nor `all`.
SETS_OF_CONFIG = {name for name, named in MASK_SETS.items() if named.key in EXPERIMENT.masks.sets}


def training_settings(section, directions):
    """A training's settings, with the weights of sources if these differ."""
    pairs = {pair_of(direction) for direction in directions}
    weights = {pair: one for pair, one in EXPERIMENT.source_weights.items() if pair in pairs}
    return section.settings() | given({"source_weights": weights or None})


def way_to_train(wildcards):
    """How a system, or a part of one, is fine-tuned: what its training is compared by."""
    name, made = wildcards.finetuned, EXPERIMENT.trainings[wildcards.finetuned]
    directions = EXPERIMENT.trained_by(name)
    return {
        "settings": training_settings(EXPERIMENT.training_of(name), directions),
        "directions": directions,
        "folder": training_folder("finetune", wildcards),
        "method": EXPERIMENT.method_of(name) or None,
        "start": "random" if made.system.start == "random" else None,
    }


def way_to_make(name):
    """How a system that is taken was made, as far as its files say it."""
    if name == BASELINE:
        return {}
    system, maskset = EXPERIMENT.made[name].system, EXPERIMENT.masked[name]
    has_masks = not system.each and system.train != "gradients"
    return {
        "masks": maskset if has_masks and maskset not in SETS_OF_CONFIG else None,
        "train": "none" if system.train == "none" else None,
        "method": EXPERIMENT.method_of(name) or None,
        "start": "random" if system.start == "random" else None,
        "own_weights": EXPERIMENT.trained_by(name) if system.each else None,
        "directions": EXPERIMENT.trained_by(name) if system.directions else None,
    }


def training_folder(name, wildcards):
    """The folder of a training's own files."""
    return f"{RESULTS}/{STAGES[name].training.format_map(wildcards)}"


def how_run(training, threads):
    """How a training runs, as JSON; on as many threads as its job has: fewer than its config says where cores are few."""
    return as_json({**training.execution(), "threads": threads})


def how_started(threads, resources):
    """The options that say how a training is started.

    Where the profile asks for several processes (`mpi`), srun starts them (docs/how-to/several-gpus.md).
    """
    options = []
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


def masks_made_here(name):
    """The masks that a system that is taken must have, if only those made here can say it."""
    made = EXPERIMENT.made.get(name)
    compared = (
        made is not None and made.maskset in SETS_OF_CONFIG and "masks.npz" in parts_of(EXPERIMENT, name)
    )
    return f"<results>/masks/baseline/s{{seed}}/{made.maskset}.npz" if compared else []


def made_from(input):
    """What a system that is taken was made from, as options: the baseline, and masks."""
    if input.baseline:
        yield f"--baseline {parent(input.baseline)}"
    if input.masks:
        yield f"--same-masks {input.masks}"
