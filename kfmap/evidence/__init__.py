"""Evidence that is kept: what booted kernels answered, and which cells of the map it confirms.

`store.py` takes evidence in, `confirming.py` answers for one cell. Imports the rows of the map and
kfmap.probe, which reads and compares evidence; never pages.
"""
