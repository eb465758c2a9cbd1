"""Many numbers as one constant."""

import numpy as np
import pytest

from s2sgraph.graph.numbers import Numbers


def test_equal_are_those_of_equal_numbers() -> None:
    """Also where numpy would write both as `[0 0 0 ... 0 0 0]`."""
    first, second = np.zeros(5000, int), np.zeros(5000, int)
    second[2500] = 1
    assert Numbers(first) == Numbers(first.astype(np.uint8))
    assert hash(Numbers(first)) == hash(Numbers(first.copy()))
    assert Numbers(first) != Numbers(second)
    assert repr(Numbers(first)) != repr(Numbers(second))
    assert Numbers([[1, 2]]) != Numbers([1, 2])


@pytest.mark.parametrize(("most", "size"), [(255, 1), (256, 2), (65535, 2), (65536, 4), (2**40, 8)])
def test_they_take_few_bytes(most: int, size: int) -> None:
    found = Numbers([0, most])
    assert found.array.itemsize == size
    assert np.array(found, np.int64).tolist() == [0, most]


def test_negative_ones_are_an_error() -> None:
    with pytest.raises(ValueError, match="not -1"):
        Numbers([3, -1])
