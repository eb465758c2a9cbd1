"""Attention by torch's kernel."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def attend(
    query: Tensor,
    keys: Tensor,
    values: Tensor,
    mask: Tensor | None,
    causal: bool,
    rate: float,
    training: bool,
) -> Tensor:
    """Scaled dot-product attention by torch's kernel: `[…, rows, value]`.

    From a query `[…, rows, key]`, keys `[…, over, key]`, values `[…, over, value]` and a mask that
    is broadcast against `[…, rows, over]`.
    """
    live = rate if training else 0.0
    if query.is_cpu and torch.is_autocast_enabled("cpu"):
        # In bfloat16 the gradient of torch's kernel takes many times as long as in float32.
        with torch.autocast("cpu", enabled=False):
            found = attend(
                query.float(), keys.float(), values.float(), mask, causal, rate, training
            )
        return found.to(query.dtype)
    return F.scaled_dot_product_attention(
        query, keys, values, attn_mask=mask, dropout_p=live, is_causal=causal
    )
