# %% [markdown]
# # 太阳黑子实验
#
# 太阳上的黑子时多时少，大约十一年一个来回。在这个实验里，你要由往年的数预测下一年的数：先用一行就能写完的规则，再用循环网络；网络由你一步一步训练，再拆开来看。每一节末尾都有一件事要你动手。
#
# 需要程序包 `rnn` 和 Matplotlib。在克隆下来的仓库里，`make setup` 会把两者都装好；之后用 `.venv/bin/python sunspots.py` 运行脚本，笔记本则可以在任何使用这个 Python 的 Jupyter 里运行。正文有意少写数字：请到输出里去读。
#
# ## 序列 { #series }
#
# 程序包带有 1700 年以来的年平均值，取自 2015 年修订之前的序列。第 $t$ 年的数记作 $x_t$。

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

# %% alt="1700 到 2008 年逐年的太阳黑子数：起伏不匀的波，各个极大值高低悬殊。1920 年之后有一条虚线。"
fig, ax = plt.subplots(figsize=(4.8, 2.0))
ax.plot(years, numbers, linewidth=1)
ax.axvline(1920.5, color="C1", linestyle="--", linewidth=1)
ax.set(xlabel="$t$", ylabel="$x_t$", ylim=(0, None))
plt.show()

# %% [markdown]
# 这个波不是正弦：极大值有高有低，周期有长有短，而且多半升得快、降得慢。谁要预测它，就得知道现在处在波的什么位置，这一个波又有多强。
#
# **动手。** 比左右两年都大的年份是一个极大值。找出所有的极大值，打印相邻两个的间隔。其中有多少是周期的极大值，多少只是坡上的小齿？写一条规则只留下前者，再比较虚线前后周期的长短。
#
# ## 按时间划分 { #split }
#
# 模型要在没有参加拟合的年份上评判。在这里随机抽取这些年份是错的：藏起来的年份大多左右两年都是已知的，模型只要学会填空就行。填空不是预测：


# %%
def rmse(guess, truth):
    return np.sqrt(np.mean((guess - truth) ** 2))


before, year, after = numbers[:-2], numbers[1:-1], numbers[2:]
print("mean of both neighbours", rmse((before + after) / 2, year).round(1))
print("the year before        ", rmse(before, year).round(1))

# %% [markdown]
# 两条规则都简单得不能再简单。前一条的误差小得多，只因为它被告知了后一年。随机划分之下的模型处境相同，而从它的得分里什么也看不出来。
#
# 所以检验要放在未来。所有拟合只用 1920 年及以前的年份，其中 1841 年以后的用来做选择。1920 年之后用来检验，分成三段；前两段是研究这个序列的论文惯用的。
#
# **动手。** 用 `np.random.default_rng(0)` 随机藏起五分之一的年份。藏起来的年份中，有多少是左右两年都已知的？只在这些年份上算“左右两年的平均”的误差。
#
# ## 尺度 { #scale }
#
# 网络喜欢在零附近、大小约为一的数。我们减去均值，再除以标准差。这两个数也是模型的一部分，所以同样只能取自训练年份。

# %%
seen = numbers[years <= 1920]
print("            mean  deviation  largest")
for name, part in (("up to 1920", seen), ("all years", numbers)):
    print(f"{name:10}  {part.mean():4.1f}  {part.std():9.1f}  {part.max():7.1f}")

# %% [markdown]
# 若用全部年份的均值和标准差，就等于告诉模型：以后的波更高。这种泄漏很小，也很容易看漏。
#
# 最后一列还说明另一件事：检验年份里有一个极大值，高于这里任何模型拟合时见过的一切。请记住它。
#
# **动手。** 最大的数出现在哪一年？用两种尺度算，它各比均值高出几个标准差？
#
# ## 先看基线 { #baselines }
#
# 轮到网络之前，先请出两个对手。[持续性预测](../glossary.md#persistence)说：和去年一样。[自回归](../glossary.md#autoregression) AR($p$) 说：一个常数加上最近 $p$ 年的加权和，权重由最小二乘定出。它是线性的，有 $p+1$ 个参数。

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
# 一种方法在一段年份上的误差，单看毫无意义；各行放在一起才有意义。最大的一步是从 AR(1) 到 AR(2)：两个值能说出波在上升还是下降，一个值不能。各列也不一样：对一种方法难的那一段，对所有方法都难。
#
# **动手。** 如果不看检验年份，你会选哪个阶数？把 1 到 30 阶都拟合在 1840 年及以前的年份上，在 1841–1920 年比较。那里最好的，到后来也最好吗？
#
# ## 网络，一行 { #train }
#
# 下面的函数用 1920 年及以前的年份拟合一个有八个隐藏单元的网络。它逐个读入十二个值，然后说出下一个。权重被往零拉得多紧，也就是权重衰减（weight decay）取多大，是在 1841–1920 年上选定的。

# %%
result = train_rnn_on_sequence("sunspots", seed=0)
linear = result.predictions["AR(12)"]
print("weight decay", result.weight_decay, "out of", list(result.validation))
print(f"{'':12}", *(f"{span:>10}" for span in spans))
print_row("SimpleRNN", result.predictions["rnn"])
print_row("AR(12)", linear)

# %% alt="检验年份 1921 到 2008 上提前一年的预测：网络和 AR(12) 都紧跟着波走，但在 1957 年最高的极大值处，网络远远不够高。"
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
# 这张图谁看了都会信服，而谁都不该信服：用同样的方式画出持续性预测，看上去几乎一样好。还是看表。在与过去相像的一段，网络领先；在极大值最高的一段，它落后。tanh 网络的输出有界，线性公式的没有。
#
# **动手。** 把持续性预测加进图里。然后分别用 `hidden_size=2` 和 `hidden_size=32` 训练，先看 `result.validation` 在两者中选定一个，再去看检验年份。
#
# ## 自己来一遍 { #by-hand }
#
# 函数里面不过是这些。网络读十二个标准化了的值，只问它最后一个输出。所以除了最后一个，损失对其余输出的梯度都是零；`backward` 把它往回带过十二步，推导见[沿时间反向传播](../bptt.md)一章。权重衰减给每个权重的梯度加上这个权重的一个小倍数。然后，每个参数逆着自己的梯度走一步。


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
# 更新多少次，衰减多大？这些都是选择，而选择要在 1841–1920 年上做，网络和尺度都只能知道 1840 年及以前的事。图上有两种选择，不加衰减和加一点：虚线是学过的年份上的损失，实线是没见过的年份上的损失。

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

# %% alt="六百次更新中的两对曲线。不加衰减时，学过的年份上的损失一直下降，1841 到 1920 年的损失很快掉头上升；加了衰减，两条都趋于平稳，后一条保持在低处。"
fig, ax = plt.subplots(figsize=(4.8, 2.2))
for (decay, curve), color in zip(curves.items(), ("C1", "C0"), strict=True):
    n, (learnt, held_out) = range(0, 600, 10), curve[::10].T
    ax.plot(n, learnt, "--", color=color, linewidth=1)
    ax.plot(n, held_out, color=color, label=rf"$\lambda={decay}$")
ax.set(xlabel="$n$", ylabel="$L$", ylim=(0, 0.4))
ax.legend()
plt.show()

# %% [markdown]
# 虚线只能告诉你：确实在学。（其中一条上的尖峰，是有一步对那个地方来说太长了；下降自己会恢复。）不加衰减时，实线很早就掉头：从那里起，网络学的是 1841 年以前才有的东西。可以在掉头处停下，但这个谷很浅，换一个种子就换一个地方。加了衰减，什么时候停几乎无所谓。所以我们取衰减，用全部训练年份再拟合一次，让这个网络去面对检验。

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
# 几行普通的梯度下降，结果与那个函数是同一类；函数的步长由 Adam 决定（[@kingma2015]）。
#
# **动手。** 让第六步到第十二步的输出都算数，各与它后面的那个值比较，这样一个窗口给出七个误差而不是一个。先用 `rnn.gradcheck.central_difference` 检查你的梯度。网络用更少的更新就能学会吗？
#
# ## 它留下了什么 { #states }
#
# 读完第十二个值，网络手里有八个数，就是它的[隐藏状态](../glossary.md#hidden-state)，预测是它们的加权和。它们知道什么？换作你，大概会留下两样：最后的值和最后的变化。把每个单元与这两样比一比。

# %%
h = hidden_states[-1]  # (N, 8), after the last value
level, change = past[:, -1], past[:, -1] - past[:, -2]
print("unit  with level  with change  weight")
for unit in range(8):
    a, b = (np.corrcoef(h[:, unit], known)[0, 1] for known in (level, change))
    print(f"{unit:4}  {a:10.2f}  {b:11.2f}  {net.params['W_hy'][unit, 0]:6.2f}")

# %% alt="检验年份上权重最大的四个隐藏单元：都随周期起伏，形状各不相同，有的在极大值处贴近 1，被削平了。"
largest = np.argsort(-abs(net.params["W_hy"][:, 0]))[:4]
fig, axes = plt.subplots(2, 2, figsize=(4.8, 2.4), sharex=True, sharey=True)
for unit, ax in zip(largest, axes.flat, strict=True):
    ax.plot(when, h[test, unit], linewidth=1)
    ax.set(ylim=(-1.05, 1.05), yticks=[-1, 0, 1], ylabel=f"$h[{unit}]$")
for ax in axes[-1]:
    ax.set_xlabel("$t$")
plt.show()

# %% [markdown]
# 没有哪个单元就是值，也没有哪个就是变化。有的更像前者，有的更像后者，合起来两样都在：足以说出现在处在波的什么位置。单元接近 $\pm 1$ 时，对输入几乎不再有反应，梯度也几乎不再通过它：这就是[饱和](../glossary.md#saturation)。
#
# 不要给单元起名字。换一个种子，就是另一些单元合起来做同样的事：它们可以互换位置，也可以连同权重一起变号，预测毫无差别。
#
# **动手。** 在训练年份上用最小二乘由八个单元拟合 `level` 和 `change`。到了检验年份还灵不灵？再换一个种子训练，重做一遍：你的发现里，哪些属于这个网络，哪些属于这个任务？
#
# ## 自由运行 { #free }
#
# 提前一年预测时，每次预测之后网络都会得知真值。现在让它[靠自己的预测往下走](../glossary.md#free-running-prediction)，从 1921 年开始。


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


# %% alt="从 1921 年起，两种方法都靠自己的预测往下走。网络一直在起伏，每个波差不多一样高，大体上跟得上真实的周期；AR(12) 逐渐衰减成常数。"
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
# 高度丢了，但网络跟得上太阳的步子。是本事还是运气？从一个起点画一张图说明不了。所以让每一年都做一次起点，各走二十年，按提前的年数汇总误差：左边的起点到 1901 年为止，右边的从 1921 年开始。点线是永远说“训练年份的均值”的误差。

# %% alt="提前 1 到 20 年的误差，分两格。左边在训练年份里，网络的误差在十到十五年处越过均值的点线，此后一直在它上面。右边在检验年份里，二十年都远在点线之下。"
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
# 左边，网络走过的是它拟合过的年份。在那里它走乱了步子，最后还不如均值：错开的波要错两次，一次错在有它的地方，一次错在缺它的地方。右边是它从没见过的年份，看上去反而更好。它并没有变好：1920 年以后的周期恰好长短均匀，又接近它学到的长度。只在这些年份上检验，就会称赞一种并不存在的二十年预报。
#
# **动手。** 从 1780 年开始自由运行，画出六十年。它在哪里走乱，那个周期有什么特别？AR(12) 又为什么衰减？去看把一个窗口变成下一个窗口的矩阵，看它特征值的绝对值。
#
# ## 五个种子 { #seeds }
#
# 到此为止都只是一个、两个网络。换一个种子，初始权重就不同，结果也不同。下面是五个，训练方式相同。

# %%
runs = [result]
runs += [train_rnn_on_sequence("sunspots", seed=seed) for seed in range(1, 5)]
print(f"{'':12}", *(f"{span:>10}" for span in spans))
for seed, run in enumerate(runs):
    print_row(f"seed {seed}", run.predictions["rnn"])
print_row("AR(12)", linear)

# %% alt="三段检验年份上，五个网络的误差画成圆点，AR(12) 的画成短竖线：1921 到 1955 年圆点全在竖线左边，1956 到 1979 年全在右边，1980 到 2008 年在它上面或略偏右。"
fig, ax = plt.subplots(figsize=(4.8, 1.8))
for place, span in enumerate(spans[1:]):
    dots = [error(run.predictions["rnn"], span) for run in runs]
    ax.plot(dots, [place] * 5, "o", color="C1", alpha=0.6)
    ax.plot(error(linear, span), place, "|", color="C0", markersize=16)
ax.set(yticks=range(3), yticklabels=spans[1:], ylim=(2.5, -0.5), xlim=(0, None))
plt.show()

# %% [markdown]
# 同一段的圆点挨得很近，各段之间离得远：在这里，年份比种子要紧。事情不一定总是这样，而只跑一次的表格是不会告诉你的。
#
# **动手。** 与 AR(12) 的差别，比五个网络之间的差别大吗？每一段用一句话说明，写上数字。然后把五个预测平均起来。平均的预测比最好的那一个还好吗？
#
# ## 能下什么结论 { #conclusion }
#
# 可以说的是：在 1921–1955 年，一个小的 tanh 网络提前一年预测，五遍都好于有十二个权重的线性公式。在极大值最高的那一段，五遍都不如它。任它自己走，只要周期碰巧均匀，它就跟得上。
#
# 不可以说的是：循环网络比线性模型好，或者差。检验年份里只有八个周期。误差是几十个年份的平均，而这些年份并不互相独立；何况每一节我们都看过它们：现在再去改模型、再去看，就是在拟合检验年份。
#
# 留下来的是做事的次序。按时间划分，尺度取自训练年份，先跑基线，在验证年份上做选择，不只看一个种子，让它自由运行，并且对着一个好得分问一句：还有什么能造成它？
#
# **动手。** 让自己写的那个网络每一步都是线性的：`nonlinearity="identity"`。运行之前，先写下 1956–1979 年谁会赢，理由是什么。然后运行，解释你看到的结果。
