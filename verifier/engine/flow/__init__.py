"""What the kernel's verifier would walk of a program: which calls are live, and with what held.

Pure; the bytes are hostile, so work is bounded by budgets. Begin with `values.py` (what a register
may hold) and `engine.py`; the handbook's page on the flow engine explains the words with a worked
program. Imports `object/` and `kfmap.btf`.
"""
