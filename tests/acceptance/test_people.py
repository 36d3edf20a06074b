"""People as an operator sees them: `egide accounts`, beside a running server."""

import re
from collections.abc import Callable
from uuid import uuid4

import pytest
from tests.acceptance.installation import Installation

ADDRESS = "https://egide.example"
Run = Callable[..., str]
LINK = re.compile(rf"link {{5}}{ADDRESS}/enrol/(egl_\S{{43}})   \(shown once\)")


@pytest.fixture
def run(installation: Installation) -> Run:
    """A command of `egide accounts`, and what it says on standard output, or on error."""

    def command(*arguments: str, code: int = 0, base_url: str = ADDRESS) -> str:
        done = installation.run("accounts", *arguments, code=code, EGIDE_BASE_URL=base_url)
        return done.stderr if code else done.stdout

    return command


@pytest.fixture
def login() -> str:
    return f"ann.{uuid4().hex[:8]}"


def invite(run: Run, login: str, *more: str) -> tuple[str, str]:
    """A person invited: the account and the secret part of the link."""
    told = run("invite", login, "--name", "Ann Example", "--role", "clinician", *more)
    account, link = re.search(r"account  (\d+)", told), LINK.search(told)
    assert account, told
    assert link, told
    return account[1], link[1]


def test_without_a_public_address_no_link_is_made(run: Run, login: str) -> None:
    told = run("invite", login, "--name", "Ann", "--role", "clinician", code=3, base_url="")
    assert "EGIDE_BASE_URL" in told
    assert login not in run("list")


def test_a_role_there_is_not_is_refused_with_those_there_are(run: Run, login: str) -> None:
    told = run("invite", login, "--name", "Ann", "--role", "surgeon", code=2)
    assert "surgeon" in told
    assert "clinician" in told
    assert login not in run("list")


@pytest.mark.parametrize("command", ["show", "disable", "enable", "sessions", "revoke"])
def test_who_is_not_there_is_said_to_be_missing(run: Run, command: str) -> None:
    for who in ("nobody", "12345"):
        assert "no such person" in run(command, who, code=2)


def test_a_login_name_is_given_once(run: Run, login: str) -> None:
    invite(run, login)
    told = run("invite", login.upper(), "--name", "Ann", "--role", "clinician", code=3)
    assert "taken" in told


def test_a_person_is_invited_shown_changed_and_disabled(run: Run, login: str) -> None:
    account, link = invite(
        run, login, "--practitioner", "practitioner-1", "--trained-until", "2099-06-30"
    )
    shown = run("show", login)
    assert run("show", account) == shown
    for line in (
        rf"login +{login}",
        r"name +Ann Example",
        r"roles +clinician",
        r"state +invited",
        r"cleared +yes",
        r"trained +until 2099-06-30",
        r"charter +none in force",
        r"practitioner +practitioner-1",
        r"passkeys +0",
        r"sessions +0 open",
    ):
        assert re.search(f"^{line}$", shown, re.M), shown
    assert link not in shown
    told = run("roles", login, "--role", "auditor", "--role", "clinician")
    assert told == f"{login}: auditor, clinician.\n"
    assert run("disable", login) == f"{login} is disabled.\n"
    assert re.search(rf"{account} +{login} .* disabled", run("list"))
    assert "disabled" in run("reset", login, "--yes", code=3)
    assert run("enable", login) == f"{login} is enabled.\n"
    assert re.search(rf"{account} +{login} .* invited", run("list"))


def test_a_name_and_whom_the_account_stands_for_are_changed(run: Run, login: str) -> None:
    invite(run, login, "--practitioner", "practitioner-1", "--establishment", "hospital-1")
    run("describe", login, "--name", "Ann Other", "--practitioner", "", "--patient", "patient-1")
    shown = run("show", login)
    assert re.search(r"^name +Ann Other$", shown, re.M)
    assert re.search(r"^patient +patient-1$", shown, re.M)
    assert re.search(r"^establishment +hospital-1$", shown, re.M)
    assert "practitioner-1" not in shown
    assert "nothing to change" in run("describe", login, code=2)
    assert "by their ids" in run("describe", login, "--patient", "a/b", code=2)


def test_a_reset_asks_first_and_gives_a_new_link(run: Run, login: str) -> None:
    _, old = invite(run, login)
    run("reset", login, code=1)
    new = LINK.search(run("reset", login, "--yes"))
    assert new
    assert new[1] != old


def test_ending_sessions_says_how_many(run: Run, login: str) -> None:
    invite(run, login)
    assert run("revoke", login) == "0 sessions ended.\n"
    assert "no such session" in run("revoke", login, "77", code=2)


def test_a_training_is_noted_until_a_day_and_taken_back(run: Run, login: str) -> None:
    invite(run, login)
    assert re.search(r"^trained +no$", run("show", login), re.M)
    told = run("train", login, "--until", "2099-06-30")
    assert told == f"{login}, trained: until 2099-06-30.\n"
    told = run("train", login, "--until", "2026-01-31")
    assert told == f"{login}, trained: until 2026-01-31, run out.\n"
    assert re.search(r"^cleared +no$", run("show", login), re.M)
    assert run("train", login, "--not") == f"{login}, trained: no.\n"
    for wrong in ((), ("--until", "2099-06-30", "--not"), ("--until", "30/06/2099")):
        run("train", login, *wrong, code=2)


def test_nothing_to_change_is_said(run: Run, login: str) -> None:
    invite(run, login)
    assert "nothing to change" in run("roles", login, code=2)
