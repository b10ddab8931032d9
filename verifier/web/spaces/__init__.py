"""The pages of spaces: what one holds, who is in it, how one gets in, its settings, its trail.

Begin with `urls.py`. What a reader may do is decided by `verifier.web.found` before a view runs.
"""
