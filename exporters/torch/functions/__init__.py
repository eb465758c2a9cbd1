"""Functions that the generated module calls where torch has no single one of that meaning.

They are named functions, never lambdas, so that a generated module can be pickled, copied and
printed; no two of them share a name, so that they can be printed into one file.
"""

from . import attention, recurrences, repetition, tensors

MODULES = (tensors, attention, recurrences, repetition)
