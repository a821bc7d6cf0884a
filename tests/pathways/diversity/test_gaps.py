"""What is absent against a reference list, and what is withheld."""

from __future__ import annotations

import csv
import importlib.util
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heirloom.pathways import registry
from heirloom.pathways.diversity import errors, gaps
from heirloom.pathways.diversity.table import Row
from heirloom.pathways.diversity.withhold import few_pairs, few_values

LIST = registry.method("diversity.coverage").resource("languages").local()


def mekong(*countries: str, dormant: bool = False) -> gaps.Reference:
    return gaps.languages_of_countries(
        LIST,
        "Glottolog",
        countries=countries or ("CN", "KH", "LA", "MM", "TH", "VN"),
        dormant=dormant,
        language_facet="language",
        country_facet="region",
    )


# --- the list ---------------------------------------------------------------------------------------------


def test_the_shipped_list_is_small_and_what_its_readme_says() -> None:
    assert LIST.stat().st_size < 300_000
    with LIST.open(encoding="utf-8", newline="") as stream:
        table = list(csv.DictReader(stream))
    readme = LIST.with_name("README.md").read_text("utf-8")
    assert all(f"`{column}`" in readme for column in table[0])
    assert "CC BY 4.0" in readme
    assert len({row["glottocode"] for row in table}) == len(table) > 500
    assert {row["level"] for row in table} == {"language"}
    countries = Counter(country for row in table for country in row["countries"].split())
    assert all(countries[country] > 20 for country in ("CN", "KH", "LA", "MM", "TH", "VN"))
    assert all({"CN", "KH", "LA", "MM", "TH", "VN"} & set(row["countries"].split()) for row in table)
    assert "Bookkeeping" not in {row["family"] for row in table}


def test_the_list_is_made_by_its_script() -> None:
    spec = importlib.util.spec_from_file_location("make", LIST.with_name("make.py"))
    assert spec is not None
    assert spec.loader is not None
    make = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make)
    source = (
        "ID,Name,Macroarea,Latitude,Longitude,Glottocode,ISO639P3code,Level,Countries,Family_ID,Language_ID,"
        "Closest_ISO369P3code,First_Year_Of_Documentation,Last_Year_Of_Documentation,Is_Isolate\n"
        "taik1256,Tai-Kadai,,,,taik1256,,family,,,,,,,\n"
        "book1242,Bookkeeping,,,,book1242,,family,,,,,,,\n"
        "laoo1244,Lao,Eurasia,19.00000,102.4600001,laoo1244,lao,language,TH;LA;KH,taik1256,,lao,,,false\n"
        "fren1241,French,Eurasia,48,2,fren1241,fra,language,FR,,,fra,,,false\n"
        "laoo0000,Dialect,Eurasia,,,laoo0000,,dialect,LA,taik1256,laoo1244,,,,\n"
        "tare1239,Tareng,Eurasia,15,107,tare1239,tgr,language,LA;VN,book1242,,tgr,,,false\n"
    )
    assert make.trimmed(source) == (
        ",".join(make.COLUMNS) + "\nlaoo1244,lao,Lao,Tai-Kadai,KH LA TH,19.00,102.46,language,\n"
    )


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        ("lo", "Lao"),
        ("lo-LA", "Lao"),
        ("LAO", "Lao"),
        ("laoo1244", "Lao"),
        ("Lao", "Lao"),
        ("zh-Hans", "Mandarin Chinese"),
        ("zh_TW", "Mandarin Chinese"),
        ("yue", "Yue Chinese"),
        ("my", "Burmese"),
        ("vi", "Vietnamese"),
        ("km", "Central Khmer"),
        ("th", "Thai"),
    ],
)
def test_languages_are_known_by_any_of_their_codes(tag: str, name: str) -> None:
    reference = mekong()
    assert reference.label("language", reference.key("language", tag)) == name


@pytest.mark.parametrize("tag", ["de", "xx", "english please", "ພາສາ", "", "l", "-", "zz99"])
def test_what_the_list_does_not_know_is_said_to_be_outside(tag: str) -> None:
    absent = gaps.absent_values(mekong(), "language", {tag: 2, "lo": 1})
    assert absent is not None
    assert absent.outside == (tag,)
    assert absent.counts["laoo1244"] == 1


def test_empty_languages_and_dormant_ones() -> None:
    absent = gaps.absent_values(mekong("LA"), "language", {"lo": 3, "kjg": 1, "lao": 2})
    assert absent is not None
    assert absent.counts["laoo1244"] == 5
    assert len(absent.empty) == len(absent.counts) - 2
    assert "tang1334" not in mekong().values["language"], "Tangut is no longer spoken"
    assert "tang1334" in mekong(dormant=True).values["language"]


def test_languages_by_country() -> None:
    found = gaps.crossed(
        mekong("LA", "TH"), ("language", "region"), {("lo", "LA"): 2, ("lo", "th"): 1, ("vi", "TH"): 1}
    )
    assert found.listed
    assert found.cells["laoo1244", "LA"] == 2
    assert found.cells["laoo1244", "TH"] == 1
    assert found.outside == {("viet1252", "TH"): 1}, "Glottolog lists no Vietnamese in Thailand"
    turned = gaps.crossed(mekong("LA", "TH"), ("region", "language"), {("LA", "lo"): 2})
    assert turned.cells["LA", "laoo1244"] == 2


# --- a list of one's own ----------------------------------------------------------------------------------


def test_a_list_of_ones_own_with_labels_and_combinations() -> None:
    table: list[Row] = [
        {"form": ("song",), "form_label": ("ເພງ",), "region": ("LA",)},
        {"form": ("mask",), "form_label": (), "region": ("TH",)},
        {"form": ("tale", "epic"), "form_label": ("ນິທານ", "ມະຫາກາບ")},
    ]
    reference = gaps.from_table(table, "forms.csv", ["form", "region"], {"language"})
    assert reference.values["form"] == {"song": "ເພງ", "mask": "mask", "tale": "ນິທານ", "epic": "ມະຫາກາບ"}
    assert reference.key("form", "SONG") == "song"
    assert reference.possible("region", "form") == {("LA", "song"), ("TH", "mask")}
    with pytest.raises(errors.ReferenceUnusable):
        gaps.from_table(table, "forms.csv", ["period"], ())


def test_ones_own_list_comes_before_the_ready_one() -> None:
    own = gaps.from_table(
        [{"language": ("lo",)}, {"language": ("km",)}], "mine.csv", ["language"], {"language"}
    )
    both = gaps.merged(own, mekong("LA"))
    assert both is not None
    assert set(both.values["language"]) == {"lo", "km"}
    assert both.key("language", "lao") == "lo"
    assert both.titles == {"language": "mine.csv", "region": "Glottolog"}
    assert gaps.merged(None, own) is own
    assert gaps.merged(None, None) is None


def test_without_a_list_every_seen_value_meets_every_other() -> None:
    found = gaps.crossed(None, ("a", "b"), {("x", "1"): 2, ("y", "2"): 1})
    assert not found.listed
    assert dict(found.cells) == {("x", "1"): 2, ("x", "2"): 0, ("y", "1"): 0, ("y", "2"): 1}


# --- withholding ------------------------------------------------------------------------------------------

values = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 12), min_size=1)
grids = st.dictionaries(
    st.tuples(st.sampled_from("abcd"), st.sampled_from("1234")), st.integers(0, 12), min_size=1
)


@given(values, st.integers(1, 8))
def test_no_small_number_is_shown_and_none_can_be_worked_out_from_the_total(
    counts: dict[str, int], below: int
) -> None:
    few = few_values(counts, below)
    assert all(counts[value] == 0 or counts[value] >= below for value in counts if value not in few)
    assert all(counts[value] > 0 for value in few)
    hidden = [value for value in counts if value in few]
    others = [value for value in counts if value not in few and counts[value]]
    assert len(hidden) != 1 or not others


@given(grids, st.integers(1, 8))
def test_no_line_of_a_grid_gives_a_single_withheld_number_away(
    counts: dict[tuple[str, str], int], below: int
) -> None:
    few = few_pairs(counts, below)
    assert all(number == 0 or number >= below for pair, number in counts.items() if pair not in few)
    assert all(counts[pair] > 0 for pair in few)
    for side in (0, 1):
        for line in {pair[side] for pair in few}:
            hidden = [pair for pair in few if pair[side] == line]
            shown = [pair for pair, n in counts.items() if pair[side] == line and n and pair not in few]
            assert len(hidden) > 1 or not shown


def test_withholding_below_one_withholds_nothing() -> None:
    assert few_values({"a": 1, "b": 0}, 1) == frozenset()
    assert few_pairs({("a", "b"): 1}, 1) == frozenset()


def test_a_value_withheld_by_itself_is_withheld_in_every_combination() -> None:
    counts = {("a", "1"): 9, ("a", "2"): 8, ("b", "1"): 7, ("b", "2"): 6, ("c", "1"): 5, ("c", "2"): 5}
    few = few_pairs(counts, 3, first={"a"})
    assert {("a", "1"), ("a", "2")} <= few
    assert ("b", "1") in few or ("c", "1") in few, (
        "one more in the column, or the column's total gives it away"
    )
