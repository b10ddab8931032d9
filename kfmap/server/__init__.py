"""Running kfmap: `up`, web server, embedded worker, health, and the checks of settings.

`environment.py` and `data_dir.py` are what `kfmap/settings.py` is made of; begin with the command
`up`. May import jobs, rows and accounts; commands without Django import `data_dir.py` and
`upload_limit.py` from here, which know nothing of it.
"""
