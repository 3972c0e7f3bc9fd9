"""The explorer of 60 directions and 12 layers: seconds and memory to build it, its size, and how quick it is.

Made-up data: 2,048 neurons a layer, three mask sets, five systems, 1,000 sentences of 20 words, of which a
hypothesis has seven in ten. In the browser:
until the page is ready, and from a choice until what it changes is drawn. Needs a Chromium on this machine.
"""

import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from tests.browser import chromium
from tests.runner.session import packages
from workflow_scripts.evaluate.segments import Scored, write_scores
from workflow_scripts.report.explorer.build_explorer import main as build
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.score_table import ScoreTable
from workflow_scripts.units.space import ffn_space

LANGUAGES = [f"l{n:02}" for n in range(30)]
DIRECTIONS = [f"{one}-en" for one in LANGUAGES] + [f"en-{one}" for one in LANGUAGES]
GROUPS = {"family": {f"family{n}": LANGUAGES[n * 5 : n * 5 + 5] for n in range(6)}}
SPACE = ffn_space(6, 6, 2048)
SETS = ["k70", "k90", "k95"]
SYSTEMS = ["baseline", "continued", *(f"ns-{name}" for name in SETS)]
SENTENCES, LENGTH, VOCABULARY, POSITIONS = 1000, 20, 8000, 30000
#: What is done, and the text that changes when it is done.
CHOICES = {
    "another layer": ("select_option", "#layer", "encoder.3.ffn", "#overlap-note"),
    "another side": ("select_option", "#stack", "decoder", "#overlap-note"),
    "another mask set": ("select_option", "#masks", "k90", "#overlap-note"),
    "another order": ("select_option", "#order", "similar", "#overlap-note"),
    "another pair": ("select_option", "#second", "7", "#pair"),
    "another unit": ("fill", "#unit", "17", "#activity-note"),
    "another system in the table": ("select_option", "#system", "continued", "#scores-note"),
    "another direction's hypotheses": ("select_option", "#direction", "en-l07", "#lines-note"),
}


def write(results: Path) -> None:
    """Write the made-up experiment."""
    draws = np.random.default_rng(1)
    words = np.array([f"{n:x}word" for n in range(VOCABULARY)])

    def text(path: Path, like: Any = None) -> Any:
        """Random words; of a hypothesis three in ten, the others are those of its reference."""
        rows = words[draws.integers(0, VOCABULARY, (SENTENCES, LENGTH))]
        if like is not None:
            rows = np.where(draws.random(rows.shape) < 0.3, rows, like)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{' '.join(row)}\n" for row in rows))
        return rows

    texts = {
        (language, side): text(results / f"data/text/test/{'-'.join(sorted((language, 'en')))}.{side}.txt")
        for language in LANGUAGES
        for side in (language, "en")
    }
    for system in SYSTEMS:
        directions = {}
        for direction in DIRECTIONS:
            source, target = direction.split("-")
            reference = texts[source if target == "en" else target, target]
            text(results / f"translations/{system}/s1/test/{direction}.txt", reference)
            # Of each of chrF's orders: n-grams of the hypothesis, of the reference, and of both.
            counts = draws.integers(50, 90, (SENTENCES, 8, 3))
            counts[:, :, 2] = counts.min(axis=2) * draws.random((SENTENCES, 8))
            scores = [
                {"metric": metric, "score": float(draws.random() * 40), "signature": "x"}
                for metric in ("bleu", "chrf")
            ]
            entry: dict[str, Any] = {"n": SENTENCES, "scores": scores, "references_sha256": "0" * 64}
            directions[direction] = Scored(entry, {"chrf": counts.reshape(SENTENCES, 24)})
        job = {"experiment": "bench", "system": system, "seed": 1, "testset": "test", "profile": "raw"}
        write_scores(results / f"scores/{system}/s1/test.raw.json", job, directions)
    for name in SETS:
        keep = draws.random((len(DIRECTIONS), SPACE.size)) < 0.4
        path = results / f"masks/baseline/s1/{name}.npz"
        MaskTable(DIRECTIONS, keep, SPACE, {"rule": "mass", "k": name[1:]}).write(path)
    facts = {f"{side}_positions": POSITIONS for side in ("source", "target")}
    for direction in DIRECTIONS:
        counts = draws.integers(0, POSITIONS // 3, (1, SPACE.size))
        ScoreTable([direction], counts, SPACE, facts | {"counting": "pads excluded"} | _NO_PADS).write(
            results / f"activations/baseline/s1/valid/{direction}.npz"
        )


_NO_PADS = {"source_pads": 0, "target_pads": 0}


def options(results: Path, out: Path) -> list[str]:
    """Return the options of the page."""
    return [
        *("--experiment", "bench", "--systems", *SYSTEMS, "--seeds", "1", "--testsets", "test"),
        *("--directions", *DIRECTIONS, "--metrics", "bleu", "chrf", "--pivot", "en"),
        *("--groups", json.dumps(GROUPS), "--scores-root", f"{results}/scores"),
        *("--hypotheses", f"{results}/translations/{{system}}/s{{seed}}/{{testset}}/{{direction}}.txt"),
        *("--references", f"{results}/data/text/{{testset}}/{{pair}}.{{target}}.txt"),
        *("--sources", f"{results}/data/text/{{testset}}/{{pair}}.{{source}}.txt"),
        *("--masks", *(f"{name}={results}/masks/baseline/s{{seed}}/{name}.npz" for name in SETS)),
        *("--counts", f"{results}/activations/baseline/s{{seed}}/valid", "--out", str(out)),
    ]


def measure_in_browser(page_file: Path) -> None:
    """Open the page and make each choice; print milliseconds by the browser's own clock."""
    sys.path.append(packages("browser"))
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        running = play.chromium.launch(executable_path=chromium.found(), args=chromium.ARGUMENTS)

        def work() -> float:
            """Return the processor time of the page's thread so far, ms."""
            metrics = devtools.send("Performance.getMetrics")["metrics"]
            return 1000 * next(one["value"] for one in metrics if one["name"] == "ThreadTime")

        for _ in range(3):
            page = running.new_context().new_page()
            devtools = page.context.new_cdp_session(page)
            devtools.send("Performance.enable")
            page.goto(page_file.as_uri())
            page.wait_for_selector("html[data-ready]", timeout=120_000)
            took = page.evaluate("performance.now()")
            print(f"opens: {took:.0f} ms, {work():.0f} of them processor time", flush=True)
        # From the choice to the first picture after what it changed.
        page.evaluate(
            """() => {
                window.changed = (selector) => {
                    const start = performance.now();
                    window.took = new Promise((done) => {
                        const seen = new MutationObserver(() => {
                            seen.disconnect();
                            const end = () => done(performance.now() - window.chosenAt);
                            requestAnimationFrame(() => setTimeout(end));
                        });
                        const all = { childList: true, characterData: true, subtree: true };
                        seen.observe(document.querySelector(selector), all);
                    });
                };
                for (const event of ["input", "change"]) {
                    document.addEventListener(event, () => { window.chosenAt = performance.now(); }, true);
                }
            }"""
        )
        for name, (action, field, value, watched) in CHOICES.items():
            page.evaluate("(selector) => window.changed(selector)", watched)
            before = work()
            getattr(page, action)(field, value)
            took = page.evaluate("window.took")
            print(f"{name}: {took:.0f} ms, {work() - before:.0f} of them processor time", flush=True)
        running.close()


def main() -> None:
    """Build the page and open it."""
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder)
        write(results)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        start, cpu = time.monotonic(), time.process_time()
        build(options(results, results / "explorer.html"))
        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(
            f"built in {time.monotonic() - start:.0f} s ({time.process_time() - cpu:.0f} s of CPU time), peak"
            f" {used / 1024:.0f} MB ({before / 1024:.0f} MB before)"
        )
        print(f"{(results / 'explorer.html').stat().st_size / 1e6:.1f} MB", flush=True)
        if reason := chromium.install():
            print(f"not opened: {reason}")
        else:
            measure_in_browser(results / "explorer.html")


if __name__ == "__main__":
    main()
