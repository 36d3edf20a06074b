"""Vectors of RFC 7662 and RFC 7009: a token is shown, to ask what it is or to give it back."""

import base64
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from tests.unit.http.asking import request

from egide.accounts import About, Application, Client, ClientRefused, Registration
from egide.api.smart.introspection import Introspection
from egide.api.smart.proving import Proving
from egide.api.smart.revocation import Revocation

NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)
FORM = b"application/x-www-form-urlencoded"
PUBLIC, SECRET, SERVER, OTHER = "public", "confidential", "server", "other"
ACCESS = {f"access-of-{name}": name for name in (PUBLIC, SECRET, SERVER)}
REFRESH = {f"refresh-of-{name}": name for name in (PUBLIC, SECRET)}
OWN = "token=access-of-confidential"
NUMBERS = {name: number for number, name in enumerate((PUBLIC, SECRET, SERVER, OTHER), 1)}


def basic(name: str, secret: str = "s") -> bytes:
    return b"Basic " + base64.b64encode(f"{name}:{secret}".encode())


def application(name: str) -> Application | None:
    if name not in NUMBERS:
        return None
    proof: Any = "none" if name == PUBLIC else "secret"
    known = Registration(label=name, proof=proof, scope="x", introspects=name == SERVER)
    return Application(name, NUMBERS[name], known, b"")


@dataclass
class Held:
    """Accounts with tokens named after whose they are, which remember what was ended."""

    ended: list[str] = field(default_factory=list)
    asked: list[bool] = field(default_factory=list)

    @property
    def clients(self) -> Any:
        return self

    @property
    def applications(self) -> Any:
        return self

    @property
    def approvals(self) -> Any:
        return self

    async def authenticate(self, name: str, secret: str, *, address: str) -> Client:
        if secret != "s" or name not in NUMBERS:
            raise await self.refused("", name, address=address)
        return Client(name, NUMBERS[name], frozenset(), b"")

    async def refused(self, reason: str, name: str, *, address: str) -> ClientRefused:
        return ClientRefused("The client is not known or its secret is wrong")

    async def find(self, name: str) -> Application | None:
        return application(name)

    async def about(self, token: str) -> About | None:
        owner = ACCESS.get(token)
        if owner is None:
            return None
        number = NUMBERS[owner]
        return About(number, number, owner, "system/*.rs", NOW, NOW + timedelta(hours=1))

    async def asked_about(self, about: About, by: str, allowed: bool, *, address: str) -> None:
        self.asked.append(allowed)

    async def of_access_token(self, token: str) -> None:
        return None

    async def revoke_session(self, session: int, *, account: int) -> None:
        self.ended += [token for token, owner in ACCESS.items() if NUMBERS[owner] == session]

    async def of_refresh_token(self, token: str) -> Any:
        owner = REFRESH.get(token)
        if owner is None:
            return None
        return SimpleNamespace(application=NUMBERS[owner], number=NUMBERS[owner])

    async def end(self, number: int, *, reason: str) -> None:
        self.ended += [token for token, owner in REFRESH.items() if NUMBERS[owner] == number]


async def shown(
    endpoint: str, form: str, authorization: bytes | None, media: bytes = FORM
) -> tuple[int, dict[str, Any], Held]:
    held: Any = Held()
    proving = Proving(held, lambda: NOW)
    headers = [(b"content-type", media)]
    if authorization is not None:
        headers.append((b"authorization", authorization))
    asking = request(form.encode(), headers=headers, target=f"/oauth/{endpoint}")
    door: Any = (Introspection if endpoint == "introspect" else Revocation)(held, proving)
    answer = await door.respond(asking)
    assert dict(answer.headers)[b"cache-control"] == b"no-store"
    return answer.status, json.loads(answer.body), held


BOTH = ("introspect", "revoke")


@pytest.mark.parametrize(
    ("endpoint", "status", "error", "form", "authorization"),
    [
        # RFC 7662 §2.1 and RFC 7009 §2.1: `token` is required, once, in a form.
        *((each, 400, "invalid_request", "", basic(SECRET)) for each in BOTH),
        *((each, 400, "invalid_request", "token=", basic(SECRET)) for each in BOTH),
        *((each, 400, "invalid_request", "token=a&token=b", basic(SECRET)) for each in BOTH),
        *((each, 400, "invalid_request", "token=%zz", basic(SECRET)) for each in BOTH),
        # RFC 7662 §2.1, RFC 7009 §2.1: who asks proves who he is.
        *((each, 401, "invalid_client", "token=access-of-public", None) for each in BOTH),
        *((each, 401, "invalid_client", OWN, basic(SECRET, "wrong")) for each in BOTH),
        *((each, 401, "invalid_client", f"{OWN}&client_id=confidential", None) for each in BOTH),
        *((each, 401, "invalid_client", "token=x&client_id=nobody", None) for each in BOTH),
        # RFC 7662 §2.3, §4: nobody scans for tokens by a name that anyone may take.
        ("introspect", 401, "invalid_client", "token=access-of-public&client_id=public", None),
        ("introspect", 401, "invalid_client", "token=unknown&client_id=public", None),
        # RFC 7009 §2.1: issued to somebody else.
        ("revoke", 400, "unauthorized_client", OWN, basic(OTHER)),
        ("revoke", 400, "unauthorized_client", "token=refresh-of-confidential", basic(OTHER)),
        ("revoke", 400, "unauthorized_client", OWN, basic(SERVER)),
        ("revoke", 400, "unauthorized_client", f"{OWN}&client_id=public", None),
    ],
)
async def test_what_is_refused_tells_nothing_and_ends_nothing(
    endpoint: str, status: int, error: str, form: str, authorization: bytes | None
) -> None:
    answered, said, held = await shown(endpoint, form, authorization)
    assert (answered, said["error"]) == (status, error)
    assert said.keys() == {"error", "error_description"}
    assert held.ended == []


@pytest.mark.parametrize("endpoint", BOTH)
async def test_a_token_in_json_is_not_taken(endpoint: str) -> None:
    body = '{"token": "access-of-confidential"}'
    answered, said, held = await shown(endpoint, body, basic(SECRET), b"application/json")
    assert (answered, said["error"], held.ended) == (400, "invalid_request", [])


@pytest.mark.parametrize(
    ("form", "by"),
    [
        ("token=unknown", SECRET),
        ("token=unknown", SERVER),
        ("token=refresh-of-confidential", SECRET),
        ("token=refresh-of-confidential&token_type_hint=refresh_token", SERVER),
        ("token=access-of-server", SECRET),  # not the asker's business: §2.2
        ("token=access-of-public", OTHER),
    ],
)
async def test_of_what_is_no_business_of_the_asker_nothing_but_inactive_is_told(
    form: str, by: str
) -> None:
    answered, said, _ = await shown("introspect", form, basic(by))
    assert (answered, said) == (200, {"active": False})


@pytest.mark.parametrize(
    ("form", "by", "owner"),
    [
        (OWN, SECRET, SECRET),
        (OWN, SERVER, SECRET),
        ("token=access-of-public&token_type_hint=access_token", SERVER, PUBLIC),
        ("token=access-of-public&token_type_hint=refresh_token", SERVER, PUBLIC),  # a hint only
        ("token=access-of-public&token_type_hint=other", SERVER, PUBLIC),
        ("token=access-of-public&more=x", SERVER, PUBLIC),
    ],
)
async def test_a_good_one_is_told_as_the_standard_names_it(form: str, by: str, owner: str) -> None:
    answered, said, held = await shown("introspect", form, basic(by))
    assert answered == 200
    assert said == {
        "active": True,
        "scope": "system/*.rs",
        "client_id": owner,
        "token_type": "Bearer",
        "iat": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + 3600,
        "iss": "http://localhost:8600",
        "aud": "http://localhost:8600/fhir",
    }
    assert held.asked == [True]


@pytest.mark.parametrize(
    ("form", "authorization", "ended"),
    [
        (OWN, basic(SECRET), ["access-of-confidential"]),
        ("token=access-of-public&client_id=public", None, ["access-of-public"]),
        ("token=refresh-of-confidential", basic(SECRET), ["refresh-of-confidential"]),
        # RFC 7009 §2.1: the hint may be wrong; §2.2: what is unknown is answered alike.
        (
            "token=refresh-of-public&token_type_hint=access_token&client_id=public",
            None,
            ["refresh-of-public"],
        ),
        (f"{OWN}&token_type_hint=x", basic(SECRET), ["access-of-confidential"]),
        ("token=unknown", basic(SECRET), []),
        ("token=unknown&client_id=public", None, []),
    ],
)
async def test_what_is_given_back_ends_and_the_answer_says_no_more(
    form: str, authorization: bytes | None, ended: list[str]
) -> None:
    answered, said, held = await shown("revoke", form, authorization)
    assert (answered, said, held.ended) == (200, {}, ended)
