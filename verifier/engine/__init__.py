"""From the bytes of an object and a kernel to a verdict per program, with findings.

Pure. `object/` reads ELF, `flow/` finds out what the kernel's verifier would walk, `judging/`
decides on it, `reports/` writes it out; `verdict.py` is the whole in three calls. Imports
`kfmap.permission` and reading, no framework.
"""
