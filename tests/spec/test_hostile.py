"""Reading a spec runs no code and opens nothing that is named inside it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

LAYERS = """
encoder: [embedding: 8, lstm: 8]
decoder: [embedding: 8, lstm: {size: 8, start: encoder.final}, output]
"""
SIDES = "source: {tokens: words}\ntarget: {tokens: words}\n"
SECRET = "secret.txt"


def spec(line: str) -> str:
    return SIDES + LAYERS + line + "\n"


def layer(item: str) -> str:
    return f"{SIDES}encoder: [embedding: 8, {item}]\ndecoder: [embedding: 8, output]\n"


def source(side: str) -> str:
    return f"source: {side}\ntarget: {{tokens: words}}\n{LAYERS}"


HOSTILE = [
    *(
        f"name: !!python/{tag}\n"
        for tag in (
            "object/apply:os.system [touch secret.txt]",
            "object/apply:subprocess.Popen [[touch, secret.txt]]",
            "object/apply:builtins.open [secret.txt]",
            "object/apply:builtins.eval ['__import__(\"os\").getcwd()']",
            "object/new:os.system [id]",
            "object:pathlib.Path {}",
            "name:os.system ''",
            "module:antigravity ''",
            "tuple [1, 2]",
        )
    ),
    "name: !include secret.txt\n",
    "name: !env HOME\n",
    "name: !<tag:yaml.org,2002:python/object/apply:os.system> [id]\n",
    "%TAG ! tag:yaml.org,2002:python/\n---\nname: !object/apply:os.system [id]\n",
    "!!python/object/apply:os.system [id]\n",
    "? !!python/object/apply:os.system [id]\n: 1\n",
    "<<: secret.txt\n",
    "include: secret.txt\n",
    "$ref: secret.txt\n",
    source("{tokens: words, file: secret.txt}"),
    source("{tokens: words, file: /dev/stdin}"),
    source("{tokens: words, file: ../secret.txt}"),
    source("{tokens: words, file: 'http://127.0.0.1:9/x'}"),
    source("{tokens: words, file: 'file:///secret.txt'}"),
    source("{tokens: words, file: '|touch secret.txt'}"),
    source("{tokens: words, symbols: secret.txt}"),
    source("secret.txt"),
    spec("data: {train: secret.txt, dev: [secret.txt, '$HOME/x', '~/x', '`id`']}"),
    spec("data: {train: 's3://bucket/x'}"),
    spec("data: secret.txt"),
    spec("name: ${HOME}"),
    spec("name: $(touch secret.txt)"),
    spec("name: '{{ 7 * 7 }}'"),
    spec("name: '{0.__class__.__mro__}'"),
    spec("name: '%s%s%n'"),
    spec("search: {kind: os.system}"),
    spec("search: {kind: ../../secret}"),
    spec("train: {optimizer: {kind: torch.optim.SGD}}"),
    spec("train: {optimizer: 'builtins:eval'}"),
    spec("__class__: {__init__: {__globals__: 1}}"),
    spec("model_config: {extra: allow}"),
    spec("rules: {}"),
    spec("_places: {name: x}"),
    layer('\'__import__("os").system("id")\': 8'),
    layer("s2sgraph.layers.lstm: 8"),
    layer("os: {size: 8}"),
    layer("lstm: {size: 8, name: ../../secret}"),
    layer("lstm: {size: '__import__(\"os\").getpid()'}"),
    layer("lstm: {size: 8, from: '__class__.__init__'}"),
    layer("rnn: {size: 8, activation: 'lambda x: x'}"),
    layer("dense: {size: 8, activation: os.system}"),
    layer("embedding: {name: e, size: 8, tied: 'encoder.embedding.__class__'}"),
]

# Loads each file twice over: once before the hook, so that what Python itself loads late is there.
WATCH = """
import json, sys
from s2sgraph.spec import SpecError, load, loads
names = sys.argv[1:]
events = []
watched = ("open", "exec", "compile", "import", "os.", "subprocess.", "socket.", "shutil.",
           "pty.", "ctypes.", "urllib.", "marshal.", "pickle.", "glob.")
def read(name):
    try:
        return repr(load(name))
    except SpecError as error:
        return str(error)
def hook(event, args):
    if current and event.startswith(watched):
        events.append([current[0], event, str(args[0]) if args else ""])
current = []
read("warm.yaml")
try:
    loads("a: [", "x")
except SpecError as error:
    str(error)
sys.addaudithook(hook)
for name in names:
    current = [name]
    read(name)
current = []
json.dump(events, sys.stdout)
"""


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[list[str]]]:
    folder = tmp_path_factory.mktemp("hostile")
    (folder / SECRET).write_text("a\nb\n")
    (folder / "warm.yaml").write_text(spec("train: {stepz: 3}"))
    names = []
    for index, text in enumerate(HOSTILE):
        (folder / f"{index}.yaml").write_text(text)
        names.append(f"{index}.yaml")
    root = str(Path(__file__).parent.parent.parent)
    done = subprocess.run(
        [sys.executable, "-c", WATCH, *names],
        capture_output=True,
        check=True,
        cwd=folder,
        env={"PYTHONPATH": root, "PATH": ""},
        stdin=subprocess.DEVNULL,
    )
    found: dict[str, list[list[str]]] = {name: [] for name in names}
    for name, event, what in json.loads(done.stdout):
        found[name].append([event, what])
    return found


def test_there_are_enough() -> None:
    assert len(HOSTILE) >= 40


@pytest.mark.parametrize("index", range(len(HOSTILE)))
def test_only_the_spec_itself_is_opened(index: int, events: dict[str, list[list[str]]]) -> None:
    name = f"{index}.yaml"
    assert events[name] == [["open", name]]
