"""The breaks that live on, and why."""

from fnmatch import fnmatch

from scripts.mutants import Mutant

# Breaks that cannot be noticed because nothing changes, or nothing that is promised; the reason stands beside each.
# A formula's break is named by the formula and the kind, the package's by the file, or a pattern of files, and a part
# of what is shown.
WRONG_TOO = "the same factors in another wrong order: that ≠ is as true, and also an equality when all units are alike"
EQUIVALENT: dict[tuple[str, str], str] = {
    ("bptt-not-untransposed", "add transpose"): WRONG_TOO,
    **{(f"bptt-not-{name}", "swap"): WRONG_TOO for name in ("reversed", "collected", "untransposed")},
    **{(f"bptt-not-{name}", "reverse"): WRONG_TOO for name in ("swapped", "untransposed")},
    ("bptt-counted-twice", "add transpose"): "not the gradient either; with one step the derivative is diagonal",
    ("bptt-counted-twice", "drop transpose"): "not the gradient either; with one step the derivative is diagonal",
    ("bptt-rows-start", "add transpose"): "0 has every shape",
    # gru
    ("gru-not-commuting", "add transpose"): "as true; a diagonal W_hn is its own transpose",
    ("vanishing-one-factor", "drop transpose"): "as true: a matrix and its transpose have the same singular values",
    ("recurrence-causal", "add transpose"): "0 has every shape",
    ("losses-last", "add transpose"): "0 has every shape",
    # the chapter comparison
    ("comparison-bounded", "index"): "as true: the states of the step before are bounded by 1 as well, and reach it",
    # the package
    # the chapter depth
    **{(f"depth-{name}", "add transpose"): "0 has every shape" for name in ("last", "not-causal", "horizon")},
    ("depth-not-causal", "sign"): "what is not 0 is not 0 with another sign",
    # lstm
    ("lstm-not-direct", "add transpose"): "as false: transposed, the derivative is no more diagonal than before",
    # the package
    # sequences
    ("sequences-blind", "add transpose"): "0 has every shape",
    **{
        ("rnn/picture.py", piece): "looks only: a size, a width or a place, on which nothing that is shown depends"
        for piece in ("figsize=([", "figsize=(8, [", "height_ratios=[[", "height_ratios=[3, [", "lw=[")
    },
    **{
        ("rnn/picture.py", f"{piece}["): "looks only: where the legend stands, and how"
        for piece in ("bbox_to_anchor=(", "bbox_to_anchor=(0, ", "ncols=", "frameon=")
    },
    # chapter seq2seq
    ("seq2seq-shorter", "index"): "as true: other probabilities, which are at most 1, and 1 where all is certain",
    ("seq2seq-shorter", "limit"): "as true: both sides are the same then",
    ("seq2seq-unmasked", "sign"): "as wrong: that is not the weight either, and it is where N is 0",
    # end of chapter seq2seq
    # chapter deployment
    ("deployment-psi-noise", "limit"): "as true: the mean of 400 with one left out",
    # end of chapter deployment
    # chapter frameworks
    ("frameworks-not-each", "swap"): "as false: orthogonal in one order is orthogonal in the other",
    # end of chapter frameworks
    # chapter after
    ("after-not-commuting", "index"): "as true: other steps, which do not commute either, and do where all are alike",
    ("after-not-gates", "add transpose"): "as false: transposed, the derivative is no more diagonal than before",
    # end of chapter after
    ("rnn/*.py", "TYPE_CHECKING → not"): "only annotations use the names",
    **{
        ("rnn/layers.py", f"{piece} = [0 → 1"): "any finite number will do: it is overwritten before it is read"
        for piece in ("run.X[..., 1:]", "run.h[...]")
    },
    **{
        ("rnn/layers.py", piece): "what does not look right at once is looked at again and copied: only slower"
        for piece in ("fits = [value.shape == shape or", "and all([came == size or", "value.shape, shape, strict=[")
    },
    **{
        ("rnn/layers.py", f"{piece}, strict=["): "a layer's run makes as many states as the layer names"
        for piece in ("zip(self.state_parts, end", "zip(self.state_parts, d_start", "zip(names, parts")
    },
    ("rnn/layers.py", "run.X[..., [1 → 2"): "the alarm that memory of others may give at the first step is false",
    ("rnn/layers.py", "np.seterr"): "`stream` is quiet already, and the context is copied there",
    ("rnn/layers.py", "self._turns[[0 → 1"): "both turns have places of one shape and one dtype",
    ("rnn/layers.py", "slice(k, k + [1 → 2"): "a step more, into what the next one overwrites: only slower",
    **{("rnn/gru.py", f"cache[{piece} → "): "all arrays of the cache have the shape of h" for piece in ("[-1", "-[1")},
    ("rnn/init.py", "weights).max() or [1.0 → "): "only where all weights are 0, and stay so",
    ("rnn/jacobians.py", "np.tile(s, (n, [1 → 2]))"): "`as_state` takes as many columns as the state has, the first",
    **{
        ("rnn/losses.py", f"positive = {piece}"): "both forms are the same number, and exact about 0"
        for piece in ("[scores.real > 0 → ", "scores.real > [0 → 1")
    },
    **{
        ("rnn/losses.py", piece): "no logarithm of a probability comes near the bound from above"
        for piece in ("< LOG_ZERO / 2 → ", "< LOG_ZERO / [2 → 3")
    },
    ("rnn/losses.py", "[log_p.real < LOG_ZERO → "): "at the bound it is replaced by itself",
    ("rnn/losses.py", "[by > 0 → by >= 0"): "nothing is moved by 0",
    ("rnn/losses.py", "mask, -1), targets, [0 → 1"): "what is masked weighs 0; it only has to be a target that may be",
    ("rnn/metrics.py", '"", [0 → 1'): "an entity's first step is set when it begins",
    ("rnn/metrics.py", "max([1 → 2], 2 *"): "with something right the sum is at least 2, else the share is 0",
    ("rnn/metrics.py", "references, guesses, strict=["): "as many were found to be there",
    (
        "rnn/onnx_export.py",
        "members, after, strict=[",
    ): "as many results were asked for as the state has members",
    **{
        ("rnn/runs.py", piece): "how the work is cut, or what lies where: a test shows that it makes no difference"
        for piece in (
            *("CHUNK = [", "TILE = [", "BLOCK = [", "BLOCK = 2**[", "small = (n for n in range(", "self.in_rows = "),
            *("most = 1 if [", "most = [", "or B == [1 → 2] else max(", "else max([1 → 2], H", "[H // TILE → "),
            *("self.whole = gates, B, not lead and ([B == 1 or", "block = min(T, max(", "chunk = min(T, block * -("),
            *("math.prod(self.shape[:[-1", "math.prod(self.shape[:-["),
        )
    },
    **{
        ("rnn/runs.py", piece): "memory that is not used"
        for piece in (
            "slots = [0 → ",
            "slice(3), [False → ",
            "S = self.new([1 → ",
            "+ [64 → ",
            "self.new(chunk + [1 → ",
        )
    },
    **{
        ("rnn/runs.py", piece): "there is no such gate"
        for piece in ("sigmoids = 4, 3, slice(1, [3", "sigmoids = 3, 2, slice([2")
    },
    **{
        (
            "rnn/runs.py",
            piece,
        ): "beyond an end nothing comes from the outputs, and c passes by the other factors"
        for piece in ("frozen = ([", "frozen = (0, [", "frozen = (0, 0, [", "frozen = (0, 0, 1, [", "[past] = [0 → 1")
    },
    **{
        ("rnn/runs.py", f"frozen: tuple[int, ...] = ({before}[0"): "nothing comes back from beyond a sequence's end"
        for before in ("", "0, ", "0, 0, ", "0, 0, 0, ")
    },
    ("rnn/runs.py", "if [a.dtype.kind == 'c' → "): "both ways give the same but at 0, where ReLU has no derivative",
    ("rnn/runs.py", "np.where([a.real <= 0 → "): "the same but at 0, where ReLU has no derivative",
    ("rnn/runs.py", "[0 → 1]]"): "either half of what is used at once will do",
    ("rnn/runs.py", "strict=[True → False]"): "there are T of all of them",
    **{
        ("rnn/text.py", f"[1.0 → 2.0], validate.number({piece}"): "with a share above 1 nothing is left either way"
        for piece in ('"test"', '"validation"')
    },
    ("rnn/text.py", "self.inputs, self.targets, strict=["): "as many were found to be there",
    ("rnn/training.py", "outputs, begin = [], [0 → 1"): "in the first round the window begins with the sequence",
    ("rnn/training.py", 'header["generators"], strict=['): "another number of generators has been refused",
    ("rnn/training.py", "default_rng([0 → 1]"): "validation is in an order that comes again, whichever it is",
    **{
        ("rnn/unrolled.py", piece): "only the structure is looked at, or the shape but for the batch"
        for piece in ("(shape[-2] or [1 → ", "len(shape) > 1 else [1 → ", "zero_state([1 → ", "else [1 → 2]))")
    },
    **{
        ("rnn/unrolled.py", f"{pair}, strict=["): "both have been found to have the same structure"
        for pair in ("zip(state, new", "zip(value, like")
    },
    ("rnn/rtrl.py", "zip(x, d_h, strict=["): "the line above has checked that there are as many",
    **{
        ("rnn/rtrl.py", piece): "inputs that only lead to the checks of the cell and of the state"
        for piece in ("np.zeros(([1 → 2]", '"input_size", [1 → 2]')
    },
    # counts
    ("rnn/counts.py", "high = [1 → 2]"): "beginning with two units the search ends between one and two, if not later",
    ("rnn/counts.py", "low = high // [2 → 3]"): "where a search by halves begins, if lower, does not matter",
    ("rnn/counts.py", "→ model(middle).parameters <="): "a size that is exact is the nearest, at either end",
    **{
        ("rnn/counts.py", f"LSTMVariant({piece} → "): "which gates a variant has does not depend on its sizes"
        for piece in ("[1", "1, [1")
    },
    ("rnn/counts.py", "zip(*map(astuple, parts), strict=["): "every `Counts` has four numbers",
    # data
    ("rnn/data.py", "[position <= 0 → position < 0]"): "at 0 the interpolation gives the constant past too",
    **{
        ("rnn/data.py", f"[{piece} → "): "the product of two vectors is the same in either order"
        for piece in ("x @ x", "x[:len(x) - n] @ x[n:]")
    },
    # attention
    ("rnn/attention.py", "context], axis=[-1 → 1]"): "of an array with two axes the last is axis 1",
    ("rnn/attention.py", "caches[::-1], strict=["): "`Seq2Seq`, which checks its input, has a gradient for each step",
    # characters, commands, deploy
    ("rnn/characters.py", "np.zeros(([1 → 2]"): "only the first row is read, if any: a text has a first character",
    ("rnn/commands.py", "default_rng([seed, [1 → 2]])"): "which characters a seed stands for is not promised, only that"
    " they come again, drawn from other numbers than the weights",
    ("rnn/deploy.py", '"itemsize", [8 → 9]'): "what has no item size is taken for anything but single precision",
    ("rnn/init.py", "q / np.sign("): "a sign is 1 or -1, so that dividing by it is multiplying by it",
    ("rnn/validate.py", "sizes.items(), arrays, strict=["): "`state` has found as many arrays as there are sizes",
    ("rnn/validate.py", "zip(came, shape, strict=["): "reached only where the two lengths have been found equal",
    **{
        ("rnn/depth.py", f"{piece}, strict=["): "the state has been found to have as many members as there are parts"
        for piece in ("self._layers.values(), begin", "reversed(d_end)", "zip(self.parts, state")
    },
    ("rnn/exchange.py", "cell_of(part.parts[["): "reached only where both directions are of one kind",
    ("rnn/exchange.py", '("forward", "backward"), strict=['): "a `Bidirectional` always has two parts",
    ("rnn/files.py", "unfinished = path.with_name(["): "how long the random part of a name is that is gone at the end",
    ("rnn/gradcheck.py", "zip(names, (x, h, c), strict=["): "there are three of each",
    ("rnn/gradcheck.py", "results(values)[0], strict=["): "one weight was drawn for each result of the same layer",
    **{
        ("rnn/gradients.py", f"np.linspace({piece} → "): "that far out the normal density is 0 to rounding"
        for piece in ("-10, [10", "-[10")
    },
    ("rnn/gradients.py", "np.linspace(-10, 10, [2001 → 2002"): "on a grid as fine the averages differ by rounding only",
    ("rnn/gradients.py", "np.diag(r) < 0 → np.diag(r) <= 0"): "with either sign 0 stays 0, and Q R as it is",
    ("rnn/gradients.py", "[q * sign → q / sign"): "a sign is 1 or -1, so that dividing by it is multiplying by it",
    ("rnn/gradients.py", "float([weight @ "): "the product of two vectors is the same in either order",
    # scan, seq2seq, ssm
    ("rnn/scan.py", "zip(A, b, strict=["): "`_check` has found as many factors as there are steps",
    **{
        ("rnn/seq2seq.py", piece): "of an array with two axes the last is axis 1"
        for piece in (
            *("flatten(end)], axis=[-1 → 1]", "flatten(d_state)], axis=[-1 → 1]", "h.shape[[-1 → 1]"),
            *("ends[:-1], axis=[-1 → 1]", "max(axis=[-1 → 1]", "sum(axis=[-1 → 1]"),
        )
    },
    **{
        ("rnn/seq2seq.py", f"{part}.zero_state([1 → 2])"): "only the structure and the sizes are read, not the rows"
        for part in ("encoder", "decoder", "layer")
    },
    ("rnn/seq2seq.py", "zip(*steps, strict=["): "there are three arrays of each step",
    **{
        ("rnn/seq2seq.py", piece): "all ranks are divided by one number more, which changes no order"
        for piece in ("[(5 + count) / 6 → (5 + count) * 6]", "(5 + count) / [6 → ")
    },
    ("rnn/ssm.py", "_like(lam[[0 → 1"): "the real and the imaginary parts have one shape",
    ("rnn/ssm.py", '("h_re", "h_im"), parts, strict=['): "`validate.state` has found two parts",
    ("rnn/tasks.py", '{"E": [7 → '): "the end is any state beyond those that are listed",
    # optim, orthogonal, penalty
    **{
        ("rnn/optim.py", piece): "where nothing is so large, the closer look finds nothing: only slower"
        for piece in ("[reach < 1e+38 → reach <= 1e+38]", "reach < [1e+38 → 0.0]")
    },
    **{
        ("rnn/optim.py", piece): "the norm is the same when the numbers are first divided by the largest: only slower"
        for piece in ("[squares > 1e-30 → squares >= 1e-30]", "squares > [1e-30 → 1.0]")
    },
    ("rnn/optim.py", "largest[largest == 0] = [1 → "): "what is all 0 is 0 whatever it is divided by",
    ("rnn/optim.py", "[step < warmup → step <= warmup]"): "where the line ends, at 1, the cosine begins",
    ("rnn/optim.py", "zip(self.moments, now, strict=["): "a slot is made, or loaded, with an array for each name",
    ("rnn/optim.py", "np.empty([0 → "): "room for a direction where there are no moments, and so none is written",
    (
        "rnn/optim.py",
        "[value + scale * rng.standard_normal(value.shape) → value - ",
    ): "normal noise is as likely with the other sign",
    ("rnn/orthogonal.py", "x, [0 → 1]), self._check_state("): "beyond the end any finite number will do: 0 goes on",
    ("rnn/orthogonal.py", "np.where(alive, e, [0 → "): "`backward` leaves out what is beyond the end once more",
    ("rnn/orthogonal.py", "self._above()[[0 → "): "there are as many columns as rows",
    ("rnn/penalty.py", "np.where(counts, length, [1 → "): "what does not count has the ratio 1, and so no gradient",
    ("rnn/penalty.py", "zip(e[::-1], slopes[::-1], strict=["): "the two have been found to be of one shape",
    **{
        ("rnn/penalty.py", f'"batch", W_hh.shape[{piece} → '): "the weights are square, with K before them or not"
        for piece in ("[-1", "-[1")
    },
    ("rnn/penalty.py", "np.where(before == 0, [1 → "): "it multiplies `back`, which is 0 there",
}


def reason(mutant: Mutant) -> tuple[str, str] | None:
    """Return the key in `EQUIVALENT` of a break's reason, if it has one."""
    return next((key for key in EQUIVALENT if fnmatch(mutant.place, key[0]) and _names(key[1], mutant)), None)


def _names(piece: str, mutant: Mutant) -> bool:
    return piece == mutant.kind or piece in mutant.shown
