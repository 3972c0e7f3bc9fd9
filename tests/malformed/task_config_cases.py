"""Malformed configs of an encoder and its tasks."""

from tests.malformed.case import Case
from tests.malformed.config_cases import STAGE

RIGHT = """\
experiment: x
attach: {model: encoder}
tasks:
  tables:
    a: {train: a.tsv, test: b.tsv, texts: [one]}
    b: {train: c.parquet, texts: [one, [two, three]], regression: true}
"""
A, B = RIGHT.splitlines()[4:]


def tasks(name, what, changes, said):
    """A case of the right config in which lines are replaced by others: old → new, or more lines."""
    text = RIGHT
    for old, new in changes.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)

    def lay(folder):
        (folder / "config.yaml").write_text(text)
        return ["--configfile", "config.yaml"]

    return Case(name, what, STAGE, lay, said)


def more(text):
    return {B: f"{B}\n{text}"}


# fmt: off
CASES = [
    tasks("tasks-sections", "sections of translation beside tasks", more("decode: {beam: 4}\nlanguages: [en, de]"), "config.yaml, line 7: decode: an experiment with tasks has none; it has experiment, attach, tasks, train, analysis\nconfig.yaml, line 8: languages: an experiment with tasks has none; it has experiment, attach, tasks, train, analysis"),
    tasks("tasks-key", "a mistyped key of tasks", {"  tables:": "  table:"}, "config.yaml, line 3: tasks.tables: this key is missing\nconfig.yaml, line 4: tasks.table: unknown key 'table' (did you mean 'tables'?)"),
    tasks("tasks-no-encoder", "tasks without an encoder", {"attach: {model: encoder}\n": ""}, "config.yaml: attach: this key is missing: tasks need an encoder, attach.model (docs/how-to/encoders.md)"),
    tasks("tasks-tags", "tags of languages for an encoder", {"{model: encoder}": "{model: encoder, tags: {en: en}}"}, "config.yaml, line 2: attach.tags: an encoder is told no language; leave it out"),
    tasks("tasks-train", "settings of the training in another section", more("train: {lr: 0.1, seeds: [1, 2]}"), "config.yaml, line 7: train.lr: training is in tasks.training; here are seeds alone"),
    tasks("tasks-heads-place", "pruning where that of translation is", more("analysis: {heads: {}}"), "config.yaml, line 7: analysis.heads: of translation; an experiment with tasks has analysis.probes; pruning of heads is in tasks.heads"),
    tasks("tasks-metric", "a metric that there is not", {"texts: [one]}": "texts: [one], metric: mathews}"}, "config.yaml, line 5: tasks.tables.a.metric: 'mathews' is not one of 'accuracy', 'f1', 'macro_f1', 'matthews', 'spearman' (did you mean 'matthews'?)"),
    tasks("tasks-metric-kind", "a metric of numbers for classes", {"texts: [one]}": "texts: [one], metric: spearman}"}, "config.yaml, line 5: tasks.tables.a: metric: metric 'spearman' is not for labels that are 2 classes; take accuracy, f1, macro_f1, matthews"),
    tasks("tasks-table", "a table of an unknown form, and one that is two parts", {A: "    a: {train: a.xls, valid: v.tsv, test: v.tsv, texts: [one]}"}, "config.yaml, line 5: tasks.tables.a.train: a.xls: the name of a table ends with .csv, .tsv, .jsonl, .parquet"),
    tasks("tasks-same-table", "a table that chooses and is measured", {A: "    a: {train: a.tsv, valid: v.tsv, test: v.tsv, texts: [one]}"}, "config.yaml, line 5: tasks.tables.a: test: v.tsv is also valid; what is measured must not be learned from"),
    tasks("tasks-texts", "no columns, and three texts", {"texts: [one]": "label: x", "[one, [two, three]]": "[one, two, three]"}, "config.yaml, line 5: tasks.tables.a: texts: columns of one text or of two are needed, such as [sentence1, sentence2]\nconfig.yaml, line 6: tasks.tables.b.texts: List should have at most 2 items after validation, not 3, not ['one', 'two', 'three']"),
    tasks("tasks-topics", "columns of pairs and of texts", {"texts: [one]": "texts: [one], topics: [t, u]"}, "config.yaml, line 5: tasks.tables.a: topics: three columns are needed, of topic, title, description; or unnamed\nconfig.yaml, line 5: tasks.tables.a: topics: pairs are made of items; leave texts and label out"),
    tasks("tasks-name", "a name that no file should have", {"    a: {": "    a/b: {"}, "config.yaml, line 5: tasks.tables.a/b: 'a/b': the name of a task is letters, digits and _"),
    tasks("tasks-checkpoints", "no checkpoint to choose from", more("  training: {max_updates: 100, sampling: anneal}"), "config.yaml, line 7: tasks.training.sampling: 'anneal' is not proportional, square_root or annealed:10 (epochs) (did you mean 'annealed'?)"),
    tasks("tasks-checks", "checkpoints after the end", more("  training: {max_updates: 100, warmup_updates: 100}"), "config.yaml, line 7: tasks.training: check_every: 200 is more than max_updates, 100\nconfig.yaml, line 7: tasks.training: warmup_updates: 100 is not less than max_updates, 100"),
    tasks("tasks-systems", "heads of a system that is not trained", more("  heads: {systems: [important_heads, baseline]}"), "config.yaml, line 7: tasks.heads.systems: 'important_heads' is no system; there are trained\nconfig.yaml, line 7: tasks.heads.systems: 'baseline' has untrained heads of tasks; there are trained"),
    tasks("tasks-one", "heads of one task", {f"{B}\n": "  heads: {sizes: [200%]}\n"}, "config.yaml, line 6: tasks.heads.sizes.0: '200%': a share of the heads, such as 20%, or a number of them"),
    tasks("tasks-alone", "one task to tell apart", {f"{B}\n": "  heads: {}\n"}, "config.yaml, line 3: tasks: heads: heads are told apart by two tasks at least; add one, or leave heads out"),
    tasks("tasks-probes", "probes of translation", more("analysis: {probes: {systems: [ns]}}"), "config.yaml, line 7: analysis.probes.systems: no system 'ns'; there are baseline, trained\nconfig.yaml, line 7: analysis.probes.text: words for an encoder are those of CoNLL-U files; write conllu, and the key conllu with a file of each language\nconfig.yaml, line 7: analysis.probes.stacks: an encoder has no decoder; write stacks: [encoder]\nconfig.yaml, line 7: analysis.probes.properties: language has one label, and a probe tells two apart; give conllu of two languages, or take another property"),
]
# fmt: on
