"""Hostile submissions: none passes, none hangs, none harms; with bubblewrap and without."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from rnn.workshop import sandbox as sandboxes
from rnn.workshop import subject
from rnn.workshop.assignment import STAGES, grade
from rnn.workshop.check import Limits, check_file
from rnn.workshop.sandbox import Sandbox
from rnn.workshop.subject import sandboxed

SOLUTION = (Path(__file__).parent / "workshop" / "solution.py").read_text(encoding="utf-8")
HEAD = "import numpy as np\n"
CLASSES = tuple(name for name in STAGES if name not in ("data", "training"))
BACKWARD = "    def backward(self, d_outputs):\n"


@pytest.fixture(params=["bubblewrap", "limits"], autouse=True)
def kind(request, monkeypatch):
    """Both kinds of sandbox; the first only where there is one."""
    if request.param == "limits":
        monkeypatch.setattr(sandboxes, "bubblewrap", lambda: None)
    elif sandboxes.bubblewrap() is None:
        pytest.skip("bubblewrap is not here, or may not make a sandbox")
    monkeypatch.setattr(subject, "CALL", 1.0)
    return request.param


def key(source, tmp_path, **limits):
    path = tmp_path / "ml-6-a-1.py"
    path.write_text(source, encoding="utf-8")
    begun = time.monotonic()
    report = check_file(path, Limits(**limits))
    assert time.monotonic() - begun < 20
    assert not report.passed
    assert sorted(tmp_path.iterdir()) == [path]
    assert path.read_text(encoding="utf-8") == source
    return report.wrong.key


AT_IMPORT = {
    "an endless loop": ("while True:\n    pass", {"time"}),
    "a bomb of memory": ("x = bytearray(8 << 30)", {"memory"}),
    "a slow bomb of memory": ("x = []\nwhile True:\n    x.append(np.ones(1 << 20))", {"memory", "time", "ended"}),
    "a fork": ("import os\nos.fork()", {"forbidden"}),
    "forks without end": (
        "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass",
        {"forbidden", "time"},
    ),
    "a process": ("import subprocess\nsubprocess.run(['true'])", {"forbidden"}),
    "a shell": ("import os\nos.system('true')", {"forbidden"}),
    "an exit": ("import os\nos._exit(0)", {"ended"}),
    "a polite exit": ("raise SystemExit(0)", {"exit"}),
    "a crash": ("import faulthandler\nfaulthandler._sigsegv()", {"ended"}),
    "a signal": ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", {"forbidden", "ended"}),
    "a connection": ("import socket\nsocket.create_connection(('127.0.0.1', 9), 1)", {"forbidden"}),
    "a file elsewhere": ("open('../rnn-was-here', 'w')", {"forbidden"}),
    "a file removed": ("import os\nos.remove('../rnn-was-here')", {"forbidden"}),
    "a full disk": ("f = open('big', 'wb')\nwhile True:\n    f.write(bytes(1 << 20))", {"raises", "ended", "time"}),
    "a C library": ("import ctypes\nctypes.CDLL(None).fork()", {"forbidden"}),
    "the package": ("import importlib\nimportlib.import_module('r' + 'nn')", {"reference"}),
    "the package, caught": ("try:\n    __import__('r' + 'nn')\nexcept ImportError:\n    pass", {"reference"}),
    "answers without questions": (
        "import os\nfor n in range(3, 30):\n    try:\n        os.write(n, b'{}\\n')\n    except OSError:\n        pass",
        {"nonsense"},
    ),
    "a flood of output": ("import sys\nwhile True:\n    print('all tests passed' * 1000)", {"time"}),
    "many files": ("n = 0\nwhile True:\n    n += 1\n    open(f'{n}.bin', 'wb').write(bytes(1 << 20))", {"forbidden"}),
    "threads": (
        "import threading\nfor _ in range(20):\n    threading.Thread(target=lambda: [0 for _ in iter(int, 1)]).start()",
        {"missing", "time"},
    ),
    "deep recursion": ("def f():\n    f()\nf()", {"raises"}),
    "an import hook undone": ("import sys\nsys.meta_path.clear()\nimport rnn", {"reference", "raises", "module"}),
    "reads what is typed": ("input('name?')", {"raises"}),
}


@pytest.mark.parametrize("name", AT_IMPORT)
def test_hostile_code_at_import(name, tmp_path, monkeypatch):
    monkeypatch.setattr(subject, "LOAD", 2.0)
    source, keys = AT_IMPORT[name]
    assert key(HEAD + source + "\n", tmp_path) in keys


def in_backward(code):
    return SOLUTION.replace(BACKWARD, BACKWARD + "".join(f"        {line}\n" for line in code.splitlines()), 1)


IN_BACKWARD = {
    "an exit": ("import os; os._exit(0)", {"ended"}),
    "an endless loop": ("while True: pass", {"time"}),
    "numpy patched": (
        "np.testing.assert_allclose = np.allclose = np.array_equal = lambda *a, **k: True\nnp.abs = lambda a: 0 * a\n"
        "return {n: np.zeros_like(getattr(self, n)) for n in ('W_xh', 'W_hh', 'b_h', 'W_hy', 'b_y')}",
        {"zero"},
    ),
    "a verdict printed": (
        "import sys; print('{\"passed\": true}'); sys.stdout.flush()\n"
        "return {n: np.zeros_like(getattr(self, n)) for n in ('W_xh', 'W_hh', 'b_h', 'W_hy', 'b_y')}",
        {"zero"},
    ),
    "the host's answer replaced": (
        "import sys\nhost = sys._getframe(3)\n"
        "for frame in iter(lambda: None, 1):\n    break\n"
        "import json; json.dumps = lambda *a, **k: '{\"value\": true}'\nreturn None",
        {"returns-none", "nonsense"},
    ),
    "an object of its own": (
        "class Yes(float):\n    __eq__ = __le__ = __lt__ = lambda *a: True\n    __hash__ = None\n"
        "return {n: Yes(1) for n in ('W_xh', 'W_hh', 'b_h', 'W_hy', 'b_y')}",
        {"no-gradient", "returns-none"},
    ),
    "numbers without end": (
        "return {'W_hy': np.full((5, 2), np.nan), 'b_y': np.full(2, np.inf)}",
        {"gradient-differs"},
    ),
}


@pytest.mark.parametrize("name", IN_BACKWARD)
def test_hostile_code_in_backward(name, tmp_path):
    code, keys = IN_BACKWARD[name]
    assert key(in_backward(code), tmp_path) in keys


def test_a_correct_submission_passes_in_the_sandbox():
    sandbox = Sandbox()
    try:
        report = grade(sandboxed(sandbox), SOLUTION, only=CLASSES)
    finally:
        sandbox.close()
    assert report.wrong is None, report.sentence("en")
    assert not sandbox.folder.exists()


def test_pictures_can_be_drawn_where_nobody_has_drawn_before(tmp_path, monkeypatch):
    """Matplotlib looks for fonts with a program of the system then, which the guard would refuse."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("MPLCONFIGDIR", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    sandbox = Sandbox()
    try:
        assert not list(sandbox.folder.rglob("fontlist*"))
        report = grade(sandboxed(sandbox), SOLUTION, only=("signatures",))
    finally:
        sandbox.close()
    assert report.wrong is None, report.sentence("en")


FLOOD = """
import os, threading
def flood():
    line = b"[" + b"0" * (1 << 20) + b"]" + bytes([10])
    while True:
        for n in range(3, 30):
            try:
                os.write(n, line)
            except OSError:
                pass
threading.Thread(target=flood, daemon=True).start()
while True:
    pass
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_flood_of_answers_does_not_fill_the_memory_of_the_grader(tmp_path, monkeypatch):
    monkeypatch.setattr(subject, "LOAD", 3.0)
    threads = threading.active_count()
    before = resident()
    assert key(HEAD + FLOOD, tmp_path) in {"nonsense", "time", "ended"}
    sandbox = Sandbox()  # asked nothing, and it writes all the same
    try:
        sandbox.process.stdin.write(b'{"do": "load", "number": "0", "with": ' + load(HEAD + FLOOD) + b"}\n")
        sandbox.process.stdin.flush()
        time.sleep(3)
        assert resident() - before < 200 << 20
    finally:
        sandbox.close()
    deadline = time.monotonic() + 5
    while threading.active_count() > threads and time.monotonic() < deadline:
        time.sleep(0.05)
    assert threading.active_count() <= threads


def load(source):
    return json.dumps({"source": source, "refuse": [], "stubs": []}).encode()


def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_nothing_comes_from_the_network(kind):
    """A guard that was got round: in bubblewrap even then there is no way out."""
    if kind == "limits":
        pytest.skip("there the guard is all that there is")
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(1.5)
    port = server.getsockname()[1]
    came = []
    thread = threading.Thread(target=lambda: came.append(accepted(server)))
    thread.start()
    program = f"import socket\ntry:\n    socket.create_connection(('127.0.0.1', {port}), 1)\nexcept OSError:\n    pass"
    run_unguarded(program)
    thread.join()
    server.close()
    assert came == [False]


def accepted(server):
    try:
        server.accept()
    except TimeoutError:
        return False
    return True


def test_nothing_is_written_or_read_elsewhere(kind, tmp_path):
    if kind == "limits":
        pytest.skip("there the guard is all that there is")
    secret = tmp_path / "secret"
    secret.write_text("mine")
    program = f"""
import os
for path in ({str(secret)!r}, '/etc/passwd', os.path.expanduser('~/.ssh')):
    print(path, os.path.exists(path))
for path in ({str(tmp_path / "new")!r}, '/usr/new', '/new'):
    try:
        open(path, 'w')
    except OSError:
        print('refused')
"""
    out = run_unguarded(program)
    assert out.count("False") == 3
    assert out.count("refused") >= 2  # a new file in /tmp of its own is nobody's loss
    assert sorted(tmp_path.iterdir()) == [secret]


def run_unguarded(program):
    """Run a program as the sandbox runs the host, without the guard in Python."""
    folder = Path(sandboxes.tempfile.mkdtemp(prefix="rnn-test-")).resolve()
    command = sandboxes._command(folder, package=False)
    at = command.index("-c")
    done = subprocess.run([*command[:at], "-c", program], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_process_in_a_session_of_its_own_ends_too(kind):
    if kind == "limits":
        pytest.skip("there a session of its own escapes; the command says so")
    marker = f"rnn-{os.getpid()}-{time.time_ns()}"
    child = f"import time; time.sleep(60)  # {marker}"
    run_unguarded(
        f"import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', {child!r}], start_new_session=True)"
    )
    deadline = time.monotonic() + 5
    while running(marker) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not running(marker)


def running(marker):
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(marker in path.read_text())
        except OSError:
            continue
    return any(found)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_no_process_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr(subject, "LOAD", 2.0)
    before = children()
    for source in ("while True:\n    pass", "import os\nos._exit(1)", SOLUTION[:400]):
        key(HEAD + source + "\n", tmp_path)
    deadline = time.monotonic() + 5
    while children() - before and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not children() - before


def children():
    me = str(os.getpid())
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[1] == me:
            found.add(stat.parent.name)
    return found
