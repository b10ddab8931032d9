"""Read a kernel's source tree, with its .config and BTF, into `KernelFacts`.

Pure. Imports `kfmap.btf` and the ground floor. Begin with `facts.py` (what is known of a kernel),
then `extract.py` (in which order it is found out); `rules/` has one module per idiom of the source.
"""
