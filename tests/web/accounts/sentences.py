"""Reads from the installed django-allauth which sentences its pages, messages and letters have."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import allauth
from django.utils.translation.template import templatize

ROOT = Path(allauth.__file__).parent

# What this installation does not offer: telephones, codes by mail, accounts without e-mail.
_UNUSED = re.compile(
    r"phone|_code|code_|trust|signup_by_passkey|webauthn/signup_form|email_change|account_(dis)?connected_"
)
_UNUSED_WORDS = re.compile(r"phone|[Uu]sername|optional", re.ASCII)
_FORMS = (
    "account/forms.py",
    "account/adapter.py",
    "account/fields.py",
    "mfa/adapter.py",
    "mfa/totp/forms.py",
    "mfa/webauthn/forms.py",
    "mfa/models.py",
)
_CALL = re.compile(
    r"\b(n?gettext|_)\(u?('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")(?:,\s*u?('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"))?"
)


def sentences() -> set[tuple[str, ...]]:
    """Return each sentence as (singular,) or (singular, plural)."""
    found: set[tuple[str, ...]] = set()
    for part in ("account", "mfa", "usersessions", "socialaccount"):
        for path in (ROOT / "templates" / part).rglob("*.*"):
            if _UNUSED.search(str(path.relative_to(ROOT))):
                continue
            for call in _CALL.finditer(templatize(path.read_text("utf-8"), origin=str(path))):
                one = ast.literal_eval(call[2])
                found.add((one, ast.literal_eval(call[3])) if call[1] == "ngettext" and call[3] else (one,))
    for name in _FORMS:
        for node in ast.walk(ast.parse((ROOT / name).read_text("utf-8"))):
            if not (isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant)):
                continue
            if getattr(node.func, "id", "") in {"_", "gettext", "gettext_lazy"}:
                found.add((str(node.args[0].value),))
    return {one for one in found if not _UNUSED_WORDS.search(one[0])}
