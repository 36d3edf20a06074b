"""Bytes per resource, part by part, after a vacuum: no part is left out.

Sizes are those of the relations; what bodies and terms take is summed over the rows, and the rest
of the table (row and page headers, free space) is what is left of it.
"""

from egide.bench import targets
from egide.bench.figure import Figure, Section
from egide.bench.importing import Run
from egide.bench.stand import Stand
from egide.db import queries

_SQL = queries("egide.bench", "sql/weighing.sql")
_KEYS = ("data_key", "shared_key")


async def weighing(stand: Stand, first: Run) -> Section:
    """What the first import left, and the WAL it wrote: one version of each resource."""
    async with stand.database.connection() as connection:
        await connection.execute(_SQL["settle"])
        (counts,) = await connection.fetch(_SQL["counts"])
        sizes = await connection.fetch(_SQL["sizes"])
    many = counts["resources"]
    tables: dict[str, int] = {
        record["name"]: record["bytes"] for record in sizes if record["kind"] == "table"
    }
    indexes: dict[str, tuple[str, int]] = {
        record["name"]: (record["of"], record["bytes"])
        for record in sizes
        if record["kind"] == "index"
    }

    def figure(name: str, size: float, note: str = "") -> Figure:
        return Figure(name=name, value=size / many, unit="bytes/resource", note=note)

    def whole(*names: str) -> int:
        own = sum(size for name, size in tables.items() if name in names)
        return own + sum(size for of, size in indexes.values() if of in names)

    rest = tables["resource"] - counts["sealed"] - counts["terms"]
    ledger = [name for name in tables if name.startswith("ledger")]
    total = sum(tables.values()) + sum(size for _, size in indexes.values())
    parts = [
        figure("  body, sealed", counts["sealed"]),
        figure(
            "  blind terms",
            counts["terms"],
            f"{counts['hashes'] / many:.1f} a resource, p99 {counts['most']}",
        ),
        figure("  other columns, headers, free space", rest),
        *(
            figure(f"  index {name}", size)
            for name, (of, size) in sorted(indexes.items(), key=lambda each: -each[1][1])
            if of == "resource"
        ),
        figure("  edges and their index", whole("ref"), f"{counts['edges'] / many:.1f} a resource"),
        figure("  older versions", whole("version"), f"{counts['versions']:,} of them"),
        figure("  keys", whole(*_KEYS), f"{counts['keys']:,} of them"),
        figure("  ledger", whole(*ledger), f"{counts['entries']:,} entries"),
    ]
    named = {"resource", "ref", "version", *_KEYS, *ledger}
    parts.append(
        figure("  the rest", whole(*(set(tables) - named)), "accounts, journal of imports")
    )
    figures = [
        Figure(
            name="all of it",
            value=total / many,
            unit="bytes/resource",
            target=targets.BYTES_PER_RESOURCE,
            note=f"{many:,} resources",
        ),
        *parts,
        Figure(
            name="WAL per resource created by import",
            value=first.wal / many,
            unit="bytes",
            target=targets.WAL_PER_WRITE,
            note=f"{first.images / many:.2f} whole pages each",
        ),
    ]
    return Section(
        "Bytes per resource",
        "After the first import and VACUUM; one version of each resource, distinct content.",
        tuple(figures),
    )
