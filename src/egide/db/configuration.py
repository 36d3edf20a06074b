"""The embedded engine's settings: for a small machine, durable, and silent about what it is asked.

https://www.postgresql.org/docs/18/runtime-config.html
"""

import os
from pathlib import Path


def configuration(available: int, *, durable: bool = True) -> str:
    """The text of postgresql.conf for a machine with `available` bytes of memory."""
    megabytes = available // 2**20
    settings: dict[str, str | int] = {
        "listen_addresses": "''",
        "unix_socket_permissions": "0700",
        "max_connections": 100,
        "password_encryption": "scram-sha-256",
        # memory
        "shared_buffers": f"{min(max(megabytes // 8, 64), 2048)}MB",
        "effective_cache_size": f"{max(megabytes // 2, 256)}MB",
        "work_mem": "16MB",
        "maintenance_work_mem": "128MB",
        "io_method": "worker",
        "io_workers": 2,
        # plans
        "jit": "off",
        "random_page_cost": "1.1",
        # writes
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "wal_compression": "pglz",
        "max_wal_size": "2GB",
        "min_wal_size": "256MB",
        "checkpoint_timeout": "15min",
        "checkpoint_completion_target": "0.9",
        "autovacuum_naptime": "20s",
        "autovacuum_vacuum_scale_factor": "0.05",
        "autovacuum_vacuum_insert_scale_factor": "0.1",
        "autovacuum_analyze_scale_factor": "0.05",
        "autovacuum_vacuum_cost_limit": 1000,
        # the log tells what the engine does, never what it was asked: an error's text can quote
        # a row, so errors are not logged here; the caller gets them, emptied of values
        "logging_collector": "on",
        "log_directory": "'../log/postgres'",
        "log_filename": "'postgres-%d.log'",
        "log_file_mode": "0600",
        "log_rotation_age": "1d",
        "log_rotation_size": 0,
        "log_truncate_on_rotation": "on",
        "log_timezone": "'UTC'",
        "log_min_messages": "log",
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
        "log_statement": "none",
        "log_min_duration_statement": -1,
        "log_parameter_max_length": 0,
        "log_parameter_max_length_on_error": 0,
        "log_lock_waits": "off",
        "track_activity_query_size": 100,
        "update_process_title": "off",
    }
    if not durable:
        settings |= {
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "shared_buffers": "64MB",
            "io_method": "sync",
            "autovacuum": "off",
        }
    lines = [f"{name} = {value}" for name, value in settings.items()]
    heading = "# Written by Égide at each start; what ../postgres.conf says comes after and wins."
    return "\n".join([heading, *lines, "include_if_exists = '../postgres.conf'", ""])


def memory() -> int:
    """Bytes this process may use: the machine's, or its control group's if that is less."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        return min(machine, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    except (OSError, ValueError):
        return machine
