"""Pages of what differs between two kernels, and what each release changed.

`compare.py` has the views, `changes.py` finds the differences.
"""
