"""Ask a kernel itself which calls it lets pass, and set its answers beside the map.

`probe.c` is the program that asks; `host` builds it and runs it here, `image` in a virtual machine
(`guest.c` makes it process 1 there, `guest` boots it); `evidence` reads what it wrote, `agreement`
compares that with facts. The room imports
kfmap.permission and what lies under it. Begin reading at `probe.c`, whose head says how an answer
is read.
"""
