"""What names of a row hold."""

import pytest

from s2sgraph.data import Field


def test_a_field_says_what_it_is() -> None:
    with pytest.raises(ValueError, match="number of features"):
        Field("frames")
    with pytest.raises(ValueError, match="not 'words'"):
        Field("words")
