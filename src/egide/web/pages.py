"""Pages: templates filled in, in a language, as answers.

Jinja2 escapes everything a template is given, and refuses a name it was not given
(https://jinja.palletsprojects.com/en/stable/api/#undefined-types).
"""

from collections.abc import Iterable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time
from jinja2 import Environment, PackageLoader, StrictUndefined
from jinja2.ext import InternationalizationExtension

from egide.http import Header, Response
from egide.http.messages import Language
from egide.web.assets import Assets
from egide.web.forms import Forms
from egide.web.languages import OTHER, catalogue
from egide.web.policy import PAGE, content_security
from egide.web.refused import NOTHING, Refused
from egide.web.visit import Visit

HTML = b"text/html; charset=utf-8"
_DAY = "d MMM y"
"""CLDR's letters: the day first in both languages, as an establishment in France writes it."""


class Pages:
    """Fills templates in. `establishment`: the name at the top of each page, None: none."""

    def __init__(
        self,
        assets: Assets,
        forms: Forms,
        *,
        zone: ZoneInfo,
        establishment: str | None = None,
        demo: bool = False,
    ) -> None:
        """`zone`: the one times are shown in; `demo`: say that the records are made up."""
        self._forms = forms
        self._environments = {
            spoken: _environment(spoken, zone, assets, establishment, demo) for spoken in OTHER
        }

    def answer(
        self,
        visit: Visit,
        template: str,
        *,
        status: int = 200,
        refused: Refused = NOTHING,
        script: bool = False,
        onward: Iterable[str] = (),
        headers: Iterable[Header] = (),
        **values: object,
    ) -> Response:
        """The page `template` with `values`; `script`, `onward`: see `content_security`.

        `refused`: what was not taken, which has a status of its own.
        """

        def form_token(action: str) -> str:
            return self._forms.token(visit.binding, action)

        body = (
            self._environments[visit.language]
            .get_template(template)
            .render(
                visit=visit,
                form_token=form_token,
                script=script,
                refused=refused.why,
                seconds=refused.seconds,
                **values,
            )
        )
        own = [
            (b"content-language", visit.language.encode("ascii")),
            content_security(script=script, onward=onward),
            *headers,
            *refused.headers,
            *PAGE,
        ]
        return Response(refused.status if refused.why else status, body.encode(), own, HTML)


def _environment(
    spoken: Language, zone: ZoneInfo, assets: Assets, establishment: str | None, demo: bool
) -> Environment:
    made = Environment(
        loader=PackageLoader("egide.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=[InternationalizationExtension],
    )
    install = made.install_gettext_translations  # type: ignore[attr-defined]
    install(catalogue(spoken), newstyle=True)
    made.globals |= {
        "asset": assets.address,
        "establishment": establishment,
        "demo": demo,
        "language": spoken,
        "other_language": OTHER[spoken],
    }

    def day(at: datetime) -> str:
        return format_date(at.astimezone(zone), _DAY, locale=spoken)

    def hour(at: datetime) -> str:
        return format_time(at.astimezone(zone), "HH:mm", locale=spoken)

    def birth(said: str) -> str:
        """FHIR's date, which may be a month or a year alone: https://hl7.org/fhir/R4/datatypes.html"""
        try:
            return format_date(date.fromisoformat(said), _DAY, locale=spoken)
        except ValueError:
            return said

    def day_of(said: str) -> str:
        """The day of FHIR's dateTime, which may have a time."""
        try:
            return day(datetime.fromisoformat(said)) if "T" in said else birth(said)
        except ValueError:
            return said

    made.filters |= {
        "day": day,
        "day_of": day_of,
        "hour": hour,
        "birth": birth,
        "instant": datetime.isoformat,
    }
    return made
