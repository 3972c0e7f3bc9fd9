"""evaluate.languages.scripts: which tokenizers fit which script, judged by the text."""

import pytest

from workflow_scripts.evaluate.languages.scripts import Unfit, note_on_tokenizers, unfit_tokenizer

TEXTS = {
    "Chinese": ["我喜欢吃苹果。", "今天天气非常好。"],
    "Japanese": ["私はりんごが好きです。", "今日は天気がとてもいい。"],
    "Thai": ["ฉันชอบกินแอปเปิล", "วันนี้อากาศดีมาก"],
    "Lao": ["ຂ້ອຍມັກກິນຫມາກແອັບເປີ້ນ"],
    "Khmer": ["ខ្ញុំចូលចិត្តញ៉ាំផ្លែប៉ោម"],
    "Burmese": ["ကျွန်တော်မြန်မာနိုင်ငံမှာနေပါတယ်။"],
    "Tibetan": ["བོད་ཀྱི་སྐད་ཡིག་ནི་ཤིན་ཏུ་མཛེས་པོ་ཡིན།"],
    "Javanese": ["ꦲꦏ꧀ꦱꦫꦗꦮꦲꦏ꧀ꦱꦫꦗꦮ"],
    "Korean": ["안녕하세요 저는 학생입니다"],
}
INSTEAD = {"Chinese": "zh", "Japanese": "ja-mecab"}


@pytest.mark.parametrize("script", TEXTS)
@pytest.mark.parametrize("tokenizer", ["13a", "intl", "none"])
def test_what_blanks_do_not_divide(script, tokenizer):
    expected = Unfit(tokenizer, script, INSTEAD.get(script, "char"))
    assert unfit_tokenizer(TEXTS[script], tokenizer) == expected


@pytest.mark.parametrize("script", TEXTS)
@pytest.mark.parametrize("tokenizer", ["char", "flores101", "flores200", "spm", "spBLEU-1K"])
def test_characters_and_pieces_divide_every_script(script, tokenizer):
    assert unfit_tokenizer(TEXTS[script], tokenizer) is None


@pytest.mark.parametrize("own", ["zh", "ja-mecab"])
def test_a_tokenizer_of_one_language_divides_that_one_alone(own):
    fits = [script for script, lines in TEXTS.items() if unfit_tokenizer(lines, own) is None]
    assert fits == ["Chinese" if own == "zh" else "Japanese"]


@pytest.mark.parametrize(
    "lines",
    [
        ["我 喜欢 吃 苹果 。", "今天 天气 非常 好 。"],  # somebody has cut it into words
        ["watashi wa ringo ga suki desu"],  # a language code would say otherwise
        ["The Chinese word 苹果 means apple, and 私 is I."],
        ["Der Donaudampfschifffahrtskapitän kam.", "Он пришёл домой.", "وصل إلى البيت", "वह घर आया।"],
        ["ลิฟต์ เสีย ครับ"],
        [""],
    ],
)
def test_text_with_blanks_is_in_order(lines):
    assert unfit_tokenizer(lines, "13a") is None


def test_zero_width_blanks_divide_nothing():
    """Khmer as it is often written: U+200B between words, which no tokenizer looks at."""
    line = "ខ្ញុំ\u200bចូល\u200bចិត្ត\u200bញ៉ាំ\u200bផ្លែ\u200bប៉ោម"
    assert unfit_tokenizer([line], "13a") == Unfit("13a", "Khmer", "char")


def test_a_script_that_is_not_listed_is_told_by_its_long_words():
    assert unfit_tokenizer(["a" * 16 + " " + "b" * 16], "13a") == Unfit("13a", "very long words", "char")
    assert unfit_tokenizer(["a" * 15 + " " + "b" * 15], "13a") is None


def test_the_note_ends_in_what_to_paste():
    unfit = {"zh": Unfit("13a", "Chinese", "zh"), "th": Unfit("13a", "Thai", "char")}
    note = note_on_tokenizers(unfit, {"ja": "ja-mecab"})
    assert note == (
        "BLEU's tokenizer 13a does not divide zh (Chinese), th (Thai), written without blanks between words: "
        "these scores say next to nothing. In the config, under evaluation: tokenizers: "
        "{ja: ja-mecab, th: char, zh: zh}"
    )
    assert note_on_tokenizers(unfit, {}, as_option=True).endswith(
        """Give the option: --tokenizers '{"th": "char", "zh": "zh"}'"""
    )
    assert note_on_tokenizers({}, {"ja": "ja-mecab"}) == ""


def test_of_korean_the_score_is_told_to_be_of_another_kind():
    note = note_on_tokenizers({"ko": Unfit("13a", "Korean", "char")}, {"no": "13a"})
    assert note == (
        "ko: 13a counts Korean words with their particles (sacrebleu's own: ko-mecab). In the config, under "
        'evaluation: tokenizers: {ko: char, "no": 13a}'
    )
    assert not Unfit("13a", "Korean", "char").is_void
