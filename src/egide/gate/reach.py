"""Reach: whose resources a query may look at, a superset of what `permits` opens."""

from functools import lru_cache
from typing import Literal

import msgspec

from egide.gate.roles import Grant


class Reach(msgspec.Struct, frozen=True):
    """Whose resources a query may look at.

    kind: `none`, `one` (only `patient`), `set` (the patients in reach, and `patient` when there is
    one) or `all`. `unbound`: also resources that concern no patient; `held`: also those of all the
    patients of the establishment the roles are held for.
    """

    kind: Literal["none", "one", "set", "all"]
    patient: int | None = None
    unbound: bool = False
    held: bool = False


@lru_cache(maxsize=4096)
def union(
    grants: tuple[Grant, ...],
    own: int | None,
    launched: int | None,
    behalf: int | None,
    held: bool,
) -> Reach:
    """What the reach of some grants comes to; `own`, `launched` and `behalf` are keys of patients,
    `held` says that an establishment bounds it."""
    unbound = any(grant.reach in ("all", "unbound") for grant in grants)
    wide = {grant.reach for grant in grants if not grant.launched}
    ones = {own} if "self" in wide else set()
    ones |= {behalf} if "behalf" in wide else set()
    if any(grant.launched and grant.reach != "unbound" for grant in grants):
        ones.add(launched)
    ones.discard(None)
    if len(ones) > 1 or ("all" in wide and not held):
        return Reach("all", unbound=unbound)
    one = next(iter(ones), None)
    if "all" in wide:
        return Reach("set", one, unbound, held=True)
    if "set" in wide:
        return Reach("set", one, unbound)
    return Reach("none" if one is None else "one", one, unbound)
