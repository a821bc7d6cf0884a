"""A client of the API that sends JSON and, for changes, the session's token, as a program would."""

from __future__ import annotations

import json
from typing import Any

from django.test import Client

from heirloom.people.models import User


class Program:
    """Acts with the session of *user*, or of nobody."""

    def __init__(self, user: User | None = None) -> None:
        self.client = Client(enforce_csrf_checks=True)
        self.token = ""
        if user is not None:
            self.client.force_login(user)
            self.token = self.client.get("/api/me").json()["csrf_token"]

    def __call__(self, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, Any]:
        """Status and JSON of the answer."""
        given: dict[str, Any] = {"headers": {"X-CSRFToken": self.token}} if self.token else {}
        if body is not None:
            given |= {"data": json.dumps(body), "content_type": "application/json"}
        response = self.client.generic(method, f"/api{path}", **(given | more))
        kind = response.headers.get("Content-Type", "")
        return response.status_code, response.json() if "json" in kind else response.content

    def get(self, path: str) -> Any:
        status, body = self("GET", path)
        assert status == 200, body
        return body
