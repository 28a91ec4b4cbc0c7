"""Great Expectations, imported when this module is: for a process that others are forked from, hence without polars."""

import os

os.environ["GX_ANALYTICS_ENABLED"] = "false"  # as gates.expectations.load_library
import great_expectations.expectations  # noqa: F401 # the variable is read by this import
