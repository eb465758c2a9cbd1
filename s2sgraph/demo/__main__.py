"""`python -m s2sgraph.demo`: makes the data of the demonstration."""

from pathlib import Path

from s2sgraph.demo.dates import LANGUAGES, formats, write


def main() -> None:
    """Write the data into runs/dates and say what was written."""
    paths = write(Path("runs", "dates"))
    number = sum(len(formats(language)) for language in LANGUAGES)
    print(f"dates in {len(LANGUAGES)} languages and {number} formats:")
    for path in paths.values():
        print(f"  {path}")


if __name__ == "__main__":
    main()
