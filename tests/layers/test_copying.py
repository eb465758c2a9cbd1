"""Outputs that copy, against their formula, place by place in numpy."""

from __future__ import annotations

import numpy as np
import pytest
from compiled import assert_agree, drawn, expected, model_of, trained
from engines import PREPARED
from single_layers import sigmoid, softmax

from s2sgraph.exporting import ExportError
from s2sgraph.graph import reference
from s2sgraph.graph.composed import HIDDEN
from s2sgraph.model import compile as compile_model
from s2sgraph.model.ensemble import Ensemble
from s2sgraph.model.model import GRAPHS
from s2sgraph.spec import SpecError

V = 9
UNK = 3
LENGTHS = np.array([6, 3, 0, 1, 5])
SOURCE = np.array(
    [
        [4, 9, 5, 9, 10, 4],  # two words of its own, one of them twice
        [10, 11, 9, 0, 0, 0],  # three
        [9, 9, 9, 9, 9, 9],  # no place at all
        [9, 10, 11, 3, 2, 1],  # one
        [14, 8, 7, 6, 40, 14],  # none: its places are 5, its words would be 9 to 13
    ]
)
OWN = [2, 3, 0, 1, 0]
WIDE = V + 3


def copying(output, *, attention=None, outputs=("context", "context.weights", "readout", "fed")):
    """A model that copies; its output layer is `output`."""
    return model_of(
        {
            "source": {"tokens": "ids", "size": V},
            "target": {"tokens": "ids", "size": V, "vocabulary": "shared"},
            "encoder": [{"embedding": 6}, {"lstm": {"size": 4, "direction": "both"}}],
            "decoder": [
                {"embedding": {"tied": "encoder.embedding"}},
                {"dense": {"name": "fed", "from": ["embedding", "prev.context"], "size": 5}},
                {"gru": {"name": "state", "size": 8}},
                {"attention": {"name": "context", "query": "state", **(attention or {})}},
                {"dense": {"name": "readout", "from": ["state", "context"], "size": 6}},
                {"output": output},
            ],
            "outputs": [*outputs],
        }
    )


def inputs_of(target=None):
    target = np.random.default_rng(0).integers(4, V, (len(SOURCE), 4)) if target is None else target
    return {"source": SOURCE, "source_length": LENGTHS, "target": target}


def by_hand(w, found, gate):
    """Probabilities `[batch, time, symbol]` from what the layers before the output give."""
    rows, steps = found["readout"].shape[:2]
    result = np.zeros((rows, steps, WIDE))
    for row in range(rows):
        for step in range(steps):
            x = np.concatenate([found[name][row, step] for name in gate])
            g = sigmoid(w["decoder.output.gate"] @ x + w["decoder.output.gate_bias"])
            table = w.get("decoder.output.weight", w["encoder.embedding.weight"])
            scores = table @ found["readout"][row, step] + w["decoder.output.bias"]
            weights = found["context.weights"][row, step]
            result[row, step, :V] = g * softmax(scores)
            for place in range(LENGTHS[row]):
                word = SOURCE[row, place]
                word = word if word < V + LENGTHS[row] else UNK
                result[row, step, word] += (1 - g) * weights[place]
            result[row, step] /= g + (1 - g) * weights.sum()
    return result


CASES = [
    ({"copy": "context"}, ["context", "readout"], {}),
    ({"copy": "context", "gate": ["context", "readout", "fed"]}, ["context", "readout", "fed"], {}),
    ({"copy": "context", "gate": "fed", "tied": "encoder.embedding"}, ["fed"], {}),
    ({"copy": "context"}, ["context", "readout"], {"window": {"kind": "local_p", "width": 2}}),
    ({"copy": "context"}, ["context", "readout"], {"window": "monotonic", "coverage": True}),
    ({"copy": "context"}, ["context", "readout"], {"score": "dot", "heads": 2}),
]


@pytest.mark.parametrize(("output", "gate", "attention"), CASES, ids=str)
def test_probabilities_are_mixed_as_published(output, gate, attention):
    model = copying(output, attention=attention)
    weights, inputs = trained(model), inputs_of()
    wanted = expected(model, "teach", weights, inputs)
    hand = by_hand({p: a.astype(np.float64) for p, a in weights.items()}, wanted, gate)
    assert wanted["logits"].shape == hand.shape
    np.testing.assert_allclose(np.exp(wanted["logits"]), hand, atol=1e-9)
    np.testing.assert_allclose(hand.sum(-1), 1)
    for row, own in enumerate(OWN):
        assert (wanted["logits"][row, :, V + own :] == HIDDEN).all()
        assert (wanted["logits"][row, :, : V + own] > -86).all()
    for prepare in PREPARED.values():
        assert_agree(prepare(model.trace("teach"), weights)(inputs), wanted)


def test_without_words_of_their_own_the_vocabulary_is_all():
    model = copying({"copy": "context"})
    weights, inputs = trained(model), inputs_of()
    inputs["source"] = np.minimum(SOURCE, V - 1)
    wanted = expected(model, "teach", weights, inputs)
    assert wanted["logits"].shape[-1] == V
    for prepare in PREPARED.values():
        assert_agree(prepare(model.trace("teach"), weights)(inputs), wanted)


def test_a_sentence_has_the_same_words_alone():
    model = copying({"copy": "context"})
    weights, inputs = trained(model), inputs_of()
    together = expected(model, "teach", weights, inputs)["logits"]
    for row, own in enumerate(OWN):
        alone = {n: a[row : row + 1] for n, a in inputs.items()}
        alone["source"] = alone["source"][:, : LENGTHS[row]]
        found = expected(model, "teach", weights, alone)["logits"]
        assert found.shape[-1] == V + own
        np.testing.assert_allclose(found[0], together[row, :, : V + own], atol=1e-9)


def test_words_beyond_the_vocabulary_are_unknown_to_the_embeddings():
    model = copying({"copy": "context"}, outputs=("encoder.lstm", "embedding"))
    weights = trained(model)
    target = np.array([[4, 9, 10, 5], [9, 10, 11, 99], [4, 4, 4, 4], [9, 4, 4, 4], [12, 4, 9, 4]])
    found = expected(model, "teach", weights, inputs_of(target))
    plain = {**inputs_of(np.where(target < V, target, UNK))}
    plain["source"] = np.where(SOURCE < V, SOURCE, UNK)
    wanted = expected(model, "teach", weights, plain)
    for name in ("encoder.lstm", "embedding"):
        np.testing.assert_array_equal(found[name], wanted[name])


def test_scores_of_words_that_no_vocabulary_has():
    model = copying({"copy": "context"})
    weights = trained(model)
    target = np.array([[4, 9, 10, 2], [9, 10, 11, 2], [9, 4, 2, 0], [9, 10, 2, 0], [9, 14, 99, 2]])
    taught = expected(model, "teach", weights, inputs_of(target))["logits"]
    scored = expected(model, "score", weights, inputs_of(target))
    # what is no word of the sentence is the unknown symbol
    own = np.where(target < V + np.array(OWN)[:, None], target, UNK)
    hand = np.take_along_axis(taught, own[..., None], -1)[..., 0]
    hand = np.where(target == 0, 0, hand)
    np.testing.assert_allclose(scored["token_scores"], hand, atol=1e-9)
    for prepare in PREPARED.values():
        assert_agree(prepare(model.trace("score"), weights)(inputs_of(target)), scored)


def test_decoding_copies_words_and_goes_on_from_them():
    """The gate wide open for copies: what comes out is the source, words of its own included."""
    model = copying({"copy": "context"}, outputs=())
    weights = trained(model)
    weights["decoder.output.gate_bias"] = np.array(-30, np.float32)
    inputs = {**drawn(model, "decode"), "source": SOURCE, "source_length": LENGTHS}
    wanted = expected(model, "decode", weights, inputs)
    found = wanted["tokens"][:, 0]
    for row, length in enumerate(LENGTHS):
        if length:
            words = [w if w < V + length else UNK for w in SOURCE[row, :length]]
            assert set(found[row]) <= {*words, 0}, "only words of the source"
    assert (found.max(1) >= V).any(), "words of their own among them"
    for prepare in PREPARED.values():
        assert_agree(prepare(model.trace("decode"), weights)(inputs), wanted)


SETTINGS = {
    "min_length": 3,
    "no_repeat_ngram": 2,
    "repetition_penalty": 1.5,
    "beams": 20,
    "n_best": 3,
    "length_penalty": 0.5,
    "coverage_penalty": 0.3,
    "seed": 5,
    "temperature": 0.8,
    "top_k": 6,
    "top_p": 0.9,
    "banned": [5, 6],
    "prefix": [[7]] * len(SOURCE),
}


@pytest.mark.parametrize("search", ["greedy", "beam", "sample"])
def test_every_setting_of_a_search_holds_for_words_that_are_copied(search):
    """More beams than there are symbols, too."""
    model = compile_model(copying({"copy": "context"}, outputs=()).spec.set({"search": search}))
    weights = trained(model, 2)
    weights["decoder.output.gate_bias"] = np.array(-6, np.float32)
    tracing = model.tracing(inputs=[setting.name for setting in model.tracing().possible()])
    inputs = {"source": SOURCE, "source_length": LENGTHS, "max_length": 8}
    for given in tracing.given("decode"):
        inputs.setdefault(given.name, SETTINGS.get(given.name, given.default))
    inputs = {name: np.array(value) for name, value in inputs.items()}
    wanted = reference.run(tracing.graph("decode"), weights, inputs)
    assert (wanted["tokens"] >= V).any()
    assert not np.isin(wanted["tokens"], [5, 6]).any()
    for prepare in PREPARED.values():
        assert_agree(prepare(tracing.graph("decode"), weights)(inputs), wanted)


def test_no_probability_is_lost_where_all_is_sure():
    model = copying({"copy": "context"})
    weights = {path: array * 30 for path, array in trained(model).items()}
    wanted = expected(model, "teach", weights, inputs_of())
    assert np.isfinite(wanted["logits"]).all()
    for prepare in PREPARED.values():
        found = prepare(model.trace("teach"), weights)(inputs_of())["logits"]
        assert np.isfinite(found).all()
        np.testing.assert_allclose(np.exp(found), np.exp(wanted["logits"]), atol=1e-3)


def test_probabilities_add_up_where_nothing_is_made_and_nothing_can_be_copied():
    """The gate is shut, so that the share of the vocabulary is zero, and a source has no place."""
    model = copying({"copy": "context"})
    weights = trained(model)
    weights["decoder.output.gate_bias"] = np.array(-200, np.float32)
    wanted = expected(model, "teach", weights, inputs_of())
    np.testing.assert_allclose(np.exp(wanted["logits"]).sum(-1), 1)
    for prepare in PREPARED.values():
        assert_agree(prepare(model.trace("teach"), weights)(inputs_of()), wanted)


@pytest.mark.parametrize("graph", ["decode", "score"])
def test_log_probabilities_are_not_normalised_again(graph):
    model = copying({"copy": "context"}, outputs=())

    def operations(inside):
        for node in inside.nodes:
            yield node.op
            yield from operations(node.body) if node.body else ()

    assert "log_softmax" not in {*operations(model.trace(graph))}
    assert "log_softmax" in {*operations(copying({}).trace(graph))}


def test_the_step_is_given_what_it_copies():
    model = copying({"copy": "context"}, outputs=())
    weights = trained(model)
    given = {"source": SOURCE, "source_length": LENGTHS}
    state = reference.run(model.trace("encode"), weights, given)
    graph = model.trace("step")
    inputs = {v.name: np.array(0) if v.name == "step" else state[v.name] for v in graph.inputs}
    logits = reference.run(graph, weights, inputs)["logits"]
    taught = expected(model, "teach", weights, inputs_of())["logits"]
    np.testing.assert_allclose(logits, taught[:, 0], atol=1e-9)


@pytest.mark.parametrize("graph", GRAPHS)
def test_every_graph_leaves_a_verified_file(graph, tmp_path):
    model = copying({"copy": "context"}, outputs=())
    assert model.export(tmp_path / "model.onnx", trained(model), graph=graph).exists()


@pytest.mark.parametrize("mean", ["probabilities", "log-probabilities"])
def test_models_that_copy_predict_together(mean):
    models = [
        copying({"copy": "context"}, outputs=()),
        copying({"copy": "context", "gate": "fed"}, outputs=()),
    ]
    ensemble = Ensemble(models, mean)
    weights = [trained(model, seed) for seed, model in enumerate(models)]
    together = ensemble.together(weights)
    alone = [
        expected(m, "teach", w, inputs_of())["logits"] for m, w in zip(models, weights, strict=True)
    ]
    found = expected(ensemble, "teach", together, inputs_of())["logits"]
    wanted = np.exp(alone).mean(0) if mean == "probabilities" else np.exp(np.mean(alone, 0))
    np.testing.assert_allclose(np.exp(found), wanted, atol=1e-9)
    reach = np.arange(WIDE) < V + np.array(OWN)[:, None]
    assert ((found > HIDDEN / 10) == reach[:, None]).all()
    inputs = {**drawn(ensemble, "decode"), "source": SOURCE, "source_length": LENGTHS}
    decoded = expected(ensemble, "decode", together, inputs)
    for prepare in PREPARED.values():
        assert_agree(prepare(ensemble.trace("decode"), together)(inputs), decoded)


def test_all_models_of_an_ensemble_copy_or_none():
    plain = copying({}, outputs=())
    with pytest.raises(ExportError, match="all models of an ensemble copy, or none"):
        Ensemble([copying({"copy": "context"}, outputs=()), plain])


MISTAKES = [
    ({"gate": "fed"}, {}, "a gate is for an output that copies"),
    ({"copy": "prev.context"}, {}, "copying is by the attention of the same step"),
    ({"copy": "context.weights"}, {}, "copy names the attention, not its weights"),
    ({"copy": "state"}, {}, "state has no part weights"),
    ({"copy": "nothing"}, {}, "nothing is called nothing"),
    ({"copy": "context", "gate": "encoder"}, {}, "a step of the decoder reads one value"),
    ({"copy": "context", "gate": "input"}, {}, "reads symbols"),
    ({"copy": "context"}, {"target": {"tokens": "ids", "size": V}}, "shares the vocabulary"),
    (
        {"copy": "context"},
        {
            "source": {"features": 3},
            "encoder": [{"lstm": 4}],
            "target": {"tokens": "ids", "size": V},
        },
        "reads features",
    ),
]


@pytest.mark.parametrize(("output", "sides", "says"), MISTAKES)
def test_mistakes_are_named(output, sides, says):
    data = {
        "source": {"tokens": "ids", "size": V},
        "target": {"tokens": "ids", "size": V, "vocabulary": "shared"},
        "encoder": [{"embedding": 6}, {"lstm": 4}],
        "decoder": [
            {"embedding": 6},
            {"dense": {"name": "fed", "size": 5}},
            {"gru": {"name": "state", "size": 4}},
            {"attention": {"name": "context", "query": "state"}},
            {"output": {"from": ["state", "context"], **output}},
        ],
        **sides,
    }
    with pytest.raises(SpecError, match=says):
        model_of(data)
