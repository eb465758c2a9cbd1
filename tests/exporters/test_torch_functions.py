"""Functions that modules for torch call."""

import pytest
import torch
from s2sgraph_exporters.torch.functions import attend


@pytest.mark.parametrize("masked", [False, True])
def test_attention_in_bfloat16_is_that_of_float32_with_rounded_inputs(masked: bool) -> None:
    generator = torch.Generator().manual_seed(5)
    given = [torch.randn(2, 3, 7, 4, generator=generator).bfloat16() for _ in range(3)]
    mask = torch.rand(2, 1, 1, 7, generator=generator) > 0.3 if masked else None
    reduced = [part.clone().requires_grad_() for part in given]
    exact = [part.float().requires_grad_() for part in given]
    with torch.autocast("cpu", torch.bfloat16):
        found = attend(*reduced, mask, False, 0.0, True)
    expected = attend(*exact, mask, False, 0.0, True)
    assert found.dtype == torch.bfloat16
    assert torch.equal(found, expected.bfloat16())
    found.sum().backward()
    expected.sum().backward()
    for ours, theirs in zip(reduced, exact, strict=True):
        assert ours.grad is not None
        assert theirs.grad is not None
        assert torch.equal(ours.grad, theirs.grad.bfloat16())
