"""The page of mechanisms side by side on one kernel.

`mechanisms.py` has the view, `picture.py` draws, `checked_calls.py` counts calls of uploads.
"""
