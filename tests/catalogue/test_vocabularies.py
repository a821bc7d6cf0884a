"""Rights, labels, roles and identifiers of terms."""

from __future__ import annotations

import pytest

from heirloom.catalogue import vocabularies as v


def test_the_lists_are_whole() -> None:
    codes = [statement.code for statement in v.STATEMENTS.values()]
    assert sum(uri.startswith("http://rightsstatements.org/") for uri in v.STATEMENTS) == 12
    assert {"CC0", "PDM", "CC BY 4.0", "CC BY-NC-ND 4.0", "InC", "CNE"} <= set(codes)
    assert len(codes) == len(set(codes)) == 20
    assert len([code for code in v.LABEL_KINDS if code.startswith("TK ")]) == 20
    assert len([code for code in v.LABEL_KINDS if code.startswith("BC ")]) == 10
    assert all(len(code) == 3 and code.islower() for code in v.RELATORS)


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("", ""),
        (
            "https://rightsstatements.org/page/InC/1.0/?language=en",
            "http://rightsstatements.org/vocab/InC/1.0/",
        ),
        ("http://rightsstatements.org/vocab/NoC-OKLR/1.0", "http://rightsstatements.org/vocab/NoC-OKLR/1.0/"),
        ("http://creativecommons.org/licenses/by-sa/4.0", "https://creativecommons.org/licenses/by-sa/4.0/"),
        (
            "https://creativecommons.org/licenses/by/4.0/deed.fr",
            "https://creativecommons.org/licenses/by/4.0/",
        ),
        (
            "https://creativecommons.org/licenses/by/3.0/igo/",
            "https://creativecommons.org/licenses/by/3.0/igo/",
        ),
        (
            "https://creativecommons.org/licenses/by-nc/2.5/th/",
            "https://creativecommons.org/licenses/by-nc/2.5/th/",
        ),
        ("https://creativecommons.org/publicdomain/zero/1.0/legalcode", v.CC0),
    ],
)
def test_rights_are_canonical(written: str, canonical: str) -> None:
    assert v.check_rights(written) == canonical
    assert v.check_rights(canonical) == canonical


@pytest.mark.parametrize(
    "uri",
    ["CC BY", "https://example.org/", "http://rightsstatements.org/vocab/XX/1.0/", "https://creativecommons.org/licenses/by/9.0/",
     "https://creativecommons.org/licenses/sa-by/4.0/", "https://evil.example/creativecommons.org/licenses/by/4.0/",
     "https://creativecommons.org/publicdomain/zero/2.0/"],
)  # fmt: skip
def test_other_rights_are_refused(uri: str) -> None:
    with pytest.raises(v.UnknownRights):
        v.check_rights(uri)


@pytest.mark.parametrize(
    ("code", "share", "adapt", "sell", "attribute", "share_alike"),
    [
        ("by/4.0/", True, True, True, True, False),
        ("by-sa/3.0/", True, True, True, True, True),
        ("by-nc-nd/4.0/", True, False, False, True, False),
        ("by-nc-sa/2.0/", True, True, False, True, True),
    ],
)
def test_what_licences_allow(
    code: str, share: bool, adapt: bool, sell: bool, attribute: bool, share_alike: bool
) -> None:
    found = v.statement(f"https://creativecommons.org/licenses/{code}")
    assert (found.share, found.adapt, found.sell) == (share, adapt, sell)
    assert (found.attribute, found.share_alike, found.free) == (attribute, share_alike, adapt and sell)


def test_in_copyright_allows_nothing_that_it_does_not_say() -> None:
    found = v.statement("http://rightsstatements.org/vocab/InC/1.0/")
    assert (found.share, found.adapt, found.sell, found.free) == (None, None, None, False)


@pytest.mark.parametrize(
    ("written", "code"), [("TK A", "TK A"), ("tk-a", "TK A"), ("bc_cnv", "BC CNV"), (" tk ss ", "TK SS")]
)
def test_labels(written: str, code: str) -> None:
    assert v.check_label(written) == code
    assert v.check_label(v.LABEL_KINDS[code].slug) == code


@pytest.mark.parametrize("written", ["", "TK", "TK ZZ", "BC A"])
def test_other_labels_are_refused(written: str) -> None:
    with pytest.raises(v.UnknownLabel):
        v.check_label(written)


@pytest.mark.parametrize(
    ("scheme", "code", "uri", "expected"),
    [
        ("language", "lao", "", ("lao", "http://id.loc.gov/vocabulary/iso639-3/lao")),
        ("language", "laoo1244", "", ("laoo1244", "https://glottolog.org/resource/languoid/id/laoo1244")),
        ("technique", "aat:300053642", "", ("aat:300053642", "http://vocab.getty.edu/aat/300053642")),
        (
            "material",
            "http://vocab.getty.edu/page/aat/300014072",
            "",
            ("aat:300014072", "http://vocab.getty.edu/aat/300014072"),
        ),
        (
            "form",
            "x",
            "https://vocab.getty.edu/aat/300266521",
            ("aat:300266521", "http://vocab.getty.edu/aat/300266521"),
        ),
        ("subject", "ເຮືອ", "", ("ເຮືອ", "")),
        ("period", "lan-xang", "https://example.org/p", ("lan-xang", "https://example.org/p")),
    ],
)
def test_terms(scheme: str, code: str, uri: str, expected: tuple[str, str]) -> None:
    assert v.check_term(scheme, code, uri) == expected


@pytest.mark.parametrize(
    ("scheme", "code"),
    [("language", "Lao"), ("language", "lo"), ("language", "lao1"), ("technique", "aat:12"), ("subject", ""), ("subject", "a b"),
     ("subject", "<b>"), ("subject", "x" * 81)],
)  # fmt: skip
def test_terms_of_the_wrong_shape_are_refused(scheme: str, code: str) -> None:
    with pytest.raises(v.InvalidTerm):
        v.check_term(scheme, code)


def test_roles() -> None:
    assert v.check_role("cre") == "cre"
    with pytest.raises(v.UnknownRole):
        v.check_role("xxx")
