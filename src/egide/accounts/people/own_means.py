"""One's own means to sign in: passkeys, password, TOTP, recovery codes, set up and taken away."""

from egide.accounts.people.entries import Begun, Holder, Means, NewTotp, Passkey


class OwnMeans:
    """Reached as `People.means`.

    Every change by a session raises StepUpNeeded unless two factors were shown a moment ago.
    """

    async def of(self, account: int) -> Means:
        """What an account can sign in with."""
        raise NotImplementedError

    async def begin_passkey(self, holder: Holder, value: str) -> Begun:
        """Options for `navigator.credentials.create()`; `value` is the holder's cookie, given back.

        Raises Unavailable when the installation has no address passkeys can be bound to.
        """
        raise NotImplementedError

    async def finish_passkey(self, holder: Holder, response: str, name: str) -> Passkey:
        """Adds the passkey of a browser's answer (JSON), under a name its owner gives it.

        Raises SignInRefused when the answer is not one to the holder's last `begin_passkey`,
        Incorrect for the name, Conflict when the account has 20 already.
        """
        raise NotImplementedError

    async def remove_passkey(self, holder: Holder, number: int) -> None:
        """Takes a passkey away. Raises NotFound, Conflict when nothing enough would be left."""
        raise NotImplementedError

    async def set_password(self, holder: Holder, password: str) -> None:
        """Sets or changes the password; it opens nothing without TOTP.

        Changing one ends every other session of the account. Raises Incorrect, saying why: too
        short (12 characters), too long (256), common, or like the login name.
        """
        raise NotImplementedError

    async def begin_totp(self, holder: Holder) -> NewTotp:
        """A new secret to put in an authenticator; nothing changes until a code proves it."""
        raise NotImplementedError

    async def finish_totp(self, holder: Holder, code: str) -> None:
        """Takes the secret in use. Raises SignInRefused when the code is not one of it."""
        raise NotImplementedError

    async def remove_totp(self, holder: Holder) -> None:
        """Takes password and TOTP away together. Raises Conflict when no passkey would be left."""
        raise NotImplementedError

    async def new_recovery_codes(self, holder: Holder) -> tuple[str, ...]:
        """Ten codes, told here only, each good once in place of a TOTP code; old ones are dead."""
        raise NotImplementedError
