"""The module as one Python file: another process runs it with torch alone."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys

import numpy as np
import pytest
import torch
from compiled import NAMES, drawn, example, trained
from s2sgraph_exporters.torch.functions import MODULES

from s2sgraph.exporting import exporter

CALL = """
import sys, numpy, torch
from safetensors.torch import load_file
sys.path.insert(0, {folder!r})
from model import Model
assert not any(name.startswith("s2sgraph") for name in sys.modules)
module = Model().eval()
module.load_state_dict(load_file({folder!r} + "/model.safetensors"))
inputs = numpy.load({folder!r} + "/inputs.npz")
found = module(*(torch.from_numpy(inputs[name]) for name in inputs.files))
numpy.save({folder!r} + "/found.npy", found.detach().numpy())
"""


def test_another_process_computes_the_same(tmp_path):
    model = example("specs/dates")
    script, weights = model.emit(tmp_path / "model.py", trained(model))
    assert (script.name, weights.name) == ("model.py", "model.safetensors")
    inputs = drawn(model, "teach")
    np.savez(tmp_path / "inputs.npz", **inputs)
    subprocess.run([sys.executable, "-c", CALL.format(folder=str(tmp_path))], check=True)
    module = model.to_torch(weights=trained(model)).eval()
    expected = module(*(torch.from_numpy(array) for array in inputs.values())).detach().numpy()
    np.testing.assert_array_equal(np.load(tmp_path / "found.npy"), expected)


@pytest.mark.parametrize("name", NAMES)
def test_the_text_of_every_example_computes_the_same(name):
    model = example(name)
    module = model.to_torch(weights=trained(model)).eval()
    names: dict = {}
    exec(compile(exporter("torch").source(module, title=name), f"<{name}>", "exec"), names)
    other = names["Model"]().eval()
    other.load_state_dict(dict(module.named_parameters()))
    inputs = [torch.from_numpy(np.asarray(array)) for array in drawn(model, "teach").values()]
    found, expected = other(*inputs), module(*inputs)
    for key in expected if isinstance(expected, dict) else [...]:
        a, b = (found, expected) if key is ... else (found[key], expected[key])
        assert torch.equal(a, b)


@pytest.mark.parametrize("name", ["specs/dates", "published/transformer_2017"])
def test_the_text_has_what_it_uses_and_nothing_else(name, tmp_path):
    model = example(name)
    script, _ = model.emit(tmp_path / "model.py", trained(model))
    lint = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "F401,F811,F821"]
    found = subprocess.run([*lint, script], capture_output=True, text=True)
    assert found.returncode == 0, found.stdout
    text = script.read_text()
    recurrent = name == "specs/dates"
    assert ("def lstm(" in text, "def faced(" in text) == (recurrent, recurrent)
    assert "def gru(" not in text


def test_no_two_definitions_that_are_printed_share_a_name():
    trees = [ast.parse(inspect.getsource(module)) for module in MODULES]
    names = [node.name for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert len(names) == len(set(names)) > 20
