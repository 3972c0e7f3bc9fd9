# The files that masks are made of, and what their stage takes as options.
from workflow_scripts.config.mask_scores import COMPARING
from workflow_scripts.workflow.needed_masks import criteria, selected, spread


def rows_of(row):
    """Directions of a mask file: `row` is `/ka-ke` for one that is only evaluated, or empty."""
    return [row.removeprefix("/")] if row else EXPERIMENT.train_directions


# Every mask set, with its definition and with what it is made of.
MASK_SETS, MASK_SETTINGS = EXPERIMENT.masks.named, EXPERIMENT.mask_sets


# That scores which say nothing are accepted changes no other masks, so it is not compared.
ACCEPT = "--accept-uninformative" if EXPERIMENT.masks.accept_uninformative else ""
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
    return f"--masks {input.masks} {ACCEPT}" if input.masks else ACCEPT


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
    """What masks are made of, as options."""
    if input.weights:
        return f"--weights-of {parent(input.weights[0])} {ACCEPT}"
    return (
        f"--activations-root {parent(input.counts[0])} {ACCEPT}" if input.counts else f"--like {input.like}"
    )


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
