"""Decide what a kernel does with each program of an object, and why.

Pure. `prepared.py` holds what is the same for every kernel, `kernel.py` what is known of one, and
`interview.py` every question that judges may ask of it. `program.py` goes through these in the
kernel's order, one module per question. Imports `flow/`, `object/` and `kfmap.permission`.
"""
