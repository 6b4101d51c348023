"""The command ``rnn``, also ``python -m rnn``."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

if TYPE_CHECKING:
    import typer

    from rnn.train import TrainingResult


def main() -> None:
    """Run the command line; end the process with status 2 and one sentence when something is missing."""
    try:
        app = _app()
    except ModuleNotFoundError as missing:
        sys.exit(_complain(f"{missing.name} is not installed; pip install 'rnn-unrolled[cli]' brings it"))
    app()


def _complain(sentence: str) -> int:
    print(f"rnn: {sentence}", file=sys.stderr)
    return 2


def _app() -> "typer.Typer":
    """Build the command line; only here are Typer and Rich needed."""
    import rich  # noqa: F401 (missing it should show before any work is done)
    import typer

    app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)

    @app.callback()
    def rnn() -> None:
        """Recurrent networks in NumPy, from the book Unrolled · 展开."""

    @app.command()
    def train(
        seq_type: Annotated[str, typer.Argument(help="sunspots, sine, damped, noisy or fibonacci")],
        seed: Annotated[int, typer.Option(help="Decides on weights and noise.")] = 0,
        hidden: Annotated[int, typer.Option(help="Number of hidden units.")] = 8,
        window: Annotated[int, typer.Option(help="How many past values a prediction sees.")] = 12,
        epochs: Annotated[int, typer.Option(help="Updates in each fit.")] = 500,
        figure: Annotated[Path | None, typer.Option(help="Picture; by default <seq_type>.svg.")] = None,
    ) -> None:
        """Train on a sequence and compare with persistence and autoregression on its unseen end."""
        from rnn import data, picture
        from rnn.train import train_rnn_on_sequence

        try:
            path = figure or Path(f"{data.check_type(seq_type)}.svg")
            picture.check_path(path)  # before the work, not after it
            result = train_rnn_on_sequence(
                seq_type, seed=seed, hidden_size=hidden, window=window, epochs=epochs, progress=True
            )
            result.figure(path)
        except (ValueError, TypeError, OSError, FloatingPointError, ModuleNotFoundError) as error:
            raise typer.Exit(_complain(str(error))) from None
        _print_table(result)
        print(f"picture: {path}")

    return app


def _print_table(result: "TrainingResult") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{result.seq_type}: one step ahead, root mean squared error (ARV)")
    table.add_column("model")
    for part, (first, last) in result.parts.items():
        table.add_column(part if part == f"{first}–{last}" else f"{part}\n{first}–{last}", justify="right")
    for model, scores in result.metrics.items():
        table.add_row(model, *(f"{scores[part].rmse:.3g} ({scores[part].arv:.3g})" for part in result.parts))
    console = Console()
    console.print(table)
    console.print(
        f"Weight decay {result.weight_decay:g} was best on the validation part, whose column shows models"
        " fitted on what comes before it. ARV: mean squared error divided by the variance of the sequence."
    )


if __name__ == "__main__":
    main()
