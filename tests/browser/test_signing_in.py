"""People enrol, sign in and out, as they do it: in a browser."""

import time

import pyotp
from tests.browser.conftest import Meet, Place

WRONG = "wrong words in a row here"


def test_a_person_enrols_with_a_passkey_and_signs_in_with_it(meet: Meet, place: Place) -> None:
    visitor = meet()
    authenticator = visitor.authenticator()
    person = place.invite()
    visitor.enrol_by_passkey(person)
    assert len(authenticator.passkeys()) == 1
    visitor.sign_out()
    visitor.go("/sign-in")
    visitor.page.get_by_role("heading", name=f"Hello, {person.name}").wait_for()


def test_an_authenticator_that_sees_nobody_opens_nothing(meet: Meet, place: Place) -> None:
    visitor = meet()
    authenticator = visitor.authenticator()
    visitor.enrol_by_passkey(place.invite())
    visitor.sign_out()
    authenticator.fail()
    visitor.go("/sign-in")
    visitor.press("Continue with my passkey")
    visitor.page.get_by_text("The device gave no passkey.").wait_for()
    visitor.go("/account")
    assert visitor.heading() == "Sign in"


def test_a_person_enrols_with_a_password_and_signs_in_with_a_code(meet: Meet, place: Place) -> None:
    visitor = meet(java_script_enabled=False)
    person = place.invite()
    visitor.enrol_by_password(person)
    assert len(visitor.codes) == 10
    visitor.sign_out()
    visitor.give_password(person.login)
    assert visitor.heading() == "Second proof"
    visitor.page.get_by_label("Code of your authenticator").fill(_later(visitor.secret))
    visitor.press("Sign in with this code")
    assert visitor.heading() == f"Hello, {person.name}"


def test_a_password_alone_opens_nothing(meet: Meet, place: Place) -> None:
    visitor = meet(java_script_enabled=False)
    person = place.invite()
    visitor.enrol_by_password(person)
    visitor.sign_out()
    visitor.give_password(person.login)
    visitor.go("/account")
    assert visitor.heading() == "Sign in"


def test_a_wrong_password_is_told_as_an_unknown_name_is(meet: Meet, place: Place) -> None:
    visitor = meet(java_script_enabled=False)
    person = place.invite()
    visitor.enrol_by_password(person)
    visitor.sign_out()
    told = []
    for login in (person.login, "nobody-of-that-name"):
        visitor.give_password(login, WRONG)
        assert visitor.page.get_by_label("Login name").input_value() == login
        assert visitor.page.get_by_label("Password").input_value() == ""
        told.append(visitor.page.get_by_role("alert").inner_text())
    assert told[0] == told[1] != ""


def test_a_wrong_code_is_refused_and_the_next_one_taken(meet: Meet, place: Place) -> None:
    visitor = meet(java_script_enabled=False)
    person = place.invite()
    visitor.enrol_by_password(person)
    visitor.sign_out()
    visitor.give_password(person.login)
    right = _later(visitor.secret)
    wrong = f"{(int(right) + 1) % 1_000_000:06}"
    visitor.page.get_by_label("Code of your authenticator").fill(wrong)
    visitor.press("Sign in with this code")
    assert visitor.page.get_by_label("Code of your authenticator").get_attribute("aria-invalid")
    visitor.page.get_by_label("Code of your authenticator").fill(right)
    visitor.press("Sign in with this code")
    assert visitor.heading() == f"Hello, {person.name}"


def test_a_recovery_code_opens_once(meet: Meet, place: Place) -> None:
    visitor = meet(java_script_enabled=False)
    person = place.invite()
    visitor.enrol_by_password(person)
    for heading in (f"Hello, {person.name}", "Recovery code"):
        visitor.sign_out()
        visitor.give_password(person.login)
        visitor.press("I do not have my authenticator: use a recovery code")
        visitor.page.get_by_label("Recovery code").fill(visitor.codes[0])
        visitor.press("Sign in and use up this code")
        assert visitor.heading() == heading
        if heading == "Recovery code":
            break


def test_recovery_codes_can_be_saved_as_text(meet: Meet, place: Place) -> None:
    visitor = meet()
    visitor.begin(place.invite())
    visitor.press("Set up a password and an authenticator")
    visitor.page.get_by_label("Password").fill("quatre mots sans rapport aucun")
    visitor.press("Keep this password")
    secret = visitor.page.locator("#secret").inner_text().replace(" ", "")
    visitor.page.get_by_label("Type the code it shows").fill(pyotp.TOTP(secret).now())
    visitor.press("Use this authenticator")
    visitor.press("Make ten codes and show them")
    codes = visitor.page.locator(".codes li").all_inner_texts()
    with visitor.page.expect_download() as saving:
        visitor.page.get_by_role("link", name="Save as a text file").click()
    text = saving.value.path().read_text("utf-8")
    assert [line for line in text.splitlines() if line in codes] == codes


def test_a_link_works_once(meet: Meet, place: Place) -> None:
    visitor, person = meet(), place.invite()
    visitor.authenticator()
    visitor.enrol_by_passkey(person)
    other = meet()
    other.go(person.link)
    assert other.heading() == "This link is not valid any more"


def test_looking_at_a_link_uses_it_not_up(meet: Meet, place: Place) -> None:
    person = place.invite()
    for _ in range(2):
        looking = meet()
        looking.go(person.link)
        assert looking.heading() == "Set up my account"
    visitor = meet()
    visitor.authenticator()
    visitor.enrol_by_passkey(person)


def _later(secret: str) -> str:
    """A code of the next half minute: the one of this one may be used up."""
    return pyotp.TOTP(secret).at(time.time() + 30)
