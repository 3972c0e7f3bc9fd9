# What the answer on one page is told and reads.
from workflow_scripts.common.table_names import CAUTIONS, CONTROLS, UNITS
from workflow_scripts.workflow.described import how_made, not_own, with_masks

#: Tables that the page reads beside the summary.
ON_PAGE = [name for name in (CONTROLS, "wins") if name in tables_of(EXPERIMENT)] + [CAUTIONS]
ON_PAGE += [UNITS] if UNIT_MASKS else []


def what_was_run():
    """What the page says of the config."""
    return {
        "experiment": EXPERIMENT.experiment,
        "systems": EXPERIMENT.all_systems,
        "testsets": EXPERIMENT.testsets,
        "directions": EXPERIMENT.scored_directions,
        "seeds": EXPERIMENT.train.seeds,
        "pivot": EXPERIMENT.pivot,
        "baseline": BASELINE,
        "control": EXPERIMENT.control,
        "made": how_made(EXPERIMENT),
        "masked": with_masks(EXPERIMENT) or None,
        "not_own": not_own(EXPERIMENT),
        "texts": {name: EXPERIMENT.masks.named[name].text for name in UNIT_MASKS} or None,
        "groups": EXPERIMENT.groupings or None,
        "with_tables": ON_PAGE,
        "without_analyses": EXPERIMENT.analysis.strongest is None,
    }


def of_figures(role):
    """The files of a role that the rules of figures make."""
    drawing = [name for name, stage in STAGES.items() if stage.module.startswith("report.figures.")]
    return [file for name in drawing if role in STAGES[name].files for file in made(name, role)]


def read_by_page():
    """What the page is made of, by the name of its option."""
    return {
        "card": made("write_card", "json"),
        "strongest": made("strongest_units", "json"),
        "stability": made("stability", "json"),
        "figures": of_figures("png"),
    }
