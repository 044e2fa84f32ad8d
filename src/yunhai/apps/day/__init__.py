"""The day 一日: a broker-branch report made into orders, run through venue and journal, and compared.

Read in this order: `report` (the file becomes arrays), `securities` (its codes, ticks and limits), `cuts` and `lots`
(what is traded on which book), `path` (when which price is traded), `plan` (the orders), `run`, `compare`, `output`.
"""
