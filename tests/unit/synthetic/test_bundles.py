import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import islice
from typing import Any

import msgspec
import pytest

from egide import fhir
from egide.synthetic import bundles, encode
from egide.synthetic.identity import INS_TEST
from egide.synthetic.lists import FAMILY, GIVEN_FEMALE, GIVEN_MALE, STREETS, TOWNS

SEED = 7
VERSIONED = ("versionId", "lastUpdated")


@pytest.fixture(scope="module")
def made() -> list[dict[str, Any]]:
    return list(bundles(SEED, 60))


def resources(bundle: dict[str, Any]) -> list[dict[str, Any]]:
    return [entry["resource"] for entry in bundle["entry"]]


def walk(tree: Any) -> Iterator[Any]:
    yield tree
    for value in (
        tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    ):
        yield from walk(value)


def test_the_same_seed_gives_the_same_bytes(made: list[dict[str, Any]]) -> None:
    again = [encode(bundle) for bundle in bundles(SEED, 60)]
    assert again == [encode(bundle) for bundle in made]


def test_another_seed_gives_other_records() -> None:
    one, two = (list(bundles(seed, 3)) for seed in (1, 2))
    ids = [{entry["resource"]["id"] for b in some for entry in b["entry"]} for some in (one, two)]
    assert not ids[0] & ids[1]


def test_a_patient_does_not_depend_on_how_many_are_made(made: list[dict[str, Any]]) -> None:
    assert list(bundles(SEED, 4)) == list(islice(bundles(SEED, 1000), 5)) == made[:5]


def test_the_hospital_comes_first_and_then_one_patient_a_bundle(
    made: list[dict[str, Any]],
) -> None:
    kinds = [Counter(r["resourceType"] for r in resources(bundle)) for bundle in made]
    assert kinds[0]["Patient"] == 0
    assert kinds[0]["Organization"] == 12
    assert kinds[0]["Practitioner"] == 40
    assert all(kind["Patient"] == 1 for kind in kinds[1:])


def test_a_record_is_wide(made: list[dict[str, Any]]) -> None:
    kinds = Counter(r["resourceType"] for bundle in made for r in resources(bundle))
    assert 100 < sum(kinds.values()) / 60 < 250
    assert set(kinds) >= {
        *("AllergyIntolerance", "Appointment", "CareTeam", "Condition", "Coverage"),
        *("DiagnosticReport", "DocumentReference", "Encounter", "Immunization", "Location"),
        *("MedicationRequest", "Observation", "Organization", "Patient", "Practitioner"),
        *("PractitionerRole", "Procedure", "RelatedPerson", "ServiceRequest"),
    }


def test_a_few_patients_oppose() -> None:
    kinds = Counter(r["resourceType"] for bundle in bundles(1, 300) for r in resources(bundle))
    assert 3 <= kinds["Consent"] <= 30


def test_loading_twice_puts_the_same_ids(made: list[dict[str, Any]]) -> None:
    ids = set()
    for bundle in made:
        assert (bundle["resourceType"], bundle["type"]) == ("Bundle", "transaction")
        for entry in bundle["entry"]:
            resource = entry["resource"]
            name = f"{resource['resourceType']}/{resource['id']}"
            assert entry["request"] == {"method": "PUT", "url": name}
            assert entry["fullUrl"] == f"urn:uuid:{resource['id']}"
            assert name not in ids
            ids.add(name)


def test_a_bundle_refers_to_itself_and_to_the_hospital_alone(made: list[dict[str, Any]]) -> None:
    names = [{f"{r['resourceType']}/{r['id']}" for r in resources(bundle)} for bundle in made]
    for bundle, own in zip(made, names, strict=True):
        for part in walk(bundle):
            if (
                isinstance(part, dict)
                and "reference" in part
                and isinstance(part["reference"], str)
            ):
                assert part["reference"] in own | names[0]


def test_decimals_keep_their_digits(made: list[dict[str, Any]]) -> None:
    values = [
        r["valueQuantity"]["value"]
        for bundle in made
        for r in resources(bundle)
        if r["resourceType"] == "Observation" and "valueQuantity" in r
    ]
    assert all(isinstance(value, Decimal) for value in values)
    assert any(str(value).endswith(".0") for value in values)
    raw = encode(made[1])
    read = msgspec.json.Decoder(float_hook=Decimal).decode(raw)
    written = [p["value"] for p in walk(made[1]) if isinstance(p, dict) and "unit" in p]
    reread = [p["value"] for p in walk(read) if isinstance(p, dict) and "unit" in p]
    assert [str(value) for value in written] == [str(value) for value in reread]


def test_results_say_whether_they_are_in_their_range(made: list[dict[str, Any]]) -> None:
    flags = Counter()
    for bundle in made:
        for r in resources(bundle):
            if "referenceRange" not in r:
                continue
            low, high = (r["referenceRange"][0][end]["value"] for end in ("low", "high"))
            value = r["valueQuantity"]["value"]
            flag = r["interpretation"][0]["coding"][0]["code"]
            assert flag == ("L" if value < low else "H" if value > high else "N")
            flags[flag] += 1
    assert flags["N"] > flags["L"] > 0
    assert flags["N"] > flags["H"] > 0


def test_every_ins_is_a_test_number_with_a_valid_key(made: list[dict[str, Any]]) -> None:
    for bundle in made[1:]:
        patient = resources(bundle)[0]
        ins = patient["identifier"][0]
        assert ins["system"] == INS_TEST == "urn:oid:1.2.250.1.213.1.4.10"
        assert ins["type"]["coding"][0]["code"] == "INS-NIR-TEST"
        value = ins["value"]
        assert re.fullmatch(r"[12]\d{14}", value)
        assert int(value[:13]) % 97 + int(value[13:]) == 97
        assert (value[0] == "2") == (patient["gender"] == "female")
        assert value[1:5] == patient["birthDate"][2:4] + patient["birthDate"][5:7]
        assert int(value[10:13]) >= 950


def test_every_patient_is_tagged_as_made_up(made: list[dict[str, Any]]) -> None:
    for bundle in made[1:]:
        tag = resources(bundle)[0]["meta"]["tag"][0]
        assert tag["code"] == "HTEST"


def test_telephones_are_of_the_ranges_kept_for_fiction(made: list[dict[str, Any]]) -> None:
    fiction = re.compile(r"(06 39 98|01 99 00|02 61 91|03 53 01|04 65 71|05 36 49) \d\d \d\d")
    numbers = [p["value"] for p in walk(made) if isinstance(p, dict) and p.get("system") == "phone"]
    assert numbers
    assert all(fiction.fullmatch(number) for number in numbers)


def test_names_and_places_come_from_the_lists(made: list[dict[str, Any]]) -> None:
    towns = {town for town, _ in TOWNS}
    given = set(GIVEN_FEMALE) | set(GIVEN_MALE)
    for part in walk(made):
        if isinstance(part, dict) and "family" in part:
            assert part["family"].replace(" ", "-") in FAMILY
            assert set(part["given"]) <= given
        if isinstance(part, dict) and "postalCode" in part:
            assert part["city"] in towns
            assert part["line"][0].split(" ", 1)[1] in STREETS


def test_no_event_is_before_birth_or_after_the_end(made: list[dict[str, Any]]) -> None:
    until = date(2020, 1, 15)
    for bundle in islice(bundles(SEED, 60, until=until), 1, None):
        patient, *others = resources(bundle)
        for r in others:
            for key in ("effectiveDateTime", "onsetDateTime", "authoredOn", "occurrenceDateTime"):
                if key in r:
                    assert patient["birthDate"] <= r[key][:10] <= until.isoformat()
            if r["resourceType"] == "Encounter":
                assert r["period"]["start"] < r["period"]["end"]
                assert r["period"]["start"][:10] >= "2010-01-01"


def test_histories_end_on_the_day_asked_for() -> None:
    assert list(bundles(1, 2)) == list(bundles(1, 2, until=date(2026, 9, 1)))
    assert list(bundles(1, 2)) != list(bundles(1, 2, until=date(2025, 9, 1)))


def test_every_bundle_is_valid_r4(made: list[dict[str, Any]]) -> None:
    for bundle in made:
        fhir.decode(encode(bundle), type="Bundle")


def test_elements_stand_in_the_order_the_server_writes(made: list[dict[str, Any]]) -> None:
    updated = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    for bundle in made[:20]:
        for r in resources(bundle):
            stored = fhir.encode(fhir.decode(encode(r)), id=r["id"], version=1, updated=updated)
            read = msgspec.json.Decoder(float_hook=Decimal).decode(stored)
            meta = read.pop("meta")
            own = {key: value for key, value in r.items() if key != "meta"}
            assert encode(meta) == encode({k: meta[k] for k in VERSIONED} | r.get("meta", {}))
            assert encode(read) == encode(own)
