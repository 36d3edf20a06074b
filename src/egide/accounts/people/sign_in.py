"""Signing in: a passkey, or a password and then a code; never one factor alone."""

from egide.accounts.people.entries import Begun, HalfSignedIn, SignedIn, Visitor


class SignIn:
    """Reached as `People.sign_in`.

    Every refusal is SignInRefused with one wording, or TooManyAttempts with `retry_after`, which
    a device the account knows never meets for what strangers did.
    """

    async def begin_passkey(self, login: str = "") -> Begun:
        """Options for `navigator.credentials.get()`, bound to a new pre-session.

        Without a login name the browser offers the passkeys it has. An unknown name is answered
        like a known one. Raises Unavailable when passkeys cannot be.
        """
        raise NotImplementedError

    async def finish_passkey(self, value: str, response: str, visitor: Visitor) -> SignedIn:
        """A session for a browser's answer (JSON) to `begin_passkey`; `value` is its cookie."""
        raise NotImplementedError

    async def password(self, login: str, password: str, visitor: Visitor) -> HalfSignedIn:
        """A pre-session for the right password of an account that has TOTP. Opens nothing."""
        raise NotImplementedError

    async def code(self, value: str, code: str, visitor: Visitor) -> SignedIn:
        """A session for the TOTP code that completes a password; `value` is its pre-session."""
        raise NotImplementedError

    async def recovery_code(self, value: str, code: str, visitor: Visitor) -> SignedIn:
        """The same with a recovery code, which is used up."""
        raise NotImplementedError
