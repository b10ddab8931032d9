"""Spaces: who has uploads together, who may see and do what with them, and what was done.

`access.py` has the one rule; pages, API, exports, events and the admin ask nothing else. Imports
Django alone; the rows of uploads point here, never the other way.
"""
