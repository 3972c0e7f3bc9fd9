"""Names of properties of words that probes learn. Standard library only."""

#: Known without labels: of the stack's side, the direction, the place in the sentence, the last letters.
DERIVED = LANGUAGE, DIRECTION, POSITION, SUFFIX = ("language", "direction", "position", "suffix")
#: Gold labels of the toy corpus: columns of CoNLL-U, features, and the meaning's domain.
OF_TOY = ("upos", "deprel", "Number", "Tense", "Definite", "Domain")
#: Columns of CoNLL-U; other names are those of its features and of entries of MISC.
COLUMNS = ("upos", "xpos", "lemma", "deprel")
#: Name of a text that is the sentences of CoNLL-U files themselves.
CONLLU = "conllu"
