"""The page that describes the API to people: made on the server, without a script."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from ninja import NinjaAPI
from ninja.openapi.docs import DocsBase

_METHODS = ("get", "post", "put", "patch", "delete")


class OperationsPage(DocsBase):
    """Lists the operations by part, with what goes in and what comes out."""

    _context: dict[str, Any] | None = None

    def render_page(self, request: HttpRequest, api: NinjaAPI, **kwargs: Any) -> HttpResponse:
        """Render the list from the description itself."""
        if self._context is None:
            schema = api.get_openapi_schema()
            parts: dict[str, list[dict[str, Any]]] = {}
            for operation in operations(schema):
                parts.setdefault(operation["tag"], []).append(operation)
            self._context = {
                "parts": list(parts.items()),
                "description": schema["info"].get("description", ""),
                "version": schema["info"]["version"],
                "openapi_url": self.get_openapi_url(api, kwargs),
            }
        return render(request, "heirloom/api/docs.html", self._context)


def operations(schema: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Each operation of an OpenAPI description as the page shows it."""
    components = schema.get("components", {}).get("schemas", {})
    for path, methods in schema["paths"].items():
        for method in _METHODS:
            if method not in methods:
                continue
            one = methods[method]
            yield {
                "id": one["operationId"],
                "tag": (one.get("tags") or [""])[0],
                "method": method.upper(),
                "path": path,
                "summary": one.get("description") or one.get("summary", ""),
                "signed_in": bool(one.get("security")),
                "parameters": [
                    {
                        "name": parameter["name"],
                        "where": parameter["in"],
                        "required": parameter.get("required", False),
                        "form": form(parameter["schema"]),
                        "description": parameter.get("description")
                        or parameter["schema"].get("description", ""),
                    }
                    for parameter in one.get("parameters", [])
                ],
                "body": [
                    {"media_type": media_type, "fields": list(fields(content["schema"], components))}
                    for media_type, content in one.get("requestBody", {}).get("content", {}).items()
                ],
                "answers": [
                    {
                        "status": status,
                        "form": next(
                            (form(content["schema"]) for content in answer.get("content", {}).values()), ""
                        ),
                    }
                    for status, answer in sorted(one["responses"].items(), key=lambda pair: int(pair[0]))
                ],
            }


def form(schema: Mapping[str, Any]) -> str:
    """A type in few words: ``string``, ``list of ItemCard``, ``one of a, b``."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "enum" in schema:
        return "one of " + ", ".join(str(value) or "(empty)" for value in schema["enum"])
    if "const" in schema:
        return str(schema["const"])
    if options := schema.get("anyOf") or schema.get("allOf"):
        return " or ".join(dict.fromkeys(form(option) for option in options))
    if schema.get("type") == "array":
        return f"list of {form(schema.get('items', {}))}"
    if schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object of {form(schema['additionalProperties'])}"
    return str(schema.get("format") or schema.get("type") or "any")


def fields(schema: Mapping[str, Any], components: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The fields of an object, its name resolved."""
    if "$ref" in schema:
        schema = components.get(str(schema["$ref"]).rpartition("/")[2], {})
    for name, inner in schema.get("properties", {}).items():
        yield {
            "name": name,
            "form": form(inner),
            "required": name in schema.get("required", ()),
            "description": inner.get("description", ""),
        }
