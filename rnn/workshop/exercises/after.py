"""Exercises of the chapter *after*."""

from typing import Any

import numpy as np

from rnn.echo import EchoState, nrmse
from rnn.scan import parallel_scan
from rnn.validate import Array, quiet
from rnn.workshop.exercise import Exercise
from rnn.workshop.subject import Subject
from rnn.workshop.wrong import Text, Wrong, compare, expect

# ── 4: Newton over time ─────────────────────────────────────────────────────────────────────────────────────────────


def newton(net, inputs):
    """Return all states, found together, and the number of iterations that it took."""
    W_xh, W_hh, b_h = (net.params[name] for name in ("W_xh", "W_hh", "b_h"))
    states = np.zeros((len(inputs), 1, net.hidden_size))
    iteration, change = 0, np.inf
    while change >= 1e-10 and iteration < len(inputs):
        before = np.concatenate([np.zeros_like(states[:1]), states[:-1]])
        value = np.tanh(inputs @ W_xh + before @ W_hh + b_h)
        A = W_hh * (1 - value**2)
        found = parallel_scan(A, value - before @ A, dense=True)
        change = np.abs(found - states).max()
        states = found
        iteration += 1
    return states, iteration


NEWTON_SLIPS = (
    "transposed",
    "no-slope",
    "no-jacobian",
    "stale-slope",
    "no-subtraction",
    "not-shifted",
    "rolled",
    "no-bias",
)


@quiet
def _iterated(
    params: dict[str, Array], inputs: Array, slip: str = "", lost: float = np.inf
) -> tuple[Array, int, list[float]]:
    """Return what Newton's method finds, with one slip or with none: states, iterations, the change in each."""
    T, H = len(inputs), len(params["b_h"])
    h = np.zeros((T, 1, H))
    changes: list[float] = []
    while len(changes) < T:
        before = np.concatenate([np.zeros((1, 1, H)), h[:-1]])
        before = {"not-shifted": h, "rolled": np.roll(h, 1, axis=0)}.get(slip, before)
        bias = 0 if slip == "no-bias" else params["b_h"]
        value = np.tanh(inputs @ params["W_xh"] + before @ params["W_hh"] + bias)
        slopes = 1 - (h if slip == "stale-slope" else value) ** 2
        A = params["W_hh"] * (np.ones_like(slopes) if slip == "no-slope" else slopes)
        A = {"transposed": A.swapaxes(1, 2), "no-jacobian": np.zeros_like(A)}.get(slip, A)
        found = parallel_scan(A, value if slip == "no-subtraction" else value - before @ A, dense=True)
        changes.append(float(np.abs(found - h).max()))
        h = found
        if not lost > changes[-1] >= 1e-10:
            break
    return h, len(changes), changes


def _drawn(rng: np.random.Generator, gain: float) -> tuple[dict[str, Array], Array, dict[str, Any]]:
    """Draw a network and inputs for which every slip shows, and the count does not hang on the last digit."""
    T, D, H = 40, 3, 5
    for _ in range(300):
        params = {
            "W_xh": 0.5 * rng.normal(size=(D, H)),
            "W_hh": gain * rng.normal(size=(H, H)) / np.sqrt(H),
            "b_h": 0.5 * rng.normal(size=H),
        }
        inputs = rng.normal(size=(T, 1, D))
        states, count, changes = _iterated(params, inputs)
        runs: dict[str, Any] = {
            "": (states, count),
            "count-from-0": (states, count - 1),
            "one-too-many": (states, count + 1),
        }
        if _close(changes) or count > T - 4:
            continue
        for slip in NEWTON_SLIPS:
            *run, changes = _iterated(params, inputs, slip, lost=1e4)
            if max(changes) >= 1e4 or _close(changes) or any(not compare(run, one, 1e-4) for one in runs.values()):
                break
            runs[slip] = tuple(run)
        else:
            del runs[""]
            return params, inputs, runs
    raise RuntimeError("no network was found on which the mistakes can be told apart")


def _close(changes: list[float]) -> bool:
    """Say whether another order of rounding might stop in another iteration."""
    return any(0.9e-10 < change < 1.1e-10 for change in changes)


def check_newton(work: Subject) -> None:
    """Try a calm network on which every slip has a name, and a wild one."""
    rng = np.random.default_rng()
    for gain in (0.8, 3.0):
        params, inputs, slips = _drawn(rng, 0.8) if gain < 1 else _wild(rng)
        net = work.call("rnn.SimpleRNN", *params["W_xh"].shape, 2).value
        work.write(net, {f"params.{name}": value for name, value in params.items()})
        _, count, _ = _iterated(params, inputs)
        truth = (_one_by_one(params, inputs), count)
        expect("newton(net, inputs)", work("newton", net, inputs), truth, slips)


def _wild(rng: np.random.Generator) -> tuple[dict[str, Array], Array, dict[str, Any]]:
    """Draw a chaotic network; what slips lead to is decided by rounding there, so none is listed."""
    while True:
        params = {"W_xh": rng.normal(size=(2, 6)), "W_hh": 3 * rng.normal(size=(6, 6)) / np.sqrt(6)}
        params["b_h"], inputs = 0.3 * rng.normal(size=6), rng.normal(size=(20, 1, 2))
        if not _close(_iterated(params, inputs)[2]):
            return params, inputs, {}


def _one_by_one(params: dict[str, Array], inputs: Array) -> Array:
    """Return the states as the loop finds them."""
    h, states = np.zeros((1, len(params["b_h"]))), []
    for x in inputs:
        h = np.tanh(x @ params["W_xh"] + h @ params["W_hh"] + params["b_h"])
        states.append(h)
    return np.array(states)


NEWTON = Exercise(
    chapter="after",
    number=4,
    title=Text("Newton over time", "沿时间的牛顿法"),
    task=Text(
        "Write newton(net, inputs). net is a SimpleRNN with tanh, D inputs and H units (net.params, net.hidden_size);"
        " inputs is (T, 1, D); the state before the first step is zero. Return (states, iterations): all states,"
        " (T, 1, H), and how many iterations were made, the last one included. Guess zeros for all states. An iteration"
        " linearises every step at the last guess of the state before it: f(h_{t-1}) and its Jacobian J_t are both taken"
        " there. parallel_scan(A, b, dense=True) then gives the next guess. It acts on rows: A[t] is the transpose of J_t."
        " Stop after the iteration whose largest change in any state is below 1e-10, and after T iterations at the latest."
        " net.forward may not be used.",
        "写 newton(net, inputs)。net 是 tanh 的 SimpleRNN，D 个输入，H 个单元（net.params、net.hidden_size）；"
        "inputs 为 (T, 1, D)；第一步之前的状态是零。返回 (states, iterations)：所有状态 (T, 1, H)，以及做了几次迭代，"
        "最后一次也算。开始时猜所有状态为零。每次迭代把每一步在上一次对前一状态的猜测处线性化："
        "f(h_{t-1}) 和雅可比矩阵 J_t 都取在那里。然后 parallel_scan(A, b, dense=True) 给出下一次的猜测。"
        "它作用在行上：A[t] 是 J_t 的转置。某次迭代中所有状态的最大改变小于 1e-10，就在这次之后停下，最多做 T 次。"
        "不能用 net.forward。",
    ),
    solution=(newton,),
    check=check_newton,
    names={
        "transposed": Text(
            "The Jacobians stand the wrong way round: the fixed point is right, but it is reached late or not at all."
            " parallel_scan multiplies a row from the left.",
            "雅可比矩阵放反了：不动点没错，但很晚才到，或者到不了。parallel_scan 是用行向量从左边乘。",
        ),
        "no-slope": Text(
            "A is W_hh alone. The Jacobian of a tanh step has a slope for each unit as well.",
            "A 只有 W_hh。tanh 一步的雅可比矩阵里，每个单元还有一个斜率。",
        ),
        "no-jacobian": Text(
            "Each guess is f of the last one: that is the loop again, one more exact step in each iteration. Where is A?",
            "每次猜测只是对上一次套用 f：这又是循环，每次迭代只多一步精确。A 在哪里？",
        ),
        "stale-slope": Text(
            "The slope is taken from the old guess of h_t. The Jacobian belongs to f at the guess of the state before: use the value of f there.",
            "斜率取自 h_t 的旧猜测。雅可比矩阵要取在前一个状态的猜测处：用那里算出的 f。",
        ),
        "no-subtraction": Text(
            "b is the value of f alone. A line through that point has another constant term: what A gives already must not"
            " be counted twice.",
            "b 只有 f 的值。过这一点的直线，常数项不是它：A 已经给出的部分不能再算一遍。",
        ),
        "not-shifted": Text(
            "Step t is linearised at the guess of h_t. It acts on the state before it.",
            "第 t 步在 h_t 的猜测处线性化了。它作用的是前一个状态。",
        ),
        "rolled": Text(
            "Before the first step stands the last state: np.roll moves it there. The state there is zero.",
            "第一步之前放的是最后一个状态：np.roll 把它转到了前面。那里的状态应当是零。",
        ),
        "no-bias": Text("The bias b_h is missing.", "漏了偏置 b_h。"),
        "count-from-0": Text(
            "The states are right, and the number of iterations is one too small: the first one counts, and so does the"
            " one that hardly changes anything.",
            "状态对，迭代次数少一：第一次要算，几乎没有改变的那一次也要算。",
        ),
        "one-too-many": Text(
            "The states are right, and there is one iteration too many.",
            "状态对，迭代次数多一。",
        ),
    },
    planted=(
        ("transposed", "A = W_hh * (1 - value**2)", "A = (W_hh * (1 - value**2)).swapaxes(1, 2)"),
        ("no-slope", "A = W_hh * (1 - value**2)", "A = W_hh * np.ones_like(value)"),
        ("stale-slope", "A = W_hh * (1 - value**2)", "A = W_hh * (1 - states**2)"),
        ("no-subtraction", "value - before @ A", "value"),
        ("not-shifted", "before = np.concatenate([np.zeros_like(states[:1]), states[:-1]])", "before = states"),
        (
            "rolled",
            "before = np.concatenate([np.zeros_like(states[:1]), states[:-1]])",
            "before = np.roll(states, 1, axis=0)",
        ),
        ("no-bias", " + before @ W_hh + b_h", " + before @ W_hh"),
        ("no-jacobian", "found = parallel_scan(A, value - before @ A, dense=True)", "found = value"),
        ("count-from-0", "return states, iteration", "return states, iteration - 1"),
        ("one-too-many", "return states, iteration", "return states, iteration + 1"),
    ),
    hints=(
        Text(
            "Near a guess, f(h) is about f(guess) + J (h − guess). Which part multiplies h, and which does not?",
            "在猜测附近，f(h) 约等于 f(猜测) + J (h − 猜测)。哪一部分乘以 h，哪一部分不乘？",
        ),
        Text(
            "Put the zero state before the guesses and drop the last one: all steps can then be linearised at once.",
            "在各个猜测前面放上零状态，去掉最后一个：这样所有步可以一起线性化。",
        ),
        Text(
            "With value = tanh(inputs @ W_xh + before @ W_hh + b_h), A[t] has W_hh[i, j] · (1 − value[t, 0, j]²) in row i and"
            " column j, and b = value − before @ A.",
            "设 value = tanh(inputs @ W_xh + before @ W_hh + b_h)，A[t] 的第 i 行第 j 列是 W_hh[i, j] · (1 − value[t, 0, j]²)，"
            "而 b = value − before @ A。",
        ),
    ),
    imports="import numpy as np\n\nfrom rnn.scan import parallel_scan",
    stubs=("rnn.simple:SimpleRNN.forward",),
)

# ── 5: find the recurrence ──────────────────────────────────────────────────────────────────────────────────────────


def find_recurrence(y):
    """Return the smallest H of a linear network that writes y, and the H coefficients of its recurrence."""
    rows = (len(y) + 1) // 2
    hankel = np.array([y[i : i + rows] for i in range(rows)])
    sizes = np.linalg.svd(hankel, compute_uv=False)
    H = int(np.sum(sizes > 1e-9 * sizes[0]))
    past = np.array([y[n : n + H] for n in range(len(y) - H)])
    coefficients = np.linalg.lstsq(past, y[H:], rcond=None)[0]
    return H, coefficients


def _written(rng: np.random.Generator, H: int, length: int) -> tuple[Array, Array]:
    """Return a sequence that H modes write, and the coefficients of its recurrence, the oldest value's first."""
    angle, size = rng.uniform(0.9, 2.0), rng.uniform(0.97, 1.0)
    roots = np.array([size * np.exp(1j * angle), size * np.exp(-1j * angle), rng.uniform(0.8, 0.95)])[:H]
    roots = np.append(roots, -rng.uniform(0.8, 0.95)) if H == 4 else roots
    phase = np.exp(1j * rng.uniform(0, 6))
    weights = np.array([phase, phase.conj(), rng.uniform(1, 2), rng.uniform(1, 2)])[:H]
    y = (weights * roots ** np.arange(length)[:, None]).sum(axis=1).real
    return y, -np.poly(roots).real[:0:-1]


def _slips_of(y: Array, H: int, truth: Array) -> dict[str, Any]:
    """Return what known slips make of a sequence."""
    rows = (len(y) + 1) // 2
    far = np.array([y[n : n + H] for n in range(len(y) - H - 1)])
    toeplitz = y[np.abs(np.arange(rows)[:, None] - np.arange(rows))]
    slips: dict[str, Any] = {
        "reversed": (H, truth[::-1]),
        "signs": (H, -truth),
        "one-too-far": (H, np.linalg.lstsq(far, y[H + 1 :], rcond=None)[0]),
    }
    past = np.column_stack([[y[n : n + H] for n in range(len(y) - H)], np.ones(len(y) - H)])
    slips["with-constant"] = (H, np.linalg.lstsq(past, y[H:], rcond=None)[0])
    rank = _rank(toeplitz, 1e-9)
    return slips | ({"toeplitz": rank} if rank != H else {"full": rows})  # of a constant both matrices are the same


def _rank(matrix: Array, share: float) -> int:
    sizes = np.linalg.svd(matrix, compute_uv=False)
    return int((sizes > share * sizes[0]).sum())


def _found(of: str, got: Any, y: Array, H: int, coefficients: Array, **more: Any) -> None:
    """Hold an answer to the truth; a rank alone may explain what is wrong with it."""
    if compare(got, (H, coefficients)) is None:
        return
    slips = more | _slips_of(y, H, coefficients)
    ranks = {key: value for key, value in slips.items() if isinstance(value, int)}
    if isinstance(got, list | tuple) and len(got) == 2:
        expect(f"{of}[0]", _first(got), H, ranks)
    expect(of, got, (H, coefficients), {key: value for key, value in slips.items() if key not in ranks})


def check_recurrence(work: Subject) -> None:
    """Try a constant, modes with known coefficients, the page's three sequences, other units, noise."""
    rng = np.random.default_rng()
    same = np.full(9, rng.uniform(1, 2))
    _found("find_recurrence(constant)", work("find_recurrence", same), same, 1, np.ones(1))
    for H in (3, 4):
        y, coefficients = _written(rng, H, 19)
        _found("find_recurrence(y)", work("find_recurrence", y), y, H, coefficients)
    n = np.arange(19.0)
    cosines = [2 * np.cos(1.0), 2 * np.cos(2.0)]
    page: dict[str, tuple[Array, Any]] = {
        "n²": (n**2, [1.0, -3.0, 3.0]),
        "F_n": (_fibonacci(19), [1.0, 1.0]),
        "sin n + sin 2n": (
            np.sin(n) + np.sin(2 * n),
            -np.polymul([1, -cosines[0], 1], [1, -cosines[1], 1])[:0:-1],
        ),
    }
    for name, (values, expected) in page.items():
        came = work("find_recurrence", values)
        _found(f"find_recurrence({name})", came, values, len(expected), np.array(expected))
    y, coefficients = _written(rng, 3, 25)
    for scale in (1e-11, 1e12):
        absolute = _rank_above(scale * y, 1e-9)
        came = work("find_recurrence", scale * y)
        _found(f"find_recurrence({scale:g} * y)", came, scale * y, 3, coefficients, absolute=absolute)
    measured = y + 1e-11 * rng.normal(size=25)
    came = work("find_recurrence", measured)
    rank = _first(came)
    above = {"too-fine": rank} if isinstance(rank, int) and rank > 3 else {}
    _found("find_recurrence(measured)", came, measured, 3, coefficients, **above)
    noise = rng.normal(size=13)
    expect("find_recurrence(noise)[0]", _first(work("find_recurrence", noise)), 7)


def _first(got: Any) -> Any:
    return got[0] if isinstance(got, list | tuple) and got else got


def _fibonacci(length: int) -> Array:
    values = [1.0, 1.0]
    while len(values) < length:
        values.append(values[-1] + values[-2])
    return np.array(values)


def _rank_above(y: Array, level: float) -> int:
    rows = (len(y) + 1) // 2
    hankel = y[np.arange(rows)[:, None] + np.arange(rows)]
    return int((np.linalg.svd(hankel, compute_uv=False) > level).sum())


RECURRENCE = Exercise(
    chapter="after",
    number=5,
    title=Text("Find the recurrence", "找出递推"),
    task=Text(
        "Write find_recurrence(y). y is an array (N,) of real numbers, N odd. Return (H, coefficients). H is the rank, a"
        " whole number, of the square Hankel matrix with (N + 1) / 2 rows and y[i + j] in row i and column j; a singular"
        " value below 1e-9 of the largest counts as zero. coefficients is an array (H,), the oldest value's first:"
        " y[n + H] = coefficients[0] · y[n] + … + coefficients[H - 1] · y[n + H - 1], for all n by least squares, without a"
        " constant term.",
        "写 find_recurrence(y)。y 是实数数组 (N,)，N 是奇数。返回 (H, coefficients)。H 是整数，即方的汉克尔矩阵的秩："
        "它有 (N + 1) / 2 行，第 i 行第 j 列是 y[i + j]；小于最大奇异值 1e-9 倍的奇异值算作零。"
        "coefficients 是数组 (H,)，最早的值在前：y[n + H] = coefficients[0] · y[n] + … + coefficients[H - 1] · y[n + H - 1]，"
        "对所有 n 用最小二乘，没有常数项。",
    ),
    solution=(find_recurrence,),
    check=check_recurrence,
    names={
        "reversed": Text(
            "The coefficients are right, in the opposite order. The first belongs to the oldest value.",
            "系数对，次序反了。第一个属于最早的值。",
        ),
        "signs": Text(
            "All signs are reversed: these are the coefficients with everything on one side. y[n + H] stands alone.",
            "符号全反了：这是各项都移到一边时的系数。y[n + H] 要单独放在一边。",
        ),
        "one-too-far": Text(
            "The value after the next is fitted: compare the last index of the window with that of the target.",
            "拟合的是再下一个值：比一比窗口的最后一个下标和目标的下标。",
        ),
        "with-constant": Text(
            "There is one coefficient too many, a constant term. A linear network without inputs and biases has none.",
            "多了一个系数：常数项。没有输入也没有偏置的线性网络没有常数项。",
        ),
        "toeplitz": Text(
            "The rank is that of a matrix constant along its diagonals. In a Hankel matrix the indices are added.",
            "这是沿对角线不变的矩阵的秩。汉克尔矩阵的两个下标是相加。",
        ),
        "full": Text(
            "This is the number of rows. Singular values that are zero but for rounding do not count.",
            "这是行数。除了舍入误差就是零的奇异值，不算。",
        ),
        "absolute": Text(
            "In other units the sequence has another rank: singular values are compared with a fixed number, and not with"
            " the largest of them.",
            "换一个单位，秩就变了：奇异值是和一个固定的数比较的，没有和最大的奇异值比。",
        ),
        "too-fine": Text(
            "Numbers that are exact to twelve digits have full rank here. The limit is finer than the task says.",
            "准确到十二位的数，在这里秩是满的。界限比题目规定的细。",
        ),
    },
    planted=(
        ("reversed", "return H, coefficients", "return H, coefficients[::-1]"),
        ("signs", "return H, coefficients", "return H, -coefficients"),
        (
            "one-too-far",
            "for n in range(len(y) - H)])\n    coefficients = np.linalg.lstsq(past, y[H:], rcond=None)[0]",
            "for n in range(len(y) - H - 1)])\n    coefficients = np.linalg.lstsq(past, y[H + 1 :], rcond=None)[0]",
        ),
        ("with-constant", "np.linalg.lstsq(past,", "np.linalg.lstsq(np.column_stack([past, np.ones(len(past))]),"),
        (
            "toeplitz",
            "[y[i : i + rows] for i in range(rows)]",
            "[[y[abs(i - j)] for j in range(rows)] for i in range(rows)]",
        ),
        ("full", "np.sum(sizes > 1e-9 * sizes[0])", "len(sizes)"),
        ("absolute", "sizes > 1e-9 * sizes[0]", "sizes > 1e-9"),
        ("too-fine", "sizes > 1e-9 * sizes[0]", "sizes > 1e-14 * sizes[0]"),
    ),
    hints=(
        Text(
            "Every value is the same combination of the H values before it. What does that say about the rows of the matrix?",
            "每个值都是它前面 H 个值的同一种组合。这对矩阵的各行意味着什么？",
        ),
        Text(
            "Count the singular values above a share of the largest. Then each window of H values, with the value after it,"
            " is an equation for the coefficients.",
            "数一数超过最大奇异值某个比例的奇异值。然后，每 H 个连续的值连同后面一个值，是关于系数的一个方程。",
        ),
        Text(
            "np.linalg.svd(hankel, compute_uv=False) gives the singular values; np.linalg.lstsq the coefficients, with"
            " y[n : n + H] as rows on the left and y[H:] on the right.",
            "np.linalg.svd(hankel, compute_uv=False) 给出奇异值；系数用 np.linalg.lstsq，左边各行是 y[n : n + H]，右边是 y[H:]。",
        ),
    ),
)

# ── 6: what the echo remembers ──────────────────────────────────────────────────────────────────────────────────────


def echo_errors(net, u, lags, train):
    """Return for each lag the error with which a trained read-out repeats the input of so many steps ago."""
    errors = []
    for n in lags:
        net.fit(u[n:train], u[: train - n], washout=100)
        outputs, _ = net.forward(u[train:])
        errors.append(nrmse(outputs[100:], u[train + 100 - n : len(u) - n]))
    return np.array(errors)


def bands(errors):
    """Return the lower quartile, the median and the upper quartile over the seeds."""
    return np.quantile(errors, [0.25, 0.5, 0.75], axis=0)


def conclusion():
    """Say what a larger spectral radius buys."""
    return "trade"


def _driven(params: dict[str, Array], u: Array) -> Array:
    """Return what a read-out can see, a row for each step: states, input and a one."""
    h, rows = np.zeros(len(params["b_h"])), []
    for x in u[:, 0]:
        h = np.tanh(x @ params["W_xh"] + h @ params["W_hh"] + params["b_h"])
        rows.append(np.concatenate([h, x, [1.0]]))
    return np.array(rows)


def _read_out(features: Array, targets: Array) -> Array:
    """Return the weights of a read-out by least squares, with EchoState's penalty as further equations."""
    size = features.shape[1]
    X, y = np.vstack([features, 1e-4 * np.eye(size)]), np.concatenate([targets, np.zeros(size)])
    return np.asarray(np.linalg.lstsq(X, y, rcond=None)[0])


def _echo(params: dict[str, Array], u: Array, lags: list[int], train: int) -> tuple[Array, list[tuple[str, Array]]]:
    """Return the errors, and those that known mistakes lead to."""
    values, T = u[:, 0, 0], len(u)
    test = _driven(params, u[train:])
    right, slips = [], []
    weights = {n: _read_out(_driven(params, u[n:train])[100:], values[100 : train - n]) for n in lags}
    for n in lags:
        W = weights[n]
        trained = _driven(params, u[n:train])[100:] @ W
        ahead = _driven(params, u[: train - n])
        V = _read_out(ahead[100:], values[100 + n : train])
        outputs, past = test @ W, values[train - n : T - n]
        right.append(nrmse(outputs[100:], past[100:]))
        slips.append(
            {
                "future": nrmse((test @ V)[100 : T - train - n], values[train + 100 + n :]),
                "swapped-fit": nrmse((test @ V)[100:], past[100:]),
                "training-part": nrmse(trained, values[100 : train - n]),
                "no-washout": nrmse(outputs, past),
                "one-late": nrmse(outputs[100:], values[train + 99 - n : T - 1 - n]),
                "one-early": nrmse(outputs[100:], values[train + 101 - n : T + 1 - n]),
                "not-normalised": nrmse(outputs[100:], past[100:]) * past[100:].std(),
                "squared": nrmse(outputs[100:], past[100:]) ** 2,
                "one-read-out": nrmse(test[100:] @ weights[lags[0]], past[100:]),
                "last-read-out": nrmse(test[100:] @ weights[lags[-1]], past[100:]),
            }
        )
    keys = {"swapped-fit": "future", "one-late": "one-off", "one-early": "one-off", "last-read-out": "one-read-out"}
    return np.array(right), [(keys.get(key, key), np.array([s[key] for s in slips])) for key in slips[0]]


def _reservoir(rng: np.random.Generator, units: int, radius: float) -> dict[str, Array]:
    net = EchoState(1, units, 1, spectral_radius=radius, input_scale=0.1, rng=rng)
    return {name: net.params[name] for name in ("W_xh", "W_hh", "b_h")}


def check_echo(work: Subject) -> None:
    """Look at the errors of one network, at the bands, and at what the radius buys, which is measured here."""
    rng = np.random.default_rng()
    lags, train, u = [2, 5, 9], 330, rng.uniform(-1, 1, size=(570, 1, 1))
    params = _reservoir(rng, 15, 0.9)
    net = work.call("rnn.EchoState", 1, 15, 1).value
    work.write(net, {f"params.{name}": value for name, value in params.items()})
    truth, slips = _echo(params, u, lags, train)
    got = work("echo_errors", net, u, lags, train)
    difference = compare(got, truth)
    for key, value in slips:
        if difference is not None and compare(got, value) is None:
            raise Wrong(key, difference, of="echo_errors(net, u, lags, train)")
    expect("echo_errors(net, u, lags, train)", got, truth)

    errors = rng.uniform(0.1, 1, size=(10, 7)) ** 2
    mean, std = errors.mean(axis=0), errors.std(axis=0)
    low, high = errors.min(axis=0), errors.max(axis=0)
    quartiles = np.array([_quartile(errors, share) for share in (0.25, 0.5, 0.75)])
    expect(
        "bands(errors)",
        work("bands", errors),
        quartiles,
        {
            "over-lags": np.array([_quartile(errors.T, share) for share in (0.25, 0.5, 0.75)]),
            "by-lag": quartiles.T,
            "deviations": np.array([mean - std, mean, mean + std]),
            "extremes": np.array([low, quartiles[1], high]),
            "mean": np.array([quartiles[0], mean, quartiles[2]]),
        },
    )
    expect("conclusion()", work("conclusion"), _bought(rng), {key: key for key in ("better", "worse", "nothing")})


def _quartile(errors: Array, share: float) -> Array:
    """Return a quantile over the rows, between the two neighbours in the sorted order."""
    place = share * (len(errors) - 1)
    below = int(place)
    lower, upper = np.sort(errors, axis=0)[[below, min(below + 1, len(errors) - 1)]]
    return np.asarray(lower + (place - below) * (upper - lower))


def _bought(rng: np.random.Generator) -> str:
    """Measure what the radius 0.9 does better than 0.5: lag 1, and lag 10."""
    errors = {}
    for radius in (0.5, 0.9):
        found = []
        for _ in range(3):
            u = rng.uniform(-1, 1, size=700)
            rows = _driven(_reservoir(rng, 50, radius), u[:, None, None])
            found.append(
                [
                    nrmse(rows[400:] @ _read_out(rows[100:400], u[100 - n : 400 - n]), u[400 - n : 700 - n])
                    for n in (1, 10)
                ]
            )
        errors[radius] = np.median(found, axis=0)
    near, far = errors[0.9] < errors[0.5]
    return {(False, True): "trade", (True, True): "better", (False, False): "worse"}.get(
        (bool(near), bool(far)), "nothing"
    )


ECHO = Exercise(
    chapter="after",
    number=6,
    title=Text("What the echo remembers", "回声记得什么"),
    task=Text(
        "Write three functions.\n"
        "echo_errors(net, u, lags, train): net is an EchoState with one input and one output, u the inputs (T, 1, 1), lags a"
        " list of whole numbers. For each lag n fit the read-out with net.fit on the inputs u[n:train] and the targets"
        " u[:train - n], washout 100. Then let net.forward run over u[train:] from the zero state, leave out its first 100"
        " outputs, and compare the others with the inputs of n steps before, by rnn.echo.nrmse. Return an array (len(lags),).\n"
        "bands(errors): errors is (seeds, lags). Return an array (3, lags): lower quartile, median and upper quartile over the"
        " seeds, as np.quantile has them.\n"
        "conclusion(): compare the radius 0.9 with 0.5 (50 units, input_scale 0.1, as in the chapter) at the lags 1 and 10, in"
        ' the median of several seeds. Return "better" (a smaller error at both), "worse" (at neither), "trade" (larger at'
        ' lag 1, smaller at lag 10) or "nothing" (smaller at lag 1, larger at lag 10).',
        "写三个函数。\n"
        "echo_errors(net, u, lags, train)：net 是一个输入、一个输出的 EchoState，u 是输入 (T, 1, 1)，lags 是整数的列表。"
        "对每个滞后 n，用 net.fit 拟合读出层，输入 u[n:train]，目标 u[:train - n]，washout 取 100。"
        "然后让 net.forward 从零状态开始跑过 u[train:]，去掉最前面的 100 个输出，其余的用 rnn.echo.nrmse 与 n 步之前的输入比较。"
        "返回数组 (len(lags),)。\n"
        "bands(errors)：errors 为 (种子, 滞后)。返回数组 (3, 滞后)：对种子取的下四分位数、中位数、上四分位数，与 np.quantile 一致。\n"
        "conclusion()：谱半径 0.9 与 0.5 相比（50 个单元，input_scale 取 0.1，与本章相同），看滞后 1 和 10，取几个种子的中位数。"
        '返回 "better"（两处误差都更小）、"worse"（两处都不更小）、"trade"（滞后 1 处更大，滞后 10 处更小）或 "nothing"'
        "（滞后 1 处更小，滞后 10 处更大）。",
    ),
    solution=(echo_errors, bands, conclusion),
    check=check_echo,
    names={
        "future": Text(
            "Inputs and targets of the read-out are exchanged: it is asked for the future of a random input, which nobody knows.",
            "读出层的输入和目标对调了：问的是随机输入的未来，那是没有人知道的。",
        ),
        "training-part": Text(
            "The error is that of the part on which the read-out was fitted. Let the network run over u[train:].",
            "误差是在拟合读出层的那一段上算的。要让网络跑过 u[train:]。",
        ),
        "no-washout": Text(
            "The first 100 outputs of the test are counted; the states there still come from the zero state.",
            "测试段最前面的 100 个输出也算进去了；那里的状态还带着零状态的痕迹。",
        ),
        "one-off": Text(
            "In the test the outputs are compared with the inputs of one step earlier or later than the lag.",
            "测试时，输出与输入的对应错了一步，不是滞后 n 步。",
        ),
        "not-normalised": Text(
            "The error is not divided by the standard deviation of the targets.", "误差没有除以目标的标准差。"
        ),
        "squared": Text("The root is missing: this is a mean squared error.", "没有开方：这是均方误差。"),
        "one-read-out": Text(
            "All lags are measured with the read-out of one of them. Fit anew for each lag, before you measure.",
            "所有滞后用的是其中一个滞后的读出层。每个滞后都要先重新拟合，再测量。",
        ),
        "over-lags": Text(
            "The quartiles are taken over the lags. A band shows what the seed changes.",
            "四分位数是对滞后取的。带子要表示的是种子带来的差别。",
        ),
        "by-lag": Text(
            "The result is turned: three rows, a column for each lag.", "结果转置了：应是三行，每个滞后一列。"
        ),
        "deviations": Text(
            "This is the mean and one standard deviation to each side; quartiles are asked for.",
            "这是平均值加减一个标准差；题目要的是四分位数。",
        ),
        "extremes": Text(
            "The band reaches from the smallest to the largest error; it should hold the middle half.",
            "带子从最小的误差到最大的误差；它应当只含中间的一半。",
        ),
        "mean": Text("In the middle stands the mean instead of the median.", "中间放的是平均值，应当是中位数。"),
        "better": Text(
            "At lag 10 it is better. Look at lag 1 as well: what is kept longer has to share the same units.",
            "滞后 10 处确实更好。再看看滞后 1：留得更久的东西，要分用同样多的单元。",
        ),
        "worse": Text(
            "At lag 1 it is worse. Look at lag 10, of which the small radius has forgotten most.",
            "滞后 1 处确实更差。再看看滞后 10：小的谱半径在那里已经忘了大半。",
        ),
        "nothing": Text(
            "The other way round: which of the two has forgotten more after ten steps?",
            "反了：十步之后，哪一个忘得更多？",
        ),
    },
    planted=(
        (
            "future",
            "net.fit(u[n:train], u[: train - n], washout=100)",
            "net.fit(u[: train - n], u[n:train], washout=100)",
        ),
        (
            "no-washout",
            "nrmse(outputs[100:], u[train + 100 - n : len(u) - n])",
            "nrmse(outputs, u[train - n : len(u) - n])",
        ),
        ("one-off", "u[train + 100 - n : len(u) - n]", "u[train + 99 - n : len(u) - n - 1]"),
        (
            "training-part",
            "errors.append(nrmse(outputs[100:], u[train + 100 - n : len(u) - n]))",
            "errors.append(nrmse(net.forward(u[n:train])[0][100:], u[100 : train - n]))",
        ),
        ("squared", "u[train + 100 - n : len(u) - n]))", "u[train + 100 - n : len(u) - n]) ** 2)"),
        ("over-lags", "axis=0", "axis=1"),
        ("extremes", "[0.25, 0.5, 0.75]", "[0.0, 0.5, 1.0]"),
        ("better", '"trade"', '"better"'),
        ("worse", '"trade"', '"worse"'),
        ("nothing", '"trade"', '"nothing"'),
        (
            "one-read-out",
            "net.fit(u[n:train], u[: train - n], washout=100)",
            "_ = n == lags[0] and net.fit(u[n:train], u[: train - n], washout=100)",
        ),
        (
            "not-normalised",
            "nrmse(outputs[100:], u[train + 100 - n : len(u) - n])",
            "np.sqrt(np.mean((outputs[100:] - u[train + 100 - n : len(u) - n]) ** 2))",
        ),
    ),
    hints=(
        Text(
            "The network stays as it is; for each lag only the read-out is new. What does net.fit return, and on which part?",
            "网络不变，每个滞后只换读出层。net.fit 返回的是哪一段上的输出？",
        ),
        Text(
            "Output number k of the test belongs to step train + k. Which input lies n steps before it?",
            "测试段的第 k 个输出属于第 train + k 步。它之前 n 步的输入是哪一个？",
        ),
        Text(
            "Compare outputs[100:] with u[train + 100 - n : len(u) - n]. For the bands: np.quantile(errors, [0.25, 0.5, 0.75], axis=0).",
            "把 outputs[100:] 与 u[train + 100 - n : len(u) - n] 比较。带子用 np.quantile(errors, [0.25, 0.5, 0.75], axis=0)。",
        ),
    ),
    imports="import numpy as np\n\nfrom rnn.echo import nrmse",
)

EXERCISES = (NEWTON, RECURRENCE, ECHO)
