"""A test client that reads every answer to its end, as a browser would."""

from __future__ import annotations

from typing import Any

from django.test import Client

from heirloom.people.models import User


class Reader(Client):
    """Gives answers with ``body``, the bytes that came."""

    def request(self, **request: Any) -> Any:
        response = super().request(**request)
        response.body = b"".join(response.streaming_content) if response.streaming else response.content
        return response


def client(user: User | None = None) -> Reader:
    """A client of *user*, or of nobody."""
    made = Reader()
    if user is not None:
        made.force_login(user)
    return made
