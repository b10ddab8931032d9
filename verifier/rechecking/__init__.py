"""Stored objects checked again when a kernel, a policy or a version of the engine is new.

Begin with `advance.py`: at every tick a worker notices what changed (`noticing.py`), opens the jobs
of some more objects, sets their answers beside those of before (`compare.py`) and, at the end,
tells the owners (`telling.py`). All of it is in rows. Imports verifier.jobs and rows, never pages.
"""
