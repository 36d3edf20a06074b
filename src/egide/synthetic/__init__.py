"""Synthetic French-hospital records: made from a seed, about nobody.

Every person, address, number and event here is drawn at random from small built-in lists; a
likeness to somebody real is chance. Numbers are of the kinds set aside for tests and fiction where
such kinds exist (INS of the test authority, telephone numbers kept for films, example domains), and
each patient carries the tag `HTEST`.

Invariants: the same arguments give the same bytes (test_the_same_seed_gives_the_same_bytes);
patient number n does not depend on how many are asked for
(test_a_patient_does_not_depend_on_how_many_are_made).
"""

from egide.synthetic.bundle import bundles, encode

__all__ = ["bundles", "encode"]
