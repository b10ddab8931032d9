"""Read BTF and .BTF.ext, relocate (CO-RE) and compare prototypes as libbpf does, trim and pack.

Pure: bytes in, values out, every id and offset checked, for the bytes may be hostile. Imports
nothing above the ground floor. Begin with `read.py` (types by id), then `core.py` and `compat.py`.
"""
