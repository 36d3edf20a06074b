"""Training and charter, as commands take and show them: days in the establishment's time zone."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from egide.actor import Clearance
from egide.errors import Incorrect

_MOMENT = timedelta(microseconds=1)


def day(text: str) -> date:
    """Raises Incorrect for what is no date."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Incorrect("a day is written as 2027-06-30") from None


def begins(text: str, zone: ZoneInfo) -> datetime:
    """The first instant of a day. Raises Incorrect."""
    return datetime.combine(day(text), time(), zone)


def ends(text: str, zone: ZoneInfo) -> datetime:
    """The instant a day is over: it is good until then. Raises Incorrect."""
    try:
        return datetime.combine(day(text) + timedelta(days=1), time(), zone)
    except OverflowError:
        raise Incorrect("there is no day after this one") from None


def training(clearance: Clearance, zone: ZoneInfo) -> str:
    """Until when somebody is trained."""
    if clearance.trained is None:
        return "no"
    over = ", run out" if "training" in clearance.lacks else ""
    return f"until {_shown(clearance.trained - _MOMENT, zone)}{over}"


def charter(clearance: Clearance, zone: ZoneInfo) -> str:
    """Whether somebody has signed the charter in force."""
    if clearance.charter is None or clearance.since is None:
        return "none in force"
    since = f"{clearance.charter}, in force since {_shown(clearance.since, zone)}"
    if clearance.signed is None:
        return f"{since}, not signed"
    return f"{since}, signed on {_shown(clearance.signed, zone)}"


def _shown(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d}"
