"""What the command line can do: each command asks the package, and prints what it says."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np

from rnn.validate import Array

if TYPE_CHECKING:
    import typer

    from rnn.counts import Row
    from rnn.train import TrainingResult

LAGS = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)  # those of which a table tells


def build() -> "typer.Typer":
    """Build the command line; only here are Typer and Rich needed."""
    import rich  # noqa: F401 (missing it should show before any work is done)
    import typer

    from rnn.workshop import commands as workshop

    app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)

    @app.callback()
    def rnn() -> None:
        """Recurrent networks in NumPy, from the book Unrolled · 展开."""

    for add in (_add_train, _add_generate, _add_counts, _add_gradients, _add_export):
        add(app)
    workshop.add(app)
    return app


def complain(sentence: str) -> int:
    """Print a sentence to the standard error stream and return the status that says so."""
    print(f"rnn: {sentence}", file=sys.stderr)
    return 2


def interrupted() -> int:
    """Say that someone has pressed Ctrl-C, and return the status that shells expect then."""
    complain("interrupted")
    return 130


@contextmanager
def one_sentence() -> Iterator[None]:
    """End the process with one sentence and no traceback: status 2 for what does not fit, 130 for Ctrl-C."""
    import typer

    try:
        yield
    except (ValueError, TypeError, OSError, FloatingPointError, ImportError) as error:
        raise typer.Exit(complain(str(error))) from None
    except KeyboardInterrupt:
        raise typer.Exit(interrupted()) from None


def _add_train(app: "typer.Typer") -> None:
    import typer

    @app.command()
    def train(
        seq_type: Annotated[
            str, typer.Argument(help="sunspots, sine, damped, noisy, sines, mackey_glass or fibonacci")
        ],
        seed: Annotated[int, typer.Option(help="Decides on weights and noise.")] = 0,
        hidden: Annotated[int, typer.Option(help="Number of hidden units.")] = 8,
        window: Annotated[int, typer.Option(help="How many past values a prediction sees.")] = 12,
        epochs: Annotated[int, typer.Option(help="Updates in each fit.")] = 500,
        figure: Annotated[Path | None, typer.Option(help="Picture; by default <seq_type>.svg.")] = None,
    ) -> None:
        """Train on a sequence and compare with persistence and autoregression on its unseen end."""
        from rnn import data, picture
        from rnn.train import train_rnn_on_sequence

        with one_sentence():
            path = figure or Path(f"{data.check_type(seq_type)}.svg")
            picture.check_path(path)  # before the work, not after it
            result = train_rnn_on_sequence(
                seq_type, seed=seed, hidden_size=hidden, window=window, epochs=epochs, progress=True
            )
            result.figure(path)
        _print_scores(result)
        print(f"picture: {path}")


def _print_scores(result: "TrainingResult") -> None:
    heads = [part if part == f"{a}–{b}" else f"{part}\n{a}–{b}" for part, (a, b) in result.parts.items()]
    rows = [
        [model, *(f"{scores[part].rmse:.3g} ({scores[part].arv:.3g})" for part in result.parts)]
        for model, scores in result.metrics.items()
    ]
    _print_table(
        f"{result.seq_type}: one step ahead, root mean squared error (ARV)",
        ["model", *heads],
        rows,
        f"Weight decay {result.weight_decay:g} was best on the validation part, whose column shows models"
        " fitted on what comes before it. ARV: mean squared error divided by the variance of the sequence.",
    )


def _add_generate(app: "typer.Typer") -> None:
    import typer

    @app.command()
    def generate(
        source: Annotated[
            str,
            typer.Argument(
                help="A text file in UTF-8; sonnet or tang, which are here; or a model that was saved, .safetensors."
            ),
        ],
        save: Annotated[Path | None, typer.Option(help="Save the model that has been trained.")] = None,
        length: Annotated[int, typer.Option(help="How many characters to write.")] = 300,
        start: Annotated[str, typer.Option(help="What they should follow; by default the text's first.")] = "",
        temperature: Annotated[float, typer.Option(help="0: always the likeliest; 1: as the model says.")] = 0.8,
        cell: Annotated[str, typer.Option(help="rnn, gru or lstm")] = "gru",
        hidden: Annotated[int, typer.Option(help="Number of hidden units.")] = 64,
        updates: Annotated[int, typer.Option(help="About how many updates; all of the text is read.")] = 200,
        seed: Annotated[int, typer.Option(help="Decides on weights and characters.")] = 0,
    ) -> None:
        """Train a small network on a text, character by character, and let it write on."""
        from rnn.characters import CharacterModel, train_character_model

        with one_sentence():
            _check_save(save)  # before the work, not after it
            if source.endswith(".safetensors"):
                characters = CharacterModel.load(source)
            else:
                characters = train_character_model(
                    _text(source), cell=cell, hidden_size=hidden, updates=updates, seed=seed, progress=True
                )
            if save:
                characters.save(save)
            rng = np.random.default_rng([seed, 1])
            written = characters.generate(length, start=start, temperature=temperature, rng=rng)
        print((start or characters.first) + written)
        if save:
            print(f"model: {save}", file=sys.stderr)


def _check_save(path: Path | None) -> None:
    if path and path.suffix != ".safetensors":  # by its ending the file is known when it comes back
        raise ValueError(f"save: expected a name that ends in .safetensors, got {path.name!r}")
    if path and not path.parent.is_dir():
        raise FileNotFoundError(f"save: expected an existing directory, got {str(path.parent)!r}")


def _text(source: str) -> str:
    """Return the text of that name, or of the file of that name."""
    from rnn.poems import TEXTS

    if source in TEXTS and not Path(source).exists():
        return TEXTS[source]
    try:
        return Path(source).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ValueError(f"source: expected a text in UTF-8, got other bytes in {source!r}") from None
    except FileNotFoundError:
        raise FileNotFoundError(f"source: expected a file or one of {', '.join(TEXTS)}, got {source!r}") from None


def _add_counts(app: "typer.Typer") -> None:
    import typer

    @app.command()
    def counts(
        model: Annotated[Path | None, typer.Argument(help="A saved model; without one, four architectures.")] = None,
        inputs: Annotated[int, typer.Option(help="Number of inputs.")] = 10,
        hidden: Annotated[int, typer.Option(help="Number of hidden units.")] = 20,
        parameters: Annotated[
            int | None, typer.Option(help="A budget: each architecture gets the units that come nearest to it.")
        ] = None,
        depth: Annotated[int, typer.Option(help="Layers on top of each other.")] = 1,
        both: Annotated[bool, typer.Option("--both", help="Both directions.")] = False,
    ) -> None:
        """Count parameters, operations and stored numbers of four architectures, or of a saved model."""
        from rnn import counts, files

        with one_sentence():
            if model:
                rows = {"saved": counts.Row(0, {"one": counts.of(files.load(model))})}
            else:
                size = hidden if parameters is None else None
                rows = counts.table(inputs, size, parameters=parameters, depth=depth, both_directions=both)
        _print_counts(model.name if model else f"{inputs} inputs", rows)


def _print_counts(title: str, rows: Mapping[str, "Row"]) -> None:
    cells = []
    for name, (hidden_size, of) in rows.items():
        parameters = [f"{of[biases].parameters:,}" if biases in of else "" for biases in ("one", "two", "keras")]
        step = [f"{number:,}" for number in (of["one"].products, of["one"].elementwise, of["one"].stored)]
        cells.append([name, str(hidden_size or ""), *parameters, *step])
    _print_table(
        f"parameters and cost of a step: {title}",
        ["", "hidden", "1 bias", "2 biases", "Keras", "products", "others", "stored"],
        cells,
        "Parameters: with one bias for each gate, with two as in PyTorch, with as many as in Keras. The rest, for one"
        " step of one sequence with one bias: multiply-adds in products with matrices, other operations, and numbers"
        " stored for the way back.",
    )


def _add_gradients(app: "typer.Typer") -> None:
    import typer

    @app.command()
    def gradients(
        architectures: Annotated[
            list[str] | None, typer.Argument(help="Some of rnn, relu, gru and lstm; all by default.")
        ] = None,
        steps: Annotated[int, typer.Option(help="How far back.")] = 100,
        hidden: Annotated[int, typer.Option(help="Number of hidden units.")] = 32,
        gain: Annotated[float, typer.Option(help="What the initial recurrent weights are multiplied by.")] = 1.0,
        bias: Annotated[float, typer.Option(help="Initial bias of the gate that keeps the state.")] = 1.0,
        seed: Annotated[int, typer.Option(help="Decides on weights and inputs.")] = 0,
        figure: Annotated[Path, typer.Option(help="Picture.")] = Path("gradients.svg"),
    ) -> None:
        """Follow a gradient back through untrained networks, and see how much of it is left after how many steps."""
        from rnn import picture

        with one_sentence():
            picture.check_path(figure)
            norms = {
                name: gradient_norms(name, steps=steps, hidden_size=hidden, gain=gain, bias=bias, seed=seed)
                for name in architectures or ARCHITECTURES
            }
            picture.draw_gradients(norms, figure)
        lags = [lag for lag in LAGS if lag <= steps]
        _print_table(
            "norm of the gradient by lag",
            ["lag", *norms],
            [[str(lag), *(f"{values[lag]:.2g}" for values in norms.values())] for lag in lags],
            "Median of 16 sequences of random numbers; the norm at lag 0 is 1.",
        )
        print(f"picture: {figure}")


ARCHITECTURES = ("rnn", "relu", "gru", "lstm")


def gradient_norms(
    architecture: str, *, steps: int, hidden_size: int, gain: float, bias: float, seed: int, batch: int = 16
) -> Array:
    """Return how large the gradient of a random loss at the end is at lags 0 … steps, compared with lag 0.

    Parameters
    ----------
    architecture : {"rnn", "relu", "gru", "lstm"}
        The cell, as it is initialised: tanh with orthogonal, ReLU with identity weights, GRU, LSTM.
    steps, hidden_size, batch : int
        The number of steps T, of units and of sequences; the inputs are as many normal numbers as there are units.
    gain : float
        What the recurrent weights are multiplied by.
    bias : float
        The initial bias of the LSTM's forget gate, and of the GRU's update gate, where it keeps the state.
    seed : int
        Decides on weights, inputs and loss.

    Returns
    -------
    ndarray (steps + 1,)
        The median over the sequences.

    Raises
    ------
    TypeError, ValueError
        If an argument is not of the kind above.
    FloatingPointError
        If the gradient overflows.
    """
    from rnn import validate
    from rnn.gru import GRUCell
    from rnn.jacobians import gradient_norms_by_lag
    from rnn.lstm import LSTMCell
    from rnn.simple import ElmanCell

    rng = np.random.default_rng(validate.size("seed", seed, at_least=0))
    H, gain = validate.size("hidden_size", hidden_size), validate.number("gain", gain)
    cells: dict[str, Callable[[], Any]] = {
        "rnn": lambda: ElmanCell(H, H, rng=rng),
        "relu": lambda: ElmanCell(H, H, nonlinearity="relu", rng=rng),
        "gru": lambda: GRUCell(H, H, update_bias=bias, rng=rng),
        "lstm": lambda: LSTMCell(H, H, forget_bias=bias, rng=rng),
    }
    if architecture not in cells:
        raise ValueError(f"architecture: expected one of {', '.join(cells)}, got {architecture!r}")
    cell = cells[architecture]()
    for name, value in cell.params.items():
        if name.startswith("W_h"):
            cell.params[name] = gain * value
    inputs = rng.normal(size=(validate.size("steps", steps), batch, H))
    norms = gradient_norms_by_lag(cell, inputs, None, rng.normal(size=(batch, H)))
    return np.asarray(np.median(norms / norms[0], axis=1))


def _add_export(app: "typer.Typer") -> None:
    import typer

    @app.command()
    def export(
        model: Annotated[Path, typer.Argument(help="A model that was saved, .safetensors.")],
        to: Annotated[Path | None, typer.Option(help="The file to write; by default with the ending .onnx.")] = None,
        states: Annotated[bool, typer.Option("--states", help="With states as inputs and outputs.")] = False,
        lengths: Annotated[bool, typer.Option("--lengths", help="With lengths as an input.")] = False,
        double: Annotated[bool, typer.Option("--double", help="In float64 instead of float32.")] = False,
    ) -> None:
        """Write a saved model as an ONNX graph."""
        from rnn import files, onnx_export

        with one_sentence():
            path = to or model.with_suffix(".onnx")
            dtype = np.float64 if double else np.float32
            onnx_export.export(files.load(model), path, states=states, lengths=lengths, dtype=dtype)
        print(f"graph: {path}")


def _print_table(title: str, heads: list[str], rows: list[list[str]], note: str) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title)
    for n, head in enumerate(heads):
        table.add_column(head, justify="right" if n else "left")
    for row in rows:
        table.add_row(*row)
    console = Console()
    console.print(table)
    console.print(note)
