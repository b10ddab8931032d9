"""Ways in which a kernel could decide who may call a kfunc, measured against what it does decide.

Pure. `mechanism.py` says what a mechanism is, each of the others is one, `compare.py` sets them
side by side. Imports `kfmap.permission` and reading.
"""
