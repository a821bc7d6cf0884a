"""Dates in pages: one way for all of them, in the reader's words, with the zone named."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone, translation

from heirloom.web.templatetags.days import day, moment

TEMPLATES = Path(__file__).resolve().parents[2] / "src" / "heirloom" / "web" / "templates"
LATE = datetime(2027, 3, 23, 23, 37, 12, 345, tzinfo=UTC)
DJANGOS = re.compile(r"\|\s*(?:date|time|timesince|timeuntil|naturaltime|naturalday)\b|\{%\s*now\b|isoformat")


def test_no_template_writes_dates_in_another_way() -> None:
    assert DJANGOS.search('{{ at|date:"DATE_FORMAT" }}')
    found = {
        str(path.relative_to(TEMPLATES)): hits
        for path in TEMPLATES.rglob("*.html")
        if (hits := DJANGOS.findall(path.read_text()))
    }
    assert found == {}


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        ("en", "March 24, 2027"),
        ("lo", "24 ມີນາ 2027"),
        ("my", "2027 မတ် 24"),
        ("zh-hans", "2027年3月24日"),
        ("vi", "24 tháng 3, 2027"),
    ],
)
def test_a_day_is_that_of_the_zone_in_the_readers_words(language: str, shown: str) -> None:
    with translation.override(language):
        assert day(LATE, "Asia/Vientiane") == f'<time datetime="2027-03-24T06:37:12+07:00">{shown}</time>'


def test_a_day_without_a_time_is_that_day_everywhere() -> None:
    with translation.override("en"), timezone.override("Pacific/Kiritimati"):
        assert day(date(2027, 3, 23)) == '<time datetime="2027-03-23">March 23, 2027</time>'


@pytest.mark.parametrize(
    ("language", "zone", "words"),
    [
        ("en", "Asia/Vientiane", "6:37 AM (Indochina Time)"),
        ("en", "Asia/Yangon", "6:07 AM (Myanmar (Burma) Time)"),
        ("en", "UTC", "11:37 PM (UTC)"),
        ("en", "Etc/GMT+3", "8:37 PM (GMT-03:00)"),
        ("lo", "Asia/Shanghai", "24 ມີນາ 2027, 7:37 (ເວລາມາດຕະຖານຈີນ)"),
        ("my", "Asia/Vientiane", "(အင်ဒိုချိုင်းနား အချိန်)"),
        ("zh-hans", "Asia/Shanghai", "2027年3月24日 07:37 (中国标准时间)"),
        ("vi", "Asia/Vientiane", "06:37 24 tháng 3, 2027 (Giờ Đông Dương)"),
    ],
)
def test_a_moment_names_its_zone(language: str, zone: str, words: str) -> None:
    with translation.override(language):
        shown = moment(LATE, zone)
    assert words in shown.replace("\u202f", " ").replace("\u200b", "")


def test_a_zone_is_the_one_asked_for_else_the_moments_own_else_the_one_in_force() -> None:
    paris = LATE.astimezone(ZoneInfo("Europe/Paris"))
    with timezone.override("Asia/Tokyo"):
        assert "T00:37:12+01:00" in moment(paris)
        assert "T08:37:12+09:00" in moment(LATE)
        assert "T06:37:12+07:00" in moment(paris, "Asia/Bangkok")
        assert "T08:37:12+09:00" in moment(LATE, "No/Such_Zone")


def test_nothing_is_written_where_there_is_no_date() -> None:
    assert day(None) == "" == moment(None)
    assert day("") == ""  # type: ignore[arg-type]
