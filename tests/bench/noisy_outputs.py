"""Outputs of two pretended systems in 60 directions: references with seeded noise, no translation model.

What: for 30 languages to and from English, 2,009 lines each: `noisy` leaves out, repeats and swaps words and
letters of the reference at a rate of its direction's own, `better` at four fifths of that rate, the same in
three directions, and a little more in three. Inputs: NTREX's text (`{lang}.txt.gz`). Outputs:
`{system}/{direction}/hyp.txt`, `{direction}/ref.txt`, `{direction}/src.txt`.
Run: `PYTHONPATH=. python tests/bench/noisy_outputs.py NTREX_FOLDER OUT`.
"""

import argparse
import gzip
import random
from pathlib import Path

LINES = 2009  # of the published test set; NTREX has a few less, so its first lines come twice
PIVOT = "en"
SAME, WORSE = 3, 3  # of 60 directions
BETTER_RATE, WORSE_RATE = 0.8, 1.1


def noisy(line: str, rate: float, rng: random.Random) -> str:
    """Return a line of which each word, at `rate`, is left out, repeated, swapped or misspelt."""
    words = line.split(" ")
    out: list[str] = []
    for word in words:
        if rng.random() >= rate:
            out.append(word)
            continue
        kind = rng.randrange(4)
        if kind == 1:
            out += [word, word]
        elif kind == 2 and out:
            out.insert(len(out) - 1, word)
        elif kind == 3 and word:
            place = rng.randrange(len(word))
            out.append(word[:place] + rng.choice(line.replace(" ", "") or "x") + word[place + 1 :])
    return " ".join(out)


def write(path: Path, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ntrex", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    text: dict[str, list[str]] = {}
    for file in sorted(arguments.ntrex.glob("*.txt.gz")):
        lines = gzip.decompress(file.read_bytes()).decode().splitlines()
        text[file.name.split(".")[0]] = (lines + lines)[:LINES]
    others = [lang for lang in text if lang != PIVOT]
    directions = [f"{PIVOT}-{lang}" for lang in others] + [f"{lang}-{PIVOT}" for lang in others]
    for number, direction in enumerate(directions):
        source, target = direction.split("-")
        write(arguments.out / direction / "src.txt", text[source])
        write(arguments.out / direction / "ref.txt", text[target])
        rate = random.Random(f"rate {direction}").uniform(0.15, 0.5)
        kept, made = f"same {direction}", f"better {direction}"
        better = rate * (WORSE_RATE if SAME <= number < SAME + WORSE else BETTER_RATE)
        plan = {"noisy": (rate, kept), "better": (rate, kept) if number < SAME else (better, made)}
        for system, (used, seed) in plan.items():
            rng = random.Random(seed)
            write(arguments.out / system / direction / "hyp.txt", [noisy(x, used, rng) for x in text[target]])
    print(f"{len(directions)} directions x {len(plan)} systems x {LINES} lines in {arguments.out}")


if __name__ == "__main__":
    main()
