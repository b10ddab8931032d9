"""Rows that pages over all kernels read, so that none of them has to load every kernel.

They follow from (facts, engine). `build.py` works them out of one kernel, `keep.py` stores them,
`read.py` answers from them. May import the catalogue and what is pure.
"""
