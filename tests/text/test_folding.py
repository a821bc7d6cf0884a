"""Folding for search: what is equal, what stays different, and that it is stable."""

from __future__ import annotations

import unicodedata
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.text.texts import SENTENCES, any_text

from heirloom.text import fold, index_version, search_tokens


@settings(max_examples=400)
@given(any_text)
def test_fold_is_idempotent_and_normal(text: str) -> None:
    folded = fold(text)
    assert fold(folded) == folded
    assert unicodedata.is_normalized("NFC", folded)
    assert folded == folded.strip()


@pytest.mark.slow
@pytest.mark.parametrize(
    "frame", ["{}", "a{}\u0301", "ก{}\u0e48า", "ນ{}\u0ec9\u0eb2", "က{}\u103a\u1031", "ក{}\u17b8\u17c1"]
)
def test_fold_is_idempotent_for_every_code_point(frame: str) -> None:
    for code in (*range(0x30000), *range(0xE0000, 0xE0200)):
        folded = fold(frame.format(chr(code)))
        assert fold(folded) == folded, hex(code)


@given(any_text)
def test_normal_forms_of_one_text_fold_equal(text: str) -> None:
    forms = {fold(unicodedata.normalize(form, text)) for form in ("NFC", "NFD", "NFKC", "NFKD")}
    assert len(forms) == 1


@given(any_text, any_text)
def test_words_fold_alone_as_in_company(left: str, right: str) -> None:
    assert fold(f"{left} {right}") == " ".join(part for part in (fold(left), fold(right)) if part)


@given(any_text)
def test_tokens_hold_every_letter_of_the_folded_text(text: str) -> None:
    letters = [c for c in fold(text) if unicodedata.category(c)[0] in "LN"]
    assert [c for c in "".join(search_tokens(text)) if unicodedata.category(c)[0] in "LN"] == letters


@pytest.mark.parametrize(
    "spellings",
    [
        # SARA AM: one sign, ring and AA, tone before, between or after.
        ["น้ำ", "น้ํา", "นํ้า", "นํา้", "นำ้"],
        ["ນ້ຳ", "ນ້ໍາ", "ນໍ້າ", "ນໍາ້", "ນຳ້"],
        # Tone typed before the vowel; AE as two E; a key pressed twice.
        ["ที่นี่", "ท่ีนี่", "ทีี่นี่"],
        ["แม่", "เเม่", "แม่่"],
        ["ແມ່", "ເເມ່"],
        ["ກິ່ນ", "ກ່ິນ"],
        # Lao HO NO and HO MO, joined or apart.
        ["ໜ້າ", "ຫນ້າ"],
        ["ໝູ່", "ຫມູ່"],
        # Khmer: subscripts in either order, shifter typed late or as the vowel U, vowels in parts, DA for TA, ZWSP.
        ["ស្ត្រី", "ស្រ្តី", "ស្ដ្រី", "ស្ត្រ\u200bី"],
        ["ស៊ី", "សុី", "ស\u17b8\u17ca"],
        ["កើត", "ក\u17c1\u17b8ត"],
        ["កោះ", "ក\u17c1\u17b6ះ"],
        ["ឱ្យ", "ឲ្យ"],
        ["សូម\u200bអរគុណ", "សូមអរគុណ"],
        # Myanmar: dot and asat, vowels, medials in any order; letters for digits; contractions.
        ["ခွင့်", "ခွင\u103a\u1037"],
        ["လို့", "လ\u102f\u102d\u1037", "လ\u1037\u102d\u102f"],
        ["ကြွေး", "က\u103d\u103c\u1031\u1038", "က\u1031\u103c\u103d\u1038"],
        ["၀င်", "ဝင်"],
        ["ဉာဏ်", "ဥာဏ်"],
        ["ဩ", "သြ"],
        ["၎င်း", "၄င်း"],
        ["၁၂၀", "၁၂ဝ", "120"],
        # Vietnamese: with and without marks, composed and not, either place of the tone.
        ["Đà Nẵng", "Da Nang", "ĐÀ NẴNG", "Đa\u0300 Na\u0306\u0303ng"],
        ["hòa", "hoà", "hoa"],
        ["ước mơ", "uoc mo", "u\u031bo\u031b\u0301c mo\u031b"],
        # Chinese, Japanese, Korean: width, traditional forms, composition.
        ["文化遺產", "文化遗产"],
        ["ガ", "ｶﾞ", "カ\u3099"],
        ["ＡＢＣ１２", "abc12"],
        ["한글", "\u1112\u1161\u11ab\u1100\u1173\u11af"],
        # Digits of the region, invisible characters, case, Greek and Cyrillic, Hebrew and Arabic marks.
        ["໒໐໒໕", "๒๐๒๕", "២០២៥", "၂၀၂၅", "2025"],
        ["co\u00adop\u200dera\ufefftion", "COOPERATION"],
        ["a\u200bb", "a b"],
        ["Straße", "STRASSE"],
        ["Όσσος", "οσσοσ"],
        ["ёлка", "елка"],
        ["שָׁלוֹם", "שלום"],
        ["مُحَمَّد", "محمد"],
        ["Qurʼān", "Quran"],
        ["bo\u034f\u0301n", "bon"],
    ],
)  # fmt: skip
def test_spellings_of_one_word_are_equal(spellings: list[str]) -> None:
    assert {fold(spelling) for spelling in spellings} == {fold(spellings[0])}


@pytest.mark.parametrize(
    ("one", "other"),
    [("ນ້ຳ", "ນ້າ"), ("น้ำ", "น้า"), ("ก่า", "ก้า"), ("ຂ້າວ", "ຂາວ"), ("ကို", "ကိ"), ("ត្រី", "ត្រ"), ("ខ្មែរ", "ខែរ"),
     ("й", "и"), ("ガ", "カ"), ("बि", "ब"), ("a b", "ab"), ("中", "国"), ("ស៊ុត", "សុត"), ("ပျား", "ပြား")],
)  # fmt: skip
def test_different_words_stay_different(one: str, other: str) -> None:
    assert fold(one) != fold(other)


TONES = {"th": "\u0e48\u0e49\u0e4a\u0e4b", "lo": "\u0ec8\u0ec9\u0eca\u0ecb"}


@given(st.sampled_from("กขคงจชนมลว"), st.sampled_from(TONES["th"]), st.sampled_from("กงนม"))
def test_thai_sara_am_variants_fold_equal(consonant: str, tone: str, final: str) -> None:
    ring, aa, am = "\u0e4d", "\u0e32", "\u0e33"
    spellings = [consonant + "".join(order) + final for order in permutations([ring, tone, aa])]
    spellings += [consonant + tone + am + final, consonant + am + tone + final]
    assert len({fold(spelling) for spelling in spellings}) == 1


@given(st.sampled_from("ກຂຄງຈຊນມລວ"), st.sampled_from(TONES["lo"]), st.sampled_from("ກງນມ"))
def test_lao_sara_am_variants_fold_equal(consonant: str, tone: str, final: str) -> None:
    ring, aa, am = "\u0ecd", "\u0eb2", "\u0eb3"
    spellings = [consonant + "".join(order) + final for order in permutations([ring, tone, aa])]
    spellings += [consonant + tone + am + final, consonant + am + tone + final]
    assert len({fold(spelling) for spelling in spellings}) == 1


@given(
    st.sampled_from("ကခဂငစတနပမလသ"),
    st.permutations(["\u103c", "\u103d", "\u1031", "\u102c", "\u1038"]),
)
def test_myanmar_marks_fold_equal_in_any_order(consonant: str, marks: list[str]) -> None:
    assert fold(consonant + "".join(marks)) == consonant + "\u103c\u103d\u1031\u102c\u1038"


@given(st.sampled_from("កខគងចតនបមលស"), st.permutations(["\u17d2\u179a", "\u17c9", "\u17b6", "\u17c6"]))
def test_khmer_marks_fold_equal_in_any_order(consonant: str, marks: list[str]) -> None:
    assert fold(consonant + "".join(marks)) == consonant + "\u17d2\u179a\u17c9\u17b6\u17c6"


def test_order_of_well_typed_sentences_is_kept() -> None:
    for language in ("km", "my"):
        assert fold(SENTENCES[language]) == SENTENCES[language]


def test_kinzi_stays_before_its_consonant() -> None:
    assert fold("အင်္ဂလိပ်") == "အင်္ဂလိပ်"
    assert search_tokens("ရန်ကုန်") == ["ရ", "န်", "ကု", "န်"]


def test_tokens() -> None:
    assert search_tokens("Lễ hội té nước 2025!") == ["le", "hoi", "te", "nuoc", "2025"]
    assert search_tokens("ສະບາຍດີ") == ["ສ", "ະ", "ບ", "າ", "ຍ", "ດີ"]
    assert search_tokens("ខ្មែរ") == ["ខ្", "មែ", "រ"]
    assert search_tokens("中国 ABC") == ["中", "国", "abc"]
    assert search_tokens("།་") == []


def test_version_names_rules_and_unicode() -> None:
    rules, unicode_data = index_version().split("-")
    assert rules.isdigit()
    assert unicode_data == unicodedata.unidata_version
