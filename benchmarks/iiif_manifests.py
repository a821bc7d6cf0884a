"""Manifests and collections against the JSON schema of the IIIF Presentation 3 validator: ``python -m benchmarks.iiif_manifests``.

Items of every kind, with and without pictures, sound, film, models, transcripts and places, in many languages, are made in a new data folder.
The schema (``iiif_3_0.json``, github.com/IIIF/presentation-validator) is looked for in the folder HEIRLOOM_IIIF_SCHEMAS.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

from benchmarks.ingest import installation

FILES: dict[str, tuple[dict[str, Any], ...]] = {
    "nothing": (),
    "picture": ({"media_type": "image/jpeg", "width": 6000, "height": 4000}, {"media_type": "image/tiff", "width": 1, "height": 1}),
    "sound": ({"media_type": "audio/flac", "duration": 61.5, "language": "lo"}, {"media_type": "text/vtt", "role": "transcript", "language": "lo"}),
    "film": ({"media_type": "video/mp4", "duration": 2.0, "width": 640, "height": 360},),
    "model": ({"media_type": "model/gltf-binary"}, {"media_type": "application/pdf", "role": "supplement"}),
}  # fmt: skip
TEXTS: tuple[dict[str, str], ...] = (
    {
        "en": "Naga boat",
        "lo": "ເຮືອນາກ",
        "zh-Hans": "龙舟",
        "my": "နဂါးလှေ",
        "km": "ទូកនាគ",
        "vi": "Thuyền rồng",
        "th": "เรือนาค",
    },
    {"und": "?"},
)


def items(user: Any) -> Iterator[Any]:
    """One item of every kind with every set of files and texts."""
    from heirloom.catalogue.actions_shared import ensure_agent, ensure_place, ensure_term
    from heirloom.catalogue.models import Contribution, Item, Media
    from heirloom.text import Translated

    place = ensure_place(user, name=Translated({"en": "Luang Prabang"}), longitude=102.1, latitude=19.9)
    term = ensure_term(user, scheme="language", code="lao", label=Translated({"en": "Lao"}))
    agent = ensure_agent(user, name=Translated({"en": "A"}))
    for kind, files, texts in product(Item.Kind.values, FILES.values(), TEXTS):
        item = Item.objects.create(
            kind=kind,
            title=Translated(texts),
            description=Translated(texts),
            state=Item.State.PUBLISHED,
            date="1937~" if len(texts) > 1 else "",
            rights="https://creativecommons.org/licenses/by/4.0/",
            rights_holder="Museum" if len(texts) > 1 else "",
            source_uri="https://museum.example/1" if len(texts) > 1 else "",
            statements=[{"name": "size", "value": "3 m"}],
        )
        if len(texts) > 1:
            item.places.add(place)
            item.terms.add(term)
            Contribution.objects.create(item=item, agent=agent, role="cre")
        for position, file in enumerate(files):
            name = f"file{position}"
            digest = hashlib.sha512(f"{item.key}{position}".encode()).hexdigest()
            Media.objects.create(
                item=item,
                path=f"media/{name}",
                original_name=name,
                size=1,
                sha512=digest,
                position=position,
                **file,
            )
        yield item


def main() -> int:
    where = os.environ.get("HEIRLOOM_IIIF_SCHEMAS", "")
    schema = Path(where) / "iiif_3_0.json"
    if not where or not schema.is_file():
        print("foundation.3d manifests-validate skipped: no iiif_3_0.json (set HEIRLOOM_IIIF_SCHEMAS)")
        return 0
    from jsonschema import Draft7Validator

    validator = Draft7Validator(json.loads(schema.read_text()))
    folder = Path(tempfile.mkdtemp(prefix="heirloom-manifests-"))
    try:
        user = installation(folder)
        from heirloom.catalogue.actions_keep import whole
        from heirloom.catalogue.exchange import Addresses
        from heirloom.catalogue.iiif import presentation
        from heirloom.catalogue.models import Item
        from heirloom.text import Translated

        made = list(items(user))
        addresses = Addresses("https://example.org")
        found = list(whole(Item.objects.filter(pk__in=[item.pk for item in made])))
        label = Translated({"en": "All"})
        documents = [presentation.manifest(item, addresses) for item in found]
        documents.append(presentation.collection("all", label, len(found), addresses))
        documents.append(presentation.collection_page("all", 1, label, found, addresses))
        wrong = [document["id"] for document in documents if any(validator.iter_errors(document))]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for address in wrong:
        print(f"does not validate: {address}", file=sys.stderr)
    verdict = "short" if wrong else "ok"
    print(f"foundation.3d manifests-validate {len(documents) - len(wrong)} of {len(documents)} {verdict}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
