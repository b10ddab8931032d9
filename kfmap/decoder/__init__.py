"""The decoder: what a log of libbpf, the verifier or sched_ext says, and what to do about it.

Begin with `read_log` (reading.py): text → messages, with the program, source line, instruction and
kernel that stand around them. `explain` (explaining.py) answers each message from kernel facts.
The wording of every message that is known is data, one table per family, in `messages/`. Pure: it
may import kfmap.permission and what lies below, never Django.
"""
