"""Names and scripts of languages that CLDR leaves out or gives in another script.

The names are those that the languages' own publications and communities use; where a community asks for another
name, this is the place to change it. Keys are canonical BCP 47 tags.
"""

from __future__ import annotations

from typing import Final

AUTONYMS: Final[dict[str, str]] = {
    "blk": "ပအိုဝ်ႏ",
    "cjm": "ꨌꩌ",
    "cmn": "普通话",
    "cmn-Hant": "國語",
    "cnh": "Lai holh",
    "hmn": "Hmoob",
    "hni": "Haqniqdoq",
    "hnj": "Moob Leeg",
    "iii": "ꆈꌠꉙ",
    "ium": "Iu Mienh",
    "jra": "Jrai",
    "kac": "Jinghpaw",
    "khb": "ᦅᧄᦺᦑᦟᦹᧉ",
    "kjg": "Kmhmu’",
    "kxm": "ខ្មែរលើ",
    "lhu": "Ladhof",
    "lis": "ꓡꓲ-ꓢꓴ",
    "lus": "Mizo ṭawng",
    "mnw": "ဘာသာမန်",
    "mtq": "Mường",
    "mww": "Hmoob Dawb",
    "nod": "ᨣᩤᩴᨾᩮᩬᩥᨦ",
    "nut": "Nùng",
    "pcc": "Haausqyaix",
    "rad": "Êđê",
    "rki": "ရခိုင်ဘာသာ",
    "sou": "ภาษาใต้",
    "tts": "ภาษาอีสาน",
    "tyz": "Tày",
}

ENGLISH_NAMES: Final[dict[str, str]] = {
    "bdq": "Bahnar",
    "blk": "Pa’O",
    "cjm": "Eastern Cham",
    "cmn": "Mandarin Chinese",
    "cnh": "Hakha Chin",
    "hni": "Hani",
    "hre": "Hre",
    "iii": "Nuosu",
    "ium": "Iu Mien",
    "jra": "Jarai",
    "kdt": "Kuy",
    "khb": "Tai Lue",
    "kjg": "Khmu",
    "kkh": "Tai Khuen",
    "ksw": "S’gaw Karen",
    "kxm": "Northern Khmer",
    "lhu": "Lahu",
    "lis": "Lisu",
    "mnw": "Mon",
    "mtq": "Muong",
    "mww": "Hmong Daw",
    "nod": "Northern Thai",
    "nut": "Nung",
    "pcc": "Bouyei",
    "pht": "Phu Thai",
    "pll": "Shwe Palaung",
    "prk": "Parauk Wa",
    "pwo": "Western Pwo",
    "rad": "Rade",
    "rki": "Rakhine",
    "sou": "Southern Thai",
    "tdd": "Tai Nuea",
    "tts": "Isan",
    "tyz": "Tay",
}

# Written otherwise than CLDR's likely subtags say, or unknown to them.
SCRIPTS: Final[dict[str, str]] = {
    "hnj": "Latn",  # the romanised alphabet is what is printed; Nyiakeng Puachue Hmong is named as hnj-Hmnp
    "iii": "Yiii",
    "kar": "Mymr",
    "mww": "Latn",  # likewise
}
