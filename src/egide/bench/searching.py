"""Searches over REST, each page opened, checked, permitted and logged."""

import asyncio
import socket
from collections.abc import Mapping, Sequence
from random import Random

import msgspec

from egide.bench import targets
from egide.bench.asking import ask
from egide.bench.beside import importing_beside
from egide.bench.corpus import Observed, zipf
from egide.bench.figure import Figure, Section, Target
from egide.bench.stand import Load, Serving
from egide.errors import Fault

_MANY = 3_000
_LOOKED_AT = 200
_PAGE = 20

ROLES = ("auditor", "clinician", "system")
"""Of who searches: several grants are in force."""


async def searching(serving: Serving) -> Section:
    """By patient, code and date; by code; by patient; the first two also while an import runs."""
    stand = serving.stand
    contents, chance = stand.contents, stand.chance
    drawn = _drawn(contents.observations, chance)
    dated = [
        {"patient": each.patient, "code": each.code, "date": f"ge{each.day}"} for each in drawn
    ]
    coded = [{"code": code, "_count": "20"} for code in zipf(contents.codes, _MANY, chance)]
    owned = [{"patient": each.patient, "_count": "20"} for each in drawn]
    by_date, by_code = "by patient, code and date", "by code, 20 full results"
    figures = [
        _figure(by_date, *await _load(serving, dated), targets.SEARCH_PATIENT_CODE_DATE),
        _figure(by_code, *await _load(serving, coded), targets.SEARCH_CODE),
        _figure("by patient, 20 full results", *await _load(serving, owned)),
    ]
    for name, queries in ((by_date, dated), (by_code, coded)):
        requests = _requests(serving, queries)
        async with importing_beside(stand):
            load = await serving.load(requests, seconds=stand.plan.seconds)
        figures.append(_figure(f"{name}, while importing", load))
    how = (
        f"GET /fhir/Observation?…, {_MANY:,} questions in turn over {stand.plan.connections} "
        "connections, after a warm-up; codes and patients drawn Zipf from all; by an account of "
        f"{len(ROLES)} roles.{stand.plan.chosen}"
    )
    return Section("Searches", how, tuple(figures))


def _drawn(observations: Sequence[Observed], chance: Random) -> list[Observed]:
    """Observations of patients drawn Zipf: the patient of rank r as often as 1/r."""
    of: dict[str, list[Observed]] = {}
    for each in observations:
        of.setdefault(each.patient, []).append(each)
    return [chance.choice(of[patient]) for patient in zipf(list(of), _MANY, chance)]


def _requests(serving: Serving, queries: Sequence[Mapping[str, str]]) -> list[bytes]:
    return [serving.requests.get("Observation", query) for query in queries]


async def _load(serving: Serving, queries: Sequence[Mapping[str, str]]) -> tuple[Load, float]:
    """The load, and how many whole resources an answer holds, in the mean."""
    requests = _requests(serving, queries)
    await serving.load(requests, seconds=0.5)
    bodies = await asyncio.to_thread(_bodies, serving.server.port, requests[:_LOOKED_AT])
    return await serving.load(requests), bodies


def _bodies(port: int, requests: Sequence[bytes]) -> float:
    """Resources in an answer, in the mean. Raises Fault for one that is not whole."""
    found = 0
    with socket.create_connection(("127.0.0.1", port)) as connection:
        for request in requests:
            status, body, _ = ask(connection, request)
            entries = msgspec.json.decode(body).get("entry", []) if status == 200 else []
            whole = [each for each in entries if {"code", "status"} <= each["resource"].keys()]
            if status != 200 or len(whole) != len(entries) or len(entries) > _PAGE:
                raise Fault(f"a search answered {status}, {len(whole)} of {len(entries)} whole")
            found += len(entries)
    return found / len(requests)


def _figure(name: str, load: Load, bodies: float = 0.0, target: Target | None = None) -> Figure:
    p50, p99 = load.answered.percentile(0.5), load.answered.percentile(0.99)
    return Figure(
        name=name,
        value=load.rate,
        unit="searches/s",
        target=target,
        cpu=load.cpu,
        had=load.had,
        note=f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, {load.size:,.0f} bytes an answer"
        + (f", {bodies:.1f} resources" if bodies else ""),
    )
