"""Searches over REST, each page opened, checked, permitted and logged."""

from collections.abc import Mapping, Sequence

from egide.bench import targets
from egide.bench.corpus import zipf
from egide.bench.figure import Figure, Section, Target
from egide.bench.stand import Serving

_MANY = 3_000


async def searching(serving: Serving) -> Section:
    """By patient, code and date; by code; by patient."""
    contents, chance = serving.stand.contents, serving.stand.chance
    drawn = chance.choices(contents.observations, k=_MANY)
    figures = [
        await _measured(
            serving,
            "by patient, code and date",
            [
                {"patient": each.patient, "code": each.code, "date": f"ge{each.day}"}
                for each in drawn
            ],
            targets.SEARCH_PATIENT_CODE_DATE,
        ),
        await _measured(
            serving,
            "by code, drawn Zipf, 20 full results",
            [{"code": code, "_count": "20"} for code in zipf(contents.codes, _MANY, chance)],
            targets.SEARCH_CODE,
        ),
        await _measured(
            serving,
            "by patient, 20 full results",
            [{"patient": each.patient, "_count": "20"} for each in drawn],
        ),
    ]
    how = (
        f"GET /fhir/Observation?…, {_MANY:,} questions in turn over "
        f"{serving.stand.plan.connections} connections, after a warm-up.{serving.stand.plan.chosen}"
    )
    return Section("Searches", how, tuple(figures))


async def _measured(
    serving: Serving, name: str, queries: Sequence[Mapping[str, str]], target: Target | None = None
) -> Figure:
    requests = [serving.requests.get("Observation", query) for query in queries]
    await serving.load(requests, seconds=0.5)
    load = await serving.load(requests)
    p50, p99 = load.answered.percentile(0.5), load.answered.percentile(0.99)
    return Figure(
        name=name,
        value=load.rate,
        unit="searches/s",
        target=target,
        cpu=load.cpu,
        had=load.had,
        note=f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, {load.size:,.0f} bytes an answer",
    )
