"""Rows of docs/reference/reruns.md: the config asks for other hypotheses, scores or tables."""

from __future__ import annotations

from tests.workflow.rerun_row import DECODED, PAGE, SCORED, TABLES, Row, append

#: What is turned on and off below, and what changes then.
LIKELIHOOD = {"evaluation": {"likelihood": True}}
CONTRASTIVE = {"evaluation": {"contrastive": {"gender": "gender.tsv"}}}
PUBLISHED = {
    "report": {"published": {"file": "published.csv", "systems": {"baseline": "theirs"}, "references": "raw"}}
}

OWN = {"name": "own", "folder": "models/own"}

SCORES = [
    Row(
        "the beam changes (`decode.beam`)",
        {"decode": 16, **DECODED},
        "every hypothesis, and what is computed from hypotheses",
        {"decode": {"beam": 4}},
    ),
    Row(
        "the length penalty changes (`decode.length_penalty`)",
        {"decode": 16, **DECODED},
        "as for the beam",
        {"decode": {"length_penalty": 0.6}},
    ),
    Row(
        "a metric is added or dropped (`evaluation.metrics`)",
        SCORED,
        "hypotheses are there",
        {"evaluation": {"metrics": ["bleu"]}},
    ),
    Row(
        "a metric is called otherwise: `chrf`, the old name, for `chrf++` (`evaluation.metrics`)",
        {},
        "files of scores call it as they did, tables as sacrebleu does",
        {"evaluation": {"metrics": ["bleu", "chrf"]}},
    ),
    Row(
        "scores against rebuilt references are added (`evaluation.references`)",
        {"rebuild_references": 4, **SCORED},
        "the other scores stay",
        {"evaluation": {"references": ["raw", "paper"]}},
    ),
    Row(
        "a test set's lines with an empty side are scored too (`evaluation.empty_references: count`)",
        {
            "prepare_text": 2,
            "binarise": 4,
            "round_trip": 1,
            "score_ceiling": 1,
            "write_card": 1,
            "mask_control": 1,
            "decode": 16,
            **DECODED,
        },
        "its text is prepared again; no other text is",
        {"evaluation": {"empty_references": "count"}},
    ),
    Row(
        "the resamples of the tests change (`evaluation.significance.resamples`)",
        {"compare": 3, **TABLES},
        "they read what scoring wrote of each sentence; nothing is scored again",
        {"evaluation": {"significance": {"resamples": 2000}}},
    ),
    Row(
        "their seed changes (`evaluation.significance.seed`)",
        {"compare": 3, **TABLES},
        "as above",
        {"evaluation": {"significance": {"seed": 1}}},
    ),
    Row(
        "their level changes (`evaluation.significance.level`)",
        {"compare": 3, **TABLES},
        "how many resamples there are depends on it",
        {"evaluation": {"significance": {"level": 0.01}}},
    ),
    Row(
        "their level changes where the number of resamples is given",
        TABLES,
        "outcomes are the tables'",
        {"evaluation": {"significance": {"resamples": 2000, "level": 0.01}}},
        before={"evaluation": {"significance": {"resamples": 2000}}},
    ),
    Row(
        "a COMET model is added (`evaluation.comet`)",
        {"score_comet": 4, "compare": 3, **TABLES},
        "its scores and the tests of them; those of the other metrics stay",
        {"evaluation": {"comet": [OWN]}},
    ),
    Row(
        "a COMET model is taken out",
        TABLES,
        "as if it had never been there; its files stay",
        before={"evaluation": {"comet": [OWN]}},
    ),
    Row(
        "a COMET model's languages are named (`known_languages`)",
        {"score_comet": 4, "compare": 3, **TABLES},
        "flags are beside its scores, which are in the cache; the other metrics stay",
        {"evaluation": {"comet": [{**OWN, "known_languages": ["en", "de"]}]}},
        before={"evaluation": {"comet": [OWN]}},
    ),
    Row(
        "off-target rates are turned off (`evaluation.off_target: false`)",
        TABLES,
        "tables no longer show them; their files stay",
        {"evaluation": {"off_target": False}},
    ),
    Row(
        "likelihoods are turned on (`evaluation.likelihood`)",
        {"score_likelihood": 4, **TABLES},
        "the references by every system, and a table of them",
        {"evaluation": {"likelihood": True}},
    ),
    Row(
        "a group's members change (`groups`)",
        TABLES,
        "groups are only of tables",
        {"groups": {"tier": {"high": ["de", "fr"], "low": []}}},
    ),
    Row(
        "members change of the grouping whose overlap is analysed (`analysis.overlap_grouping`)",
        {"overlap": 1, "plot_masks": 1, **TABLES},
        "the analysis compares these groups",
        {"groups": {"family": {"germanic": ["de", "fr"], "romance": []}}},
    ),
    Row(
        "the metric of the figures over k changes (`report.sweep_metric`)",
        {"plot_tables": 1, **PAGE},
        "nothing else reads it",
        {"report": {"sweep_metric": "chrf"}},
    ),
    Row(
        "an analysis is turned off (`analysis.overlap_k: null`)",
        {},
        "what it made stays",
        {"analysis": {"overlap_k": None}},
    ),
    Row(
        "the default analysis is turned off (`analysis.strongest: null`)",
        TABLES,
        "what it made stays; its warning is no longer above the tables",
        {"analysis": {"strongest": None}},
    ),
    Row(
        "a target language gets another tokenizer (`evaluation.tokenizers`)",
        {"score_ceiling": 1, "write_card": 1, **SCORED},
        "a job scores all directions of a system, and what it leaves of the references; hypotheses stay",
        {"evaluation": {"tokenizers": {"de": "intl"}}},
    ),
    Row(
        "significance is turned off (`evaluation.significance: null`)",
        TABLES,
        "tables no longer show it; its files stay",
        {"evaluation": {"significance": None}},
    ),
    Row(
        "significance is turned on again",
        TABLES,
        "its files are there",
        before={"evaluation": {"significance": None}},
    ),
    Row(
        "off-target rates are turned on again",
        TABLES,
        "as for significance",
        before={"evaluation": {"off_target": False}},
    ),
    Row(
        "a contrastive set is added (`evaluation.contrastive`)",
        {"score_contrastive": 4, **TABLES},
        "every system is asked, and a table shows the answers",
        CONTRASTIVE,
    ),
    Row(
        "a contrastive set is edited",
        {"score_contrastive": 4, **TABLES},
        "its content is compared",
        CONTRASTIVE,
        before=CONTRASTIVE,
        edit=append("gender.tsv", "de-en\t2\tein\ta\tan\tnumber\n"),
    ),
    Row(
        "a test text changes of which likelihoods are asked for",
        {
            "prepare_text": 1,
            "binarise": 2,
            "round_trip": 1,
            "score_ceiling": 1,
            "write_card": 1,
            "mask_control": 1,
            "decode": 8,  # 4 systems, de-en and en-de
            **DECODED,
            "score_likelihood": 4,
        },
        "as without them, and the references by every system",
        LIKELIHOOD,
        before=LIKELIHOOD,
        edit=append("text/news.de", "one more line\n"),
    ),
    Row(
        "averages without some directions are added (`report.without`)",
        TABLES,
        "they are only of tables",
        {"report": {"without": {"french": ["en-fr", "fr-en"]}}},
    ),
    Row(
        "published numbers are compared with for the first time (`report.published`)",
        {"decode": 16, **DECODED},
        "published hypotheses were ranked as fairseq ranks (`decode.ranking`)",
        PUBLISHED,
    ),
    Row(
        "published numbers are compared with, hypotheses stay (`decode.ranking: native` as well)",
        TABLES,
        "they are only of tables",
        {**PUBLISHED, "decode": {"ranking": "native"}},
    ),
    Row(
        "published numbers are edited (`report.published`)",
        TABLES,
        "the tables compare with them",
        PUBLISHED,
        before=PUBLISHED,
        edit=append("published.csv", "theirs,fr-en,BLEU,31.0\n"),
    ),
]
