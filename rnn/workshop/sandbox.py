"""A process for code that nobody vouches for: little time, little memory, no network, one folder to write in.

Where bubblewrap is installed and works, the process sees the interpreter, NumPy and its folder, and nothing else of
the machine. Where it does not, there are limits, a session of its own, and a guard inside Python that a determined
program can get round; whoever grades is told so.
"""

import contextlib
import functools
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import rnn
from rnn.workshop import host

MEMORY = 2 << 30  # bytes of address space; NumPy alone reserves about a tenth of it
LARGEST_ANSWER = 64 << 20  # bytes; the recording of a training is the longest

# What Python is started with: the host's source, the folder, the memory, and where the package is if it may be used.
START = "import sys; sys.path[:0] = sys.argv[4:]; exec(compile(sys.argv[1], 'host', 'exec')); main(sys.argv[2], int(sys.argv[3]))"


class Ended(Exception):
    """The process has ended, or has been ended, before it answered; `why` is "time", "ended" or "nonsense"."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@functools.cache
def bubblewrap() -> str | None:
    """Return the path of bubblewrap if it can make a sandbox here."""
    program = shutil.which("bwrap")
    if program is None:
        return None
    trial = [program, "--ro-bind", "/", "/", "--unshare-all", "--die-with-parent", sys.executable, "-c", ""]
    try:
        return program if subprocess.run(trial, capture_output=True, timeout=20).returncode == 0 else None
    except (OSError, subprocess.TimeoutExpired):
        return None


class Sandbox:
    """A host in a process of its own, which is asked in lines of JSON.

    Parameters
    ----------
    package : bool
        Whether the submission may use the package `rnn`, as in the exercises of the book.
    memory : int
        How much memory it may have, in bytes.
    """

    def __init__(self, *, package: bool = False, memory: int = MEMORY) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="rnn-check-")).resolve()
        _give_fonts(self.folder)
        self.process = subprocess.Popen(
            _command(self.folder, package, memory),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self.folder,
            env=_environment(self.folder, package),
            start_new_session=True,
        )
        self._answers: queue.Queue[bytes] = queue.Queue(maxsize=1)  # who answers unasked has to wait
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def ask(self, request: dict[str, Any], seconds: float) -> dict[str, Any]:
        """Return the answer to a question.

        Raises
        ------
        Ended
            If there is none in time, or the process has ended, or has answered something else.
        """
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(request).encode() + b"\n")
            self.process.stdin.flush()
            line = self._answers.get(timeout=seconds)
        except queue.Empty:
            self.close()
            raise Ended("time") from None
        except OSError:
            line = b""
        if not line:
            self.close()
            raise Ended("ended")
        try:
            answer = json.loads(line)
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            self.close()
            raise Ended("nonsense")
        return answer

    def close(self) -> None:
        """End the process and what it has started, and remove its folder."""
        with contextlib.suppress(OSError):
            if os.name == "posix":
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(5)
        deadline = time.monotonic() + 5
        while self._reader.is_alive() and time.monotonic() < deadline:
            with contextlib.suppress(queue.Empty):
                self._answers.get(timeout=0.01)
        for pipe in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(OSError, ValueError):
                if pipe is not None:
                    pipe.close()
        for _ in range(10):  # what is being killed may still be writing
            shutil.rmtree(self.folder, ignore_errors=True)
            if not self.folder.exists():
                return
            time.sleep(0.05)

    def _read(self) -> None:
        assert self.process.stdout is not None
        with contextlib.suppress(OSError, ValueError):
            while line := self.process.stdout.readline(LARGEST_ANSWER):
                self._answers.put(line)
        self._answers.put(b"")


def _command(folder: Path, package: bool, memory: int = MEMORY) -> list[str]:
    home = Path(rnn.__file__).resolve().parent
    python = [sys.executable, "-I", "-B", "-c", START, Path(host.__file__).read_text(encoding="utf-8"), str(folder)]
    python.append(str(memory))
    python += [str(home.parent)] if package else []
    program = bubblewrap()
    if program is None:
        return python
    seen = [*(f for f in ("/usr", "/etc/alternatives", "/etc/fonts", "/nix") if Path(f).exists()), *_interpreter()]
    command = [program, "--unshare-all", "--die-with-parent", "--new-session", "--proc", "/proc", "--dev", "/dev"]
    command += ["--tmpfs", "/tmp"]
    for link in ("/bin", "/sbin", "/lib", "/lib32", "/lib64"):
        if Path(link).is_symlink():
            command += ["--symlink", os.readlink(link), link]
        elif Path(link).exists():
            seen.append(link)
    for path in dict.fromkeys(seen):
        command += ["--ro-bind", path, path]
    if package:
        command += ["--ro-bind", str(home), str(home), "--tmpfs", str(home / "workshop")]
    elif any(home.is_relative_to(path) for path in seen):
        command += ["--tmpfs", str(home)]
    return [*command, "--bind", str(folder), str(folder), "--chdir", str(folder), "--", *python]


def _interpreter() -> list[str]:
    """Return the folders that Python and the packages of this environment stand in."""
    paths = [sys.prefix, sys.base_prefix, os.path.dirname(os.path.realpath(sys.executable))]
    paths += [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    return [path for path in paths if os.path.exists(path)]


def _environment(folder: Path, package: bool) -> dict[str, str]:
    keep = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT")
    given = {name: os.environ[name] for name in keep if name in os.environ}
    given |= dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return given | {
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": str(folder / ".matplotlib"),
        "PYTHONHASHSEED": "0",
        "LANG": "C.UTF-8",
    }


def _give_fonts(folder: Path) -> None:
    """Copy Matplotlib's list of fonts: to make it anew would take it longer than the homework."""
    there = folder / ".matplotlib"
    there.mkdir()
    cache = Path(os.environ.get("MPLCONFIGDIR") or Path.home() / ".cache" / "matplotlib")
    for path in cache.glob("fontlist-*.json"):
        shutil.copy(path, there)
