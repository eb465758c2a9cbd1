"""Evaluating by torch: a module that decodes, behind the session that also runs files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from s2sgraph.model import Model, compile
from s2sgraph.runtime import Session
from s2sgraph.runtime.contract import read_contract
from s2sgraph.spec import load


class ModuleEngine:
    """Runs the decode graph of a model by torch, in place of onnxruntime and a file.

    Args:
        model: what to decode with.
        weights: as `Model.to_torch` takes them; None until `take` gives some.
        outputs: references of further outputs.
    """

    def __init__(self, model: Model, weights: Any = None, outputs: Sequence[str] = ()) -> None:
        self.names = [given.name for given in model.inputs("decode", outputs)]
        self.module: nn.Module = model.to_torch(graph="decode", weights=weights, outputs=outputs)
        self.module.eval()

    def take(self, weights: Mapping[str, Tensor]) -> None:
        """Decode with these weights by path from now on, on the device where they are."""
        own = dict(self.module.named_parameters())
        self.module.to(next(iter(weights.values())).device)
        with torch.no_grad():
            for path, weight in own.items():
                weight.copy_(weights[path])

    def run(self, names: Sequence[str], inputs: Mapping[str, NDArray[Any]]) -> list[Any]:
        """The outputs of these names, for arrays by name."""
        device = next(self.module.parameters()).device
        tensors = [torch.tensor(inputs[name], device=device) for name in self.names]
        with torch.inference_mode():
            found = self.module(*tensors)
        outputs = found if isinstance(found, dict) else {names[0]: found}
        return [np.asarray(outputs[name].cpu()) for name in names]


def session_of(model: Model, engine: ModuleEngine, outputs: Sequence[str] = ()) -> Session:
    """A session over an engine: what is true of a decode file of the model is true of it."""
    contract = read_contract(model.metadata("decode", {}, outputs))
    return Session.over(engine, contract, model.spec.name)


def session_of_run(folder: Path) -> Session:
    """A session over the best weights of a run folder.

    Raises:
        SpecError: the folder's spec is no model.
        WeightError: its weights are not those of the model.
    """
    model = compile(load(folder / "spec.yaml"))
    return session_of(model, ModuleEngine(model, folder / "best.safetensors"))
