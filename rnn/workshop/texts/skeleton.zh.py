"""第 6 题：循环神经网络。只用 Python 和 NumPy；画图可以用 Matplotlib。

作业没有写明的，这里写明：

- 轴的次序是时间、批、特征：inputs 是 (T, B, D)，outputs 是 (T, B, O)，hidden_states 是 (T, B, H)。
- 状态用 tanh，读出层是线性的，后面没有 softmax，也没有别的函数：
      h_t = tanh(x_t W_xh + h_{t-1} W_hh + b_h)        y_t = h_t W_hy + b_y
- 每次调用 forward 都从 h_0 = 0 开始。
- d_outputs 是 ∂L/∂y，形状与 outputs 相同。损失里的平均和系数 2 都已经算在它里面；
  backward 只对时间步和批求和，不再取平均。
- backward 返回字典，键是参数的名字，值是它的梯度，形状与参数相同：
      W_xh (D, H)    W_hh (H, H)    b_h (H,)    W_hy (H, O)    b_y (O,)
  每次调用都重新计算，不加在上一次的梯度上。
- 传进来的数组不要就地改动。

检验程序（rnn check 文件名）先导入这个文件，再调用：

    SimpleRNN(D, H, O)    .forward(inputs)    .backward(d_outputs)    .update_parameters(learning_rate)
    LSTMCell(D, H)        .forward(input_t, hidden_state, cell_state)
    generate_sequence_data("fibonacci", length)    generate_sequence_data("sine", length)
    train_rnn_on_sequence()

类、方法、函数的名字和参数的次序不要改；可以增加有默认值的参数，也可以增加自己的函数。
权重可以叫别的名字，检验程序会自己找；找不到时，它会说怎样在文件里写明。
"""

import numpy as np


class SimpleRNN:
    def __init__(self, input_size, hidden_size, output_size):
        """
        初始化RNN参数
        input_size: 输入特征维度
        hidden_size: 隐藏状态维度
        output_size: 输出维度
        """
        # TODO: 初始化权重矩阵和偏置
        # 提示:考虑Xavier或He初始化
        raise NotImplementedError

    def forward(self, inputs):
        """
        前向传播
        inputs: shape (seq_len, batch_size, input_size)
        return: outputs, hidden_states
        """
        # TODO: 实现前向传播
        # 返回所有时间步的输出和隐藏状态
        raise NotImplementedError

    def backward(self, d_outputs):
        """
        反向传播 - 通过时间反向传播(BPTT)
        d_outputs: 输出层的梯度
        return: 各参数的梯度
        """
        # TODO: 实现BPTT算法
        # 计算所有参数的梯度
        raise NotImplementedError

    def update_parameters(self, learning_rate):
        """
        参数更新
        """
        # TODO: 使用计算得到的梯度更新参数
        raise NotImplementedError


class LSTMCell:
    def __init__(self, input_size, hidden_size):
        """
        LSTM单元初始化
        """
        # TODO: 初始化LSTM的四个门的参数
        # 遗忘门、输入门、候选记忆、输出门
        # 每个门都需要权重矩阵和偏置:
        # - 输入权重: [input_size, hidden_size]
        # - 隐藏状态权重: [hidden_size, hidden_size]
        # - 偏置: [hidden_size]
        raise NotImplementedError

    def forward(self, input_t, hidden_state, cell_state):
        """
        LSTM单元前向传播
        input_t: 当前时间步输入 [batch_size, input_size]
        hidden_state: 前一时间步隐藏状态 [batch_size, hidden_size]
        cell_state: 前一时间步细胞状态 [batch_size, hidden_size]
        return: new_hidden_state, new_cell_state
        """
        # TODO: 实现LSTM单元的前向传播
        # 1. 计算遗忘门、输入门、输出门的值(sigmoid激活)
        # 2. 计算候选记忆元状态(tanh激活)
        # 3. 更新记忆元状态
        # 4. 计算输出隐藏状态
        raise NotImplementedError


def generate_sequence_data(seq_type="fibonacci", length=1000):
    """
    生成序列数据
    """
    # TODO: 实现序列数据生成
    # 返回 length 个数；"fibonacci" 和 "sine" 都要有
    raise NotImplementedError


def train_rnn_on_sequence():
    """
    训练RNN进行序列预测
    """
    # TODO: 实现完整的训练流程
    # 1. 数据准备
    # 2. 模型训练
    # 3. 性能评估（用没有训练过的数据）
    # 4. 结果可视化（plt.savefig 存下的图，rnn pack 会放进文档）
    raise NotImplementedError


if __name__ == "__main__":  # 导入这个文件时，下面这一行不会运行
    train_rnn_on_sequence()
