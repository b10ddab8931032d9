"""One module per idiom of the kernel's source: id sets, registrations, filters, masks, targets, …

Each takes parsed code and returns records of `facts.py`, with the file and line; what it does not
understand it says so of. Filters become trees of `rule_form.py`. May import `kfmap.kernel` only.
"""
