"""The first page: sunspots of years that no model was fitted on, against persistence and autoregression."""

# --8<-- [start:shown]
from rnn.train import train_rnn_on_sequence

runs = [train_rnn_on_sequence("sunspots", seed=seed) for seed in range(3)]
parts = ("1921–1955", "1956–1979")


def print_row(name, scores):
    print(f"{name:12}", *(f"{scores[part].rmse:11.1f}" for part in parts))


print(f"{'':12}", *(f"{part:>11}" for part in parts))
for baseline in ("persistence", "AR(2)", "AR(12)"):
    print_row(baseline, runs[0].metrics[baseline])
for seed, run in enumerate(runs):
    print_row(f"rnn, seed {seed}", run.metrics["rnn"])
# --8<-- [end:shown]

linear = runs[0].metrics["AR(12)"]  # what the page says about these numbers
assert all(run.metrics["rnn"]["1921–1955"].rmse < linear["1921–1955"].rmse for run in runs)
assert all(run.metrics["rnn"]["1956–1979"].rmse > linear["1956–1979"].rmse for run in runs)
times, values = runs[0].times, runs[0].values
assert values[(times >= 1956) & (times <= 1979)].max() > values[times <= 1955].max()
for run in runs:  # no output can exceed what all hidden units at ±1 would give
    net, scale = run.model.net, run.model.scale
    highest = run.model.mean + scale * (abs(net.params["W_hy"]).sum() + net.params["b_y"][0])
    assert highest < values[times == 1957][0]
