"""Decide what a kernel does with each program of an object, and why.

Pure. `prepared.py` holds what is the same for every kernel, `kernel.py` what is asked of one,
`program.py` goes through the questions in the kernel's order, one module per question. Imports
`flow/`, `object/` and `kfmap.permission`.
"""
