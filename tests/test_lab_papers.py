"""The lab on structure in time: what its text says of its outputs."""

from __future__ import annotations

import subprocess
import sys

from scripts.book.closure import ROOT

# The names are those of the script.
CLAIMS = """
def share(name):
    truth = np.broadcast_to(wanted[name], x.shape)[..., 0]
    fitted, *_ = np.linalg.lstsq(h[:, :500].reshape(-1, 9), truth[:, :500].ravel(), rcond=None)
    right = (h[:, 500:] @ fitted > 0.5) == truth[:, 500:]
    return np.array([right[now[:, 0, 0] == n].mean() for n in range(3)])
def by_place(guess):
    error = ((guess - y) ** 2).mean(axis=(1, 2))
    return np.array([error[place == n].mean() for n in range(3)])
full, cut = by_place(outputs), by_place(short.forward(x)[0])
# a quarter, a quarter, nearly nothing; the loss is soon at a quarter, and ends near one sixth
assert np.allclose(full[:2], 0.25, atol=0.02) and full[2] < 0.01
assert 0.22 < losses[20:60].mean() < 0.28 and abs(losses[-50:].mean() - 1 / 6) < 0.01
# the last bit always; the exclusive or after the second bit and the third, not after the first
assert share("last bit").min() > 0.99
assert share("xor of two bits")[1:].min() > 0.99 and share("xor of two bits")[0] < 0.6
# the place is not in every column
assert min(share(f"place is {n}").min() for n in ("first", "second", "third")) < 0.9
# one step works, though less well; five of five
assert full[2] < cut[2] < 0.1
assert third["all steps"].max() < third["one step"].min() < third["one step"].max() < 0.15
"""


def test_the_script_runs_and_the_text_says_what_it_finds(tmp_path):
    text = (ROOT / "docs" / "zh" / "labs" / "papers.py").read_text(encoding="utf-8")
    script = tmp_path / "papers.py"
    script.write_text(text + CLAIMS, encoding="utf-8")
    command = [sys.executable, "-W", "ignore:FigureCanvasAgg", str(script)]
    environment = {"MPLBACKEND": "Agg", "PATH": "", "HOME": str(tmp_path), "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
