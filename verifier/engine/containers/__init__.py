"""Find BPF objects in what people have in their hands: programs, packages, archives, skeletons.

Begin with `find.py`. Bytes in, objects out, bounded in count, size and depth: everything here is
as hostile as an upload. Nothing is written, and nothing of the rest of the engine is imported.
"""
