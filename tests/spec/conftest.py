from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PUBLISHED = Path(__file__).parent / "published"
EXAMPLES = sorted([*(ROOT / "specs").glob("*.yaml"), *PUBLISHED.glob("*.yaml")])


@pytest.fixture(params=EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def example(request: pytest.FixtureRequest) -> Path:
    """One of the example specs."""
    return Path(request.param)


@pytest.fixture(scope="session")
def examples() -> list[str]:
    """The text of all example specs."""
    return [path.read_text() for path in EXAMPLES]
