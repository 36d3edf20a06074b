"""Who encrypted answers of an issuer are for: they open with our private key and nothing else.

RFC 7516: https://www.rfc-editor.org/rfc/rfc7516. What is inside is a signed JWT, and is believed no
more than one that came open.

Invariant: where encryption is configured, nothing is taken that was not encrypted
(test_an_answer_that_is_not_encrypted_is_refused).
"""

from typing import Any, NoReturn

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from egide.accounts.federation.issuer import Encryption
from egide.accounts.federation.refusal import FederationRefused
from egide.errors import Fault


class Recipient:
    """Our private key for one issuer; no text made from it shows it."""

    __slots__ = ("_algorithms", "_key", "_use")

    def __init__(self, encryption: Encryption, key: ECKey | RSAKey) -> None:
        self._algorithms = (encryption.algorithm, encryption.content)
        self._key = key
        self._use = {"use": "enc", "alg": encryption.algorithm, "kid": key.thumbprint()}

    def open(self, text: str) -> str:
        """The JWT inside. Raises FederationRefused (`encryption`)."""
        try:
            opened = jwe.decrypt_compact(text.encode(), self._key, list(self._algorithms))
            if opened.plaintext is None:
                raise FederationRefused("encryption")
            return opened.plaintext.decode("ascii")
        except (JoseError, ValueError, TypeError):
            raise FederationRefused("encryption") from None

    @property
    def public(self) -> dict[str, Any]:
        """The key to encrypt to, as a JWK."""
        return dict(self._key.as_dict(private=False)) | self._use

    def __repr__(self) -> str:
        return "Recipient(…)"

    def __reduce__(self) -> NoReturn:
        raise Fault("a recipient's key is not pickled or copied")


def recipient(encryption: Encryption, raw: bytes) -> Recipient:
    """The recipient whose private key `raw` is, in PEM.

    Raises ValueError, which quotes nothing, when it is not a key for the algorithm.
    """
    kind = ECKey if encryption.algorithm.startswith("ECDH") else RSAKey
    try:
        key = kind.import_key(raw)
    except (JoseError, ValueError, TypeError):
        raise ValueError("not a key for the algorithm") from None
    if not key.is_private:
        raise ValueError("not a private key")
    return Recipient(encryption, key)
