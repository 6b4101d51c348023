"""Training on a sequence, measured on a later part of it that the training never sees."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from rnn import data, validate
from rnn.losses import mse
from rnn.optim import Adam, cosine
from rnn.simple import SimpleRNN
from rnn.text import windows
from rnn.training import Report, reporting
from rnn.validate import Array, quiet


class Score(NamedTuple):
    """How far predictions are from the truth."""

    rmse: float  # root of the mean squared error, in the units of the sequence
    arv: float  # mean squared error divided by a fixed variance of the sequence: 1 is as good as its mean


@dataclass(frozen=True)
class Forecaster:
    """A network with the scale on which it sees the numbers.

    Attributes
    ----------
    net : SimpleRNN
        One input, one output; it reads a window of standardised values one by one, from a zero state.
    mean, scale : float
        What is subtracted from the numbers and what they are divided by: those it was fitted on decide.
    """

    net: SimpleRNN
    mean: float
    scale: float

    def predict(self, past: Array) -> Array:
        """Return the value expected after each window, past (N, window) to (N,)."""
        outputs, _ = self.net.forward(self.standardised(past).T[:, :, np.newaxis])
        return self.mean + self.scale * outputs[-1, :, 0]

    def run_on(self, past: Array, steps: int) -> Array:
        """Continue one window, past (window,), by `steps` values, each prediction joining the next one."""
        values = list(past)
        for _ in range(steps):
            values.append(self.predict(np.array([values[-len(past) :]]))[0])
        return np.array(values[len(past) :])

    def standardised(self, values: Array) -> Array:
        """Return the values as the network sees them."""
        return (values - self.mean) / self.scale


@dataclass(frozen=True)
class TrainingResult:
    """What `train_rnn_on_sequence` has found.

    Attributes
    ----------
    seq_type : str
        The kind of sequence.
    model : Forecaster
        The final network and its scale.
    window : int
        How many past values a prediction sees.
    losses : ndarray (epochs,)
        The mean squared error, standardised, before each update of the final fit.
    weight_decay : float
        The one that was best on the validation part.
    validation : dict of float to Score
        The network's score on the validation part by weight decay.
    parts : dict of str to (int, int)
        The first and last time of "train", "validation" (its end), "test" and, for sunspots, two parts of it.
    metrics : dict of str to dict of str to Score
        By model ("rnn", "persistence", "AR(2)", "AR(window)") and by part. On "validation" stand models that
        were fitted on what comes before it, on the others the final ones, fitted on the whole of "train".
    times, values : ndarray (N,)
        The times (years for sunspots, else 0, 1, …) and the numbers that were predicted.
    predictions : dict of str to ndarray (N,)
        One step ahead, from the true past, by each of the final models.
    forecast : ndarray
        The network's continuation through the test part out of its own predictions, without seeing the truth.
    """

    seq_type: str
    model: Forecaster
    window: int
    losses: Array
    weight_decay: float
    validation: dict[float, Score]
    parts: dict[str, tuple[int, int]]
    metrics: dict[str, dict[str, Score]]
    times: Array
    values: Array
    predictions: dict[str, Array]
    forecast: Array

    def figure(self, path: str | Path) -> Path:
        """Draw the test part with its predictions, and the training curve.

        Parameters
        ----------
        path : str or Path
            The file to write; its ending (svg, png, pdf) decides on the format.

        Returns
        -------
        Path
            The file written.

        Raises
        ------
        ModuleNotFoundError
            If Matplotlib is not installed.
        ValueError
            If the ending is another one.
        FileNotFoundError
            If the directory does not exist.
        """
        from rnn import picture

        return picture.draw(self, path)


@quiet
def train_rnn_on_sequence(
    seq_type: str = "sine",
    *,
    seed: int = 0,
    length: int | None = None,
    hidden_size: int = 8,
    window: int = 12,
    epochs: int = 500,
    learning_rate: float = 0.01,
    weight_decays: tuple[float, ...] = (0.0, 0.001, 0.01, 0.1),
    progress: bool | Report = False,
    **options: float,
) -> TrainingResult:
    """Train a network to predict the next value from the last ones, and compare it with simpler methods.

    The parts are in the order of time: first the training part, whose end is the validation part, then the
    test part. With each weight decay a network is fitted on what comes before the validation part. The decay
    that does best there serves to fit once more, on the whole training part: this network meets the test.
    The baselines, persistence and autoregression with an intercept (least squares), see the same numbers.
    For sunspots validation begins in 1841 and the test in 1921, for other sequences after 60 and 80 %.

    Of raw Fibonacci numbers a bounded network learns nothing that lasts: the test values lie far outside all
    that it has seen, and its error is as large as they are; AR(2), which is their recursion, has nearly none.

    Parameters
    ----------
    seq_type : str
        As in `generate_sequence_data`.
    seed : int
        Decides on the initial weights and on the noise of a noisy sequence.
    length : int, optional
        How many values; by default 400, 60 of Fibonacci, and always all 309 of the sunspots.
    hidden_size : int
        The number of hidden units.
    window : int
        How many past values a prediction sees.
    epochs : int
        How many updates a fit makes, each on all its windows.
    learning_rate : float
        The first step size of Adam; it falls to zero along half a cosine.
    weight_decays : tuple of float
        The factors of the squared weights in the loss from which the validation part chooses.
    progress : bool or callable
        True shows progress on the standard error stream; a callable gets the updates made, how many there
        will be, and the loss.
    **options : float
        Passed to `generate_sequence_data`.

    Returns
    -------
    TrainingResult

    Raises
    ------
    TypeError, ValueError
        If an argument is not of the kind above, or the sequence too short for the window.
    FloatingPointError
        If training diverges.

    References
    ----------
    Weigend, Huberman & Rumelhart 1990, "Predicting the future: a connectionist approach", for the parts
    of the sunspot test.
    """
    seed = validate.size("seed", seed, at_least=0)
    window = validate.size("window", window, at_least=2)
    settings = Settings(
        seed=seed,
        hidden_size=validate.size("hidden_size", hidden_size),
        window=window,
        epochs=validate.size("epochs", epochs),
        learning_rate=validate.number("learning_rate", learning_rate, at_least=0),
    )
    weight_decays = _check_weight_decays(weight_decays)
    times, values, parts, variance = _sequence(seq_type, length, seed, options)
    if len(values) < 5 * window:
        raise ValueError(f"window: expected at most a fifth of the {len(values)} values, got {window}")
    if not np.isfinite(variance):
        largest = values.max()
        raise ValueError(f"length: expected squares that float64 can hold, got values up to {largest:.2g}")

    past, targets = windows(values, window)
    target_times = times[window:]
    parts = {"train": (int(target_times[0]), parts["test"][0] - 1)} | parts

    def scored(guess: Array, part: str) -> Score:
        inside = (target_times >= parts[part][0]) & (target_times <= parts[part][1])
        return score(guess[inside], targets[inside], variance)

    with reporting(progress, "update") as report:
        # First choose the weight decay: only what comes before the validation part is seen ...
        seen = values[times < parts["validation"][0]]
        candidates, total = {}, (len(weight_decays) + 1) * settings.epochs
        for n, decay in enumerate(weight_decays):
            shifted = _shifted(report, n * settings.epochs, total)
            candidates[decay], _ = fit(seen, settings, decay, shifted)
        validation = {decay: scored(m.predict(past), "validation") for decay, m in candidates.items()}
        best = min(validation, key=lambda decay: validation[decay].rmse)
        earlier = {"rnn": candidates[best].predict(past)} | baselines(seen, past)

        # ... then fit with it: all that comes before the test part is seen.
        seen = values[times < parts["test"][0]]
        model, losses = fit(seen, settings, best, _shifted(report, total - settings.epochs, total))
        predictions = {"rnn": model.predict(past)} | baselines(seen, past)

    return TrainingResult(
        seq_type=seq_type,
        model=model,
        window=window,
        losses=losses,
        weight_decay=best,
        validation=validation,
        parts=parts,
        metrics={
            name: {part: scored(earlier[name] if part == "validation" else guess, part) for part in parts}
            for name, guess in predictions.items()
        },
        times=target_times,
        values=targets,
        predictions=predictions,
        forecast=model.run_on(seen[-window:], len(values) - len(seen)),
    )


class Settings(NamedTuple):
    """What all fits of one training share; the letters are explained in `train_rnn_on_sequence`."""

    seed: int
    hidden_size: int
    window: int
    epochs: int
    learning_rate: float


# --8<-- [start:train-step]
def train_step(net: SimpleRNN, optimizer: Adam, past: Array, targets: Array) -> float:
    """Update the network once on all windows, past (N, window) and targets (N,); return the loss before."""
    outputs, _ = net.forward(past.T[:, :, np.newaxis])
    d_outputs = np.zeros_like(outputs)
    loss, d_outputs[-1] = mse(outputs[-1], targets[:, np.newaxis])  # only the last output is asked for
    grads = net.backward(d_outputs)
    optimizer.update(net.params, grads)
    return float(loss)


# --8<-- [end:train-step]


def fit(values: Array, settings: Settings, weight_decay: float, report: Report) -> tuple[Forecaster, Array]:
    """Fit a new network to a sequence, and see nothing else.

    Parameters
    ----------
    values : ndarray (T,)
        The sequence.
    settings : Settings
        Sizes, seed and step size.
    weight_decay : float
        The factor of the squared weights in the loss.
    report : callable
        Told the number of updates made, their total number and the loss.

    Returns
    -------
    Forecaster
    losses : ndarray (epochs,)
        The mean squared error, standardised, before each update.

    Raises
    ------
    ValueError
        If the values do not vary.
    """
    mean, scale = float(values.mean()), float(values.std())
    if not scale > 0:
        raise ValueError(f"values: expected numbers that vary, got {len(values)} times {mean:g}")
    net = SimpleRNN(1, settings.hidden_size, 1, rng=np.random.default_rng([settings.seed, 1]))
    model = Forecaster(net, mean, scale)
    optimizer = Adam(weight_decay=2 * weight_decay)  # twice, as the derivative of a square
    schedule = cosine(settings.epochs)
    past, targets = windows(model.standardised(values), settings.window)
    losses = np.empty(settings.epochs)
    for epoch in range(settings.epochs):
        optimizer.learning_rate = settings.learning_rate * schedule(epoch)
        losses[epoch] = train_step(net, optimizer, past, targets)
        report(epoch + 1, settings.epochs, losses[epoch])
    return model, losses


def baselines(seen: Array, past: Array) -> dict[str, Array]:
    """Predict by persistence and by autoregression fitted on what has been seen.

    Parameters
    ----------
    seen : ndarray (T,)
        The sequence up to the end of what models are fitted on.
    past : ndarray (N, window)
        The windows to predict from, oldest value first.

    Returns
    -------
    dict of str to ndarray (N,)
        By "persistence", "AR(2)" and "AR(window)".
    """
    orders = sorted({2, past.shape[1]})
    return {"persistence": past[:, -1]} | {
        f"AR({order})": autoregression(fit_autoregression(seen, order), past) for order in orders
    }


def fit_autoregression(values: Array, order: int) -> Array:
    """Fit x_t = w_0 + w_1 x_{t-order} + … + w_order x_{t-1} by least squares.

    Parameters
    ----------
    values : ndarray (T,)
        The sequence to fit.
    order : int
        How many past values enter.

    Returns
    -------
    ndarray (order + 1,)
        The intercept, then the weights, oldest value first.
    """
    past, targets = windows(values, order)
    design = np.column_stack([np.ones(len(targets)), past])
    return np.asarray(np.linalg.lstsq(design, targets, rcond=None)[0])


def autoregression(weights: Array, past: Array) -> Array:
    """Predict by the weights of `fit_autoregression`.

    Parameters
    ----------
    weights : ndarray (order + 1,)
        The intercept, then the weights, oldest value first.
    past : ndarray (N, window)
        Past values, oldest first; the last `order` of them are used.

    Returns
    -------
    ndarray (N,)
    """
    order = len(weights) - 1
    return np.asarray(weights[0] + past[:, -order:] @ weights[1:])


def score(guess: Array, truth: Array, variance: float) -> Score:
    """Compare predictions with the truth.

    Parameters
    ----------
    guess, truth : ndarray (N,)
        Predictions and true values.
    variance : float
        What to measure the squared error in.

    Returns
    -------
    Score
    """
    error = float(np.mean((guess - truth) ** 2))
    return Score(rmse=float(np.sqrt(error)), arv=error / variance)


def _check_weight_decays(weight_decays: tuple[float, ...]) -> tuple[float, ...]:
    if not isinstance(weight_decays, tuple | list) or not weight_decays:
        raise TypeError(f"weight_decays: expected a tuple of at least one number, got {weight_decays!r}")
    return tuple(validate.number("weight_decays", decay, at_least=0) for decay in weight_decays)


def _sequence(
    seq_type: str, length: int | None, seed: int, options: dict[str, float]
) -> tuple[Array, Array, dict[str, tuple[int, int]], float]:
    """Return times, values, parts (but for the training part), and the variance that `Score.arv` divides by."""
    if seq_type == "sunspots":
        years, values = data.sunspots()
        if length not in (None, len(values)):
            raise ValueError(f"length: expected all {len(values)} years for 'sunspots', got {length}")
        data.generate_sequence_data(seq_type, len(values), rng=None, **options)  # refuses all options
        parts = {
            "validation": (1841, 1920),
            "1921–1955": (1921, 1955),
            "1956–1979": (1956, 1979),
            "test": (1921, 2008),
        }
        # The variance that the literature on these numbers has used since 1990.
        return years, values, parts, float(values[years <= 1979].var())
    if length is None:
        length = 60 if seq_type == "fibonacci" else 400
    values = data.generate_sequence_data(seq_type, length, rng=np.random.default_rng([seed, 0]), **options)
    a, b = len(values) * 3 // 5, len(values) * 4 // 5
    parts = {"validation": (a, b - 1), "test": (b, len(values) - 1)}
    return np.arange(len(values)), values, parts, float(values.var())


def _shifted(report: Report, done: int, total: int) -> Report:
    """Return the function that counts one fit's updates after those `done` before."""
    return lambda update, _, loss: report(done + update, total, loss)
