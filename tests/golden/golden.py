"""Do results stay the same? Every weight, count, mask, hypothesis, score and table against kept SHA-256.

``make golden`` runs the tiny experiment and the demo from an empty folder, one thread a job, and compares
each result with ``tests/golden/{experiment}.json``. ``make golden WRITE=yes`` keeps what is found, after a
change that is meant to change results; ``EXPERIMENTS=toy60`` takes others (an hour).

Trained weights depend on the processor and the libraries: the lists name those they were written with. On
others, ``make golden AGAINST=HEAD~1`` runs an earlier commit on this machine as well and compares the two.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.golden.digests import Digest, digests
from tests.tiny_experiment import CONFIG
from workflow_scripts.workflow.software.environments import environment_identity

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(__file__).resolve().parent
#: Configs by name; those that take minutes are run if no others are asked for.
FILES = {"demo": "config/config.yaml", "toy60": "config/experiments/toy60.yaml"}
DEFAULT = ("tiny", "demo")
#: Environments whose packages compute results.
COMPUTING = ("fairseq", "text", "evaluate")
#: What a processor can do that another of the same name may not, and that chooses the kernels.
VECTORS = ("avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile")
#: More differing files than this are counted, not named.
NAMED = 20


def config_of(name: str, checkout: Path) -> dict[str, Any]:
    config = CONFIG if name == "tiny" else yaml.safe_load((checkout / FILES[name]).read_text("utf-8"))
    one = {"threads": 1}
    return config | {key: {**config.get(key, {}), **one} for key in ("train", "finetune", "decode")}


def made_on() -> dict[str, Any]:
    """Return what trained weights depend on: processor, kernels that are asked for, packages."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    said = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    return {
        "processor": said.get("model name", "unknown"),
        "vectors": [flag for flag in VECTORS if flag in said.get("flags", "").split()],
        "kernels": os.environ.get("OPENBLAS_CORETYPE", ""),
        "environments": {name: environment_identity(name) for name in COMPUTING},
    }


def run(name: str, checkout: Path, folder: Path) -> dict[str, Digest]:
    """Run an experiment of a checkout in an empty folder, and return the digests of its results.

    Raises:
        SystemExit: the run failed; its last lines.
    """
    folder.mkdir(parents=True)
    config = config_of(name, checkout)
    (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    command = [
        sys.executable, "-m", "workflow_scripts.operate.run", "--snakefile", str(checkout / "Snakefile"),
    ]  # fmt: skip
    command += ["--workflow-profile", str(checkout / "profiles/default"), "--cores", str(os.cpu_count() or 1)]
    command += ["--configfile", "config.yaml"]
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, "PYTHONPATH": str(checkout), "OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"{name}: the run failed\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return digests(folder / "results" / str(config["experiment"]))


def compare(expected: Mapping[str, Digest], found: Mapping[str, Digest]) -> tuple[list[str], list[str]]:
    """Return a line for each file that differs, and the names of those that differ in last digits only."""
    differing = [f"{name}: missing" for name in sorted(expected.keys() - found.keys())]
    differing += [f"{name}: new" for name in sorted(found.keys() - expected.keys())]
    rounded = []
    for name in sorted(expected.keys() & found.keys()):
        old, new = expected[name], found[name]
        if old["sha256"] == new["sha256"]:
            continue
        if "digits" in old and old["digits"] == new.get("digits"):
            rounded.append(name)
        else:
            differing.append(f"{name}: differs")
    return differing, rounded


@contextlib.contextmanager
def checkout_of(commit: str) -> Iterator[Path]:
    """Yield a checkout of a commit.

    Raises:
        SystemExit: there is no such commit.
    """
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "checkout")
        git = ["git", "-C", str(ROOT), "worktree"]
        add = [*git, "add", "--detach", str(folder), commit]
        done = subprocess.run(add, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"error: AGAINST={commit}: {done.stderr.strip().splitlines()[-1]}")
        try:
            yield folder
        finally:
            subprocess.run([*git, "remove", "--force", str(folder)], check=True, capture_output=True)


def kept(name: str) -> dict[str, Digest]:
    """Return the kept digests of an experiment.

    Raises:
        SystemExit: there are none, or they were written with another processor or other packages.
    """
    path = FOLDER / f"{name}.json"
    if not path.is_file():
        raise SystemExit(f"error: there is no {path.relative_to(ROOT)}: make golden WRITE=yes makes it")
    record = json.loads(path.read_text(encoding="utf-8"))
    here = made_on()
    if record["made_on"] != here:
        what = [key for key in here if record["made_on"].get(key) != here[key]]
        raise SystemExit(
            f"error: {path.relative_to(ROOT)} was written with another {' and other '.join(what)}, on which"
            " trained weights depend; make golden AGAINST=HEAD~1 runs that commit here and compares with it"
        )
    return dict(record["files"])


def tell(name: str, expected: Mapping[str, Digest], found: Mapping[str, Digest]) -> bool:
    """Print how two lists of digests compare; True if they hold the same results."""
    differing, rounded = compare(expected, found)
    if rounded:
        print(f"{name}: {len(rounded)} files differ in the last digits of figures only: {', '.join(rounded)}")
    for line in differing[:NAMED]:
        print(f"{name}: {line}")
    if len(differing) > NAMED:
        print(f"{name}: and {len(differing) - NAMED} more")
    same = len(expected.keys() & found.keys()) - sum(line.endswith("differs") for line in differing)
    print(f"{name}: {same} of {len(expected)} results are the same, {len(differing)} are not", flush=True)
    return not differing


def main() -> int:
    """Run the experiments and compare; the exit status is 1 if anything differs."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--experiments", nargs="+", choices=["tiny", *FILES], default=list(DEFAULT))
    parser.add_argument("--write", action="store_true", help="keep what is found")
    parser.add_argument("--against", metavar="COMMIT", help="compare with this commit, run here too")
    arguments = parser.parse_args()
    same = True
    with tempfile.TemporaryDirectory(prefix="golden-") as place:
        for name in arguments.experiments:
            if arguments.against:
                with checkout_of(arguments.against) as checkout:
                    expected = run(name, checkout, Path(place, name, "before"))
            elif not arguments.write:
                expected = kept(name)
            found = run(name, ROOT, Path(place, name, "now"))
            if arguments.write:
                record = {"made_on": made_on(), "files": found}
                (FOLDER / f"{name}.json").write_text(
                    json.dumps(record, indent=1, sort_keys=True) + "\n", "utf-8"
                )
                print(f"{name}: {len(found)} results kept", flush=True)
            else:
                same = tell(name, expected, found) and same
    return 0 if same else 1


if __name__ == "__main__":
    raise SystemExit(main())
