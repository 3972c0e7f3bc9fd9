"""Malformed items with topics, and text of two tasks: builders that no rule runs."""

from tests.malformed.case import cases_of, laid

TOPICS = "--items items.{form} --out pairs.tsv --stats pairs.json"
HEADER = b"topic\ttitle\tdescription\n"
TEN = b"".join(b"%s\ttitle %d\ttext %d\n" % (b"sport" if n < 6 else b"world", n, n) for n in range(10))


def items(content, form="tsv", options=""):
    return laid({f"items.{form}": content}, f"{TOPICS.format(form=form)} {options}")


def tasks(options="--pairs de-en en-fr --out {share}.{pair}.{lang}", **changed):
    text = dict.fromkeys(("de", "en", "fr"), b"one\ntwo\nthree\nfour\n") | changed
    files = {f"all.{lang}": content for lang, content in text.items()}
    return laid(files, f"--files all.{{lang}} --stats s.json {options}")


topic = cases_of("topics-", "data.topic_pairs")
task = cases_of("pair-tasks-", "data.pair_tasks")

CASES = [
    topic("form", "items in a spreadsheet", items(b"PK", "xlsx"), "items.xlsx: its name ends with none of .csv, .tsv, .jsonl; name it as what it is"),
    topic("none", "names of columns and no item", items(HEADER), "items.tsv: no items"),
    topic("column", "items without a column", items(b"topic\ttitel\tdescription\n"), "items.tsv: no column 'title' (did you mean 'titel'?); the first line has topic, titel, description (--columns names others, --no-header: there are no names)"),
    topic("fields", "a line of two fields", items(HEADER + b"sport\tgoal\n"), "items.tsv, line 2: 2 fields, at least 3 are needed"),
    topic("empty", "a text without a title", items(HEADER + b"sport\t\ta goal\n"), "items.tsv, line 2: the title is empty; leave the item out, or mend it"),
    topic("tab", "a tab inside a title", items(b'topic,title,description\nsport,"a\tgoal",text\n', "csv"), r"items.csv, line 2: the title holds '\t', which parts fields or lines of the pairs; write a blank instead"),
    topic("quotes", "a quote that does not end", items(b'topic,title,description\nsport,"a goal,text\n', "csv"), "items.csv, line 2: not CSV (unexpected end of data)"),
    topic("not-utf8", "Latin-1 in line 2", items(HEADER + b"sport\tf\xfcr\tx\n"), "items.tsv, line 2: not UTF-8 (byte 0xfc at byte 9 of the line); convert the file with iconv"),
    topic("json", "a line that is no JSON", items(b"sport\n", "jsonl"), "items.jsonl, line 1: not JSON"),
    topic("object", "a list for an item", items(b"[1]\n", "jsonl"), "items.jsonl, line 1: no JSON object"),
    topic("key", "an item without a title", items(b'{"topic": "sport", "titel": "x"}\n', "jsonl"), "items.jsonl, line 1: no key 'title' (did you mean 'titel'?)"),
    topic("odd", "ten items", items(HEADER + TEN), "items.tsv: 10 items; as many same as different pairs with every item twice need a multiple of 4: leave 2 out, or take --drop"),
    topic("repeated", "a text twice", items(HEADER + TEN + b"sport\ttitle 0\ttext 0\n"), "items.tsv: lines 2 and 12 are the same text; --drop leaves repeated items out"),
    topic("alone", "a topic of one text", items(HEADER + TEN[: TEN.index(b"world\ttitle 7")] + b"sport\ta\tb\n"), "items.tsv: the topic 'world' has 1 item; pairs need 4: add some, or leave it out"),
    topic("one-topic", "one topic", items(HEADER + b"".join(b"sport\tt%d\tx\n" % n for n in range(8))), "items.tsv: one topic, 'sport'; different pairs need two"),
    topic("large", "a topic too large for the other", items(HEADER + b"".join(b"%s\tt%d\tx\n" % (b"a" if n < 8 else b"b", n) for n in range(12))), "items.tsv: the topic 'a' has 8 of 12 items: as many different as same pairs cannot be made; leave some of it out, or add other ones"),
    task("unequal", "languages of unequal length", tasks(fr=b"un\n"), "--files all.{lang}: lines must mean the same in every language; there are 4 of de, 4 of en, 1 of fr"),
    task("one-pair", "one pair twice", tasks("--pairs de-en en-de --out {share}.{pair}.{lang}"), "--pairs: de-en and en-de are one pair, whose text is one"),
    task("share", "a share above all", tasks("--pairs de-en en-fr --shares 101 --out {share}.{pair}.{lang}"), "--shares 101: a share is in percent, from 0 to 100"),
    task("sentences", "more sentences than two texts have", tasks("--pairs de-en en-fr --sentences 3 --out {share}.{pair}.{lang}"), "--sentences 3: two texts without a common line need 6 lines, and all.{lang} has 4; take at most 2"),
    task("pattern", "files without their share", tasks("--pairs de-en en-fr --out {pair}.{lang}"), "--out {pair}.{lang}: the pattern needs {share}"),
]  # fmt: skip
