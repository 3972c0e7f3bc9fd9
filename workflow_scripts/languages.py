"""What a language is called in a config, in mtdata, in Flores-200, in NTREX-128 and by Moses' rules.

Listed are the languages of the published experiments (EC30, IWSLT 2014) and of NTREX's sixty directions.
Codes of invented languages are valid too; every lookup says whether a tool knows the language. Standard
library only.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from workflow_scripts.errors import nearest

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


@dataclass(frozen=True)
class Listed:
    """A language of the published experiments.

    code     as in their configs
    script   of their text (ISO 15924)
    flores   its code in Flores-200
    ntrex    its code in NTREX-128's file names; None: not among the files that can be fetched
    """

    code: str
    script: str
    flores: str
    ntrex: str | None


# Serbian is Latin in the published experiments: NTREX has a Latin file, that of Flores is transliterated.
_LISTED = """
en Latn eng_Latn eng; de Latn deu_Latn deu; nl Latn nld_Latn nld; sv Latn swe_Latn swe;
da Latn dan_Latn dan; af Latn afr_Latn afr; lb Latn ltz_Latn ltz; fr Latn fra_Latn fra;
es Latn spa_Latn spa; it Latn ita_Latn ita; pt Latn por_Latn por; ro Latn ron_Latn ron; oc Latn oci_Latn -;
ca Latn cat_Latn cat; ru Cyrl rus_Cyrl rus; cs Latn ces_Latn ces; pl Latn pol_Latn pol;
bg Cyrl bul_Cyrl bul; uk Cyrl ukr_Cyrl ukr; sr Latn srp_Cyrl srp-Latn; hi Deva hin_Deva hin;
bn Beng ben_Beng ben; kn Knda kan_Knda kan; mr Deva mar_Deva mar; sd Arab snd_Arab snd-Arab;
gu Gujr guj_Gujr guj; ar Arab arb_Arab arb; he Hebr heb_Hebr heb; ha Latn hau_Latn hau;
mt Latn mlt_Latn mlt; ti Ethi tir_Ethi tir; am Ethi amh_Ethi amh; fa Arab pes_Arab -
"""
LISTED = {
    code: Listed(code, script, flores, None if ntrex == "-" else ntrex)
    for code, script, flores, ntrex in map(str.split, _LISTED.split(";"))
}


def base_code(code: str) -> str:
    """Return a code without script or region, in two letters where there are two: ``srp_Latn`` gives ``sr``.

    A code of no known language stays as it is.
    """
    base = code.replace("_", "-").split("-")[0].lower()
    return _TWO_LETTERS.get(base, base)


def is_listed(code: str) -> bool:
    """Tell whether a code's language is one of ISO 639-1, by either of its codes."""
    return base_code(code) in THREE_LETTERS


def script_of(code: str) -> str | None:
    """Return the script a code names (``sr_Latn``), or that of the listed language; None: unknown."""
    named = code.replace("_", "-").split("-")[1:2]
    listed = LISTED.get(base_code(code))
    return named[0] if named and len(named[0]) == 4 else listed.script if listed else None


def moses_code(code: str) -> str:
    """Return the code whose Moses rules a language is processed with; in ``MOSES`` if there are any.

    Another keeps its code: sacremoses then takes English abbreviations and the generic rule for apostrophes,
    as Moses itself does (the code ``en`` would split apostrophes the English way).
    """
    return base_code(code)


def without_moses_rules(codes: Iterable[str]) -> list[str]:
    """Return the languages that Moses has no rules of their own for, in order."""
    return [code for code in codes if moses_code(code) not in MOSES]


def mtdata_code(code: str) -> str:
    """Return mtdata's code: three letters, and the script and the country where the config's code names them.

    mtdata has no regions of several countries (``es_419``).
    """
    base, *named = code.replace("_", "-").split("-")
    return "_".join([THREE_LETTERS.get(base, base), *(part for part in named if part.isalpha())])


def known_to_mtdata(code: str) -> bool:
    """Tell whether a code may be one of mtdata's: two letters of ISO 639-1, or any three letters."""
    return len(mtdata_code(code).partition("_")[0]) == 3


def flores_code(code: str) -> str | None:
    """Return the Flores-200 code of a listed language, else None.

    Of Serbian there is only ``srp_Cyrl``, whatever script the config's text has: it wants transliterating.
    """
    listed = LISTED.get(base_code(code))
    return listed.flores if listed else None


def unknown_language(code: str, tool: str, known: Iterable[str]) -> str | None:
    """Return what is wrong with a code for a tool that has the languages ``known`` only; None if it has it.

    The hint is the same language's right code (``deu`` → ``de``) before a code that merely looks alike.
    """
    known = list(known)
    if code in known:
        return None
    same = base_code(code)
    hint = f" (did you mean {same!r}?)" if same in known else nearest(code, known)
    return f"{tool} has no language {code!r}{hint}; it has {', '.join(known)}"


NTREX = tuple(code for code, listed in LISTED.items() if listed.ntrex)
