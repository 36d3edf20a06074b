"""Refusals, told to the ledger: one by one, and summed up when they come in floods."""

from egide.accounts.events import AccountEvent, Append, Kind
from egide.accounts.failures import FAILURES_PER_ADDRESS, Failures
from egide.clock import Clock


class Refusals:
    """Writes what was refused; one instance a process."""

    def __init__(self, clock: Clock, append: Append) -> None:
        self._clock = clock
        self._append = append
        self._failures = Failures()

    async def tell(self, kind: Kind, reason: str, address: str, account: int = 0) -> None:
        """One more refusal, for `reason` (a code), of something from `address`."""
        standing = self._failures.note(address, (address, FAILURES_PER_ADDRESS))
        if standing.report:
            await self._write(kind, reason, address, account, standing.report)

    async def settle(self) -> None:
        """Writes those that came too fast to be written one by one."""
        for address, count in self._failures.settle():
            await self._write("sign-in-refused", "too-many", address, 0, count)

    async def _write(self, kind: Kind, reason: str, address: str, account: int, count: int) -> None:
        await self._append(
            AccountEvent(
                kind,
                self._clock(),
                outcome="refused",
                account=account,
                address=address,
                reason=reason,
                count=count,
            )
        )
