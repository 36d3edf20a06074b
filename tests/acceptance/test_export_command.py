"""`egide export`: refused without a recipient, encrypted with one, and it goes in again."""

import json
from pathlib import Path

import pyrage
import pytest
from pyrage import x25519
from tests.acceptance.conftest import Install
from tests.acceptance.installation import Installation


@pytest.fixture
def filled(install: Install, tmp_path: Path) -> Installation:
    """Ten synthetic patients."""
    installation = install().init()
    path = tmp_path / "patients.ndjson"
    lines = [
        {"resourceType": "Patient", "id": f"p{number}", "name": [{"family": "Synthetique"}]}
        for number in range(10)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    installation.run("import", path)
    return installation


def test_an_export_without_a_recipient_or_a_purpose_is_refused(
    filled: Installation, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    for words in (["--purpose", "HOPERAT"], ["--purpose", "HOPERAT", "--plain"], []):
        filled.run("export", "--out", out, *words, code=2)
    filled.run(
        *("export", "--out", out, "--purpose", "HOPERAT", "--plain"),
        code=3,
        EGIDE_EXPORT_FOLDER=str(tmp_path / "named"),
    )
    assert not out.exists()


def test_an_export_opens_for_its_recipient_and_goes_in_again(
    filled: Installation, install: Install, tmp_path: Path
) -> None:
    identity, out = x25519.Identity.generate(), tmp_path / "out"
    words = ("--out", out, "--purpose", "HOPERAT", "--recipient", str(identity.to_public()))
    assert "10 resources of 10 patients" in filled.run("export", *words).stdout
    (path,) = out.iterdir()
    sealed = path.read_bytes()
    assert b"Synthetique" not in sealed
    plain = tmp_path / "again.ndjson"
    plain.write_bytes(pyrage.decrypt(sealed, [identity]))
    assert plain.read_text().count("Synthetique") == 10
    again = install().init()
    again.run("import", plain)
    filled.run("export", *words, code=3)
    filled.verify()


def test_a_named_folder_takes_one_patients_record_plain(
    filled: Installation, tmp_path: Path
) -> None:
    named = tmp_path / "named"
    named.mkdir(mode=0o700)
    words = ("--out", named / "p3", "--purpose", "PUBHLTH", "--plain", "--patient", "p3")
    assert "not encrypted" in filled.run("export", *words, EGIDE_EXPORT_FOLDER=str(named)).stdout
    (path,) = (named / "p3").iterdir()
    (line,) = path.read_text().splitlines()
    assert json.loads(line)["id"] == "p3"
