"""Units of several models compared site by site: reading, sums and figures together."""

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from workflow_scripts.analyse.correlation.figures import FORMS, SCORES, Figures, anchors, figures
from workflow_scripts.analyse.correlation.reading import Block, Text
from workflow_scripts.analyse.correlation.sums import Sums
from workflow_scripts.common.errors import UserError
from workflow_scripts.units.mask_sets import seed_of
from workflow_scripts.units.space import STACKS, UnitSpace

Layers = Literal["same", "all"]
#: Forms that need how a model's units vary with one another.
WHOLE = frozenset({"linreg", "svcca"})
#: Bytes of sums at one time, beyond which the text is read again for further layers; the most of one site.
AT_ONCE, MOST = 4e9, 16e9

logger = logging.getLogger(__name__)


def sites_of(space: UnitSpace, layers: Layers) -> dict[str, UnitSpace]:
    """Return what is compared with its like in other models, by name: each group of units, or with ``all``
    the groups of one stack and kind together."""
    if layers == "same":
        return {group.key: UnitSpace([group]) for group in space.groups}
    return {
        f"{stack}.{kind}": space.part([kind], [stack])
        for stack in STACKS
        for kind in space.kinds
        if any((group.stack, group.kind) == (stack, kind) for group in space.groups)
    }


def bytes_of(units: int, models: int, draws: int, forms: Collection[str]) -> float:
    """Return the bytes of the sums of one site, for both parts of a text."""
    pairs = models * (models - 1) // 2
    matrices = pairs + draws * (models - 1) + (models if WHOLE & set(forms) else 0)
    return 2 * 8.0 * units**2 * matrices


def compare(
    text: Text, space: UnitSpace, layers: Layers, forms: Collection[str], draws: int, seed: int
) -> tuple[dict[str, Any], dict[str, NDArray[np.float64]]]:
    """Return the facts of each site, and the scores: form → [models, units of ``space``].

    ``forms``: of ``FORMS``. ``draws``: by chance; ``seed``: of these. UserError: a site is too large, two
    models do not read the same, or a part of the text has no tokens.
    """
    models = len(text.ports)
    sites = sites_of(space, layers)
    for name, site in sites.items():
        need = bytes_of(site.size, models, draws, forms)
        if need > MOST:
            raise UserError(
                f"--layers {layers}: the {site.size} units of {name} would need {need / 1e9:.0f} GB; take"
                " layers: same, or forms: [max, min]"
            )
    scores = {form: np.zeros((models, space.size)) for form in SCORES if form in forms}
    facts: dict[str, Any] = {}
    for names in _passes(sites, models, draws, forms):
        for name, found in _one_pass(text, {one: sites[one] for one in names}, forms, draws, seed):
            facts[name] = found.facts
            ids = space.ids_of(sites[name])
            for form, values in found.scores.items():
                scores[form][:, ids] = np.stack(values)
            logger.info(_line(name, found.facts, forms))
    return {name: facts[name] for name in sites}, scores


def _passes(
    sites: Mapping[str, UnitSpace], models: int, draws: int, forms: Collection[str]
) -> Iterator[list[str]]:
    """Yield the names of sites whose sums fit into memory together, of one stack."""
    now: list[str] = []
    used, stack = 0.0, None
    for name, site in sorted(sites.items(), key=lambda one: STACKS.index(one[1].groups[0].stack)):
        need = bytes_of(site.size, models, draws, forms)
        if now and (used + need > AT_ONCE or site.groups[0].stack != stack):
            yield now
            now, used = [], 0.0
        now.append(name)
        used, stack = used + need, site.groups[0].stack
    yield now


def _one_pass(
    text: Text, sites: Mapping[str, UnitSpace], forms: Collection[str], draws: int, seed: int
) -> Iterator[tuple[str, Figures]]:
    read = UnitSpace(group for site in sites.values() for group in site.groups)
    whole = bool(WHOLE & set(forms))
    of_draws = anchors(len(text.ports), draws)
    sums = {name: {part: Sums(of_draws, whole) for part in (False, True)} for name in sites}
    shifts: dict[str, list[Tensor]] = {}
    drawn = [np.random.Generator(np.random.PCG64(seed_of(seed, f"draw {n}"))) for n in range(draws)]
    for block in text.read(read):
        orders = [block.order(generator) for generator in drawn]
        for name, site in sites.items():
            _add(block, read, site, shifts.setdefault(name, []), sums[name][block.held_out], orders)
    for name in sites:
        fit, held_out = sums[name][False], sums[name][True]
        if min(fit.tokens, held_out.tokens) < 2:
            raise UserError("--max-sentences: a part of the lines has no two tokens; take more sentences")
        yield name, figures(fit, held_out, forms)
        sums[name].clear()


def _add(
    block: Block, read: UnitSpace, site: UnitSpace, shift: list[Tensor], sums: Sums, orders: Sequence[Tensor]
) -> None:
    ids = read.ids_of(site)
    span = slice(int(ids[0]), int(ids[-1]) + 1)
    values = [one[:, span] for one in block.values]
    if not shift:
        # In float64, so that a constant unit becomes exactly 0.
        shift.extend(one.double().mean(dim=0).float() for one in values)
    sums.add([one - first for one, first in zip(values, shift, strict=True)], orders)


def _line(name: str, facts: Mapping[str, Any], forms: Collection[str]) -> str:
    told = []
    for form in FORMS:
        if form in forms:
            mean, chance = facts[form]["mean"], facts[form]["chance"]["mean"]
            told.append(f"{form} {shown(mean)} (by chance {shown(chance)})")
    return f"{name}: {', '.join(told)}"


def shown(value: float | None) -> str:
    """Return a figure with three digits, ``–`` where it is undefined."""
    return "–" if value is None else f"{value:.3f}"
