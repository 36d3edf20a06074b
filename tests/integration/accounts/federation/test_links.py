"""An identity opens the account it was linked to, and no other."""

import asyncio

import pytest
from tests.integration.accounts.federation.conftest import CITIZEN, World

from egide.accounts import AccountEvent, Accounts
from egide.accounts.federation import Identity
from egide.errors import Conflict, NotFound, Unavailable


async def account(world: World, label: str) -> int:
    """An account to link to; whose it is does not matter here."""
    accounts = Accounts(world.database, world.now, _silently, b"a" * 32)
    return (await accounts.clients.create(label, ["system"])).account


async def _silently(event: AccountEvent) -> None:
    """The ledger of accounts that are only there to be linked to."""


async def other_identity(world: World) -> Identity:
    world.issuer.person = CITIZEN | {"sub": "somebody-else"}
    identity = await world.log_in()
    world.issuer.person = CITIZEN
    return identity


async def test_an_identity_opens_nothing_before_it_is_linked(fc: World) -> None:
    identity = await fc.log_in()
    await account(fc, "One")
    assert await fc.federation.account_of(identity) is None


async def test_a_linked_identity_opens_its_account_at_the_next_log_in(fc: World) -> None:
    one = await account(fc, "One")
    await fc.federation.link(await fc.log_in(), one, proof="enrolment", by=one)
    assert await fc.federation.account_of(await fc.log_in()) == one
    assert await fc.federation.account_of(await other_identity(fc)) is None
    first, linked, again, other = fc.events
    assert (linked.kind, linked.account, linked.by) == ("identity-linked", one, one)
    assert (linked.issuer, linked.acr, linked.reason) == ("fc", "eidas1", "enrolment")
    assert (first.account, again.account, other.account) == (0, one, 0)


async def test_an_identity_opens_one_account(fc: World) -> None:
    one, two = await account(fc, "One"), await account(fc, "Two")
    identity = await fc.log_in()
    await fc.federation.link(identity, one, proof="second-factor")
    with pytest.raises(Conflict):
        await fc.federation.link(identity, two, proof="second-factor")
    assert await fc.federation.account_of(identity) == one
    assert fc.events[-1].outcome == "failed"


async def test_an_account_has_one_identity_of_an_issuer(fc: World) -> None:
    one = await account(fc, "One")
    await fc.federation.link(await fc.log_in(), one, proof="enrolment")
    other = await other_identity(fc)
    with pytest.raises(Conflict):
        await fc.federation.link(other, one, proof="enrolment")
    assert await fc.federation.account_of(other) is None


async def test_of_two_accounts_that_ask_at_once_one_is_linked(fc: World) -> None:
    accounts = [await account(fc, name) for name in ("One", "Two")]
    identity = await fc.log_in()
    ends = await asyncio.gather(
        *(fc.federation.link(identity, each, proof="enrolment") for each in accounts),
        return_exceptions=True,
    )
    assert [type(end) for end in ends].count(Conflict) == 1
    linked = [each for each, end in zip(accounts, ends, strict=True) if end is None]
    assert [await fc.federation.account_of(identity)] == linked


async def test_a_link_made_twice_is_made_once(fc: World) -> None:
    one = await account(fc, "One")
    identity = await fc.log_in()
    for _ in range(2):
        await fc.federation.link(identity, one, proof="enrolment")
    assert [event.kind for event in fc.events] == ["identity-verified", "identity-linked"]


async def test_the_same_subject_at_another_issuer_is_somebody_else(fc: World) -> None:
    one = await account(fc, "One")
    identity = await fc.log_in()
    await fc.federation.link(identity, one, proof="enrolment")
    fc.issuer.address = fc.issuer.address.replace("127.0.0.1", "localhost")
    fc.configure()
    elsewhere = await fc.log_in()
    assert elsewhere.subject != identity.subject
    assert await fc.federation.account_of(elsewhere) is None


async def test_a_link_can_be_undone(fc: World) -> None:
    one = await account(fc, "One")
    identity = await fc.log_in()
    await fc.federation.link(identity, one, proof="enrolment")
    assert [link.issuer for link in await fc.federation.links(one)] == ["fc"]
    await fc.federation.unlink(one, "fc", by=one)
    assert await fc.federation.account_of(identity) is None
    assert await fc.federation.links(one) == []
    assert (fc.events[-1].kind, fc.events[-1].outcome) == ("identity-unlinked", "success")
    with pytest.raises(NotFound):
        await fc.federation.unlink(one, "fc")


async def test_an_account_that_goes_takes_its_links(fc: World) -> None:
    one = await account(fc, "One")
    identity = await fc.log_in()
    await fc.federation.link(identity, one, proof="enrolment")
    async with fc.database.connection() as connection:
        await connection.execute("delete from account where account = $1", one)
    assert await fc.federation.account_of(identity) is None


async def test_what_the_ledger_does_not_take_does_not_happen(fc: World) -> None:
    one = await account(fc, "One")
    identity = await fc.log_in()
    query = await fc.begin()

    async def refuse(event: AccountEvent) -> None:
        raise Unavailable("The ledger takes nothing")

    fc.federation._append = fc.federation._links._append = refuse
    with pytest.raises(Unavailable):
        await fc.federation.link(identity, one, proof="enrolment")
    assert await fc.federation.account_of(identity) is None
    with pytest.raises(Unavailable):
        await fc.federation.finish("fc", b"b" * 32, query)
