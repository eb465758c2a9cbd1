import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    try:
        parser.addoption("--refresh", action="store_true", help="write golden files anew")
    except ValueError:  # another folder of golden files has added it
        return


@pytest.fixture
def refresh(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--refresh", default=False))
