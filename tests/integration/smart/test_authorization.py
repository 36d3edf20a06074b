"""What the page of consent calls: whom it trusts, what it shows, what an answer does."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.integration.smart.conftest import ISSUER, World, answered

from egide.accounts import NewClient, WorkingAs
from egide.api.smart import Approver, AuthorizationRequest, SentBack, UntrustedRequest
from egide.errors import Forbidden, Incorrect

DATA = "patient/Patient.rs patient/Observation.rs"


async def asked(world: World, client: NewClient, /, **changes: str | None) -> AuthorizationRequest:
    return await world.authorization.examine(
        world.request(client.client_id, **changes), ISSUER, address="192.0.2.7"
    )


async def test_an_unknown_application_or_address_is_shown_and_sent_nowhere(world: World) -> None:
    client = await world.registered()
    for changes in (
        {"client_id": "client-ffffffffffffffff"},
        {"client_id": "' or 1=1 --"},
        {"client_id": None},
        {"redirect_uri": "https://evil.example/"},
        {"redirect_uri": None},
    ):
        with pytest.raises(UntrustedRequest):
            await asked(world, client, **changes)
    assert {event.kind for event in world.events[1:]} == {"client-refused"}
    assert "request-redirect-unknown" in world.reasons
    assert {event.address for event in world.events[1:]} == {"192.0.2.7"}


async def test_an_application_that_never_asks_people_is_sent_nowhere(world: World) -> None:
    client = await world.accounts.clients.create("Lab", ["system"])
    with pytest.raises(UntrustedRequest):
        await asked(world, client)


async def test_a_downgraded_request_is_sent_back_and_filed(world: World) -> None:
    client = await world.registered()
    with pytest.raises(SentBack) as caught:
        await asked(world, client, code_challenge_method="plain")
    assert answered(caught.value.location)["error"] == "invalid_request"
    assert world.reasons == ["request-invalid-request"]


async def test_a_flood_of_bad_requests_is_summed_up(world: World) -> None:
    client = await world.registered()
    for _ in range(100):
        with pytest.raises(SentBack):
            await asked(world, client, aud=None)
    assert len(world.events) < 20


@pytest.mark.parametrize("patient", ["../Patient/1", "a b", "", "a" * 65, "Patient/1", "a\n"])
async def test_only_an_id_is_a_choice(world: World, patient: str) -> None:
    client = await world.registered()
    request = await asked(world, client)
    with pytest.raises(Incorrect):
        await world.authorization.approve(request, await world.person(), patient=patient)


async def test_a_professional_has_to_choose_a_patient(world: World) -> None:
    client, person = await world.registered(), await world.person()
    request = await asked(world, client)
    consent = await world.authorization.consent(request, person)
    assert (consent.record, consent.patient) == ("choose", None)
    with pytest.raises(Incorrect):
        await world.authorization.approve(request, person)


async def test_a_patient_lets_into_his_own_record_only(world: World) -> None:
    client, person = await world.registered(), await world.person(patient="mine")
    request = await asked(world, client)
    consent = await world.authorization.consent(request, person)
    assert (consent.record, consent.patient) == ("own", "mine")
    with pytest.raises(Forbidden):
        await world.authorization.approve(request, person, patient="of-somebody-else")
    code = answered(await world.authorization.approve(request, person))["code"]
    _, said = await world.exchange(client, code)
    assert said["patient"] == "mine"
    actor = await world.accounts.resolve(said["access_token"])
    assert (actor.launched, actor.patient) == ("mine", "mine")


async def test_a_relative_lets_into_the_record_of_whom_he_acts_for(world: World) -> None:
    client = await world.registered()
    request = await asked(world, client, scope="openid fhirUser patient/*.rs")
    undecided = await world.person(relatives=("mother",))
    with pytest.raises(Forbidden):
        await world.authorization.consent(request, undecided)
    mother = await world.person(relatives=("mother",), behalf="child")
    consent = await world.authorization.consent(request, mother)
    assert (consent.record, consent.patient) == ("behalf", "child")
    with pytest.raises(Forbidden):
        await world.authorization.approve(request, mother, patient="another-child")
    code = answered(await world.authorization.approve(request, mother))["code"]
    _, said = await world.exchange(client, code)
    assert said["fhirUser"].endswith("/RelatedPerson/mother")
    actor = await world.accounts.resolve(said["access_token"])
    assert (actor.relative, actor.behalf, actor.launched) == ("mother", "child", "child")


async def test_a_person_may_refuse_single_scopes_and_the_longer_stay(world: World) -> None:
    client = await world.registered(scope=f"offline_access launch/patient {DATA}")
    person = await world.person()
    request = await asked(world, client, scope=f"offline_access launch/patient {DATA}")
    with pytest.raises(Incorrect):
        await world.authorization.approve(request, person, patient="p", scopes=[])
    with pytest.raises(Incorrect):
        await world.authorization.approve(request, person, patient="p", scopes=["user/*.cruds"])
    location = await world.authorization.approve(
        request, person, patient="p", scopes=["patient/Patient.rs"]
    )
    _, said = await world.exchange(client, answered(location)["code"])
    assert said["scope"] == "launch/patient patient/Patient.rs"
    assert "refresh_token" not in said


async def test_a_no_is_told_and_filed(world: World) -> None:
    client, person = await world.registered(), await world.person()
    request = await asked(world, client)
    said = answered(await world.authorization.deny(request, person))
    assert (said["error"], said["state"], said["iss"]) == ("access_denied", "xyz", ISSUER)
    event = world.events[-1]
    assert (event.kind, event.outcome, event.client, event.account) == (
        "application-denied",
        "refused",
        client.client_id,
        person.actor.account,
    )


async def test_the_answer_says_who_answers(world: World) -> None:
    """RFC 9207: an application that speaks to several servers is not mixed up."""
    client = await world.registered()
    request = await asked(world, client)
    location = await world.authorization.approve(request, await world.person(), patient="p")
    said = answered(location)
    assert said.keys() == {"code", "state", "iss"}
    assert (said["state"], said["iss"]) == ("xyz", ISSUER)


async def test_what_the_page_shows_is_what_is_registered_and_asked(world: World) -> None:
    client = await world.registered(publisher="Editor", homepage="https://app.example.org/")
    request = await asked(world, client, scope="launch/patient offline_access patient/*.rs")
    consent = await world.authorization.consent(request, await world.person())
    assert (consent.application, consent.publisher) == ("Growth chart", "Editor")
    assert consent.homepage == "https://app.example.org/"
    assert [line.scope for line in consent.lines] == [
        "patient/*.rs",
        "offline_access",
        "launch/patient",
    ]
    assert (consent.lasting, consent.until) == ("offline", timedelta(days=90))
    assert consent.access == timedelta(hours=1)
    request = await asked(world, client, scope="openid fhirUser")
    consent = await world.authorization.consent(request, await world.person())
    assert (consent.record, consent.lasting, consent.until) == ("none", "brief", None)


async def launched(world: World, client: NewClient, by: Approver, launch: str) -> dict[str, str]:
    request = await asked(world, client, scope="launch patient/*.rs", launch=launch)
    consent = await world.authorization.consent(request, by)
    assert (consent.record, consent.patient) == ("launched", "on-screen")
    return answered(await world.authorization.approve(request, by))


async def test_a_launch_of_somebody_else_or_used_or_over_is_sent_back(world: World) -> None:
    client, other = await world.registered(), await world.registered(label="Other")
    person, thief = await world.person(), await world.person()
    launches = world.accounts.launches
    launch = await launches.launch("on-screen", None, person.actor)
    request = await asked(world, client, scope="launch patient/*.rs", launch=launch)
    for act in (world.authorization.consent, world.authorization.approve):
        with pytest.raises(SentBack):
            await act(request, thief)
    await world.authorization.approve(request, person)
    with pytest.raises(SentBack):
        await world.authorization.approve(request, person)
    late = await launches.launch("on-screen", None, person.actor)
    world.later(minutes=5)
    request = await asked(world, client, scope="launch patient/*.rs", launch=late)
    with pytest.raises(SentBack):
        await world.authorization.consent(request, person)
    mine = await world.accounts.applications.find(client.client_id)
    assert mine is not None
    bound = await launches.launch("on-screen", None, person.actor, application=mine.account)
    request = await asked(world, other, scope="launch patient/*.rs", launch=bound)
    with pytest.raises(SentBack):
        await world.authorization.approve(request, person)


async def test_a_launch_is_for_the_record_on_the_screen(world: World) -> None:
    client, person = await world.registered(), await world.person()
    launch = await world.accounts.launches.launch("on-screen", "stay", person.actor, banner=False)
    request = await asked(world, client, scope="launch patient/*.rs", launch=launch)
    with pytest.raises(Forbidden):
        await world.authorization.approve(request, person, patient="another")
    said = await launched(world, client, person, launch)
    _, token = await world.exchange(client, said["code"])
    assert (token["patient"], token["encounter"]) == ("on-screen", "stay")
    assert token["need_patient_banner"] is False


async def test_an_account_explained_is_the_person_its_session_would_be(world: World) -> None:
    known = {"practitioner": "synthetic-doctor", "establishment": "synthetic-hospital"}
    person = await world.person(**known)
    actor = await world.accounts.actor(person.actor.account)
    assert actor == replace(person.actor, session=0, authenticated=world.now)
    async with world.database.connection() as connection:
        await connection.execute("update person set trained = null")
    assert not (await world.accounts.actor(actor.account)).cleared


async def test_a_relative_s_account_explained_acts_for_nobody(world: World) -> None:
    person = await world.person(relatives=("synthetic-mother",), behalf="synthetic-patient")
    actor = await world.accounts.actor(person.actor.account)
    assert (actor.relative, actor.behalf, actor.patient) == ("synthetic-mother", None, None)


@pytest.mark.parametrize("later", [None, "offline_access"])
async def test_an_application_works_in_the_situation_it_was_approved_in(
    world: World, later: str | None
) -> None:
    known = {"practitioner": "synthetic-doctor", "establishment": "synthetic-hospital"}
    person = await world.person(**known)
    works_as = WorkingAs(frozenset({"clinician"}), "synthetic-clinic")
    actor = replace(person.actor, establishment=works_as.establishment)
    person = replace(person, actor=actor, works_as=works_as)
    async with world.database.connection() as connection:
        await connection.execute(
            "update account set roles = '{clinician,registrar}' where account = $1", actor.account
        )
    client = await world.registered()
    scope = "launch/patient patient/Observation.rs" + (f" {later}" if later else "")
    _, said = await world.exchange(client, await world.code(client, person, scope=scope))
    if later:
        async with world.database.connection() as connection:
            await connection.execute("delete from person_session")
        _, said = await world.refresh(client, said["refresh_token"])
    actor = await world.accounts.resolve(said["access_token"])
    assert (actor.roles, actor.establishment) == (frozenset({"clinician"}), "synthetic-clinic")
    assert world.events[-1].roles == ("clinician",)


async def test_an_application_is_held_for_the_establishment_the_person_s_roles_are(
    world: World,
) -> None:
    person = await world.person()
    client = await world.registered()
    _, before = await world.exchange(client, await world.code(client, person))
    assert (await world.accounts.resolve(before["access_token"])).held is None
    await world.accounts.holding.hold(person.actor.account, "synthetic-hospital")
    _, after = await world.exchange(client, await world.code(client, person))
    for said in (before, after):
        actor = await world.accounts.resolve(said["access_token"])
        assert (actor.client, actor.held) == (client.client_id, "synthetic-hospital")


async def test_an_approval_in_a_situation_gives_no_role_the_account_lost(world: World) -> None:
    person = await world.person()
    person = replace(person, works_as=WorkingAs(frozenset({"clinician", "auditor"})))
    client = await world.registered()
    _, said = await world.exchange(client, await world.code(client, person))
    async with world.database.connection() as connection:
        await connection.execute("update account set roles = '{registrar}' where kind = 'person'")
    assert (await world.accounts.resolve(said["access_token"])).roles == frozenset()
