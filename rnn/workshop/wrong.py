"""What is wrong with a submission: a name for the mistake in both languages, and the first number that differs."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

FLOAT32 = 5e-4  # what numbers of single precision may be off by, relative to the largest
FLOAT64 = 1e-6


class Text(NamedTuple):
    """The same sentence in both languages; ``{name}`` stands for a value."""

    en: str
    zh: str


class Difference(NamedTuple):
    """The first place in which two values differ, and what stands there."""

    where: str
    expected: str
    got: str


class Wrong(Exception):
    """A submission is wrong.

    Parameters
    ----------
    key : str
        The mistake: a key of `GENERAL`, or of the names that an exercise or a stage adds.
    difference : Difference, optional
        Where the numbers differ first.
    **values
        What the sentence says of this case.
    """

    def __init__(self, key: str, difference: Difference | None = None, **values: Any) -> None:
        super().__init__(key)
        self.key, self.difference, self.values = key, difference, values

    def __str__(self) -> str:
        return f"{self.key} {self.difference or ''} {self.values or ''}"


def expect(
    of: str,
    got: Any,
    truth: Any,
    otherwise: Mapping[str, Any | Callable[[], Any]] | None = None,
    *,
    rtol: float = FLOAT64,
    **values: Any,
) -> None:
    """Compare a value with the truth and, if they differ, with what known mistakes lead to.

    Parameters
    ----------
    of : str
        What the value is, in the submission's own words: ``forward(inputs)[0]``.
    got, truth : object
        Numbers, arrays, strings, or lists, tuples and dicts of them. A list stands for an array where one is expected.
    otherwise : dict, optional
        For each mistake by its key the value that it leads to, or a function that returns it.
    rtol : float
        The largest error of an array, relative to its largest number; more is allowed in single precision.
    **values
        What the sentences may say of this case.

    Raises
    ------
    Wrong
        With the first key of `otherwise` that explains the value; else with one of "returns-none", "shape",
        "not-finite" and "differs".
    """
    difference = compare(got, truth, rtol)
    if difference is None:
        return
    for key, value in (otherwise or {}).items():
        if compare(got, value() if callable(value) else value, rtol) is None:
            raise Wrong(key, difference, of=of, **values)
    if got is None:
        raise Wrong("returns-none", of=of, **values)
    if difference.where == "shape":
        raise Wrong("shape", difference, of=of, **values)
    if difference.got in ("nan", "inf", "-inf") and difference.expected not in ("nan", "inf", "-inf"):
        raise Wrong("not-finite", difference, of=of, **values)
    raise Wrong("differs", difference, of=of, **values)


def compare(got: Any, truth: Any, rtol: float = FLOAT64, where: str = "") -> Difference | None:
    """Return the first place in which a value is not the truth, or None."""
    if isinstance(truth, dict):
        if not isinstance(got, dict) or set(map(str, got)) != set(map(str, truth)):
            return Difference("shape", shown(truth), shown(got))
        have = {str(key): value for key, value in got.items()}
        pairs = [(f"{where}[{key!r}]", have[str(key)], value) for key, value in truth.items()]
    elif isinstance(truth, tuple) or (isinstance(truth, list) and not _is_numbers(truth)):
        if not isinstance(got, list | tuple | np.ndarray) or len(got) != len(truth):
            return Difference("shape", shown(truth), shown(got))
        pairs = [(f"{where}[{n}]", g, t) for n, (g, t) in enumerate(zip(got, truth, strict=True))]
    elif isinstance(truth, str | bool | None.__class__):
        same = type(got) is type(truth) and got == truth
        same = same or (isinstance(truth, bool) and isinstance(got, np.bool_) and bool(got) == truth)
        return None if same else Difference(where, shown(truth), shown(got))
    else:
        return _compare_numbers(got, np.asarray(truth), rtol, where)
    return next((d for place, g, t in pairs if (d := compare(g, t, rtol, place)) is not None), None)


def _is_numbers(items: Any) -> bool:
    try:
        return np.asarray(items).dtype.kind in "iufcb"
    except ValueError:
        return False


def _compare_numbers(got: Any, truth: np.ndarray, rtol: float, where: str) -> Difference | None:
    try:
        came = np.asarray(got)
    except ValueError:  # rows of different lengths
        came = np.asarray(None)
    if came.dtype.kind not in "biufc" or came.shape != truth.shape:
        return Difference("shape", shown(truth), shown(got))
    if came.dtype.kind == "f" and came.dtype.itemsize < 8:
        rtol = max(rtol, FLOAT32)
    truth = truth.astype(float) if truth.dtype.kind == "b" else truth  # two arrays of bool have no difference
    finite = truth[np.isfinite(truth)]
    scale = float(np.abs(finite).max()) if finite.size else 1.0
    with np.errstate(all="ignore"):
        near = np.abs(came - truth) <= rtol * (scale or 1.0)
    good = near | (came == truth) | (np.isnan(came) & np.isnan(truth))
    if good.all():
        return None
    place = tuple(int(n) for n in np.argwhere(~good)[0])
    index = f"[{', '.join(map(str, place))}]" if place else ""
    return Difference(where + index, number(truth[place]), number(came[place]))


def number(value: Any) -> str:
    """Return a number as a sentence shows it."""
    return f"{value:.6g}" if np.isrealobj(value) else str(value)


def shown(value: Any) -> str:
    """Say in a few words what a value is."""
    if isinstance(value, np.ndarray) and value.ndim:
        return f"array {value.shape}"
    if isinstance(value, dict):
        return f"dict ({', '.join(map(str, list(value)[:8]))})"
    if isinstance(value, list | tuple):
        if _is_numbers(value) and np.asarray(value).ndim:
            return f"{type(value).__name__} {np.asarray(value).shape}"
        return f"{type(value).__name__} ({len(value)})"
    if isinstance(value, str | bool) or value is None:
        return repr(value)[:60]
    return number(value) if np.ndim(value) == 0 and np.asarray(value).dtype.kind in "iufc" else type(value).__name__


GENERAL: dict[str, Text] = {
    "skeleton": Text(
        "`{function}` is not written yet: it raises NotImplementedError.",
        "`{function}` 还没有写：它抛出 NotImplementedError。",
    ),
    "missing": Text(
        "There is no `{name}`. The names are those of the skeleton; keep them.",
        "没有找到 `{name}`。名字以骨架为准，请不要改。",
    ),
    "syntax": Text(
        "Python cannot read line {line}: {message}. `{text}`",
        "第 {line} 行有语法错误：{message}。`{text}`",
    ),
    "module": Text(
        "Line {line} wants a module that is not here: {message}. Hand in one file; it may use NumPy, Matplotlib and"
        " what comes with Python.",
        "第 {line} 行要用的模块不存在：{message}。只交一个文件，可以用 NumPy、Matplotlib 和 Python 自带的模块。",
    ),
    "raises": Text(
        "`{function}` raises {type} in line {line}: {message}. `{text}`",
        "`{function}` 在第 {line} 行抛出 {type}：{message}。`{text}`",
    ),
    "exit": Text(
        "The program ends itself (SystemExit, line {line}). A submission is imported: put what it does on its own"
        ' under `if __name__ == "__main__":`.',
        "程序自己退出了（SystemExit，第 {line} 行）。作业会被导入，请把直接运行的部分放到"
        ' `if __name__ == "__main__":` 下面。',
    ),
    "memory": Text(
        "`{function}` wants more memory than it may have.",
        "`{function}` 要的内存超过了限制。",
    ),
    "time": Text(
        "`{asked}` had not come back after {seconds:g} seconds. Look for a loop that does not end.",
        "`{asked}` 运行 {seconds:g} 秒还没有返回。检查有没有不会结束的循环。",
    ),
    "ended": Text(
        "The process ended during `{asked}` without an answer.",
        "进程在执行 `{asked}` 时没有给出结果就结束了。",
    ),
    "nonsense": Text(
        "What came back during `{asked}` was no answer. Do not write to the grader's pipes.",
        "执行 `{asked}` 时传回来的不是答案。不要往评分程序的管道里写东西。",
    ),
    "forbidden": Text(
        "The program tried what homework does not need: {what}. Processes, connections and files outside its own folder"
        " are refused.",
        "程序做了作业不需要的事：{what}。启动进程、联网、改动自己文件夹以外的文件，都不允许。",
    ),
    "reference": Text(
        "`{name}` is what you are asked to write; it may not be used here.",
        "`{name}` 正是要你写的东西，这里不能用它。",
    ),
    "framework": Text(
        "`{name}` is a framework; the task is to do without one, in NumPy.",
        "`{name}` 是现成的框架，而任务是只用 NumPy。",
    ),
    "changed-argument": Text(
        "`{function}` changes its argument number {number} in place: the caller's array is not the same afterwards. Work"
        " on a copy; `a = a + b` makes one, `a += b` does not.",
        "`{function}` 就地改动了第 {number} 个参数：调用者的数组变了。请在副本上计算；`a = a + b` 会产生新数组，`a += b` 不会。",
    ),
    "returns-none": Text("`{of}` is None: is a `return` missing?", "`{of}` 是 None：是不是漏了 `return`？"),
    "shape": Text("`{of}`: another shape or kind was expected.", "`{of}`：形状或类型不对。"),
    "not-finite": Text(
        "`{of}` is not a finite number: look for an overflow or a division by zero.",
        "`{of}` 不是有限的数：检查有没有溢出，或者除以零。",
    ),
    "differs": Text(
        "`{of}` is another number than expected, and none of the mistakes that are known here explains it.",
        "`{of}` 的值与预期不同，而且不是这里已知的任何一种错误。",
    ),
}


def say(wrong: Wrong, lang: str, names: Mapping[str, Text]) -> str:
    """Return the sentence that names a mistake."""
    known = GENERAL | dict(names)
    values = {"of": "", "name": "", "function": "", "line": "?", "text": "", "message": "", "type": "", **wrong.values}
    keys = [wrong.key, *([wrong.values["also"]] if "also" in wrong.values else [])]  # two mistakes at once
    return {"en": " ", "zh": ""}[lang].join(getattr(known[key], lang).format(**values) for key in keys)
