#!/bin/sh
# Versions: snakemake 9.27.1, PuLP 3.3.2, pandas 3.1.1, numpy 2.4.6, Python 3.11.
# Guess: params and inputs are recorded with their names, so that a job is run again when two of them change places: a
#   vocabulary of 600 pieces from 620 sentences is another one than of 620 from 600.
# Behaviour: sorted values are compared, without names. When two change places, "Nothing to be done" is said, and the old
#   result stands as if it were of the new config. So it is with two named inputs: training and held-out text, source and
#   target, system and baseline. A value that changes alone is seen.
# Output seen:
#   as it was: nothing to be done
#   params swapped: nothing to be done
#   inputs swapped: nothing to be done
#   one value changed: to be run
# Here: a job has one param that is compared, a JSON object of named values; a test swaps every pair of every rule.
#   Where a job reads files of the user, that object says which of them is which; tests let two change places.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.11 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q snakemake==9.27.1 PuLP==3.3.2 pandas==3.1.1 numpy==2.4.6
cd "$folder"
cat >Snakefile <<'RULE'
rule train_vocabulary:
    input: train=config["train"], held_out=config["held_out"]
    output: "vocabulary.txt"
    params: vocab_size=config["vocab_size"], sample=config["sample"]
    shell: "echo {input.train} {input.held_out} {params.vocab_size} {params.sample} >{output}"
RULE
echo one >a.txt
echo two >b.txt
run() {
    HOME="$folder" venv/bin/snakemake --cores 1 "$@" >said 2>&1 || { cat said; exit 1; }
}
run --config train=a.txt held_out=b.txt vocab_size=600 sample=620
test "$(cat vocabulary.txt)" = "a.txt b.txt 600 620"
ask() {
    name=$1 expected=$2
    shift 2
    run --dry-run --config "$@"
    if grep -q "Nothing to be done" said; then answer="nothing to be done"; else answer="to be run"; fi
    echo "$name: $answer"
    test "$answer" = "$expected" || { echo "the behaviour has changed"; exit 1; }
}
ask "as it was" "nothing to be done" train=a.txt held_out=b.txt vocab_size=600 sample=620
ask "params swapped" "nothing to be done" train=a.txt held_out=b.txt vocab_size=620 sample=600
ask "inputs swapped" "nothing to be done" train=b.txt held_out=a.txt vocab_size=600 sample=620
ask "one value changed" "to be run" train=a.txt held_out=b.txt vocab_size=600 sample=640
