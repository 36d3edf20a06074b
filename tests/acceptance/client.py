"""Somebody who asks over HTTP, each time on a connection of his own, so that any worker answers."""

import http.client
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode, urlsplit

JSON = "application/fhir+json"
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Answer:
    """What came back; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body, decimals kept digit for digit."""
        return json.loads(self.body, parse_float=Decimal)

    def issues(self) -> list[dict[str, Any]]:
        """The issues of an OperationOutcome; fails when the body is none, or is none of ours."""
        assert self.headers["content-type"].startswith(JSON), self
        outcome = self.json()
        assert outcome["resourceType"] == "OperationOutcome", self
        assert outcome["issue"], self
        for issue in outcome["issue"]:
            assert issue["severity"] in ("fatal", "error", "warning", "information")
            assert issue["code"]
            assert issue.get("diagnostics"), "an error that says nothing"
        return list(outcome["issue"])

    def refused(self, status: int, code: str | None = None) -> list[dict[str, Any]]:
        """Asserts that this is a refusal with this status and, if given, issue code."""
        assert self.status == status, (self.status, self.body[:500])
        issues = self.issues()
        assert code is None or code in {issue["code"] for issue in issues}, issues
        return issues

    def version(self) -> int:
        """The number in the ETag."""
        return int(self.headers["etag"].removeprefix('W/"').removesuffix('"'))


class Client:
    """Asks one server, with an access token unless it has none, from `address` on the loopback."""

    def __init__(self, port: int, token: str | None = None, address: str | None = None) -> None:
        self.port = port
        self.token = token
        self.source = (address, 0) if address else None
        self.base = f"http://127.0.0.1:{port}/fhir"

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | Iterable[bytes] | Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        seconds: float = 60,
    ) -> Answer:
        """One request; a mapping goes as FHIR JSON, an iterable of bytes in chunks.

        `path` is under `/fhir`, or a whole address of this server as a link has it.
        """
        given = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if isinstance(body, Mapping):
            body = json.dumps(body, default=_exact).encode()
        if body is not None:
            given["Content-Type"] = JSON
        given |= headers or {}
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.port, timeout=seconds, source_address=self.source
        )
        try:
            connection.request(
                method,
                self._target(path),
                body,
                {name: value for name, value in given.items() if value},
                encode_chunked=body is not None and not isinstance(body, bytes),
            )
            response = connection.getresponse()
            names = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, names, response.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Answer:
        """GET; `if_none_match=…` is the header If-None-Match."""
        return self.ask("GET", path, None, _named(headers))

    def put(self, path: str, body: Any, **headers: str) -> Answer:
        """PUT of FHIR JSON."""
        return self.ask("PUT", path, body, _named(headers))

    def post(self, path: str, body: Any, **headers: str) -> Answer:
        """POST of FHIR JSON."""
        return self.ask("POST", path, body, _named(headers))

    def delete(self, path: str, **headers: str) -> Answer:
        """DELETE."""
        return self.ask("DELETE", path, None, _named(headers))

    def form(self, path: str, fields: Mapping[str, str], **headers: str) -> Answer:
        """POST of a form."""
        sent = {"Content-Type": FORM} | _named(headers)
        return self.ask("POST", path, urlencode(fields).encode(), sent)

    def pages(self, path: str) -> list[Answer]:
        """A search and all its next pages, as the links lead."""
        found = [self.get(path)]
        while True:
            assert found[-1].status == 200, found[-1]
            following = link(found[-1], "next")
            if following is None:
                return found
            found.append(self.get(following))

    def _target(self, path: str) -> str:
        parts = urlsplit(path)
        if not parts.netloc:
            return path if path.startswith(("/oauth", "/health", "/metrics")) else f"/fhir{path}"
        assert parts.netloc == f"127.0.0.1:{self.port}", "a link leads elsewhere"
        return parts.path + (f"?{parts.query}" if parts.query else "")


def link(answer: Answer, relation: str) -> str | None:
    """The address of a Bundle's link."""
    links = {each["relation"]: each["url"] for each in answer.json().get("link", ())}
    return links.get(relation)


def resources(answer: Answer) -> list[dict[str, Any]]:
    """The resources of a Bundle's entries, in order."""
    return [entry["resource"] for entry in answer.json().get("entry", ())]


def _named(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-").title(): value for name, value in headers.items()}


def _exact(value: object) -> object:
    raise TypeError(f"{type(value).__name__} is not sent")
