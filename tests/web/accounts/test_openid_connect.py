import os
import subprocess
import sys

import pytest

SAY = """
import django
django.setup()
from django.urls import NoReverseMatch, reverse
try:
    print(reverse("openid_connect_callback", args=["oidc"]))
except NoReverseMatch:
    print("none")
"""


@pytest.mark.parametrize(
    ("given", "callback"),
    [
        ({}, "none"),
        ({"HEIRLOOM_OIDC_ISSUER": "https://id.example.org/"}, "/account/oidc/oidc/login/callback/"),
    ],
    ids=["without-a-provider", "with-a-provider"],
)
def test_the_address_for_a_provider_is_there_where_one_is_set_up(tmp_path, given, callback):
    # The settings are read once, from the environment; so it is another process that has other ones.
    result = subprocess.run(
        [sys.executable, "-c", SAY],
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "heirloom.settings",
            "HEIRLOOM_DATA": str(tmp_path),
            "HEIRLOOM_DATABASE": "",
            **given,
        },
        capture_output=True,
        check=True,
        text=True,
    )
    assert result.stdout.strip() == callback
