"""Erasing a patient of many resources, and a new epoch for many patients."""

import time
import uuid
from collections.abc import Mapping
from pathlib import Path

import msgspec

from egide.app.place import open_alone, provider_of
from egide.bench import targets
from egide.bench.figure import Figure, Section
from egide.bench.site import OPERATOR, Site
from egide.clock import system_clock
from egide.errors import Fault
from egide.ops.rekey import new_epoch

_PURPOSE = "HSYSADMIN"


async def erasing(site: Site, *, erased: int, keys: int) -> Section:
    """Both, in an installation nobody serves."""
    patient = str(uuid.uuid4())
    folder = site.folder / "erased"
    folder.mkdir()
    _patient_of(folder / "one.ndjson", patient, erased)
    _patients(folder / "many.ndjson", keys)
    await site.load(folder)
    async with site.opened() as parts, parts.record.open(OPERATOR, _PURPOSE) as session:
        started = time.perf_counter()
        certificate = await session.erase("Patient", patient)
        erasing_took = time.perf_counter() - started
        if certificate.resources != erased:
            raise Fault(f"{certificate.resources} resources were erased, not {erased}")
    async with open_alone(site.settings) as database:
        started = time.perf_counter()
        done = await new_epoch(database, provider_of(site.settings), system_clock, OPERATOR)
        epoch_took = time.perf_counter() - started
    million = epoch_took * 1_000_000 / done.keys
    figures = (
        Figure(
            name=f"erasing a patient of {erased:,} resources",
            value=erasing_took,
            unit="s",
            target=targets.ERASE,
        ),
        Figure(
            name=f"new epoch, {done.keys:,} keys",
            value=epoch_took,
            unit="s",
            note=f"{epoch_took / done.keys * 1e6:.0f} µs a key: wrapped anew, two copies written "
            "and read back, old epoch destroyed",
        ),
        Figure(
            name="new epoch, 1,000,000 keys (extrapolated)",
            value=million,
            unit="s",
            target=targets.EPOCH_OF_A_MILLION,
            note="not measured: the line above, scaled",
        ),
    )
    return Section("Erasure", "`egide erase` and `egide keys epoch`, in one process.", figures)


def _patient_of(path: Path, patient: str, many: int) -> None:
    """A synthetic patient and observations, `many` resources in all."""
    with path.open("wb") as file:
        file.write(_line({"resourceType": "Patient", "id": patient, "gender": "unknown"}))
        for number in range(1, many):
            observation = {
                "resourceType": "Observation",
                "id": str(uuid.uuid4()),
                "status": "final",
                "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
                "subject": {"reference": f"Patient/{patient}"},
                "effectiveDateTime": f"20{number % 20:02}-0{number % 9 + 1}-11",
                "valueQuantity": {"value": 40 + number % 99, "unit": "/min"},
            }
            file.write(_line(observation))


def _patients(path: Path, many: int) -> None:
    with path.open("wb") as file:
        for number in range(many):
            birth = f"19{number % 100:02}-0{number % 9 + 1}-02"
            patient = {"resourceType": "Patient", "id": str(uuid.uuid4()), "birthDate": birth}
            file.write(_line(patient))


def _line(resource: Mapping[str, object]) -> bytes:
    return msgspec.json.encode(resource) + b"\n"
