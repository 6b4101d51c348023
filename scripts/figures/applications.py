"""Figures and numbers of the chapter applications: three small case studies with honest baselines, and drawings."""

from __future__ import annotations

import itertools
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnn import GRU, RNN, Adam, Bidirectional, Embedding, Linear, SimpleRNN, Stacked
from rnn.data import generate_sequence_data, sunspots
from rnn.losses import length_mask, softmax_cross_entropy
from rnn.metrics import Found, compare_entities, edit_distances, word_error_rate
from rnn.optim import clip_by_norm, cosine
from rnn.poems import TEXTS
from rnn.text import Vocabulary, pad, windows
from rnn.train import autoregression, fit_autoregression
from scripts.figures import Drawing, figure, number
from scripts.figures.diagram import Diagram, Node
from scripts.figures.plot import BLUE, GREEN, GREY, ORANGE, PURPLE, VERMILION, band, plot

Array = NDArray[Any]

# --------------------------------------------------------------------------- drawings


def _cells(diagram: Diagram, x: float, y: float, labels: list[str], color: str, gap: float = 0.56) -> list[Node]:
    """Draw a row of states in boxes, or of other symbols without."""
    places = [x + gap * i for i in range(len(labels))]
    if color in (BLUE, GREEN, PURPLE):
        return [
            diagram.box(at, y, label, width=0.4, height=0.32, color=color, size=10)
            for at, label in zip(places, labels, strict=True)
        ]
    return [diagram.point(at, y, label, color=color) for at, label in zip(places, labels, strict=True)]


def _chain(diagram: Diagram, nodes: list[Node], *, back: bool = False, color: str = BLUE) -> None:
    """Draw the arrows from each state to the next, or from each to the one before."""
    pairs = list(itertools.pairwise(nodes))
    for left, right in pairs:
        diagram.arrow(right, left, color=color) if back else diagram.arrow(left, right, color=color)


def _upwards(diagram: Diagram, below: list[Node], above: list[Node], **options: Any) -> None:
    for low, high in zip(below, above, strict=True):
        diagram.arrow(low, high, color=GREY, **options)


@figure()
def applications_arrangements() -> Drawing:
    """Draw six applications side by side: what is read, which states there are, what is asked for."""
    diagram = Diagram(5.3, 6.7)
    rise, x0, x1 = 0.58, 0.62, 3.3
    for i, (x, y) in enumerate([(x0, 4.7), (x1, 4.7), (x0, 2.35), (x1, 2.35), (x0, 0.3), (x1, 0.3)]):
        diagram.text(x - 0.47, y + (3 if y > 1 else 2) * rise, rf"$(\mathrm{{{'abcdef'[i]}}})$", color=GREY, size=10)

    # (a) a model that writes: each output is the next input
    y = 4.7
    inputs = _cells(diagram, x0, y, ["$x_1$", "$x_2$", "$x_3$"], GREY)
    states = _cells(diagram, x0, y + rise, ["$h_1$", "$h_2$", "$h_3$"], BLUE)
    outputs = _cells(diagram, x0, y + 2 * rise, ["$y_1$", "$y_2$", "$y_3$"], VERMILION)
    _chain(diagram, states)
    _upwards(diagram, inputs, states)
    _upwards(diagram, states, outputs)
    for above, below in zip(outputs, inputs[1:], strict=False):
        diagram.arrow(above, below, color=VERMILION, dashed=True)

    # (b) a tag for each word, from both sides
    inputs = _cells(diagram, x1, y, ["$x_1$", "$x_2$", "$x_3$"], GREY)
    ahead = _cells(diagram, x1, y + rise, ["$h_1$", "$h_2$", "$h_3$"], BLUE)
    behind = _cells(diagram, x1, y + 2 * rise, ["$g_1$", "$g_2$", "$g_3$"], GREEN)
    outputs = _cells(diagram, x1, y + 3 * rise, ["$y_1$", "$y_2$", "$y_3$"], VERMILION)
    _chain(diagram, ahead)
    _chain(diagram, behind, back=True, color=GREEN)
    _upwards(diagram, inputs, ahead)
    _upwards(diagram, behind, outputs)
    for low, middle, high in zip(inputs, ahead, behind, strict=True):
        diagram.arrow(low, high, color=GREY, bend=0.45)
        diagram.arrow(middle, Node(high.x, high.y + rise, high.width, high.height), color=GREY, bend=-0.45)

    # (c) one answer, from the mean of all states
    y = 2.35
    inputs = _cells(diagram, x0, y, ["$x_1$", "$x_2$", "$x_3$"], GREY)
    states = _cells(diagram, x0, y + rise, ["$h_1$", "$h_2$", "$h_3$"], BLUE)
    mean = diagram.gate(x0 + 0.56, y + 2 * rise, "$+$")
    answer = _cells(diagram, x0 + 0.56, y + 3 * rise - 0.06, ["$y$"], VERMILION)
    _chain(diagram, states)
    _upwards(diagram, inputs, states)
    for state in states:
        diagram.arrow(state, mean, color=GREY)
    diagram.arrow(mean, answer[0], color=GREY)

    # (d) many frames, fewer labels
    inputs = _cells(diagram, x1, y, ["$x_1$", "$x_2$", "$x_3$"], GREY)
    states = _cells(diagram, x1, y + rise, ["$h_1$", "$h_2$", "$h_3$"], BLUE)
    outputs = _cells(diagram, x1, y + 2 * rise, ["$y_1$", "$y_2$", "$y_3$"], VERMILION)
    _chain(diagram, states)
    _upwards(diagram, inputs, states)
    _upwards(diagram, states, outputs)
    labels = _cells(diagram, x1 + 0.28, y + 3 * rise, ["$a$", "$b$"], ORANGE)
    for frame, label in ((0, 0), (1, 0), (2, 1)):
        diagram.arrow(outputs[frame], labels[label], color=GREY, dashed=True)

    # (e) read all, then write
    y = 0.3
    inputs = _cells(diagram, x0 - 0.2, y, ["$x_1$", "$x_2$"], GREY, gap=0.52)
    states = _cells(diagram, x0 - 0.2, y + rise, ["$h_1$", "$h_2$"], BLUE, gap=0.52)
    writing = _cells(diagram, x0 + 0.84, y + rise, ["$s_1$", "$s_2$"], PURPLE, gap=0.52)
    outputs = _cells(diagram, x0 + 0.84, y + 2 * rise, ["$y_1$", "$y_2$"], VERMILION, gap=0.52)
    _chain(diagram, [*states, *writing])
    _upwards(diagram, inputs, states)
    _upwards(diagram, writing, outputs)
    diagram.arrow(outputs[0], writing[1], color=VERMILION, dashed=True)

    # (f) a picture goes in once, words come out
    picture = diagram.point(x1, y, "$v$", color=ORANGE)
    states = _cells(diagram, x1, y + rise, ["$h_1$", "$h_2$", "$h_3$"], BLUE)
    outputs = _cells(diagram, x1, y + 2 * rise, ["$y_1$", "$y_2$", "$y_3$"], VERMILION)
    diagram.arrow(picture, states[0], color=GREY)
    _chain(diagram, states)
    _upwards(diagram, states, outputs)
    for above, following in zip(outputs, states[1:], strict=False):
        diagram.arrow(above, following, color=VERMILION, dashed=True)
    for patch in diagram.ax.patches:
        patch.set_clip_on(False)  # all is inside, and saying so weighs
    return diagram.drawing()


# --------------------------------------------------------------------------- sunspots, one step and many

WINDOW, UNITS, SEEDS, HORIZON = 12, 8, 6, 24
FIRST_TEST, CYCLE = 1921, 11


@cache
def _forecasts() -> tuple[dict[str, Array], Array]:
    """Return forecasts of 1 … HORIZON years from every origin in the test years, by model, and the truth."""
    years, values = sunspots()
    seen = values[years < FIRST_TEST]  # the scale, the weights and the mean come from here alone
    mean, scale = seen.mean(), seen.std()
    past, targets = windows((seen - mean) / scale, WINDOW)
    rng = np.random.default_rng(0)
    net = Stacked([RNN(1, UNITS, seeds=SEEDS, rng=rng), Linear(UNITS, 1, seeds=SEEDS, rng=rng)])
    optimizer, updates = Adam(weight_decay=0.002), 200
    schedule = cosine(updates)
    inputs = np.broadcast_to(past.T[:, None, :, None], (WINDOW, SEEDS, len(past), 1))
    for update in range(updates):
        outputs, _ = net.forward(inputs)
        d_outputs = np.zeros_like(outputs)
        d_outputs[-1, ..., 0] = 2 * (outputs[-1, ..., 0] - targets) / len(targets)
        optimizer.learning_rate = 0.02 * schedule(update)
        net.backward(d_outputs)
        optimizer.update(net.params, net.grads)

    first = int(np.flatnonzero(years == FIRST_TEST)[0])
    origins = np.arange(first, len(values) - HORIZON + 1)
    truth = np.stack([values[o : o + HORIZON] for o in origins])
    start = np.stack([values[o - WINDOW : o] for o in origins])

    def run_on(predict: Any, read: Array) -> Array:
        steps = []
        for _ in range(HORIZON):
            steps.append(predict(read))
            read = np.concatenate([read[..., 1:], steps[-1][..., None]], axis=-1)
        return np.stack(steps, axis=-1)

    def network(read: Array) -> Array:
        outputs, _ = net.forward(((read - mean) / scale).transpose(2, 0, 1)[..., None])
        return np.asarray(mean + scale * outputs[-1, ..., 0])

    found = {"rnn": run_on(network, np.broadcast_to(start, (SEEDS, *start.shape)))}
    for order in (2, 9):
        weights = fit_autoregression(seen, order)
        found[f"ar{order}"] = run_on(lambda read, weights=weights: autoregression(weights, read), start)
    found["persistence"] = np.repeat(start[:, -1:], HORIZON, axis=1)
    found["cycle"] = np.stack([[values[o + n - CYCLE * (n // CYCLE + 1)] for n in range(HORIZON)] for o in origins])
    found["mean"] = np.full_like(truth, mean)
    return found, truth


def _errors(name: str) -> Array:
    """Return the root mean squared error by horizon, (seeds, HORIZON)."""
    found, truth = _forecasts()
    return np.atleast_2d(np.sqrt(((found[name] - truth) ** 2).mean(axis=-2)))


@figure(training="chaotic", seeds=SEEDS)
def applications_horizon() -> Drawing:
    """The error of free-running forecasts by horizon: a network, autoregressions and three rules without weights."""
    fig, ax = plot(width=5.4, height=2.9)
    n = np.arange(1, HORIZON + 1)
    ax.plot(n, _errors("persistence")[0], color=GREY, linestyle=":", label="$x_t$")
    ax.plot(n, _errors("cycle")[0], color=PURPLE, linestyle=(0, (6, 1.5)), label=f"$x_{{t+n-{CYCLE}}}$")
    ax.plot(n, _errors("ar2")[0], color=GREEN, linestyle="-.", label="AR(2)")
    ax.plot(n, _errors("ar9")[0], color=VERMILION, linestyle="--", label="AR(9)")
    band(ax, n, _errors("rnn"), color=BLUE, label="$h_t$")
    ax.set(xlabel="$n$", ylabel="RMSE", xlim=(1, HORIZON), ylim=(0, 100), xticks=[1, 5, 10, 15, 20, 24])
    ax.legend(ncols=2)
    names = ("persistence", "cycle", "ar2", "ar9", "rnn")
    rows = [(int(i), *(float(np.median(_errors(name)[:, i - 1])) for name in names)) for i in (1, 2, 5, 10, 15, 20, 24)]
    return Drawing(fig, ("$n$", "$x_t$", f"$x_{{t+n-{CYCLE}}}$", "AR(2)", "AR(9)", "$h_t$"), rows)


@number(digits=3)
def applications_forecast() -> dict[str, Any]:
    """Some of these errors, and how many forecasts they are the mean of."""
    _, truth = _forecasts()
    found: dict[str, Any] = {"seeds": SEEDS, "origins": len(truth), "years": HORIZON, "window": WINDOW}
    for name in ("rnn", "ar2", "ar9", "persistence", "cycle", "mean"):
        errors = _errors(name)
        for word, n in (("one", 1), ("two", 2), ("five", 5), ("ten", 10), ("last", HORIZON)):
            found.setdefault(name, {})[word] = float(np.median(errors[:, n - 1]))
    found["low"], found["high"] = float(_errors("rnn")[:, 0].min()), float(_errors("rnn")[:, 0].max())
    assert all(_errors("rnn")[:, 0] > _errors("ar9")[0, 0])  # what the page says
    assert all(_errors("rnn")[:, -1] < _errors("ar9")[0, -1])
    assert _errors("persistence")[0, 9] < min(np.median(_errors(name)[:, 9]) for name in ("rnn", "ar2", "ar9", "cycle"))
    return found


@number(digits=3)
def applications_shifted() -> dict[str, Any]:
    """How good persistence looks on a smooth wave: correlation and error on a sine of amplitude 1, step 0.1."""
    x = generate_sequence_data("sine", 500, omega=0.1)
    guess = autoregression(fit_autoregression(x[:300], 2), windows(x[300:], 2)[0])
    return {
        "correlation": float(np.corrcoef(x[:-1], x[1:])[0, 1]),
        "error": float(np.sqrt(np.mean((x[1:] - x[:-1]) ** 2))),
        "two": bool(np.sqrt(np.mean((guess - x[302:]) ** 2)) < 1e-9),
    }


WALKS = 100


@number
def applications_walks() -> dict[str, Any]:
    """Random walks of 400 steps: AR(12), fitted to the first 300, against persistence on the rest."""
    ratio = []
    for seed in range(WALKS):
        rng = np.random.default_rng(seed)
        x = np.cumsum(rng.normal(size=400))
        past, truth = windows(x, WINDOW)
        weights = fit_autoregression(x[:300], WINDOW)
        late = slice(300 - WINDOW, None)
        error = np.mean((autoregression(weights, past[late]) - truth[late]) ** 2)
        stay = np.mean((past[late, -1] - truth[late]) ** 2)
        ratio.append(float(np.sqrt(error / stay)))
    return {
        "count": WALKS,
        "ratio": float(np.median(ratio)),
        "worse": sum(r > 1 for r in ratio),
    }


# --------------------------------------------------------------------------- fourteen lines of verse

TRAINED_LINES, TEXT_SEEDS, TEXT_UPDATES, EVERY, TEXT_UNITS = 10, 5, 150, 10, 32


@cache
def _text() -> tuple[Vocabulary, Array, Array, Array]:
    """Return the characters, and the numbers of the first eight, the first ten and the last four lines."""
    lines = TEXTS["sonnet"].lower().splitlines(keepends=True)
    vocabulary = Vocabulary.from_text("".join(lines))
    parts = ("".join(lines[: TRAINED_LINES - 2]), "".join(lines[:TRAINED_LINES]), "".join(lines[TRAINED_LINES:]))
    inner, train, test = (vocabulary.encode(part) for part in parts)
    return vocabulary, inner, train, test


def _bigram(seen: Array, smoothing: float, text: Array) -> float:
    """Return the perplexity per character of smoothed counts of pairs."""
    V = len(_text()[0])
    counts = np.full((V, V), smoothing)
    np.add.at(counts, (seen[:-1], seen[1:]), 1)
    p = counts / counts.sum(axis=1, keepdims=True)
    return float(np.exp(-np.log(p[text[:-1], text[1:]]).mean()))


@cache
def _smoothing() -> float:
    """Choose the smoothing on lines 9 and 10, with counts from the lines before."""
    _, inner, train, _ = _text()
    return min((0.01, 0.03, 0.1, 0.3, 1.0), key=lambda a: _bigram(inner, a, train[len(inner) :]))


@cache
def _characters() -> tuple[Array, Array]:
    """Train on ten lines; return the perplexity on them and on the four others, (seeds, measurements)."""
    vocabulary, _, train, test = _text()
    V, rng = len(vocabulary), np.random.default_rng(0)
    cell = GRU(V, TEXT_UNITS, seeds=TEXT_SEEDS, rng=rng)
    net = Stacked([cell, Linear(TEXT_UNITS, V, seeds=TEXT_SEEDS, rng=rng)])
    optimizer, one_hot, steps = Adam(0.01), np.eye(V), 20
    found: list[list[Array]] = []
    for update in range(TEXT_UPDATES + 1):
        if update % EVERY == 0:
            found.append([])
            for text in (train, test):
                shape = (len(text) - 1, TEXT_SEEDS, 1)
                scores, _ = net.forward(np.broadcast_to(one_hot[text[:-1]][:, None, None], (*shape, V)))
                wanted = np.broadcast_to(text[1:][:, None, None], shape)
                found[-1].append(np.exp(softmax_cross_entropy(scores, wanted, seeds=True)[0]))
        where = rng.integers(0, len(train) - steps - 1, size=(TEXT_SEEDS, 8)) + np.arange(steps)[:, None, None]
        scores, _ = net.forward(one_hot[train[where]])
        _, d_scores = softmax_cross_entropy(scores, train[where + 1], seeds=True)
        net.backward(d_scores)
        optimizer.update(net.params, clip_by_norm(net.grads, 1.0, seeds=True)[0])
    on_train, on_test = np.array(found).transpose(1, 2, 0)
    return on_train, on_test


@figure(training="chaotic", seeds=TEXT_SEEDS)
def applications_overfit() -> Drawing:
    """The perplexity per character of a network on the lines it learns from and on others, and of counted pairs."""
    _, _, train, test = _text()
    on_train, on_test = _characters()
    updates = np.arange(0, TEXT_UPDATES + 1, EVERY)
    fig, ax = plot(width=5.4, height=2.7)
    band(ax, updates, on_train, color=GREEN, line="--")
    band(ax, updates, on_test, color=BLUE)
    for text, color, line in ((train, GREEN, "--"), (test, BLUE, "-")):
        ax.axhline(_bigram(train, _smoothing(), text), color=color, linestyle=line, linewidth=0.7)
    ax.set(xlabel="$k$", ylabel="$P$", xlim=(0, TEXT_UPDATES), ylim=(1, 40), yscale="log")
    ax.set_yticks([1, 2, 5, 10, 20, 40], ["1", "2", "5", "10", "20", "40"])
    rows = [
        (int(k), float(np.median(a)), float(np.median(b)))
        for k, a, b in zip(updates, on_train.T, on_test.T, strict=True)
    ]
    return Drawing(fig, ("$k$", "$P_1$", "$P_2$"), rows)


@number(digits=3)
def applications_text() -> dict[str, Any]:
    """The sizes of that experiment and what it finds."""
    vocabulary, _, train, test = _text()
    on_train, on_test = _characters()
    middle = np.median(on_test, axis=0)
    best = int(middle.argmin())
    bigram = _bigram(train, _smoothing(), test)
    one = np.bincount(train, minlength=len(vocabulary)) + _smoothing()
    return {
        "seeds": TEXT_SEEDS,
        "units": TEXT_UNITS,
        "train": len(train),
        "test": len(test),
        "symbols": len(vocabulary),
        "smoothing": _smoothing(),
        "single": float(np.exp(-np.log(one / one.sum())[test[1:]].mean())),
        "bigram": bigram,
        "seen": _bigram(train, _smoothing(), train),
        "best": float(middle[best]),
        "when": best * EVERY,
        "updates": TEXT_UPDATES,
        "last": float(middle[-1]),
        "own": float(np.median(on_train[:, -1])),
        "beaten": int((on_test.min(axis=1) > bigram).sum()),
        "pairs": len(vocabulary) ** 2,
        "met": len({(int(a), int(b)) for a, b in itertools.pairwise(train)}),
    }


# --------------------------------------------------------------------------- names in sentences

TAGS = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC")
NAMES = ["austin", "chelsea", "florence", "georgia", "jordan", "lincoln", "sydney", "victoria"]
BETWEEN, PERSON, PLACE = (
    ["later", "often", "still", "then"],
    ["laughed", "slept", "spoke", "wrote"],
    ["burned", "flooded", "grew"],
)
Sentence = tuple[list[str], list[str]]
TAG_SEEDS = 5


def sentence(rng: np.random.Generator) -> Sentence:
    """Draw a sentence whose subject is a person or a place: only the verb tells, and it comes later."""
    words: list[str] = []
    tags: list[str] = []

    def plain(*some: str) -> None:
        words.extend(some)
        tags.extend("O" for _ in some)

    def name(kind: str) -> None:
        for i in range(int(rng.integers(1, 3))):
            words.append(str(rng.choice(NAMES)))
            tags.append(f"{'I' if i else 'B'}-{kind}")

    kind = ("PER", "LOC")[rng.integers(2)]
    if rng.random() < 0.5:
        plain(("yesterday", "today")[rng.integers(2)])
    name(kind)
    plain(*(str(rng.choice(BETWEEN)) for _ in range(int(rng.integers(3)))))
    plain(str(rng.choice(PERSON if kind == "PER" else PLACE)))
    ending = rng.random()
    if ending < 0.4:
        plain("near", "the", "old", "river")
    elif ending < 0.7:
        plain("near")
        name("LOC")
    elif ending < 0.85:
        plain("with")
        name("PER")
    plain(".")
    return words, tags


@cache
def _sentences() -> tuple[list[Sentence], list[Sentence]]:
    rng = np.random.default_rng(3)
    return [sentence(rng) for _ in range(400)], [sentence(rng) for _ in range(300)]


@cache
def _tagged(both: bool) -> tuple[int, list[list[list[str]]]]:
    """Train taggers; return how many parameters each has, and the tags that each gives to the new sentences."""
    train, test = _sentences()
    vocabulary = Vocabulary.from_text([word for words, _ in train for word in words])
    V, K, rng = len(vocabulary), TAG_SEEDS, np.random.default_rng(0)
    units = 14 if both else 26
    layers = [RNN(V, units, seeds=K, rng=rng) for _ in range(1 + both)]
    layer: Any = Bidirectional(*layers) if both else layers[0]
    net = Stacked([layer, Linear(units * (1 + both), len(TAGS), seeds=K, rng=rng)])

    def arrays(some: list[Sentence]) -> tuple[Array, Array, Array]:
        numbers, lengths = pad([vocabulary.encode(words) for words, _ in some])
        wanted, _ = pad([[TAGS.index(tag) for tag in tags] for _, tags in some])
        return np.eye(V)[numbers], wanted, lengths

    inputs, targets, lengths = arrays(train)
    optimizer = Adam(0.02)
    for _ in range(120):
        i = rng.integers(0, len(train), size=(K, 24))
        outputs, _ = net.forward(inputs[:, i], lengths=lengths[i])
        _, d_outputs = softmax_cross_entropy(outputs, targets[:, i], length_mask(lengths[i], len(inputs)), seeds=True)
        net.backward(d_outputs)
        optimizer.update(net.params, net.grads)
    inputs, _, lengths = arrays(test)
    shape = (len(inputs), K, *inputs.shape[1:])
    outputs, _ = net.forward(np.broadcast_to(inputs[:, None], shape), lengths=np.broadcast_to(lengths, (K, len(test))))
    best = outputs.argmax(axis=-1)
    given = [[[TAGS[n] for n in best[:length, k, b]] for b, length in enumerate(lengths)] for k in range(K)]
    return sum(value[0].size for value in net.params.values()), given


def _usual_tags() -> list[list[str]]:
    """Give each word the tag that it had most often in the training sentences."""
    train, test = _sentences()
    had: dict[str, list[str]] = {}
    for words, tags in train:
        for word, tag in zip(words, tags, strict=True):
            had.setdefault(word, []).append(tag)
    usual = {word: max(sorted(set(tags)), key=tags.count) for word, tags in had.items()}
    return [[usual[word] for word in words] for words, _ in test]


def _graded(given: list[list[str]]) -> tuple[float, Found]:
    truth = [tags for _, tags in _sentences()[1]]
    right = [a == b for t, g in zip(truth, given, strict=True) for a, b in zip(t, g, strict=True)]
    return float(np.mean(right)), compare_entities(truth, given)


def _recall_by_side(given: list[list[str]]) -> tuple[float, float]:
    """Return the share of subjects, and of names behind a preposition, that have all their tags right."""
    first: list[bool] = []
    later: list[bool] = []
    for (words, tags), guess in zip(_sentences()[1], given, strict=True):
        for i, tag in enumerate(tags):
            if tag.startswith("B"):
                end = next(j for j in range(i + 1, len(tags) + 1) if not tags[j].startswith("I"))
                after = i > 0 and words[i - 1] in ("near", "with")
                (later if after else first).append(guess[i:end] == tags[i:end])
    return float(np.mean(first)), float(np.mean(later))


@number
def applications_names() -> dict[str, Any]:
    """Accuracy and F1 of four taggers on new sentences; medians over the seeds where something was trained."""
    train, test = _sentences()
    silent = [["O"] * len(tags) for _, tags in test]
    found: dict[str, Any] = {"seeds": TAG_SEEDS, "train": len(train), "test": len(test)}
    for name, given in (
        ("silent", [silent]),
        ("usual", [_usual_tags()]),
        ("one", _tagged(False)[1]),
        ("two", _tagged(True)[1]),
    ):
        grades = [_graded(tags) for tags in given]
        f1 = [counts.f1 for _, counts in grades]
        found[name] = {
            "accuracy": float(np.median([accuracy for accuracy, _ in grades])),
            "f1": float(np.median(f1)),
            "low": min(f1),
            "high": max(f1),
        }
    for name, both in (("one", False), ("two", True)):
        size, given = _tagged(both)
        sides = np.median([_recall_by_side(tags) for tags in given], axis=0)
        found[name] |= {"size": size, "subject": float(sides[0]), "after": float(sides[1])}
    assert found["two"]["low"] > found["one"]["high"]
    return found


# --------------------------------------------------------------------------- small numbers of the text, and answers


@number
def applications_reach() -> dict[str, Any]:
    """How much of an answer's gradient gets to the first states: read off the last state, or off the mean of all."""
    T, H = 100, 30
    last: list[float] = []
    mean: list[float] = []
    for seed in range(100):
        rng = np.random.default_rng(seed)
        net = SimpleRNN(4, H, 1, rng=rng)
        net.params |= {"W_hh": rng.normal(size=(H, H)) * 0.9 / np.sqrt(H)}
        net.forward(rng.normal(size=(T, 1, 4)))
        for results, d_outputs in ((last, np.zeros((T, 1, 1))), (mean, np.full((T, 1, 1), 1 / T))):
            if results is last:
                d_outputs[-1] = 1
            net.backward(d_outputs)
            d_inputs = np.linalg.norm(net.d_inputs[:, 0], axis=1)
            results.append(float(d_inputs[:10].sum() / d_inputs.sum()))
    return {"last": float(np.median(last)), "mean": float(np.median(mean)), "steps": T, "networks": 100}


@number
def applications_speech() -> dict[str, Any]:
    """Frames of a second of speech; and the error rate of a transcript, of no transcript, and of one too long."""
    samples, frame, step = 16000, 400, 160
    frames = len(np.lib.stride_tricks.sliding_window_view(np.arange(samples), frame)[::step])
    said = ["switch", "off", "the", "light"]
    heard = {"good": "switch of the light", "none": "", "long": "which of them is the right one to like"}
    rates = {name: word_error_rate([said], [guess.split()]) for name, guess in heard.items()}
    letters = word_error_rate(["switch off the light"], [heard["good"]])
    edits = int(edit_distances(said, heard["long"].split())[-1, -1])
    return {"samples": samples, "frames": frames, "letters": letters, "edits": edits, **rates}


@number
def applications_answers() -> dict[str, Any]:
    """The numbers in the answers to the exercises."""
    # white noise, smoothed with its own future
    x = np.random.default_rng(0).normal(size=6000)
    smooth = np.convolve(x, np.ones(5) / 5, mode="same")
    past, _ = windows(smooth[:-1], 24)
    wanted = x[24 : 24 + len(past)]
    half = len(past) // 2
    design = np.column_stack([past, np.ones(len(past))])
    weights = np.linalg.lstsq(design[:half], wanted[:half], rcond=None)[0]
    leaked = 1 - np.mean((design[half:] @ weights - wanted[half:]) ** 2) / wanted[half:].var()
    causal = np.convolve(x, np.ones(5) / 5)[: len(x)]
    past, _ = windows(causal[:-1], 24)
    design = np.column_stack([past, np.ones(len(past))])
    weights = np.linalg.lstsq(design[:half], wanted[:half], rcond=None)[0]
    honest = 1 - np.mean((design[half:] @ weights - wanted[half:]) ** 2) / wanted[half:].var()
    net = Stacked([Embedding(18, 32), GRU(32, 128, reset="before"), Linear(128, 18)])
    return {
        "leaked": float(leaked),
        "honest": float(honest),
        "growth": 0.5 + 0.8 * 0.75,
        "kitten": int(edit_distances("kitten", "sitting")[-1, -1]),
        "f1": Found(30, 20, 10).f1,
        "mean": (Found(30, 20, 10).precision + Found(30, 20, 10).recall) / 2,
        "weights": sum(value.size for value in net.params.values()),
    }
