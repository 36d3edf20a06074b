"""Settings, read once from the environment; every name starts with `EGIDE_`."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from egide.errors import Incorrect

PARIS = ZoneInfo("Europe/Paris")


@dataclass(frozen=True, slots=True)
class Settings:
    """What an installation can be told. Sizes in bytes, times in seconds."""

    data: Path = Path("egide-data")
    """EGIDE_DATA: the folder of the embedded engine, its logs and sockets."""
    key_file: Path | None = None
    """EGIDE_KEY_FILE: the root key; outside `data`, mode 0600. None: not configured yet."""
    database_url: str | None = None
    """EGIDE_DATABASE_URL: an external PostgreSQL; None: the embedded engine."""
    zone: ZoneInfo = PARIS
    """EGIDE_ZONE: the establishment's time zone, for dates written without one."""
    body_limit: int = 64 * 1024 * 1024
    """EGIDE_BODY_LIMIT: the largest request body taken."""
    base_url: str | None = None
    """EGIDE_BASE_URL: the public address of `/fhir`'s parent; None: the request's own."""
    care_grace: timedelta = timedelta(days=30)
    """EGIDE_CARE_GRACE: days for which care goes on after an encounter or an episode has ended."""
    export_folder: Path | None = None
    """EGIDE_EXPORT_FOLDER: the one folder exports may go to unencrypted, mode 0700. None: none."""


def settings(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings in `environ` (default: the process's). Incorrect names a bad variable."""
    env = os.environ if environ is None else environ
    default = Settings()
    zone = env.get("EGIDE_ZONE")
    try:
        return Settings(
            data=Path(env["EGIDE_DATA"]) if env.get("EGIDE_DATA") else default.data,
            key_file=Path(env["EGIDE_KEY_FILE"]) if env.get("EGIDE_KEY_FILE") else None,
            database_url=env.get("EGIDE_DATABASE_URL") or None,
            zone=ZoneInfo(zone) if zone else default.zone,
            body_limit=_positive(env, "EGIDE_BODY_LIMIT", default.body_limit),
            base_url=(env.get("EGIDE_BASE_URL") or "").rstrip("/") or None,
            care_grace=timedelta(days=_positive(env, "EGIDE_CARE_GRACE", default.care_grace.days)),
            export_folder=(
                Path(env["EGIDE_EXPORT_FOLDER"]) if env.get("EGIDE_EXPORT_FOLDER") else None
            ),
        )
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise Incorrect(f"EGIDE_ZONE names no time zone: {zone!r}") from error


def _positive(env: Mapping[str, str], name: str, default: int) -> int:
    text = env.get(name)
    if not text:
        return default
    if not text.isdigit() or int(text) == 0:
        raise Incorrect(f"{name} must be a positive whole number, not {text!r}")
    return int(text)
