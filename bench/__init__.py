"""Benchmarks on pinned work: ratios within one run, never absolute claims. Run each as `./dev bench NAME`."""
