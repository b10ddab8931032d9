"""Lock the process that reads hostile bytes in: no files, no network, no processes, no root.

`confine` does it, and `confine_reading` to a process that reads a source tree; each says what the
platform did not give. `python -m verifier.engine.confinement` tries the first in a process of its
own and prints that as JSON. Begin with `confine.py`. Imports nothing
of kfmap. Linux only; elsewhere everything is said to be missing.
"""
