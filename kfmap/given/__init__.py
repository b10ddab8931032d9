"""Look at what somebody gives as a kernel: source, configuration and image, in any of their forms.

Pure but for the files it is given: paths in, values and sentences out. `source.py` finds the tree,
`configuration.py` and `types.py` what goes with it, `read.py` puts them together; what does not fit
is said, and refused unless it is wanted anyway. Imports reading and archives only.
"""
