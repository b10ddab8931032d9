"""Make the files of `bundled/` from Debian's source and binary packages.

`recipes.py` lists the kernels, `archive.py` finds their packages, `unpack.py` opens them and
`build.py` reads facts, types, options and functions out of them. Used by `bundle_kernels` only.
"""
