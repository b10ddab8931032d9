"""The commands of the shell: `kfmap verify`, `kfmap can-call`, and what Django adds to them.

One module per command, named in `commands.py`; `main.py` starts them. Nothing here imports Django
before it is needed: `verify` and `can-call` read the bundled kernels without it, and only a map in
the database, or a command of Django's own, loads it. May import every other room.
"""
