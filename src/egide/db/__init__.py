"""The only floor that knows the database driver: pool, transactions, schema, notices, engine."""

from egide.db.database import Connection, Database, Fetched, custom_plans
from egide.db.errors import UniqueViolation
from egide.db.statements import queries
from egide.db.versions import prepare

__all__ = [
    "Connection",
    "Database",
    "Fetched",
    "UniqueViolation",
    "custom_plans",
    "prepare",
    "queries",
]
