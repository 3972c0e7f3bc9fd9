#!/bin/sh
# Versions: rocrate 0.16.0, roc-validator 0.13.0, rdflib 7.6.0, Python 3.11.
# Guess: the type ComputationalWorkflow means the same in a crate of RO-Crate 1.1 and of 1.3, so that a workflow that the package
#   writes by default is one to every profile of workflow runs.
# Behaviour: the words of RO-Crate 1.3, which rocrate writes by default, give the type another address than those of 1.1. The
#   validator's profile of Workflow RO-Crate 1.0, from which the run profiles 0.5 inherit, asks for the old one. The metadata look
#   alike, and the crate has no workflow.
# Output seen:
#   written: http://schema.org/MediaObject http://schema.org/SoftwareSourceCode https://bioschemas.org/terms/ComputationalWorkflow
#   asked for: http://schema.org/MediaObject http://schema.org/SoftwareSourceCode https://bioschemas.org/ComputationalWorkflow
#   missing: https://bioschemas.org/ComputationalWorkflow
# Here: `make crate` writes RO-Crate 1.1 (`ROCrate(version="1.1")`) and names the profiles by hand.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.11 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q rocrate==0.16.0 rdflib==7.6.0
# Its profiles alone are read.
"$folder/venv/bin/pip" install -q --no-deps roc-validator==0.13.0
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import json
from importlib.metadata import distribution
from importlib.resources import files

from rdflib import RDF, Graph, Namespace
from rocrate.rocrate import ROCrate

crate = ROCrate()
crate.add_workflow(None, "Snakefile", main=True, lang="snakemake")
words = json.loads(files("rocrate").joinpath("data/ro-crate.jsonld").read_text("utf8"))["@context"]
graph = crate.metadata.generate()["@graph"]
found = Graph().parse(data=json.dumps({"@context": words, "@graph": graph}), format="json-ld", publicID="http://x/")
written = {str(o) for s, _, o in found.triples((None, RDF.type, None)) if str(s).endswith("Snakefile")}

place = "rocrate_validator/profiles/workflow-ro-crate/must/0_main-workflow.ttl"
profile = Graph().parse(distribution("roc-validator").locate_file(place))
shacl = Namespace("http://www.w3.org/ns/shacl#")
asked = {str(o) for o in profile.objects(None, shacl.hasValue)}
print("written:", *sorted(written))
print("asked for:", *sorted(asked))
print("missing:", *sorted(asked - written))
assert asked - written == {"https://bioschemas.org/ComputationalWorkflow"}, "the behaviour has changed"
PY
