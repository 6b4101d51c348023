# %% [markdown]
# # Structure in time: an experiment of 1990
#
# A stream of bits: two at random, then their exclusive or, then two at random again. You predict the next bit. Two of three are pure chance. The third is certain, for whoever keeps one bit in memory and knows the place in the stream. Jeffrey Elman gave this stream to a small recurrent network and looked at where it was wrong ([@elman1990]). In this lab you do the same, by hand, with `SimpleRNN`. Every section ends with something to do.
#
# You need the package `rnn` and Matplotlib, as in [the lab on sunspots](sunspots.py). What came out with many networks stands in the chapter [Papers, run again](../papers.md#elman). The text here names few numbers: read them off the outputs.
#
# ## The stream { #stream }
#
# Bits stand in arrays of shape $(T, B, 1)$: $T$ steps of $B$ streams side by side.

# %%
import matplotlib.pyplot as plt
import numpy as np

from rnn import SimpleRNN
from rnn.optim import Adam

plt.rcParams["figure.constrained_layout.use"] = True


def stream(groups, batch, rng):
    pairs = rng.integers(0, 2, (groups, 2, batch))
    third = pairs[:, :1] ^ pairs[:, 1:]
    bits = np.concatenate([pairs, third], axis=1)
    return bits.reshape(3 * groups, batch, 1).astype(float)


print(stream(5, 1, np.random.default_rng(0)).reshape(5, 3).astype(int))

# %% [markdown]
# Each row is a group. The network sees no rows, only one bit after the other, and has to say the next one at every step.
#
# **Your turn.** Read the rows as one line, cover the last four bits, and predict them one by one. Which ones could you be sure of?
#
# ## What can be known { #floor }
#
# Before any network: how good can a prediction be? Say one half at every step, and the squared error is one quarter. With the place known, nothing better than one half can be said of the first two bits, and the third has no error at all.

# %%
test = stream(6, 1000, np.random.default_rng(99))
x, y = test[:-1], test[1:]
place = np.arange(1, len(test)) % 3  # of the bit that is predicted: 0, 1 or 2
known = np.full(y.shape, 0.5)
known[1::3] = np.abs(x[1::3] - x[0::3])  # the exclusive or of the last two


def print_row(name, guess):
    error = ((guess - y) ** 2).mean(axis=(1, 2))
    print(f"{name:14}", *(f"{error[place == n].mean():8.3f}" for n in range(3)))


print(f"{'':14}", *(f"{n:>8}" for n in ("first", "second", "third")))
print_row("one half", np.full(y.shape, 0.5))
print_row("place and bit", known)

# %% [markdown]
# These two rows are the frame. A network above the first has learned nonsense, one below the second has looked at the answer.
#
# **Your turn.** What is the least error for somebody who remembers bits but has no idea of the place? Start from a window of the last three bits, `x[t-2]`, `x[t-1]`, `x[t]`: for each of its eight values, compute the mean of the next bit over the whole stream, and the error of this table.
#
# ## Training { #train }
#
# Eight tanh units and a linear output. The loss is the mean squared error over all steps, and `backward` carries its gradient through all of them, as derived in [the chapter on it](../bptt.md). Each update sees new streams, so nothing can be learned by heart.


# %%
def update(net, optimizer, bits):
    outputs, _ = net.forward(bits[:-1])
    error = outputs - bits[1:]
    net.backward(2 * error / error.size)
    optimizer.update(net.params, net.grads)
    return np.mean(error**2)


def trained(step, updates, seed=0, units=8):
    rng = np.random.default_rng(seed)
    net, optimizer = SimpleRNN(1, units, 1, rng=rng), Adam(0.02)
    losses = [step(net, optimizer, stream(5, 32, rng)) for _ in range(updates)]
    return net, np.array(losses)


net, losses = trained(update, 800)
outputs, hidden = net.forward(x)
print_row("trained", outputs)

# %% alt="Training loss against updates. It falls to one quarter at once, from there on slowly, and levels off near one sixth, marked by a dotted line."
fig, ax = plt.subplots(figsize=(4.8, 2.0))
ax.plot(range(0, 800, 10), losses.reshape(-1, 10).mean(axis=1), color="C0", linewidth=1)
ax.axhline(1 / 6, color="C1", linestyle=":")
ax.set(xlabel="$n$", ylabel="$L$", ylim=(0.12, 0.3))
plt.show()

# %% [markdown]
# The loss does not go to zero. It cannot: two of three bits cost a quarter each, so the average of the best is one sixth, the dotted line. (A little less here, because nobody has to predict the very first bit.) Whoever looks only at this curve sees a network that has learned something. Where it is right and where it is not, a mean does not say.
#
# **Your turn.** After how many updates is the loss half-way from one quarter to one sixth? Train with the seeds 1, 2 and 3, and compare. What would you have concluded from a budget of 100 updates?
#
# ## Where it is wrong { #where }
#
# The same error, step by step, over the thousand streams of the test.

# %% alt="Squared error at steps 2 to 18. It lies near one quarter and falls to nearly zero at every third step: 3, 6, 9 and so on."
fig, ax = plt.subplots(figsize=(4.8, 2.0))
t = np.arange(2, len(test) + 1)
ax.plot(t, ((outputs - y) ** 2).mean(axis=(1, 2)), "o-", color="C0", markersize=3, linewidth=1)
ax.axhline(0.25, color="C1", linestyle=":")
ax.set(xlabel="$t$", ylabel="$L$", xticks=t[1::3], ylim=(-0.02, 0.35))
plt.show()

# %% [markdown]
# There are the teeth, upside down: at every third bit the error dips. Nobody told the network that the stream has groups of three. It had to find out, because there was something to gain.
#
# **Your turn.** Give the network streams that begin in the middle of a group, `test[1:]`. Does it find its place again? How many steps does it take, and how could one tell the place from the bits at all?
#
# ## What it keeps { #states }
#
# To be right at every third bit the [hidden state](../glossary.md#hidden-state) has to hold two things: the place, and the bit before. Are they in there? Fit each by least squares from the eight units, on half of the streams, and look at the other half.

# %%
h = np.concatenate([hidden, np.ones((*hidden.shape[:2], 1))], axis=2)
now = (np.arange(len(x)) % 3)[:, np.newaxis, np.newaxis]  # the place of the bit that was just read
wanted = {
    "place is first": now == 0,
    "place is second": now == 1,
    "place is third": now == 2,
    "last bit": x == 1,
    "xor of two bits": np.abs(x - np.concatenate([x[:1], x[:-1]])) == 1,
}
for name, truth in wanted.items():
    truth = np.broadcast_to(truth, x.shape)[..., 0]
    fitted, *_ = np.linalg.lstsq(h[:, :500].reshape(-1, 9), truth[:, :500].ravel(), rcond=None)
    right = (h[:, 500:] @ fitted > 0.5) == truth[:, 500:]
    print(f"{name:16}", *(f"{right[now[:, 0, 0] == n].mean():6.2f}" for n in range(3)))

# %% [markdown]
# The columns are the places, first to third. The last bit is there always. The exclusive or of the last two is there after the second bit of a group, where it is wanted; after the first nobody asks for it, and it is not there. The place is not written into the state as cleanly as you might expect, and yet the predictions are right: a straight line through the states is our question, not the one the network was asked.
#
# **Your turn.** For the last two rows a coin achieves one half. In the first three, who always says no is right in two columns and wrong in one. Which entries of the table are better than such answers? And why is the exclusive or there after the *third* bit, where nobody asks for it either?
#
# ## The gradient of 1990 { #one-step }
#
# Elman's network saw its last state as an input like others, and the gradient stopped there. The *state* runs on through the whole stream; only the *gradient* does not look back. So the gradient takes five lines: back through the read-out, back through one tanh, done.


# %%
def one_step(net, optimizer, bits):
    x, y, p = bits[:-1], bits[1:], net.params
    outputs, h = net.forward(x)
    before = np.concatenate([np.zeros_like(h[:1]), h[:-1]])  # the state before each step
    d_y = 2 * (outputs - y) / y.size
    d_a = (d_y @ p["W_hy"].T) * (1 - h**2)  # through the tanh of this step, and no further
    grads = {"b_h": d_a.sum(axis=(0, 1)), "b_y": d_y.sum(axis=(0, 1))}
    for name, left, right in (("W_xh", x, d_a), ("W_hh", before, d_a), ("W_hy", h, d_y)):
        grads[name] = np.einsum("tbi,tbj->ij", left, right)
    optimizer.update(p, grads)
    return np.mean((outputs - y) ** 2)


short, _ = trained(one_step, 800)
print(f"{'':14}", *(f"{n:>8}" for n in ("first", "second", "third")))
print_row("all steps", outputs)
print_row("one step", short.forward(x)[0])

# %% [markdown]
# It works, though less well: the weights that carry the first bit of a group into the second state are never told what they were good for. They are used as they happen to be, and the rest arranges itself around them. For one bit and one step that is enough. What it takes to be told about a longer way is the subject of [Backpropagation through time](../bptt.md).
#
# **Your turn.** Make the task longer: the third bit is the exclusive or of the *first* bit and a random one, with two random bits in between. Compare both gradients again. Print the budget with the result.
#
# ## Five seeds { #seeds }
#
# One network of each kind proves little. The rule for counting stands in [the laboratory](../laboratory.md#seeds).

# %%
third = {}
for name, step in (("all steps", update), ("one step", one_step)):
    errors = []
    for seed in range(5):
        guess, _ = trained(step, 400, seed)[0].forward(x)
        errors.append(((guess - y) ** 2).mean(axis=(1, 2))[place == 2].mean())
    third[name] = np.array(errors)
    print(f"{name:10}", *(f"{error:7.3f}" for error in sorted(errors)))

# %% [markdown]
# Half as many updates as above, and the error of the third bit for five networks each, sorted. Ask of the two rows what the laboratory asks: do they overlap, what was the budget, and was this comparison chosen before it was seen?
#
# **Your turn.** Which number of units would Elman's two have been, in our terms? Train five networks with `units=2`, and count how many solve the task within 800 updates. Then say what “two units are enough” means.
#
# ## What to conclude { #conclusion }
#
# The experiment of 1990 can be repeated in a minute, and what it shows comes back: the error dips where something can be known. What has no name in the data, a group of three, is in the states, because it pays.
#
# What may not be concluded: that the network “understands” groups, or that two units are enough for such tasks in general, or that a gradient of one step is as good as the whole. The stream was short, the memory was one bit.
#
# **Your turn.** Write the stream of a task of your own, in which one bit of five can be known. Say before training what the least mean error is, and at which steps the error should dip. Then train.
