"""In which languages a system wrote: its off-target rate in every direction of a test set.

Beside it: the same rate of the *references* (by which the identifier errs itself), and the packaged
identifier's rates. Lines without a letter are counted apart. The term is that of Zhang et al. 2020.
"""

import argparse
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from workflow_scripts.common.checked_options import add_job, job_of, of_each, one_reference
from workflow_scripts.common.directions import split_direction
from workflow_scripts.common.errors import UserError, nearest, run_main
from workflow_scripts.common.files import write_json
from workflow_scripts.common.parallel_text import file_of
from workflow_scripts.evaluate.direction_text import EMPTY, ERROR, read_direction
from workflow_scripts.evaluate.languages.language_identifier import (
    PACKAGE,
    LanguageIdentifier,
    PackagedIdentifier,
    has_letter,
)

# The packaged identifier does not know a language if it takes more of the references than this for others:
# the codes of invented languages are also those of real ones.
LARGEST_ERROR = 0.5

Identify = Callable[[Sequence[str]], list[str]]


def off_target_rate(labels: Sequence[str], target: str) -> float | None:
    """Return the share of labels that are not ``target``; None of no labels."""
    return sum(label != target for label in labels) / len(labels) if labels else None


def identify_direction(
    hypotheses: Sequence[str],
    references: Sequence[str],
    target: str,
    own: Identify,
    packaged: PackagedIdentifier,
) -> dict[str, Any]:
    """Return what the JSON file says of one direction. ``agreement``: share of the hypotheses of which both
    identifiers say the same, target language or not."""
    judged = [line for line in hypotheses if has_letter(line)]
    expected = [line for line in references if has_letter(line)]
    empty = sum(not line.strip() for line in hypotheses)
    labels = own(judged)
    return {
        "n": len(hypotheses),
        "empty": empty,
        "without_letters": len(hypotheses) - empty - len(judged),
        "off_target_rate": off_target_rate(labels, target),
        "references_off_target_rate": off_target_rate(own(expected), target),
        "labels": dict(sorted(Counter(labels).items())),
        "packaged": _cross_check(judged, expected, target, labels, packaged),
    }


def _cross_check(
    judged: Sequence[str],
    expected: Sequence[str],
    target: str,
    own_labels: Sequence[str],
    packaged: PackagedIdentifier,
) -> dict[str, Any]:
    figures = dict.fromkeys(("off_target_rate", "references_off_target_rate", "agreement"))
    if reason := packaged.reasons.get(target):
        return {**figures, "reason": reason}
    figures["references_off_target_rate"] = error = off_target_rate(packaged.identify(expected), target)
    if error is not None and error > LARGEST_ERROR:
        return {**figures, "reason": f"{PACKAGE} takes {error:.0%} of the references for other languages"}
    labels = packaged.identify(judged)
    same = [(a == target) == (b == target) for a, b in zip(own_labels, labels, strict=True)]
    figures["off_target_rate"] = off_target_rate(labels, target)
    figures["agreement"] = sum(same) / len(same) if same else None
    return {**figures, "reason": None}


def main(argv: list[str] | None = None) -> None:
    """Identify every direction's hypotheses and write the JSON; all errors are raised at once."""
    parser = argparse.ArgumentParser(prog="identify", description=__doc__.splitlines()[0])
    fields = "with {direction}, {pair}, {source}, {target}"
    parser.add_argument("--identifier", required=True, help="what train_identifier wrote")
    parser.add_argument("--hypotheses", required=True, help=f"files of detokenised output, {fields}")
    parser.add_argument(
        "--references", required=True, nargs="+", help=f"files of detokenised references, {fields}"
    )
    parser.add_argument("--empty-references", default=ERROR, choices=EMPTY, help="else an error")
    add_job(parser, profile=False)
    args = parser.parse_args(argv)
    references = one_reference("the identifier", args.references)
    identifier = LanguageIdentifier.read(args.identifier)
    packaged = PackagedIdentifier(identifier.languages)

    def identified(direction: str) -> dict[str, Any]:
        target = split_direction(direction)[1]
        if target not in identifier.languages:
            known = f"it knows {', '.join(identifier.languages)}"
            raise UserError(
                f"{args.identifier}: does not know {target!r}, the target of {direction}"
                f"{nearest(target, identifier.languages)}; {known}; train it on text of that too"
            )
        hypotheses, expected = (file_of(one, direction) for one in (args.hypotheses, references))
        text = read_direction({args.system: hypotheses}, [expected], empty=args.empty_references)
        lines = text.hypotheses[args.system], text.references[0]
        return identify_direction(*lines, target, identifier.identify, packaged)

    found = of_each(args.directions, identified)
    write_json(args.out, {**job_of(args), "directions": found})
    for direction, one in found.items():
        rates = [one[key] for key in ("off_target_rate", "references_off_target_rate")]
        own, references = ("n/a" if rate is None else f"{rate:.3f}" for rate in rates)
        shown = f"off target {own}, references {references} ({one['n']} sentences)"
        print(f"{args.system} s{args.seed} {args.testset} {direction}: {shown}")


if __name__ == "__main__":
    run_main(main)
