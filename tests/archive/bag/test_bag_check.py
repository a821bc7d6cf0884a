"""Good and bad bags of the specification, each made by code and judged by its one fault."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from heirloom.archive.bag_check import PROBLEMS, check_bag

bagit = pytest.importorskip("bagit", reason="bagit-python is not installed")


def digest(content: bytes, algorithm: str) -> str:
    return hashlib.new(algorithm, content).hexdigest()


@dataclass
class Recipe:
    """A bag to be made, and changed before or after it is sealed."""

    version: str = "1.0"
    algorithm: str = "sha256"
    encoding: str = "UTF-8"
    line_end: str = "\n"
    payload: dict[str, bytes] = field(default_factory=lambda: {"hello.txt": b"hello\n", "a/b.txt": b"b"})
    info: str = "Contact-Name: Noy\nPayload-Oxum: {octets}.{count}\n"
    manifest: Callable[[str], str] = lambda text: text
    declaration: Callable[[bytes], bytes] = lambda data: data
    extra: dict[str, bytes] = field(default_factory=dict)
    after: Callable[[Path], object] = lambda folder: None

    def make(self, folder: Path) -> Path:
        sizes = {"octets": sum(map(len, self.payload.values())), "count": len(self.payload)}
        lines = "".join(
            f"{digest(content, self.algorithm)}  data/{path}\n" for path, content in self.payload.items()
        )
        old = self.version in {"0.93", "0.94", "0.95"}
        tags = {
            f"manifest-{self.algorithm}.txt": self.text(self.manifest(lines)),
            "package-info.txt" if old else "bag-info.txt": self.text(self.info.format(**sizes)),
            "bagit.txt": self.declaration(
                f"BagIt-Version: {self.version}\nTag-File-Character-Encoding: {self.encoding}\n".encode()
            ),
            **self.extra,
        }
        listed = "".join(f"{digest(content, self.algorithm)} {path}\n" for path, content in tags.items())
        tags[f"tagmanifest-{self.algorithm}.txt"] = self.text(listed)
        for path, content in {
            **tags,
            **{f"data/{path}": body for path, body in self.payload.items()},
        }.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        (folder / "data").mkdir(exist_ok=True)
        self.after(folder)
        return folder

    def text(self, text: str) -> bytes:
        return text.replace("\n", self.line_end).encode(self.encoding)


def line(content: bytes, path: str) -> str:
    return f"{digest(content, 'sha256')}  {path}\n"


def second_manifest(paths: dict[str, bytes]) -> dict[str, bytes]:
    lines = "".join(f"{digest(content, 'sha512')}  {path}\n" for path, content in paths.items())
    return {"manifest-sha512.txt": lines.encode()}


def without(*names: str) -> Callable[[Path], object]:
    def remove(folder: Path) -> None:
        for name in names:
            (folder / name).unlink()

    return remove


def payload_elsewhere(folder: Path) -> None:
    (folder / "data").rmdir()
    (folder / "data").symlink_to("/tmp")


GOOD: dict[str, Recipe] = {
    **{
        f"version-{version}": Recipe(version=version)
        for version in ("0.93", "0.94", "0.95", "0.96", "0.97", "1.0")
    },
    "carriage-returns": Recipe(line_end="\r\n"),
    "old-line-ends": Recipe(line_end="\r"),
    "no-last-line-end": Recipe(
        declaration=lambda data: data.rstrip(b"\n"), manifest=lambda text: text.rstrip("\n")
    ),
    "latin-1": Recipe(version="0.97", encoding="ISO-8859-1", payload={"caf\u00e9.txt": b"x"}),
    "utf-16": Recipe(version="0.97", encoding="UTF-16", payload={"\u0e81.txt": b"x"}),
    "gb18030": Recipe(encoding="GB18030", payload={"\u7167\u7247.txt": b"x"}),
    "sha224": Recipe(algorithm="sha224"),
    "sha384": Recipe(algorithm="sha384"),
    "tab-between": Recipe(manifest=lambda text: text.replace("  ", "\t")),
    "many-blanks": Recipe(manifest=lambda text: text.replace("  ", " \t  ")),
    "upper-case-digests": Recipe(
        manifest=lambda text: (
            text.upper().replace("DATA/HELLO.TXT", "data/hello.txt").replace("DATA/A/B.TXT", "data/a/b.txt")
        )
    ),
    "names-with-blanks": Recipe(payload={"a  b/c d.txt": b"x"}),
    "names-in-scripts": Recipe(payload={"ວັດ/ผ้า/ចម្រៀង/သီချင်း/歌/ca trù.txt": b"x"}),
    "percent-old": Recipe(version="0.97", payload={"%7Etest": b"x", "%test": b"y"}),
    "percent-new": Recipe(payload={"%7Etest": b"x"}, manifest=lambda text: text.replace("%7E", "%257E")),
    "line-feed-in-name": Recipe(payload={"a\nb": b"x"}, manifest=lambda text: text.replace("a\nb", "a%0Ab")),
    "escape-in-lower-case": Recipe(
        payload={"a\rb": b"x"}, manifest=lambda text: text.replace("a\rb", "a%0db")
    ),
    "empty-payload": Recipe(payload={}),
    "bag-in-a-bag": Recipe(payload={"bag/bagit.txt": b"x", "bag/data/a": b"y", "bag/manifest-md5.txt": b"z"}),
    "repeated-labels": Recipe(info="Note: 1\nnote: 2\nNote: 1\n"),
    "folded-value": Recipe(info="Note: one\n  two\n\tthree\n"),
    "blank-before-colon-old": Recipe(version="0.97", info="Note : 1\nNote    :   2\n"),
    "no-description": Recipe(after=without("bag-info.txt", "tagmanifest-sha256.txt")),
    "no-tag-manifest": Recipe(after=without("tagmanifest-sha256.txt")),
    "partial-manifests-old": Recipe(
        version="0.97",
        manifest=lambda text: text.splitlines(keepends=True)[0],
        extra=second_manifest({"data/a/b.txt": b"b"}),
    ),
    "other-tag-files": Recipe(extra={"metadata/mets.xml": b"<x/>"}),
    "empty-folders": Recipe(after=lambda folder: (folder / "data" / "empty").mkdir()),
}

BAD: dict[str, tuple[Recipe, str]] = {
    "no-declaration": (Recipe(after=without("bagit.txt")), "bag.no-declaration"),
    "no-encoding": (Recipe(declaration=lambda data: data.split(b"\n")[0] + b"\n"), "bag.declaration"),
    "third-line": (Recipe(declaration=lambda data: data + b"More: x\n"), "bag.declaration"),
    "byte-order-mark": (Recipe(declaration=lambda data: b"\xef\xbb\xbf" + data), "bag.declaration"),
    "blank-before-colon": (Recipe(declaration=lambda data: data.replace(b":", b" :")), "bag.declaration"),
    "blank-after-version": (
        Recipe(declaration=lambda data: data.replace(b"1.0", b"1.0 ")),
        "bag.declaration",
    ),
    "blank-after-encoding": (
        Recipe(declaration=lambda data: data.replace(b"UTF-8", b"UTF-8 ")),
        "bag.declaration",
    ),
    "two-blanks": (Recipe(declaration=lambda data: data.replace(b": ", b":  ")), "bag.declaration"),
    "version-without-number": (
        Recipe(declaration=lambda data: data.replace(b"1.0", b".97")),
        "bag.declaration",
    ),
    "version-of-the-future": (Recipe(version="2.0"), "bag.version"),
    "unknown-encoding": (Recipe(declaration=lambda data: data.replace(b"UTF-8", b"UTF-9")), "bag.encoding"),
    "encoding-that-is-none": (
        Recipe(declaration=lambda data: data.replace(b"UTF-8", b"zlib")),
        "bag.encoding",
    ),
    "wrong-encoding": (
        Recipe(info="Note: caf\u00e9\n", extra={"bag-info.txt": b"Note: caf\xe9\n"}),
        "bag.encoding",
    ),
    "no-payload-folder": (
        Recipe(payload={}, after=lambda folder: (folder / "data").rmdir()),
        "bag.no-payload-folder",
    ),
    "no-manifest": (
        Recipe(after=without("manifest-sha256.txt", "tagmanifest-sha256.txt")),
        "bag.no-manifest",
    ),
    "unknown-digest-only": (
        Recipe(
            after=without("manifest-sha256.txt", "tagmanifest-sha256.txt"), extra={"manifest-crc32.txt": b"x"}
        ),
        "bag.no-manifest",
    ),
    "changed-file": (
        Recipe(after=lambda folder: (folder / "data" / "hello.txt").write_bytes(b"HELLO\n")),
        "bag.digest",
    ),
    "changed-tag-file": (
        Recipe(after=lambda folder: (folder / "bag-info.txt").write_bytes(b"Note: x\n")),
        "bag.digest",
    ),
    "missing-file": (
        Recipe(info="", after=without("data/hello.txt")),
        "bag.missing",
    ),
    "missing-tag-file": (Recipe(after=without("bag-info.txt")), "bag.missing"),
    "extra-file": (
        Recipe(info="", after=lambda folder: (folder / "data" / "x").write_bytes(b"x")),
        "bag.unlisted",
    ),
    "manifests-differ": (Recipe(extra=second_manifest({"data/hello.txt": b"hello\n"})), "bag.unlisted"),
    "listed-twice": (Recipe(manifest=lambda text: text + line(b"b", "data/a/b.txt")), "bag.duplicate"),
    "listed-twice-otherwise": (
        Recipe(version="0.97", manifest=lambda text: text + line(b"other", "data/a/b.txt")),
        "bag.duplicate",
    ),
    "blank-after-path": (
        Recipe(manifest=lambda text: text.replace("hello.txt\n", "hello.txt \n")),
        "bag.missing",
    ),
    "tab-after-path": (
        Recipe(manifest=lambda text: text.replace("hello.txt\n", "hello.txt\t\n")),
        "bag.missing",
    ),
    "blank-before-digest": (Recipe(manifest=lambda text: " " + text), "bag.manifest-line"),
    "comment": (Recipe(manifest=lambda text: "# made by hand\n" + text), "bag.manifest-line"),
    "blank-line-of-blanks": (Recipe(manifest=lambda text: text + "   \n"), "bag.manifest-line"),
    "no-path": (Recipe(manifest=lambda text: text + digest(b"", "sha256") + "\n"), "bag.manifest-line"),
    "digest-too-short": (
        Recipe(manifest=lambda text: text.replace("  data/hello", "x  data/hello")),
        "bag.manifest-line",
    ),
    "climbing": (Recipe(manifest=lambda text: text + line(b"x", "data/../../evil")), "bag.path"),
    "climbing-out": (Recipe(manifest=lambda text: text + line(b"x", "../evil")), "bag.path"),
    "absolute": (Recipe(manifest=lambda text: text + line(b"x", "/etc/passwd")), "bag.path"),
    "home": (Recipe(manifest=lambda text: text + line(b"x", "~/evil")), "bag.path"),
    "home-of-root": (Recipe(manifest=lambda text: text + line(b"x", "~root/evil")), "bag.path"),
    "drive": (Recipe(manifest=lambda text: text + line(b"x", "C:\\Windows\\evil")), "bag.path"),
    "share": (Recipe(manifest=lambda text: text + line(b"x", "\\\\?\\UNC\\server\\evil")), "bag.path"),
    "variable": (
        Recipe(version="0.97", manifest=lambda text: text + line(b"x", "%HomeDrive%\\evil")),
        "bag.path",
    ),
    "not-payload": (Recipe(manifest=lambda text: text + line(b"x", "bagit.txt")), "bag.path"),
    "dot-slash": (Recipe(manifest=lambda text: text.replace("data/hello", "./data/hello")), "bag.path"),
    "bare-percent": (Recipe(payload={"100%": b"x"}), "bag.escape"),
    "other-escape": (
        Recipe(payload={"a b": b"x"}, manifest=lambda text: text.replace("a b", "a%20b")),
        "bag.escape",
    ),
    "oxum-size": (Recipe(info="Payload-Oxum: 1.2\n"), "bag.oxum"),
    "oxum-count": (Recipe(info="Payload-Oxum: {octets}.9\n"), "bag.oxum"),
    "oxum-words": (Recipe(info="Payload-Oxum: a few\n"), "bag.oxum"),
    "label-blank": (Recipe(info="Note : x\n"), "bag.info-line"),
    "no-colon": (Recipe(info="just words\n"), "bag.info-line"),
    "fetch-line": (Recipe(extra={"fetch.txt": b"http://example.org/x\n"}), "bag.fetch-line"),
    "fetch-climbing": (Recipe(extra={"fetch.txt": b"http://example.org/x - data/../../evil\n"}), "bag.path"),
    "fetch-absolute": (Recipe(extra={"fetch.txt": b"http://example.org/x - /tmp/evil\n"}), "bag.path"),
    "fetch-unlisted": (
        Recipe(extra={"fetch.txt": b"http://example.org/x 9 data/other\n"}),
        "bag.fetch-unlisted",
    ),
    "to-be-fetched": (
        Recipe(
            info="",
            extra={"fetch.txt": b"http://example.org/x 6 data/hello.txt\n"},
            after=without("data/hello.txt"),
        ),
        "bag.to-fetch",
    ),
    "link": (
        Recipe(info="", after=lambda folder: (folder / "data" / "link").symlink_to("/etc/passwd")),
        "bag.link",
    ),
    "link-to-folder": (Recipe(after=lambda folder: (folder / "data" / "all").symlink_to("/")), "bag.link"),
    "payload-is-a-link": (
        Recipe(
            payload={},
            info="",
            after=payload_elsewhere,
        ),
        "bag.no-payload-folder",
    ),
}

NOTED: dict[str, tuple[Recipe, str]] = {
    "listed-twice-alike": (
        Recipe(version="0.97", manifest=lambda text: text + line(b"b", "data/a/b.txt")),
        "bag.duplicate-same",
    ),
    "case": (
        Recipe(version="0.97", manifest=lambda text: text + line(b"hello\n", "data/HELLO.txt")),
        "bag.collision",
    ),
    "normal-form": (
        Recipe(
            payload={"N\u00fa\u00f1ez": b"x"},
            manifest=lambda text: text + line(b"x", "data/Nu\u0301n\u0303ez"),
        ),
        "bag.collision",
    ),
    "dot-slash-old": (
        Recipe(version="0.97", manifest=lambda text: text.replace("data/hello", "./data/hello")),
        "bag.dot-path",
    ),
    "digest-program": (Recipe(manifest=lambda text: text.replace("  ", " *")), "bag.asterisk"),
    "system-files": (Recipe(payload={"Thumbs.db": b"", ".DS_Store": b""}), "bag.system-file"),
    "weak": (Recipe(algorithm="md5"), "bag.weak"),
    "holey-but-whole": (Recipe(extra={"fetch.txt": b"http://example.org/x 6 data/hello.txt\n"}), "bag.fetch"),
    "oxum-repeated": (
        Recipe(info="Payload-Oxum: {octets}.{count}\nPayload-Oxum: {octets}.{count}\n"),
        "bag.oxum-repeated",
    ),
    "mark-in-manifest": (Recipe(manifest=lambda text: "\ufeff" + text), "bag.byte-order-mark"),
    "another-digest": (Recipe(extra={"manifest-crc32.txt": b"x"}), "bag.algorithm"),
}


@pytest.mark.parametrize("name", GOOD)
def test_good_bags_are_valid(name: str, tmp_path: Path) -> None:
    report = check_bag(GOOD[name].make(tmp_path))
    assert report.errors == ()
    assert set(report.payload) == set(GOOD[name].payload)


@pytest.mark.parametrize("name", BAD)
def test_bad_bags_are_refused_for_their_fault(name: str, tmp_path: Path) -> None:
    recipe, code = BAD[name]
    report = check_bag(recipe.make(tmp_path))
    assert code in {problem.code for problem in report.errors}
    assert not report.valid


@pytest.mark.parametrize("name", NOTED)
def test_doubtful_bags_are_valid_with_a_remark(name: str, tmp_path: Path) -> None:
    recipe, code = NOTED[name]
    report = check_bag(recipe.make(tmp_path))
    assert report.errors == ()
    assert code in {problem.code for problem in report.warnings}


def test_we_are_stricter_than_bagit_python_about_blanks(tmp_path: Path) -> None:
    """The one bag of the community's suite that the most used reader accepts wrongly."""
    recipe = Recipe(declaration=lambda data: data.replace(b":", b" :"))
    folder = recipe.make(tmp_path)
    assert bagit.Bag(str(folder)).validate()
    assert not check_bag(folder).valid


def test_every_finding_has_a_sentence_and_a_test(tmp_path: Path) -> None:
    tested = {code for _, code in BAD.values()} | {code for _, code in NOTED.values()}
    assert set(PROBLEMS) - tested == {"bag.too-large"}
    assert all(severity in {"error", "warning"} and sentence for severity, sentence in PROBLEMS.values())


def test_a_tag_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("heirloom.archive.bag_check.MAX_TAG_BYTES", 100)
    report = check_bag(Recipe().make(tmp_path))
    assert "bag.too-large" in {problem.code for problem in report.errors}


def test_a_quick_look_reads_no_payload(tmp_path: Path) -> None:
    folder = BAD["changed-file"][0].make(tmp_path)
    assert check_bag(folder, digests=False).valid
    assert not check_bag(folder).valid
