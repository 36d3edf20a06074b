"""Reads by id over REST: decided, opened, logged."""

from egide.bench import targets
from egide.bench.beside import importing_beside
from egide.bench.figure import Figure, Section
from egide.bench.stand import Load, Serving

_MANY = 5_000


async def reading(serving: Serving) -> Section:
    """Reads alone, on one connection, and while an import runs."""
    stand = serving.stand
    chosen = stand.contents.identities[:_MANY]
    requests = [serving.requests.get(f"{type}/{id}") for type, id in chosen]
    await serving.load(requests, seconds=1)
    alone = await serving.load(requests)
    single = await serving.load(requests, connections=1, seconds=stand.plan.seconds / 2)
    async with importing_beside(stand):
        meanwhile = await serving.load(requests, seconds=stand.plan.seconds)
    figures = [
        Figure(
            name=f"read by id, {stand.plan.connections} connections",
            value=alone.rate,
            unit="requests/s",
            target=targets.READS,
            cpu=alone.cpu,
            had=alone.had,
            note=f"{alone.size:,.0f} bytes an answer",
        ),
        _milliseconds("  p50", alone, 0.50),
        _milliseconds("  p99", alone, 0.99, target=targets.READ_P99),
        Figure(
            name="read by id, one connection",
            value=single.rate,
            unit="requests/s",
            cpu=single.cpu,
            had=single.had,
        ),
        _milliseconds("  p50", single, 0.50),
        Figure(
            name=f"read while importing, {stand.plan.connections} connections",
            value=meanwhile.rate,
            unit="requests/s",
            note="beside an import with its usual loaders",
        ),
        _milliseconds("  p50", meanwhile, 0.50),
        _milliseconds("  p99", meanwhile, 0.99, target=targets.READ_P99_WHILE_IMPORTING),
        Figure(name="WAL per read", value=alone.wal / alone.answered.answers, unit="bytes"),
    ]
    how = f"GET /fhir/Type/id, {len(chosen):,} resources of all types in turn, after a warm-up."
    how += stand.plan.chosen
    return Section("Reads", how, tuple(figures))


def _milliseconds(name: str, load: Load, share: float, **more: object) -> Figure:
    value = load.answered.percentile(share)
    return Figure(name=name, value=value, unit="ms", **more)  # type: ignore[arg-type]
