"""Benchmarks: ratios against hand-written peers and another toolkit, measured by turns."""
