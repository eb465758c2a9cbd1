"""Training: from a spec and files of examples to a run folder with weights."""

from s2sgraph.train.display import display
from s2sgraph.train.errors import TrainingError
from s2sgraph.train.folder import Run
from s2sgraph.train.reports import Progress, Report
from s2sgraph.train.training import train
from s2sgraph.train.trial import Trial, try_out

__all__ = ["Progress", "Report", "Run", "TrainingError", "Trial", "display", "train", "try_out"]
