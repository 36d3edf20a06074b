"""Who reaches what, over HTTP and at the command line: grants, broken glass, explanations."""

import asyncio
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.acceptance.client import Answer, Client
from tests.acceptance.conftest import Install
from tests.acceptance.installation import (
    PATIENCE,
    Installation,
    Server,
    end,
    family,
    wait_for,
)
from tests.acceptance.letting_in import App, access_token, let_in
from tests.acceptance.records import observation, patient

from egide.db import Database
from egide.db.embedded import start

Json = dict[str, Any]
MANY = 3_000
LOGIN = "ann.access"


@pytest.fixture(scope="module")
def app(installation: Installation) -> App:
    """An application a clinician who cares for nobody yet has let in."""
    (found,) = let_in(installation, LOGIN)
    return found


@pytest.fixture(scope="module")
def clinician(server: Server, app: App) -> Client:
    """That application, with an access token."""
    return Client(server.port, access_token(server, app))


@pytest.fixture(scope="module")
def account(app: App) -> str:
    """The clinician's account, by its internal number."""
    return str(app.account)


@pytest.fixture
def record(client: Client) -> tuple[str, str]:
    """A patient's record: the ids of the Patient and of an Observation."""
    made = client.ask("POST", "/Patient", patient()).json()["id"]
    seen = client.ask("POST", "/Observation", observation(f"Patient/{made}")).json()["id"]
    return made, seen


def given(**values: str) -> Json:
    """Parameters, each name with its value; `__` parts the name from the kind of value."""
    parts = ({"name": key.split("__")[0], f"value{key.split('__')[1]}": value}
             for key, value in values.items())  # fmt: skip
    return {"resourceType": "Parameters", "parameter": list(parts)}


def test_a_grant_opens_one_patient_and_a_withdrawal_closes_at_once(
    installation: Installation, clinician: Client, account: str, record: tuple[str, str]
) -> None:
    made, seen = record
    hidden = clinician.ask("GET", f"/Observation/{seen}").refused(404)
    assert hidden == clinician.ask("GET", "/Observation/absent").refused(404)
    installation.run("access", "grant", account, f"Patient/{made}", "--days", "2")
    assert clinician.ask("GET", f"/Observation/{seen}").status == 200
    found = clinician.ask("GET", f"/Observation?patient={made}").json()
    assert [each["resource"]["id"] for each in found["entry"]] == [seen]
    installation.run("access", "withdraw", account, f"Patient/{made}")
    clinician.ask("GET", f"/Observation/{seen}").refused(404)


def test_an_account_is_named_by_login_name_by_client_id_or_by_number(
    installation: Installation,
    clinician: Client,
    app: App,
    account: str,
    record: tuple[str, str],
) -> None:
    made, seen = record
    said = installation.run("clients", "add", "named", "--role", "clinician").stdout
    client_id = said.split()[1]
    assert client_id.startswith("client-")
    for named in (LOGIN, LOGIN.upper(), account):
        installation.run("access", "grant", named, f"Patient/{made}")
        assert clinician.ask("GET", f"/Observation/{seen}").status == 200
        asked = ("explain", "GET", f"/fhir/Observation/{seen}", "--as", named)
        assert "the resource leaves" in installation.run(*asked).stdout
        installation.run("access", "withdraw", named, f"Patient/{made}")
        clinician.ask("GET", f"/Observation/{seen}").refused(404)
        assert "the resource is hidden" in installation.run(*asked, code=1).stdout
    asked = ("explain", "GET", f"/fhir/Observation/{seen}", "--as", client_id, "--two-factors")
    installation.run("access", "grant", client_id, f"Patient/{made}")
    assert "the resource leaves" in installation.run(*asked).stdout
    installation.run("access", "withdraw", client_id, f"Patient/{made}")
    assert "the resource is hidden" in installation.run(*asked, code=1).stdout
    for nobody in ("nobody", "client-0123456789abcdef", "12345"):
        installation.run("access", "grant", nobody, f"Patient/{made}", code=2)


def test_a_glass_is_broken_for_a_reason_told_to_the_patient_and_reviewed(
    installation: Installation, client: Client, clinician: Client, record: tuple[str, str]
) -> None:
    made, seen = record
    emergency = {"X-Purpose-Of-Use": "BTG"}
    path = f"/Patient/{made}/$break-glass"
    clinician.ask("GET", f"/Observation/{seen}", headers=emergency).refused(403)
    clinician.ask("POST", path, given(code__Code="life-threatening")).refused(400)
    clinician.ask("POST", path, given(code__Code="x", text__String="because I want")).refused(400)
    client.ask("POST", path, given(code__Code="cannot-speak", text__String="x" * 20)).refused(403)
    asked = given(code__Code="cannot-speak", text__String="found unconscious at home")
    clinician.ask("POST", "/Patient/absent/$break-glass", asked).refused(404)
    opened = clinician.ask("POST", path, asked)
    assert opened.status == 200
    assert {each["name"] for each in opened.json()["parameter"]} == {"until", "purpose"}
    assert clinician.ask("GET", f"/Observation/{seen}", headers=emergency).status == 200
    clinician.ask("GET", f"/Observation/{seen}").refused(404)
    told = client.ask("GET", f"/Communication?patient={made}").json()
    assert "en urgence" in str(told["entry"][0]["resource"]["payload"])
    clinician.ask("GET", "/$broken-glass").refused(403)
    listed = installation.run("access", "glass").stdout
    (number,) = re.findall(rf"(\d+) +\d+ +Patient/{made}", listed)
    assert "found unconscious at home" in listed
    behind = installation.run("ledger", "glass", number).stdout
    assert f"Observation/{seen}" in behind and "$break-glass" in behind
    reviewer = Client(
        client.port, installation.run("access-token", "--role", "auditor").stdout.strip()
    )
    clinician.ask("GET", f"/$broken-glass?number={number}").refused(403)
    reviewer.ask("GET", "/$broken-glass?number=1").refused(404)
    for query in ("number=x", f"number={number}&number={number}", "name=x"):
        reviewer.ask("GET", f"/$broken-glass?{query}").refused(400)
    told = reviewer.ask("GET", f"/$broken-glass?number={number}").json()["parameter"]
    assert {each["name"] for each in told} == {"deed"}
    assert f"Observation/{seen}" in str(told)
    installation.run("access", "judge", number, "justified")
    assert number not in installation.run("access", "glass").stdout
    assert "justified" in installation.run("access", "glass", "--all").stdout


def test_one_factor_opens_no_care_and_an_old_proof_breaks_no_glass(
    server: Server, record: tuple[str, str]
) -> None:
    made, seen = record
    path = f"/Patient/{made}/$break-glass"
    why = given(code__Code="cannot-speak", text__String="found unconscious at home")
    said = server.installation.run("access-token", "--role", "clinician").stdout.strip()
    (weak,) = let_in(server.installation, "ann.weak", assurance=1)
    for token in (said, access_token(server, weak)):
        client = Client(server.port, token)
        for asked in (client.ask("GET", f"/Observation/{seen}"), client.ask("POST", path, why)):
            asked.refused(401)
            challenge = asked.headers["www-authenticate"]
            assert 'error="insufficient_user_authentication", acr_values="2"' in challenge
    (old,) = let_in(server.installation, "ann.long-ago", shown=timedelta(hours=13))
    client = Client(server.port, access_token(server, old))
    client.ask("GET", f"/Observation/{seen}").refused(404)
    asked = client.ask("POST", path, why)
    asked.refused(401)
    assert asked.headers["www-authenticate"].endswith('acr_values="2", max_age=43200')


def test_a_decision_is_explained_at_the_machine(
    installation: Installation, account: str, record: tuple[str, str]
) -> None:
    made, seen = record
    address = f"/fhir/Observation/{seen}"
    said = installation.run("explain", "GET", address, "--as", account, code=1).stdout
    assert "clinician/care" in said and "reach" in said and "care team" in said
    installation.run("access", "grant", account, f"Patient/{made}")
    said = installation.run("explain", "GET", address, "--as", account).stdout
    assert "allow (read): clinician/care; the resource leaves" in said
    installation.run("explain", "GET", "/nonsense", "--as", account, code=2)


def test_a_decision_is_explained_as_if_asked_from_outside(
    installation: Installation, account: str, client: Client
) -> None:
    ask = ("explain", "POST", "/fhir/Patient/absent/$break-glass", "--as", account)
    said = installation.run(*ask, "--purpose", "BTG", "--zone", "outside", code=1).stdout
    assert "deny ($break-glass): zone" in said
    assert "from within the establishment's networks" in said
    said = installation.run(*ask, "--purpose", "BTG", "--zone", "inside").stdout
    assert "allow ($break-glass): clinician/open-in-emergency" in said
    installation.run(*ask, "--zone", "moon", code=2)


def test_a_training_that_ran_out_and_a_charter_not_signed_are_explained(
    install: Install,
) -> None:
    installation = install().init()
    address = {"EGIDE_BASE_URL": "https://egide.example"}
    invited = ("--role", "clinician", "--name", "Ann Example", "--trained-until", "2026-01-31")
    installation.run("accounts", "invite", "ann.example", *invited, **address)

    def explained(code: int) -> str:
        ask = ("explain", "GET", "/fhir/Observation?code=x", "--as", "ann.example")
        return installation.run(*ask, code=code).stdout

    said = explained(1)
    assert "deny (search): training" in said
    assert "trained: until 2026-01-31, run out\n" in said
    assert "charter: none in force\n" in said
    installation.run("accounts", "train", "ann.example", "--until", "2099-06-30")
    assert "trained: until 2099-06-30\n" in explained(0)
    installation.run("charters", "sign", "ann.example", code=2)
    installation.run("charters", "publish", "2026-1")
    said = explained(1)
    assert "deny (search): charter" in said and "signing the charter in force" in said
    assert re.search(r"charter: 2026-1, in force since [\d-]+, not signed\n", said)
    assert installation.run("charters", "sign", "ann.example").stdout == "2026-1 is signed.\n"
    assert re.search(r"charter: 2026-1, in force since [\d-]+, signed on [\d-]+\n", explained(0))
    installation.run("charters", "publish", "2099-1", "--from", "2099-01-01")
    listed = installation.run("charters", "list").stdout
    assert re.search(r"2026-1 .* in force *\n *2099-1 +2099-01-01 00:00 *\n", listed)
    explained(0)
    installation.run("charters", "sign", "ann.example", "--withdraw")
    explained(1)


def test_a_relative_is_explained_by_login_name_for_whom_he_acts(
    installation: Installation, client: Client, record: tuple[str, str]
) -> None:
    made, seen = record
    tie = {"resourceType": "RelatedPerson", "patient": {"reference": f"Patient/{made}"}}
    relative = client.ask("POST", "/RelatedPerson", tie).json()["id"]
    login = f"relative.{made[:8]}"
    bound = ("--role", "relative", "--name", "Ann Example", "--relative", relative)
    address = {"EGIDE_BASE_URL": "https://egide.example"}
    installation.run("accounts", "invite", login, *bound, **address)
    ask = ("explain", "GET", f"/fhir/Observation/{seen}", "--as", login)
    said = installation.run(*ask, "--behalf", made, code=1).stdout
    assert "allow (read): relative/on-behalf; the resource is hidden" in said
    assert "Consent that names it" in said
    client.ask("POST", "/Consent", agreement(made, relative))
    said = installation.run(*ask, "--behalf", made).stdout
    assert "allow (read): relative/on-behalf; the resource leaves" in said
    scope = ("--scope", "patient/Condition.rs", "--launched", made)
    assert "scope" in installation.run(*ask, "--behalf", made, *scope, code=1).stdout
    installation.run("explain", "GET", "/fhir", "--as", f"{login}.absent", code=2)


def agreement(patient: str, relative: str) -> Json:
    """A Consent by which a RelatedPerson may see a patient's record."""
    actor = {"role": {"text": "x"}, "reference": {"reference": f"RelatedPerson/{relative}"}}
    return {
        "resourceType": "Consent",
        "status": "active",
        "scope": {"text": "x"},
        "category": [{"text": "x"}],
        "policyRule": {"text": "x"},
        "patient": {"reference": f"Patient/{patient}"},
        "provision": {"type": "permit", "actor": [actor]},
    }


def test_an_administrator_asks_what_the_gate_would_say_from_outside(
    installation: Installation, account: str, client: Client
) -> None:
    token = installation.run("access-token", "--role", "administrator").stdout.strip()
    administrator = Client(client.port, token)

    def asked(**zone: str) -> Answer:
        request = "POST /fhir/Patient/absent/$break-glass"
        body = given(request__String=request, account__String=account, purpose__Code="BTG", **zone)
        return administrator.ask("POST", "/$explain", body)

    def rule(answer: Answer) -> str:
        (found,) = [each for each in answer.json()["parameter"] if each["name"] == "rule"]
        return str(found["valueString"])

    assert rule(asked(zone__Code="outside")) == "zone"
    none: dict[str, str] = {}
    for zone in (none, {"zone__Code": "inside"}):
        assert rule(asked(**zone)) == "clinician/open-in-emergency"
    asked(zone__Code="moon").refused(400)


def test_roles_held_for_an_establishment_reach_its_patients_and_no_others(
    installation: Installation, server: Server, client: Client
) -> None:
    def organization(finess: str) -> str:
        body = {"resourceType": "Organization", "identifier": [{"value": finess}], "name": finess}
        return str(client.ask("POST", "/Organization", body).json()["id"])

    here, there = organization("750712184"), organization("690781810")
    made = {
        place: client.ask(
            "POST", "/Patient", patient(managingOrganization={"reference": f"Organization/{place}"})
        ).json()["id"]
        for place in (here, there)
    }
    told = installation.run("clients", "add", "the desk of one", "--role", "system").stdout
    id, secret = (line.split()[1] for line in told.splitlines())
    fields = {"grant_type": "client_credentials", "client_id": id, "client_secret": secret}
    desk = Client(
        server.port, Client(server.port).form("/oauth/token", fields).json()["access_token"]
    )
    lines = installation.run("access", "review").stdout.splitlines()
    (line,) = (each for each in lines if "the desk of one" in each)
    account = line.split()[0]
    assert desk.ask("GET", f"/Patient/{made[there]}").status == 200
    for nowhere in ("750000000", made[there], "../x"):
        refused = installation.run("access", "hold", account, "--establishment", nowhere, code=None)
        assert refused.returncode
        assert desk.ask("GET", f"/Patient/{made[there]}").status == 200
    said = installation.run("access", "hold", id, "--establishment", "750712184").stdout
    assert f"Organization/{here}" in said
    hidden = desk.ask("GET", f"/Patient/{made[there]}").refused(404)
    assert hidden == desk.ask("GET", "/Patient/absent").refused(404)
    found = desk.ask("GET", "/Patient?_total=accurate").json()
    assert [each["resource"]["id"] for each in found["entry"]] == [made[here]]
    assert found["total"] == 1
    lines = installation.run("access", "review").stdout.splitlines()
    (line,) = (each for each in lines if "the desk of one" in each)
    assert f"Organization/{here}" in line
    assert "1 patients" in line
    read = ("explain", "GET", f"/fhir/Patient/{made[there]}", "--as", account)
    said = installation.run(*read, "--purpose", "HOPERAT", code=1).stdout
    assert "establishment" in said
    assert "is hidden" in said
    installation.run("access", "release", id)
    assert desk.ask("GET", f"/Patient/{made[there]}").status == 200


def test_the_review_of_rights_puts_the_dormant_first(
    installation: Installation, clinician: Client, account: str
) -> None:
    assert clinician.ask("GET", "/Practitioner").status == 200
    installation.run("clients", "add", "never used", "--role", "system")
    lines = installation.run("access", "review", "--days", "7").stdout.splitlines()
    idle = next(place for place, line in enumerate(lines) if "never used" in line)
    busy = next(place for place, line in enumerate(lines) if account in line)
    assert idle < busy
    assert "nothing" in lines[idle] and "everybody" in lines[idle]


def test_no_glass_is_broken_from_outside_whatever_the_client_says(install: Install) -> None:
    server = install().init().serve(workers=1, EGIDE_NETWORKS="192.0.2.0/24")
    (app,) = let_in(server.installation, "ann.elsewhere")
    elsewhere = Client(server.port, access_token(server, app))
    asked = given(code__Code="cannot-speak", text__String="found unconscious at home")
    for headers in ({}, {"X-Forwarded-For": "192.0.2.7"}, {"Forwarded": "for=192.0.2.7"}):
        elsewhere.ask("POST", "/Patient/absent/$break-glass", asked, headers=headers).refused(403)


def test_a_killed_derivation_goes_on_and_the_ledger_agrees(
    install: Install, tmp_path: Path
) -> None:
    installation = install().init()
    folder = tmp_path / "records.ndjson"
    with folder.open("w") as file:
        for number in range(MANY):
            for line in ({"resourceType": "Patient", "id": f"p{number}"}, encounter(number)):
                file.write(json.dumps(line) + "\n")
    installation.run("import", folder)
    assert "follows the present rule" in installation.run("access", "reach").stdout
    longer = {"EGIDE_CARE_GRACE": "36500"}
    for changed in (500, 1_500):
        deriving = installation.begin("access", "derive", **longer)
        asyncio.run(until_past(installation.data, changed))
        for pid in list(family(deriving.pid)):
            end(pid)
        deriving.wait()
        said = installation.run("access", "reach", **longer).stdout
        assert "Encounter" in said, "it was over before it was killed"
        installation.verify()
    said = installation.run("access", "derive", **longer).stdout
    assert f"{MANY:,} resources gave something else" in said
    assert "follows the present rule" in installation.run("access", "reach", **longer).stdout
    assert asyncio.run(ties(installation.data)) == MANY
    installation.verify()


def test_reach_follows_a_changed_rule_while_the_server_answers(
    install: Install, tmp_path: Path
) -> None:
    installation = install().init()
    folder = tmp_path / "records.ndjson"
    lines = ({"resourceType": "Patient", "id": "p0"}, encounter(0))
    folder.write_text("".join(json.dumps(line) + "\n" for line in lines))
    installation.run("import", folder)
    server = installation.serve(workers=1, EGIDE_CARE_GRACE="36500")
    wait_for(lambda: asyncio.run(ties(installation.data)) == 1, lambda: server.log)
    # Said once the last stretch is committed, which is when the tie is there.
    wait_for(lambda: "reach.ready" in server.log, lambda: server.log)
    server.stop()
    installation.verify()


def encounter(number: int) -> Json:
    """A stay that ended long ago."""
    return {
        "resourceType": "Encounter",
        "id": f"e{number}",
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "subject": {"reference": f"Patient/p{number}"},
        "period": {"start": "2020-01-01", "end": "2020-01-02"},
        "participant": [{"individual": {"reference": "Practitioner/synthetic"}}],
    }


async def until_past(data: Path, changed: int) -> None:
    """Until the pass has changed what so many resources give."""
    engine = await start(data)
    database = await Database.connect(engine.dsn, max_size=1)
    question = "select changed from reach_rule"
    try:
        async with asyncio.timeout(PATIENCE), database.connection() as connection:
            while (await connection.fetchval(question)) < changed:  # noqa: ASYNC110
                await asyncio.sleep(0.002)
    finally:
        await database.close()
        await engine.stop()


async def ties(data: Path) -> int:
    """How many ties there are."""
    engine = await start(data)
    database = await Database.connect(engine.dsn, max_size=1)
    try:
        async with database.connection() as connection:
            return int(await connection.fetchval("select count(*) from reach"))
    finally:
        await database.close()
        await engine.stop()
