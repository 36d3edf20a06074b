"""Writes over REST: transaction bundles, updates, updates that change nothing."""

from typing import Any

import msgspec

from egide.bench import corpus, targets
from egide.bench.figure import Figure, Section, Target
from egide.bench.site import images
from egide.bench.stand import Load, Serving

_MANY = 3_000
_STILL = 1_000


async def writing(serving: Serving) -> Section:
    """Transactions under new identities; PUTs that change one element; PUTs that change nothing."""
    stand = serving.stand
    figures = [await _transactions(serving), await _transactions(serving, prefer="minimal")]
    measured = stand.contents.measured[:_MANY]
    one = [_put(serving, resource, 1) for resource in measured]
    other = [_put(serving, resource, 2) for resource in measured]
    pages = await images(stand.database)
    updates = await serving.load(one + other, allowed=(200,))
    pages = await images(stand.database) - pages
    figures += [
        _figure("updates of one element", updates, "updates/s", targets.UPDATES),
        Figure(
            name="WAL per update",
            value=updates.wal / updates.answered.answers,
            unit="bytes",
            target=targets.WAL_PER_WRITE,
            note=f"the ledger's included; {pages / updates.answered.answers:.2f} whole pages each",
        ),
    ]
    still = one[:_STILL]
    await serving.load(still, most=len(still), seconds=60)
    unchanged = await serving.load(still)
    figures += [
        _figure("updates that change nothing", unchanged, "updates/s"),
        Figure(
            name="WAL per unchanged update",
            value=unchanged.wal / unchanged.answered.answers,
            unit="bytes",
        ),
    ]
    how = (
        f"POST /fhir of whole bundles over {stand.plan.writers} connections; PUT of Observations "
        f"over {stand.plan.connections}. Answers hold the resources, unless it says minimal."
    )
    how += stand.plan.chosen
    return Section("Writes", how, tuple(figures))


async def _transactions(serving: Serving, prefer: str = "") -> Figure:
    """POST gives each resource of a bundle a new identity, every time."""
    bundles = [_posted(raw) for raw in serving.stand.corpus.bundles]
    requests = [serving.requests.post("", raw, prefer=prefer) for raw in bundles]
    load = await serving.load(
        requests,
        connections=serving.stand.plan.writers,
        weights=[corpus.count(raw) for raw in bundles],
    )
    mean = load.answered.weight / load.answered.answers
    return Figure(
        name="transactions" + (f", return={prefer}" if prefer else ""),
        value=load.weight_rate,
        unit="resources/s",
        target=None if prefer else targets.TRANSACTIONS,
        cpu=load.cpu_by_weight,
        had=load.had,
        note=f"{mean:.0f} resources a bundle, p50 {load.answered.percentile(0.5):,.0f} ms; "
        f"{load.wal / load.answered.weight:,.0f} bytes of WAL a resource",
    )


def _posted(raw: bytes) -> bytes:
    """The bundle with each entry a POST, its references to its own entries by their fullUrl."""
    bundle = msgspec.json.decode(raw)
    for entry in bundle["entry"]:
        resource = entry["resource"]
        type, id = resource["resourceType"], resource["id"]
        raw = raw.replace(f'"{type}/{id}"'.encode(), f'"{entry["fullUrl"]}"'.encode())
    bundle = msgspec.json.decode(raw)
    for entry in bundle["entry"]:
        entry["request"] = {"method": "POST", "url": entry["resource"]["resourceType"]}
    return msgspec.json.encode(bundle)


def _put(serving: Serving, resource: dict[str, Any], value: int) -> bytes:
    """The Observation with another value."""
    changed = {**resource, "valueQuantity": {**resource["valueQuantity"], "value": value}}
    path = f"Observation/{resource['id']}"
    return serving.requests.put(path, msgspec.json.encode(changed))


def _figure(name: str, load: Load, unit: str, target: Target | None = None) -> Figure:
    p50, p99 = load.answered.percentile(0.5), load.answered.percentile(0.99)
    return Figure(
        name=name,
        value=load.rate,
        unit=unit,
        target=target,
        cpu=load.cpu,
        had=load.had,
        note=f"p50 {p50:.1f} ms, p99 {p99:.1f} ms",
    )
