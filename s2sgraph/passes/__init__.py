"""Passes over the op graph: what makes it smaller, and what gives its axes dimensions."""
