"""The sealed form of a body: two bytes of head, a nonce, and an AES-256-GCM ciphertext.

    byte 0       format version, now 1
    byte 1       dictionary id, 0 for none
    bytes 2-13   nonce, random
    then         ciphertext of the padded zstd frame, and the 16-byte tag

Inside, the frame (RFC 8878, without its four magic bytes, checksum and dictionary id) is followed
by 1 to 32 bytes of padding, each holding their number, so that the ciphertext's length tells the
body's compressed size only to the next 32 bytes.

Invariants: the head is authenticated with the caller's associated data, so neither the version nor
the dictionary can be changed (test_a_changed_byte_anywhere_is_refused); lengths come in 32-byte
steps (test_lengths_come_in_steps_of_32_bytes); a frame never grows past MAX_BODY when opened
(test_a_frame_that_claims_too_much_is_refused).
"""

from egide.errors import Fault

FORMAT = 1
STEP = 32
HEAD = 2
NONCE = 12
TAG = 16
OVERHEAD = HEAD + NONCE + TAG
MAX_BODY = 1 << 28
"""Bytes of the largest body that opens: 256 MiB, well above what a request may carry."""


class SealBroken(Fault):
    """A sealed body did not open: its key or its row is another, or it was changed."""


def head(dictionary: int) -> bytes:
    """The two bytes before the nonce."""
    return bytes((FORMAT, dictionary))


def pad(frame: bytes) -> bytes:
    """`frame` and 1 to 32 bytes more, up to a multiple of 32."""
    return frame + _PADDING[len(frame) % STEP]


def unpad(padded: bytes) -> bytes:
    """What `pad` was given. Raises SealBroken if `padded` is not one of its results."""
    if not padded or len(padded) % STEP:
        raise SealBroken("a sealed body is not a whole number of steps")
    count = padded[-1]
    if not 1 <= count <= STEP:
        raise SealBroken("a sealed body has a broken padding")
    return padded[:-count]


_PADDING = tuple(bytes((STEP - n,)) * (STEP - n) for n in range(STEP))
