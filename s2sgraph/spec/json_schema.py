"""The language as a JSON Schema, for editors: every kind that is registered, as items of chains."""

from __future__ import annotations

from typing import Any, cast

from pydantic.json_schema import GenerateJsonSchema

from s2sgraph.spec.checking import Settings
from s2sgraph.spec.dumping import plain
from s2sgraph.spec.items import Block
from s2sgraph.spec.kinds import Kind, kinds
from s2sgraph.spec.schema import Spec
from s2sgraph.spec.sides import (
    FeatureSource,
    FeatureTarget,
    StepValues,
    TokenSource,
    TokenTarget,
)

Schema = dict[str, Any]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
FAMILIES = ("score", "window", "search", "length_penalty", "optimizer", "schedule",
            "average", "scheduled_sampling", "metric")  # fmt: skip
_DEFAULTS = {"search": "greedy", "optimizer": "adamw", "schedule": "constant"}


class _Generator(GenerateJsonSchema):
    """Writes defaults as a spec spells them."""

    def encode_default(self, dft: Any) -> Any:
        return plain(dft)


def json_schema() -> Schema:
    """The JSON Schema of a spec; it accepts every valid spec, and most others it refuses."""
    definitions: Schema = {}
    top = _of(Spec, definitions)
    for model in (TokenSource, FeatureSource, TokenTarget, FeatureTarget, StepValues, Block):
        definitions[model.__name__] = _of(model, definitions)
    definitions["source"] = {"anyOf": [_ref("TokenSource"), _ref("FeatureSource")]}
    definitions["chain"] = {"type": "array", "items": _ref("item"), "minItems": 1}
    definitions["item"] = {"anyOf": [_bare("layer"), *_items(definitions), _ref("Block")]}
    for family in FAMILIES:
        definitions[family] = {"anyOf": [_bare(family), *_chosen(family, definitions)]}
    schema = {"$schema": _DIALECT, **top, "title": "s2sgraph spec", "$defs": definitions}
    return cast(Schema, _linked(schema))


def _linked(value: Any) -> Any:
    """The value with each `x-ref`, which fields leave for what is made here, as a reference."""
    if isinstance(value, list):
        return [_linked(item) for item in value]
    if not isinstance(value, dict):
        return value
    linked = {key: _linked(item) for key, item in value.items() if key != "x-ref"}
    return {**linked, **_ref(value["x-ref"])} if "x-ref" in value else linked


def _of(model: type[Settings], definitions: Schema) -> Schema:
    """The schema of one mapping; what it refers to goes into `definitions`."""
    schema = model.model_json_schema(by_alias=True, schema_generator=_Generator)
    definitions |= {k: v for k, v in schema.pop("$defs", {}).items() if k not in definitions}
    return schema


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _bare(family: str) -> Schema:
    """The kinds that need no settings, as words."""
    words = [
        word
        for word, kind in kinds(family).items()
        if not any(field.is_required() for field in kind.model_fields.values())
    ]
    return {"enum": words}


def _items(definitions: Schema) -> list[Schema]:
    """The layers, as mappings of one key."""
    items = []
    for word, kind in kinds("layer").items():
        definitions[f"layer.{word}"] = _settings(kind, definitions)
        forms = [_ref(f"layer.{word}")]
        if word in _bare("layer")["enum"]:
            forms.append({"type": "null"})
        if kind.main:
            forms.append(definitions[f"layer.{word}"]["properties"][kind.main])
        items.append(_closed({word: {"anyOf": forms}}, [word]))
    return items


def _settings(kind: type[Kind], definitions: Schema) -> Schema:
    """The settings of a kind, with those of the kinds whose settings stand beside its own."""
    schema = _of(kind, definitions)
    for key in kind.beside:
        for other in kinds(key).values():
            for name, value in _of(other, definitions).get("properties", {}).items():
                schema["properties"].setdefault(name, value)
        schema["properties"][key] = {"enum": list(kinds(key))}
    return schema


def _chosen(family: str, definitions: Schema) -> list[Schema]:
    """The kinds of a family, as mappings with `kind`."""
    forms = []
    for word, kind in kinds(family).items():
        schema = _of(kind, definitions)
        required = schema.get("required", [])
        if word != _DEFAULTS.get(family):
            required = ["kind", *required]
        properties = {"kind": {"const": word}, **schema.get("properties", {})}
        text = {"description": schema.get("description", "")}
        forms.append(text | _closed(properties, required))
    return forms


def _closed(properties: Schema, required: list[str]) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }
