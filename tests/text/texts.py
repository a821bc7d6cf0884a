"""Sentences and Hypothesis strategies for texts in many scripts; the sentences are our own."""

from __future__ import annotations

from hypothesis import strategies as st

SENTENCES = {
    "zh": "村里的老人教孩子们织布和唱山歌。",
    "lo": "ແມ່ເຖົ້າສອນເດັກນ້ອຍໃຫ້ຕ່ຳແຜ່ນແພ ແລະ ຮ້ອງເພງຢູ່ແຄມນ້ຳຂອງ.",
    "th": "คุณยายสอนเด็กๆ ทอผ้าและร้องเพลงริมแม่น้ำโขง",
    "km": "លោកយាយបង្រៀនក្មេងៗឱ្យត្បាញសូត្រ និងច្រៀងនៅមាត់ទន្លេមេគង្គ។",
    "my": "အဖွားက ကလေးများကို ရက်ကန်းရက်ခြင်းနှင့် သီချင်းဆိုခြင်း သင်ပေးသည်။",
    "vi": "Bà dạy các cháu dệt vải và hát ru bên dòng sông Mê Kông; đêm hội đông vui.",
    "en": "An old woman teaches the children weaving and songs beside the river.",
    "shn": "မႄႈထဝ်ႈ သွၼ်လုၵ်ႈဢွၼ်ႇ တမ်ႇႁုၵ်ႇ",
    "bo": "རྒན་མོས་བྱིས་པར་གླུ་བསླབས་སོ།",
    "ko": "할머니가 아이들에게 베 짜기와 노래를 가르친다.",
    "ar": "تُعَلِّمُ الجدّةُ الأطفالَ النسيجَ والغناء.",
    "hi": "दादी बच्चों को बुनाई और गीत सिखाती हैं।",
}

_ALPHABETS = [
    "abcxyzABCXYZ éüñßæøđĐŁİıſﬁẚʼʻ",
    "ăâđêôơưĂÂĐẾỘợữ áàảãạ\u0301\u0300\u0309\u0303\u0323\u031b",
    "กขนมพเแโใไะาำๅๆ\u0e31\u0e34\u0e35\u0e38\u0e39\u0e3a\u0e47\u0e48\u0e49\u0e4a\u0e4c\u0e4d๐๙",
    "ກຂນມພເແໂະາຳຽໜໝຫ\u0eb1\u0eb4\u0eb5\u0eb8\u0eb9\u0ebb\u0ebc\u0ec8\u0ec9\u0ecc\u0ecd໐໙",
    "កខងតដរលសហអឱឲ\u17b6\u17b7\u17b8\u17bb\u17be\u17c1\u17c4\u17c6\u17c7\u17c9\u17ca\u17cb\u17cc\u17d0\u17d2\u17d2\u17d2។៥",
    "ကခငစညတနပမယရလဝသအဉဥဩဪ၎\u102b\u102c\u102d\u102e\u102f\u1030\u1031\u1032\u1036\u1037\u1038\u1039\u103a\u103b\u103c\u103d\u103e၀၄၇၁",
    "中国國文化遺产漢〇々カガｶﾞひらー한글ㄅ㐀\U00020000",
    "йёїўԱαάΐאָبِأیك\u0640नि\u093c",
    "\u200b\u200c\u200d\u00ad\ufeff\u2060\u202e\ufe0f\u034f \t\n\u3000\u00a0\x00",
    "\"'()*-^:+|&!<>%_\\{}~,.;/“”„«»「」",
    "\ud800\udfff\ufffe\uffff\ue000\U000f0000\u0378👩🎭©\u1681",
]

scripts_text = st.text(st.sampled_from("".join(_ALPHABETS)), max_size=40)
one_script_text = st.sampled_from(_ALPHABETS).flatmap(
    lambda alphabet: st.text(st.sampled_from(alphabet), max_size=25)
)
any_text = st.one_of(
    scripts_text,
    one_script_text,
    st.text(max_size=40),
    st.sampled_from(list(SENTENCES.values())),
)
storable_text = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"),
    min_size=1,
    max_size=30,
).filter(lambda text: bool(text.strip()))

subtags = st.builds(
    lambda language, rest: "-".join([language, *rest]),
    st.sampled_from(
        ["en", "zh", "lo", "km", "my", "kjg", "hmn", "mnw", "shn", "blt", "qaa", "cmn", "vi", "x-village"]
    ),
    st.sampled_from(
        [(), ("Latn",), ("hant", "hk"), ("TH",), ("Qaag",), ("1996",), ("u", "co", "stroke"), ("x", "old")]
    ),
).filter(lambda tag: not tag.startswith("x-village-x") and not (tag.startswith("x-") and "-u-" in tag))
