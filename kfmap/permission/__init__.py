"""From facts and a context to a verdict with reasons: may this program call this kfunc?

Pure. Imports reading only. Begin with `decide.py` (one cell as the kernel decides it) and
`outcome.py` (what becomes of the call in the end); `matrix.py` has all cells as bits. `engine.py`
holds the version under which answers are stored.
"""
