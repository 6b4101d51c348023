# %% [markdown]
# # The assignment by hand
#
# Generate a sequence, train a network on it, test it, and say what the length does: the assignment's own task, in a few cells, with `SimpleRNN` and nothing hidden. [The chapter about it](../task.md) runs everything with more seeds and more cells; here you see each number being made. Every section ends with something to do.
#
# You need the package `rnn` and Matplotlib. In a clone of the repository `make setup` brings both; `.venv/bin/python task.py` then runs the script, and the notebook runs in any Jupyter that uses this Python. The text names few numbers, on purpose: read them off the outputs.
#
# ## A sequence { #sequence }
#
# A sine with noise. Without the noise two values would determine all that follow, and there would be no use for a network. And the period is no whole number of steps: no stretch of the sine comes again exactly as it was.

# %%
from functools import partial

import matplotlib.pyplot as plt
import numpy as np

from rnn import SimpleRNN
from rnn.data import generate_sequence_data
from rnn.train import autoregression, fit_autoregression, windows

plt.rcParams["figure.constrained_layout.use"] = True

noise = 0.2
rng = np.random.default_rng(0)
x = generate_sequence_data("noisy", 400, omega=0.3, noise=noise, rng=rng)
print("the first five:", x[:5].round(2))
print("steps in a period:", round(2 * np.pi / 0.3, 2))

# %% [markdown]
# **Your turn.** The standard deviation of the noise is known here. Which error one step ahead can therefore nobody go below on average, whatever the method? Write it down; you will meet it again.
#
# ## Cut in time { #cut }
#
# The first 240 values are for training, the next 80 for choices, the last 80 for the test. Each window of twelve values belongs to the part of the value that *follows* it.

# %%
parts = {"train": (0, 240), "validation": (240, 320), "test": (320, 400)}


def cut(values, window=12):
    past, following = windows(values, window)
    found = {}
    for name, (first, end) in parts.items():
        place = slice(max(0, first - window), end - window)
        found[name] = past[place], following[place]
    return found


data = cut(x)
for name, (past, following) in data.items():
    first = np.flatnonzero(x == following[0])[0]
    print(f"{name:10} {len(past)} windows, the first says value number {first}")

# %% [markdown]
# The last windows of the training part end before the validation part begins; the first windows of the validation part reach back into the training part, and that is allowed: at that time these values are known.
#
# **Your turn.** Why are there 228 windows in the training part and not 240? Cut the parts first and make windows within each of them afterwards: how many are left in the test part, and what is lost by that?
#
# ## Rivals first { #rivals }
#
# [Persistence](../glossary.md#persistence) says the last value again. AR($p$) says a weighted sum of the last $p$ values, with weights by least squares from the training part.


# %%
def rmse(guess, truth):
    return np.sqrt(np.mean((guess - truth) ** 2))


def print_row(name, predict):
    errors = [rmse(predict(past), following) for past, following in data.values()]
    print(f"{name:12}", *(f"{error:10.3f}" for error in errors))


seen = x[: parts["train"][1]]
linear = {order: fit_autoregression(seen, order) for order in (2, 12)}
print(f"{'':12}", *(f"{name:>10}" for name in parts))
print_row("persistence", lambda past: past[:, -1])
print_row("AR(2)", lambda past: autoregression(linear[2], past))
print_row("AR(12)", lambda past: autoregression(linear[12], past))

# %% [markdown]
# AR(2) is exact on a clean sine and hardly better than persistence on this one. It has only two values, each with noise, and cannot average. AR(12) can, and comes down to the noise itself; in the test part even a little below, because those eighty values happen to carry less of it.
#
# **Your turn.** Set `noise` to 0 and run the cells above again. Who wins, and with which error? Then set it back.
#
# ## One update { #update }
#
# The network reads the standardised window number by number. Only its last output is asked for, so the gradient is zero for all others; `backward` carries it back through the twelve steps, as [the derivation](../bptt.md) says.

# %%
mean, scale = seen.mean(), seen.std()


def as_inputs(past):
    return ((past - mean) / scale).T[:, :, np.newaxis]  # (12, N, 1)


def update(net, past, following, learning_rate=0.1):
    outputs, _ = net.forward(as_inputs(past))
    error = outputs[-1, :, 0] - (following - mean) / scale
    d_outputs = np.zeros_like(outputs)
    d_outputs[-1, :, 0] = 2 * error / len(error)
    net.backward(d_outputs)
    net.update_parameters(learning_rate)
    return np.mean(error**2)


net = SimpleRNN(1, 8, 1, rng=np.random.default_rng(0))
losses = [update(net, *data["train"]) for _ in range(2)]
print("loss before and after one update:", np.round(losses, 3))
print("parameters:", sum(value.size for value in net.params.values()))

# %% [markdown]
# **Your turn.** Count the parameters by hand: three matrices and two biases, for one input, eight units and one output. Then compare one entry of `net.grads["W_hh"]` with a difference quotient; [the workshop](../workshop.md#backward) says how.
#
# ## Training { #training }
#
# Three hundred updates, each on all windows of the training part. The error on the validation part is only watched.


# %%
def predict(net, past):
    outputs, _ = net.forward(as_inputs(past))
    return mean + scale * outputs[-1, :, 0]


def trained(seed, updates=300):
    net, curve = SimpleRNN(1, 8, 1, rng=np.random.default_rng(seed)), []
    for n in range(updates):
        update(net, *data["train"])
        if n % 10 == 9:
            some = data["train"], data["validation"]
            curve.append([rmse(predict(net, past), after) for past, after in some])
    return net, np.array(curve)


net, curve = trained(seed=0)
print("on training and validation part, in the end:", curve[-1].round(3))

# %% alt="Two falling curves over 300 updates, steep at first and then level. The dashed one, of the training part, ends a little below the solid one, of the validation part; both stay above the dotted line of the noise."
fig, ax = plt.subplots(figsize=(4.8, 2.2))
n = np.arange(10, 301, 10)
ax.plot(n, curve[:, 0], "C0--", linewidth=1)
ax.plot(n, curve[:, 1], "C0")
ax.axhline(noise, color="C2", linestyle=":")
ax.set(xlabel="$n$", ylabel="RMSE", ylim=(0, 0.6))
plt.show()

# %% [markdown]
# Dashed the training part, solid the validation part, dotted the noise. The distance between the curves is partly chance: the rivals have found the validation part harder too.
#
# **Your turn.** Train with learning rates of 0.01 and of 1 as well, and choose by the validation part. What does the curve look like when the rate is too large?
#
# ## The test { #test }
#
# Once, at the end, and beside the rivals. Five seeds, because one would be an anecdote.

# %%
nets = [net] + [trained(seed)[0] for seed in range(1, 5)]
print(f"{'':12}", *(f"{name:>10}" for name in parts))
for seed, one in enumerate(nets):
    print_row(f"seed {seed}", lambda past, one=one: predict(one, past))
print_row("AR(12)", lambda past: autoregression(linear[12], past))

# %% [markdown]
# The network is clearly better than persistence and AR(2), and not better than AR(12). That is what one should expect: the best formula for a sine with noise is nearly linear, and thirteen weights by least squares are found exactly, while 89 by descent are found roughly.
#
# **Your turn.** Write the sentence that your report would contain about this table, with the spread over the seeds in it.
#
# ## On its own { #free }
#
# Now each prediction joins the next window. From 41 starts in the test part, forty steps each.


# %%
def run_on(predict, starts, steps):
    values = starts
    for _ in range(steps):
        values = np.column_stack([values, predict(values[:, -12:])])
    return values[:, 12:]


starts = data["test"][0][:41]
truth = np.lib.stride_tricks.sliding_window_view(x[320:], 40)
free = {}
for seed, one in enumerate(nets):
    free[f"seed {seed}"] = run_on(lambda past, one=one: predict(one, past), starts, 40)
for order, weights in linear.items():
    formula = partial(autoregression, weights)
    free[f"AR({order})"] = run_on(formula, starts, 40)
print("steps:       1    40")
for name, said in free.items():
    near, far = (rmse(said[:, step], truth[:, step]) for step in (0, -1))
    print(f"{name:8} {near:5.2f} {far:5.2f}")

# %% alt="One free run over forty steps. The network and AR(12) keep waving in step with the noisy truth; AR(2) fades to zero within a few steps."
fig, ax = plt.subplots(figsize=(4.8, 2.2))
n = np.arange(1, 41)
ink = plt.rcParams["text.color"]
ax.plot(n, truth[0], color=ink, linewidth=0.8, label="$x_t$")
for name, style in (("seed 0", "C1-"), ("AR(12)", "C0--"), ("AR(2)", "C2-.")):
    ax.plot(n, free[name][0], style, linewidth=1.3, label=name)
ax.set(xlabel="$n$")
ax.legend(ncols=4, loc="lower left", bbox_to_anchor=(0, 1))
plt.show()

# %% [markdown]
# A network that has learned a wave has become one: its [hidden state](../glossary.md#hidden-state) turns by itself. How well it keeps step is another matter: one step ahead the five seeds were alike, forty steps ahead they are not, and the figure shows one of the better ones. AR(2) fades, because its two weights, fitted to noisy values, have a spectral radius below 1.
#
# **Your turn.** Compute that spectral radius: the matrix has the rows $(a, b)$ and $(1, 0)$, with the weights from `linear[2]` (the oldest value first). Then for AR(12), with a matrix of twelve rows.
#
# ## Fibonacci { #fibonacci }
#
# The same steps with raw Fibonacci numbers: 48 for training, twelve for the test.

# %%
numbers = generate_sequence_data("fibonacci", 60)
past, following = windows(numbers, 12)
early = following <= numbers[47]
mean, scale = numbers[:48].mean(), numbers[:48].std()
bounded = SimpleRNN(1, 8, 1, rng=np.random.default_rng(0))
for _ in range(300):
    update(bounded, past[early], following[early])
said = predict(bounded, past[~early])
formula = autoregression(fit_autoregression(numbers[:48], 2), past[~early])
print("       the number   network     AR(2)")
for place in (0, 5, 11):
    row = following[~early][place], said[place], formula[place]
    print(f"F_{49 + place}", *(f"{value:11.3g}" for value in row))
reach = np.abs(bounded.params["W_hy"]).sum() + bounded.params["b_y"][0]
largest = mean + scale * reach
print(f"the largest number that this network can say: {largest:.3g}")

# %% [markdown]
# No training helps: the last line is a bound for every input. The last digits of the same numbers are bounded too, and those a network can learn.
#
# **Your turn.** Generate them with `form="modulo"` and 400 values, train as above (with the mean and scale of the digits), and count how often the rounded prediction is right. After how many steps do the digits repeat, and what does this say about the test?
#
# ## Nothing to train { #linear }
#
# Two units without tanh write the Fibonacci numbers exactly, if their weights are set by hand. In code the matrix is the transpose of the one on paper.

# %%
writer = SimpleRNN(1, 2, 1, nonlinearity="identity")
by_hand = {"W_xh": 1, "W_hh": [[1, 1], [1, 0]], "W_hy": [[0], [1]], "b_h": 0, "b_y": 0}
for name, value in by_hand.items():
    writer.params[name][...] = value
kick = np.zeros((60, 1, 1))
kick[0] = 1  # sets the state to (1, 1), once
outputs, _ = writer.forward(kick)
print("first:", *outputs[:8, 0, 0].astype(int))
print("all sixty right:", bool((outputs[:, 0, 0] == numbers).all()))

# %% [markdown]
# **Your turn.** Change one number, so that the network writes the powers of two. Then find weights for a sine with $\omega = 0.3$.
#
# ## Length as a help { #window }
#
# What does the length do? First, the length of the window on the noisy sine.

# %%
mean, scale = seen.mean(), seen.std()
print("window    network   linear")
for n in (2, 4, 8, 16):
    data = cut(x, n)
    past, following = data["test"]
    errors = []
    for seed in (0, 1):
        errors.append(rmse(predict(trained(seed, 200)[0], past), following))
    formula = autoregression(fit_autoregression(seen, n), past)
    print(f"{n:6} {np.mean(errors):10.3f} {rmse(formula, following):8.3f}")
data = cut(x)

# %% [markdown]
# Up to eight values each further one helps, because there is more to average. After that the noise of the value to be predicted is nearly all that is left, and it is the same for everybody.
#
# **Your turn.** Do the same for the sine without noise. What is the effect of the length there? This is the trap in the assignment's question.
#
# ## Length as a burden { #delay }
#
# Second, a task in which length is a lag: repeat the sign that came so many steps ago. Six units, 200 updates, always new signs.


# %%
def echo(delay, batch, rng):
    signs = rng.choice([-1.0, 1.0], size=(delay + 15, batch, 1))
    return signs, signs[:-delay]


for delay in (2, 4, 6, 8, 12):
    rng = np.random.default_rng(1)
    listener = SimpleRNN(1, 6, 1, rng=rng)
    for _ in range(200):
        signs, wanted = echo(delay, 32, rng)
        outputs, _ = listener.forward(signs)
        d_outputs = np.zeros_like(outputs)
        d_outputs[delay:] = 2 * (outputs[delay:] - wanted) / wanted.size
        listener.backward(d_outputs)
        listener.update_parameters(0.1)
    signs, wanted = echo(delay, 200, rng)
    outputs, _ = listener.forward(signs)
    right = np.sign(outputs[delay:]) == wanted
    print(f"delay {delay:2}: right {right.mean():.2f}")

# %% [markdown]
# There is an edge. With six units a state that passes the signs on by a matrix has room for about six of them; beyond it the answers fall off towards guessing, which is right half of the time. This edge is one of memory; [the chapter](../task.md#length) has others, of training, and says which cell moves them how far.
#
# **Your turn.** Move the edge: first by more units, then, with six units, by more updates. Which of the two helps?
#
# ## What to conclude { #conclusion }
#
# What we may say: a small tanh network predicts a noisy sine as well as a linear formula with twelve weights, almost down to the noise, and goes on waving when left alone. It cannot say Fibonacci numbers beyond those it has seen. More length helps as long as there is something to average, and hurts as soon as more has to be kept than there is room for.
#
# What we may not say: that the network was needed. On this sequence thirteen weights, found by one call of least squares, do the same.
#
# **Your turn.** Replace the noisy sine by a sequence of your own, run all cells again, and rewrite these two paragraphs so that they are true of it.
