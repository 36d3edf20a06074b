"""What a session works with: the parts `Record` was built from, handed down as one argument."""

from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from egide.clock import Clock
from egide.db import Database
from egide.ledger import Ledger, Reading
from egide.opening import OpeningHours
from egide.record.cursor import CursorSeal
from egide.record.oracles import Oracles
from egide.record.policies import Policies
from egide.seal import BlindIndex
from egide.store import Eraser, Finder, Keys, Lookups, Population, Reader, Reindexer, Writer


@dataclass(frozen=True, slots=True)
class Parts:
    """The services under the one door."""

    database: Database
    blind: BlindIndex
    ledger: Ledger
    reading: Reading
    clock: Clock
    zone: ZoneInfo
    bases: frozenset[str]
    keys: Keys
    reader: Reader
    lookups: Lookups
    finder: Finder
    writer: Writer
    population: Population
    reindexer: Reindexer
    eraser: Eraser
    cursors: CursorSeal
    reasons: CursorSeal
    policies: Policies
    oracles: Oracles
    care_grace: timedelta
    opening: OpeningHours | None
