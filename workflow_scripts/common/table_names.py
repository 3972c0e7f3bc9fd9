"""What the tables of an experiment are called, and the formats in which each is written."""

#: Of every experiment, in the order in which they are written; keys of the config add the others.
ALWAYS = ("scores", "summary", "groups", "differences", "interference", "health")
OF_TESTS = ("significance", "wins", "seeds")
CONTROLS, CHOICE, ZERO_SHOT, COSTS = "controls", "choice", "zero_shot", "costs"
LIKELIHOOD, CONTRASTIVE, PUBLISHED = "likelihood", "contrastive", "published"
TABLES = (*ALWAYS, *OF_TESTS, CONTROLS, CHOICE, ZERO_SHOT, COSTS, LIKELIHOOD, CONTRASTIVE, PUBLISHED)
#: The notes at the top of each, for the terminal.
CAUTIONS = "cautions.txt"
FORMATS = ("md", "csv", "tex", "parquet")
#: Not of scores but of masks, made by a rule of its own.
UNITS, UNIT_FORMATS = "units", ("md", "csv", "json")
