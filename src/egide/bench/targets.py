"""The targets of the design, for two cores with the client on the same machine."""

from egide.bench.figure import Target

IMPORT = Target(12_000, "more")
TRANSACTIONS = Target(3_000, "more")
READS = Target(3_500, "more")
READ_P99 = Target(12, "less")
READ_P99_WHILE_IMPORTING = Target(40, "less")
SEARCH_CODE = Target(1_500, "more")
SEARCH_PATIENT_CODE_DATE = Target(2_000, "more")
UPDATES = Target(1_500, "more")
BYTES_PER_RESOURCE = Target(1_200, "less")
WAL_PER_WRITE = Target(6 * 1024, "less")
ERASE = Target(5, "less")
EPOCH_OF_A_MILLION = Target(60, "less")
DECISION = Target(0.5, "less")
TOLD = Target(0.55, "less")
FIRST_PAGE = Target(30, "less")
KEPT_WITHIN_REACH = Target(0.85, "more")
START = Target(2, "less")
START_AFTER_KILL = Target(30, "less")
