"""Kernels come into the map: from a shell by `import_kernel`, or as jobs from the browser and API.

`save.py` puts what `kfmap.given` read into rows; `models.py` keeps where it came from and the jobs.
Imports the map's rows and what is under them, never pages.
"""
