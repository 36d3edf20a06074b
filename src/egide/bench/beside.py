"""An import that goes on beside a load, of the corpus under new identities."""

import asyncio
import contextlib
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

from egide.bench.site import environment
from egide.bench.stand import Stand
from egide.errors import Fault

_SECONDS_TO_START = 2.0
_numbers = count(90)
"""Copies of the corpus nobody else loads."""


@asynccontextmanager
async def importing_beside(stand: Stand) -> AsyncIterator[None]:
    """Run `egide import` with its usual loaders while the block runs.

    Raises Fault when it ended before the block did.
    """
    folder = stand.site.folder / "meanwhile"
    for _ in range(2):
        number = next(_numbers)
        stand.corpus.write(folder / str(number), number)
    importing = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "egide",
        "import",
        str(folder),
        env=environment(stand.site.settings),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await asyncio.sleep(_SECONDS_TO_START)
        yield
        if importing.returncode is not None:
            raise Fault("the import beside a load ended before it")
    finally:
        with contextlib.suppress(ProcessLookupError):
            importing.terminate()
        await importing.wait()
        shutil.rmtree(folder)
