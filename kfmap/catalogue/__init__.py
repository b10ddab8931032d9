"""The rows of the map, and the kernels that come with it.

`store.py` is the only mapping between rows and facts; `models/` has the rows, `bundled/` the files
of the kernels that are shipped, which `bundled_kernels.py` reads without Django. Imports judging
and reading, never pages or jobs.
"""
