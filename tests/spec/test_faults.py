"""Faulty and hostile text ends as soon as sound text does, in little memory, in one error."""

import json
import subprocess
import sys

import pytest

from s2sgraph.spec.reading import MOST

GOOD = "source: {tokens: words}\ntarget: {tokens: words}\n"
FAULTS = {
    "alias bomb": "a: &a [x, x]\n"
    + "".join(
        f"{b}: &{b} [{'*' + a + ', ' * 1}*{a}]\n"
        for a, b in zip("abcdefghi", "bcdefghij", strict=True)
    ),
    "recursive alias": "a: &a [*a, *a]\n",
    "20,000 brackets": GOOD + "encoder: " + "[" * 20_000,
    "20,000 braces": GOOD + "encoder: " + "{a: " * 20_000,
    "duplicate keys": GOOD + "name: a\n" * 3_000,
    "tags": GOOD + "name: !!python/object/apply:os.system [id]\n",
    "nul": GOOD + "name: a\x00b\n",
    "bad utf-8": "name: \udcff\udcfe\n",
    "several documents": GOOD + "---\n" * 3_000,
    "5 MB": GOOD + "name: " + "x" * 5_000_000,
    "5 MB of keys": GOOD + "".join(f"k{i}: 1\n" for i in range(500_000)),
    "many values": GOOD + "encoder: [" + "a," * 100_000 + "]\n",
    "as many values as fit": GOOD + "encoder: [" + "a," * 9_900 + "]\n",
    "many unknown kinds": GOOD + "encoder: [" + "embeding: 1," * 900 + "]\n",
    "many unknown settings": GOOD
    + "encoder: ["
    + "lstm: {siz: 1, droput: 1, directoin: 1}," * 900
    + "]\n",
    "many symbols twice": "source: {tokens: words, symbols: [" + "a," * 9_000 + "]}\n",
    "long plain scalar": GOOD + "name: " + "x " * 120_000,
    "question marks": "? " * 5_000,
    "dashes": "- " * 20_000,
    "anchors": "&a " * 10_000,
    "escape beyond unicode": 'name: "\\UFFFFFFFF"\n',
    "half a surrogate pair": 'name: "\\uD800"\n',
    "open quote": 'name: "' + "x\n" * 50_000,
    "huge number": GOOD + "train: {steps: " + "9" * 100_000 + "}\n",
    "merge key": GOOD + "<<: {name: x}\n",
    "directive": "%YAML 1.1\n---\n" + GOOD,
    "tabs": "a:\n\t\t- b\n",
    "only a quote": '"',
    "only a bar": "|",
    "byte order marks": "\ufeff" * 5 + GOOD,
}

LARGEST = f"""
source: {{tokens: words, symbols: [{", ".join(f"s{n}" for n in range(MOST - 100))}]}}
target: {{tokens: words}}
encoder: [embedding: 8, gru: 8]
decoder: [embedding: 8, gru: {{size: 8, start: encoder.final}}, output]
"""

# Runs in a process of its own, to measure memory and its own seconds of the processor, which other
# processes do not change: reads {name: text}, writes {name: [seconds, text]}.
MEASURE = """
import json, sys, time
from s2sgraph.spec import SpecError, loads
out = {}
for name, text in json.load(sys.stdin).items():
    start = time.process_time()
    try:
        loads(text.encode("utf-8", "surrogateescape"), "spec.yaml")
        message = ""
    except SpecError as error:
        message = str(error)
    out[name] = [time.process_time() - start, message]
# Not getrusage: its figure begins with the memory of the process that started this one.
with open("/proc/self/status") as status:
    [peak] = [int(line.split()[1]) for line in status if line.startswith("VmHWM")]
json.dump([peak // 1024, out], sys.stdout)
"""


@pytest.fixture(scope="module")
def measured() -> tuple[int, dict[str, tuple[float, str]]]:
    done = subprocess.run(
        [sys.executable, "-c", MEASURE],
        input=json.dumps({**FAULTS, "largest": LARGEST}).encode(),
        capture_output=True,
        check=True,
    )
    peak, out = json.loads(done.stdout)
    return peak, out


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_one_error_as_soon_as_a_sound_spec_is_read(
    fault: str, measured: tuple[int, dict[str, tuple[float, str]]]
) -> None:
    """A sound spec of as many values as fit takes about a second, more or less by machine."""
    seconds, message = measured[1][fault]
    assert message.startswith("spec.yaml")
    assert len(message) < 100_000
    sound, nothing = measured[1]["largest"]
    assert not nothing
    assert seconds < 2 * sound


def test_all_together_need_under_200_megabytes(
    measured: tuple[int, dict[str, tuple[float, str]]],
) -> None:
    assert measured[0] < 200
