"""Three invented languages, of which two are close relatives, as an experiment's prepared text."""

import random

LANGUAGES = ["en", "ka", "zu"]
SYLLABLES = {"en": ["ba", "do", "lu"], "ka": ["ka", "ri", "to"], "zu": ["ka", "ri", "to"]}
ENDING = {"en": "mi", "ka": "sha", "zu": "zwu"}  # of every word: all that tells ka from zu
PAIRS = ["en-ka", "en-zu"]


def sentences(language, count, seed):
    """Return sentences of three to six words of one or two syllables and the language's ending."""
    chance = random.Random(f"{language}{seed}")
    return [
        " ".join(
            "".join(chance.choices(SYLLABLES[language], k=chance.randint(1, 2))) + ENDING[language]
            for _ in range(chance.randint(3, 6))
        )
        for _ in range(count)
    ]


def write_lines(path, lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def corpus(root, train=200, test=50):
    """Write ``{subset}/{pair}.{language}.txt`` of training and test text; return ``root``."""
    for number, pair in enumerate(PAIRS):
        for language in pair.split("-"):
            for subset, count, seed in (("train", train, number), ("test", test, 10 + number)):
                write_lines(root / subset / f"{pair}.{language}.txt", sentences(language, count, seed))
    return root
