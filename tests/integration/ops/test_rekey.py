"""A new epoch: the living open, the erased do not, and nothing is destroyed too early."""

import json
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from egide.actor import Actor
from egide.clock import system_clock
from egide.db import Database
from egide.db.presence import alone, present
from egide.errors import Conflict, EgideError, NotFound, Unavailable
from egide.ledger import Ledger
from egide.ops import rekey
from egide.ops.copies import copy_paths, read_copy, restore_copy, write_copies
from egide.ops.rekey import new_epoch
from egide.ops.verify import verify_all
from egide.record import Record
from egide.seal.providers import FileProvider

ADMINISTRATOR = Actor(1, "test", frozenset({"administrator"}), 1000, assurance=2)
PATIENT = json.dumps({"resourceType": "Patient", "name": [{"family": "Essai"}]}).encode()
TOGETHER = (
    '{"resourceType":"List","status":"current","mode":"working","entry":[{"item":{"reference":'
    '"Patient/%s"}},{"item":{"reference":"Patient/%s"}}]}'
)


class House:
    """An installation whose secrets a file keeps."""

    def __init__(self, database: Database, provider: FileProvider) -> None:
        self.database = database
        self.provider = provider

    async def open(self) -> tuple[Record, Ledger]:
        ring = self.provider.ring()
        ledger = Ledger(self.database, ring, system_clock)
        await ledger.open()
        record = Record(
            self.database, ring, ledger, clock=system_clock, zone=ZoneInfo("Europe/Paris")
        )
        await record.start()
        return record, ledger


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    return House(database, FileProvider.create(tmp_path / "root.key"))


async def test_the_living_open_after_a_new_epoch(house: House, system: Actor) -> None:
    record, ledger = await house.open()
    async with record.open(system) as session:
        first = await session.create("Patient", PATIENT)
    done = await new_epoch(house.database, house.provider, system_clock, ADMINISTRATOR)
    await ledger.close()
    assert (done.epoch, done.destroyed) == (2, (1,))
    record, ledger = await house.open()
    async with record.open(system) as session:
        assert (await session.read("Patient", first.id)).body == first.body
    await ledger.close()
    report = await verify_all(house.database, house.provider.ring(), rows=True)
    assert report.findings == []


async def test_no_epoch_is_destroyed_when_a_copy_cannot_be_written(
    house: House, system: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    record, ledger = await house.open()
    async with record.open(system) as session:
        first = await session.create("Patient", PATIENT)

    async def broken(*_: object) -> None:
        raise EgideError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(rekey, "write_copies", broken)
        with pytest.raises(EgideError):
            await new_epoch(house.database, house.provider, system_clock, ADMINISTRATOR)
    assert sorted(house.provider.epochs) == [1, 2]
    await ledger.close()
    record, ledger = await house.open()
    async with record.open(system) as session:
        assert (await session.read("Patient", first.id)).body == first.body
    done = await new_epoch(house.database, house.provider, system_clock, ADMINISTRATOR)
    assert done.destroyed == (1, 2)
    await ledger.close()


async def test_an_old_backup_with_the_new_key_table_opens_the_others_only(
    house: House, system: Actor
) -> None:
    record, ledger = await house.open()
    async with record.open(system) as session:
        erased = await session.create("Patient", PATIENT)
        living = await session.create("Patient", PATIENT)
        both = await session.create("List", (TOGETHER % (erased.id, living.id)).encode())
    async with house.database.transaction() as connection:
        for table in ("resource", "version", "ref", "data_key", "shared_key", "ledger_key"):
            await connection.execute(f"create table old_{table} as select * from {table}")
    async with record.open(ADMINISTRATOR, "HSYSADMIN") as session:
        certificate = await session.erase("Patient", erased.id)
    assert certificate.resources == 1
    assert certificate.shared == (house.provider.ring().blind.ident("List", both.id).hex(),)
    async with record.open(system) as session:
        with pytest.raises(NotFound):
            await session.read("Patient", erased.id)
        assert (await session.read("List", both.id)).body == both.body
    assert (await verify_all(house.database, house.provider.ring(), rows=True)).findings == []
    done = await new_epoch(house.database, house.provider, system_clock, ADMINISTRATOR)
    assert done.erasures == 1
    await ledger.close()

    # The backup comes back, with the keys it had; the newest copy of the key table goes on top.
    async with house.database.transaction() as connection:
        await connection.execute(
            "truncate resource, version, ref, data_key, shared_key, ledger_key, policy, glass"
        )
        for table in ("version", "ref", "data_key", "shared_key", "ledger_key"):
            await connection.execute(f"insert into {table} select * from old_{table}")
        await connection.execute(
            "insert into resource overriding system value select * from old_resource"
        )
    ring = house.provider.ring()
    old_key = erased.patients
    copy = read_copy(copy_paths(house.provider.path)[0], ring)
    assert not old_key & {number for number, *_ in copy.keys}
    assert await restore_copy(house.database, copy, ring, system_clock, ADMINISTRATOR) == 1
    record, ledger = await house.open()
    async with record.open(system) as session:
        assert (await session.read("Patient", living.id)).body == living.body
        assert (await session.read("List", both.id)).body == both.body
        with pytest.raises(NotFound):
            await session.read("Patient", erased.id)
    await ledger.close()


async def test_the_old_wrap_of_an_erased_key_opens_with_nothing_that_is_left(
    house: House, system: Actor
) -> None:
    record, ledger = await house.open()
    async with record.open(system) as session:
        erased = await session.create("Patient", PATIENT)
    (number,) = erased.patients
    async with house.database.connection() as connection:
        wrapped, epoch = await connection.fetchrow(
            "select wrapped, epoch from data_key where number = $1", number
        )
    assert house.provider.ring().unwrap(wrapped, number, epoch)
    async with record.open(ADMINISTRATOR, "HSYSADMIN") as session:
        await session.erase("Patient", erased.id)
    await new_epoch(house.database, house.provider, system_clock, ADMINISTRATOR)
    await ledger.close()
    for ring in (house.provider.ring(), FileProvider.load(house.provider.path).ring()):
        with pytest.raises(EgideError):
            ring.unwrap(wrapped, number, epoch)


async def test_a_damaged_copy_is_refused(house: House, system: Actor) -> None:
    _, ledger = await house.open()
    ring = house.provider.ring()
    first, second = await write_copies(house.database, ring, house.provider.path, system_clock())
    await ledger.close()
    raw = bytearray(first.read_bytes())
    raw[-3] ^= 1
    first.write_bytes(raw)
    with pytest.raises(EgideError, match="damaged"):
        read_copy(first, ring)
    assert read_copy(second, ring).epoch == 1


async def test_a_process_of_the_old_epoch_makes_no_key(house: House, system: Actor) -> None:
    record, ledger = await house.open()
    async with record.open(system) as session:
        await session.create("Patient", PATIENT)
    await new_epoch(house.database, house.provider, system_clock, ADMINISTRATOR)
    async with record.open(system) as session:
        with pytest.raises(Unavailable):
            await session.create("Patient", PATIENT)
    await ledger.close()
    async with house.database.connection() as connection:
        epochs = await connection.fetch("select distinct epoch from data_key")
        assert [each["epoch"] for each in epochs] == [2]


async def test_keys_are_changed_alone(database: Database) -> None:
    async with present(database):
        with pytest.raises(Conflict):
            async with alone(database):
                pass
    async with alone(database):
        with pytest.raises(Unavailable):
            async with present(database):
                pass


async def test_nothing_is_destroyed_while_a_key_is_left_behind(
    house: House, system: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    record, ledger = await house.open()
    async with record.open(system) as session:
        first = await session.create("Patient", PATIENT)
    await ledger.close()
    ring = house.provider.ring()
    real = rekey.write_copies

    async def late(database: Database, *rest: object) -> object:
        """Somebody makes a key under the old epoch after everything was wrapped again."""
        async with database.transaction() as connection:
            await connection.execute(
                "insert into data_key values (7, 1, 1, $1, $2)", b"7" * 16, ring.wrap(b"k" * 32, 7)
            )
        return await real(database, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(rekey, "write_copies", late)
    with pytest.raises(EgideError):
        await new_epoch(house.database, house.provider, system_clock, ADMINISTRATOR)
    assert sorted(house.provider.epochs) == [1, 2]
    record, ledger = await house.open()
    async with record.open(system) as session:
        assert (await session.read("Patient", first.id)).body == first.body
    await ledger.close()
