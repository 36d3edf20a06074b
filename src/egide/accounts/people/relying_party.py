"""Passkeys, as the server sees them: what a browser is asked, and whether its answer is good.

https://www.w3.org/TR/webauthn-3/#sctn-rp-operations. The origin and the name passkeys are bound
to come from the installation's public address. The user is always verified (by PIN, finger or
face), so that a passkey is two factors. No attestation is asked for.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    options_to_json_dict,
    parse_authentication_credential_json,
    parse_registration_credential_json,
)
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.structs import (
    AttestationConveyancePreference,
    AuthenticatorSelectionCriteria,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from egide.accounts.people.entries import SignInRefused
from egide.errors import Unavailable

NAME = "Égide"
LONGEST_ANSWER = 64 * 1024
_ALGORITHMS = [
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]


@dataclass(frozen=True, slots=True)
class Registered:
    """What a good answer to `creation` brought."""

    credential: bytes
    public_key: bytes
    counter: int
    synced: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """A passkey somebody claims to hold, not verified yet."""

    credential: bytes
    handle: bytes | None
    answer: Any


class RelyingParty:
    """One installation, to browsers."""

    def __init__(self, base_url: str | None) -> None:
        parts = urlsplit(base_url or "")
        self._id = parts.hostname or ""
        self._origin = f"{parts.scheme}://{parts.netloc}".lower()
        secure = parts.scheme == "https" or self._id == "localhost"
        self._possible = bool(self._id) and secure and not _is_address(self._id)

    def creation(
        self, challenge: bytes, handle: bytes, login: str, name: str, have: Sequence[bytes]
    ) -> Mapping[str, object]:
        """Options for `navigator.credentials.create()`; `have`: passkeys there already."""
        self._must_be_possible()
        return options_to_json_dict(
            generate_registration_options(
                rp_id=self._id,
                rp_name=NAME,
                user_name=login,
                user_id=handle,
                user_display_name=name,
                challenge=challenge,
                timeout=300_000,
                attestation=AttestationConveyancePreference.NONE,
                authenticator_selection=AuthenticatorSelectionCriteria(
                    resident_key=ResidentKeyRequirement.PREFERRED,
                    user_verification=UserVerificationRequirement.REQUIRED,
                ),
                exclude_credentials=[PublicKeyCredentialDescriptor(each) for each in have],
                supported_pub_key_algs=_ALGORITHMS,
            )
        )

    def request(self, challenge: bytes, among: Sequence[bytes]) -> Mapping[str, object]:
        """Options for `navigator.credentials.get()`; `among` empty: any the browser has."""
        self._must_be_possible()
        return options_to_json_dict(
            generate_authentication_options(
                rp_id=self._id,
                challenge=challenge,
                timeout=300_000,
                allow_credentials=[PublicKeyCredentialDescriptor(each) for each in among],
                user_verification=UserVerificationRequirement.REQUIRED,
            )
        )

    def registered(self, response: str, challenge: bytes) -> Registered:
        """What a browser's answer to `creation` brought. Raises SignInRefused."""
        try:
            answer = parse_registration_credential_json(_bounded(response))
            verified = verify_registration_response(
                credential=answer,
                expected_challenge=challenge,
                expected_rp_id=self._id,
                expected_origin=self._origin,
                require_user_verification=True,
                supported_pub_key_algs=_ALGORITHMS,
            )
            _same_origin(answer.response.client_data_json)
        except Exception:  # whatever hostile bytes make a parser trip over
            raise SignInRefused("passkey") from None
        return Registered(
            verified.credential_id,
            verified.credential_public_key,
            verified.sign_count,
            verified.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
        )

    def shown(self, response: str) -> Shown:
        """Which passkey a browser's answer to `request` claims to be of. Raises SignInRefused."""
        try:
            answer = parse_authentication_credential_json(_bounded(response))
        except Exception:  # as above
            raise SignInRefused("passkey") from None
        return Shown(answer.raw_id, answer.response.user_handle, answer)

    def counted(self, shown: Shown, challenge: bytes, public_key: bytes) -> int:
        """The counter in an answer, once that is verified. Raises SignInRefused.

        Whether the counter went on is for its keeper to say: see `went_on`.
        """
        try:
            verified = verify_authentication_response(
                credential=shown.answer,
                expected_challenge=challenge,
                expected_rp_id=self._id,
                expected_origin=self._origin,
                credential_public_key=public_key,
                credential_current_sign_count=0,
                require_user_verification=True,
            )
            _same_origin(shown.answer.response.client_data_json)
        except Exception:  # as above
            raise SignInRefused("passkey") from None
        return int(verified.new_sign_count)

    def _must_be_possible(self) -> None:
        if not self._possible:
            raise Unavailable(
                "Passkeys need a public address with https and a name: set EGIDE_BASE_URL"
            )


def went_on(counter: int, before: int) -> bool:
    """Whether a counter is one of the same passkey, later; authenticators without one say 0."""
    return counter > before or counter == before == 0


def _bounded(response: str) -> str:
    if len(response) > LONGEST_ANSWER:
        raise ValueError
    return response


def _same_origin(client_data: bytes) -> None:
    """Refuses an answer made in a frame of another site."""
    if json.loads(client_data).get("crossOrigin"):
        raise ValueError


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
