"""The models of the benchmarks as people write them by hand, with the weights of ours."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Weights = Mapping[str, Tensor]
State = tuple[Tensor, Tensor]
BOS = 1


class Luong(nn.Module):
    """Two LSTM layers each side, general attention after the cells, no feeding (Luong 2015)."""

    def __init__(self, weights: Weights) -> None:
        super().__init__()
        symbols, size = weights["decoder.embedding.weight"].shape
        self.source = nn.Embedding(symbols, size)
        self.target = nn.Embedding(symbols, size)
        self.encoder = nn.LSTM(size, size, 2, batch_first=True)
        self.decoder = self.recurrence(size)
        self.key = nn.Linear(size, size, bias=False)
        self.attended = nn.Linear(2 * size, size, bias=False)
        self.output = nn.Linear(size, symbols)
        with torch.no_grad():
            self.source.weight.copy_(weights["encoder.embedding.weight"])
            self.target.weight.copy_(weights["decoder.embedding.weight"])
            for module, path in ((self.encoder, "encoder.lstm"), (self.decoder, "decoder.state")):
                # By layer: weights of the input and of the state, and two biases.
                for number, parameter in enumerate(module.parameters()):
                    layer, kind = divmod(number, 4)
                    name = ("input", "state", "input_bias", "")[kind]
                    parameter.copy_(weights[f"{path}.{layer}.{name}"] if name else torch.zeros(()))
            self.key.weight.copy_(weights["decoder.context.key"])
            self.attended.weight.copy_(weights["decoder.attended.weight"])
            self.output.weight.copy_(weights["decoder.output.weight"])
            self.output.bias.copy_(weights["decoder.output.bias"])

    def recurrence(self, size: int) -> nn.Module:
        return nn.LSTM(size, size, 2, batch_first=True)

    def encode(self, source: Tensor, length: Tensor) -> tuple[Tensor, Tensor, State]:
        packed = nn.utils.rnn.pack_padded_sequence(
            self.source(source), length, batch_first=True, enforce_sorted=False
        )
        found, state = self.encoder(packed)
        memory, _ = nn.utils.rnn.pad_packed_sequence(
            found, batch_first=True, total_length=source.size(1)
        )
        mask = torch.arange(source.size(1))[None] < length[:, None]
        return memory, mask, state

    def attend(self, h: Tensor, memory: Tensor, keys: Tensor, mask: Tensor) -> Tensor:
        scores = (h @ keys.transpose(1, 2)).masked_fill(~mask[:, None], -1e9)
        context = scores.softmax(-1) @ memory
        return torch.tanh(self.attended(torch.cat([context, h], -1)))

    def forward(self, source: Tensor, length: Tensor, target: Tensor) -> Tensor:
        memory, mask, state = self.encode(source, length)
        h, _ = self.decoder(self.target(F.pad(target[:, :-1], (1, 0), value=BOS)), state)
        return self.output(self.attend(h, memory, self.key(memory), mask))

    @torch.inference_mode()
    def greedy(self, source: Tensor, length: Tensor, steps: int) -> Tensor:
        memory, mask, state = self.encode(source, length)
        keys, token, tokens = self.key(memory), torch.full_like(length, BOS), []
        for _ in range(steps):
            h, state = self.decoder(self.target(token)[:, None], state)
            token = self.output(self.attend(h, memory, keys, mask))[:, 0].argmax(-1)
            tokens.append(token)
        return torch.stack(tokens, 1)


class Feeding(Luong):
    """The same with input feeding: the attentional vector of a step is given to the next."""

    def recurrence(self, size: int) -> nn.Module:
        # Step by step, cells are faster than nn.LSTM.
        return nn.ModuleList([nn.LSTMCell(2 * size, size), nn.LSTMCell(size, size)])

    def step(
        self,
        x: Tensor,
        fed: Tensor,
        states: list[State],
        memory: Tensor,
        keys: Tensor,
        mask: Tensor,
    ) -> tuple[Tensor, list[State]]:
        """One step from x and what is fed `[rows, feature]`: the next to feed, and states."""
        h, after = torch.cat([x, fed], -1), []
        for cell, state in zip(self.decoder, states, strict=True):
            after.append(cell(h, state))
            h = after[-1][0]
        return self.attend(h[:, None], memory, keys, mask)[:, 0], after

    def begin(self, source: Tensor, length: Tensor) -> tuple[Tensor, list[State], Tensor, Tensor]:
        """What is fed first, states by layer, memory and mask."""
        memory, mask, (h, c) = self.encode(source, length)
        return torch.zeros_like(h[0]), [*zip(h, c, strict=True)], memory, mask

    def forward(self, source: Tensor, length: Tensor, target: Tensor) -> Tensor:
        fed, states, memory, mask = self.begin(source, length)
        keys, found = self.key(memory), []
        for x in self.target(F.pad(target[:, :-1], (1, 0), value=BOS)).unbind(1):
            fed, states = self.step(x, fed, states, memory, keys, mask)
            found.append(fed)
        return self.output(torch.stack(found, 1))

    @torch.inference_mode()
    def greedy(self, source: Tensor, length: Tensor, steps: int) -> Tensor:
        fed, states, memory, mask = self.begin(source, length)
        keys, token, tokens = self.key(memory), torch.full_like(length, BOS), []
        for _ in range(steps):
            fed, states = self.step(self.target(token), fed, states, memory, keys, mask)
            token = self.output(fed).argmax(-1)
            tokens.append(token)
        return torch.stack(tokens, 1)


class Attention(nn.Module):
    """Several heads, with keys and values that are kept while decoding."""

    def __init__(self, size: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.out = (nn.Linear(size, size) for _ in range(4))

    def split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def forward(
        self,
        x: Tensor,
        keys: Tensor,
        values: Tensor,
        mask: Tensor | None = None,
        causal: bool = False,
    ) -> Tensor:
        found = F.scaled_dot_product_attention(
            self.split(self.query(x)), keys, values, mask, is_causal=causal
        )
        return self.out(found.transpose(1, 2).flatten(2))

    def project(self, memory: Tensor) -> tuple[Tensor, Tensor]:
        return self.split(self.key(memory)), self.split(self.value(memory))


class Layer(nn.Module):
    """A layer with norms first; a decoder's also looks at the memory."""

    def __init__(self, size: int, heads: int, hidden: int, decoder: bool) -> None:
        super().__init__()
        self.self_attention = Attention(size, heads)
        self.self_norm = nn.LayerNorm(size)
        if decoder:
            self.attention, self.attention_norm = Attention(size, heads), nn.LayerNorm(size)
        self.up, self.down, self.norm = (
            nn.Linear(size, hidden),
            nn.Linear(hidden, size),
            nn.LayerNorm(size),
        )

    def feed(self, x: Tensor) -> Tensor:
        return x + self.down(F.relu(self.up(self.norm(x))))


class Transformer(nn.Module):
    """The Transformer with norms first (Vaswani 2017)."""

    def __init__(self, weights: Weights) -> None:
        super().__init__()
        symbols, size = weights["decoder.embedding.weight"].shape
        hidden = weights["decoder.block.0.feed_forward.up"].shape[0]
        layers = 1 + max(int(path.split(".")[2]) for path in weights if ".block." in path)
        self.size = size
        self.source, self.target = nn.Embedding(symbols, size), nn.Embedding(symbols, size)
        self.encoder = nn.ModuleList(Layer(size, size // 64, hidden, False) for _ in range(layers))
        self.decoder = nn.ModuleList(Layer(size, size // 64, hidden, True) for _ in range(layers))
        self.encoder_norm, self.decoder_norm = nn.LayerNorm(size), nn.LayerNorm(size)
        self.output = nn.Linear(size, symbols)
        place, half = torch.arange(512)[:, None], torch.arange(0, size, 2)
        angle = place / 10000 ** (half / size)
        self.register_buffer("places", torch.stack([angle.sin(), angle.cos()], -1).flatten(1))
        with torch.no_grad():
            self._load(weights)

    def _load(self, weights: Weights) -> None:
        self.source.weight.copy_(weights["encoder.embedding.weight"])
        self.target.weight.copy_(weights["decoder.embedding.weight"])
        for side, layers in (("encoder", self.encoder), ("decoder", self.decoder)):
            norm = getattr(self, f"{side}_norm")
            norm.weight.copy_(weights[f"{side}.layer_norm.weight"])
            norm.bias.copy_(weights[f"{side}.layer_norm.bias"])
            for i, layer in enumerate(layers):
                path = f"{side}.block.{i}"
                parts = [("self_attention", layer.self_attention, layer.self_norm)]
                if side == "decoder":
                    parts.append(("attention", layer.attention, layer.attention_norm))
                for name, attention, norm in parts:
                    for product in ("query", "key", "value", "out"):
                        linear = getattr(attention, product)
                        linear.weight.copy_(weights[f"{path}.{name}.{product}"])
                        linear.bias.copy_(weights[f"{path}.{name}.{product}_bias"])
                    norm.weight.copy_(weights[f"{path}.{name}.norm"])
                    norm.bias.copy_(weights[f"{path}.{name}.norm_bias"])
                for product in ("up", "down"):
                    linear = getattr(layer, product)
                    linear.weight.copy_(weights[f"{path}.feed_forward.{product}"])
                    linear.bias.copy_(weights[f"{path}.feed_forward.{product}_bias"])
                layer.norm.weight.copy_(weights[f"{path}.feed_forward.norm"])
                layer.norm.bias.copy_(weights[f"{path}.feed_forward.norm_bias"])
        self.output.weight.copy_(weights["decoder.output.weight"])
        self.output.bias.copy_(weights["decoder.output.bias"])

    def encode(self, source: Tensor, length: Tensor) -> tuple[Tensor, Tensor]:
        mask = (torch.arange(source.size(1))[None] < length[:, None])[:, None, None]
        x = self.source(source) * math.sqrt(self.size) + self.places[: source.size(1)]
        for layer in self.encoder:
            y = layer.self_norm(x)
            x = layer.feed(x + layer.self_attention(y, *layer.self_attention.project(y), mask))
        return self.encoder_norm(x), mask

    def forward(self, source: Tensor, length: Tensor, target: Tensor) -> Tensor:
        memory, mask = self.encode(source, length)
        before = F.pad(target[:, :-1], (1, 0), value=BOS)
        x = self.target(before) * math.sqrt(self.size) + self.places[: target.size(1)]
        for layer in self.decoder:
            y = layer.self_norm(x)
            x = x + layer.self_attention(y, *layer.self_attention.project(y), causal=True)
            x = x + layer.attention(layer.attention_norm(x), *layer.attention.project(memory), mask)
            x = layer.feed(x)
        return self.output(self.decoder_norm(x))

    @torch.inference_mode()
    def greedy(self, source: Tensor, length: Tensor, steps: int) -> Tensor:
        memory, mask = self.encode(source, length)
        cross = [layer.attention.project(memory) for layer in self.decoder]
        past: list[tuple[Tensor, Tensor] | None] = [None] * len(self.decoder)
        token, tokens = torch.full_like(length, BOS), []
        for step in range(steps):
            x = self.target(token)[:, None] * math.sqrt(self.size) + self.places[step]
            for i, layer in enumerate(self.decoder):
                y = layer.self_norm(x)
                new = layer.self_attention.project(y)
                old = past[i]
                past[i] = (
                    new
                    if old is None
                    else tuple(torch.cat(pair, 2) for pair in zip(old, new, strict=True))
                )
                x = x + layer.self_attention(y, *past[i])
                x = x + layer.attention(layer.attention_norm(x), *cross[i], mask)
                x = layer.feed(x)
            token = self.output(self.decoder_norm(x))[:, 0].argmax(-1)
            tokens.append(token)
        return torch.stack(tokens, 1)


PEERS: dict[str, type[nn.Module]] = {
    "luong": Luong,
    "feeding": Feeding,
    "transformer": Transformer,
    "small_transformer": Transformer,
}
"""The peer of each spec in this folder."""
