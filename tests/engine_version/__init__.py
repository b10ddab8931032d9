"""Guards the engine version: the same inputs may be answered differently only under a higher one.

`golden.json` keeps a hash of every bundled kernel's cells and of the verdicts on every object of
`tests/objects` on every bundled kernel. Run `python -m tests.engine_version` to renew it.
"""
