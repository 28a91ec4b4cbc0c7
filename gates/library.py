"""Great Expectations as this project imports it, also where other processes are forked from: hence without polars."""

import os

os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read by the import below; users' networks are closed
import great_expectations.expectations  # noqa: F401
