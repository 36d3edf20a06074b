"""The refusal of a resource that breaks the standard."""

from collections.abc import Sequence

from egide.errors import Incorrect, Issue


class Invalid(Incorrect):
    """What was sent is not a valid resource; every finding is in `issues`."""

    def __init__(self, issues: Sequence[Issue]) -> None:
        first = issues[0]
        where = f"{first.expression}: " if first.expression else ""
        more = f" (and {len(issues) - 1} more)" if len(issues) > 1 else ""
        super().__init__(f"{where}{first.diagnostics}{more}", issues=issues)
