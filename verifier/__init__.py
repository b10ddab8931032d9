"""BPF objects, checked against the kernels of the map.

`engine/` is pure and does the work; `jobs/` runs it under limits, `records/` keeps what came of it,
`web/` shows it. Begin with `engine/verdict.py`.
"""
