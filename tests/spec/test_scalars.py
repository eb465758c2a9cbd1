import math

import pytest

from s2sgraph.spec.scalars import Scalar, resolve


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 1e-3),
        ("1.", 1.0),
        (".5", 0.5),
        ("-2", -2),
        ("+2", 2),
        ("010", 10),
        ("0o10", 8),
        ("0x1F", 31),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        ("2021-05-03", "2021-05-03"),
        ("1e", "1e"),
        ("٣", "٣"),
        ("-.inf", -math.inf),
    ],
)
def test_core_schema(text: str, value: Scalar) -> None:
    found = resolve(text)
    assert (found, type(found)) == (value, type(value))


def test_nan() -> None:
    assert isinstance(found := resolve(".nan"), float)
    assert math.isnan(found)


def test_a_number_has_a_longest() -> None:
    assert resolve("1" * 40) == int("1" * 40)
    with pytest.raises(ValueError, match="41 characters"):
        resolve("1" * 41)
