"""Read a compiled BPF object: sections, programs, calls, maps, externs, relocations.

Pure, and written for hostile bytes: `limits.py` bounds what is read, `ObjectError` says what to do.
Begin with `model.py` (what is read) and `read.py` (in which order). Imports `kfmap.btf`.
"""
