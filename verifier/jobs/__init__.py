"""Checks as jobs: submitted, run by workers in a process with limits, resumed and cancelled.

`submit.py` takes files in, `tasks.py` has the Celery tasks, `checker.py` starts the process that
reads hostile bytes. A job takes ids only and may run twice. Imports rows, never pages.
"""
