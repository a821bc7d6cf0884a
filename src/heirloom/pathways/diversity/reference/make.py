"""Make ``languages.csv`` from the language table of Glottolog.

    python make.py path/to/glottolog-cldf/cldf/languages.csv

Source: Hammarström, Harald & Forkel, Robert & Haspelmath, Martin & Bank, Sebastian. 2024. Glottolog 5.1. Leipzig: Max
Planck Institute for Evolutionary Anthropology, https://glottolog.org, as the CLDF dataset glottolog-cldf v5.1
(github.com/glottolog/glottolog-cldf, tag v5.1, file ``cldf/languages.csv``), licence CC BY 4.0.

What is changed: only rows of level "language" that name one of the six Lancang-Mekong countries are kept, without the
rows that Glottolog files under "Bookkeeping" (names it holds to be no language of their own); only some columns are
kept and renamed; the family is written by name; coordinates are rounded to 0.01 degree.
"""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path

COUNTRIES = frozenset({"CN", "KH", "LA", "MM", "TH", "VN"})
COLUMNS = (
    "glottocode",
    "iso639_3",
    "name",
    "family",
    "countries",
    "latitude",
    "longitude",
    "level",
    "last_documented",
)


def trimmed(table: str) -> str:
    """The derived table as CSV, sorted by glottocode."""
    rows = list(csv.DictReader(io.StringIO(table)))
    families = {row["ID"]: row["Name"] for row in rows}
    kept = []
    for row in rows:
        family = families.get(row["Family_ID"], "")
        countries = COUNTRIES.intersection(row["Countries"].split(";"))
        if row["Level"] != "language" or not countries or family == "Bookkeeping":
            continue
        place = [f"{float(row[name]):.2f}" if row[name] else "" for name in ("Latitude", "Longitude")]
        kept.append(
            [
                row["Glottocode"],
                row["ISO639P3code"],
                row["Name"],
                family,
                " ".join(sorted(row["Countries"].split(";"))),
                *place,
                row["Level"],
                row["Last_Year_Of_Documentation"],
            ]
        )
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(sorted(kept))
    return out.getvalue()


if __name__ == "__main__":
    source = Path(sys.argv[1]).read_text("utf-8")
    Path(__file__).with_name("languages.csv").write_text(trimmed(source), "utf-8")
