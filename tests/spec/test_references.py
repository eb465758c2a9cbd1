import pytest
from hypothesis import given
from hypothesis import strategies as st

from s2sgraph.spec import Reference

NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,5}", fullmatch=True).filter(lambda n: n != "prev")
PATHS = st.tuples(NAMES, st.lists(NAMES | st.integers(0, 999), max_size=4)).map(
    lambda both: (both[0], *both[1])
)


@pytest.mark.parametrize(
    ("text", "path", "previous"),
    [
        ("below", ("below",), False),
        ("prev.state", ("state",), True),
        ("encoder.final.backward", ("encoder", "final", "backward"), False),
        ("layers[2].self_attention", ("layers", 2, "self_attention"), False),
        ("prev.block[10].s.cell", ("block", 10, "s", "cell"), True),
        ("previous", ("previous",), False),
    ],
)
def test_parts(text: str, path: tuple[str | int, ...], previous: bool) -> None:
    reference = Reference.parse(text)
    assert (reference.path, reference.previous, str(reference)) == (path, previous, text)


@given(PATHS, st.booleans())
def test_the_text_reads_back(path: tuple[str | int, ...], previous: bool) -> None:
    reference = Reference(path, previous)
    assert Reference.parse(str(reference)) == reference


@pytest.mark.parametrize(
    "text",
    [
        *("", ".", "a.", ".a", "a..b", "prev", "prev.", "prev.prev.a", "a.prev", "prev[1].a"),
        *("[1]", "a[-1]", "a[01]", "a[1", "a b", "a-b", "1a", "é", "a\n", "a" * 201, "__class__"),
    ],
)
def test_what_is_no_reference(text: str) -> None:
    with pytest.raises(ValueError, match=r"reference|prev"):
        Reference.parse(text)
