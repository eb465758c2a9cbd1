"""The error of the training stage."""


class TrainingError(Exception):
    """Training cannot start, or cannot go on; the text says why and what to do."""
