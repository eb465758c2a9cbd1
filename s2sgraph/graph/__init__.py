"""The op graph: values with named axes, the operations on them, and their meaning in numpy."""
