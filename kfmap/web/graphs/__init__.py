"""Pages that draw graphs of a kernel; `kfmap.graphs` builds and places them.

`graphs.py` has the views.
"""
