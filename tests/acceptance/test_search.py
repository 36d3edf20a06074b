"""Searching over HTTP, and paging to the end while others write.

https://hl7.org/fhir/R4/search.html
"""

import threading
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from tests.acceptance.client import FORM, Answer, Client, link, resources
from tests.acceptance.installation import Installation, Server
from tests.acceptance.records import LOINC, new_id, observation, patient, posting, transaction

CODES = ("4548-4", "718-7", "2345-7")
FIRST = date(2023, 1, 1)
COUNT = 60


class Ward:
    """Two patients with observations of three codes, one each on consecutive days."""

    def __init__(self, client: Client) -> None:
        self.patients = [client.post("/Patient", patient()).json()["id"] for _ in range(2)]
        self.observations: list[dict[str, Any]] = []
        for subject in self.patients:
            wanted = [
                observation(f"Patient/{subject}", CODES[number % 3], self.day(number))
                for number in range(COUNT)
            ]
            answer = client.post("", transaction(*map(posting, wanted)))
            assert answer.status == 200, answer
            self.observations += resources(answer)

    @staticmethod
    def day(number: int) -> str:
        return (FIRST + timedelta(days=number)).isoformat()

    def ids(self, *, subject: int, code: str | None = None, days: range | None = None) -> set[str]:
        """The ids of what a search should find."""
        reference = {"reference": f"Patient/{self.patients[subject]}"}
        return {
            each["id"]
            for each in self.observations
            if each["subject"] == reference
            and (code is None or each["code"]["coding"][0]["code"] == code)
            and (days is None or each["effectiveDateTime"] in {self.day(n) for n in days})
        }


@pytest.fixture(scope="module")
def ward(client: Client) -> Ward:
    return Ward(client)


def ids(answer: Answer) -> list[str]:
    assert answer.status == 200, answer
    bundle = answer.json()
    assert (bundle["resourceType"], bundle["type"]) == ("Bundle", "searchset")
    for entry in bundle.get("entry", ()):
        assert entry["search"] == {"mode": "match"}
        resource = entry["resource"]
        assert entry["fullUrl"].endswith(f"/fhir/{resource['resourceType']}/{resource['id']}")
    return [resource["id"] for resource in resources(answer)]


def test_an_id_finds_the_one_resource(client: Client, ward: Ward) -> None:
    first, second = ward.observations[0]["id"], ward.observations[1]["id"]
    assert ids(client.get(f"/Observation?_id={first}")) == [first]
    assert set(ids(client.get(f"/Observation?_id={first},{second}"))) == {first, second}
    assert ids(client.get(f"/Observation?_id={new_id()}")) == []
    assert ids(client.get(f"/Patient?_id={first}")) == []


@pytest.mark.parametrize(
    "query",
    [
        "patient={id}",
        "patient=Patient/{id}",
        "subject=Patient/{id}",
        "subject:Patient={id}",
    ],
)
def test_a_patient_finds_what_is_about_him_and_nothing_else(
    client: Client, ward: Ward, query: str
) -> None:
    asked = query.format(id=ward.patients[0])
    assert set(ids(client.get(f"/Observation?{asked}&_count=1000"))) == ward.ids(subject=0)


@pytest.mark.parametrize("value", ["4548-4", f"{LOINC}|4548-4"])
def test_a_code_narrows(client: Client, ward: Ward, value: str) -> None:
    query = f"patient={ward.patients[0]}&code={quote(value)}&_count=1000"
    assert set(ids(client.get(f"/Observation?{query}"))) == ward.ids(subject=0, code="4548-4")


def test_a_code_alone_finds_everybodys(client: Client, ward: Ward) -> None:
    found = {
        each for page in client.pages("/Observation?code=718-7&_count=17") for each in ids(page)
    }
    assert found >= ward.ids(subject=0, code="718-7") | ward.ids(subject=1, code="718-7")
    assert not found & ward.ids(subject=0, code="4548-4")


def test_another_system_finds_nothing(client: Client, ward: Ward) -> None:
    for value in ("http://other.example.org|4548-4", "|4548-4"):
        assert ids(client.get(f"/Observation?patient={ward.patients[0]}&code={quote(value)}")) == []


@pytest.mark.parametrize(
    ("dates", "days"),
    [
        (["{5}"], range(5, 6)),
        (["eq{5}"], range(5, 6)),
        (["ge{5}", "lt{9}"], range(5, 9)),
        (["gt{5}", "le{9}"], range(6, 10)),
        (["sa{5}", "eb{9}"], range(6, 9)),
        (["2023-01"], range(31)),
        (["ge2023-02", "lt2023-03"], range(31, 59)),
        (["{5},{7}"], None),
        (["2022"], range(0)),
    ],
)
def test_dates_bound(client: Client, ward: Ward, dates: list[str], days: range | None) -> None:
    named = {str(number): ward.day(number) for number in range(10)}
    asked = []
    for text in dates:
        for number, day in named.items():
            text = text.replace("{" + number + "}", day)
        asked.append(f"date={text}")
    wanted = (
        ward.ids(subject=0, days=range(5, 6)) | ward.ids(subject=0, days=range(7, 8))
        if days is None
        else ward.ids(subject=0, days=days)
    )
    query = "&".join([f"patient={ward.patients[0]}", *asked, "_count=1000"])
    assert set(ids(client.get(f"/Observation?{query}"))) == wanted


def test_patient_code_and_date_together(client: Client, ward: Ward) -> None:
    query = f"patient={ward.patients[1]}&code=718-7&date=ge{ward.day(10)}&date=lt{ward.day(40)}"
    wanted = ward.ids(subject=1, code="718-7", days=range(10, 40))
    assert len(wanted) == 10
    assert set(ids(client.get(f"/Observation?{query}"))) == wanted


@pytest.mark.parametrize("count", [1, 7, 20, COUNT - 1, COUNT, COUNT + 1])
def test_pages_hold_everything_once(client: Client, ward: Ward, count: int) -> None:
    pages = client.pages(f"/Observation?patient={ward.patients[0]}&_count={count}")
    found = [each for page in pages for each in ids(page)]
    assert sorted(found) == sorted(ward.ids(subject=0))
    assert all(len(ids(page)) == count for page in pages[:-1])
    assert 0 < len(ids(pages[-1])) <= count


def test_newest_comes_first(client: Client, ward: Ward) -> None:
    pages = client.pages(f"/Observation?patient={ward.patients[0]}&_count=25")
    days = [each["effectiveDateTime"] for page in pages for each in resources(page)]
    assert days == sorted(days, reverse=True)


@pytest.mark.parametrize("sort", ["date", "-date", "_lastUpdated", "-_lastUpdated", "_id", "code"])
def test_a_sort_is_done_or_refused_and_never_ignored(client: Client, ward: Ward, sort: str) -> None:
    answer = client.get(f"/Observation?patient={ward.patients[0]}&_sort={sort}&_count=1000")
    if answer.status != 200:
        answer.refused(501)
        return
    key = {
        "date": lambda each: each["effectiveDateTime"],
        "_lastUpdated": lambda each: each["meta"]["lastUpdated"],
        "_id": lambda each: each["id"],
        "code": lambda each: each["code"]["coding"][0]["code"],
    }[sort.removeprefix("-")]
    keys = [key(each) for each in resources(answer)]
    assert len(keys) == COUNT
    assert keys == sorted(keys, reverse=sort.startswith("-"))


@pytest.mark.parametrize(
    "wish", ["_total=accurate", "_summary=count", "_summary=true", "_elements=status"]
)
def test_a_wish_about_the_answer_is_granted_or_refused_and_never_ignored(
    client: Client, ward: Ward, wish: str
) -> None:
    answer = client.get(f"/Observation?patient={ward.patients[0]}&_count=5&{wish}")
    if answer.status != 200:
        answer.refused(501, "not-supported")
        return
    bundle = answer.json()
    if wish in ("_total=accurate", "_summary=count"):
        assert bundle["total"] == COUNT
    assert len(bundle.get("entry", ())) == (0 if wish == "_summary=count" else 5)
    for each in resources(answer):
        if wish == "_elements=status":
            # What R4 requires of an Observation stays: https://hl7.org/fhir/R4/search.html#elements
            assert set(each) <= {"resourceType", "id", "meta", "status", "code"}
        if wish != "_total=accurate":
            assert "SUBSETTED" in {tag["code"] for tag in each["meta"]["tag"]}


@pytest.mark.parametrize("include", ["_include=Observation:subject", "_include=*"])
def test_an_include_is_done_or_refused_and_never_ignored(
    client: Client, ward: Ward, include: str
) -> None:
    answer = client.get(f"/Observation?patient={ward.patients[0]}&_count=5&{include}")
    if answer.status != 200:
        answer.refused(501, "not-supported")
        return
    entries = answer.json()["entry"]
    included = [each["resource"]["id"] for each in entries if each["search"]["mode"] == "include"]
    assert included == [ward.patients[0]]
    assert sum(each["search"]["mode"] == "match" for each in entries) == 5


@pytest.mark.parametrize("address", ["/Patient?_id={id}", "?_type=Patient,Group&_id={id}"])
def test_whatever_refers_to_a_match_is_brought_along(
    client: Client, ward: Ward, address: str
) -> None:
    asked = address.format(id=ward.patients[0])
    entries = client.get(f"{asked}&_revinclude=Observation:*").json()["entry"]
    included = [each["resource"]["id"] for each in entries if each["search"]["mode"] == "include"]
    assert set(included) == ward.ids(subject=0)
    assert len(included) == COUNT
    by_two = client.form("/Patient/_search", {"_id": ward.patients[0], "_revinclude": "List:*"})
    assert ids(by_two) == [ward.patients[0]]


def test_a_parameter_without_a_value_is_left_out_and_reported(client: Client, ward: Ward) -> None:
    for answer in (
        client.get(f"/Observation?patient={ward.patients[0]}&code=&_count=1000"),
        client.form("/Observation/_search", {"patient": ward.patients[0], "code": ""}),
        client.get(f"?_type=Observation&code=&patient={ward.patients[0]}"),
    ):
        assert answer.status == 200
        entries = answer.json()["entry"]
        (outcome,) = [each for each in entries if each["search"]["mode"] == "outcome"]
        assert outcome["resource"]["issue"][0]["diagnostics"].startswith("code:")
        found = {each["resource"]["id"] for each in entries if each is not outcome}
        assert found and found <= ward.ids(subject=0)
        assert "code=" not in str(link(answer, "self"))


def test_a_criterion_without_a_value_decides_nothing(client: Client, ward: Ward) -> None:
    """Left out, it would match everything, and something else would be written."""
    body = patient()
    client.post("/Patient", body, if_none_exist="identifier=").refused(400)
    client.put("/Patient?identifier=", body).refused(400)


def test_an_order_may_be_given_in_parts(client: Client, ward: Ward) -> None:
    asked = f"/Observation?patient={ward.patients[0]}&_contained=false&_count=1000"
    parts = client.get(f"{asked}&_sort=code&_sort=-date")
    whole = client.get(f"{asked}&_sort=code,-date")
    assert ids(parts) == ids(whole)
    assert len(ids(parts)) == COUNT
    assert str(link(parts, "self")).count("_sort=") == 2


def test_the_self_link_asks_the_same_again(client: Client, ward: Ward) -> None:
    first = client.get(f"/Observation?patient={ward.patients[0]}&code=718-7&_count=5")
    again = client.get(str(link(first, "self")))
    assert ids(again) == ids(first)
    assert "code=718-7" in str(link(first, "self"))


def test_a_next_link_tells_nothing_of_the_question(client: Client, ward: Ward) -> None:
    """It may end up in a proxy's log; what was asked is a name or a code."""
    first = client.get(f"/Observation?patient={ward.patients[0]}&code=718-7&_count=5")
    query = urlsplit(str(link(first, "next"))).query
    for word in (ward.patients[0], "718", "patient", "code"):
        assert word not in query


def test_a_search_by_post_finds_the_same(client: Client, ward: Ward) -> None:
    asked = {"patient": ward.patients[0], "code": f"{LOINC}|718-7", "_count": "1000"}
    answer = client.form("/Observation/_search", asked)
    assert set(ids(answer)) == ward.ids(subject=0, code="718-7")
    mixed = client.form(f"/Observation/_search?patient={ward.patients[0]}", {"code": "718-7"})
    assert set(ids(mixed)) == ward.ids(subject=0, code="718-7")


def test_pages_of_a_search_by_post_go_on_by_get(client: Client, ward: Ward) -> None:
    page = client.form("/Observation/_search", {"patient": ward.patients[0], "_count": "25"})
    found = ids(page)
    while following := link(page, "next"):
        page = client.get(following)
        found += ids(page)
    assert sorted(found) == sorted(ward.ids(subject=0))


def test_the_pages_of_a_question_longer_than_an_address_are_followed(
    client: Client, ward: Ward
) -> None:
    codes = ",".join([*CODES, *(f"{LOINC}|{n}-{n % 10}" for n in range(900))])
    assert len(codes) > 16 * 1024
    page = client.form(
        "/Observation/_search", {"patient": ward.patients[0], "code": codes, "_count": "25"}
    )
    found = ids(page)
    while following := link(page, "next"):
        assert len(str(following)) < 16 * 1024
        page = client.get(following)
        found += ids(page)
    assert sorted(found) == sorted(ward.ids(subject=0))


def test_a_question_whose_next_page_has_no_address_is_refused(client: Client, ward: Ward) -> None:
    known = ",".join([each["id"] for each in ward.observations] + [new_id() for _ in range(870)])
    asked = {"_id": known, "_count": "5"}
    client.form("/Observation/_search", asked).refused(400, "too-costly")
    whole = client.form("/Observation/_search", asked | {"_count": "1000"})
    assert len(ids(whole)) == len(ward.observations)
    assert link(whole, "next") is None


def test_paging_loses_and_repeats_nothing_while_others_write(client: Client, ward: Ward) -> None:
    """Rows before, between and after the ones asked for are made, moved and deleted meanwhile.

    What is moved to another day between two pages may be on both, or on neither: it was on both
    days. Everything else is there once.
    """
    subject = client.post("/Patient", patient()).json()["id"]
    wanted = [observation(f"Patient/{subject}", day=ward.day(2 * n)) for n in range(40)]
    stable = {each["id"] for each in resources(client.post("", transaction(*map(posting, wanted))))}
    stop = threading.Event()
    failures: list[object] = []

    def disturb() -> None:
        number = 0
        while not stop.is_set():
            number = (number + 7) % 80
            made = client.post(
                "/Observation", observation(f"Patient/{subject}", day=ward.day(number))
            )
            id = made.json()["id"]
            changed = observation(f"Patient/{subject}", day=ward.day(80 - number)) | {"id": id}
            answers = [made, client.put(f"/Observation/{id}", changed)]
            answers.append(client.delete(f"/Observation/{id}"))
            failures.extend(each for each in answers if each.status not in (200, 201, 204))

    writers = [threading.Thread(target=disturb) for _ in range(2)]
    for writer in writers:
        writer.start()
    try:
        for _ in range(5):
            pages = client.pages(f"/Observation?patient={subject}&_count=3")
            found = [each for page in pages for each in ids(page)]
            assert sorted(each for each in found if each in stable) == sorted(stable)
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    assert failures == []


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("_count=-1", 400, None),
        ("_count=ten", 400, None),
        ("_count=1.5", 400, None),
        ("_count=99999999999999999999", 400, None),
        ("_count=5&_count=6", 400, None),
        ("nonsense=1", 400, "not-supported"),
        ("code=,", 400, None),
        ("subject:Patient:identifier=x", 400, None),
        ("_contained=true", 501, "not-supported"),
        ("_revinclude=*", 501, "not-supported"),
        ("date=2023-99", 400, None),
        ("date=yesterday", 400, None),
        ("code:nonsense=1", 400, None),
        ("subject:Nonsense=1", 400, None),
        ("%zz=1", 400, None),
        ("code=%ff", 400, None),
        ("code=a%00b", 400, None),
        ("_cursor=nonsense", 400, None),
        ("_cursor=" + "A" * 200, 400, None),
        ("_filter=code eq x".replace(" ", "%20"), 501, "not-supported"),
        ("_list=$current-problems", 501, "not-supported"),
        ("_text:exact=x", 400, None),
        ("_content=%22x", 400, None),
        ("_type=Patient", 501, "not-supported"),
    ],
)
def test_a_question_that_is_not_understood_is_refused(
    client: Client, query: str, status: int, code: str | None
) -> None:
    client.get(f"/Observation?{query}").refused(status, code)
    if "%" not in query:
        fields = dict(pair.split("=", 1) for pair in query.split("&"))
        if len(fields) == query.count("=") and not query.startswith("_cursor"):
            client.form("/Observation/_search", fields).refused(status, code)


def test_what_is_unknown_is_ignored_and_reported_when_the_client_is_lenient(
    client: Client, ward: Ward
) -> None:
    query = f"/Observation?patient={ward.patients[0]}&nonsense=1&_count=1000"
    answer = client.get(query, prefer="handling=lenient")
    assert answer.status == 200
    entries = answer.json()["entry"]
    outcomes = [entry for entry in entries if entry["search"]["mode"] == "outcome"]
    assert len(outcomes) == 1
    assert "nonsense" in outcomes[0]["resource"]["issue"][0]["diagnostics"]
    matched = {entry["resource"]["id"] for entry in entries if entry not in outcomes}
    assert matched == ward.ids(subject=0)
    assert "nonsense" not in str(link(answer, "self"))
    client.get(query, prefer="handling=strict").refused(400)


@pytest.fixture(scope="module")
def other(installation: Installation, server: Server) -> Iterator[Client]:
    """Another account with the same rights."""
    told = installation.run("clients", "add", "another application").stdout
    words = {line.split()[0]: line.split()[1] for line in told.splitlines() if line}
    stranger = Client(server.port)
    granted = stranger.form(
        "/oauth/token",
        {
            "grant_type": "client_credentials",
            "client_id": words["client_id"],
            "client_secret": words["client_secret"],
        },
    )
    yield Client(server.port, granted.json()["access_token"])


def test_a_page_link_is_its_accounts_own(client: Client, other: Client, ward: Ward) -> None:
    mine = str(link(client.get(f"/Observation?patient={ward.patients[0]}&_count=5"), "next"))
    assert other.get(f"/Observation?patient={ward.patients[0]}&_count=5").status == 200
    assert client.get(mine).status == 200
    other.get(mine).refused(400)


@pytest.mark.parametrize("place", [0, 11, 40, -1])
def test_a_page_link_that_was_touched_is_refused(client: Client, ward: Ward, place: int) -> None:
    address = str(link(client.get(f"/Observation?patient={ward.patients[0]}&_count=5"), "next"))
    head, _, cursor = address.partition("_cursor=")
    letters = list(cursor)
    letters[place] = "A" if letters[place] != "A" else "Q"
    client.get(f"{head}_cursor={''.join(letters)}").refused(400)
    client.get(f"{address}&code=718-7").refused(400)


def test_a_page_link_leads_nowhere_under_another_type(client: Client, ward: Ward) -> None:
    """The type is in the cursor; an address that says another is not answered as that other."""
    address = str(link(client.get(f"/Observation?patient={ward.patients[0]}&_count=5"), "next"))
    answer = client.get(address.replace("/Observation?", "/Patient?"))
    assert answer.status == 400 or {each["resourceType"] for each in resources(answer)} == {
        "Observation"
    }


def test_several_types_are_searched_at_once(client: Client, ward: Ward) -> None:
    mine = ",".join([*ward.patients, *(each["id"] for each in ward.observations[:5])])
    query = f"_type=Patient,Observation&_id={mine}&_count=2&_total=accurate"
    first = client.get(f"?{query}")
    assert first.json()["total"] == 7
    assert "_type=Patient%2CObservation" in str(link(first, "self"))
    assert "Patient" not in urlsplit(str(link(first, "next"))).query
    pages = client.pages(f"?{query}")
    found = [each for page in pages for each in ids(page)]
    assert sorted(found) == sorted(mine.split(","))
    posted = client.form("/_search", {"_type": "Patient,Observation", "_id": mine, "_count": "9"})
    assert sorted(ids(posted)) == sorted(found)
    assert client.get(str(link(first, "self"))).json()["total"] == 7


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("_type=Patient,Observation&birthdate=2000", 400),
        ("_type=Nothing", 400),
        ("_type=Patient&_type=Observation", 400),
        ("nonsense=1", 400),
        ("_cursor=forged", 400),
    ],
)
def test_a_search_of_several_types_that_is_not_understood_is_refused(
    client: Client, query: str, status: int
) -> None:
    client.get(f"?{query}").refused(status)
    Client(client.port).get(f"?{query}").refused(401)


def test_words_and_lists_are_searched(client: Client, ward: Ward) -> None:
    word = f"zebre{new_id()[:8].replace('-', '')}"
    div = f'<div xmlns="http://www.w3.org/1999/xhtml">Un <b>{word}</b> rayé</div>'
    body = patient(text={"status": "generated", "div": div})
    id = client.post("/Patient", body).json()["id"]
    assert ids(client.get(f"/Patient?_text={word.upper()}%20RAYE")) == [id]
    assert ids(client.get(f"/Patient?_content=%22un%20{word}%22")) == [id]
    assert ids(client.get(f"/Patient?_text={word[:-1]}")) == []
    entries = [{"item": {"reference": f"Patient/{id}"}}]
    held = {"resourceType": "List", "status": "current", "mode": "working", "entry": entries}
    list_id = client.post("/List", held).json()["id"]
    assert ids(client.get(f"/Patient?_list={list_id}")) == [id]
    assert ids(client.get(f"/Patient?_list={new_id()}")) == []


def test_the_media_type_of_a_posted_search_is_a_forms(client: Client) -> None:
    body = {"resourceType": "Parameters"}
    client.post("/Observation/_search", body).refused(415)
    assert client.ask("POST", "/Observation/_search", b"", {"Content-Type": FORM}).status == 200
