# %% [markdown]
# # 亲手做一遍作业
#
# 生成一个序列，用它训练网络，做检验，再说明长度有什么影响：这就是作业里的任务。这里用几个单元格把它做完，只用 `SimpleRNN`，没有藏起来的东西。[讲它的那一章](../task.md)用更多的种子和更多的单元来做；在这里，每个数怎么来的都看得见。每一节末尾都有一件事要你动手。
#
# 需要程序包 `rnn` 和 Matplotlib。在克隆下来的仓库里，`make setup` 会把两者都装好；之后用 `.venv/bin/python task.py` 运行脚本，笔记本则可以在任何使用这个 Python 的 Jupyter 里运行。正文有意少写数字：请到输出里去读。
#
# ## 一个序列 { #sequence }
#
# 带噪声的正弦。没有噪声，两个值就决定了后面的一切，网络毫无用处。另外，周期不是整数步：正弦的任何一段都不会原样重来。

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
# **动手。** 这里噪声的标准差是已知的。由此可知，无论用什么方法，提前一步的误差平均来说都不可能低于多少？写下来，后面还会遇到它。
#
# ## 按时间切开 { #cut }
#
# 前 240 个值用来训练，接下来的 80 个用来做选择，最后 80 个用来检验。每个窗口有十二个值，它属于紧跟在窗口**后面**的那个值所在的段。

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
# 训练段最后的窗口，在验证段开始之前就结束了；验证段开头的窗口伸进训练段，这是允许的：在那个时刻，这些值已经知道了。
#
# **动手。** 训练段为什么有 228 个窗口，而不是 240 个？换一种做法，先切段，再在各段之内取窗口：检验段还剩几个，这样损失了什么？
#
# ## 先看对手 { #rivals }
#
# [持续性预测](../glossary.md#persistence)把上一个值再说一遍。AR($p$) 给出前 $p$ 个值的加权和，权重由最小二乘从训练段得到。


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
# 在干净的正弦上 AR(2) 是精确的，在这一个上，它几乎不比持续性预测好。它只有两个值，每个都带着噪声，没法取平均。AR(12) 可以，于是降到噪声本身的水平；检验段上甚至略低一点，因为那八十个值碰巧噪声小一些。
#
# **动手。** 把 `noise` 设为 0，把上面的单元格再运行一遍。谁赢了，误差是多少？然后改回来。
#
# ## 一次更新 { #update }
#
# 网络逐个读入标准化之后的窗口。只要最后一个输出，所以其他输出的梯度都是零；`backward` 把它带回去，走过十二步，就像[推导](../bptt.md)里说的那样。

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
# **动手。** 用手数参数：三个矩阵、两个偏置，一个输入，八个单元，一个输出。再取 `net.grads["W_hh"]` 的一个元素，与差商比较；办法见[动手作业](../workshop.md#backward)。
#
# ## 训练 { #training }
#
# 更新三百次，每次用训练段的全部窗口。验证段上的误差只是看着。


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

# %% alt="300 次更新中的两条下降曲线，先陡后平。虚线是训练段，最后略低于实线所示的验证段；两条都在代表噪声的点线之上。"
fig, ax = plt.subplots(figsize=(4.8, 2.2))
n = np.arange(10, 301, 10)
ax.plot(n, curve[:, 0], "C0--", linewidth=1)
ax.plot(n, curve[:, 1], "C0")
ax.axhline(noise, color="C2", linestyle=":")
ax.set(xlabel="$n$", ylabel="RMSE", ylim=(0, 0.6))
plt.show()

# %% [markdown]
# 虚线是训练段，实线是验证段，点线是噪声。两条曲线的距离有一部分出于偶然：几个对手也觉得验证段更难。
#
# **动手。** 再用学习率 0.01 和 1 各训练一次，按验证段来选。学习率太大时，曲线是什么样子？
#
# ## 检验 { #test }
#
# 只做一次，放在最后，并与对手并列。五个种子，因为一个种子只能算一件轶事。

# %%
nets = [net] + [trained(seed)[0] for seed in range(1, 5)]
print(f"{'':12}", *(f"{name:>10}" for name in parts))
for seed, one in enumerate(nets):
    print_row(f"seed {seed}", lambda past, one=one: predict(one, past))
print_row("AR(12)", lambda past: autoregression(linear[12], past))

# %% [markdown]
# 网络明显好于持续性预测和 AR(2)，但不比 AR(12) 好。这在意料之中：对带噪声的正弦，最好的公式差不多就是线性的；十三个权重用最小二乘可以精确求出，89 个参数靠梯度下降只能大致找到。
#
# **动手。** 写出报告里关于这张表的那句话，要带上种子之间的离散程度。
#
# ## 独自往下走 { #free }
#
# 现在每个预测都进入下一个窗口。从检验段的 41 个起点出发，各走四十步。


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

# %% alt="自由运行四十步的一例。网络和 AR(12) 一直与带噪声的真值同步波动；AR(2) 几步之内就降到零。"
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
# 学会了一个波的网络，自己就成了一个波：它的[隐藏状态](../glossary.md#hidden-state)会自行转动。步子准不准是另一回事：提前一步，五个种子差不多；四十步以后就不一样了，图里画的是较好的一个。AR(2) 逐渐消失，因为它的两个权重是由带噪声的值拟合的，谱半径小于 1。
#
# **动手。** 算出这个谱半径：矩阵的两行是 $(a, b)$ 和 $(1, 0)$，权重取自 `linear[2]`（最早的值在前）。再对 AR(12) 做一遍，矩阵有十二行。
#
# ## 斐波那契 { #fibonacci }
#
# 同样的步骤，换成原始的斐波那契数：48 个用来训练，十二个用来检验。

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
# 怎么训练都没有用：最后一行是对任何输入都成立的界。这些数的末位数字也是有界的，而那是网络学得会的。
#
# **动手。** 用 `form="modulo"` 生成 400 个值，像上面那样训练（均值和尺度用末位数字的），数一数舍入之后有多少个预测是对的。末位数字隔多少步重复一次？由此看，这个检验说明了什么？
#
# ## 不用训练 { #linear }
#
# 两个没有 tanh 的单元，手工设好权重，就能精确地写出斐波那契数。代码里的矩阵是纸上那个的转置。

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
# **动手。** 改一个数，使网络写出 2 的各次幂。再为 $\omega = 0.3$ 的正弦找出权重。
#
# ## 长度是帮助 { #window }
#
# 长度有什么影响？先看带噪声的正弦上窗口的长度。

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
# 到八个值为止，每多一些都有帮助，因为可以取平均的更多。再往后，剩下的几乎只有待预测的那个值自己的噪声，对谁都一样。
#
# **动手。** 对没有噪声的正弦做同样的事。在那里，长度有什么影响？作业里那个问题的陷阱就在这里。
#
# ## 长度是负担 { #delay }
#
# 再看一个以长度为滞后的任务：把若干步之前来过的符号重复出来。六个单元，200 次更新，每次都是新的符号。


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
# 有一道边界。六个单元，靠一个矩阵把符号传下去，状态里大约容得下六个；超过这个数，回答就逐渐滑向瞎猜，而瞎猜有一半是对的。这道边界是记忆的边界；[那一章](../task.md#length)里还有训练的边界，并说明哪种单元能把它们推到多远。
#
# **动手。** 把边界往外推：先增加单元，再回到六个单元、增加更新次数。哪一样有用？
#
# ## 结论 { #conclusion }
#
# 可以说的是：一个小的 tanh 网络预测带噪声的正弦，与十二个权重的线性公式不相上下，几乎降到噪声的水平；没有人领着，它也会继续波动。超出见过的范围，它说不出斐波那契数。只要还有东西可以取平均，长一些就有帮助；一旦要记住的东西比容得下的多，长一些就有害。
#
# 不能说的是：非用网络不可。在这个序列上，十三个权重做到了同样的事，而求出它们只要一次最小二乘。
#
# **动手。** 把带噪声的正弦换成你自己的序列，把所有单元格再运行一遍，并改写上面两段，使它们对新的序列成立。
