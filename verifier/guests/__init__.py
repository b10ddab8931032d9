"""Second opinions as jobs: asked for, run one guest at a time, stored, set beside the verdicts.

`models.py` has the one row that is job and opinion; `submit.py` asks, `tasks.py` has the Celery
task of the queue `kernel`, `run.py` boots, `store.py` gives opinions to pages and reports. Imports
verifier.opinions, rows and verifier.jobs, never pages.
"""
