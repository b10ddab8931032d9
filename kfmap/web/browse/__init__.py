"""Pages of what a kernel has: kernels, kfuncs, contexts, sets, filters, hooks, struct_ops; search.

One module per kind of thing; begin with `kernels.py`.
"""
