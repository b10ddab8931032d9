"""Make the files of `bundled/` from Debian's source and binary packages.

`recipes.json` lists the kernels and `recipes.py` reads it, `new_releases.py` finds what it lacks,
`archive.py` finds packages, `unpack.py` opens them, and `build.py` reads facts, types, options and
functions out of them. Used by `bundle_kernels` only.
"""
