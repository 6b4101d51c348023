"""Training a model on batches: the loop, its history, stopping early, checkpoints; and truncated backpropagation.

A checkpoint holds all that the next epoch depends on, so that a training which stops and resumes gives the same
numbers, bit for bit, as one that runs through.
"""

import hashlib
import importlib.util
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from rnn import files, optim, validate
from rnn.layer import Layer, State, set_training
from rnn.losses import length_mask
from rnn.validate import Array

Batches = Callable[[np.random.Generator], Iterable[tuple[Any, Any, Any]]]
Loss = Callable[[Array, Any, Any], Any]
Report = Callable[[int, int, float], None]

FORMAT = 1  # of checkpoints


@dataclass
class History:
    """What happened in a training; two are equal if their numbers are, however long they took.

    With independent seeds in one model, a loss is a list of one for each.

    Attributes
    ----------
    loss : list of float
        The mean training loss in each epoch, each batch measured before its update.
    validation : list of float
        The validation loss after each epoch; empty without validation.
    update_loss, norm, learning_rate : list of float
        The loss, the norm of the gradient before clipping, and the learning rate of each update.
    seconds : list of float
        How long each epoch took.
    """

    loss: list[Any] = field(default_factory=list)
    validation: list[Any] = field(default_factory=list)
    update_loss: list[Any] = field(default_factory=list)
    norm: list[float] = field(default_factory=list)
    learning_rate: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list, compare=False)

    @property
    def best_epoch(self) -> int:
        """The epoch, from 1, with the smallest validation (else training) loss; 0 before the first has ended."""
        watched = [float(np.mean(loss)) for loss in self.validation or self.loss]
        return int(np.argmin(watched)) + 1 if watched else 0


class DivergenceError(FloatingPointError):
    """Training has met a number that is not finite; `history` is what happened before."""

    def __init__(self, sentence: str, history: History) -> None:
        super().__init__(sentence)
        self.history = history


def fit(
    model: Layer,
    batches: Batches,
    loss: Loss,
    optimizer: optim.Optimizer,
    *,
    epochs: int,
    clip: float | Callable[[Mapping[str, Array]], Mapping[str, Array]] | None = None,
    schedule: optim.Schedule | None = None,
    validation: Batches | None = None,
    patience: int | None = None,
    weight_noise: float = 0.0,
    checkpoint: str | os.PathLike[str] | None = None,
    resume: bool = False,
    progress: bool | Report = False,
    rng: np.random.Generator | None = None,
    carry_state: bool = False,
) -> History:
    """Train a model: for each batch forward, loss, backward, clipping, update.

    While it trains, dropout and the like are on; in validation, and when it returns, they are off.

    Parameters
    ----------
    model : Layer
        The model; its parameters are written into.
    batches : callable
        Called with a generator it returns the batches of one epoch: (inputs, targets, lengths), the lengths (B,)
        or None where nothing is padded. `rnn.text` has some; any function will do.
    loss : callable
        Takes (outputs, targets, mask) to (loss, d_outputs), as those of `rnn.losses` do; the mask (T, B) says
        which steps are no padding, or is None. The loss of an epoch is the mean over its steps that count; where
        the callable has a true attribute ``per_sequence``, over its sequences.
    optimizer : Optimizer
        What turns gradients into updates.
    epochs : int
        How many there should be in the end, those before a resumed checkpoint included.
    clip : float or callable, optional
        The largest norm of all gradients together; or a function of them, of which it keeps what that returns.
    schedule : callable, optional
        Takes the number of updates made to a factor of the optimiser's learning rate, which is as it was
        afterwards. A `Plateau` is told the validation (else training) loss after each epoch.
    validation : callable
        Like `batches`; called after each epoch, with the same random numbers each time.
    patience : int, optional
        Training stops when for so many epochs the validation loss has had no new minimum, and the model has the
        parameters of the best epoch then. By default it has those of the last.
    weight_noise : float
        The standard deviation of noise on all parameters, drawn anew for each batch.
    checkpoint : path, optional
        Where to write a checkpoint after each epoch; whatever happens, the file is whole.
    resume : bool
        Whether to go on from `checkpoint` if it is there. All arguments have to be those of the time before.
    progress : bool or callable
        True shows progress on the standard error stream; a callable gets the epochs made, how many there will
        be, and the training loss.
    rng : numpy.random.Generator, optional
        Decides on the batches and the noise; fresh entropy by default.
    carry_state : bool
        Whether the state at the end of a batch, without its gradient, is the initial state of the next one of the
        same size. Each epoch begins with a zero state.

    Returns
    -------
    History

    Raises
    ------
    TypeError, ValueError
        If an argument is not of the kind above, or the checkpoint is broken or of another training.
    DivergenceError
        If a number is not finite any more; the model has the parameters of the best epoch then.
    OSError
        If the checkpoint cannot be written.
    ImportError
        If a checkpoint is wanted and safetensors is not installed.

    References
    ----------
    Graves 2011, "Practical variational inference for neural networks", for the noise.
    """
    run = _Run(model, batches, loss, optimizer, clip, schedule, validation, weight_noise, rng, carry_state)
    epochs = validate.size("epochs", epochs)
    if patience is not None:
        patience = validate.size("patience", patience)
        if validation is None:
            raise ValueError("validation: expected batches, because there is a patience, got None")
    if resume and checkpoint is None:
        raise ValueError("checkpoint: expected a path to resume from, got None")
    if resume and checkpoint is not None and Path(checkpoint).exists():
        run.load(checkpoint)
    history = run.history
    with reporting(progress, "epoch") as report, run.training():
        while len(history.loss) < epochs and not (patience and len(history.loss) - history.best_epoch >= patience):
            run.epoch()
            if checkpoint is not None:
                run.save(checkpoint)
            report(len(history.loss), epochs, float(np.mean(history.loss[-1])))
    if patience:
        _assign(model.params, run.best)
    return history


class _Run:
    """One training: what `fit` was given, and how far it has come."""

    def __init__(
        self,
        model: Layer,
        batches: Batches,
        loss: Loss,
        optimizer: optim.Optimizer,
        clip: Any,
        schedule: optim.Schedule | None,
        validation: Batches | None,
        noise: float,
        rng: np.random.Generator | None,
        carry_state: bool,
    ) -> None:
        _check_functions(batches=batches, loss=loss)
        _check_functions(**{k: v for k, v in {"schedule": schedule, "validation": validation}.items() if v is not None})
        if not isinstance(optimizer, optim.Optimizer):
            raise TypeError(f"optimizer: expected one of rnn.optim, got {type(optimizer).__name__}")
        if not (isinstance(model, Layer) and model.params):
            raise TypeError(f"model: expected a layer with parameters, got {type(model).__name__}")
        self.model, self.batches, self.loss, self.optimizer = model, batches, loss, optimizer
        if clip is None:
            clip = np.inf
        elif not callable(clip):
            clip = validate.number("clip", clip, at_least=float(np.finfo(float).tiny))
        self.clip = clip
        self.schedule = schedule or optim.constant()
        self.validation, self.carry_state = validation, carry_state
        self.noise = validate.number("weight_noise", noise, at_least=0)
        self.rng = validate.generator(rng)
        self.learning_rate = optimizer.learning_rate
        self.history = History()
        self.best = {name: value.copy() for name, value in model.params.items()}
        self.carried: tuple[Any, State] | None = None  # the size of the last batch and the state after it

    @contextmanager
    def training(self) -> Iterator[None]:
        """Set what has to be set back; turn overflow into the error that leaves the best parameters."""
        set_training(self.model, True)
        try:
            yield
        except FloatingPointError as error:
            _assign(self.model.params, self.best)
            now, best = len(self.history.loss) + 1, self.history.best_epoch
            kept = f"those of epoch {best}" if best else "those it began with"
            sentence = f"epoch {now}: expected training to converge, got {error}; the model's parameters are {kept}"
            raise DivergenceError(sentence, self.history) from error
        finally:
            self.optimizer.learning_rate = self.learning_rate
            set_training(self.model, False)

    def epoch(self) -> None:
        """Train for one epoch and validate after it."""
        started, history = perf_counter(), self.history
        done = len(history.update_loss)
        self.carried = None
        weights = [self.update(*batch) for batch in _checked("batches", self.batches(self.rng))]
        loss = _mean(history.update_loss[done:], weights)
        if self.validation is not None:
            history.validation.append(self.validate(self.validation))
        history.loss.append(loss)
        history.seconds.append(perf_counter() - started)
        if isinstance(self.schedule, optim.Plateau):
            self.schedule.observe(float(np.mean((history.validation or history.loss)[-1])))
        if history.best_epoch == len(history.loss):
            self.best = {name: value.copy() for name, value in self.model.params.items()}

    def update(self, inputs: Any, targets: Any, lengths: Any) -> int:
        """Train on one batch; return what it counts in the epoch's loss."""
        with optim.weight_noise(self.model.params, self.noise, self.rng):
            outputs, mask = self.forward(inputs, lengths)
            loss, d_outputs = self.loss(outputs, targets, mask)
            validate.result("loss", np.asarray(loss))
            self.model.backward(d_outputs)
        grads, norm = optim.clip_by_norm(self.model.grads, np.inf if callable(self.clip) else self.clip)
        if callable(self.clip):
            grads = self.clip(grads)
        history = self.history
        self.optimizer.learning_rate = self.learning_rate * self.schedule(len(history.update_loss))
        self.optimizer.update(self.model.params, grads)
        history.update_loss.append(np.asarray(loss).tolist())
        history.norm.append(norm)
        history.learning_rate.append(self.optimizer.learning_rate)
        return self.weight(outputs, mask)

    def validate(self, batches: Batches) -> Any:
        """Return the mean loss over all validation batches."""
        set_training(self.model, False)
        self.carried = None
        losses, weights = [], []
        for inputs, targets, lengths in _checked("validation", batches(np.random.default_rng(0))):
            outputs, mask = self.forward(inputs, lengths)
            losses.append(validate.result("loss", np.asarray(self.loss(outputs, targets, mask)[0])))
            weights.append(self.weight(outputs, mask))
        set_training(self.model, True)
        return _mean(losses, weights)

    def forward(self, inputs: Any, lengths: Any) -> tuple[Array, Array | None]:
        """Run the model, if states are carried from where a batch of this size has just ended."""
        state, size = None, np.shape(inputs)[1:] if self.carry_state else None
        if self.carried and self.carried[0] == size:
            state = self.carried[1]
        outputs, state = self.model.forward(inputs, state, lengths=lengths)
        self.carried = (size, state) if self.carry_state else None
        return outputs, None if lengths is None else length_mask(lengths, len(outputs))

    def weight(self, outputs: Array, mask: Array | None) -> int:
        """Return over how much the loss of a batch is a mean."""
        if getattr(self.loss, "per_sequence", False):
            return int(np.prod(outputs.shape[1:-1]))
        return int(np.prod(outputs.shape[:-1]) if mask is None else mask.sum())

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write all that the next epoch depends on."""
        safetensors = _safetensors()
        history = {f"history.{name}": np.array(values, np.float64) for name, values in vars(self.history).items()}
        arrays = {
            **history,
            **{f"params.{name}": np.ascontiguousarray(value) for name, value in self.model.params.items()},
            **{f"best.{name}": np.ascontiguousarray(value) for name, value in self.best.items()},
            **{f"optimizer.{name}": value for name, value in self.optimizer.state.items()},
        }
        header = {
            "format": FORMAT,
            "optimizer": type(self.optimizer).__name__,
            "generators": [rng.bit_generator.state for rng in self.generators()],
            "plateau": self.schedule.state if isinstance(self.schedule, optim.Plateau) else None,
        }
        text = json.dumps(header, default=lambda array: array.tolist())
        files.write(path, safetensors.numpy.save(arrays, {"rnn checkpoint": text, "sha256": _digest(text, arrays)}))

    def load(self, path: str | os.PathLike[str]) -> None:
        """Go on from a checkpoint, if it is of this training."""
        header, groups = _read(path)
        generators = self.generators()
        plateau = self.schedule if isinstance(self.schedule, optim.Plateau) else None
        here = {
            "parameters": {name: (value.dtype, value.shape) for name, value in self.model.params.items()},
            "optimizer": type(self.optimizer).__name__,
            "generators": [rng.bit_generator.state["bit_generator"] for rng in generators],
            "plateau": plateau is not None,
        }
        there = {
            "parameters": {name: (value.dtype, value.shape) for name, value in groups["params"].items()},
            "optimizer": header["optimizer"],
            "generators": [state["bit_generator"] for state in header["generators"]],
            "plateau": header["plateau"] is not None,
        }
        for item, wanted in here.items():
            if there[item] != wanted:
                raise ValueError(f"{path}: expected a checkpoint of this training, got one with other {item}")
        self.optimizer.load(groups["optimizer"])
        for rng, state in zip(generators, header["generators"], strict=True):
            rng.bit_generator.state = state
        if plateau:
            plateau.state = header["plateau"]
        _assign(self.model.params, groups["params"])
        self.history = History(**{name: values.tolist() for name, values in groups["history"].items()})
        self.best = groups["best"]

    def generators(self) -> list[np.random.Generator]:
        """Return all generators that the training draws from: its own, and those of dropout in the model."""
        found = [self.rng]
        for part in _parts(self.model):
            for value in vars(part).values():
                if isinstance(value, np.random.Generator) and not any(value is rng for rng in found):
                    found.append(value)
        return found


def _check_functions(**functions: Any) -> None:
    for name, value in functions.items():
        if not callable(value):
            raise TypeError(f"{name}: expected a function, got {type(value).__name__}")


def _parts(layer: Any) -> Iterator[Any]:
    """Yield a layer and all layers and cells that are kept in it, at any depth."""
    yield layer
    for value in vars(layer).values():
        for member in value if isinstance(value, tuple | list) else (value,):
            if hasattr(member, "params"):
                yield from _parts(member)


def _checked(name: str, batches: Iterable[Any]) -> Iterator[tuple[Any, Any, Any]]:
    """Yield the batches, if there are any and each is what it should be."""
    batch = None
    for batch in batches:
        if not isinstance(batch, tuple) or len(batch) != 3:
            came = f"a tuple of {len(batch)}" if isinstance(batch, tuple) else type(batch).__name__
            raise TypeError(f"{name}: expected tuples (inputs, targets, lengths), got {came}")
        yield batch
    if batch is None:
        raise ValueError(f"{name}: expected at least one batch an epoch, got none")


def _mean(losses: list[Any], weights: list[int]) -> Any:
    return np.average(np.array(losses), axis=0, weights=weights).tolist()


def _assign(params: Mapping[str, Array], values: Mapping[str, Array]) -> None:
    for name, value in values.items():
        params[name][...] = value


# Checkpoints as files


def _read(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, dict[str, Array]]]:
    """Return header and arrays of a checkpoint, by kind and name; whatever is wrong with the file is one sentence."""
    safetensors = _safetensors()
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            texts = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118, not a mapping
        if "rnn checkpoint" not in texts:
            raise ValueError("other tensors")
        if texts.get("sha256") != _digest(texts["rnn checkpoint"], arrays):
            raise ValueError("bytes that its checksum does not fit")
        header = json.loads(texts["rnn checkpoint"])
        if header["format"] != FORMAT:
            raise ValueError(f"format {header['format']}")
    except Exception as error:  # safetensors has its own, and a damaged file any
        reason = str(error).partition("\n")[0]
        raise ValueError(f"{path}: expected a whole checkpoint by rnn.training.fit, got {reason}") from error
    groups: dict[str, dict[str, Array]] = {"history": {}, "params": {}, "best": {}, "optimizer": {}}
    for key, value in arrays.items():
        group, _, name = key.partition(".")
        groups[group][name] = value
    return header, groups


def _digest(text: str, arrays: Mapping[str, Array]) -> str:
    digest = hashlib.sha256(text.encode())
    for name in sorted(arrays):
        digest.update(name.encode() + arrays[name].tobytes())
    return digest.hexdigest()


def _safetensors() -> Any:
    try:
        import safetensors.numpy
    except ImportError:
        raise ImportError("a checkpoint needs safetensors: pip install 'rnn-unrolled[files]'") from None
    return safetensors


@contextmanager
def reporting(progress: bool | Report, what: str) -> Iterator[Report]:
    """Yield the function that is told how far a training has come.

    Parameters
    ----------
    progress : bool or callable
        A callable is yielded as it is; True is a bar on a terminal, else ten lines on the standard error stream.
    what : str
        What is counted, "epoch" or "update".
    """
    if callable(progress):
        yield progress
    elif progress and sys.stderr.isatty() and importlib.util.find_spec("rich"):
        from rich.console import Console
        from rich.progress import Progress

        with Progress(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("training")
            yield lambda done, total, loss: bar.update(task, completed=done, total=total)
    elif progress:
        yield lambda done, total, loss: _print_tenths(what, done, total, loss)
    else:
        yield lambda done, total, loss: None


def _print_tenths(what: str, done: int, total: int, loss: float) -> None:
    if done % max(1, total // 10) == 0:
        print(f"{what} {done} of {total}: loss {loss:.4g}", file=sys.stderr)


def truncated_backward(
    layer: Layer,
    inputs: Array,
    d_outputs_of: Callable[[Array, slice], Array],
    k1: int,
    k2: int,
    *,
    state: State | None = None,
) -> tuple[dict[str, Array], Array, State]:
    """Return the gradient of truncated backpropagation: every k1 steps, back over the last k2 of them.

    Each loss enters once, with those of its k1 steps, and its gradient goes back through them and through the
    ``k2 - k1`` steps before. So a dependence of a loss on what came k2 steps before or more leaves no trace, one
    over at most ``k2 - k1`` steps all of it. With ``k1 = k2 = T`` it is backpropagation through time.

    Parameters
    ----------
    layer : Layer
        A causal one, whose outputs and state depend on nothing later, without dropout unless ``k1 = k2``: steps
        that two windows share are run twice.
    inputs : ndarray (T, B, D)
        A whole sequence; T need be no multiple of k1.
    d_outputs_of : callable
        Takes the outputs (t, B, O) of the newest steps, and the slice of T that they are, to the gradient of
        their loss.
    k1, k2 : int
        Every how many steps, and over how many; k2 is at least k1.
    state : tuple, optional
        The state before the first step, through which nothing goes back; zero by default.

    Returns
    -------
    grads : dict of str to ndarray
        The sum over all windows, by the keys of the layer's `params`.
    outputs : ndarray (T, B, O)
    state : tuple
        The state after the last step.

    Raises
    ------
    TypeError, ValueError
        If k1 or k2 is not of the kind above.

    References
    ----------
    Williams & Peng 1990, "An efficient gradient-based algorithm for on-line training of recurrent network
    trajectories".
    """
    k1, k2 = validate.size("k1", k1), validate.size("k2", k2)
    if k2 < k1:
        raise ValueError(f"k2: expected at least k1, {k1}, so that every loss enters, got {k2}")
    _check_functions(d_outputs_of=d_outputs_of)
    T = validate.size("seq_len", len(inputs))
    grads = {name: np.zeros_like(value) for name, value in layer.params.items()}
    outputs, begin = [], 0
    last_state: Any = state
    # --8<-- [start:truncated]
    for t in range(0, T, k1):
        previous, begin = begin, max(0, t + k1 - k2)
        if begin == t:
            state = last_state
        elif begin > previous:  # the window moves on, and with it the state that it begins with
            _, state = layer.forward(inputs[previous:begin], state)
        newest = slice(t, min(t + k1, T))
        window, last_state = layer.forward(inputs[begin : newest.stop], state)
        d_newest = d_outputs_of(window[t - begin :], newest)
        d_window = np.zeros_like(window)
        d_window[t - begin :] = validate.array("d_outputs", d_newest, window[t - begin :].shape, window.dtype)
        layer.backward(d_window)
        grads = {name: grads[name] + grad for name, grad in layer.grads.items()}
        outputs.append(window[t - begin :])
    # --8<-- [end:truncated]
    return grads, np.concatenate(outputs), last_state
