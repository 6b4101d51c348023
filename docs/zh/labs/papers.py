# %% [markdown]
# # 时间中的结构：1990 年的一个实验
#
# 一串比特：两个随机的，然后是它们的异或，再是两个随机的，如此继续。你来预测下一个比特。三个里有两个纯属偶然，第三个是确定的，只要记住一个比特，并且知道自己在串中的位置。Jeffrey Elman 把这串比特交给一个小小的循环网络，然后看它在哪里出错（[@elman1990]）。在这个实验里，你用 `SimpleRNN` 亲手再做一遍。每一节末尾都有一件事要你动手。
#
# 需要程序包 `rnn` 和 Matplotlib，与[太阳黑子实验](sunspots.py)相同。用许多网络做出来的结果，见[重做论文里的实验](../papers.md#elman)一章。这里的正文少写数字：请到输出里去读。
#
# ## 比特串 { #stream }
#
# 比特放在形状为 $(T, B, 1)$ 的数组里：$T$ 步，$B$ 条串并排。

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
# 每一行是一组。网络看不到行，只看到一个接一个的比特，每一步都要说出下一个。
#
# **动手。** 把各行连成一行来读，遮住最后四个比特，再逐个预测。哪几个是你有把握的？
#
# ## 能知道多少 { #floor }
#
# 先不谈网络：预测最多能好到什么程度？每一步都说二分之一，平方误差是四分之一。就算知道位置，对前两个比特也说不出比二分之一更好的话，而第三个可以毫无误差。

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
# 这两行就是上下限。网络若比第一行还差，学到的是胡话；若比第二行还好，就是偷看了答案。
#
# **动手。** 有人记得住比特，却完全不知道位置，他的误差最小是多少？取最近三个比特的窗口 `x[t-2]`、`x[t-1]`、`x[t]`：对八种取值中的每一种，在整条串上求下一个比特的平均，再算这张表的误差。
#
# ## 训练 { #train }
#
# 八个 tanh 单元，一个线性输出。损失是所有各步上的均方误差，`backward` 把梯度带回所有各步，推导见[专讲它的一章](../bptt.md)。每次更新用的都是新串，背是背不下来的。


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

# %% alt="损失与更新次数的关系：一下子落到四分之一，此后慢慢下降，最后平在六分之一附近，那里有一条点线。"
fig, ax = plt.subplots(figsize=(4.8, 2.0))
ax.plot(range(0, 800, 10), losses.reshape(-1, 10).mean(axis=1), color="C0", linewidth=1)
ax.axhline(1 / 6, color="C1", linestyle=":")
ax.set(xlabel="$n$", ylabel="$L$", ylim=(0.12, 0.3))
plt.show()

# %% [markdown]
# 损失不会到零，也到不了：三个比特里有两个各要付四分之一，所以最好的平均值是六分之一，也就是那条点线。（这里还要略小一点，因为最开头的那个比特不必预测。）只看这条曲线的人，看到的是一个学到了一点东西的网络。它哪里对、哪里不对，平均值不说。
#
# **动手。** 损失从四分之一降到六分之一，走到一半用了多少次更新？用种子 1、2、3 各训练一次，比较一下。如果预算只有 100 次更新，你会得出什么结论？
#
# ## 在哪里出错 { #where }
#
# 同样的误差，在测试用的一千条串上，一步一步地看。

# %% alt="第 2 到 18 步的平方误差：在四分之一附近，每到第三步，即第 3、6、9 步等，落到几乎为零。"
fig, ax = plt.subplots(figsize=(4.8, 2.0))
t = np.arange(2, len(test) + 1)
ax.plot(t, ((outputs - y) ** 2).mean(axis=(1, 2)), "o-", color="C0", markersize=3, linewidth=1)
ax.axhline(0.25, color="C1", linestyle=":")
ax.set(xlabel="$t$", ylabel="$L$", xticks=t[1::3], ylim=(-0.02, 0.35))
plt.show()

# %% [markdown]
# 这就是那些齿，只是倒了过来：每到第三个比特，误差就落下去。没有人告诉网络三个一组。它只能自己发现，因为发现了有好处。
#
# **动手。** 给网络从一组中间开始的串，`test[1:]`。它能重新找到自己的位置吗？要用几步？凭这些比特，位置究竟怎样看得出来？
#
# ## 它记着什么 { #states }
#
# 要在每个第三比特上都对，[隐藏状态](../glossary.md#hidden-state)里得有两样东西：位置，和前一个比特。它们在里面吗？用八个单元对每一样作最小二乘拟合，在一半的串上拟合，到另一半上去看。

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
# 各列是位置，从第一到第三。最近一个比特总是在的。最近两个比特的异或，在一组的第二个比特之后是在的，那里正用得着；在第一个之后没有人问，也就不在。位置并没有像你以为的那样清清楚楚写在状态里，预测却是对的：用一条直线去量状态，是我们的问题，不是交给网络的问题。
#
# **动手。** 后两行，抛硬币能对一半。前三行，总是回答“不是”的人，在两列上全对，在一列上全错。表里哪些数比这样的回答好？还有，在**第三个**比特之后也没有人问异或，它为什么在？
#
# ## 1990 年的梯度 { #one-step }
#
# Elman 的网络把上一个状态当作普通的输入，梯度到那里为止。**状态**一直沿着整条串传下去，只有**梯度**不回头。所以这个梯度只要五行：往回经过读出层，往回经过一个 tanh，就完了。


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
# 这样也行，只是差一些：把一组的第一个比特带进第二个状态的那些权重，从来没有人告诉它们这有什么用。它们碰巧是什么样就怎样用，其余的权重再去迁就它们。一个比特、一步之遥，这就够了。要让更长的路也得到消息，需要什么，是[沿时间反向传播](../bptt.md)讲的事。
#
# **动手。** 把任务变长：第三个比特换成**第一个**比特与另一个随机比特的异或，中间隔着两个随机比特。再比较两种梯度。写结果时连同预算一起写。
#
# ## 五个种子 { #seeds }
#
# 每种只有一个网络，说明不了什么。怎样计数，[实验室](../laboratory.md#seeds)里有规矩。

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
# 更新次数是上面的一半，每种五个网络，列出第三个比特的误差，从小到大。拿实验室的问题来问这两行：它们有没有重叠，预算是多少，这项比较是不是看到结果之前就定下的？
#
# **动手。** Elman 只用了两个单元，放到这里会怎样？用 `units=2` 训练五个网络，数一数有几个在 800 次更新之内解决了任务。然后说说“两个单元就够了”是什么意思。
#
# ## 结论 { #conclusion }
#
# 1990 年的实验，一分钟就能重做，它所显示的也重新出现了：哪里有东西可以知道，误差就在哪里落下去。数据里没有名字的东西，三个一组，进了状态，因为有好处。
#
# 不能得出的结论是：网络“懂得”分组；两个单元对这类任务一般都够；一步的梯度与完整的一样好。串很短，要记的只有一个比特。
#
# **动手。** 自己设计一个任务，写出它的串：五个比特里有一个可以知道。训练之前先说最小的平均误差是多少，误差应当在哪些步落下去。然后训练。
