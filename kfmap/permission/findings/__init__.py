"""What is wrong, risky or near a limit in a kernel's own registrations.

Pure: from facts and decisions to findings, one module per family. `lint.py` gathers them; begin
with `finding.py`. Imports `kfmap.permission` and reading.
"""
