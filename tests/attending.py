"""What makes the spec of copying in tests/train attend, and train with all losses of attention."""

from typing import Any

ATTENDING: dict[str, Any] = {
    "decoder": [
        {"embedding": 8},
        {"gru": {"size": 16, "start": "encoder.final"}},
        {"attention": {"name": "context", "query": "gru", "score": "dot"}},
        {"dense": {"name": "readout", "from": ["gru", "context"], "size": 16}},
        "output",
    ],
    "data.train": {"file": "train.tsv", "alignments": "train.align"},
    "train.coverage_loss": {},
    "train.guided_alignment": {},
}
