"""Choosing samples: a pool, the methods that order it, and what a budget keeps of an ordering.

`methods.METHODS` lists the methods in display order; every one of them is frozen settings with the verb `order`.
"""
