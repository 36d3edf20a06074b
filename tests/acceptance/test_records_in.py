"""Records in, by either door, and the same records out, digit for digit."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from tests.acceptance.client import link
from tests.acceptance.installation import Server
from tests.acceptance.loading import (
    Imported,
    Json,
    Posted,
    exactly,
    expected,
    without_what_the_server_sets,
)
from tests.acceptance.thief import ask

SYNTHEA = 29_156
"""Resources in the shared bundles of Synthea."""


def key(resource: Json) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


def located(entry: Json) -> str:
    """`Type/id` in a transaction response."""
    type, id, history, version = entry["response"]["location"].split("/")[-4:]
    assert history == "_history" and version.isdigit()
    return f"{type}/{id}"


@pytest.fixture(scope="module")
def wanted_of_posted(posted: Posted) -> dict[str, Json]:
    """`Type/id` → what must be read there, for all that was sent as transactions."""
    wanted: dict[str, Json] = {}
    for sample, answer in zip(posted.samples, posted.answers, strict=True):
        assert len(answer["entry"]) == len(sample.entries)
        places = [located(entry) for entry in answer["entry"]]
        references = {
            entry["fullUrl"]: place for entry, place in zip(sample.entries, places, strict=True)
        }
        for entry, place in zip(sample.entries, places, strict=True):
            type, _, id = place.partition("/")
            assert entry["resource"]["resourceType"] == type
            wanted[place] = expected(entry["resource"], id, references)
    return wanted


def test_all_bundles_of_synthea_went_in(posted: Posted, imported: Imported, shared: Path) -> None:
    assert len(list((shared / "data" / "synthea").glob("*.json.gz"))) == 100
    for loaded in (posted, imported):
        entries = [
            entry
            for sample in loaded.samples
            if sample.path.name.endswith(".gz")
            for entry in sample.entries
        ]
        assert len(entries) == SYNTHEA


def test_every_entry_of_a_transaction_is_answered_with_what_was_sent(
    posted: Posted, wanted_of_posted: dict[str, Json]
) -> None:
    entries = [entry for answer in posted.answers for entry in answer["entry"]]
    assert len(entries) == sum(len(sample.entries) for sample in posted.samples)
    assert {entry["response"]["status"][:3] for entry in entries} == {"201"}
    for entry in entries:
        stored = without_what_the_server_sets(entry["resource"])
        assert stored == wanted_of_posted[located(entry)]


def test_what_was_sent_as_transactions_reads_back_equal(
    posted: Posted, wanted_of_posted: dict[str, Json]
) -> None:
    """All of ten bundles, and fifty of every type."""
    chosen = {
        located(entry)
        for answer in sorted(posted.answers, key=lambda answer: len(answer["entry"]))[:10]
        for entry in answer["entry"]
    }
    seen: Counter[str] = Counter()
    for place in wanted_of_posted:
        type = place.partition("/")[0]
        if seen[type] < 50:
            seen[type] += 1
            chosen.add(place)
    for place in sorted(chosen):
        answer = posted.client.get(f"/{place}")
        assert (answer.status, answer.version()) == (200, 1)
        assert without_what_the_server_sets(exactly(answer.body)) == wanted_of_posted[place]


def test_every_post_made_a_resource_of_its_own(
    posted: Posted, wanted_of_posted: dict[str, Json]
) -> None:
    """And nothing else is there but what tells a patient of a broken glass, if one was broken."""
    (row,) = ask(
        posted.installation.data,
        "select count(*) - (select count(*) from glass) as count, max(version) as last"
        " from resource",
    )
    assert (row["count"], row["last"]) == (len(wanted_of_posted), 1)


@pytest.fixture(scope="module")
def imported_server(imported: Imported) -> Any:
    with imported.installation.serve() as server:
        yield server


@pytest.fixture(scope="module")
def variants(imported: Imported) -> dict[str, list[Json]]:
    """`Type/id` → what may be read there: a practitioner comes in several bundles, changed."""
    found: dict[str, list[Json]] = {}
    for sample in imported.samples:
        references = {
            entry["fullUrl"]: key(entry["resource"])
            for entry in sample.entries
            if entry["fullUrl"].startswith("urn:")
        }
        for entry in sample.entries:
            resource = entry["resource"]
            wanted = expected(resource, resource["id"], references)
            seen = found.setdefault(key(resource), [])
            if wanted not in seen:
                seen.append(wanted)
    return found


def test_every_imported_resource_reads_back_equal(
    imported: Imported, imported_server: Server, variants: dict[str, list[Json]]
) -> None:
    client = imported.installation.client(imported_server)
    there = 0
    for type in sorted({place.partition("/")[0] for place in variants}):
        address: str | None = f"/{type}?_count=1000"
        while address:
            page = client.get(address)
            assert page.status == 200, page
            address = link(page, "next")
            for entry in exactly(page.body).get("entry", ()):
                resource = entry["resource"]
                assert without_what_the_server_sets(resource) in variants[key(resource)]
                there += 1
    assert there == len(variants)


def test_what_was_imported_is_found_under_its_own_id(
    imported: Imported, imported_server: Server, variants: dict[str, list[Json]]
) -> None:
    client = imported.installation.client(imported_server)
    for place in list(variants)[:: len(variants) // 200]:
        stored = without_what_the_server_sets(exactly(client.get(f"/{place}").body))
        assert stored in variants[place]


def test_an_import_says_what_it_did(imported: Imported, variants: dict[str, list[Json]]) -> None:
    total = sum(len(sample.entries) for sample in imported.samples)
    told = re.search(
        r"([\d,]+) resources in [\d.]+ s .*: ([\d,]+) new, ([\d,]+) updated, ([\d,]+) unchanged;"
        r" 0 of ([\d,]+) parts",
        imported.report,
    )
    assert told, imported.report
    all, new, updated, unchanged, parts = (int(text.replace(",", "")) for text in told.groups())
    assert all == total == new + updated + unchanged
    assert new == len(variants)
    assert parts == len(imported.samples)


def stored(imported: Imported) -> list[Any]:
    """What a second import might change: rows, versions, edges, the keys."""
    return [
        tuple(row)
        for row in ask(
            imported.installation.data,
            "select (select count(*) from resource), (select sum(version) from resource),"
            " (select max(updated) from resource), (select count(*) from version),"
            " (select count(*) from ref), (select count(*) from data_key),"
            " (select count(*) from shared_key)",
        )
    ]


def test_importing_again_changes_nothing(imported: Imported) -> None:
    before = stored(imported)
    paths = [sample.path for sample in imported.samples]
    told = imported.installation.run("import", *paths).stdout
    assert "0 new, 0 updated, 0 unchanged" in told
    assert f"{len(paths):,} of {len(paths):,} parts were loaded before" in told
    assert stored(imported) == before


def test_importing_again_by_force_changes_nothing_either(imported: Imported) -> None:
    """Of sources that do not contradict one another: each resource equals the one stored."""
    before = stored(imported)
    chosen = [sample for sample in imported.samples if sample.path.name.startswith("synthetic")]
    told = imported.installation.run("import", "--again", *(each.path for each in chosen)).stdout
    total = sum(len(sample.entries) for sample in chosen)
    assert f"0 new, 0 updated, {total:,} unchanged" in told
    assert stored(imported) == before


def test_both_ledgers_verify_with_every_row(posted: Posted, imported: Imported) -> None:
    for loaded in (posted, imported):
        (row,) = ask(loaded.installation.data, "select count(*) from resource")
        assert f"{row['count']:,} rows" in loaded.installation.verify()
