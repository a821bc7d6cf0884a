"""Accounts: from signing up to a second factor, in the installation's own look and under its strict policy."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext
from pytest_django import Settings
from tests.factories.pages import Page, browser, read
from tests.factories.people import make_user

from heirloom.people.models import User

pytestmark = [
    pytest.mark.database,
    pytest.mark.django_db,
    pytest.mark.usefixtures("installation"),
]

PASSWORD = "river songs at night"


@pytest.fixture(autouse=True)
def fresh_limits() -> None:
    cache.clear()


def signed_up(email: str = "noy@boats.example") -> Client:
    client = browser()
    made = client.post(reverse("account_signup"), {"email": email, "password1": PASSWORD})
    assert made.headers["Location"] == "/my/"
    return client


def signed_in(email: str = "noy@boats.example", password: str = PASSWORD) -> Client:
    client = browser()
    answer = client.post(reverse("account_login"), {"login": email, "password": password})
    assert answer.status_code == 302
    return client


def confirmed(client: Client) -> Client:
    """Say the password once more, as changes of how one signs in ask for."""
    answer = client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    assert answer.status_code == 302
    return client


def secret_of(page: Page) -> str:
    [secret] = [field["value"] for field in page.fields if field.get("id") == "authenticator_secret"]
    return secret


def code_for(secret: str) -> str:
    return totp.format_hotp_value(totp.hotp_value(secret, totp.yield_hotp_counters_from_time().__next__()))


def test_a_person_signs_up_signs_in_and_adds_a_second_factor() -> None:
    client = signed_up()
    assert User.objects.get().email == "noy@boats.example"
    assert client.get("/my/").status_code == 200
    client.post(reverse("account_logout"))
    assert client.get("/my/").status_code == 302
    client = signed_in("Noy@Boats.example")
    read(client.get(reverse("mfa_index")))
    asked = client.get(reverse("mfa_activate_totp"))
    assert asked.headers["Location"].startswith(reverse("account_reauthenticate"))
    wrong = client.post(asked.headers["Location"], {"password": "guess"})
    assert "Incorrect password." in read(wrong).words
    sure = client.post(asked.headers["Location"], {"password": PASSWORD})
    assert sure.headers["Location"] == reverse("mfa_activate_totp")
    form = read(client.get(reverse("mfa_activate_totp")))
    wrong = client.post(reverse("mfa_activate_totp"), {"code": "000000"})
    assert "Incorrect code." in read(wrong).words
    secret = secret_of(form)
    done = client.post(reverse("mfa_activate_totp"), {"code": code_for(secret)})
    assert done.status_code == 302
    codes = read(client.get(reverse("mfa_view_recovery_codes")))
    [box] = [field for field in codes.fields if field.get("id") == "recovery_codes"]
    assert box["rows"] == "10"
    assert Authenticator.objects.filter(type="totp").count() == 1

    again = browser()
    first = again.post(reverse("account_login"), {"login": "noy@boats.example", "password": PASSWORD})
    assert first.headers["Location"] == reverse("mfa_authenticate")
    assert again.get("/my/").status_code == 302, "the password alone does not let in"
    read(again.get(reverse("mfa_authenticate")))
    refused = again.post(reverse("mfa_authenticate"), {"code": "123456"})
    assert refused.status_code == 200
    cache.clear()  # one code counts once
    assert again.post(reverse("mfa_authenticate"), {"code": code_for(secret)}).headers["Location"] == "/my/"
    assert again.get("/my/").status_code == 200


@pytest.mark.parametrize(
    "name",
    [
        "account_login",
        "account_signup",
        "account_reset_password",
        "account_reset_password_done",
        "account_inactive",
    ],
)
def test_pages_for_everybody_stand(name: str) -> None:
    page = read(browser().get(reverse(name)))
    assert page.ids["site-nav"], "in the frame of all pages"


@pytest.mark.parametrize(
    "name",
    [
        "account_logout",
        "account_email",
        "account_change_password",
        "mfa_index",
        "mfa_activate_totp",
        "mfa_add_webauthn",
        "mfa_list_webauthn",
        "usersessions_list",
        "account_reauthenticate",
        "socialaccount_connections",
    ],
)
def test_pages_of_a_person_stand(name: str) -> None:
    client = confirmed(signed_up())
    response = client.get(reverse(name))
    assert response.status_code == 200, response.headers.get("Location")
    read(response)


def test_pages_with_a_second_factor_stand() -> None:
    client = confirmed(signed_up())
    form = read(client.get(reverse("mfa_activate_totp")))
    client.post(reverse("mfa_activate_totp"), {"code": code_for(secret_of(form))})
    for name in (
        "mfa_index",
        "mfa_view_recovery_codes",
        "mfa_generate_recovery_codes",
        "mfa_deactivate_totp",
    ):
        response = client.get(reverse(name))
        assert response.status_code == 200, name
        read(response)
    assert client.get(reverse("mfa_download_recovery_codes")).status_code == 200


def test_passkeys_work_under_the_strict_policy() -> None:
    login = browser().get(reverse("account_login"))
    policy = login.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    html = login.content.decode()
    scripts = re.findall(r"<script\b[^>]*>", html)
    assert all('src="' in script or 'type="application/json"' in script for script in scripts)
    for name in ("mfa/js/webauthn-json.js", "mfa/js/webauthn.js", "account/js/onload.js"):
        assert f"/static/{name}" in html
    assert 'id="passkey_login"' in html
    asked = browser().get(reverse("mfa_login_webauthn"), headers={"X-Requested-With": "XMLHttpRequest"})
    assert asked.json()["request_options"]["publicKey"]["challenge"]
    client = confirmed(signed_up())
    adding = client.get(reverse("mfa_add_webauthn")).content.decode()
    assert '<script id="js_data" type="application/json">' in adding


def test_wrong_passwords_are_told_kept_apart_and_slowed_down() -> None:
    make_user("noy@boats.example", password=PASSWORD)
    client = browser()
    wrong = client.post(reverse("account_login"), {"login": "noy@boats.example", "password": "guess"})
    page = read(wrong)
    assert page.values["login"] == ["noy@boats.example"]
    assert "The email address and/or password you specified are not correct." in page.words
    unknown = client.post(reverse("account_login"), {"login": "nobody@boats.example", "password": "guess"})
    assert "The email address and/or password you specified are not correct." in read(unknown).words
    answers = [
        client.post(reverse("account_login"), {"login": "noy@boats.example", "password": "guess"})
        for _ in range(12)
    ]
    last = answers[-1].content.decode()
    assert "Too many failed login attempts" in last or answers[-1].status_code == 429
    blocked = client.post(reverse("account_login"), {"login": "noy@boats.example", "password": PASSWORD})
    assert blocked.status_code in (200, 429), "also the right password waits"


def test_a_weak_password_is_refused_and_the_address_kept() -> None:
    response = browser().post(reverse("account_signup"), {"email": "noy@boats.example", "password1": "short"})
    page = read(response)
    assert page.values["email"] == ["noy@boats.example"]
    assert "This password is too short. It must contain at least 10 characters." in " ".join(page.words)
    assert not User.objects.exists()


def test_a_forgotten_password_is_set_anew_by_letter() -> None:
    make_user("noy@boats.example", password=PASSWORD)
    client = browser()
    for address in ("noy@boats.example", "nobody@boats.example"):
        asked = client.post(reverse("account_reset_password"), {"email": address})
        assert asked.headers["Location"] == reverse("account_reset_password_done"), (
            "who has an account is not told"
        )
    letter = next(str(one.body) for one in mail.outbox if one.to == ["noy@boats.example"])
    link = re.search(r"https?://[^/\s]+(/account/password/reset/key/\S+)", letter)
    assert link is not None
    page = client.get(link[1], follow=True)
    read(page)
    done = client.post(
        page.redirect_chain[-1][0], {"password1": "boats at night, now", "password2": "boats at night, now"}
    )
    assert done.status_code == 302
    signed_in(password="boats at night, now")
    read(client.get(reverse("account_reset_password_from_key_done")))
    spent = client.get(link[1], follow=True)
    assert "This link does not work" in read(spent).words


def test_an_address_is_confirmed_by_letter() -> None:
    signed_up()
    letter = mail.outbox[0]
    link = re.search(r"https?://[^/\s]+(/account/confirm-email/\S+)", str(letter.body))
    assert link is not None
    page = browser().get(link[1])
    read(page)
    assert browser().post(link[1]).status_code == 302
    assert read(browser().get(link[1])).problems() == []


def test_signing_up_can_be_closed(settings: Settings) -> None:
    settings.SIGNUP_OPEN = False
    response = browser().get(reverse("account_signup"))
    assert "New accounts are closed" in read(response).words
    browser().post(reverse("account_signup"), {"email": "noy@boats.example", "password1": PASSWORD})
    assert not User.objects.exists()


def test_other_sessions_are_ended() -> None:
    first = signed_up()
    second = signed_in()
    assert first.get("/my/").status_code == 200
    read(second.get(reverse("usersessions_list")))
    assert second.post(reverse("usersessions_list")).status_code == 302
    assert first.get("/my/").status_code == 302
    assert second.get("/my/").status_code == 200


def test_the_language_of_the_page_becomes_the_account_s() -> None:
    client = browser()
    client.cookies["language"] = "lo"
    client.post(reverse("account_signup"), {"email": "noy@boats.example", "password1": PASSWORD})
    assert User.objects.get().language == "lo"


def _sentences() -> ModuleType:
    spec = importlib.util.spec_from_file_location("sentences", Path(__file__).with_name("sentences.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_sentence_of_the_account_pages_is_up_for_translation() -> None:
    from heirloom.web.account_words import PLURALS, SENTENCES

    known = set(SENTENCES) | {one for one, _both in PLURALS}
    asked = {one[0] for one in _sentences().sentences()}
    assert asked - known == set()
    assert known - asked == set(), "no longer in the installed release"


def test_what_django_says_on_these_pages_is_up_for_translation_word_for_word() -> None:
    import django
    from babel.messages.pofile import read_po

    from heirloom.web.account_words import FORM_PLURALS, FORM_SENTENCES

    held: set[str] = set()
    for part in ("conf", "contrib/auth"):
        source = Path(django.__file__).parent / part / "locale" / "en" / "LC_MESSAGES" / "django.po"
        with source.open("rb") as stream:
            held |= {
                one if isinstance(one, str) else one[0]
                for message in read_po(stream, ignore_obsolete=True)
                if (one := message.id)
            }
    ours = {*FORM_SENTENCES, *(one for one, _both in FORM_PLURALS)}
    assert ours - held == set(), "no longer in the installed release"


def test_our_words_win_over_those_of_the_libraries() -> None:
    from babel.messages.pofile import read_po

    import heirloom

    folder = Path(heirloom.__file__).parent / "locale"
    for language, name in (("zh-hans", "zh_Hans"), ("lo", "lo"), ("vi", "vi"), ("en", "en")):
        with (folder / name / "LC_MESSAGES" / "django.po").open("rb") as stream:
            said = read_po(stream)["Sign In"].string
        with translation.override(language):
            assert said
            assert gettext("Sign In") == said


def test_account_pages_speak_as_the_rest_of_the_site_does() -> None:
    client = browser()
    for name in ("account_login", "account_signup", "account_reset_password"):
        page = read(client.get(reverse(name)))
        said = [word for word in page.words if re.fullmatch(r"(?:[A-Z][a-z]+ )+[A-Z][a-z]+", word)]
        assert said == [], "Title Case"
