"""Files to download: of items, of runs, and what a published case is made of."""

from __future__ import annotations

import copy
import json
import tempfile
from collections.abc import Collection
from typing import Any

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from heirloom.archive.ocfl import CRATE_FILE
from heirloom.cases import queries, rules
from heirloom.cases.kit import kit_name, write_kit
from heirloom.cases.models import Case
from heirloom.catalogue.store import archive
from heirloom.errors import NotFound
from heirloom.keys import object_id

from . import sealed, stored
from .answers import json_ld, keep, steady
from .sending import send

CRATE_TYPE = 'application/ld+json;profile="https://w3id.org/ro/crate"'


@require_safe
def media(request: HttpRequest, key: str, digest: str) -> HttpResponseBase:
    """Send a file of an item to whoever may see the item."""
    found = stored.find(lambda: request.user, key, digest)
    one = found.media
    return send(
        request,
        lambda: archive().stream(found.object_id, one.path, found.version or None),
        name=one.original_name or one.path.rpartition("/")[2],
        media_type=one.media_type,
        size=one.size,
        sha512=one.sha512,
        public=found.public,
    )


@require_safe
def run_file(request: HttpRequest, key: str, path: str) -> HttpResponseBase:
    """Send an output of a run to whoever may see the run."""
    run = queries.run(request.user, key)
    out = next((out for out in run.outputs if out["path"] == path), None)
    if out is None:
        raise NotFound
    return send(
        request,
        lambda: archive().stream(object_id("run", run.key), path, run.object_version or None),
        name=path.rpartition("/")[2],
        media_type=str(out["media_type"]),
        size=int(out["size"]),
        sha512=str(out["sha512"]),
        public=rules.visible_run(None, run) and run.case is not None and steady(run.case.protocol),
    )


@require_safe
def kit(request: HttpRequest, key: str) -> HttpResponseBase:
    """Send the kit of a published case. What it says of items that are not open to everybody is left out."""
    case, seal = queries.published_case(request.user, key)
    shown = copy.copy(seal)
    shown.content = sealed.content(seal, sealed.hidden(None, seal))
    file = tempfile.TemporaryFile(dir=settings.INTAKE_ROOT)  # noqa: SIM115 - the answer closes it
    try:
        write_kit(shown, file, site=settings.SITE_URL)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    response = FileResponse(
        file, as_attachment=True, filename=f"{kit_name(seal)}.zip", content_type="application/zip"
    )
    request.META.pop("HTTP_ACCEPT_ENCODING", None)  # a zip does not get smaller
    keep(response, public=_public(case))
    return response


@require_safe
def crate(request: HttpRequest, key: str) -> HttpResponse:
    """Send the RO-Crate metadata of a published case, without the items that this reader may not see."""
    case, seal = queries.published_case(request.user, key)
    document = json.loads(archive().read(object_id("case", case.key), CRATE_FILE, seal.number))
    hidden = {object_id("item", one) for one in sealed.hidden(request.user, seal)}
    return json_ld(request, _without(document, hidden), CRATE_TYPE, public=False)


def _without(document: dict[str, Any], identifiers: Collection[str]) -> dict[str, Any]:
    """The crate without these entities and without references to them."""
    graph = [_unlinked(entity, identifiers) for entity in document["@graph"]]
    return {**document, "@graph": [entity for entity in graph if entity["@id"] not in identifiers]}


def _unlinked(entity: dict[str, Any], identifiers: Collection[str]) -> dict[str, Any]:
    def gone(value: Any) -> bool:
        return isinstance(value, dict) and value.keys() == {"@id"} and value["@id"] in identifiers

    made = {}
    for name, value in entity.items():
        if isinstance(value, list):
            kept = [one for one in value if not gone(one)]
            if kept or not value:
                made[name] = kept
        elif not gone(value):
            made[name] = value
    return made


def _public(case: Case) -> bool:
    return rules.visible_case(None, case) and steady(case.protocol)
