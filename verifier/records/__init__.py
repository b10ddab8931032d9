"""The rows of uploads: submissions, objects, jobs, verdicts, reviews.

`models/` has them one topic a file; `store.py` is the only mapping between verdicts and rows.
Imports the rows of the map and the engine's values, never jobs or pages.
"""
