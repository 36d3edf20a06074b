"""Who acts when a command is typed: the installation's own account, as administrator."""

from egide.actor import Actor
from egide.ids import internal_number
from egide.record import IMPORT_ACCOUNT

OPERATOR = Actor(
    IMPORT_ACCOUNT, "egide-cli", frozenset({"administrator"}), internal_number(), assurance=2
)
PURPOSE = "HSYSADMIN"
