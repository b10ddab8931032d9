"""The page on which a kernel's rules are edited, and what flips is shown.

`what_if.py` has the views; `edits_in_address.py` keeps a draft in the address, `exports.py` writes
it out. The edits themselves are `kfmap.permission.what_if`.
"""
