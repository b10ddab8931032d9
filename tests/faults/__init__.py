"""A whole deployment of real processes, and what is done to it: `python -m tests.faults`."""
