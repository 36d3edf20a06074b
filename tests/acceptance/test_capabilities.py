"""The CapabilityStatement is true: what it declares is done, what it does not is refused.

https://hl7.org/fhir/R4/http.html#capabilities
"""

import json
from typing import Any
from urllib.parse import quote

import pytest
from tests.acceptance.client import JSON, Client
from tests.acceptance.records import new_id, observation, patient, posting, transaction

from egide import fhir
from egide.fhir.definitions import TYPES, search_parameters

Json = dict[str, Any]
SAMPLES: dict[str, Json] = {
    "Patient": patient(),
    "Observation": observation("Patient/1"),
    "Encounter": {
        "resourceType": "Encounter",
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
    },
    "MedicationRequest": {
        "resourceType": "MedicationRequest",
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": {"text": "x"},
        "subject": {"reference": "Patient/1"},
    },
    "ValueSet": {"resourceType": "ValueSet", "status": "draft"},
    "RiskAssessment": {
        "resourceType": "RiskAssessment",
        "status": "final",
        "subject": {"reference": "Patient/1"},
    },
}
VALUES = {
    "token": ["http://example.org|x", "true"],
    "string": ["x"],
    "date": ["2024-05-01"],
    "number": ["0.5"],
    "quantity": ["5.4|http://unitsofmeasure.org|mg"],
    "reference": ["Patient/1"],
    "uri": ["http://example.org/x"],
    "composite": ["x$5.4", "x$2024-05-01", "x$y", "x$1$2"],
    "special": ["48.85|2.35|5|km", "x", "Patient"],
}
"""Values a parameter of each kind may be asked with; one of them fits."""
SEARCHED = [type for type in TYPES if type != "AuditEvent"]
"""The types this client may search: who looked at what is for others."""
RESULT_PARAMETERS = {
    "_count",
    "_sort",
    "_total",
    "_summary",
    "_elements",
    "_include",
    "_revinclude",
}


@pytest.fixture(scope="module")
def statement(client: Client) -> Json:
    answer = Client(client.port).get("/metadata")
    assert answer.status == 200
    found: Json = answer.json()
    return found


@pytest.fixture(scope="module")
def declared(statement: Json) -> dict[str, Json]:
    """What is said of each type."""
    (rest,) = statement["rest"]
    return {each["type"]: each for each in rest["resource"]}


def test_the_statement_is_a_valid_resource(client: Client, statement: Json) -> None:
    answer = Client(client.port).get("/metadata")
    assert fhir.type_of(fhir.decode(answer.body)) == "CapabilityStatement"
    assert statement["fhirVersion"] == "4.0.1"
    assert statement["implementation"]["url"] == client.base
    assert Client(client.port).ask("HEAD", "/metadata").status == 200


def test_every_type_of_r4_is_declared_once(statement: Json, declared: dict[str, Json]) -> None:
    assert sorted(declared) == sorted(TYPES)
    assert len(statement["rest"][0]["resource"]) == len(TYPES)


@pytest.mark.parametrize("type", SAMPLES)
def test_every_declared_interaction_is_done(
    client: Client, declared: dict[str, Json], type: str
) -> None:
    sample = SAMPLES[type]
    created = client.post(f"/{type}", sample)
    assert created.status == 201, created
    id = created.json()["id"]
    other = new_id()
    language = sample | {"id": id, "language": "fr"}
    done = {
        "create": created.status == 201,
        "read": client.get(f"/{type}/{id}").status == 200,
        "update": client.put(f"/{type}/{id}", language).status == 200,
        "vread": client.get(f"/{type}/{id}/_history/1").status == 200,
        "history-instance": len(client.get(f"/{type}/{id}/_history").json()["entry"]) == 2,
        "history-type": bool(client.get(f"/{type}/_history?_count=1").json()["entry"]),
        "search-type": len(client.get(f"/{type}?_id={id}").json()["entry"]) == 1,
        "delete": client.delete(f"/{type}/{id}").status == 204,
    }
    said = {each["code"] for each in declared[type]["interaction"]}
    assert said == {name for name, works in done.items() if works}
    assert declared[type]["updateCreate"] is True
    assert client.put(f"/{type}/{other}", sample | {"id": other}).status == 201
    assert (declared[type]["versioning"], declared[type]["readHistory"]) == (
        "versioned-update",
        True,
    )


def test_every_interaction_of_the_system_that_is_declared_is_done(
    client: Client, statement: Json
) -> None:
    assert {each["code"] for each in statement["rest"][0]["interaction"]} == {
        "transaction",
        "batch",
        "history-system",
        "search-system",
    }
    for _ in range(3):
        id = client.post("/Patient", patient()).json()["id"]
    answer = client.get(f"?_type=Patient,Observation&_id={id}")
    assert (answer.json()["type"], len(answer.json()["entry"])) == ("searchset", 1)
    answer = client.get("/_history?_count=3")
    assert (answer.json()["type"], len(answer.json()["entry"])) == ("history", 3)
    for type in ("transaction", "batch"):
        answer = client.post("", transaction(posting(patient()), type=type))
        assert answer.json()["type"] == f"{type}-response"


def statuses(client: Client, addresses: list[str]) -> list[int]:
    """The status of a search by each address, asked many at a time."""
    found: list[int] = []
    for start in range(0, len(addresses), 200):
        stretch = addresses[start : start + 200]
        asked = [{"request": {"method": "GET", "url": url}} for url in stretch]
        answer = client.post("", transaction(*asked, type="batch"))
        found += [int(e["response"]["status"].split()[0]) for e in answer.json()["entry"]]
    return found


def values_of(type: str, each: Json) -> list[str]:
    definition = search_parameters(type).get(each["name"])
    assert definition or each == {"name": "_list", "type": "special"}
    assert definition is None or definition.type == each["type"], each
    if definition and each["type"] == "reference" and definition.targets:
        return [f"{sorted(definition.targets)[0]}/1"]
    return [*VALUES[each["type"]]]


def test_every_declared_search_parameter_of_every_type_is_answered(
    client: Client, declared: dict[str, Json]
) -> None:
    waiting = {
        (type, each["name"]): values_of(type, each)
        for type in SEARCHED
        for each in declared[type]["searchParam"]
    }
    assert len(waiting) > 2_500
    assert all({(type, "_id"), (type, "_lastUpdated")} <= waiting.keys() for type in SEARCHED)
    while any(waiting.values()):
        asked = {each: values.pop(0) for each, values in waiting.items() if values}
        addresses = [f"{t}?{n}={quote(value)}&_count=1" for (t, n), value in asked.items()]
        for each, status in zip(asked, statuses(client, addresses), strict=True):
            if status == 200:
                del waiting[each]
    assert waiting == {}


def test_every_undeclared_search_parameter_of_every_type_is_refused(
    client: Client, declared: dict[str, Json]
) -> None:
    everywhere = {name for one in TYPES for name in search_parameters(one)}
    asked = []
    for type in SEARCHED:
        names = {each["name"] for each in declared[type]["searchParam"]}
        undeclared = sorted(everywhere - names - RESULT_PARAMETERS)
        known = [name for name in undeclared if name in search_parameters(type)]
        asked += [f"{type}?{name}=1" for name in [*known, *undeclared[:: len(undeclared) // 5]]]
    answers = statuses(client, asked)
    assert [a for a, s in zip(asked, answers, strict=True) if s not in (400, 501)] == []
    assert len(asked) > 5 * len(SEARCHED)
    for address in asked[::100]:
        answer = client.get(f"/{address}")
        assert answer.status in (400, 501)
        answer.issues()


JOINED = ("Patient", "Observation", "Encounter", "MedicationRequest", "Location", "Binary")
"""Types whose includes are all asked for."""


def test_every_declared_include_is_answered(client: Client, declared: dict[str, Json]) -> None:
    asked = []
    for type in JOINED:
        assert len(declared[type]["searchRevInclude"]) > 10
        asked += [f"{type}?_count=1&_include={each}" for each in declared[type]["searchInclude"]]
        asked += [
            f"{type}?_count=1&_revinclude={each}" for each in declared[type]["searchRevInclude"]
        ]
    answers = statuses(client, asked)
    assert [each for each in zip(asked, answers, strict=True) if each[1] != 200] == []
    assert len(asked) > 300


def test_every_undeclared_include_is_refused(client: Client, declared: dict[str, Json]) -> None:
    """Of what parameters there are of the type, or of those that could refer to it."""
    asked = []
    for type in JOINED:
        mine = {f"{type}:{code}" for code in search_parameters(type)}
        undeclared = sorted(mine - {*declared[type]["searchInclude"]})
        asked += [f"{type}?_include={each}" for each in undeclared]
        others = {f"{source}:{code}" for source in TYPES for code in search_parameters(source)}
        undeclared = sorted(others - {*declared[type]["searchRevInclude"]})
        asked += [f"{type}?_revinclude={each}" for each in [*undeclared[::19], "*"]]
    answers = statuses(client, asked)
    assert [a for a, s in zip(asked, answers, strict=True) if s not in (400, 501)] == []
    assert len(asked) > 500


def test_an_include_that_is_declared_brings_what_is_referred_to(
    client: Client, declared: dict[str, Json]
) -> None:
    assert "Observation:subject" in declared["Observation"]["searchInclude"]
    assert "Observation:subject" in declared["Patient"]["searchRevInclude"]
    assert "Observation:subject" not in declared["Binary"]["searchRevInclude"]
    id = client.post("/Patient", patient()).json()["id"]
    seen = client.post("/Observation", observation(f"Patient/{id}")).json()["id"]
    for address, brought in (
        (f"/Observation?_id={seen}&_include=Observation:subject", f"Patient/{id}"),
        (f"/Patient?_id={id}&_revinclude=Observation:subject", f"Observation/{seen}"),
    ):
        entries = client.get(address).json()["entry"]
        included = [each["fullUrl"] for each in entries if each["search"]["mode"] == "include"]
        assert included == [f"{client.base}/{brought}"]


def test_every_declared_parameter_says_which_definition_it_has(
    statement: Json, declared: dict[str, Json]
) -> None:
    """R4 has no SearchParameter for `_list` and `_type`."""
    said = [each for one in declared.values() for each in one["searchParam"]]
    said += statement["rest"][0]["searchParam"]
    assert {each["name"] for each in said if "definition" not in each} == {"_list", "_type"}
    for type, one in declared.items():
        known = {code: each.url for code, each in search_parameters(type).items()}
        for each in one["searchParam"]:
            if each["name"] != "_list":
                assert each["definition"] == known[each["name"]]
    (subject,) = [e for e in declared["Observation"]["searchParam"] if e["name"] == "subject"]
    definition = "http://hl7.org/fhir/SearchParameter/Observation-subject"
    assert subject == {"name": "subject", "definition": definition, "type": "reference"}


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("PATCH", "/Patient/{id}", {"Content-Type": "application/json-patch+json"}),
        ("POST", "/Patient/{id}", {}),
        ("PUT", "/Patient/{id}/_history/1", {}),
        ("DELETE", "/Patient/{id}/_history", {}),
        ("DELETE", "", {}),
        ("DELETE", "/Patient/_history", {}),
        ("POST", "/_history", {}),
        ("PUT", "/metadata", {}),
        ("GET", "/Patient/_search", {}),
        ("OPTIONS", "/Patient", {}),
        ("TRACE", "/Patient", {}),
        ("CONNECT", "/Patient", {}),
        ("BREW", "/Patient", {}),
    ],
)
def test_a_method_an_address_does_not_answer_is_refused(
    client: Client, method: str, path: str, headers: dict[str, str]
) -> None:
    id = client.post("/Patient", patient()).json()["id"]
    body = patient() if method in ("PATCH", "PUT", "POST") else None
    answer = client.ask(method, path.format(id=id), body, headers)
    answer.refused(405, "not-supported")
    assert method not in answer.headers["allow"].split(", ")
    assert answer.headers["allow"]
    assert client.get(f"/Patient/{id}").version() == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/Patient/$everything"),
        ("GET", "/Encounter/1/$everything"),
        ("GET", "/$meta"),
        ("GET", "/Patient/$meta"),
        ("POST", "/Patient/$validate"),
        ("GET", "/$export"),
        ("POST", "/ValueSet/$expand"),
        ("GET", "/Nothing/$nothing"),
    ],
)
def test_what_nobody_has_built_is_said_to_be_so(client: Client, method: str, path: str) -> None:
    client.ask(method, path, patient() if method == "POST" else None).refused(501, "not-supported")


def test_every_parameter_declared_for_all_types_is_answered(
    client: Client, statement: Json
) -> None:
    names = statement["rest"][0]["searchParam"]
    assert {"_type", "_list", "_id"} <= {each["name"] for each in names}
    refused = []
    for each in names:
        answers = [client.get(f"?{each['name']}={quote(v)}") for v in VALUES[each["type"]]]
        form = {each["name"]: VALUES[each["type"]][-1], "_type": "Basic"}
        if each["name"] != "_type":
            answers.append(client.form("/_search", form))
        if 200 not in {answer.status for answer in answers}:
            refused.append((each["name"], answers))
    assert refused == []


def test_every_declared_compartment_is_searched(client: Client, statement: Json) -> None:
    (rest,) = statement["rest"]
    declared = {each.rpartition("/")[2] for each in rest["compartment"]}
    assert declared == {"device", "encounter", "patient", "practitioner", "relatedperson"}
    assert all(each.startswith("http://hl7.org/fhir/") for each in rest["compartment"])
    person = client.post("/Patient", patient()).json()["id"]
    of_person = {"reference": f"Patient/{person}"}
    owners = {
        "Patient": person,
        "Practitioner": client.post("/Practitioner", {"resourceType": "Practitioner"}),
        "Device": client.post("/Device", {"resourceType": "Device", "patient": of_person}),
        "RelatedPerson": client.post(
            "/RelatedPerson", {"resourceType": "RelatedPerson", "patient": of_person}
        ),
        "Encounter": client.post("/Encounter", SAMPLES["Encounter"] | {"subject": of_person}),
    }
    for name, answer in owners.items():
        id = answer if isinstance(answer, str) else answer.json()["id"]
        for member in (name, "*"):
            found = client.get(f"/{name}/{id}/{member}?_count=500")
            assert found.status == 200
            assert f"{client.base}/{name}/{id}" in [e["fullUrl"] for e in found.json()["entry"]]
        client.get(f"/{name}/{new_id()}/{name}").refused(404)


def test_a_compartment_is_searched_like_everything(client: Client) -> None:
    id = client.post("/Patient", patient()).json()["id"]
    other = client.post("/Patient", patient()).json()["id"]
    for each in (id, id, id, other):
        assert client.post("/Observation", observation(f"Patient/{each}")).status == 201
    here = f"/Patient/{id}/Observation"
    whole = client.get(f"{here}?code=4548-4&_total=accurate&_include=Observation:subject")
    bundle = whole.json()
    modes = [each["search"]["mode"] for each in bundle["entry"]]
    assert (bundle["total"], modes) == (3, ["match"] * 3 + ["include"])
    assert bundle["link"][0]["url"].startswith(f"{client.base}{here}?code=4548-4")
    pages = client.pages(f"{here}?_count=2")
    found = [each["resource"]["subject"]["reference"] for p in pages for each in p.json()["entry"]]
    assert found == [f"Patient/{id}"] * 3
    links = {each["relation"]: each["url"] for each in pages[0].json()["link"]}
    assert links["next"].startswith(f"{client.base}{here}?_cursor=")
    posted = client.form(f"{here}/_search", {"code": "4548-4", "_summary": "count"})
    assert (posted.status, posted.json()["total"]) == (200, 3)
    every = client.pages(f"/Patient/{id}/*?_count=3")
    kinds = [each["resource"]["resourceType"] for p in every for each in p.json()["entry"]]
    assert sorted(kinds) == ["Observation"] * 3 + ["Patient"]
    links = {each["relation"]: each["url"] for each in every[0].json()["link"]}
    assert links["next"].startswith(f"{client.base}/Patient/{id}/*?_cursor=")
    some = client.form(f"/Patient/{id}/*/_search", {"_type": "Observation", "_count": "0"})
    assert some.json()["total"] == 3
    lenient = client.ask("GET", f"{here}?banana=1", None, {"Prefer": "handling=lenient"})
    assert lenient.status == 200


def test_what_is_no_compartment_or_no_member_of_one_is_not_there(client: Client) -> None:
    id = client.post("/Patient", patient()).json()["id"]
    for path in (
        f"/Patient/{new_id()}/Observation",
        f"/Patient/{new_id()}/*",
        f"/Patient/{id}/Organization",
        f"/Patient/{id}/nothing",
        f"/Organization/{id}/Observation",
        f"/Observation/{id}/*",
        f"/Nothing/{id}/Observation",
        f"/Patient/{id}/Observation/1",
    ):
        client.get(path).refused(404)
    client.get(f"/Patient/{id}/Observation?banana=1").refused(400)
    client.get(f"/Patient/{id}/Observation?_filter=x").refused(501)
    client.get("/Patient/no%20id/Observation").refused(400)
    Client(client.port).get(f"/Patient/{id}/Observation").refused(401)
    client.ask("DELETE", f"/Patient/{id}/Observation", None, {}).refused(405)
    client.delete(f"/Patient/{id}")
    client.get(f"/Patient/{id}/Observation").refused(410)


def test_a_conditional_create_is_not_done_by_halves(
    client: Client, declared: dict[str, Json]
) -> None:
    """It is declared and done, or it is not declared and refused: never a plain create."""
    number = new_id()
    body = patient(identifier=[{"system": "urn:oid:1.2.3", "value": number}])
    condition = f"identifier=urn:oid:1.2.3|{number}"
    answers = [client.post("/Patient", body, if_none_exist=condition) for _ in range(2)]
    found = client.get(f"/Patient?{condition}").json().get("entry", [])
    if declared["Patient"].get("conditionalCreate"):
        assert [answer.status for answer in answers] == [201, 200]
        assert len(found) == 1
    else:
        for answer in answers:
            answer.refused(501)
        assert found == []


def test_a_conditional_update_is_done_as_declared(
    client: Client, declared: dict[str, Json]
) -> None:
    assert declared["Patient"]["conditionalUpdate"] is True
    number = new_id()
    body = patient(identifier=[{"system": "urn:oid:1.2.3", "value": number}])
    path = f"/Patient?identifier=urn:oid:1.2.3%7C{number}&_format=json"
    first = client.put(path, body)
    second = client.put(path, body | {"gender": "female"}, if_match='W/"1"')
    assert (first.status, second.status) == (201, 200)
    assert first.json()["id"] == second.json()["id"]
    assert second.version() == 2
    client.put(path, body, if_match='W/"1"').refused(412)
    client.put(path, body, if_none_match="*").refused(400)
    client.put(path, body | {"id": new_id()}).refused(400)
    client.put("/Patient", body).refused(400)
    client.put("/Patient?_count=1", body).refused(400)
    client.post("/Patient", body)
    client.put(path, body).refused(412, "multiple-matches")
    client.post("/Patient", body, if_none_exist=f"?identifier={number}").refused(
        412, "multiple-matches"
    )


def test_a_conditional_delete_is_done_as_declared(
    client: Client, declared: dict[str, Json]
) -> None:
    assert {each["conditionalDelete"] for each in declared.values()} == {"single"}
    number, other = new_id(), new_id()
    path = f"/Patient?identifier=urn:oid:1.2.3%7C{number}"
    identified = [
        patient(identifier=[{"system": "urn:oid:1.2.3", "value": each}]) for each in (number, other)
    ]
    ids = [client.post("/Patient", each).json()["id"] for each in identified]
    for wrong in ("", "?", "?_count=1", "?banana=1", "?identifier=", "?_sort=name"):
        client.delete(f"/Patient{wrong}").refused(400)
    client.delete("/Patient?_filter=name").refused(501, "not-supported")
    client.delete(path, if_none_match="*").refused(400)
    client.delete(path, if_match='W/"2"').refused(412)
    Client(client.port).delete(path).refused(401)
    assert client.get(f"/Patient/{ids[0]}").version() == 1
    gone = client.delete(f"{path}&_format=json", if_match='W/"1"')
    assert (gone.status, gone.body, gone.headers["etag"]) == (204, b"", 'W/"2"')
    client.get(f"/Patient/{ids[0]}").refused(410)
    nothing = client.delete(path)
    assert nothing.status == 204
    assert "etag" not in nothing.headers
    client.delete(path, if_match='W/"1"').refused(412)
    client.post("/Patient", identified[1])
    client.delete(f"/Patient?identifier={other}").refused(412, "multiple-matches")
    assert client.get(f"/Patient/{ids[1]}").version() == 1


def test_a_bundle_deletes_by_criterion(client: Client) -> None:
    number = new_id()
    body = patient(identifier=[{"system": "urn:oid:1.2.3", "value": number}])
    url = f"Patient?identifier=urn:oid:1.2.3|{number}"
    deletion = {"request": {"method": "DELETE", "url": url}}
    first = client.post("/Patient", body).json()["id"]
    for type in ("transaction", "batch"):
        answer = client.post("", transaction(deletion, deletion, type=type))
        if type == "transaction":
            answer.refused(400, "duplicate")
            assert client.get(f"/Patient/{first}").version() == 1
            continue
        said = [each["response"]["status"] for each in answer.json()["entry"]]
        assert said == ["204 No Content", "204 No Content"]
    client.get(f"/Patient/{first}").refused(410)
    replaced = client.post("", transaction(deletion, posting(body))).json()["entry"]
    assert [each["response"]["status"] for each in replaced] == ["204 No Content", "201 Created"]
    found = client.get(f"/{url.replace('|', '%7C')}").json()["entry"]
    assert len(found) == 1


def test_every_declared_operation_is_done(
    client: Client, statement: Json, declared: dict[str, Json]
) -> None:
    tag = {"system": "http://example.org", "code": "x"}
    person = client.post("/Patient", patient(meta={"tag": [tag]})).json()
    id = person["id"]
    for _ in range(3):
        assert client.post("/Observation", observation(f"Patient/{id}")).status == 201
    for type in SAMPLES:
        said = {each["name"] for each in declared[type]["operation"]}
        own = {"everything", "break-glass"} if type == "Patient" else set()
        assert said == {"meta", *own}
    (rest,) = statement["rest"]
    assert {each["name"] for each in rest["operation"]} == {"explain", "broken-glass"}
    wrong = {"resourceType": "Parameters", "parameter": [{"name": "x", "valueString": "x"}]}
    for address in ("/$explain", "/$broken-glass", f"/Patient/{id}/$break-glass"):
        client.post(address, wrong).refused(400)
        Client(client.port).post(address, wrong).refused(401)
    client.post("/$nothing", {}).refused(501)
    pages = client.pages(f"/Patient/{id}/$everything?_count=2")
    found = [entry for page in pages for entry in page.json()["entry"]]
    assert [entry["resource"]["resourceType"] for entry in found] == [
        "Patient",
        *["Observation"] * 3,
    ]
    assert {entry["search"]["mode"] for entry in found} == {"match"}
    meta = client.get(f"/Patient/{id}/$meta").json()
    assert meta["parameter"] == [{"name": "return", "valueMeta": person["meta"]}]
    assert fhir.type_of(fhir.decode(json.dumps(meta).encode())) == "Parameters"
    for wrong in (
        "_sort=date",
        "_type=Nothing",
        "_since=x",
        "_cursor=forged",
        "_count=0",
        "start=x",
        "end=2024-01-01T10:00:00Z",
    ):
        client.get(f"/Patient/{id}/$everything?{wrong}").refused(400)
    client.get(f"/Patient/{id}/$meta?mode=x").refused(400)
    parameters = [
        {"name": "_type", "valueCode": "Observation"},
        {"name": "_type", "valueCode": "Patient"},
        {"name": "start", "valueDate": "1900"},
        {"name": "_count", "valueInteger": 2},
    ]
    posted = client.post(
        f"/Patient/{id}/$everything", {"resourceType": "Parameters", "parameter": parameters}
    )
    assert posted.status == 200
    assert len(posted.json()["entry"]) == 2
    again = client.post(f"/Patient/{id}/$everything", {"resourceType": "Parameters"})
    assert len(again.json()["entry"]) == 4
    for given in ({"name": "start", "valueString": "x"}, {"name": "x", "valueCode": "x"}):
        body = {"resourceType": "Parameters", "parameter": [given]}
        client.post(f"/Patient/{id}/$everything", body).refused(400)
    for operation in ("$everything", "$meta"):
        client.get(f"/Patient/{new_id()}/{operation}").refused(404)
        Client(client.port).get(f"/Patient/{id}/{operation}").refused(401)


def test_histories_are_paged_and_refuse_what_they_do_not_take(client: Client) -> None:
    id = client.post("/Basic", {"resourceType": "Basic", "code": {"text": "x"}}).json()["id"]
    for language in ("fr", "en", "de"):
        body = {"resourceType": "Basic", "id": id, "code": {"text": "x"}, "language": language}
        assert client.put(f"/Basic/{id}", body).status == 200
    assert client.delete(f"/Basic/{id}").status == 204
    for path in ("/Basic/_history", f"/Basic/{id}/_history"):
        pages = client.pages(f"{path}?_count=2&_since=2000-01-01T00:00:00+01:00")
        entries = [entry for page in pages for entry in page.json().get("entry", ())]
        assert [entry["request"]["method"] for entry in entries] == ["DELETE", *["PUT"] * 3, "POST"]
        assert [entry["response"]["etag"] for entry in entries] == [
            f'W/"{version}"' for version in (5, 4, 3, 2, 1)
        ]
        assert "resource" not in entries[0]
        client.get(f"{path}?_since=yesterday").refused(400)
        client.get(f"{path}?_sort=_lastUpdated").refused(400)
        assert client.get(f"{path}?_at=1999").json().get("entry", []) == []
    for path in ("/Basic/_history", "/_history"):
        client.get(f"{path}?_cursor=forged").refused(400)
        client.get(f"{path}?_cursor=x&_count=2").refused(400)


@pytest.mark.parametrize("format", ["xml", "application/fhir+xml", "ttl", "html", "text/turtle"])
def test_other_formats_than_json_are_refused(client: Client, statement: Json, format: str) -> None:
    assert all("json" in each for each in statement["format"])
    client.get(f"/Patient?_format={quote(format)}").refused(406, "not-supported")
    client.get("/Patient", accept="application/fhir+xml").refused(406, "not-supported")
    client.get("/metadata?_format=xml").refused(406, "not-supported")


def test_the_formats_declared_are_taken_and_given(client: Client, statement: Json) -> None:
    for format in statement["format"]:
        assert client.get(f"/Patient?_count=1&_format={quote(format)}").status == 200
    for media in (JSON, "application/json", f"{JSON}; charset=utf-8", f"{JSON};fhirVersion=4.0"):
        assert client.post("/Patient", patient(), content_type=media).status == 201
