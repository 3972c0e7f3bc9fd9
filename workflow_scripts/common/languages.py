"""What a language is called in a config, in mtdata, in NTREX-128 and by Moses. Standard library only."""

from collections.abc import Iterable

from workflow_scripts.common.errors import nearest

# ISO 639-1 to ISO 639-3, as the ISO 639-3 tables have them.
_ISO = """
aa:aar ab:abk ae:ave af:afr ak:aka am:amh an:arg ar:ara as:asm av:ava ay:aym az:aze ba:bak be:bel bg:bul
bi:bis bm:bam bn:ben bo:bod br:bre bs:bos ca:cat ce:che ch:cha co:cos cr:cre cs:ces cu:chu cv:chv cy:cym
da:dan de:deu dv:div dz:dzo ee:ewe el:ell en:eng eo:epo es:spa et:est eu:eus fa:fas ff:ful fi:fin fj:fij
fo:fao fr:fra fy:fry ga:gle gd:gla gl:glg gn:grn gu:guj gv:glv ha:hau he:heb hi:hin ho:hmo hr:hrv ht:hat
hu:hun hy:hye hz:her ia:ina id:ind ie:ile ig:ibo ii:iii ik:ipk io:ido is:isl it:ita iu:iku ja:jpn jv:jav
ka:kat kg:kon ki:kik kj:kua kk:kaz kl:kal km:khm kn:kan ko:kor kr:kau ks:kas ku:kur kv:kom kw:cor ky:kir
la:lat lb:ltz lg:lug li:lim ln:lin lo:lao lt:lit lu:lub lv:lav mg:mlg mh:mah mi:mri mk:mkd ml:mal mn:mon
mr:mar ms:msa mt:mlt my:mya na:nau nb:nob nd:nde ne:nep ng:ndo nl:nld nn:nno no:nor nr:nbl nv:nav ny:nya
oc:oci oj:oji om:orm or:ori os:oss pa:pan pi:pli pl:pol ps:pus pt:por qu:que rm:roh rn:run ro:ron ru:rus
rw:kin sa:san sc:srd sd:snd se:sme sg:sag si:sin sk:slk sl:slv sm:smo sn:sna so:som sq:sqi sr:srp ss:ssw
st:sot su:sun sv:swe sw:swa ta:tam te:tel tg:tgk th:tha ti:tir tk:tuk tl:tgl tn:tsn to:ton tr:tur ts:tso
tt:tat tw:twi ty:tah ug:uig uk:ukr ur:urd uz:uzb ve:ven vi:vie vo:vol wa:wln wo:wol xh:xho yi:yid yo:yor
za:zha zh:zho zu:zul
"""
THREE_LETTERS = dict(entry.split(":") for entry in _ISO.split())
_TWO_LETTERS = {three: two for two, three in THREE_LETTERS.items()} | {
    # other codes of the same languages: ISO 639-2/B, macrolanguages' main members, and an older one
    "arb": "ar", "cmn": "zh", "cz": "cs", "cze": "cs", "dut": "nl", "fre": "fr", "ger": "de", "iw": "he",
    "ory": "or", "pes": "fa", "rum": "ro",
}  # fmt: skip

# The languages sacremoses has abbreviations for. Its rules for apostrophes and the like are among these too.
_MOSES = """
as bn ca cs de el en es et fi fr ga gu hi hu is it ja kn ko lt lv ml mni mr nl or pa pl pt ro ru sk sl sv ta
tdt te yue zh
"""
MOSES = frozenset(_MOSES.split())
MULTI30K = ("en", "de", "fr", "cs")


# The languages of NTREX-128 that can be fetched, by the names of its files; Serbian is the Latin one.
_NTREX = """
en:eng de:deu nl:nld sv:swe da:dan af:afr lb:ltz fr:fra es:spa it:ita pt:por ro:ron ca:cat ru:rus cs:ces
pl:pol bg:bul uk:ukr sr:srp-Latn hi:hin bn:ben kn:kan mr:mar sd:snd-Arab gu:guj ar:arb he:heb ha:hau mt:mlt
ti:tir am:amh
"""
NTREX_NAMES = dict(entry.split(":") for entry in _NTREX.split())
NTREX = tuple(NTREX_NAMES)


def base_code(code: str) -> str:
    """Return a code without script or region, in two letters if possible: ``srp_Latn`` gives ``sr``."""
    base = code.replace("_", "-").split("-")[0].lower()
    return _TWO_LETTERS.get(base, base)


def is_listed(code: str) -> bool:
    """Tell whether a code's language is one of ISO 639-1, by either of its codes."""
    return base_code(code) in THREE_LETTERS


def moses_code(code: str) -> str:
    """Return the code whose Moses rules a language gets. One outside ``MOSES`` keeps its code: sacremoses
    then takes English abbreviations, as Moses does, but does not split apostrophes as for ``en``."""
    return base_code(code)


def without_moses_rules(codes: Iterable[str]) -> list[str]:
    """Return the languages that Moses has no rules of their own for, in order."""
    return [code for code in codes if moses_code(code) not in MOSES]


def mtdata_code(code: str) -> str:
    """Return mtdata's code: three letters, and the script and the country where the config's code names them.
    mtdata has no regions of several countries (``es_419``)."""
    base, *named = code.replace("_", "-").split("-")
    return "_".join([THREE_LETTERS.get(base, base), *(part for part in named if part.isalpha())])


def known_to_mtdata(code: str) -> bool:
    """Tell whether a code may be one of mtdata's: two letters of ISO 639-1, or any three letters."""
    return len(mtdata_code(code).partition("_")[0]) == 3


def unknown_language(code: str, tool: str, known: Iterable[str]) -> str | None:
    """Return what is wrong with a code for a tool that has the languages ``known`` only; None if it has it.
    The hint is the same language's right code (``deu`` → ``de``) before a code that merely looks alike."""
    known = list(known)
    if code in known:
        return None
    same = base_code(code)
    hint = f" (did you mean {same!r}?)" if same in known else nearest(code, known)
    return f"{tool} has no language {code!r}{hint}; it has {', '.join(known)}"
