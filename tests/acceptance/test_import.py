"""`egide import`: every wrapping, whole or not at all, and a report of what was refused."""

import gzip
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import zstandard
from tests.acceptance.client import Client
from tests.acceptance.installation import Installation
from tests.acceptance.records import new_id, observation, patient, transaction


def bundle(*resources: dict[str, Any]) -> bytes:
    """A transaction that posts `resources`, each under its own urn."""
    entries = [
        {
            "fullUrl": f"urn:uuid:{each['id']}",
            "resource": each,
            "request": {"method": "POST", "url": each["resourceType"]},
        }
        for each in resources
    ]
    return json.dumps(transaction(*entries)).encode()


def lines(*resources: dict[str, Any]) -> bytes:
    """NDJSON."""
    return b"".join(json.dumps(each).encode() + b"\n" for each in resources)


def test_every_wrapping_is_unwrapped(
    installation: Installation, client: Client, tmp_path: Path
) -> None:
    ids = {name: new_id() for name in ("json", "ndjson", "gz", "zst", "zip", "deep")}
    made = {name: patient(name) | {"id": id} for name, id in ids.items()}
    (tmp_path / "a.json").write_bytes(bundle(made["json"]))
    (tmp_path / "b.ndjson").write_bytes(lines(made["ndjson"]))
    (tmp_path / "c.ndjson.gz").write_bytes(gzip.compress(lines(made["gz"])))
    (tmp_path / "d.json.zst").write_bytes(zstandard.compress(bundle(made["zst"])))
    with zipfile.ZipFile(tmp_path / "e.zip", "w") as archive:
        archive.writestr("inside/one.json", bundle(made["zip"]))
        archive.writestr("inside/read me.txt", "not a record")
    (tmp_path / "f" / "g").mkdir(parents=True)
    (tmp_path / "f" / "g" / "h.jsonl").write_bytes(lines(made["deep"]))
    told = installation.run("import", tmp_path).stdout
    assert "6 resources" in told and "6 new" in told
    for name, id in ids.items():
        assert client.get(f"/Patient/{id}").json()["name"] == [{"family": name}]


def test_a_bundle_with_a_bad_resource_is_refused_whole_and_reported(
    installation: Installation, client: Client, tmp_path: Path
) -> None:
    good, bad, other = new_id(), new_id(), new_id()
    wrong = patient(gender="banana") | {"id": bad}
    (tmp_path / "bad.json").write_bytes(bundle(patient() | {"id": good}, wrong))
    (tmp_path / "good.json").write_bytes(bundle(patient() | {"id": other}))
    done = installation.run("import", tmp_path, code=1)
    assert "1 new" in done.stdout
    for word in ("bad.json", "entry 1", "code-invalid", "Patient.gender"):
        assert word in done.stdout, done.stdout
    assert "banana" not in done.stdout + done.stderr
    client.get(f"/Patient/{good}").refused(404)
    client.get(f"/Patient/{bad}").refused(404)
    assert client.get(f"/Patient/{other}").status == 200


def test_bad_lines_are_refused_by_their_number_and_good_ones_stored(
    installation: Installation, client: Client, tmp_path: Path
) -> None:
    first, last = new_id(), new_id()
    many = [patient() | {"id": new_id()} for _ in range(600)]
    text = lines(patient() | {"id": first}, *many) + b'{"resourceType":"Patient","x":1}\n\n'
    text += b"not json\n" + lines(patient() | {"id": last})
    (tmp_path / "many.ndjson").write_bytes(text)
    done = installation.run("import", tmp_path / "many.ndjson", code=1)
    assert "602 new" in done.stdout
    assert "line 602" in done.stdout and "line 604" in done.stdout
    for id in (first, last):
        assert client.get(f"/Patient/{id}").status == 200


def test_references_inside_a_bundle_are_resolved(
    installation: Installation, client: Client, tmp_path: Path
) -> None:
    subject, id = new_id(), new_id()
    observed = observation(f"urn:uuid:{subject}") | {"id": id}
    (tmp_path / "one.json").write_bytes(bundle(observed, patient() | {"id": subject}))
    installation.run("import", tmp_path / "one.json")
    stored = client.get(f"/Observation/{id}").json()
    assert stored["subject"] == {"reference": f"Patient/{subject}"}


@pytest.fixture
def damaged(tmp_path: Path) -> Iterator[Path]:
    whole = gzip.compress(bundle(patient() | {"id": new_id()}))
    (tmp_path / "cut.json.gz").write_bytes(whole[:-10])
    (tmp_path / "no.zip").write_bytes(b"PK nonsense")
    (tmp_path / "no.json").write_bytes(b"\xff\xfe\x00")
    yield tmp_path


@pytest.mark.parametrize(
    ("name", "codes"), [("cut.json.gz", {1}), ("no.zip", {2}), ("no.json", {1})]
)
def test_a_damaged_file_is_refused_by_its_name(
    installation: Installation, damaged: Path, name: str, codes: set[int]
) -> None:
    done = installation.run("import", damaged / name, code=None)
    assert done.returncode in codes, done.stdout + done.stderr
    assert name in done.stdout + done.stderr


def test_an_import_is_in_the_ledger(installation: Installation) -> None:
    said = installation.run("ledger", "verify", "--rows").stdout
    assert "Nothing was changed or removed" in said


def test_an_attachment_may_come_in_a_file_before_what_says_whose_it_is(
    installation: Installation, client: Client, tmp_path: Path
) -> None:
    subject, of, first, second, lost = (new_id() for _ in range(5))
    (tmp_path / "a.ndjson").write_bytes(lines(attached(first, f"Binary/{second}")))
    (tmp_path / "b.ndjson").write_bytes(lines(attached(second, f"Observation/{of}")))
    (tmp_path / "c.ndjson").write_bytes(
        lines(attached(lost, "Observation/absent"), patient() | {"id": subject})
    )
    (tmp_path / "d.ndjson").write_bytes(lines(observation(f"Patient/{subject}") | {"id": of}))
    told = installation.run("import", tmp_path, code=1).stdout
    assert "4 resources" in told and "1 finding(s)" in told
    assert "Binary.securityContext" in told and "absent" not in told
    for id, status in ((first, 200), (second, 200), (lost, 404)):
        assert client.get(f"/Binary/{id}", accept="application/fhir+json").status == status
    told = installation.run("import", tmp_path).stdout
    assert "4 of 4 parts were loaded before" in told
    installation.run("erase", f"Patient/{subject}", "--yes")
    for id in (first, second):
        assert client.get(f"/Binary/{id}", accept="application/fhir+json").status == 404


def attached(id: str, context: str) -> dict[str, Any]:
    return {
        "resourceType": "Binary",
        "id": id,
        "contentType": "text/plain",
        "securityContext": {"reference": context},
        "data": "YQ==",
    }
