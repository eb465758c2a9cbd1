"""Functions that modules for torch call."""

import pytest
import torch
from s2sgraph_exporters.torch.functions.attention import attend
from s2sgraph_exporters.torch.functions.tensors import dropout


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


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 0.9, 1 - 2**-20])
@pytest.mark.parametrize("precision", [torch.bfloat16, torch.float32, torch.float64])
def test_dropout_keeps_its_share_and_the_mean(rate: float, precision: torch.dtype) -> None:
    torch.manual_seed(11)
    x = torch.ones(301, 401, dtype=precision, requires_grad=True)
    found = dropout(x, rate, True)
    kept = found != 0
    share = 1 - min(round(rate * 2**16), 2**16 - 1) / 2**16
    deviation = (share * (1 - share) / x.numel()) ** 0.5
    assert abs(float(kept.double().mean()) - share) <= 4 * deviation
    assert torch.equal(found[kept], torch.full_like(found[kept], 1 / share))
    (gradient,) = torch.autograd.grad(found.sum(), x)
    assert torch.equal(gradient, found)
    assert dropout(x, rate, False) is x or torch.equal(dropout(x, rate, False), x)


def test_dropout_draws_anew_from_the_generator_of_torch() -> None:
    x = torch.ones(5, 3, 7)
    torch.manual_seed(3)
    first, second = dropout(x, 0.5, True), dropout(x, 0.5, True)
    torch.manual_seed(3)
    again = dropout(x, 0.5, True)
    assert not torch.equal(first, second)
    assert torch.equal(first, again)
    assert dropout(x[:0], 0.5, True).shape == (0, 3, 7)


def test_what_dropout_keeps_is_independent_of_the_neighbours() -> None:
    """Four draws come from one word: no pair of their places goes together."""
    torch.manual_seed(4)
    kept = (dropout(torch.ones(100_000, 4), 0.5, True) != 0).double() - 0.5
    shares = kept.T @ kept / len(kept) * 4
    assert torch.allclose(shares, torch.eye(4, dtype=shares.dtype), atol=4 / len(kept) ** 0.5)
