"""Tags of the design system, rendered by Django's own engine."""

from __future__ import annotations

import copy
import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django import forms
from django.core.exceptions import ImproperlyConfigured
from django.core.paginator import Paginator
from django.template import Context, RequestContext, engines
from django.test import RequestFactory
from django.utils import translation
from pytest_django import Settings

from heirloom.errors import HeirloomError
from heirloom.text import Translated
from heirloom.text.translated import Text
from heirloom.web.templatetags import assets, heirloom_ui, measures
from heirloom.web.templatetags.icons import ICONS, TURNING
from heirloom.web.templatetags.rights_names import rights_name

Render = Callable[..., str]


@pytest.fixture(autouse=True)
def manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A finished build with names of its own, so that these tests need no Node."""
    entries = {
        source: {"file": f"assets/{name}-abcdefgh.{name.rsplit('.')[-1]}"}
        for name, source in assets.ENTRIES.items()
    }
    (tmp_path / "manifest.json").write_text(json.dumps(entries))
    monkeypatch.setattr(assets, "DIST", tmp_path)
    assets._stamp.cache_clear()
    assets._read.cache_clear()
    yield tmp_path
    assets._stamp.cache_clear()
    assets._read.cache_clear()


@pytest.fixture
def render(settings: Settings) -> Render:
    templates: list[dict[str, Any]] = copy.deepcopy(settings.TEMPLATES)
    options = templates[0]["OPTIONS"]
    options["context_processors"] = ["django.template.context_processors.request"]
    options.setdefault("libraries", {}).setdefault("heirloom_ui", "heirloom.web.templatetags.heirloom_ui")
    options["libraries"].setdefault("specimens", "heirloom.web.templatetags.specimens")
    settings.TEMPLATES = templates

    def run(source: str, path: str = "/cases/?q=a&page=2", **values: Any) -> str:
        request = RequestFactory().get(path)
        template = engines["django"].from_string("{% load i18n heirloom_ui %}" + source)
        return str(template.render(values, request)).strip()

    return run


LAO = "ມະນຸດທຸກຄົນ"


def test_a_text_in_the_page_language_needs_no_mark(render: Render) -> None:
    assert render("{% text value %}", value=Translated({"en": "Song"})) == "Song"


def test_a_text_in_another_language_says_so(render: Render) -> None:
    assert render("{% text value tag='h2' class='card-title' %}", value=Translated({"lo": LAO})) == (
        f'<h2 lang="lo" class="card-title">{LAO}</h2>'
    )


def test_a_text_of_the_other_direction_carries_it(render: Render) -> None:
    assert 'lang="ar" dir="rtl"' in render("{% text value %}", value=Translated({"ar": "نسيج"}))


def test_a_machine_translation_is_marked_in_the_words_of_the_page(render: Render) -> None:
    html = render("{% text value %}", value=Translated({"lo": Text(LAO, "machine")}))
    assert html.startswith(f'<span lang="lo">{LAO}</span>')
    assert '<span class="origin origin--machine" lang="en"' in html
    assert "Machine translation" in html
    assert "origin" not in render(
        "{% text value mark=False %}", value=Translated({"lo": Text(LAO, "machine")})
    )


def test_texts_are_escaped_and_nothing_stays_nothing(render: Render) -> None:
    assert render("{% text value %}", value=Translated({"en": "<script>"})) == "&lt;script&gt;"
    assert render("{% text value class='x' %}", value="a & b") == '<span class="x">a &amp; b</span>'
    assert render("{% text value tag='p' %}", value=Translated({})) == ""
    paragraphs = render("{% text value lines=True %}", value="one\n\ntwo <b>")
    assert paragraphs == "<div><p>one</p>\n\n<p>two &lt;b&gt;</p></div>"


def test_the_reader_s_browser_is_asked_when_the_page_s_language_is_missing(render: Render) -> None:
    value = Translated({"th": "ผ้า", "vi": "vải"})
    request = RequestFactory().get("/", headers={"accept-language": "vi,th;q=0.5"})
    assert heirloom_ui.plain(RequestContext(request, {"request": request}), value) == "vải"
    assert heirloom_ui.plain(Context(), Translated({}), default="none") == "none"


def test_an_include_with_only_still_knows_the_reader(render: Render) -> None:
    html = render(
        "{% include 'heirloom/components/card.html' with card=card only %}",
        card={
            "url": "/c/1/",
            "title": Translated({"lo": LAO}),
            "image": {"src": "/a.jpg", "width": 4, "height": 3},
        },
    )
    assert f'<a href="/c/1/"><span lang="lo">{LAO}</span></a>' in html
    assert 'alt=""' in html
    assert "csrfmiddlewaretoken" in render(
        "{% include 'heirloom/components/progress.html' with label='x' poll_url='/j/1/' cancel_url='/j/1/cancel/' only %}"
    )


def test_pages_keep_the_query(render: Render) -> None:
    html = render("{% pagination page %}", page=Paginator(range(100), 10).get_page(2))
    assert 'href="?q=a&amp;page=3"' in html
    assert re.search(r'aria-current="page"><span[^>]*>Page </span>2<', html)
    assert render("{% pagination page %}", page=Paginator(range(3), 10).get_page(1)) == ""


@pytest.mark.parametrize(
    ("path", "url", "mark"),
    [
        ("/cases/", "/cases/", ' aria-current="page"'),
        ("/cases/7/", "/cases/", ' aria-current="true"'),
        ("/calls/", "/cases/", ""),
        ("/calls/", "/", ""),
        ("/", "/", ' aria-current="page"'),
    ],
)
def test_the_navigation_knows_where_it_is(render: Render, path: str, url: str, mark: str) -> None:
    assert (
        render("{% nav_item 'Cases' url %}", path=path, url=url)
        == f'<li><a href="{url}"{mark}>Cases</a></li>'
    )


class Form(forms.Form):
    title = forms.CharField(label="Title", help_text="Short.")
    kind = forms.MultipleChoiceField(label="Kind", choices=[("a", "A")], widget=forms.CheckboxSelectMultiple)
    agree = forms.BooleanField(label="I agree", required=False)
    summary = forms.CharField(label="Summary", required=False, max_length=9)
    token = forms.CharField(widget=forms.HiddenInput, required=False)


def test_a_field_ties_label_help_and_errors_together(render: Render) -> None:
    html = render("{% field form.title rows=3 %}", form=Form({}))
    assert '<label class="field-label" for="id_title">Title</label>' in html
    assert 'aria-describedby="id_title_helptext id_title_error"' in html
    assert 'id="id_title_helptext"' in html
    assert 'id="id_title_error"' in html
    assert 'aria-invalid="true"' in html
    assert 'rows="3"' in html


def test_choices_stand_in_a_fieldset_and_optional_is_said(render: Render) -> None:
    html = render("{% fields form %}", form=Form())
    assert re.search(
        r'<fieldset class="field" id="id_kind"[^>]*>\s*<legend class="field-label">Kind</legend>', html
    )
    assert html.count('type="checkbox"') == 2
    assert html.endswith('<input type="hidden" name="token" id="id_token">')
    assert html.count("(optional)") == 1, "said of the summary; a box to tick needs no such word"


def test_the_summary_of_errors_leads_to_the_fields(render: Render) -> None:
    html = render("{% form_errors form %}", form=Form({}))
    assert '<a href="#id_title">Title: This field is required.</a>' in html
    assert "data-focus" in html
    assert render("{% form_errors form %}", form=Form({"title": "x", "kind": ["a"]})) == ""


def test_a_text_in_many_languages_loses_none(render: Render) -> None:
    html = render(
        "{% translated_field 'title' 'Title' tags values=values errors=errors %}",
        tags=["en", "lo"],
        values=Translated({"lo": Text(LAO, "machine"), "vi": "vải"}),
        errors={"lo": ["Too long."]},
    )
    assert re.findall(r'name="(title\.[\w.]+)"', html) == [
        "title.en",
        "title.lo",
        "title.lo.reviewed",
        "title.vi",
    ]
    assert f'name="title.lo" lang="lo" dir="ltr" value="{LAO}" aria-invalid="true"' in html


@pytest.mark.parametrize(
    ("uri", "name", "sign"),
    [
        ("http://rightsstatements.org/vocab/InC/1.0/", "In copyright", "InC"),
        ("https://creativecommons.org/licenses/by-nc-sa/4.0/", "CC BY-NC-SA 4.0", "CC"),
        ("https://creativecommons.org/publicdomain/zero/1.0/", "CC0 1.0", "CC0"),
        ("https://creativecommons.org/publicdomain/mark/1.0/", "Public domain", "PD"),
        ("https://example.org/own-licence", "https://example.org/own-licence", "§"),
    ],
)
def test_rights_have_a_name(uri: str, name: str, sign: str) -> None:
    assert rights_name(uri) == (name, sign)


def test_a_rights_text_that_is_no_address_is_no_link(render: Render) -> None:
    assert "href" not in render("{% rights value %}", value="javascript:alert(1)")


@pytest.mark.parametrize(
    ("language", "count", "shown"),
    [
        ("en", 0, "0 bytes"),
        ("en", 1, "1 byte"),
        ("en", 999, "999 bytes"),
        ("zh-hans", 999, "999字节"),
        ("lo", 999, "999 byte"),
        ("en", 4_830_000, "4.8 MB"),
        ("vi", 4_830_000, "4,8 MB"),
        ("en", 2e15, "2,000 TB"),
    ],
)
def test_sizes_are_written_as_the_reader_writes(language: str, count: float, shown: str) -> None:
    with translation.override(language):
        assert measures.size(count) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.004, "4 ms"),
        (12.4, "12 sec"),
        (9.96, "10 sec"),
        (75, "1 min 15 sec"),
        (3600, "1 hr"),
        (90_000, "1 day 1 hr"),
    ],
)
def test_durations_have_two_units_at_most(seconds: float, shown: str) -> None:
    assert measures.duration(seconds) == shown


def test_an_error_says_what_was_kept(render: Render) -> None:
    class TooLarge(HeirloomError):
        code = "x.too-large"
        message = "The file is larger than {limit}."
        kept = "Your text was kept."

    html = render("{% error_alert error todo='Send less.' %}", error=TooLarge(limit="2 GB"))
    assert "The file is larger than 2 GB." in html
    assert "<dt>What was kept:</dt><dd>Your text was kept.</dd>" in html
    assert "<dt>What to do:</dt><dd>Send less.</dd>" in html


def test_a_map_names_every_place_twice_for_hand_and_eye(render: Render) -> None:
    html = render(
        "{% map_figure points 'Where' %}",
        points=[
            {"lon": 102.6, "lat": 17.9, "label": Translated({"lo": LAO}), "url": "/p/1/"},
            {"lon": None, "lat": 1, "label": "x"},
        ],
    )
    assert html.count('href="/p/1/"') == 2
    assert f'aria-label="{LAO}"' in html
    assert "land-50m.svg-abcdefgh.svg#land" in html
    assert "<li>" in html
    assert "x</li>" not in html


def test_bars_are_a_table_and_survive_nothing_at_all(render: Render) -> None:
    html = render(
        "{% bars rows 'Cases' %}", rows=[{"label": "Lao", "value": 3}, {"label": "Thai", "value": 0}]
    )
    assert re.findall(r'chart-bar" width="([\d.]+)"', html) == ["100.00", "0.00"]
    assert "<caption>Cases</caption>" in html
    assert 'width="0"' in render("{% bars rows 'Cases' %}", rows=[{"label": "Lao", "value": 0}])


def test_a_file_the_build_does_not_make_is_a_mistake(render: Render) -> None:
    assert render("{% asset 'main.css' %}") == "/static/dist/assets/main.css-abcdefgh.css"
    with pytest.raises(assets.UnknownAsset):
        assets.asset_path("other.css")


def test_a_missing_build_names_the_command(manifest: Path) -> None:
    (manifest / "manifest.json").unlink()
    with pytest.raises(ImproperlyConfigured, match=r"python hatch_build\.py --frontend"):
        assets.manifest()


def test_a_new_build_is_seen_at_once_while_developing(manifest: Path, settings: Settings) -> None:
    settings.DEBUG = True
    assert assets.asset_path("main.css").startswith("dist/assets/main")
    path = manifest / "manifest.json"
    path.write_text(path.read_text().replace("abcdefgh", "ijklmnop"))
    os.utime(path, ns=(1, 1))
    assert "ijklmnop" in assets.asset_path("main.css")


def test_every_icon_is_drawn_and_hidden_from_screen_readers(render: Render) -> None:
    for name in ICONS:
        assert 'aria-hidden="true"' in render("{% icon name %}", name=name)
    assert ICONS.keys() >= TURNING


@pytest.mark.parametrize("language", ["en", "zh-hans", "lo", "th", "km", "my", "vi"])
def test_the_page_of_components_renders_in_every_language(
    render: Render, settings: Settings, language: str
) -> None:
    request = RequestFactory().get("/dev/components/")
    with translation.override(language):
        html = engines["django"].get_template("heirloom/dev/components.html").render({}, request)
        current = measures.page_language()
    assert f'<html lang="{current}" dir="ltr">' in html
    assert html.count("<h1") == 1
    ids = re.findall(r'\sid="([^"]+)"', html)
    assert sorted({one for one in ids if ids.count(one) > 1}) == []
    described = {
        one
        for group in re.findall(r'aria-(?:describedby|labelledby|controls)="([^"]+)"', html)
        for one in group.split()
    }
    assert described - set(ids) == set()
