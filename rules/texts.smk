# Text that is made of other prepared text: both sides of a pair; of random subwords each side, of binarised text.

if TEXTS:

    rule vary_text:
        input:
            files=varied_from,
        output:
            **files("vary_text"),
        log:
            log_of("vary_text"),
        benchmark:
            benchmark_of("vary_text")
        wildcard_constraints:
            varied=alternatives(
                n for n, t in TEXTS.items() if t.change not in (*TRANSLITERATIONS, RANDOM_TOKENS)
            ),
        conda:
            conda_of("vary_text")
        container:
            image_of("vary_text")
        envmodules:
            *modules_of("vary_text"),
        params:
            **identity("vary_text", variation),
        shell:
            command(
                "vary_text",
                "--name {wildcards.varied} --pair {wildcards.one}-{wildcards.two} --files {input.files:q} "
                "--out {output.one:q} {output.two:q} --stats {output.stats:q}",
            )

    rule transliterate:
        input:
            files=varied_from,
        output:
            **files("transliterate"),
        log:
            log_of("transliterate"),
        benchmark:
            benchmark_of("transliterate")
        wildcard_constraints:
            varied=alternatives(n for n, t in TEXTS.items() if t.change in TRANSLITERATIONS),
        conda:
            conda_of("transliterate")
        container:
            image_of("transliterate")
        envmodules:
            *modules_of("transliterate"),
        params:
            **identity("transliterate", variation),
        shell:
            command(
                "transliterate",
                "--pair {wildcards.one}-{wildcards.two} --files {input.files:q} --out {output.one:q} {output.two:q} "
                "--stats {output.stats:q}",
            )

    rule randomise_tokens:
        input:
            bin=lambda w: binarised_side(TEXTS[w.varied].of, w.pair, w.lang),
            dictionary="<results>/data/subwords/dict.txt",
        output:
            **files("randomise_tokens"),
        log:
            log_of("randomise_tokens"),
        benchmark:
            benchmark_of("randomise_tokens")
        wildcard_constraints:
            varied=alternatives(n for n, t in TEXTS.items() if t.change == RANDOM_TOKENS),
        conda:
            conda_of("randomise_tokens")
        container:
            image_of("randomise_tokens")
        envmodules:
            *modules_of("randomise_tokens"),
        params:
            **identity("randomise_tokens", variation),
            prefix=lambda w, input: input.bin[0].removesuffix(".bin"),
            out=lambda w, output: str(output.bin).removesuffix(".bin"),
        shell:
            command(
                "randomise_tokens",
                "--name {wildcards.varied} --bin-prefix {params.prefix:q} --dictionary {input.dictionary:q} "
                "--out-prefix {params.out:q} --stats {output.stats:q}",
                "lang",
            )
