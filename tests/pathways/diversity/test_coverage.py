"""The method end to end: its numbers, its honesty, its tables, pictures and sentences."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from heirloom.pathways.charts import Chart
from heirloom.pathways.execute import execute, output_folder
from heirloom.pathways.message import Message, Value
from heirloom.pathways.record import RunRecord

GIRDLED = [46, 22, 17, 15, 15, 9, 8, 6, 6, 4, 2, 2, 2, 2] + [1] * 12
LOGGED = [88, 22, 16, 15, 13, 10, 8, 8, 7, 7, 7, 5, 4, 4, 4, 3, 3, 3, 3, 2, 2, 2, 2] + [1] * 14
QUICK = {"replicates": 12, "knots": 8}


def spiders(path: Path) -> Path:
    """The spiders as records: a plot's treatment and a species each."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["community", "form"])
        for treatment, counts in (("girdled", GIRDLED), ("logged", LOGGED)):
            for species, number in enumerate(counts):
                writer.writerows([[treatment, f"{treatment}-{species}"]] * number)
    return path


def run(folder: Path, table: str | Path, reference: str = "", **params: object) -> tuple[RunRecord, Path]:
    path = table if isinstance(table, Path) else folder / "records.csv"
    if isinstance(table, str):
        path.write_text(table, "utf-8")
    inputs = {"records": [path]}
    if reference:
        (folder / "reference.csv").write_text(reference, "utf-8")
        inputs["reference"] = [folder / "reference.csv"]
    scratch = folder / "run"
    record = execute("diversity.coverage", inputs, QUICK | params, scratch=scratch)
    return record, output_folder(scratch)


def loaded(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_text("utf-8"))


def sentences(folder: Path) -> list[str]:
    return [Message.from_json(sentence).text() for sentence in loaded(folder, "summary.json")["sentences"]]


def test_the_published_example_comes_out_of_the_whole_way(tmp_path: Path) -> None:
    """Hsieh, Ma & Chao: the two plots through table, process, JSON and CSV, compared at equal coverage."""
    record, out = run(tmp_path, spiders(tmp_path / "spiders.csv"), facets=["form"], compare_by="community")
    assert record.status == "done", record.log_tail
    (compared,) = loaded(out, "results.json")["comparisons"]
    told = {group["group"]: group for group in compared["described"]}
    assert round(told["girdled"]["coverage"]["estimate"], 4) == 0.9289
    assert round(told["logged"]["coverage"]["estimate"], 4) == 0.9446
    assert [round(hill["asymptotic"]["estimate"], 3) for hill in told["logged"]["hill"]] == [
        61.403,
        16.337,
        6.92,
    ]
    # The base is the coverage of the girdled plots at twice their size, .964 in the vignette's table.
    assert round(compared["coverage"], 3) == 0.964
    at_base = {group["group"]: group for group in compared["groups"]}
    assert round(at_base["girdled"]["hill"][0]["estimate"], 3) == 34.731
    assert round(at_base["girdled"]["size"]) == 336
    assert at_base["logged"]["way"] == "extrapolation"
    with (out / "coverage.csv").open(encoding="utf-8", newline="") as stream:
        lines = {line["group"]: line for line in csv.DictReader(stream)}
    assert round(float(lines["girdled"]["coverage"]), 4) == 0.9289
    assert float(lines["girdled"]["q0_whole"]) == 43.892857
    assert float(lines["girdled"]["coverage_low"]) < 0.9289 < float(lines["girdled"]["coverage_high"])


def test_json_lines_give_the_same_numbers_as_csv(tmp_path: Path) -> None:
    table = spiders(tmp_path / "spiders.csv")
    with table.open(encoding="utf-8", newline="") as stream:
        lines = "".join(json.dumps(row) + "\n" for row in csv.DictReader(stream))
    (tmp_path / "spiders.jsonl").write_text(lines)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one, _ = run(tmp_path / "a", table)
    other, _ = run(tmp_path / "b", tmp_path / "spiders.jsonl")
    assert {o.path: o.sha512 for o in one.outputs} == {o.path: o.sha512 for o in other.outputs}


def test_the_seed_moves_intervals_and_nothing_else(tmp_path: Path) -> None:
    found = []
    for seed in (0, 1):
        (tmp_path / str(seed)).mkdir()
        _, out = run(tmp_path / str(seed), spiders(tmp_path / "spiders.csv"), facets=["form"], seed=seed)
        (facet,) = loaded(out, "results.json")["facets"]
        found.append(facet["coverage"])
    assert found[0]["estimate"] == found[1]["estimate"]
    assert found[0]["low"] != found[1]["low"]


def test_too_few_records_are_counted_but_not_estimated(tmp_path: Path) -> None:
    record, out = run(tmp_path, "form\nsong\nsong\ndance\n")
    assert record.status == "done"
    (facet,) = loaded(out, "results.json")["facets"]
    assert facet["status"] == "not-enough"
    assert "coverage" not in facet
    assert facet["counts"] == [{"value": "song", "records": 2}, {"value": "dance", "records": 1}]
    assert not (out / "coverage.svg").exists()
    assert sentences(out) == [
        "Form: 2 different values in 3 records.",
        "That is not enough for an estimate; it takes at least 20 records.",
    ]


def test_a_column_without_any_value_is_said_to_be_empty(tmp_path: Path) -> None:
    _, out = run(tmp_path, "form,period\n" + "song,\n" * 30)
    assert [facet["status"] for facet in loaded(out, "results.json")["facets"]] == ["empty", "estimated"]


def test_where_everything_appears_once_the_result_says_that_it_knows_nothing(tmp_path: Path) -> None:
    _, out = run(tmp_path, "form\n" + "".join(f"f{number}\n" for number in range(40)))
    (facet,) = loaded(out, "results.json")["facets"]
    assert facet["warnings"] == ["all-once", "none-twice"]
    assert facet["hill"][2]["asymptotic"]["estimate"] is None
    assert any("nothing can be said" in sentence for sentence in sentences(out))


def test_where_nothing_appears_once_full_coverage_is_not_called_a_finding(tmp_path: Path) -> None:
    _, out = run(tmp_path, "form\n" + "song\n" * 20 + "dance\n" * 20)
    (facet,) = loaded(out, "results.json")["facets"]
    assert facet["coverage"]["estimate"] == 1
    told = sentences(out)
    assert not any("100" in sentence for sentence in told)
    assert any("Other places may" in sentence for sentence in told)
    assert not (out / "coverage.svg").exists()
    (table,) = [table for table in loaded(out, "summary.json")["tables"] if table["id"] == "coverage"]
    assert table["rows"][0][3:6] == [None, None, None]


def test_several_values_in_a_record_make_incidences(tmp_path: Path) -> None:
    _, out = run(tmp_path, "language\n" + "lo;km\n" * 15 + "lo\n" * 15 + "th\n")
    (facet,) = loaded(out, "results.json")["facets"]
    assert facet["data"] == "incidence"
    assert facet["records"] == 31
    assert any("several values" in sentence for sentence in sentences(out))


def test_small_communities_are_nowhere_in_any_output(tmp_path: Path) -> None:
    """Two communities of 3 and 4 among larger ones: no output holds their numbers, nor what gives them away."""
    table = "community,form\n"
    for name, number in (("alpha", 30), ("beta", 25), ("gamma", 9), ("delta", 4), ("epsilon", 3)):
        table += "".join(f"{name},{'song' if k % 2 else 'dance'}\n" for k in range(number))
    record, out = run(
        tmp_path,
        table,
        withhold_below=5,
        compare_by="community",
        cross=["community", "form"],
        minimum_records=5,
    )
    assert record.status == "done", record.log_tail
    results = loaded(out, "results.json")
    counts = {row["value"]: row["records"] for row in results["facets"][0]["counts"]}
    assert counts == {"alpha": 30, "beta": 25, "gamma": 9, "delta": None, "epsilon": None}
    cells = {tuple(cell["values"]): cell for cell in results["gaps"]["cross"]["cells"]}
    for name in ("delta", "epsilon"):
        for form in ("song", "dance"):
            assert cells[name, form]["status"] == "few"
            assert cells[name, form]["records"] is None
    groups = {group["group"] for group in results["comparisons"][0]["described"]}
    assert groups == {"alpha", "beta", "gamma"}
    assert results["comparisons"][0]["too_small"] == 2
    with (out / "gaps.csv").open(encoding="utf-8", newline="") as stream:
        for line in csv.DictReader(stream):
            if line["value"] in ("delta", "epsilon"):
                assert line["records"] == ""
    assert any("withheld" in sentence for sentence in sentences(out))


def test_gaps_against_languages_and_ones_own_list(tmp_path: Path) -> None:
    table = "language,region,form\n" + "lo,LA,song\n" * 12 + "km,KH,dance\n" * 12
    record, out = run(
        tmp_path,
        table,
        "form,form_label\nsong,Songs\nepic,Epics\n",
        reference_list="lancang-mekong-languages",
        countries=["LA", "KH"],
        cross=["language", "region"],
    )
    assert record.status == "done", record.log_tail
    assert {given.role for given in record.inputs} == {"records", "reference"}
    assert record.resources.keys() == {"languages"}
    with (out / "gaps.csv").open(encoding="utf-8", newline="") as stream:
        lines = list(csv.DictReader(stream))
    found = {(line["value"], line["second_value"]): line for line in lines}
    assert found["laoo1244", ""]["status"] == "present"
    assert found["laoo1244", "LA"]["records"] == "12"
    assert found["laoo1244", "KH"]["status"] == "empty"
    assert found["epic", ""] == {
        "facet": "form", "value": "epic", "label": "Epics", "second_facet": "", "second_value": "",
        "second_label": "", "status": "empty", "records": "0",
    }  # fmt: skip
    assert found["dance", ""]["status"] == "outside"
    languages = [line for line in lines if line["facet"] == "language" and not line["second_facet"]]
    assert len(languages) > 80
    told = sentences(out)
    assert f"of the {len(languages)} values" in told[0], "what is absent is said first"
    assert sum(sentence.startswith("Region: every one of the 2 values") for sentence in told) == 1


def test_summaries_can_be_told_in_any_language(tmp_path: Path) -> None:
    """Every sentence, title and column is a template; none carries a number or a facet's name in English prose."""
    _, out = run(tmp_path, spiders(tmp_path / "s.csv"), cross=["community", "form"])
    summary = loaded(out, "summary.json")

    def shout(template: str) -> str:
        return "".join(part if part.startswith("{") else part.upper() for part in _parts(template))

    for sentence in summary["sentences"]:
        told = Message.from_json(sentence).text(shout, lambda value, translate: "¤")
        assert told == told.upper()
    for table in summary["tables"]:
        width = len(table["columns"])
        assert table["rows"]
        assert all(len(row) == width for row in table["rows"])
        for cell in (cell for row in table["rows"] for cell in row if cell is not None):
            Value(**cell)
    tables = {table["id"] for table in summary["tables"]}
    for picture in summary["pictures"]:
        assert picture["table"] in tables, "a picture never stands alone"
        chart = Chart.from_json(picture["chart"])
        assert chart.to_json() == picture["chart"]
        assert (out / picture["file"]).exists()
    assert {picture["file"] for picture in summary["pictures"]} == {
        "coverage.svg",
        "rarefaction.svg",
        "gaps.svg",
    }


def _parts(template: str) -> list[str]:
    import re

    return re.split(r"(\{\w+\})", template)


@pytest.mark.parametrize(
    ("table", "params", "code"),
    [
        ("colour\nred\n", {}, "diversity.no-facet"),
        ("form\n", {}, "diversity.no-records"),
        ("form\nsong\n", {"facets": ["mood"]}, "diversity.no-column"),
        ("form\nsong\n", {"cross": ["form"]}, "diversity.cross-needs-two"),
        ("form\nsong,dance\n", {}, "diversity.too-many-cells"),
    ],
)
def test_refusals_are_coded_and_name_the_file(
    table: str, params: dict[str, object], code: str, tmp_path: Path
) -> None:
    record, _ = run(tmp_path, table, "", **params)
    assert record.status == "failed"
    assert record.failure is not None
    assert record.failure.code == code
    assert record.failure.text().endswith(".")


def test_names_in_any_script_are_kept(tmp_path: Path) -> None:
    table = "ຮູບແບບ\n" + "ເພງ\n" * 15 + "ລຳ\n" * 10 + "<b>&\n"
    _, out = run(tmp_path, table, facets=["ຮູບແບບ"])
    (facet,) = loaded(out, "results.json")["facets"]
    assert facet["facet"] == "ຮູບແບບ"
    assert [row["value"] for row in facet["counts"]] == ["ເພງ", "ລຳ", "<b>&"]
    assert "ຮູບແບບ" in (out / "coverage.svg").read_text("utf-8")
