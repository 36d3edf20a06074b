"""Parameters of operations: what is no number of ours is refused, not tried."""

import pytest

from egide.api.operations.parameters import number
from egide.errors import Incorrect


@pytest.mark.parametrize(
    "text", ["", "-1", "1.0", "²", "١", "9223372036854775808", "1" * 5_000, "0x10", " 7"]
)
def test_what_is_no_number_of_ours_is_refused(text: str) -> None:
    with pytest.raises(Incorrect):
        number({"account": text}, "account")


def test_every_number_of_ours_is_read() -> None:
    assert number({"account": str(2**63 - 1)}, "account") == 2**63 - 1
    assert number({"account": "7"}, "account") == 7
