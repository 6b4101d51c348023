"""Assignment 6: recurrent neural networks. Python and NumPy only; Matplotlib may draw.

What the assignment leaves open is settled here:

- The axes are time, batch, features: inputs (T, B, D), outputs (T, B, O), hidden_states (T, B, H).
- The state goes through a tanh; the read-out is linear, with no softmax or anything else behind it:
      h_t = tanh(x_t W_xh + h_{t-1} W_hh + b_h)        y_t = h_t W_hy + b_y
- Every call of forward begins with h_0 = 0.
- d_outputs is ∂L/∂y, of the shape of outputs. The mean in the loss and the factor 2 are in it already;
  backward adds up over steps and batch and takes no further mean.
- backward returns a dict: the name of each parameter, and its gradient, of the parameter's shape:
      W_xh (D, H)    W_hh (H, H)    b_h (H,)    W_hy (H, O)    b_y (O,)
  Each call computes them anew and adds nothing to those of the last call.
- Arrays that come in are not changed in place.

The checker (rnn check FILE) imports this file and then calls:

    SimpleRNN(D, H, O)    .forward(inputs)    .backward(d_outputs)    .update_parameters(learning_rate)
    LSTMCell(D, H)        .forward(input_t, hidden_state, cell_state)
    generate_sequence_data("fibonacci", length)    generate_sequence_data("sine", length)
    train_rnn_on_sequence()

Keep the names of classes, methods and functions and the order of their arguments. Arguments with
defaults may be added, and functions of your own. The weights may have other names: the checker looks
for them, and where it finds none it says how to name them in this file.
"""

import numpy as np


class SimpleRNN:
    def __init__(self, input_size, hidden_size, output_size):
        """
        Initialise the parameters of the RNN
        input_size: number of input features
        hidden_size: size of the hidden state
        output_size: number of outputs
        """
        # TODO: initialise weight matrices and biases
        # Hint: consider Xavier or He initialisation
        raise NotImplementedError

    def forward(self, inputs):
        """
        Forward pass
        inputs: shape (seq_len, batch_size, input_size)
        return: outputs, hidden_states
        """
        # TODO: write the forward pass
        # Return the outputs and the hidden states of all steps
        raise NotImplementedError

    def backward(self, d_outputs):
        """
        Backward pass - backpropagation through time (BPTT)
        d_outputs: gradient of the outputs
        return: gradients of the parameters
        """
        # TODO: write BPTT
        # Compute the gradients of all parameters
        raise NotImplementedError

    def update_parameters(self, learning_rate):
        """
        Update the parameters
        """
        # TODO: update the parameters with the gradients that have been computed
        raise NotImplementedError


class LSTMCell:
    def __init__(self, input_size, hidden_size):
        """
        Initialise the LSTM cell
        """
        # TODO: initialise the parameters of the four parts
        # forget gate, input gate, candidate, output gate
        # Each needs weight matrices and a bias:
        # - input weights: [input_size, hidden_size]
        # - recurrent weights: [hidden_size, hidden_size]
        # - bias: [hidden_size]
        raise NotImplementedError

    def forward(self, input_t, hidden_state, cell_state):
        """
        Forward pass of the LSTM cell
        input_t: input of this step [batch_size, input_size]
        hidden_state: hidden state of the step before [batch_size, hidden_size]
        cell_state: cell state of the step before [batch_size, hidden_size]
        return: new_hidden_state, new_cell_state
        """
        # TODO: write the forward pass of the LSTM cell
        # 1. Compute forget, input and output gate (sigmoid)
        # 2. Compute the candidate (tanh)
        # 3. Update the cell state
        # 4. Compute the hidden state that goes out
        raise NotImplementedError


def generate_sequence_data(seq_type="fibonacci", length=1000):
    """
    Generate a sequence
    """
    # TODO: generate the data
    # Return `length` numbers; both "fibonacci" and "sine" are wanted
    raise NotImplementedError


def train_rnn_on_sequence():
    """
    Train the RNN to predict a sequence
    """
    # TODO: write the whole of the training
    # 1. Prepare the data
    # 2. Train the model
    # 3. Evaluate it (on data that it was not trained on)
    # 4. Draw the results (pictures saved by plt.savefig go into the document with rnn pack)
    raise NotImplementedError


if __name__ == "__main__":  # an import of this file does not run what follows
    train_rnn_on_sequence()
