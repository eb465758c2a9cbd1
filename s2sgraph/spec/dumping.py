"""Specs as plain values and as YAML text that reads back to an equal spec."""

from __future__ import annotations

from collections.abc import Mapping
from io import StringIO
from typing import Any

from pydantic_core import PydanticUndefined
from ruamel.yaml import YAML
from ruamel.yaml.representer import SafeRepresenter

from s2sgraph.spec.checking import Settings
from s2sgraph.spec.data import Part
from s2sgraph.spec.kinds import Kind, Layer
from s2sgraph.spec.references import Reference
from s2sgraph.spec.starts import CopyStart, LearnedStart, ZeroStart


class _Representer(SafeRepresenter):
    """Quotes text with signs that a line break or an editor may change, so that it reads back."""


def _text(representer: SafeRepresenter, text: str) -> Any:
    style = None if text.isprintable() else '"'
    return representer.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Representer.add_representer(str, _text)


def dump(spec: Settings, *, full: bool = False) -> str:
    """The spec as YAML text, equal for equal specs; comments are not kept.

    Args:
        spec: the spec.
        full: also write the settings that have their default, so that the text keeps its
            meaning when a default changes.
    """
    yaml = YAML(typ="safe", pure=True)
    yaml.Representer = _Representer
    yaml.default_flow_style = None
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.width = 100
    yaml.allow_unicode = True
    text = StringIO()
    yaml.dump(plain(spec, full=full), text)
    return text.getvalue()


def plain(value: Any, *, full: bool = False) -> Any:
    """Settings as mappings, lists and scalars, in the spelling of the language."""
    if isinstance(value, Layer):
        return _layer(value, full)
    if isinstance(value, ZeroStart):
        return "zeros"
    if isinstance(value, LearnedStart):
        return "learned"
    if isinstance(value, CopyStart):
        return str(value.reference)
    if isinstance(value, Reference):
        return str(value)
    if isinstance(value, Kind):
        settings = _settings(value, full)
        return {"kind": value.word, **settings} if settings else value.word
    if isinstance(value, Part):
        return value.spelled
    if isinstance(value, Settings):
        return _settings(value, full)
    if isinstance(value, tuple):
        return [plain(item, full=full) for item in value]
    if isinstance(value, Mapping):
        return {key: plain(item, full=full) for key, item in value.items()}
    return value


def _settings(settings: Settings, full: bool) -> dict[str, Any]:
    """The settings of one mapping, without defaults unless `full`."""
    out: dict[str, Any] = {}
    for key, name in settings.keys().items():
        value = getattr(settings, name)
        field = type(settings).model_fields[name]
        default = field.get_default(call_default_factory=True)
        if default is PydanticUndefined or value != default or (full and value is not None):
            out[key] = _single(plain(value, full=full), value)
    return out


def _single(spelled: Any, value: Any) -> Any:
    """One reference or file without a list around it."""
    one = isinstance(value, tuple) and len(value) == 1 and isinstance(value[0], Reference)
    return spelled[0] if one else spelled


def _layer(layer: Layer, full: bool) -> Any:
    settings = layer.flatten(_settings(layer, full))
    first = [key for key in ("name", "query", "from", layer.main) if key in settings]
    settings = {key: settings[key] for key in dict.fromkeys([*first, *settings])}
    if not settings:
        return layer.word
    if list(settings) == [layer.main] and not isinstance(settings[layer.main], Mapping):
        return {layer.word: settings[layer.main]}
    return {layer.word: settings}
