"""Every address under `/fhir`, asked with an access token of one who may see a part only.

What is hidden by the criteria of a scope, by a mask, by a patient's opposition or by the label of a
stay is in no answer,
in no count, and answered like what is not there. An address without its row here fails.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from tests.integration.record.conftest import Put
from tests.integration.smart.conftest import World
from tests.unit.http.asking import Answer, ask

from egide.api.rest import FHIR, Rest
from egide.api.smart import Offer
from egide.db import Database
from egide.http import Entrance
from egide.record import Record
from egide.telemetry import Metrics

JSON = (b"content-type", b"application/fhir+json")
FORM = (b"content-type", b"application/x-www-form-urlencoded")
ABSENT = "synthetic-absent"
CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
TYPES = ("Appointment", "Encounter", "List", "Observation", "Patient")

Pairs = list[tuple[str, str]]


def of(patient: str) -> dict[str, str]:
    return {"reference": f"Patient/{patient}"}


def observation(patient: str, category: str, secret: str) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "category": [{"coding": [{"system": "urn:category", "code": category}]}],
        "code": {"coding": [{"system": "urn:code", "code": secret}], "text": secret},
        "subject": of(patient),
        "effectiveDateTime": "2026-01-01",
    }


def appointment(patient: str, secret: str, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Appointment",
        "status": "booked",
        "description": secret,
        "start": "2026-05-01T10:00:00Z",
        "end": "2026-05-01T10:30:00Z",
        "participant": [{"actor": of(patient), "status": "accepted"}],
        **more,
    }


def person(name: str, **more: Any) -> dict[str, Any]:
    return {
        **more,
        "resourceType": "Patient",
        "name": [{"family": f"secret-{name}"}],
        "identifier": [{"system": "urn:x", "value": f"secret-{name}"}],
        "birthDate": "1980-01-01",
    }


def labelled(code: str) -> dict[str, Any]:
    return {"meta": {"security": [{"system": CONFIDENTIALITY, "code": code}]}}


RESOURCES: Mapping[str, dict[str, Any]] = {
    "Patient/known": person("known"),
    "Patient/opposed": person("opposed"),
    "Patient/withheld": person("withheld", **labelled("V")),
    "Observation/of-weight": observation("known", "vital", "secret-of-weight"),
    "Observation/of-mood": observation("known", "social", "secret-of-mood"),
    "Observation/of-opposed": observation("opposed", "vital", "secret-of-opposed"),
    "Appointment/plain": appointment("known", "secret-plain"),
    "Appointment/restricted": appointment("known", "secret-restricted", **labelled("R")),
    "Encounter/whole-stay": {
        **labelled("V"),
        "resourceType": "Encounter",
        "status": "finished",
        "class": {"system": "urn:class", "code": "IMP"},
        "subject": of("known"),
        "reasonCode": [{"text": "secret-whole-stay"}],
    },
    "Encounter/part-of-stay": {
        "resourceType": "Encounter",
        "status": "finished",
        "class": {"system": "urn:class", "code": "IMP"},
        "subject": of("known"),
        "partOf": {"reference": "Encounter/whole-stay"},
        "reasonCode": [{"text": "secret-part-of-stay"}],
    },
    "Observation/of-stay": {
        **observation("known", "vital", "secret-of-stay"),
        "encounter": {"reference": "Encounter/part-of-stay"},
    },
    "List/of-both": {
        "resourceType": "List",
        "status": "current",
        "mode": "working",
        "subject": of("known"),
        "entry": [
            {"item": {"reference": f"Observation/of-{name}"}}
            for name in ("weight", "mood", "opposed", "stay")
        ],
    },
}
"""`Type/id` → a resource, whose content has a word of its own: `secret-` and its id."""
CARE: Mapping[str, dict[str, Any]] = {
    **{
        f"CareTeam/team-{patient}": {
            "resourceType": "CareTeam",
            "status": "active",
            "subject": of(patient),
            "participant": [{"member": {"reference": "Practitioner/synthetic-doctor"}}],
        }
        for patient in ("known", "opposed")
    },
    "Consent/no": {
        "resourceType": "Consent",
        "status": "active",
        "scope": {"text": "x"},
        "category": [{"text": "x"}],
        "policyRule": {"text": "CSP L.1110-4"},
        "patient": of("opposed"),
        "provision": {
            "type": "deny",
            "actor": [
                {"role": {"text": "x"}, "reference": {"reference": "Practitioner/synthetic-doctor"}}
            ],
        },
    },
}


@dataclass(frozen=True)
class Asker:
    """`whole` leaves as it is, `masked` as a part, and the rest not at all."""

    whole: frozenset[str]
    masked: frozenset[str] = frozenset()
    purpose: str = "TREAT"

    @property
    def seen(self) -> frozenset[str]:
        return self.whole | self.masked

    @property
    def hidden(self) -> list[str]:
        return [name for name in RESOURCES if name not in self.seen]


def named(*names: str) -> frozenset[str]:
    return frozenset(names)


SCOPES = {
    "criterion": "launch/patient patient/Observation.rs?category=urn:category|vital "
    "patient/Patient.rs patient/List.rs",
    "opposed": "user/*.cruds",
}
ASKERS: Mapping[str, Asker] = {
    "criterion": Asker(named("Patient/known", "Observation/of-weight", "List/of-both")),
    "opposed": Asker(
        named(
            *("Patient/known", "Observation/of-weight", "Observation/of-mood", "List/of-both"),
            *("Appointment/plain", "Appointment/restricted"),
        )
    ),
    "masked": Asker(
        named("Patient/known", "Patient/opposed", "Appointment/plain"),
        named("Appointment/restricted"),
        purpose="HOPERAT",
    ),
}

QUERIES: list[Pairs] = [
    [],
    [("_id", ",".join(name.partition("/")[2] for name in RESOURCES))],
    [("_list", "of-both")],
    [("_lastUpdated", "ge2020-01-01")],
    [("_text", "secret")],
    [("_content", "secret-of-mood")],
    [("_content", "secret-restricted")],
    [("_security", f"{CONFIDENTIALITY}|R")],
    [("code", "secret-of-mood")],
    [("code:not", "other")],
    [("category:not", "vital")],
    [("date", "ge2000-01-01")],
    [("identifier", "urn:x|secret-opposed")],
    [("family", "secret-opposed")],
    [("patient", "Patient/opposed")],
    [("patient.family", "secret-opposed")],
    [("subject:Patient.identifier", "urn:x|secret-opposed")],
    [("_has:Observation:patient:code", "secret-of-mood")],
    [("_has:Observation:patient:code", "secret-of-opposed")],
    [("_has:Appointment:patient:_id", "restricted")],
    [("item:Observation.code", "secret-of-mood")],
    [("encounter", "Encounter/part-of-stay")],
    [("encounter.status", "finished")],
    [("part-of.class", "IMP")],
    [("_has:Observation:encounter:code", "secret-of-stay")],
    [("_sort", "code")],
    [("_sort", "-_lastUpdated")],
    [("_sort", "-date")],
    [("_sort", "description")],
    [("_sort", "family")],
    [("_elements", "code,description,subject")],
    [("_summary", "true")],
    [("_summary", "data")],
    [("_include", "*")],
    [("_include:iterate", "List:item"), ("_include:iterate", "Observation:subject")],
    [("_revinclude", "Observation:subject")],
    [("_revinclude", "Appointment:patient")],
    [("_revinclude:iterate", "List:item")],
    [("_include:iterate", "Observation:encounter"), ("_include:iterate", "Encounter:part-of")],
    [("_revinclude:iterate", "Observation:encounter")],
]


INSIDE = (ip_network("192.0.2.0/24"),)
"""Where the requests come from: a desk reads from inside only."""


class Asking:
    """Asks as one of `ASKERS`, and looks at every answer."""

    def __init__(self, entrance: Entrance, access_token: str, asker: Asker) -> None:
        self.asker = asker
        self._entrance = entrance
        self._headers = [
            (b"authorization", f"Bearer {access_token}".encode()),
            (b"x-purpose-of-use", asker.purpose.encode()),
        ]
        self.asked: set[tuple[str, str]] = set()

    async def send(
        self, method: str, template: str, target: str, body: object = None, *headers: Any
    ) -> Answer:
        """The answer to a request to an address of `template`, in which nothing hidden is."""
        self.asked.add((method, template))
        pieces = []
        if body is not None:
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            pieces, headers = [raw], (*headers, FORM if isinstance(body, bytes) else JSON)
        answer = await ask(self._entrance, method, target, [*self._headers, *headers], *pieces)
        assert answer.status < 500 or answer.status == 501, (method, target, answer)
        self._check(answer, f"{method} {target}")
        return answer

    def _check(self, answer: Answer, what: str) -> None:
        body = answer.body.decode()
        for name in (*self.asker.hidden, *self.asker.masked):
            assert f"secret-{name.partition('/')[2]}" not in _without_links(body), (what, name)
        if not body:
            return
        for resource in _resources(json.loads(body)):
            name = f"{resource['resourceType']}/{resource.get('id')}"
            assert name not in self.asker.hidden, (what, name)
            if name in self.asker.masked:
                tags = {each["code"] for each in resource["meta"].get("tag", ())}
                assert "SUBSETTED" in tags, (what, name)

    async def search(self, template: str, address: str, pairs: Pairs, *, post: bool) -> None:
        """Asks for a page, for one entry at a time, for a count and for a total."""

        async def page(more: Pairs) -> Answer:
            encoded = urlencode([*pairs, *more])
            if post:
                return await self.send("POST", template, address, encoded.encode())
            return await self.send("GET", template, f"{address}?{encoded}")

        first = await page([("_count", "500"), ("_total", "accurate")])
        if first.status != 200:
            return
        bundle = json.loads(first.body)
        found = _matches(bundle)
        assert bundle.get("total", len(found)) == len(found), pairs
        if not any(name.startswith("_summary") for name, _ in pairs):
            counted = json.loads((await page([("_summary", "count")])).body)
            assert counted["total"] == len(found), pairs
        one_by_one: list[str] = []
        answer = await page([("_count", "1")])
        while True:
            assert answer.status == 200
            bundle = json.loads(answer.body)
            one_by_one += _matches(bundle)
            links = {each["relation"]: each["url"] for each in bundle["link"]}
            if "next" not in links:
                break
            following = urlsplit(links["next"])
            answer = await self.send("GET", template, f"{following.path}?{following.query}")
        assert one_by_one == found, pairs


def _without_links(body: str) -> str:
    """An answer without the links in which a client finds its own question again."""
    if not body.startswith("{"):
        return body
    read = json.loads(body)
    for bundle in list(_resources(read)):
        bundle.pop("link", None)
    return json.dumps(read)


def _resources(tree: object) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        if "resourceType" in tree:
            yield tree
        for each in tree.values():
            yield from _resources(each)
    elif isinstance(tree, list):
        for each in tree:
            yield from _resources(each)


def _matches(bundle: dict[str, Any]) -> list[str]:
    return [
        f"{each['resource']['resourceType']}/{each['resource']['id']}"
        for each in bundle.get("entry", ())
        if each.get("search", {}).get("mode", "match") == "match"
    ]


def _alike(one: Answer, other: Answer, id: str) -> bool:
    """Whether two answers tell the same, but for the id that was asked about."""
    bodies = [one.body.decode().replace(id, ABSENT), other.body.decode()]
    return (one.status, bodies[0]) == (other.status, bodies[1])


async def _tell_alike(asking: Asking, method: str, template: str, **sent: Any) -> None:
    """What is hidden answers like what is not there."""
    body, headers, end = sent.get("body"), sent.get("headers", ()), sent.get("end", "")
    for name in asking.asker.hidden:
        type, _, id = name.partition("/")
        if template.startswith("/fhir/Patient") and type != "Patient":
            continue
        there, absent = [
            await asking.send(
                method,
                template,
                f"/fhir/{type}/{asked}{end}",
                None if body is None else body(type, asked),
                *headers,
            )
            for asked in (id, ABSENT)
        ]
        assert _alike(there, absent, id), (method, name, there, absent)


async def _instances(asking: Asking, template: str, end: str) -> None:
    """Just what may be seen is read under its id."""
    for name in RESOURCES:
        answer = await asking.send("GET", template, f"/fhir/{name}{end}")
        assert (answer.status == 200) == (name in asking.asker.seen), (name, end, answer)
    await _tell_alike(asking, "GET", template, end=end)


async def _search_type(asking: Asking, template: str, *, post: bool) -> None:
    for type in TYPES:
        address = template.replace("{type}", type)
        for pairs in QUERIES:
            await asking.search(template, address, pairs, post=post)
        if post:
            continue
        answer = await asking.send("GET", template, f"{address}?_count=500")
        expected = {name for name in asking.asker.seen if name.startswith(f"{type}/")}
        found = set(_matches(json.loads(answer.body))) if answer.status == 200 else set()
        assert found == expected


async def _compartments(asking: Asking, template: str, *, post: bool) -> None:
    """What belongs to a patient, as far as it may be seen; of a hidden one nothing is told."""
    address = template.replace("{type}/{id}", "Patient/known")
    for member in (*TYPES, "*"):
        target = address.replace("{member}", member)
        for pairs in QUERIES[:: 2 if post else 1]:
            await asking.search(template, target, pairs, post=post)
        if post:
            continue
        answer = await asking.send("GET", template, f"{target}?_count=500")
        expected = {
            name
            for name in asking.asker.seen - {"Patient/opposed"}
            if member in ("*", name.partition("/")[0])
        }
        found = _matches(json.loads(answer.body)) if answer.status == 200 else []
        assert set(found) & RESOURCES.keys() == expected
    end = template.partition("{id}")[2]
    for member in (*TYPES, "*"):
        sent = {"body": lambda type, id: b"_count=5"} if post else {}
        method = "POST" if post else "GET"
        await _tell_alike(asking, method, template, end=end.replace("{member}", member), **sent)


async def _search_system(asking: Asking, template: str, *, post: bool) -> None:
    known = ",".join(sorted({name.partition("/")[0] for name in asking.asker.seen}))
    for pairs in QUERIES:
        await asking.search(template, template, [("_type", known), *pairs], post=post)
        await asking.search(template, template, pairs, post=post)
    if not post:
        answer = await asking.send("GET", template, f"{template}?_count=500&_type={known}")
        assert set(_matches(json.loads(answer.body))) == asking.asker.seen


async def _history(asking: Asking, template: str, types: tuple[str, ...]) -> None:
    for type in types:
        address = template.replace("{type}", type)
        found: set[str] = set()
        target = f"{address}?_count=2"
        while True:
            answer = await asking.send("GET", template, target)
            if answer.status == 403:
                break
            bundle = json.loads(answer.body)
            found |= {
                f"{each['resource']['resourceType']}/{each['resource']['id']}"
                for each in bundle.get("entry", ())
            }
            links = {each["relation"]: each["url"] for each in bundle["link"]}
            if "next" not in links:
                break
            following = urlsplit(links["next"])
            target = f"{following.path}?{following.query}"
        expected = {name for name in asking.asker.seen if type in ("", name.partition("/")[0])}
        assert found & RESOURCES.keys() == expected


def _body(type: str, id: str) -> dict[str, Any]:
    return {**next(each for each in RESOURCES.values() if each["resourceType"] == type), "id": id}


async def _create(asking: Asking, template: str) -> None:
    """A criterion is no oracle."""
    for name in asking.asker.hidden:
        type, _, id = name.partition("/")
        body = {key: value for key, value in _body(type, id).items() if key != "id"}
        there, absent = [
            await asking.send(
                "POST",
                template,
                f"/fhir/{type}",
                body,
                (b"if-none-exist", f"_id={asked}".encode()),
            )
            for asked in (id, ABSENT)
        ]
        made = there.status == absent.status == 201
        assert made or _alike(there, absent, id), name


async def _update_matching(asking: Asking, template: str) -> None:
    for name in asking.asker.hidden:
        type, _, id = name.partition("/")
        there, absent = [
            await asking.send("PUT", template, f"/fhir/{type}?_id={asked}", _body(type, asked))
            for asked in (id, ABSENT)
        ]
        assert _alike(there, absent, id), name


async def _delete_matching(asking: Asking, template: str) -> None:
    for name in asking.asker.hidden:
        type, _, id = name.partition("/")
        there, absent = [
            await asking.send("DELETE", template, f"/fhir/{type}?_id={asked}")
            for asked in (id, ABSENT)
        ]
        assert _alike(there, absent, id), name


async def _bundles(asking: Asking, template: str) -> None:
    gets = [*RESOURCES, *(f"{type}?_total=accurate" for type in TYPES)]
    gets += [f"{type}?_content=secret-of-mood" for type in TYPES]
    gets += [f"{name}/{end}" for name in RESOURCES for end in ("_history", "$meta")]
    gets += [f"{type}/_history?_count=500" for type in TYPES]
    gets += ["_history?_count=500", "Patient/known/$everything", "Patient/opposed/$everything"]
    gets += [f"Patient/known/{member}?_total=accurate" for member in (*TYPES, "*")]
    gets += [f"Patient/opposed/{member}" for member in (*TYPES, "*")]
    entries = [{"request": {"method": "GET", "url": url}} for url in gets]
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": entries}
    answer = await asking.send("POST", template, template, bundle)
    assert answer.status == 200
    answered = dict(zip(gets, json.loads(answer.body)["entry"], strict=True))
    for url, each in answered.items():
        alone = await asking.send("GET", template, f"{template}/{url}")
        assert each["response"]["status"].startswith(str(alone.status)), url
        one = bundle | {
            "type": "transaction",
            "entry": [{"request": {"method": "GET", "url": url}}],
        }
        within = await asking.send("POST", template, template, one)
        assert within.status == alone.status, url
        if within.status == 200 and "$meta" not in url:
            (entry,) = json.loads(within.body)["entry"]
            named = [f"{r['resourceType']}/{r.get('id')}" for r in _resources(entry)]
            assert named == [f"{r['resourceType']}/{r.get('id')}" for r in _resources(each)], url
    for name in RESOURCES:
        seen = answered[name]["response"]["status"].startswith("200")
        assert seen == (name in asking.asker.seen), name
    for name in asking.asker.hidden:
        type, _, id = name.partition("/")
        for request in (
            lambda type, id: {"request": {"method": "GET", "url": f"{type}/{id}"}},
            lambda type, id: {"request": {"method": "GET", "url": f"{type}/{id}/_history"}},
            lambda type, id: {"request": {"method": "GET", "url": f"{type}/{id}/$meta"}},
            lambda type, id: {"request": {"method": "GET", "url": f"{type}/{id}/*"}},
            lambda type, id: {"request": {"method": "DELETE", "url": f"{type}/{id}"}},
            lambda type, id: {"request": {"method": "DELETE", "url": f"{type}?_id={id}"}},
            lambda type, id: {
                "resource": _body(type, id),
                "request": {"method": "PUT", "url": f"{type}/{id}"},
            },
        ):
            there, absent = [
                await asking.send(
                    "POST",
                    template,
                    template,
                    bundle | {"type": "transaction", "entry": [request(type, asked)]},
                )
                for asked in (id, ABSENT)
            ]
            assert _alike(there, absent, id), name


async def _everything(asking: Asking, method: str, template: str) -> None:
    for patient in ("known", "opposed"):
        target = template.replace("{id}", patient)
        answer = await asking.send(method, template, target)
        if answer.status == 200:
            found = set(_matches(json.loads(answer.body)))
            assert found & RESOURCES.keys() == asking.asker.seen
    await _tell_alike(asking, method, template, end="/$everything")


def _emergency(type: str, id: str) -> dict[str, Any]:
    return {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "code", "valueCode": "life-threatening"},
            {"name": "text", "valueString": "Found unconscious in the street"},
        ],
    }


async def _refused(asking: Asking, method: str, template: str) -> None:
    """What only those who look after rights may ask."""
    body = None
    if method == "POST":
        body = {"resourceType": "Parameters", "parameter": []}
        if template == "/fhir/$explain":
            body["parameter"] = [
                {"name": "request", "valueString": "GET /fhir/Observation/of-mood"},
                {"name": "account", "valueString": "1"},
                {"name": "purpose", "valueCode": "TREAT"},
            ]
        else:
            body["parameter"] = [
                {"name": "number", "valueString": "1"},
                {"name": "outcome", "valueCode": "justified"},
            ]
    answer = await asking.send(method, template, template, body)
    assert answer.status in (403, 404)


WAYS: Mapping[tuple[str, str], Callable[[Asking, str], Any]] = {
    ("GET", "/fhir"): lambda a, t: _search_system(a, t, post=False),
    ("POST", "/fhir/_search"): lambda a, t: _search_system(a, t, post=True),
    ("GET", "/fhir/{type}"): lambda a, t: _search_type(a, t, post=False),
    ("POST", "/fhir/{type}/_search"): lambda a, t: _search_type(a, t, post=True),
    ("GET", "/fhir/{type}/{id}/{member}"): lambda a, t: _compartments(a, t, post=False),
    ("POST", "/fhir/{type}/{id}/{member}/_search"): lambda a, t: _compartments(a, t, post=True),
    ("GET", "/fhir/_history"): lambda a, t: _history(a, t, ("",)),
    ("GET", "/fhir/{type}/_history"): lambda a, t: _history(a, t, TYPES),
    ("GET", "/fhir/{type}/{id}"): lambda a, t: _instances(a, t, ""),
    ("GET", "/fhir/{type}/{id}/$meta"): lambda a, t: _instances(a, t, "/$meta"),
    ("GET", "/fhir/{type}/{id}/_history"): lambda a, t: _instances(a, t, "/_history"),
    ("GET", "/fhir/{type}/{id}/_history/{version}"): lambda a, t: _instances(a, t, "/_history/1"),
    ("GET", "/fhir/Patient/{id}/$everything"): lambda a, t: _everything(a, "GET", t),
    ("POST", "/fhir/Patient/{id}/$everything"): lambda a, t: _everything(a, "POST", t),
    ("POST", "/fhir/Patient/{id}/$break-glass"): lambda a, t: _tell_alike(
        a,
        "POST",
        t,
        body=_emergency,
        end="/$break-glass",
    ),
    ("GET", "/fhir/$broken-glass"): lambda a, t: _refused(a, "GET", t),
    ("POST", "/fhir/$broken-glass"): lambda a, t: _refused(a, "POST", t),
    ("POST", "/fhir/$explain"): lambda a, t: _refused(a, "POST", t),
    ("POST", "/fhir"): _bundles,
    ("POST", "/fhir/{type}"): _create,
    ("PUT", "/fhir/{type}"): _update_matching,
    ("DELETE", "/fhir/{type}"): _delete_matching,
    ("PUT", "/fhir/{type}/{id}"): lambda a, t: _tell_alike(a, "PUT", t, body=_body),
    ("DELETE", "/fhir/{type}/{id}"): lambda a, t: _tell_alike(a, "DELETE", t),
}
"""(method, template) → what is asked there."""


def addresses() -> set[tuple[str, str]]:
    """Every address that does something with records."""
    return {
        (method, route.template)
        for route in FHIR
        for method, answer in route.answers.items()
        if answer.interactions
    }


async def access_token_of(world: World, who: str) -> str:
    if who == "masked":
        new = await world.accounts.clients.create("Desk", ["registrar"])
        client = await world.accounts.clients.authenticate(new.client_id, new.secret)
        return (await world.accounts.issue(client)).access_token
    client = await world.registered(scope=SCOPES[who])
    launched = "known" if who == "criterion" else None
    code = await world.code(client, patient=launched, scope=SCOPES[who])
    answer, body = await world.exchange(client, code)
    assert answer.status == 200, answer
    return str(body["access_token"])


def test_every_address_has_its_row() -> None:
    assert addresses() == WAYS.keys()


@pytest.mark.parametrize("who", ASKERS)
async def test_no_address_tells_what_is_hidden(
    record: Record, database: Database, put: Put, who: str
) -> None:
    for name, body in {**RESOURCES, **CARE}.items():
        await put(*name.split("/"), **body)
    world = World(database)
    rest = Rest(record, world.accounts, None, Offer())
    entrance = Entrance(rest.respond, metrics=Metrics(), networks=INSIDE)
    asking = Asking(entrance, await access_token_of(world, who), ASKERS[who])
    for (_, template), way in WAYS.items():
        await way(asking, template)
    assert asking.asked >= addresses()
