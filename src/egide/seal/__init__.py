"""Sealing: bodies under the patient's own key, keyed hashes for what the index may hold.

Pure but for `egide.seal.providers`, which keeps the root secret somewhere.
"""

from egide.seal.blind import BlindIndex
from egide.seal.data_key import DataKey
from egide.seal.dictionary import dictionary_for
from egide.seal.envelope import SealBroken
from egide.seal.keyring import KeyRing
from egide.seal.owner import BESIDE_COMPARTMENT, Owner, owner

__all__ = [
    "BESIDE_COMPARTMENT",
    "BlindIndex",
    "DataKey",
    "KeyRing",
    "Owner",
    "SealBroken",
    "dictionary_for",
    "owner",
]
