"""`python -m egide.db.migrations baseline`: writes the first migration from the schema files.

For use until a release carries the schema; after that each change is a migration of its own.
"""

import sys

from egide.db.versions import BASELINE, MIGRATIONS, baseline, migrations

if sys.argv[1:] != ["baseline"]:
    sys.exit("usage: python -m egide.db.migrations baseline")
if len(migrations(MIGRATIONS)) > 1:
    sys.exit("a second migration exists: the first one is history and stays as it is")
MIGRATIONS.joinpath(BASELINE).write_text(baseline(), "utf-8")
