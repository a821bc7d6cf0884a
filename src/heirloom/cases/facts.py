"""Facts computed from a case itself, so that "replicable, low-cost, standardised" is measured and not claimed.

Works on the sealed content (``heirloom/case/1`` with its ``items`` and ``runs``), never on rows, so that what a
reviewer saw can be computed again from the archive alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

OPEN_LICENCES = (
    "https://creativecommons.org/publicdomain/",
    "https://creativecommons.org/licenses/by/",
    "https://creativecommons.org/licenses/by-sa/",
    "http://creativecommons.org/publicdomain/",
    "http://creativecommons.org/licenses/by/",
    "http://creativecommons.org/licenses/by-sa/",
)


def _texts(content: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    for name in ("title", "summary", "skills"):
        yield content.get(name) or {}
    for name, fields in (
        ("sections", ("heading", "body")),
        ("costs", ("what",)),
        ("reach", ("who", "evidence")),
        ("goals", ("evidence",)),
        ("partners", ("role",)),
    ):
        for part in content.get(name, []):
            for field in fields:
                yield part.get(field) or {}


def languages(content: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return for each language the share of the case's texts that it covers, and how many are machine-made.

    A text counts once for each language it is in; ``share`` is of all texts that are not empty.
    """
    texts = [text for text in _texts(content) if text]
    covered: Counter[str] = Counter()
    machine: Counter[str] = Counter()
    for text in texts:
        for language, part in text.items():
            covered[language] += 1
            machine[language] += part.get("origin") == "machine"
    return {
        language: {"share": round(count / len(texts), 3), "texts": count, "machine": machine[language]}
        for language, count in sorted(covered.items(), key=lambda pair: (-pair[1], pair[0]))
    }


def costs(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the stated costs by currency and kind, as decimal strings, once-only and recurring apart."""
    once: dict[str, Decimal] = {}
    recurring: dict[str, Decimal] = {}
    kinds: dict[str, dict[str, Decimal]] = {}
    for part in content.get("costs", []):
        amount, currency = Decimal(part["amount"]), part["currency"]
        total = recurring if part.get("recurring") else once
        total[currency] = total.get(currency, Decimal(0)) + amount
        of_kind = kinds.setdefault(currency, {})
        of_kind[part["kind"]] = of_kind.get(part["kind"], Decimal(0)) + amount
    return {
        "once": {currency: str(amount) for currency, amount in sorted(once.items())},
        "recurring": {currency: str(amount) for currency, amount in sorted(recurring.items())},
        "by_kind": {
            currency: {kind: str(amount) for kind, amount in sorted(of_kind.items())}
            for currency, of_kind in sorted(kinds.items())
        },
    }


def computing(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the measured cost of the case's runs together: CPU and wall seconds, peak memory and bytes."""
    runs = [run.get("cost") or {} for run in content.get("runs", {}).values()]
    return {
        "runs": len(runs),
        "cpu_seconds": round(sum(run.get("cpu_seconds") or 0 for run in runs), 3),
        "wall_seconds": round(sum(run.get("wall_seconds") or 0 for run in runs), 3),
        "peak_bytes": max((run.get("peak_bytes") or 0 for run in runs), default=0),
        "bytes_in": sum(run.get("bytes_in") or 0 for run in runs),
        "bytes_out": sum(run.get("bytes_out") or 0 for run in runs),
        "devices": sorted({run["device"] for run in runs if run.get("device")}),
    }


def licences(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return which rights statements the parts carry, how many parts are under an open licence, and how many say nothing."""
    uris = [
        content.get("rights") or "",
        *(item.get("rights") or "" for item in content.get("items", {}).values()),
    ]
    return {
        "parts": len(uris),
        "open": sum(uri.startswith(OPEN_LICENCES) for uri in uris),
        "unstated": sum(not uri for uri in uris),
        "uris": dict(sorted(Counter(uri for uri in uris if uri).items())),
    }


def offline(content: Mapping[str, Any]) -> dict[str, int]:
    """Return how many files and bytes someone carries away to have the whole case without a network."""
    sizes = [media["size"] for item in content.get("items", {}).values() for media in item.get("media", [])]
    sizes += [out["size"] for run in content.get("runs", {}).values() for out in run.get("outputs", [])]
    return {"files": len(sizes), "bytes": sum(sizes)}


def described_pictures(content: Mapping[str, Any]) -> dict[str, int]:
    """Return how many pictures the case shows and how many of them say in words what they show."""
    pictures = [
        media
        for item in content.get("items", {}).values()
        for media in item.get("media", [])
        if media["media_type"].startswith("image/")
    ]
    return {"pictures": len(pictures), "described": sum(bool(media.get("alt")) for media in pictures)}


def compute(content: Mapping[str, Any], rerun: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return all facts of a sealed content; *rerun* comes from :mod:`heirloom.cases.rerun`."""
    return {
        "languages": languages(content),
        "costs": costs(content),
        "computing": computing(content),
        "licences": licences(content),
        "offline": offline(content),
        "pictures": described_pictures(content),
        "rerun": dict(rerun or {}),
    }
