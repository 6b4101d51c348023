"""The names of the mistakes in the assignment, in both languages: what is wrong, and what to look at."""

from rnn.workshop.wrong import Text

# Which array is which.
PARAMETERS: dict[str, Text] = {
    "no-parameter": Text(
        "No array of `{owner}` acts as {role}: none of this shape changes what `forward` returns. Arrays that do:"
        " {found}. If yours lies elsewhere, say so in the file: PARAMETERS = {{{example}}}.",
        "`{owner}` 里没有起 {role} 作用的数组：这种形状的数组，改了都不影响 `forward` 的结果。有影响的是：{found}。"
        "如果它放在别处，请在文件里写明：PARAMETERS = {{{example}}}。",
    ),
    "too-many": Text(
        "Several arrays of `{owner}` could be {role}: {found}. Say in the file which one it is:"
        " PARAMETERS = {{{example}}}.",
        "`{owner}` 里有好几个数组都可能是 {role}：{found}。请在文件里写明是哪一个：PARAMETERS = {{{example}}}。",
    ),
    "no-such-array": Text(
        "PARAMETERS says that {role} is `{path}`, and there is no such array in `{owner}`.",
        "PARAMETERS 说 {role} 是 `{path}`，而 `{owner}` 里没有这个数组。",
    ),
}

# `SimpleRNN`: what it returns, its gradients, its update, its start.
NETWORK: dict[str, Text] = {
    "state-leaks": Text(
        "A second `forward` with the same inputs returns other numbers: something is left over from the first call. Begin"
        " every call with the initial state.",
        "用同样的输入再调用一次 `forward`，结果不同：上一次留下了东西。每次调用都要从初始状态开始。",
    ),
    "no-states": Text(
        "`forward` returns {got}; two things are expected: the outputs and the hidden states of all steps.",
        "`forward` 返回的是 {got}；应当返回两样：所有时间步的输出和隐藏状态。",
    ),
    "batch-first": Text(
        "The outputs have the shape {got}, wanted is {wanted}: batch and time are exchanged. The first axis is time.",
        "输出的形状是 {got}，应为 {wanted}：批和时间弄反了。第一个轴是时间。",
    ),
    "columns": Text(
        "The outputs have the shape {got}, wanted is {wanted}: each step's output lies on its side. Transpose it.",
        "输出的形状是 {got}，应为 {wanted}：每一步的输出横竖颠倒了，要转置。",
    ),
    "last-output-only": Text(
        "`forward` returns the output of one step, shape {got}. Wanted are those of all steps, {wanted}.",
        "`forward` 只返回了一步的输出，形状 {got}；要的是所有时间步的输出，{wanted}。",
    ),
    "outputs-shape": Text(
        "The outputs have the shape {got}, wanted is {wanted}.", "输出的形状是 {got}，应为 {wanted}。"
    ),
    "states-shape": Text(
        "The hidden states have the shape {got}, wanted is {wanted} (with h_0 in front, one step more is fine).",
        "隐藏状态的形状是 {got}，应为 {wanted}（把 h_0 放在最前面、多一步也可以）。",
    ),
    "no-recurrence": Text(
        "There is no recurrence: W_hh has no influence. Either h_prev W_hh is missing, or every step starts from the"
        " initial state. The loop must hand on the state that it has just computed.",
        "没有循环：W_hh 不起作用。要么漏了 h_prev W_hh，要么每一步都从初始状态出发。循环里要把刚算出的状态交给下一步。",
    ),
    "no-input": Text("The input is not used: x W_xh is missing.", "没有用到输入：漏了 x W_xh。"),
    "no-bias": Text("The bias b_h is not added.", "没有加偏置 b_h。"),
    "no-read-bias": Text("The bias b_y is not added to the outputs.", "输出没有加偏置 b_y。"),
    "no-tanh": Text("The tanh is missing: the state is the pre-activation.", "漏了 tanh：状态直接取了预激活。"),
    "sigmoid-for-tanh": Text("The state goes through a sigmoid; it should be tanh.", "状态用了 sigmoid，应当是 tanh。"),
    "relu-for-tanh": Text("The state goes through a ReLU; it should be tanh.", "状态用了 ReLU，应当是 tanh。"),
    "bias-outside": Text("b_h is added after the tanh; it belongs inside.", "b_h 加在了 tanh 外面，应当在里面。"),
    "state-outside": Text(
        "h_prev W_hh is added after the tanh; it belongs inside.", "h_prev W_hh 加在了 tanh 外面，应当在里面。"
    ),
    "input-outside": Text(
        "x W_xh is added after the tanh; it belongs inside.", "x W_xh 加在了 tanh 外面，应当在里面。"
    ),
    "reads-state-before": Text(
        "The output of a step is computed from the state before it. Compute the new state first.",
        "输出用的是上一步的状态。先算新的状态，再算输出。",
    ),
    "tanh-on-outputs": Text(
        "The outputs go through a tanh. They are linear scores: y = h W_hy + b_y.",
        "输出经过了 tanh。输出应当是线性的：y = h W_hy + b_y。",
    ),
    "sigmoid-on-outputs": Text(
        "The outputs go through a sigmoid. They are linear scores: y = h W_hy + b_y.",
        "输出经过了 sigmoid。输出应当是线性的：y = h W_hy + b_y。",
    ),
    "softmax-on-outputs": Text(
        "The outputs go through a softmax. That belongs to the loss; `forward` returns y = h W_hy + b_y.",
        "输出经过了 softmax。那是损失的一部分；`forward` 返回 y = h W_hy + b_y。",
    ),
    "reads-backwards": Text(
        "The sequence is read from its end. The loop goes from the first step to the last.",
        "序列是从末尾读起的。循环应当从第一步到最后一步。",
    ),
    "batch-is-time": Text(
        "The loop goes over the batch: batch and time are exchanged. inputs[t] is the input of step t, shape"
        " (batch, features).",
        "循环走的是批：批和时间弄反了。inputs[t] 才是第 t 步的输入，形状 (批, 特征)。",
    ),
    "states-shifted": Text(
        "The hidden states are those before each step: the list begins with h_0 and lacks the last.",
        "返回的是每一步之前的状态：从 h_0 开始，缺最后一个。",
    ),
    "no-gradient": Text(
        "`backward` returns no gradient for `{parameter}`, shape {wanted}. It returns: {got}.",
        "`backward` 没有返回 `{parameter}` 的梯度，形状应为 {wanted}。返回的有：{got}。",
    ),
    "gradient-turned": Text(
        "The gradient of `{parameter}` is transposed. A gradient has the shape of its parameter, entry for entry.",
        "`{parameter}` 的梯度转置了。梯度与参数形状相同，元素一一对应。",
    ),
    "bias-not-summed": Text(
        "The gradient of the bias `{parameter}` is not summed over batch and time. The same bias serves all of them.",
        "偏置 `{parameter}` 的梯度没有对批和时间求和。它们用的是同一个偏置。",
    ),
    "untransposed": Text(
        "The way back through time needs the transpose of W_hh. The matrix is square, so that the shapes do not tell.",
        "沿时间往回走时，W_hh 要转置。它是方阵，所以形状看不出错。",
    ),
    "not-carried": Text(
        "The gradient is not carried through time: what comes from the next step is never added to d_h.",
        "梯度没有沿时间往回传：d_h 里没有加上后一步传来的部分。",
    ),
    "one-step": Text(
        "The gradient is carried back one step only. What arrives from the next step must be handed on too.",
        "梯度只往回传了一步。从后一步传来的，也要接着往前传。",
    ),
    "carried-without-slope": Text(
        "What is carried back has not gone through the tanh: take d_a = d_h (1 - h²), not d_h, times W_hhᵀ.",
        "往回传的量没有经过 tanh：乘 W_hhᵀ 的应当是 d_a = d_h (1 - h²)，不是 d_h。",
    ),
    "reversed-product": Text(
        "The product is reversed: going back, the factor 1 - h² of a step comes first, then W_hhᵀ.",
        "乘积的顺序反了：往回走时，先乘这一步的 1 - h²，再乘 W_hhᵀ。",
    ),
    "carried-without-weights": Text("What is carried back is not multiplied by W_hhᵀ.", "往回传的量没有乘 W_hhᵀ。"),
    "forwards": Text(
        "The loop of `backward` runs forward in time. It must go from the last step to the first.",
        "`backward` 的循环是顺着时间走的，应当从最后一步走到第一步。",
    ),
    "no-slope": Text("The derivative of tanh is missing: the factor 1 - h².", "漏了 tanh 的导数：因子 1 - h²。"),
    "slope-of-pre-activation": Text(
        "The slope is taken at the pre-activation, 1 - a². It is 1 - tanh²(a) = 1 - h².",
        "斜率代入了预激活，成了 1 - a²。应当是 1 - tanh²(a) = 1 - h²。",
    ),
    "slope-tanh-twice": Text(
        "tanh is applied twice: 1 - tanh²(h). h is a tanh already; the slope is 1 - h².",
        "tanh 用了两次：1 - tanh²(h)。h 已经是 tanh 的值，斜率是 1 - h²。",
    ),
    "slope-sigmoid": Text(
        "h (1 - h) is the slope of a sigmoid. That of tanh is 1 - h².",
        "h (1 - h) 是 sigmoid 的斜率，tanh 的是 1 - h²。",
    ),
    "slope-before": Text(
        "The slope is taken at the state before the step; it belongs to the state of the step itself.",
        "斜率用了上一步的状态，应当用这一步自己的状态。",
    ),
    "slope-not-squared": Text("The slope is 1 - h², not 1 - h.", "斜率是 1 - h²，不是 1 - h。"),
    "slope-state-itself": Text("The slope of tanh is 1 - h², not h.", "tanh 的斜率是 1 - h²，不是 h。"),
    "first-step-missing": Text(
        "The loop leaves out the first step. range(T - 1, -1, -1) ends with 0.",
        "循环漏了第一步。range(T - 1, -1, -1) 才会走到 0。",
    ),
    "last-step-missing": Text(
        "The loop leaves out the last step. It begins at T - 1.", "循环漏了最后一步，应当从 T - 1 开始。"
    ),
    "around": Text(
        "For the first step the state before is hs[-1], and that is the *last* state in Python. It is h_0.",
        "第一步的“上一个状态”取了 hs[-1]，在 Python 里那是**最后**一个状态。应当是 h_0。",
    ),
    "state-after": Text(
        "The gradient of W_hh takes the state after the step. It needs the one before, h_prev.",
        "W_hh 的梯度用了这一步之后的状态，应当用之前的 h_prev。",
    ),
    "reads-before": Text(
        "The gradient of W_hy takes the state before the step; the output was read from the one after.",
        "W_hy 的梯度用了这一步之前的状态，而输出是从之后的状态读出的。",
    ),
    "targets": Text(
        "`backward` treats its argument as targets (y - d). It is the gradient of the loss by the outputs already.",
        "`backward` 把参数当成了目标值（y - d）。它已经是损失对输出的梯度。",
    ),
    "last-error-only": Text(
        "Only the error of the last step goes back. Each step has its own, and they add up: d_h = d_y W_hyᵀ + what comes"
        " from the next step.",
        "只有最后一步的误差往回传。每一步都有自己的误差，要相加：d_h = d_y W_hyᵀ + 后一步传来的。",
    ),
    "overwritten": Text(
        "The gradient of each step replaces that of the others: `=` where `+=` belongs. Weights are shared, so their"
        " gradient is a sum over the steps.",
        "每一步的梯度覆盖了前面的：该用 `+=` 的地方用了 `=`。权重是共享的，梯度要对时间步求和。",
    ),
    "last-step-only": Text(
        "Only the last step counts. Weights are shared, so their gradient is a sum over all steps.",
        "只算了最后一步。权重是共享的，梯度要对所有时间步求和。",
    ),
    "averaged-batch": Text(
        "The gradient is averaged over the batch. Whoever wants a mean puts it into the loss; `backward` sums.",
        "梯度对批求了平均。要平均，就放在损失里；`backward` 只求和。",
    ),
    "averaged-time": Text(
        "The gradient is averaged over the steps. Whoever wants a mean puts it into the loss; `backward` sums.",
        "梯度对时间步求了平均。要平均，就放在损失里；`backward` 只求和。",
    ),
    "averaged-both": Text(
        "The gradient is divided by batch × steps. Whoever wants a mean puts it into the loss; `backward` sums.",
        "梯度除以了批大小 × 步数。要平均，就放在损失里；`backward` 只求和。",
    ),
    "averaged-all": Text(
        "The gradient is divided by the number of outputs. Whoever wants a mean puts it into the loss; `backward` sums.",
        "梯度除以了输出的个数。要平均，就放在损失里；`backward` 只求和。",
    ),
    "doubled": Text(
        "The gradient is twice what it should be. The 2 of a squared error belongs into d_outputs.",
        "梯度大了一倍。平方误差的那个 2，应当在 d_outputs 里。",
    ),
    "negative": Text(
        "The gradient has the wrong sign. `backward` returns ∂L/∂W; the minus stands in the update.",
        "梯度的符号反了。`backward` 返回 ∂L/∂W，负号在更新里。",
    ),
    "zero": Text("The gradient is zero: it is made and never added to.", "梯度一直是零：建了数组，却没有往里加。"),
    "gradient-differs": Text(
        "The gradient of `{parameter}` differs, and none of the mistakes known here explains it. Hold it against"
        " differences: change one number of `{parameter}` by 1e-6 and look at Σ d_outputs · outputs.",
        "`{parameter}` 的梯度不对，而且不是这里已知的任何一种错误。请用差分比较：把 `{parameter}` 的一个数改动 1e-6，看 Σ d_outputs · outputs 怎么变。",
    ),
    "accumulates": Text(
        "The gradient of `{parameter}` is added to that of the call before. Begin every `backward` with zeros.",
        "`{parameter}` 的梯度加在了上一次调用的上面。每次 `backward` 都要从零开始。",
    ),
    "clipped": Text(
        "The gradient of `{parameter}` is clipped inside `backward`. That hides what it is; clip before the update.",
        "`backward` 里面裁剪了 `{parameter}` 的梯度，返回的就不是真正的梯度了。裁剪放在更新之前做。",
    ),
    "update-nothing": Text(
        "`update_parameters` changes nothing. `w = w - rate * g` makes a new array; write `w -= …` or assign it back.",
        "`update_parameters` 什么也没改。`w = w - rate * g` 会产生新数组；要写 `w -= …`，或者赋值回去。",
    ),
    "update-some": Text(
        "`update_parameters` leaves `{parameter}` as it was.", "`update_parameters` 没有更新 `{parameter}`。"
    ),
    "update-sign": Text(
        "`{parameter}` moves with the gradient: the update has the wrong sign. w -= learning_rate * grad.",
        "`{parameter}` 顺着梯度走了：更新的符号反了。w -= learning_rate * grad。",
    ),
    "update-no-rate": Text(
        "The update of `{parameter}` ignores the learning rate.", "`{parameter}` 的更新没有乘学习率。"
    ),
    "update-twice": Text("`{parameter}` is updated twice.", "`{parameter}` 更新了两次。"),
    "update-averaged": Text(
        "The update divides by the batch. A mean belongs into the loss.", "更新时除以了批大小。要平均，就放在损失里。"
    ),
    "update-by-time": Text(
        "The update divides by the number of steps. A mean belongs into the loss.",
        "更新时除以了步数。要平均，就放在损失里。",
    ),
    "update-differs": Text(
        "The new `{parameter}` is not the old one minus learning_rate times its gradient.",
        "新的 `{parameter}` 不等于旧的减去 learning_rate 乘以它的梯度。",
    ),
    "update-shared": Text(
        "Updating one network changes another: they share their arrays. Make them in `__init__`, not in the class.",
        "更新一个网络，另一个也变了：它们共用同样的数组。数组要在 `__init__` 里建，不要放在类上。",
    ),
    "update-adam": Text(
        "The update is not plain gradient descent but one that divides by the size of the gradient, like Adam.",
        "更新不是普通的梯度下降，而是像 Adam 那样除以了梯度的大小。",
    ),
    "start-alike": Text(
        "All units begin with the same weights, so that they stay the same for ever. Draw the weights at random.",
        "所有单元的初始权重都相同，它们就永远相同。权重要随机初始化。",
    ),
    "start-seeded": Text(
        "Two new networks have the same weights: a seed is set inside. Set seeds outside, once.",
        "两个新建的网络权重完全相同：里面固定了种子。种子应当在外面设一次。",
    ),
    "start-large": Text(
        "With 100 units the initial W_hh is so large that the states saturate. Scale it by 1/√hidden_size, or take an"
        " orthogonal matrix.",
        "有 100 个单元时，W_hh 的初始值太大，状态会饱和。请乘以 1/√hidden_size，或者用正交矩阵。",
    ),
}

# `LSTMCell`.
CELL: dict[str, Text] = {
    "cell-results": Text(
        "`LSTMCell.forward` returns {got}; two arrays are expected, the new hidden state and the new cell state, each"
        " {wanted}.",
        "`LSTMCell.forward` 返回的是 {got}；应当返回两个数组：新的隐藏状态和新的细胞状态，形状都是 {wanted}。",
    ),
    "cell-leaks": Text(
        "A second call of `LSTMCell.forward` with the same arguments returns other numbers: the cell keeps something. The"
        " state comes in and goes out as arguments.",
        "用同样的参数再次调用 `LSTMCell.forward`，结果不同：单元里留下了东西。状态应当由参数传入，由返回值传出。",
    ),
    "cell-parameters": Text(
        "Four gates need four input weights, four recurrent weights and four biases, or all of them joined. Arrays with"
        ' an influence are: {found}. If they are there, name them in the file: PARAMETERS = {{"W_xf": "…", …}}.',
        "四个门需要四个输入权重、四个循环权重和四个偏置，或者合在一起。起作用的数组有：{found}。"
        '如果都有，请在文件里写明：PARAMETERS = {{"W_xf": "…", …}}。',
    ),
    "cell-no-bias": Text("The biases of the gates are not used.", "门的偏置没有用上。"),
    "cell-no-recurrence": Text(
        "The hidden state has no influence on the gates: the recurrent weights are not used.",
        "隐藏状态对门没有影响：循环权重没有用上。",
    ),
    "gates-swapped": Text(
        "Gates are swapped: what is called {called} acts as {acts}. c = f·c + i·c̃, h = o·tanh(c).",
        "门弄混了：名为 {called} 的，起的是 {acts} 的作用。c = f·c + i·c̃，h = o·tanh(c)。",
    ),
    "candidate-sigmoid": Text(
        "The candidate goes through a sigmoid. It is a tanh: it must be able to subtract.",
        "候选记忆用了 sigmoid，应当用 tanh：它必须能取负值。",
    ),
    "candidate-linear": Text("The candidate has no tanh.", "候选记忆漏了 tanh。"),
    "gate-tanh": Text(
        "A gate ({gate}) goes through a tanh. Gates are sigmoids, between 0 and 1.",
        "有一个门（{gate}）用了 tanh。门用 sigmoid，取值在 0 和 1 之间。",
    ),
    "gate-linear": Text("A gate ({gate}) has no sigmoid.", "有一个门（{gate}）漏了 sigmoid。"),
    "no-output-tanh": Text("h = o·c: the tanh around the cell state is missing.", "成了 h = o·c：细胞状态漏了 tanh。"),
    "no-forget-gate": Text(
        "The forget gate is not used. c = f·c + i·c̃.",
        "没有用遗忘门。c = f·c + i·c̃。",
    ),
    "no-input-gate": Text(
        "The input gate is not used. c = f·c + i·c̃.",
        "没有用输入门。c = f·c + i·c̃。",
    ),
    "no-output-gate": Text(
        "The output gate is not used. h = o·tanh(c).",
        "没有用输出门。h = o·tanh(c)。",
    ),
    "forgets-all": Text(
        "The old cell state is lost: c = i·c̃. It is c = f·c + i·c̃.",
        "旧的细胞状态丢了：成了 c = i·c̃，应为 c = f·c + i·c̃。",
    ),
    "writes-nothing": Text(
        "The candidate is not used: nothing is written into the cell. c = f·c + i·c̃.",
        "没有用候选记忆：细胞里什么也没有写入。c = f·c + i·c̃。",
    ),
    "forgets-new": Text(
        "The forget gate is applied to the sum: f·(c + i·c̃). It acts on the old state alone.",
        "遗忘门乘在了整个和上：f·(c + i·c̃)。它只作用于旧的状态。",
    ),
    "reads-old-cell": Text(
        "The hidden state is computed from the old cell state. Update the cell first.",
        "隐藏状态用的是旧的细胞状态。先更新细胞状态。",
    ),
    "hidden-for-cell": Text(
        "The forget gate is applied to the hidden state. It keeps the cell state: c = f·c + i·c̃.",
        "遗忘门乘在了隐藏状态上。它保留的是细胞状态：c = f·c + i·c̃。",
    ),
    "coupled": Text(
        "The input gate is 1 - f. Here it has weights of its own.", "输入门取成了 1 - f。这里它有自己的权重。"
    ),
    "returns-swapped": Text(
        "The two results are exchanged: first the hidden state, then the cell state.",
        "两个返回值的顺序反了：先隐藏状态，后细胞状态。",
    ),
    "sigmoid-sign": Text(
        "The sigmoid has the wrong sign: 1/(1 + exp(-a)).", "sigmoid 的符号错了：应为 1/(1 + exp(-a))。"
    ),
    "candidate-for-cell": Text(
        "h = o·tanh(c̃): it is the new cell state that is read.", "成了 h = o·tanh(c̃)：读出的应当是新的细胞状态。"
    ),
    "gate-copies": Text(
        "The {gate} gate is computed with the weights of another, {other}.", "{gate} 门用了另一个门 {other} 的权重。"
    ),
    "gate-without-bias": Text("The bias of one gate ({gate}) is not added.", "有一个门（{gate}）没有加偏置。"),
    "sigmoid-overflow": Text(
        "For large inputs the result is not a number: exp overflows in the sigmoid. Use 0.5·(1 + tanh(a/2)).",
        "输入很大时结果不是数：sigmoid 里的 exp 溢出了。可以用 0.5·(1 + tanh(a/2))。",
    ),
}
