"""Advisory locks of the ledger: (LOCKS, 0) is the integrator's, (LOCKS, n) that of writer n.

A session-level lock is freed by the server when its connection ends, however it ends.
"""

LOCKS = int.from_bytes(b"egle", "big")
"""The class of the ledger's locks, a positive integer of 32 bits."""

INTEGRATOR = 0
