"""kfmap: which BPF program may call which kernel function, on which kernel, and why.

Pages stand on jobs, jobs on rows, rows on judging, judging on reading: `README.md` draws it. Begin
with `kernel/facts.py` (what is known of a kernel) and `permission/decide.py` (what follows).
"""

__version__ = "0.2.0"
