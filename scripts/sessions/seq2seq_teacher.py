"""The chapter seq2seq: one training step by hand, two sentences of different lengths, and the gradient checked."""

# --8<-- [start:shown]
import numpy as np

from rnn import losses
from rnn.attention import AdditiveAttention
from rnn.gradcheck import complex_step
from rnn.gru import GRUCell
from rnn.seq2seq import Seq2Seq
from rnn.unrolled import Unrolled

rng = np.random.default_rng(0)
encoder = Unrolled(GRUCell(3, 4, rng=rng))
model = Seq2Seq(encoder, GRUCell(2 + 4, 5, rng=rng), 6, attention=AdditiveAttention(5, 4, 7, rng=rng), rng=rng)
source, read = rng.normal(size=(5, 2, 3)), [5, 3]  # 5 steps, a batch of 2, 3 features; the second ends at step 3
target = np.array([[2, 4, 3, 1], [5, 1, 1, 1]]).T  # 1 is the end symbol
target_in = np.concatenate([[[0, 0]], target[:-1]])  # 0 is the start symbol
written = [4, 2]
mask = losses.length_mask(written, 4)


def loss(source):
    """Write under teacher forcing; return the scores' loss and its gradient for the scores."""
    scores = model.forward(source, target_in, source_lengths=read, target_lengths=written)
    return losses.softmax_cross_entropy(scores, target, mask)


value, d_scores = loss(source)
grads = model.backward(d_scores)
print("loss", round(value, 4), " d_scores", d_scores.shape)
print("d_source, by step:", np.linalg.norm(model.d_source, axis=-1).round(4).tolist())
found = complex_step(lambda x: loss(x)[0], source)
print("as the complex step says:", np.allclose(model.d_source, found, rtol=1e-12, atol=0))
# --8<-- [end:shown]

assert np.abs(model.d_source - found).max() < 1e-15
assert np.allclose(d_scores.sum(axis=-1), 0, atol=1e-15)
assert not model.d_source[3:, 1].any()
