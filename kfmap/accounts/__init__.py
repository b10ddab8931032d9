"""Accounts: signing in, and the one-time link that creates the administrator.

Rows of its own, Django's users otherwise. May import the map's rows; `models.py` (the link) and
`views.py` are all there is.
"""
