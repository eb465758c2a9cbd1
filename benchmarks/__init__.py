"""Benchmarks: ratios against hand-written peers, measured in one run, both sides by turns."""
