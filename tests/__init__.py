"""The tests mirror `src`; `tests.reference` is the exchange's rules in their most readable form."""
