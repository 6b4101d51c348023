# %% [markdown]
# # Sunspots: a careful experiment
#
# The dark spots on the Sun become many, then few, then many again, about once in eleven years. In this lab you predict the number of the next year from the years before: first by rules that fit in one line, then with a recurrent network, which you train step by step and open. Every section ends with something to do.
#
# You need the package `rnn` and Matplotlib. In a clone of the repository `make setup` brings both; `.venv/bin/python sunspots.py` then runs the script, and the notebook runs in any Jupyter that uses this Python. The text names few numbers, on purpose: read them off the outputs.
#
# ## The series { #series }
#
# The package has the yearly means from 1700 on, in the series that was used before its revision of 2015. We write $x_t$ for the number of year $t$.

# %%
import matplotlib.pyplot as plt
import numpy as np

from rnn import SimpleRNN, train_rnn_on_sequence
from rnn.data import sunspots
from rnn.train import autoregression, fit_autoregression, windows

plt.rcParams["figure.constrained_layout.use"] = True

years, numbers = sunspots()
print(len(numbers), "years,", years[0], "to", years[-1])
print("smallest", numbers.min(), " largest", numbers.max())

# %% alt="The yearly sunspot numbers from 1700 to 2008: an uneven wave with maxima of very different height. A dashed line stands after 1920."
fig, ax = plt.subplots(figsize=(4.8, 2.0))
ax.plot(years, numbers, linewidth=1)
ax.axvline(1920.5, color="C1", linestyle="--", linewidth=1)
ax.set(xlabel="$t$", ylabel="$x_t$", ylim=(0, None))
plt.show()

# %% [markdown]
# The wave is no sine. Its maxima differ in height, its periods in length, and it mostly climbs faster than it falls. Whatever predicts it must know where in the wave it is, and how strong this wave will be.
#
# **Your turn.** A maximum is a year above both of its neighbours. Find all of them, and print the distances from one to the next. How many are maxima of the cycle, and how many are small teeth on its slope? Write a rule that keeps the former only, and compare the lengths of the cycles before and after the dashed line.
#
# ## A split in time { #split }
#
# A model is judged on years that it was not fitted on. Drawing those years at random would be wrong here: most of the hidden years would have both neighbours among the known ones, and a model could learn to fill gaps. Filling a gap is not forecasting:


# %%
def rmse(guess, truth):
    return np.sqrt(np.mean((guess - truth) ** 2))


before, year, after = numbers[:-2], numbers[1:-1], numbers[2:]
print("mean of both neighbours", rmse((before + after) / 2, year).round(1))
print("the year before        ", rmse(before, year).round(1))

# %% [markdown]
# Both rules are as simple as can be. The first has a much smaller error, only because it is told the year after. A model with a random split is in the same position, and nothing in its score gives it away.
#
# So the test is the future. Everything is fitted on the years up to 1920. Within them, the years from 1841 on serve for choices. The years after 1920 are the test, in three spans; the first two are customary in papers about this series.
#
# **Your turn.** Hide a fifth of the years, drawn at random with `np.random.default_rng(0)`. For how many hidden years are both neighbours known? Compute the error of “mean of both neighbours” on just those years.
#
# ## The scale { #scale }
#
# A network wants numbers around zero and of size one. We subtract a mean and divide by a standard deviation. Both are part of the model, so they too come from the training years alone.

# %%
seen = numbers[years <= 1920]
print("            mean  deviation  largest")
for name, part in (("up to 1920", seen), ("all years", numbers)):
    print(f"{name:10}  {part.mean():4.1f}  {part.std():9.1f}  {part.max():7.1f}")

# %% [markdown]
# Mean and deviation of all years would tell the model that later waves are higher. Such a leak is small and easy to overlook.
#
# The last column tells something else. The test has a maximum above everything that any model here is fitted on. Keep it in mind.
#
# **Your turn.** In which year is the largest number? How many standard deviations above the mean is it, on either scale?
#
# ## Baselines first { #baselines }
#
# Before any network, two rivals. [Persistence](../glossary.md#persistence) says: as last year. [Autoregression](../glossary.md#autoregression), AR($p$), says: a constant plus a weighted sum of the last $p$ years, with the weights of least squares. It is linear, and it has $p+1$ parameters.

# %%
past, targets = windows(numbers, 12)  # (297, 12) and (297,)
target_years = years[12:]
spans = ("1712-1920", "1921-1955", "1956-1979", "1980-2008")


def within(span):
    return (target_years >= int(span[:4])) & (target_years <= int(span[5:]))


def error(guess, span):
    return rmse(guess[within(span)], targets[within(span)])


def print_row(name, guess):
    print(f"{name:12}", *(f"{error(guess, span):10.1f}" for span in spans))


print(f"{'':12}", *(f"{span:>10}" for span in spans))
print_row("persistence", past[:, -1])
for order in (1, 2, 9, 12):
    weights = fit_autoregression(seen, order)
    print_row(f"AR({order})", autoregression(weights, past))

# %% [markdown]
# The error of one method on one span means nothing alone; the rows give it a meaning. The largest step is the one from AR(1) to AR(2): two values say whether the wave is rising or falling, one does not. The columns differ too: a span that is hard for one method is hard for all.
#
# **Your turn.** Which order would you have chosen without the test? Fit the orders 1 to 30 on the years up to 1840, and compare them on 1841–1920. Is the best one there also the best one later?
#
# ## The network, in one line { #train }
#
# The function below fits a network of eight hidden units to the years up to 1920. It reads twelve values one by one and then says the next. How strongly its weights are pulled towards zero, the weight decay, was chosen on 1841–1920.

# %%
result = train_rnn_on_sequence("sunspots", seed=0)
linear = result.predictions["AR(12)"]
print("weight decay", result.weight_decay, "out of", list(result.validation))
print(f"{'':12}", *(f"{span:>10}" for span in spans))
print_row("SimpleRNN", result.predictions["rnn"])
print_row("AR(12)", linear)

# %% alt="One step ahead on the test years 1921 to 2008: the network and AR(12) both follow the waves closely, but at the highest maximum, in 1957, the network stays far below."
test = target_years > 1920
when, ink = target_years[test], plt.rcParams["text.color"]
fig, ax = plt.subplots(figsize=(4.8, 2.4))
ax.plot(when, targets[test], color=ink, linewidth=0.8, label="$x_t$")
ax.plot(when, result.predictions["rnn"][test], color="C1", label="SimpleRNN")
ax.plot(when, linear[test], "--", color="C0", linewidth=1, label="AR(12)")
ax.set(xlabel="$t$", ylim=(0, None))
ax.legend(ncols=3, loc="lower left", bbox_to_anchor=(0, 1))
plt.show()

# %% [markdown]
# This picture would convince anybody, and it should convince nobody: persistence, drawn the same way, looks almost as good. Look at the table instead. The network is ahead in the span that resembles its past, and behind in the span of the great maximum. A tanh network has a bounded output; a linear formula has not.
#
# **Your turn.** Add persistence to the figure. Then train with `hidden_size=2` and with `hidden_size=32`, and decide between them by `result.validation` before you look at the test.
#
# ## The same by hand { #by-hand }
#
# Inside there is no more than this. The network reads twelve standardised values, and only its last output is asked for. So the gradient of the loss is zero for all outputs but the last, and `backward` carries it back through the twelve steps, as the chapter [on backpropagation through time](../bptt.md) derives. The decay adds a small multiple of each weight to its gradient. Then each parameter takes a step against its gradient.


# %%
def standardised(until):
    known = numbers[years <= until]
    mean, scale = known.mean(), known.std()
    x, y = (past - mean) / scale, (targets - mean) / scale
    return x.T[:, :, np.newaxis], y, mean, scale  # x: (12, N, 1)


def update(net, x, y, decay, learning_rate=0.1):
    outputs, _ = net.forward(x)
    error = outputs[-1, :, 0] - y
    d_outputs = np.zeros_like(outputs)
    d_outputs[-1, :, 0] = 2 * error / len(error)
    net.backward(d_outputs)
    for name in ("W_xh", "W_hh", "W_hy"):
        net.grads[name] += 2 * decay * net.params[name]
    net.update_parameters(learning_rate)
    return np.mean(error**2)


# %% [markdown]
# How many updates, and how much decay? Those are choices, and choices are made on 1841–1920, by networks and a scale that know the years up to 1840 only. The figure shows two of them, without decay and with a little: dashed the loss on the years they learn from, solid the loss on the years they have not seen.

# %%
x, y, _, _ = standardised(1840)
early, later = target_years <= 1840, within("1841-1920")
curves = {}
for decay in (0.0, 0.01):
    net = SimpleRNN(1, 8, 1, rng=np.random.default_rng(0))
    curves[decay] = np.empty((600, 2))
    for n in range(600):
        outputs, _ = net.forward(x[:, later])
        held_out = np.mean((outputs[-1, :, 0] - y[later]) ** 2)
        curves[decay][n] = update(net, x[:, early], y[early], decay), held_out
    held_out = curves[decay][:, 1]
    print(f"decay {decay:4}: smallest {held_out.min():.3f}", end=" ")
    print(f"after {held_out.argmin()} updates, at the end {held_out[-1]:.3f}")

# %% alt="Two pairs of curves over six hundred updates. Without decay the loss on the years learnt from keeps falling, while the loss on 1841 to 1920 soon turns and climbs. With decay both level off, and the second stays low."
fig, ax = plt.subplots(figsize=(4.8, 2.2))
for (decay, curve), color in zip(curves.items(), ("C1", "C0"), strict=True):
    n, (learnt, held_out) = range(0, 600, 10), curve[::10].T
    ax.plot(n, learnt, "--", color=color, linewidth=1)
    ax.plot(n, held_out, color=color, label=rf"$\lambda={decay}$")
ax.set(xlabel="$n$", ylabel="$L$", ylim=(0, 0.4))
ax.legend()
plt.show()

# %% [markdown]
# A dashed curve can only tell you that learning works. (The spike on one of them is a step that was too long for the place; descent recovers.) Without decay the solid curve turns early: from there on the network learns what is peculiar to the years before 1841. One could stop at the turn, but it is shallow, and comes at another place for each seed. With decay it hardly matters when you stop. So we take decay, fit once more, now to all training years, and let this network meet the test.

# %%
x, y, mean, scale = standardised(1920)
net = SimpleRNN(1, 8, 1, rng=np.random.default_rng(0))
for _ in range(600):
    update(net, x[:, ~test], y[~test], decay=0.01)
outputs, hidden_states = net.forward(x)
print(f"{'':12}", *(f"{span:>10}" for span in spans))
print_row("by hand", mean + scale * outputs[-1, :, 0])
print_row("SimpleRNN", result.predictions["rnn"])
print_row("AR(12)", linear)

# %% [markdown]
# Plain gradient descent in a few lines gives results of the same kind as the function, which chooses its steps by Adam ([@kingma2015]).
#
# **Your turn.** Let the outputs of the steps six to twelve count, each against the value that follows it, so that one window gives seven errors instead of one. Check your gradient with `rnn.gradcheck.central_difference` first. Does the network learn in fewer updates?
#
# ## What it keeps { #states }
#
# After the twelfth value the network holds eight numbers, its [hidden state](../glossary.md#hidden-state), and the prediction is a weighted sum of them. What do they know? Compare each with two things that you would keep yourself: the last value, and the last change.

# %%
h = hidden_states[-1]  # (N, 8), after the last value
level, change = past[:, -1], past[:, -1] - past[:, -2]
print("unit  with level  with change  weight")
for unit in range(8):
    a, b = (np.corrcoef(h[:, unit], known)[0, 1] for known in (level, change))
    print(f"{unit:4}  {a:10.2f}  {b:11.2f}  {net.params['W_hy'][unit, 0]:6.2f}")

# %% alt="The four hidden units with the largest weights over the test years: all swing with the cycle, each in its own shape, and some are cut flat close to one at the maxima."
largest = np.argsort(-abs(net.params["W_hy"][:, 0]))[:4]
fig, axes = plt.subplots(2, 2, figsize=(4.8, 2.4), sharex=True, sharey=True)
for unit, ax in zip(largest, axes.flat, strict=True):
    ax.plot(when, h[test, unit], linewidth=1)
    ax.set(ylim=(-1.05, 1.05), yticks=[-1, 0, 1], ylabel=f"$h[{unit}]$")
for ax in axes[-1]:
    ax.set_xlabel("$t$")
plt.show()

# %% [markdown]
# No unit is the level and none is the change. Some follow the one more, some the other, and together they hold both: enough to say where in the wave we are. Where a unit is close to $\pm 1$ it hardly answers to its input any more, and hardly any gradient passes through it: this is [saturation](../glossary.md#saturation).
#
# Do not name the units. Another seed gives other units that do the same together: they may change places, and flip their signs along with their weights, without any difference in the predictions.
#
# **Your turn.** Fit `level` and `change` by least squares from the eight units, on the training years. How well does it work on the test years? Then train with another seed and repeat: which of your findings are about this network, and which about the task?
#
# ## Running freely { #free }
#
# One step ahead, the network is told the truth after each prediction. Let it [run on its own predictions](../glossary.md#free-running-prediction) instead, from 1921 on.


# %%
def run_on(predict, starts, steps):
    values = starts
    for _ in range(steps):
        values = np.column_stack([values, predict(values[:, -12:])])
    return values[:, 12:]


def by_network(past):
    outputs, _ = net.forward(((past - mean) / scale).T[:, :, np.newaxis])
    return mean + scale * outputs[-1, :, 0]


def by_formula(past):
    return autoregression(weights, past)  # the last ones fitted above: AR(12)


# %% alt="From 1921 on each method runs on its own predictions. The network keeps waving, always to about the same height, and mostly in step with the true cycle; AR(12) fades towards a constant."
fig, ax = plt.subplots(figsize=(4.8, 2.4))
ax.plot(when, targets[test], color=ink, linewidth=0.8, label="$x_t$")
free = run_on(by_network, past[test][:1], len(when))[0]
ax.plot(when, free, color="C1", label="SimpleRNN")
fading = run_on(by_formula, past[test][:1], len(when))[0]
ax.plot(when, fading, "--", color="C0", linewidth=1, label="AR(12)")
ax.set(xlabel="$t$", ylim=(0, None))
ax.legend(ncols=3, loc="lower left", bbox_to_anchor=(0, 1))
plt.show()

# %% [markdown]
# The heights are lost, but the network keeps step with the Sun. Knowledge or luck? One picture from one start cannot tell. So start in every year, run for twenty years, and collect the error by how many years ahead it was made: on the left for starts up to 1901, on the right for starts from 1921 on. The dotted line is the error of always saying the mean of the training years.

# %% alt="The error by years ahead, from 1 to 20, in two panels. Left, in the training years, the network crosses the dotted line of the mean after ten to fifteen years and stays above it. Right, in the test years, it stays far below the line for all twenty years."
fig, axes = plt.subplots(1, 2, figsize=(4.8, 2.2), sharey=True)
ahead = np.arange(1, 21)
for ax, span in zip(axes, ("1712-1901", "1921-1989"), strict=True):
    starts = np.flatnonzero(within(span))
    truth = targets[starts[:, np.newaxis] + ahead - 1]
    for predict, style in ((by_network, "C1-"), (by_formula, "C0--")):
        miss = run_on(predict, past[starts], 20) - truth
        ax.plot(ahead, np.sqrt(np.mean(miss**2, axis=0)), style)
    ax.axhline(rmse(seen.mean(), truth), color="C2", linestyle=":")
    ax.set(xlabel="$n$", xticks=[1, 5, 10, 15, 20], title=span)
axes[0].set_ylim(0, None)
plt.show()

# %% [markdown]
# On the left the network runs through years that it was fitted on. There it loses step, and in the end it is worse than the mean: a wave out of step is wrong twice, where it stands and where it is missing. On the right, in years that it has never seen, it looks better. It has not become better: the cycles after 1920 happen to be even in length, close to the length that it has learnt. A test on these years alone would have praised a forecast of twenty years that does not exist.
#
# **Your turn.** Start a free run in 1780 and draw sixty years of it. Where does it lose step, and what is special about that cycle? And why does AR(12) fade? Look at the absolute eigenvalues of the matrix that takes one window to the next.
#
# ## Five seeds { #seeds }
#
# Everything so far was one network, or two. Another seed gives other initial weights, and another result. Here are five, trained in the same way.

# %%
runs = [result]
runs += [train_rnn_on_sequence("sunspots", seed=seed) for seed in range(1, 5)]
print(f"{'':12}", *(f"{span:>10}" for span in spans))
for seed, run in enumerate(runs):
    print_row(f"seed {seed}", run.predictions["rnn"])
print_row("AR(12)", linear)

# %% alt="The errors of five networks as dots and of AR(12) as a bar, for each of the three test spans: on 1921 to 1955 all dots lie below the bar, on 1956 to 1979 all above it, on 1980 to 2008 at it or a little above."
fig, ax = plt.subplots(figsize=(4.8, 1.8))
for place, span in enumerate(spans[1:]):
    dots = [error(run.predictions["rnn"], span) for run in runs]
    ax.plot(dots, [place] * 5, "o", color="C1", alpha=0.6)
    ax.plot(error(linear, span), place, "|", color="C0", markersize=16)
ax.set(yticks=range(3), yticklabels=spans[1:], ylim=(2.5, -0.5), xlim=(0, None))
plt.show()

# %% [markdown]
# The dots of one span lie close together, compared with the distance between the spans: here the years matter more than the seed. It need not be so, and a table with a single run could not have told you.
#
# **Your turn.** Is the difference from AR(12) larger than the spread of the five? Say it for each span in one sentence, with the numbers. Then average the five predictions. Is the average better than the best run?
#
# ## What to conclude { #conclusion }
#
# What we may say: in 1921–1955 a small tanh network predicts one year ahead better than a linear formula with twelve weights, in each of five runs. In the span of the great maximum it is worse, in each of five runs. Left to itself, it keeps step as long as the cycles happen to be even.
#
# What we may not say: that recurrent networks are better than linear models, or worse. The test holds eight cycles. Its errors are averages over a few dozen years that depend on one another, and we have looked at them in every section: whoever now changes the model and looks again is fitting to the test.
#
# What stays is the order of the work. Split in time, take the scale from the training years, run the baselines first, choose on validation years, look at more than one seed, run freely, and ask of a good score what else could have made it.
#
# **Your turn.** Give the network by hand a linear step, `nonlinearity="identity"`. Before you run it, write down who will win in 1956–1979, and why. Then run it, and explain what you find.
