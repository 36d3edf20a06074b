"""Hostile questions over HTTP: refused by name or answered, and the workers grow no larger.

No time is measured. What a question may open is counted by the budget
(`tests/integration/search/test_hostile.py`).
"""

import os
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest
from tests.acceptance.client import Client, link, resources
from tests.acceptance.installation import Server, family
from tests.acceptance.records import observation, patient, posting, transaction

GROWTH = 200 * 2**20
"""Bytes all processes of the server together may grow by."""

REFUSED: dict[str, tuple[dict[str, str], int, str]] = {
    "ten thousand alternatives": (
        {"code": ",".join(f"c{n}" for n in range(10_000))}, 400, "too-costly"),
    "ten thousand ids": ({"_id": ",".join(f"i{n}" for n in range(10_000))}, 400, "too-costly"),
    "ten thousand links": ({"has-member:Observation." * 400 + "code": "x"}, 400, "too-costly"),
    "ten thousand reversed links": (
        {"_has:Observation:has-member:" * 400 + "code": "x"}, 400, "too-costly"),
    "fifty links through everything": ({"part-of." * 50 + "code": "x"}, 400, "too-costly"),
    "everything that refers": ({"_revinclude": "*"}, 501, "not-supported"),
    "a count beyond numbers": ({"_count": "9" * 5_000}, 400, "invalid"),
    "an order of fifty keys": ({"_sort": ",".join(["code"] * 50)}, 400, "too-costly"),
}  # fmt: skip

ANSWERED: dict[str, dict[str, str]] = {
    "fifty links": {"has-member:Observation." * 50 + "code": "x"},
    "fifty reversed links": {"_has:Observation:has-member:" * 50 + "code": "x"},
    "a thousand alternatives": {"code": ",".join(f"c{n}" for n in range(1_000))},
    "a huge page": {"_count": "999999999", "_elements": "status"},
}


@pytest.fixture(scope="module")
def filled(client: Client) -> Client:
    """The server with a patient and some hundred Observations."""
    subject = client.post("/Patient", patient()).json()["id"]
    wanted = [posting(observation(f"Patient/{subject}")) for _ in range(300)]
    assert client.post("", transaction(*wanted)).status == 200
    return client


def resident(server: Server) -> int:
    """Bytes in memory of the server's processes, the engine's apart."""
    sizes = []
    for pid in family(server.process.pid):
        try:
            fields = Path(f"/proc/{pid}/status").read_text().splitlines()
            name = Path(f"/proc/{pid}/comm").read_text()
        except OSError:
            continue
        found = [line for line in fields if line.startswith("VmRSS:")]
        if found and "postgres" not in name:
            sizes.append(int(found[0].split()[1]) * 1024)
    assert sizes
    return sum(sizes)


@pytest.mark.parametrize("what", REFUSED)
def test_what_asks_too_much_is_refused(filled: Client, server: Server, what: str) -> None:
    fields, status, code = REFUSED[what]
    before = resident(server)
    for _ in range(5):
        filled.form("/Observation/_search", fields).refused(status, code)
    assert resident(server) - before < GROWTH


@pytest.mark.parametrize("what", ANSWERED)
def test_what_is_odd_and_allowed_is_answered(filled: Client, server: Server, what: str) -> None:
    before = resident(server)
    for _ in range(5):
        answer = filled.form("/Observation/_search", ANSWERED[what])
        assert answer.status == 200, answer
        assert len(resources(answer)) <= 1_000
    assert resident(server) - before < GROWTH


def test_a_forged_page_link_leads_nowhere(filled: Client) -> None:
    following = str(link(filled.get("/Observation?_count=2"), "next"))
    head, _, cursor = following.partition("_cursor=")
    assert filled.get(following).status == 200
    forged = ["A", cursor[:-4], cursor + cursor, urlsafe_b64encode(os.urandom(200)).decode()]
    for text in forged:
        filled.get(f"{head}_cursor={text}").refused(400)
    filled.get(f"{head}_cursor={'A' * 14_000}").refused(400)


@pytest.mark.parametrize("address", ["/Observation/_search", "/_search"])
def test_what_is_unknown_is_left_out_of_a_posted_search_when_the_client_is_lenient(
    filled: Client, address: str
) -> None:
    """And at the system, where the types must have it together."""
    one = resources(filled.get("/Observation?_count=1"))[0]["id"]
    fields = {"_id": one, "nonsense": "1", "_filter": "x"}
    types = {} if address.startswith("/Obs") else {"_type": "Observation,Patient"}
    filled.form(address, fields | types).refused(400, "not-supported")
    answer = filled.form(address, fields | types, prefer="handling=lenient")
    assert answer.status == 200, answer
    entries = answer.json()["entry"]
    (outcome,) = [each for each in entries if each["search"]["mode"] == "outcome"]
    said = " ".join(issue["diagnostics"] for issue in outcome["resource"]["issue"])
    assert "nonsense" in said and "_filter" in said
    assert [each["resource"]["id"] for each in entries if each is not outcome] == [one]
    assert "nonsense" not in str(link(answer, "self"))
    filled.form(address, fields | types, prefer="handling=strict").refused(400)
