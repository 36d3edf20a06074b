"""Settings, read once from the environment: `EGIDE_` and the name of the field."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from egide.errors import Incorrect
from egide.opening import OpeningHours, opening_hours

Network = IPv4Network | IPv6Network
LOOPBACK: tuple[Network, ...] = (ip_network("127.0.0.0/8"), ip_network("::1"))
PARIS = ZoneInfo("Europe/Paris")
ORACLE_LIMIT = 300
ORACLE_LIMIT_APPLICATION = 3_000


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
    establishment: str | None = None
    """EGIDE_ESTABLISHMENT: the establishment's name, at the top of each page. None: no name."""
    session_idle: int = 30 * 60
    """EGIDE_SESSION_IDLE: a person's session ends when it was not used for as long."""
    session_lifetime: int = 12 * 60 * 60
    """EGIDE_SESSION_LIFETIME: a person's session ends as long after sign-in, used or not."""
    federation: Path | None = None
    """EGIDE_FEDERATION: the file of the identity issuers people may log in by. None: none."""
    proxies: tuple[Network, ...] = ()
    """EGIDE_PROXIES: addresses or networks, with commas between, of the proxies in front of the
    server, whose `X-Forwarded-For` is believed. None: the other end of a connection is the client.
    """
    networks: tuple[Network, ...] | None = None
    """EGIDE_NETWORKS: addresses or networks, with commas between, of the establishment: what asks
    from there is inside. None: this machine itself; nobody when a proxy stands in front (an https
    `EGIDE_BASE_URL`) that `EGIDE_PROXIES` does not name."""
    care_grace: timedelta = timedelta(days=30)
    """EGIDE_CARE_GRACE: days for which care goes on after an encounter or an episode has ended."""
    opening: OpeningHours | None = None
    """EGIDE_OPENING: when the admission desks work, as `mon-fri 07:00-20:00, sat 08:00-12:30`, in
    the establishment's time zone; outside of it their role opens nothing. None: day and night."""
    export_folder: Path | None = None
    """EGIDE_EXPORT_FOLDER: the one folder exports may go to unencrypted, mode 0700. None: none."""
    oracle_limit: int = ORACLE_LIMIT
    """EGIDE_ORACLE_LIMIT: requests an hour of one account whose answers could tell that somebody is
    known here: see [what cannot be avoided](../concepts/access.md#hidden-not-refused)."""
    oracle_limit_application: int = ORACLE_LIMIT_APPLICATION
    """EGIDE_ORACLE_LIMIT_APPLICATION: the same, of one application for all it acts for."""
    key_set_networks: tuple[Network, ...] = ()
    """EGIDE_KEY_SET_NETWORKS: addresses or networks, with commas between, that are not public, and
    that key sets applications publish are fetched from all the same. None: none."""
    registration: bool = False
    """EGIDE_REGISTRATION: `on` lets applications register themselves, with an access token."""

    @property
    def inside(self) -> tuple[Network, ...]:
        """The networks that count as the establishment's own."""
        if self.networks is not None:
            return self.networks
        unknown_proxy = (self.base_url or "").startswith("https:") and not self.proxies
        return () if unknown_proxy else LOOPBACK


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
            establishment=_shown(env, "EGIDE_ESTABLISHMENT"),
            session_idle=_positive(env, "EGIDE_SESSION_IDLE", default.session_idle),
            session_lifetime=_positive(env, "EGIDE_SESSION_LIFETIME", default.session_lifetime),
            federation=Path(env["EGIDE_FEDERATION"]) if env.get("EGIDE_FEDERATION") else None,
            proxies=networks(env.get("EGIDE_PROXIES") or "", "EGIDE_PROXIES"),
            networks=(
                networks(env["EGIDE_NETWORKS"], "EGIDE_NETWORKS")
                if env.get("EGIDE_NETWORKS")
                else None
            ),
            care_grace=timedelta(days=_positive(env, "EGIDE_CARE_GRACE", default.care_grace.days)),
            opening=(
                opening_hours(env["EGIDE_OPENING"], "EGIDE_OPENING")
                if env.get("EGIDE_OPENING")
                else None
            ),
            export_folder=(
                Path(env["EGIDE_EXPORT_FOLDER"]) if env.get("EGIDE_EXPORT_FOLDER") else None
            ),
            oracle_limit=_positive(env, "EGIDE_ORACLE_LIMIT", default.oracle_limit),
            oracle_limit_application=_positive(
                env, "EGIDE_ORACLE_LIMIT_APPLICATION", default.oracle_limit_application
            ),
            key_set_networks=networks(
                env.get("EGIDE_KEY_SET_NETWORKS") or "", "EGIDE_KEY_SET_NETWORKS"
            ),
            registration=_on(env, "EGIDE_REGISTRATION"),
        )
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise Incorrect(f"EGIDE_ZONE names no time zone: {zone!r}") from error


def environ(known: Settings) -> dict[str, str]:
    """What `settings` would read `known` from, with absolute paths: for another process of ours."""
    said = {
        f"EGIDE_{each.name.upper()}": _said(getattr(known, each.name)) for each in fields(known)
    }
    return {name: text for name, text in said.items() if text}


def _said(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "on" if value else "off"
        case Path():
            return str(value.resolve())
        case ZoneInfo():
            return value.key
        case timedelta():
            return str(value.days)
        case tuple():
            return ",".join(map(str, value))
        case _:
            return str(value)


def _on(env: Mapping[str, str], name: str) -> bool:
    text = env.get(name) or "off"
    if text not in ("on", "off"):
        raise Incorrect(f"{name} is on or off, not {text!r}")
    return text == "on"


def networks(text: str, name: str) -> tuple[Network, ...]:
    """Addresses and networks written with commas between. Raises Incorrect, naming the variable."""
    found = []
    for piece in filter(None, (each.strip() for each in text.split(","))):
        try:
            found.append(ip_network(piece))
        except ValueError:
            raise Incorrect(f"{name}: {piece!r} is no address and no network") from None
    return tuple(found)


def _positive(env: Mapping[str, str], name: str, default: int) -> int:
    text = env.get(name)
    if not text:
        return default
    if not text.isdigit() or int(text) == 0:
        raise Incorrect(f"{name} must be a positive whole number, not {text!r}")
    return int(text)


def _shown(env: Mapping[str, str], name: str) -> str | None:
    """A text that pages show: one short line."""
    text = env.get(name, "").strip()
    if len(text) > 60 or not text.isprintable():
        raise Incorrect(f"{name} must be one line of at most 60 characters")
    return text or None
