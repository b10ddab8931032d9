"""Bounds on what one account or one address may do in a time: uploads, guesses, messages.

Counted in the database, so that all web processes count together. `models.py` counts, `limits.py`
names the bounds, `uploads.py` and `guesses.py` ask. Rows of its own; imports no other room.
"""
