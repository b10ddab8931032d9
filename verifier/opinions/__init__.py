"""Second opinions: have a kernel itself load the programs of an object, and set what it says beside
kfmap's verdicts.

`load.c` is the only process of the guest; `loader` builds it, `asking` boots kernels with it,
`answers` reads what it wrote, `agreement` compares that with verdicts, `images` knows the kernels
that can be booted. Pure: imports the engine's values, kfmap.probe and kfmap.decoder, no Django.
Begin reading at `opinion.py`, and at the head of `load.c`.
"""
