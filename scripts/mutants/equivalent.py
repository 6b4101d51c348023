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
    ("rnn/picture.py", "TYPE_CHECKING"): "importing rnn has imported rnn.train before; only annotations use the name",
    ("rnn/init.py", "q / np.sign("): "a sign is 1 or -1, so that dividing by it is multiplying by it",
    ("rnn/validate.py", "sizes.items(), arrays, strict=["): "`state` has found as many arrays as there are sizes",
    ("rnn/validate.py", "zip(came, shape, strict=["): "reached only where the two lengths have been found equal",
}


def reason(mutant: Mutant) -> tuple[str, str] | None:
    """Return the key in `EQUIVALENT` of a break's reason, if it has one."""
    return next((key for key in EQUIVALENT if fnmatch(mutant.place, key[0]) and _names(key[1], mutant)), None)


def _names(piece: str, mutant: Mutant) -> bool:
    return piece == mutant.kind or piece in mutant.shown
