"""Data keys: looked up, made, unwrapped and kept at hand.

A row is filed under the number of one key. That key belongs to one patient, one person or the
establishment (table `data_key`, wrapped under an epoch key), or to one resource that several
patients share (table `shared_key`, wrapped under the data key of each of them).

Invariants
- A key is never used after its owner was erased: writers hold it `for key share`, so an erasure
  waits for them and they fail after it (tests/integration/store/test_erasure.py).
"""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping
from struct import Struct
from typing import NamedTuple

from egide.db import Connection, Database, Fetched, queries
from egide.errors import Fault, Unavailable
from egide.ids import internal_number
from egide.seal import DataKey, KeyRing

_SQL = queries("egide.store", "sql/keys.sql")
_WRAP = Struct(">qq")

KINDS = {"patient": 1, "person": 2, "establishment": 3}
"""The kinds of owner, as `data_key.kind` numbers them."""


class Held(NamedTuple):
    """A key at hand, and the patients whose records it seals (their key numbers)."""

    key: DataKey
    patients: frozenset[int]


class Made(NamedTuple):
    """Ident → number of keys that were to be made; `late`: idents somebody else made one for
    first."""

    numbers: dict[bytes, int]
    late: frozenset[bytes]


class Keys:
    """The key table, seen by one process. Holds at most `capacity` unwrapped keys."""

    def __init__(self, ring: KeyRing, *, capacity: int = 20_000) -> None:
        self._ring = ring
        self._capacity = capacity
        self._open: OrderedDict[int, Held] = OrderedDict()
        self._patients: OrderedDict[bytes, int] = OrderedDict()
        """Key numbers of patients somebody stands for or launched, by ident."""
        self._forgotten = 0
        self._house_owner = ring.blind.ident("establishment", str(ring.establishment))
        self._house = 0

    async def open(self, connection: Connection) -> None:
        """Find the establishment's own key, or make it: before anything else, in a transaction.

        Raises Unavailable when the keys there are not of this key file, or not of its epochs.
        """
        owner = self._house_owner
        for record in await connection.fetch(_SQL["houses"]):
            if record["owner"] != owner:
                raise Unavailable(
                    "the key file is of another installation: nothing opens here with it"
                )
            if record["epoch"] not in self._ring.epochs:
                raise Unavailable(
                    f"the key table is of epoch {record['epoch']}, which the key file no longer "
                    "has: give a restored backup its newest copy with `egide keys restore`"
                )
        found = await self.of_owners(connection, [owner])
        if not found:
            found = (await self.make(connection, {owner: "establishment"})).numbers
        self._house = found[owner]

    @property
    def house(self) -> int:
        """The number of the establishment's own key."""
        return self._house

    @property
    def house_owner(self) -> bytes:
        """The ident the establishment's own key is filed under."""
        return self._house_owner

    def forget(self, number: int) -> None:
        """Drop a key from memory: its owner was erased."""
        self._open.pop(number, None)
        self._forgotten += 1
        for owner in [owner for owner, known in self._patients.items() if known == number]:
            del self._patients[owner]

    def heard(self, notice: str) -> None:
        """A notice of an erasure: the key's number, or nothing when notices may be lost."""
        if notice:
            self.forget(int(notice))
        else:
            self._open.clear()
            self._patients.clear()
            self._forgotten += 1

    def __getstate__(self) -> object:
        raise TypeError("keys stay in the process that unwrapped them")

    async def of_patients(self, database: Database, owners: Collection[bytes]) -> dict[bytes, int]:
        """Ident → key number of those patients that have one; mostly at hand."""
        found = {owner: self._patients[owner] for owner in owners if owner in self._patients}
        missing = [owner for owner in owners if owner not in found]
        if missing:
            before = self._forgotten
            async with database.connection() as connection:
                records = await connection.fetch(_SQL["patients"], missing)
            more = {record["owner"]: record["number"] for record in records}
            found |= more
            if self._forgotten == before:
                self._patients |= more
        while len(self._patients) > self._capacity:
            self._patients.popitem(last=False)
        return found

    async def of_owners(
        self, connection: Connection, owners: Collection[bytes]
    ) -> dict[bytes, int]:
        """Owner's ident → key number, for those of `owners` that have a key, which is held against
        erasure until the transaction ends."""
        found = {}
        for record in await connection.fetch(_SQL["by_owner"], list(owners)):
            found[record["owner"]] = record["number"]
            if record["number"] not in self._open:
                self._unwrap(record)
        return found

    async def make(self, connection: Connection, owners: Mapping[bytes, str]) -> Made:
        """New keys for owners that had none: ident → kind.

        Must run inside the transaction that writes under the keys.
        """
        missing = sorted(owners)
        numbers = [internal_number() for _ in missing]
        wrapped = [self._ring.wrap(DataKey.generate(), number) for number in numbers]
        epochs = [self._ring.epoch] * len(missing)
        kinds = [KINDS[owners[owner]] for owner in missing]
        await connection.execute(_SQL["add"], numbers, epochs, kinds, missing, wrapped, self._house)
        found = await self.of_owners(connection, missing)
        if len(found) < len(missing):
            raise Unavailable("a new epoch has begun; this process must be started again")
        mine = dict(zip(missing, numbers, strict=True))
        return Made(found, frozenset(each for each in missing if found[each] != mine[each]))

    async def of_contexts(
        self, connection: Connection, resources: Collection[bytes]
    ) -> dict[bytes, int]:
        """Ident of a resource → number of the key its current row is sealed with, which is held
        against erasure until the transaction ends; only what is there."""
        records = await connection.fetch(_SQL["of_contexts"], list(resources))
        return {record["id"]: record["key"] for record in records}

    async def share(self, connection: Connection, patients: Collection[int]) -> int:
        """A new key for a resource `patients` share, wrapped for them and the house; its number."""
        number, plain = internal_number(), DataKey.generate()
        everyone = sorted({*patients, self._house})
        keys = await self.load(connection, everyone)
        wraps = [
            keys[holder].key.seal(plain, _WRAP.pack(number, holder), dictionary=0)
            for holder in everyone
        ]
        await connection.execute(_SQL["share"], number, everyone, wraps)
        self._remember(number, Held(DataKey(plain), frozenset(patients)))
        return number

    def at_hand(self, number: int) -> Held | None:
        """A key that is unwrapped already."""
        return self._open.get(number)

    async def load(self, connection: Connection, numbers: Iterable[int]) -> dict[int, Held]:
        """Number → key, for all of `numbers`. Raises Fault when one is nowhere."""
        keys: dict[int, Held] = {}
        missing: list[int] = []
        for number in numbers:
            held = self._open.get(number)
            if held is None:
                missing.append(number)
            else:
                keys[number] = held
        if missing:
            for record in await connection.fetch(_SQL["by_number"], missing):
                keys[record["number"]] = self._unwrap(record)
            missing = [number for number in missing if number not in keys]
        if missing:
            house = (await self.load(connection, [self._house]))[self._house].key
            for record in await connection.fetch(_SQL["shared"], missing, self._house):
                number = record["number"]
                plain = house.open(record["wrapped"], _WRAP.pack(number, self._house))
                patients = frozenset(record["holders"]) - {self._house}
                keys[number] = self._remember(number, Held(DataKey(plain), patients))
            missing = [number for number in missing if number not in keys]
        if missing:
            raise Fault(f"{len(missing)} data key(s) are missing from the key table")
        return keys

    def _unwrap(self, record: Fetched) -> Held:
        number = record["number"]
        key = DataKey(self._ring.unwrap(record["wrapped"], number, record["epoch"]))
        patients = frozenset({number} if record["kind"] == KINDS["patient"] else ())
        return self._remember(number, Held(key, patients))

    def _remember(self, number: int, held: Held) -> Held:
        while len(self._open) >= self._capacity:
            self._open.popitem(last=False)
        self._open[number] = held
        return held
