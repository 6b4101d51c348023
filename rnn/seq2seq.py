"""From one sequence to another: an encoder reads, a decoder writes, and attention may look back at what was read."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from rnn import validate
from rnn.attention import Attention, AttentionDecoder, Memory, each
from rnn.depth import as_layer, stream_of
from rnn.layer import Joined, Layer, Params, State, leaves
from rnn.linear import Embedding, Linear
from rnn.unrolled import NO_FORWARD, flatten, is_cell
from rnn.validate import Array, quiet


class TeacherForcing:
    """A `Seq2Seq` as a layer, which is what `rnn.training.fit` trains.

    Its inputs are (source, source_lengths, target_in), its lengths those of the targets; the lengths may be None.

    Parameters
    ----------
    model : Seq2Seq
        The model. Parameters and gradients are its own.
    """

    def __init__(self, model: "Seq2Seq") -> None:
        self.model = model
        self.parts = (model,)
        self.input_size: int = model.encoder.input_size
        self.output_size: int = model.vocabulary_size

    @property
    def params(self) -> Params:
        """The parameters of the model."""
        return self.model.params

    @property
    def grads(self) -> dict[str, Array]:
        """The gradients of the model."""
        return self.model.grads

    def zero_state(self, batch: int) -> State:
        """Return ``()``: nothing is carried from one batch to the next."""
        return ()

    def forward(self, inputs: Any, state: State | None = None, *, lengths: ArrayLike | None = None) -> Any:
        """Take (source, source_lengths, target_in) to the scores (T_out, B, V) and ``()``."""
        source, source_lengths, target_in = validate.state("inputs", inputs, ("source", "source_lengths", "target_in"))
        return self.model.forward(source, target_in, source_lengths=source_lengths, target_lengths=lengths), ()

    def backward(self, d_outputs: ArrayLike, d_state: State | None = None) -> tuple[Any, State]:
        """Take the gradient for the scores back: to the source (None if it is made of symbols) and to `grads`."""
        self.model.backward(d_outputs)
        return self.model.d_source, ()


class Hypothesis(NamedTuple):
    """Something that the decoder may write.

    Parameters
    ----------
    symbols : ndarray of int (n,)
        The symbols, with the end symbol if it came to that.
    log_probability : float
        The logarithm of the probability of these symbols, given the source.
    weights : ndarray (n, T_in), or None
        Where the decoder looked before each of them, T_in being the length of this source; None without attention.
    """

    symbols: Array
    log_probability: float
    weights: Array | None


class Seq2Seq:
    """A model of one sequence given another: encoder, decoder, read-out, and attention between them if wanted.

    The encoder's last state becomes the decoder's first. Where their sizes are the same, array by array, it is
    handed over; else ``tanh(state @ W + b)`` lies between them, the `bridge`. The decoder's input at each step is the
    embedding of the symbol before. Its outputs, with attention together with the contexts, are read out to scores.

    Parameters
    ----------
    encoder : Layer
        What reads the source, such as ``Stacked([Embedding(V, E), Bidirectional(GRU(E, H), GRU(E, H))])``.
    decoder : Cell or Layer
        What writes. With attention a cell, or a layer that has one, whose inputs have room for the embedding and for
        one output of the encoder.
    vocabulary_size : int
        The number V of symbols that can be written.
    attention : DotAttention or AdditiveAttention, optional
        How the decoder looks back at the encoder's outputs; see `AttentionDecoder`.
    rng : numpy.random.Generator, optional
        Where the initial weights of embedding, bridge and read-out come from; fresh entropy by default.
    dtype : data type
        float64 or float32: the type of these three.

    Attributes
    ----------
    parts : tuple
        Encoder, embedding, decoder, read-out, and the bridge if there is one.
    params, grads : mapping of str to ndarray
        Those of the parts, as ``encoder.1.forward.W_xz``, ``bridge.W``, ``embedding.E``, ``decoder.W_xz`` (with
        attention ``decoder.cell.W_xz``, ``decoder.attention.v``), ``read_out.W``.
    d_source : ndarray, or None
        The gradient for the source, None where it is made of symbols; there is none before `backward`.

    Raises
    ------
    TypeError
        If an argument is not of the kind above.
    ValueError
        If sizes do not fit.

    Notes
    -----
    Symbols are whole numbers from 0 to V - 1. What `target_in` holds at step t is what is written before step t: the
    start symbol, then the target without its last symbol ("teacher forcing"). With attention a layer gives the decoder
    its cell alone. To train the model with `rnn.training.fit`, pass it as ``TeacherForcing(model)``.

    References
    ----------
    Sutskever, Vinyals & Le 2014, "Sequence to sequence learning with neural networks".
    Cho et al. 2014, "Learning phrase representations using RNN encoder-decoder for statistical machine translation".
    Bahdanau, Cho & Bengio 2015, "Neural machine translation by jointly learning to align and translate".
    """

    d_source: Any

    def __init__(
        self,
        encoder: Layer,
        decoder: Any,
        vocabulary_size: int,
        *,
        attention: Attention | None = None,
        rng: np.random.Generator | None = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        if not isinstance(encoder, Layer):
            raise TypeError(f"encoder: expected a layer, got {type(encoder).__name__}")
        V, rng = validate.size("vocabulary_size", vocabulary_size), validate.generator(rng)
        self.encoder, self.vocabulary_size, self.attention = encoder, V, attention
        self.decoder = _as_decoder(decoder, encoder, attention)
        self.embedding = Embedding(V, self.decoder.input_size, rng=rng, dtype=dtype)
        self.bridge = _bridge(encoder, self.decoder, rng, dtype)
        self.read_out = Linear(self.decoder.output_size, V, rng=rng, dtype=dtype)
        self._layers: dict[str, Any] = {
            "encoder": encoder,
            **({} if self.bridge is None else {"bridge": self.bridge}),
            "embedding": self.embedding,
            "decoder": self.decoder,
            "read_out": self.read_out,
        }
        self.parts = tuple(self._layers.values())
        every = [id(leaf) for leaf in leaves(self)]
        if len(set(every)) < len(every):
            raise ValueError("decoder: expected layers of its own, got one that is a part of the encoder")
        self.grads: dict[str, Array] = {}
        self._last: tuple[Array, validate.Shape] | None = None  # of the last forward

    @property
    def params(self) -> Params:
        """The parameters of all parts, a part's name before each key."""
        return Joined({name: layer.params for name, layer in self._layers.items()})

    @quiet
    def forward(
        self,
        source: ArrayLike,
        target_in: ArrayLike,
        *,
        source_lengths: ArrayLike | None = None,
        target_lengths: ArrayLike | None = None,
    ) -> Array:
        """Read the source and write the target, each step given what should have been written before it.

        Parameters
        ----------
        source : array_like (T_in, B) or (T_in, B, D)
            What the encoder takes.
        target_in : array_like of int (T_out, B)
            The start symbol, and then the target without its last symbol.
        source_lengths, target_lengths : array_like of int (B,), optional
            How long each sequence is; what lies beyond has no effect.

        Returns
        -------
        scores : ndarray (T_out, B, V)
            For each step a score for each symbol, the arguments of a softmax; 0 beyond a target's end.

        Raises
        ------
        TypeError, ValueError
            If an argument is of the wrong type or shape, or holds what is not a symbol, or NaN or infinity.
        FloatingPointError
            If a result overflows.
        """
        target_in, ends = self._check_target(target_in, target_lengths)
        # --8<-- [start:forward]
        encoded, state = self._read(source, source_lengths)
        _check_batch(target_in, encoded)
        x, _ = self.embedding.forward(target_in, lengths=ends)
        memory = self._memory(encoded, source_lengths)
        if memory is None:
            outputs, _ = self.decoder.forward(x, state, lengths=ends)
        else:
            outputs = self.decoder.forward(x, state, memory, ends)
        scores, _ = self.read_out.forward(outputs, lengths=ends)
        # --8<-- [end:forward]
        self._last = encoded, scores.shape
        return scores

    @quiet
    def backward(self, d_scores: ArrayLike) -> dict[str, Array]:
        """Take the gradient for the last forward's scores back to all parameters.

        Parameters
        ----------
        d_scores : array_like (T_out, B, V)
            The loss's gradient; what it holds beyond a target's end has no effect.

        Returns
        -------
        grads : dict of str to ndarray
            Under the same keys as `params`; also as an attribute, as is `d_source`.

        Raises
        ------
        RuntimeError
            If there has been no forward, or `greedy` or `beam` has read another source since.
        TypeError, ValueError, FloatingPointError
            As in `forward`.
        """
        if self._last is None:
            raise RuntimeError(NO_FORWARD)
        encoded, shape = self._last
        d_scores = validate.array("d_scores", d_scores, shape, self.read_out.dtype, allow_complex=True)
        # --8<-- [start:backward]
        d_outputs, _ = self.read_out.backward(d_scores)
        if self.attention is None:
            d_x, d_state = self.decoder.backward(d_outputs)
            d_encoded = np.zeros_like(encoded)
        else:
            d_x, d_state, d_encoded = self.decoder.backward(d_outputs)
        self.embedding.backward(d_x)
        self.d_source, _ = self.encoder.backward(d_encoded, self._hand_over_back(d_state))
        # --8<-- [end:backward]
        self.grads = dict(Joined({name: layer.grads for name, layer in self._layers.items()}))
        return self.grads

    @quiet
    def greedy(
        self, source: ArrayLike, *, start: int, end: int, max_length: int, source_lengths: ArrayLike | None = None
    ) -> list[Hypothesis]:
        """Write, for each source, the most probable symbol at each step.

        Parameters
        ----------
        source, source_lengths : array_like
            As in `forward`.
        start, end : int
            The symbol that stands before the first, and the one after which nothing is written.
        max_length : int
            How many symbols are written at most.

        Returns
        -------
        list of Hypothesis
            One for each source.

        Raises
        ------
        TypeError, ValueError, FloatingPointError
            As in `forward`.

        Notes
        -----
        Switch dropout in the encoder off first: ``rnn.layer.set_training(model, False)``.
        """
        start, end, max_length = self._check_symbols(start, end, max_length)
        state, memory, ends = self._read_to_write(source, source_lengths)
        stream = self._stream(state, memory)
        symbols, over = np.full(len(ends), start), np.zeros(len(ends), bool)
        steps: list[tuple[Array, Array, Array]] = []
        while len(steps) < max_length and not over.all():
            log_p = self._log_probabilities(stream, symbols)
            symbols = log_p.argmax(axis=-1)
            over = over | (symbols == end)
            steps.append((symbols, log_p.max(axis=-1), _looked(stream, len(ends))))
        written, gained, weights = (np.stack(part, axis=1) for part in zip(*steps, strict=True))
        counts = np.where(over, (written == end).argmax(axis=1) + 1, len(steps))
        return [
            self._hypothesis(written[b, :n], gained[b, :n].sum(), weights[b, :n, : ends[b]])
            for b, n in enumerate(counts)
        ]

    @quiet
    def beam(
        self,
        source: ArrayLike,
        *,
        start: int,
        end: int,
        max_length: int,
        width: int,
        length_penalty: float = 0.0,
        source_lengths: ArrayLike | None = None,
    ) -> list[list[Hypothesis]]:
        """Write, for each source, by keeping at each step the best of all ways to go on.

        Parameters
        ----------
        source, source_lengths, start, end, max_length
            As in `greedy`, which is a beam of width 1.
        width : int
            How many hypotheses are kept, finished ones among them.
        length_penalty : float
            The exponent alpha: hypotheses of n symbols are ordered by their log-probability divided by
            ``((5 + n) / 6) ** alpha``. With 0 it is the log-probability, which favours short ones.

        Returns
        -------
        list of list of Hypothesis
            For each source at most `width`, the best first.

        Raises
        ------
        TypeError, ValueError, FloatingPointError
            As in `forward`.

        References
        ----------
        Wu et al. 2016, "Google's neural machine translation system: bridging the gap between human and machine
        translation", for the length penalty.
        """
        start, end, max_length = self._check_symbols(start, end, max_length)
        width, alpha = validate.size("width", width), validate.number("length_penalty", length_penalty, at_least=0)
        state, memory, ends = self._read_to_write(source, source_lengths)
        B, V = len(ends), self.vocabulary_size
        own = np.arange(B)[:, None]
        rows = np.repeat(own, width, axis=1)  # for each hypothesis, the row of the stream that it goes on from
        total = np.full((B, width), -np.inf)
        total[:, 0] = 0  # all begin with nothing written: one is enough
        count, over = np.zeros((B, width), int), np.zeros((B, width), bool)
        written = np.zeros((B, width, 0), int)
        weights = np.zeros((B, width, 0, 0 if memory is None else memory.keys.shape[1]))
        symbols = np.full((B, width), start)
        while written.shape[2] < max_length and not (over | np.isinf(total)).all():
            stream = self._stream(_taken(state, rows.ravel()), memory)
            log_p = self._log_probabilities(stream, symbols.ravel()).reshape(B, width, V)
            log_p[over] = -np.inf  # what is finished goes on in one way only, as it is
            log_p[over, end] = 0
            count = count + ~over
            candidates = total[..., None] + log_p
            ranks = candidates / (((5 + count) / 6) ** alpha)[..., None]
            best = np.argsort(-ranks.reshape(B, -1), axis=1, kind="stable")[:, :width]
            parent, symbols = np.divmod(best, V)
            total = candidates.reshape(B, -1)[own, best]
            count, over = count[own, parent], symbols == end
            written = np.concatenate([written[own, parent], symbols[..., None]], axis=2)
            looked = _looked(stream, B * width).reshape(B, width, -1)
            weights = np.concatenate([weights[own, parent], looked[own, parent][:, :, None]], axis=2)
            state, rows = stream.state, own * width + parent
        return [
            [
                self._hypothesis(written[b, k, :n], total[b, k], weights[b, k, :n, : ends[b]])
                for k, n in enumerate(count[b])
                if np.isfinite(total[b, k])
            ]
            for b in range(B)
        ]

    def _read(self, source: ArrayLike, lengths: ArrayLike | None) -> tuple[Array, State]:
        """Run the encoder: its outputs (T_in, B, C), and the decoder's first state."""
        encoded, end = self.encoder.forward(source, lengths=lengths)
        self._last = None  # until the decoder has run there is nothing to differentiate
        joined = np.concatenate([*flatten(end)], axis=-1)
        if self.bridge is not None:
            joined = np.tanh(self.bridge.forward(joined[None])[0][0])
            self._bridged = joined
        return encoded, _split(joined, self.decoder.zero_state(1))

    def _hand_over_back(self, d_state: State) -> State:
        """Take the gradient for the decoder's first state back to the encoder's last."""
        d_joined = np.concatenate([*flatten(d_state)], axis=-1)
        if self.bridge is not None:
            d_a = d_joined * (1 - self._bridged**2)
            d_joined = self.bridge.backward(d_a[None])[0][0]
        return _split(d_joined, self.encoder.zero_state(1))

    def _memory(self, encoded: Array, lengths: ArrayLike | None) -> Memory | None:
        """Return what attention looks at, if there is attention."""
        if self.attention is None:
            return None
        return self.attention.remember(encoded, encoded, validate.lengths(lengths, *encoded.shape[:2]))

    def _read_to_write(self, source: ArrayLike, lengths: ArrayLike | None) -> tuple[State, Memory | None, Array]:
        """Run the encoder: the decoder's first state, the memory, and how long each source is."""
        encoded, state = self._read(source, lengths)
        seq_len, batch = encoded.shape[:2]
        ends = validate.lengths(lengths, seq_len, batch)
        return state, self._memory(encoded, lengths), np.full(batch, seq_len) if ends is None else ends

    def _stream(self, state: State, memory: Memory | None) -> Any:
        """Return the decoder as one that takes step by step."""
        return stream_of(self.decoder, state) if memory is None else self.decoder.stream(state, memory)

    def _log_probabilities(self, stream: Any, symbols: Array) -> Array:
        """Take the symbols last written (R,) to the log-probabilities of the next, (R, V)."""
        x = self.embedding.stream().step(symbols)
        scores = self.read_out.stream().step(stream.step(x))
        scores = scores - scores.max(axis=-1, keepdims=True)
        log_p: Array = scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True))
        return log_p

    def _hypothesis(self, symbols: Array, log_probability: float, weights: Array) -> Hypothesis:
        return Hypothesis(symbols, float(log_probability), None if self.attention is None else weights)

    def _check_target(self, target_in: ArrayLike, lengths: ArrayLike | None) -> tuple[Array, Array | None]:
        target_in = validate.indices("target_in", target_in, ("seq_len", "batch"), self.vocabulary_size)
        return target_in, validate.lengths(lengths, *target_in.shape)

    def _check_symbols(self, start: object, end: object, max_length: object) -> tuple[int, int, int]:
        first = validate.indices("start", start, (), self.vocabulary_size)
        last = validate.indices("end", end, (), self.vocabulary_size)
        return int(first), int(last), validate.size("max_length", max_length)


def _taken(state: State, rows: Array) -> State:
    """Return the rows of a state that are asked for."""
    return each(state, lambda h: h[rows])


def _split(joined: Array, like: State) -> State:
    """Cut what has been joined, (B, S), into a state with the structure and sizes of another."""
    ends = np.cumsum([h.shape[-1] for h in flatten(like)])
    pieces = iter(np.split(joined, ends[:-1], axis=-1))
    return each(like, lambda _: next(pieces))


def _sizes(state: State) -> list[tuple[int, ...]]:
    """Return the sizes of the arrays of each layer that carries a state."""
    if any(isinstance(part, tuple) for part in state):
        return [sizes for part in state for sizes in _sizes(part)]
    return [tuple(h.shape[-1] for h in state)] if state else []


def _bridge(encoder: Layer, decoder: Any, rng: np.random.Generator, dtype: DTypeLike) -> Linear | None:
    """Return what takes the encoder's last state to the decoder's first, or None if it fits as it is."""
    last, first = _sizes(encoder.zero_state(1)), _sizes(decoder.zero_state(1))
    for name, layer, sizes in (("encoder", encoder, last), ("decoder", decoder, first)):
        if not sizes:
            raise ValueError(f"{name}: expected a layer that carries a state, got a {type(layer).__name__}")
    return None if last == first else Linear(sum(map(sum, last)), sum(map(sum, first)), rng=rng, dtype=dtype)


def _as_decoder(decoder: Any, encoder: Layer, attention: Attention | None) -> Any:
    if attention is not None:
        made = AttentionDecoder(decoder if is_cell(decoder) else getattr(decoder, "cell", decoder), attention)
        if attention.key_size != encoder.output_size:
            raise ValueError(f"attention: expected key_size {encoder.output_size}, got {attention.key_size}")
        return made
    layer = as_layer("decoder", decoder)
    stream_of(layer, layer.zero_state(1))  # a layer that needs later inputs cannot write, and says so
    return layer


def _looked(stream: Any, rows: int) -> Array:
    """Return where the decoder looked before its last step, (R, T_in), without attention (R, 0)."""
    weights: Array = getattr(stream, "weights", np.empty((rows, 0)))
    return weights


def _check_batch(target_in: Array, encoded: Array) -> None:
    if target_in.shape[1] != encoded.shape[1]:
        raise ValueError(f"target_in: expected {encoded.shape[1]} sequences as in source, got {target_in.shape[1]}")
