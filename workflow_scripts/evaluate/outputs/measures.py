"""Further measures of outputs that others made: COMET models, scores of sentences from files, languages.

COMET needs the environment ``comet``; scores from files are those of any program, such as MetricX.
"""

import argparse
import json
import math
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from workflow_scripts.common.checked_options import of_each
from workflow_scripts.common.directions import split_direction
from workflow_scripts.common.errors import UserError, nearest, terminal
from workflow_scripts.common.files import sha256_of, write_json
from workflow_scripts.common.metric_names import ASKED, SHOWN
from workflow_scripts.common.parallel_text import file_of, read_parallel
from workflow_scripts.evaluate.direction_text import ERROR, read_direction
from workflow_scripts.evaluate.languages.identify import identify_direction
from workflow_scripts.evaluate.languages.language_identifier import PackagedIdentifier
from workflow_scripts.evaluate.outputs.found import of_system
from workflow_scripts.evaluate.outputs.sets import OutputSet, filled
from workflow_scripts.evaluate.segments import Scored

ROOT = Path(__file__).resolve().parents[3]
NAME = re.compile("[a-z][a-z0-9]*")


def named_places(option: str, given: Sequence[str]) -> dict[str, str]:
    """Return metric → place of ``NAME=PLACE`` options. Raises UserError: another form, a name that is
    sacrebleu's or is there twice."""
    found: dict[str, str] = {}
    for text in given:
        name, separator, place = text.partition("=")
        if not (separator and place and NAME.fullmatch(name)):
            raise UserError(f"--{option}: {text!r} is not NAME=PLACE; a name is small letters and digits")
        if name in ASKED or name.upper() in SHOWN.values():
            raise UserError(f"--{option}: {name} is sacrebleu's; give yours another name")
        if name in found:
            raise UserError(f"--{option}: {name} is named twice")
        found[name] = place
    return found


def comet_words(out: Path, one: OutputSet, system: str, name: str, folder: str) -> list[str]:
    """Return the words by which a program scores a system's directions with a COMET model's folder, but for
    those of the job. ``out``: the score file."""
    assert one.sources is not None  # check_metrics refuses a model without them
    words = ["--hypotheses", filled(one.hypotheses, {"system": system}), "--sources", one.sources]
    words += ["--references", *(of_system(reference, system) for reference in one.references)]
    words += [f"--folder={folder}", f"--name={name}", f"--out={out}", f"--cache={ROOT / 'results/.cache'}"]
    return [*words, "--directions", *one.files[system]]


def run_comet(name: str, jobs: Mapping[str, Sequence[str]]) -> None:
    """Score all that a COMET model is to score, which is loaded once. ``jobs``: what an error calls each, and
    its words. Raises UserError: the program failed, with the last that it said."""
    program = [str(ROOT / "envs/bin/run-in"), "comet", "workflow_scripts.evaluate.comet.score_outputs"]
    given, out = json.dumps(jobs).encode(), subprocess.PIPE
    done = subprocess.run(program, input=given, check=False, stdout=out, stderr=subprocess.STDOUT)
    said = done.stdout.decode("utf-8", "replace").strip()
    if done.returncode:
        last = said.splitlines()[-1:] or ["no message"]
        raise UserError(f"--comet: {name}: {terminal(last[0].removeprefix('error: '))}")


def read_given(path: Path, sentences: int) -> list[float]:
    """Read one number a line. Raises UserError: another number of lines, or a line that is no number."""
    lines = path.read_text(encoding="utf-8").splitlines()
    if len(lines) != sentences:
        raise UserError(f"{path} has {len(lines)} lines, one for each of {sentences} sentences is needed")
    values = []
    for number, line in enumerate(lines, 1):
        try:
            value = float(line)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise UserError(f"{path}, line {number}: {terminal(line)!r} is not a number")
        values.append(value)
    return values


def given_scores(one: OutputSet, system: str, name: str, pattern: str) -> dict[str, Scored]:
    """Return a system's scores of sentences from files, by direction: the score is their mean."""
    if "{system}" not in pattern:
        raise UserError(f"--segment-scores: {pattern!r}: {{system}} is needed")
    own = of_system(pattern, system)

    def read(direction: str) -> Scored:
        references, _ = one.text(direction, system)
        hypotheses, _ = read_parallel(one.files[system][direction], references[0], True)
        path = file_of(own, direction)
        column = np.array(read_given(path, len(hypotheses)))[:, None]
        mean, signature = float(column.mean()), f"metric:{name}|scores:given"
        scores = [{"metric": name, "score": mean, "signature": signature}]
        entry = {
            "n": len(column),
            "scores": scores,
            "references_sha256": None,
            "scores_sha256": sha256_of(path),
        }
        return Scored(entry, {name: column})

    return of_each(list(one.files[system]), read)


def set_of(pattern: str, one: OutputSet, original: str) -> str:
    """Return a pattern with the test set and seed of a set filled in, where ``original`` has them."""
    values = {"testset": one.testset, "seed": str(one.seed)}
    return filled(pattern, {name: value for name, value in values.items() if f"{{{name}}}" in original})


class Identified:
    """Languages of hypotheses, by the packaged identifier among the languages of all directions."""

    def __init__(self, directions: Sequence[str]) -> None:
        languages = sorted({code for direction in directions for code in split_direction(direction)})
        self._packaged = PackagedIdentifier(languages)

    @property
    def notes(self) -> list[str]:
        """A line for each language that it does not tell."""
        return [f"--off-target: {reason} ({code})" for code, reason in self._packaged.reasons.items()]

    def write(self, out: Path, one: OutputSet, system: str, job: dict[str, object], empty: str) -> None:
        """Write a system's rates; those of a target that it does not tell are null."""

        def identified(direction: str) -> dict[str, object]:
            target = split_direction(direction)[1]
            references, _ = one.text(direction, system)
            text = read_direction({system: one.files[system][direction]}, references, empty=empty)
            lines = text.hypotheses[system], text.references[0]
            unknown = target in self._packaged.reasons
            own = (lambda _: []) if unknown else self._packaged.identify
            return identify_direction(*lines, target, own, self._packaged)

        write_json(out, {**job, "directions": of_each(list(one.files[system]), identified)})


def check_metrics(comet: dict[str, str], given: dict[str, str], sources: str | None, empty: str) -> None:
    """Refuse what cannot be scored, before anything is. Raises UserError: names that are there twice, no
    folder of a model, no sources, or empty references."""
    for name in comet.keys() & given.keys():
        raise UserError(f"--segment-scores: {name} is the name of a COMET model, too")
    for name, folder in comet.items():
        if not Path(folder, "hparams.yaml").is_file():
            there = sorted(str(path.parent) for path in Path(folder).parent.glob("*/hparams.yaml"))
            raise UserError(f"--comet: {name}: {folder} has no hparams.yaml{nearest(folder, there)}")
    if comet and not sources:
        raise UserError("--comet: needs --sources, which the model reads")
    if (comet or given) and empty != ERROR:
        option = "--comet" if comet else "--segment-scores"
        raise UserError(f"{option}: of all lines, with empty references too; leave --empty-references out")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of further measures."""
    comet = "COMET model: a folder with hparams.yaml and checkpoints/model.ckpt"
    parser.add_argument("--comet", nargs="+", default=[], metavar="NAME=FOLDER", help=comet)
    given = "a number a sentence by any program, more is better: metricx=DIR/{system}/{direction}.metricx"
    parser.add_argument("--segment-scores", nargs="+", default=[], metavar="NAME=PATTERN", help=given)
    parser.add_argument("--off-target", action="store_true", help="share of hypotheses in a wrong language")
