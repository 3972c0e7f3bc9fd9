"""A trial: the same experiment at a size that runs in minutes, and what was cut to get there.

The kinds of systems, mask sets and analyses stay; what they say at this size means nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from workflow_scripts.common.directions import split_direction
from workflow_scripts.common.errors import UserError
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.config.file_source import TRAIN, VALID
from workflow_scripts.config.kinds import kind_of
from workflow_scripts.config.load import load_experiment
from workflow_scripts.config.toy import ToySource
from workflow_scripts.workflow.trial import sizes
from workflow_scripts.workflow.trial.languages import without
from workflow_scripts.workflow.trial.other_kinds import of_other_kind
from workflow_scripts.workflow.trial.text import invented, own_text, shared_language, smaller_toy

Config = dict[str, Any]
#: Before the name of the experiment: in the name of its folder, and in every table.
PREFIX = "TRY-"
#: Seeds that are kept: more than one only where the config compares seeds.
MOST_SEEDS = 2


class Trial(NamedTuple):
    """The config of a trial, and a line for each thing that is not as in the experiment."""

    config: Config
    cuts: list[str]


def derive(config: Mapping[str, Any], folder: Path) -> Trial:
    """Return the trial of an experiment; ``folder`` is where it would run.

    It has as few languages and seeds as the config's own rules let it have. UserError: the config is wrong,
    or nothing smaller obeys these rules.
    """
    experiment = load_experiment(config)
    # A section without a word (`uses:`) is as good as none.
    config = {key: value for key, value in config.items() if value is not None}
    problem, every = "", len(experiment.languages)
    # What translates nothing keeps its languages, if it has any.
    fewest = min(sizes.LANGUAGES, every) if kind_of(config) is Experiment else every
    for count in range(fewest, every + 1):
        for seeds in range(1, min(MOST_SEEDS, len(experiment.train.seeds)) + 1):
            try:
                if kind_of(config) is Experiment:
                    kept = kept_languages(experiment, count)
                    trial = _of_size(config, experiment, kept, seeds, folder)
                else:
                    name = f"{PREFIX}{experiment.experiment}"
                    trial = Trial(*of_other_kind(config, experiment, name, seeds))
                load_experiment(trial.config)
            except UserError as error:
                problem = problem or str(error)
            else:
                return trial
    raise UserError(f"no smaller form of {experiment.experiment} is a right config: {problem}")


def kept_languages(experiment: Experiment, count: int) -> list[str]:
    """Return so many languages in their order: the pivot, and two of each family in turn."""
    pivot = experiment.pivot or experiment.languages[0]
    others = [one for one in experiment.languages if one != pivot]
    families = [
        [one for one in others if one in members]
        for members in experiment.groupings.get("family", {}).values()
    ]
    rounds = range(0, max((len(members) for members in families), default=0), 2)
    order = [one for start in rounds for members in families for one in members[start : start + 2]]
    chosen = {pivot, *list(dict.fromkeys([*order, *others]))[: count - 1]}
    return [one for one in experiment.languages if one in chosen]


def _of_size(
    config: Mapping[str, Any], experiment: Experiment, languages: Sequence[str], seeds: int, folder: Path
) -> Trial:
    name = f"{PREFIX}{experiment.experiment}"
    # A checkpoint has a token for each of its languages: they stay, and fewer directions are taken.
    fixed = experiment.checkpoints is not None
    gone = [one for one in experiment.languages if one not in languages]
    given = dict(zip(experiment.languages, config["languages"], strict=True))
    out = without(config, [*gone, *(given[one] for one in gone)])
    out |= {"experiment": name, "languages": [*(experiment.languages if fixed else languages)]}
    if fixed:
        out = _same_languages(out, config, experiment, languages)
    cuts = [f"languages: {', '.join(languages)} (of {len(experiment.languages)})"] if gone else []
    cuts += _dropped(config, out)
    if "uses" in out:
        cuts.append(f"systems of {out.pop('uses')['experiment']}: trained here, at the size of a trial")
    fewer = load_experiment(out)
    out["data"], pivot, said = _data(out, fewer, folder, f"results/{experiment.experiment}/data")
    out |= {"pivot": pivot} if pivot else {}
    cuts += said
    if out["data"]["source"]["type"] == "toy" and not isinstance(experiment.data.source, ToySource):
        out = _one_test_set(out, [one for one in experiment.subsets if one not in (TRAIN, VALID)])
        if fixed:
            out["attach"] = {key: one for key, one in out["attach"].items() if key != "data_bin"}
    out, more = _sections(out, experiment, fewer, seeds)
    places = tuple(f"{start}results/{experiment.experiment}/" for start in ("", f"{folder.resolve()}/"))
    return Trial(moved(out, places, name), [*cuts, *more])


def _dropped(config: Mapping[str, Any], out: Config) -> Iterator[str]:
    """Yield a line for each section whose parts are named for languages that the trial does not have."""
    masks = [one.get("masks", {}).get("sets", {}) for one in (config, out)]
    for what, before, after in (
        ("systems", config.get("systems", {}), out.get("systems", {})),
        ("mask sets", *masks),
    ):
        if gone := [name for name in before if name not in after]:
            yield f"{what} of these languages alone, left out: {', '.join(gone)}"


def moved(value: Any, places: tuple[str, ...], name: str) -> Any:
    """Return a config whose files in the experiment's results are those in the trial's."""
    if isinstance(value, Mapping):
        return {key: moved(one, places, name) for key, one in value.items()}
    if isinstance(value, list):
        return [moved(one, places, name) for one in value]
    place = next((one for one in places if isinstance(value, str) and value.startswith(one)), None)
    if place is None:
        return value
    return f"{place.removesuffix('/').rpartition('/')[0]}/{name}/{value.removeprefix(place)}"


def _same_languages(out: Config, config: Mapping[str, Any], whole: Experiment, kept: Sequence[str]) -> Config:
    trained = [one for one in whole.train_directions if set(one.split("-")) <= set(kept)]
    untrained = [one for one in whole.untrained_directions if set(one.split("-")) <= set(kept)]
    same = {key: config[key] for key in ("data", "groups") if key in config}
    return out | same | {"directions": {"train": trained, "evaluate_only": untrained}}


def _data(
    config: Config, experiment: Experiment, folder: Path, downloaded: str
) -> tuple[Config, str | None, list[str]]:
    """Return the section `data`, the pivot of invented text where it is needed, and what is to be said."""
    given = dict(config["data"])
    given.pop("shards", None)
    source = given["source"]
    counts = ", ".join(f"{number} of {subset}" for subset, number in sizes.LINES.items())
    if source["type"] == "toy":
        return {**given, "source": smaller_toy(source)}, None, [f"sentences of a pair: at most {counts}"]
    directions = [*experiment.train_directions, *experiment.untrained_directions]
    found = own_text(experiment, directions, folder, downloaded)
    if not isinstance(found, str):
        return {**given, "source": found}, None, [f"sentences of a pair: the first {counts}"]
    pivot = experiment.pivot or shared_language(experiment.train_directions)
    if pivot is None or any(pivot not in split_direction(one) for one in experiment.train_directions):
        raise UserError(f"{found} is not here, and invented text needs a language that every direction has")
    toy = invented(experiment.languages, pivot, experiment.groupings.get("family", {}))
    said = f"text: INVENTED sentences in place of the experiment's ({found} is not here); {counts}"
    return {**given, "source": toy}, pivot, [said]


def _one_test_set(config: Config, tests: Sequence[str]) -> Config:
    """Return a config whose test sets are all called as the toy corpus calls its only one."""

    def renamed(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {inner: renamed(one, inner) for inner, one in value.items()}
        return "test" if key in ("text", "testset", "subset") and value in tests else value

    out: Config = {key: renamed(value) if key != "data" else value for key, value in config.items()}
    if "texts" in out:
        out["texts"] = {
            name: {**one, "of": "test"} if one.get("of") in tests else one
            for name, one in out["texts"].items()
        }
    if "testsets" in out.get("evaluation", {}):
        out["evaluation"] = {key: one for key, one in out["evaluation"].items() if key != "testsets"}
    return out


def _sections(
    config: Config, experiment: Experiment, fewer: Experiment, seeds: int
) -> tuple[Config, list[str]]:
    """Return the config with every other section at the size of a trial, and what is to be said."""
    out, attached, toy = dict(config), "attach" in config, config["data"]["source"]["type"] == "toy"
    cuts = []
    train, finetune = config.get("train", {}), config.get("finetune", {})
    kept_seeds = experiment.train.seeds[:seeds]
    if attached:
        out["train"] = {"seeds": kept_seeds}
    else:
        out["train"] = {**sizes.short_training(train, sizes.UPDATES), "seeds": kept_seeds}
        out["model"] = sizes.small_model(config.get("model", {}))
        most = sizes.TOY_PIECES if toy else sizes.PIECES
        subwords = {**config.get("subwords", {}), "vocab_size": min(experiment.subwords.vocab_size, most)}
        if not toy:
            subwords["character_coverage"] = min(experiment.subwords.character_coverage, sizes.COVERAGE)
        out["subwords"] = subwords
        cuts.append(f"model: preset tiny, {subwords['vocab_size']} subwords")
        cuts.append(f"updates of the baseline: {sizes.UPDATES}{_in_place_of(train)}")
    if fewer.trainings:
        out["finetune"] = sizes.short_training(finetune, sizes.FINETUNE_UPDATES)
        cuts.append(f"updates of other systems: {sizes.FINETUNE_UPDATES}{_in_place_of(finetune)}")
    cuts += _said("seeds", experiment.train.seeds, kept_seeds)
    masks = {**config.get("masks", {}), "k": sizes.few_k(config), "accept_uninformative": True}
    cuts += _said("k", experiment.masks.k, [str(k) for k in masks["k"]])
    if "sets" in masks:
        masks["sets"] = sizes.few_draws(masks["sets"])
        if masks["sets"] != config["masks"]["sets"]:
            cuts.append(f"random masks: {sizes.DRAWS} draws of a kind")
    out["masks"] = masks
    if "systems" in config:
        out["systems"] = sizes.short_systems(config["systems"])
    length = min(experiment.decode.max_length, sizes.MAX_LENGTH)
    out["decode"] = {**config.get("decode", {}), "max_length": length}
    if isinstance(config.get("analysis"), Mapping):
        out["analysis"] = sizes.small_analyses(config["analysis"])
        cuts.append(f"analyses: {sizes.SENTENCES} sentences of each direction")
    for section, key in (("evaluation", "comet"), ("report", "published"), ("export", "")):
        if section in out and (not key or key in out[section]):
            out[section] = {name: one for name, one in out[section].items() if key and name != key}
            if not out[section]:
                del out[section]
            cuts.append(f"left out: {section}{'.' if key else ''}{key}")
    return out, cuts


def _in_place_of(training: Mapping[str, Any]) -> str:
    return f" (in place of {training['max_updates']:,})" if "max_updates" in training else ""


def _said(what: str, whole: Sequence[Any], kept: Sequence[Any]) -> Iterator[str]:
    if len(kept) < len(whole):
        yield f"{what}: {', '.join(map(str, kept))} (of {len(whole)})"
