"""What the development page of components shows. The words are examples; the picture is drawn by this project.

The sentence in seven languages is article 1 of the Universal Declaration of Human Rights (United Nations, 1948).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django import forms, template
from django.core.paginator import Paginator
from django.templatetags.static import static
from django.utils.safestring import SafeString

from heirloom.text import Translated
from heirloom.text.translated import Text

from .icons import ICONS

register = template.Library()

ARTICLE = {
    "en": "All human beings are born free and equal in dignity and rights.",
    "zh-Hans": "人人生而自由，在尊严和权利上一律平等。",
    "lo": "ມະນຸດທຸກຄົນເກີດມາມີກຽດສັກສີ, ສິດທິ, ເສລີພາບແລະຄວາມສະເໝີພາບເທົ່າທຽມກັນ.",
    "th": "มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ",
    "km": "មនុស្សទាំងអស់ កើតមកមានសេរីភាព និងសមភាព ក្នុងផ្នែកសេចក្ដីថ្លៃថ្នូរ និងសិទ្ធិ។",
    "my": "လူတိုင်းသည် တူညီ လွတ်လပ်သော ဂုဏ်သိက္ခာဖြင့် လည်းကောင်း၊ တူညီလွတ်လပ်သော အခွင့်အရေးများဖြင့် လည်းကောင်း မွေးဖွားလာသူများ ဖြစ်သည်။",
    "vi": "Tất cả mọi người sinh ra đều được tự do và bình đẳng về nhân phẩm và quyền lợi.",
}
DIGEST = (
    "9b71d224bd62f3785d96d46ad3ea3d73319bfbc2890caadae2dff72519673ca7"
    "2323c3d99ba5c11d7c7acc6e14b8c5da0c4663475c2e5c3adef46f73bcdec043"
)


_CURVE = SafeString(
    '<svg viewBox="0 0 640 260" role="img" aria-label="The curve rises steeply to 9 languages at 20 cases, then slower to 13 at 40.">'
    '<path class="chart-grid" d="M50 20h570M50 90h570M50 160h570"/><path class="chart-axis" d="M50 20v210h570"/>'
    '<path class="chart-band" d="M50 225C150 110 260 70 620 30V80C280 115 160 150 50 230z"/>'
    '<path class="chart-line" d="M50 228C150 130 260 90 620 55"/>'
    '<path class="chart-line chart-line--second" d="M50 228C150 100 260 60 620 25"/>'
    '<circle class="chart-dot" cx="345" cy="92" r="6"/>'
    '<text class="chart-quiet" x="40" y="26" text-anchor="end">15</text><text class="chart-quiet" x="40" y="164" text-anchor="end">5</text>'
    '<text class="chart-quiet" x="620" y="252" text-anchor="end">40</text></svg>'
)


class _Form(forms.Form):
    title = forms.CharField(label="Title of the case", help_text="As you would say it to a neighbour.")
    email = forms.EmailField(label="Address for answers", help_text="Only the organiser sees it.")
    summary = forms.CharField(label="In a few sentences", widget=forms.Textarea, required=False)
    area = forms.ChoiceField(label="Area", choices=[("1", "Heritage"), ("2", "Living transmission")])
    when = forms.DateField(label="Since when", widget=forms.DateInput(attrs={"type": "date"}), required=False)
    forms_ = forms.MultipleChoiceField(
        label="Forms of expression",
        choices=[("song", "Song"), ("weaving", "Weaving"), ("puppets", "Puppets")],
        widget=forms.CheckboxSelectMultiple,
        help_text="Choose all that apply.",
    )
    consent = forms.ChoiceField(
        label="Who may see it",
        choices=[("all", "Everybody"), ("community", "Members of the community")],
        widget=forms.RadioSelect,
    )
    agree = forms.BooleanField(label="The community has agreed that this is sent in")


@register.simple_tag
def specimens() -> dict[str, Any]:
    """Return the data of every component on the page."""
    picture = {
        "src": static("specimen.svg"),
        "width": 1200,
        "height": 900,
        "alt": "A pattern of diamonds in blue, white and red",
    }
    article = Translated({code: Text(value, "human") for code, value in ARTICLE.items()})
    lao = Translated({"lo": Text(ARTICLE["lo"], "human")})
    machine = Translated({code: Text(value, "machine") for code, value in ARTICLE.items()})
    wrong = _Form({"title": "Songs of the loom", "email": "weaver", "area": "1"}, prefix="wrong")
    return {
        "languages": list(ARTICLE),
        "article": ARTICLE,
        "text": article,
        "lao": lao,
        "machine": machine,
        "picture": picture,
        "cards": [
            {
                "url": "#",
                "title": "Songs of the loom",
                "eyebrow": "Living transmission",
                "text": "Grandmothers record what they sing while they weave; the young set the patterns by ear.",
                "image": picture,
                "badges": [{"label": "Can be re-run here", "kind": "good"}],
                "meta": ["2025", "3 languages"],
            },
            {
                "url": "#",
                "title": lao,
                "eyebrow": "Heritage",
                "text": machine,
                "image": picture,
                "meta": ["2024", "1 language"],
            },
            {
                "url": "#",
                "title": "A case without a picture",
                "text": "It has sound only.",
                "icon": "sound",
                "meta": ["2023"],
            },
        ],
        "form": _Form(),
        "wrong": wrong,
        "translated": {"en": Text("Songs of the loom", "human"), "lo": Text(ARTICLE["lo"], "machine")},
        "translated_errors": {"lo": ["This text looks as if it were typed in an old font."]},
        "facets": [
            {
                "name": "language",
                "label": "Language",
                "open": True,
                "options": [
                    {"value": "lo", "label": Translated({"lo": "ລາວ"}), "count": 124, "selected": True},
                    {"value": "km", "label": Translated({"km": "ខ្មែរ"}), "count": 48, "selected": False},
                    {"value": "my", "label": Translated({"my": "မြန်မာ"}), "count": 1031, "selected": False},
                ],
            },
            {
                "name": "form",
                "label": "Form",
                "open": False,
                "options": [{"value": "song", "label": "Song", "count": 12, "selected": False}],
            },
        ],
        "page": Paginator(range(480), 24).get_page(4),
        "levels": [
            {"value": 1, "label": "Not shown", "description": "The case says so, nothing in it shows it."},
            {
                "value": 2,
                "label": "Partly",
                "description": "Some people of the community took part in some decisions.",
            },
            {
                "value": 3,
                "label": "Clearly",
                "description": "The community decided what is recorded, by whom and for whom.",
            },
            {
                "value": 4,
                "label": "An example to others",
                "description": "And others could do the same with what the case contains.",
            },
        ],
        "phases": [
            {
                "label": "Cases come in",
                "start": datetime(2025, 3, 1, tzinfo=UTC),
                "end": datetime(2025, 5, 31, tzinfo=UTC),
                "state": "done",
            },
            {
                "label": "Review",
                "start": datetime(2025, 6, 1, tzinfo=UTC),
                "end": datetime(2025, 7, 15, tzinfo=UTC),
                "state": "now",
            },
            {
                "label": "Decision",
                "start": datetime(2025, 7, 16, tzinfo=UTC),
                "end": datetime(2025, 8, 1, tzinfo=UTC),
                "state": "next",
            },
            {"label": "Publication", "start": datetime(2025, 9, 1, tzinfo=UTC), "state": "next"},
        ],
        "steps": [
            {"label": "About the case", "url": "#", "state": "done"},
            {"label": "Evidence", "url": "#", "state": "invalid"},
            {"label": "Rights and consent", "url": "", "state": "now"},
            {"label": "Send", "url": "#", "state": "next"},
        ],
        "tk": [
            {
                "code": "TK A",
                "kind": "tk",
                "name": Translated({"en": "Attribution", "lo": Text("ການອ້າງອີງ", "machine")}),
                "community": "An example community",
                "text": "When you show this, name the weavers of the village and the teacher from whom they learned.",
                "url": "https://localcontexts.org/labels/traditional-knowledge-labels/",
            },
            {
                "code": "BC P",
                "kind": "bc",
                "name": "Provenance",
                "community": "An example community",
                "text": "",
                "url": "",
            },
        ],
        "rights": [
            "https://creativecommons.org/licenses/by-nc/4.0/",
            "https://creativecommons.org/publicdomain/zero/1.0/",
            "http://rightsstatements.org/vocab/InC/1.0/",
            "http://rightsstatements.org/vocab/NKC/1.0/",
        ],
        "cost": {
            "cpu_seconds": 12.4,
            "wall_seconds": 75,
            "peak_bytes": 214_000_000,
            "bytes_in": 4_830_000,
            "bytes_out": 61_200,
            "device": "2 cores, no graphics card",
        },
        "run": {
            "url": "#",
            "title": "Coverage of languages",
            "text": "Of the languages of the six countries, 23 appear in these cases.",
            "badge": {"label": "Same result when run again", "kind": "good"},
            "cost": {"cpu_seconds": 0.84, "wall_seconds": 1.1, "peak_bytes": 92_000_000},
            "agent": "A reviewer",
            "date": datetime(2025, 6, 20, tzinfo=UTC),
            "versions": "diversity 0.1",
        },
        "bars": [
            {"label": Translated({"lo": "ລາວ"}), "value": 124},
            {"label": Translated({"my": "မြန်မာ"}), "value": 1031},
            {"label": Translated({"km": "ខ្មែរ"}), "value": 48},
            {"label": "Not in any case", "value": 0, "quiet": True},
        ],
        "places": [
            {
                "lon": 102.63,
                "lat": 17.97,
                "label": Translated({"en": "Vientiane", "lo": "ວຽງຈັນ"}),
                "url": "#vientiane",
            },
            {
                "lon": 96.16,
                "lat": 16.84,
                "label": Translated({"en": "Yangon", "my": "ရန်ကုန်"}),
                "url": "#yangon",
            },
            {
                "lon": 104.92,
                "lat": 11.56,
                "label": Translated({"en": "Phnom Penh", "km": "ភ្នំពេញ"}),
                "url": "#phnom-penh",
            },
            {
                "lon": 102.71,
                "lat": 25.04,
                "label": Translated({"en": "Kunming", "zh-Hans": "昆明"}),
                "url": "#kunming",
            },
        ],
        "far": [
            {"lon": 102.63, "lat": 17.97, "label": "Vientiane", "url": "#vientiane"},
            {"lon": -0.13, "lat": 51.51, "label": "London", "url": "#london"},
            {"lon": -77.04, "lat": -12.05, "label": "Lima", "url": "#lima"},
            {"lon": 36.82, "lat": -1.29, "label": "Nairobi"},
        ],
        "icons": list(ICONS),
        "curve": _CURVE,
        "digest": DIGEST,
        "now": datetime(2025, 5, 30, 16, 20, tzinfo=UTC),
        "columns": ["Cases", "Languages", "Expected at least"],
        "numbers": [["10", 6, 8], ["20", 9, 12], ["40", 13, 15]],
    }
