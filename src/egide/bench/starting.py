"""Start times and memory: on existing data, and after everything was killed at once."""

from egide.bench import targets
from egide.bench.figure import Figure, Section
from egide.bench.processor import family, memory
from egide.bench.server import Server, served
from egide.bench.site import Site

_MIB = 1024 * 1024


def memories(server: Server, engine: int) -> Section:
    """What a worker, the supervisor and the engine take of memory, after the loads."""
    workers = [memory(pid) for pid in server.workers]
    own = memory(server.process.pid)
    nursery = [memory(pid) for pid in server.nurseries]
    backends = [memory(pid) for pid in family(engine)]
    many = len(workers)
    figures = (
        _size("a worker, private", sum(each.private for each in workers) / many, f"{many} workers"),
        _size("a worker, proportional", sum(each.proportional for each in workers) / many),
        _size(
            "the nursery, proportional",
            sum(each.proportional for each in nursery),
            "the code of the workers, which they share",
        ),
        _size("the supervisor, private", own.private, "engine, integrator, no request"),
        _size(
            "the engine, proportional",
            sum(each.proportional for each in backends),
            f"{len(backends)} processes, shared buffers as far as they are used",
        ),
    )
    return Section("Memory", "From /proc/PID/smaps_rollup, after all loads above.", figures)


def starting(site: Site, *, workers: int) -> Section:
    """`egide serve` until /health/ready says yes; the engine must not run when this is called."""
    with served(site, workers=workers) as server:
        fresh = server.started_in
        server.kill()
    with served(site, workers=workers) as server:
        killed = server.started_in
        server.kill()
    figures = (
        Figure(
            name="start on existing data",
            value=fresh,
            unit="s",
            target=targets.START,
            note="engine, schema check, workers",
        ),
        Figure(
            name="start after kill -9 of everything",
            value=killed,
            unit="s",
            target=targets.START_AFTER_KILL,
            note="server, workers and postmaster killed at once; recovery from the log included",
        ),
    )
    return Section("Starts", "From the command to the first 200 of /health/ready.", figures)


def _size(name: str, size: float, note: str = "") -> Figure:
    return Figure(name=name, value=size / _MIB, unit="MiB", note=note)
