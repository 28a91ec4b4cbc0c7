"""Great Expectations, imported when this module is: for a process that others are forked from."""

from gates.expectations import load_library

load_library()
