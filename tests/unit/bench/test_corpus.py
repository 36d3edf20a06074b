"""What the bench loads, and what it asks of it."""

import json
import random
import re
from datetime import date, timedelta
from typing import Any

from egide import synthetic
from egide.bench.corpus import Corpus, contents, count, zipf

UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def corpus() -> Corpus:
    bundles = tuple(synthetic.encode(each) for each in synthetic.bundles(seed=7, patients=4))
    return Corpus("four synthetic patients", bundles, sum(count(raw) for raw in bundles))


def shape(raw: bytes) -> list[int]:
    """Which of a text's UUIDs are the same, whatever they are."""
    names = UUID.findall(raw.decode())
    return [names.index(name) for name in names]


def stripped(raw: bytes) -> str:
    """A bundle without its UUIDs, and without what tells its patient from others."""
    text = UUID.sub("", raw.decode())
    return re.sub(r'"(birthDate|value)":"[^"]*"', "", text)


def patients(raw: bytes) -> list[dict[str, Any]]:
    resources = [entry["resource"] for entry in json.loads(raw)["entry"]]
    return [each for each in resources if each["resourceType"] == "Patient"]


def test_the_same_again_has_other_identities_and_the_same_references():
    here = corpus()
    for before, after in zip(here.bundles, here.again(3), strict=True):
        assert shape(before) == shape(after)
        assert not set(UUID.findall(before.decode())) & set(UUID.findall(after.decode()))
        assert stripped(before) == stripped(after)


def test_the_same_again_is_somebody_else():
    here = corpus()
    several = list(zip(map(patients, here.bundles), map(patients, here.again(3)), strict=True))
    pairs = [pair for ones, others in several for pair in zip(ones, others, strict=True)]
    assert len(pairs) == 4
    for one, other in pairs:
        assert one["name"] == other["name"]
        assert date.fromisoformat(other["birthDate"]) == (
            date.fromisoformat(one["birthDate"]) + timedelta(days=3)
        )
        known = {each["value"] for each in one["identifier"]}
        assert known.isdisjoint(each["value"] for each in other["identifier"])


def test_two_copies_share_no_identity_and_a_copy_is_always_the_same():
    here = corpus()
    assert here.again(3) == here.again(3)
    one, other = (set(UUID.findall(b"".join(here.again(n)).decode())) for n in (3, 4))
    assert not one & other


def test_what_is_asked_for_is_in_what_was_loaded():
    here = corpus()
    loaded = {
        (entry["resource"]["resourceType"], entry["resource"]["id"]): entry["resource"]
        for raw in here.bundles
        for entry in json.loads(raw)["entry"]
    }
    found = contents(here.bundles, random.Random(1))
    assert set(found.identities) == set(loaded)
    assert len(found.patients) == 4
    for observed in found.observations:
        observation = loaded["Observation", observed.id]
        assert ("Patient", observed.patient) in loaded
        system, _, code = observed.code.partition("|")
        assert {"system": system, "code": code}.items() <= observation["code"]["coding"][0].items()
        assert observation["effectiveDateTime"].startswith(observed.day)
    assert all("valueQuantity" in each for each in found.measured)


def test_codes_are_drawn_the_more_often_the_more_frequent_they_are():
    drawn = zipf(["common", "rarer", "rare"], 6_000, random.Random(1))
    times = [drawn.count(code) for code in ("common", "rarer", "rare")]
    assert sum(times) == 6_000
    assert times[0] > 1.5 * times[1] > 1.5 * times[2] > 0
