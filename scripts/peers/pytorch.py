"""Training steps by PyTorch: pytorch.py <pixels> <labels> <threads> <milliseconds> <case>...

A case: "step mnist B=256 H=128", of 784-H-10, "step floats 384-128-5 B=64", of any network on random float32 rows, either as
"step adamW ..." too, or "fit 30-100-2 B=32" (pytorch_fit.py). Every step gathers its batch from the float32 data set. Measures the step in
two variants and reports the faster one: autograd with torch.optim.SGD, and explicit products into memory allocated once, of a network with one
hidden layer; with AdamW, autograd with torch.optim.AdamW, one tensor after the other and with foreach.
"""

import json
import re
import sys

import numpy
import torch
from pytorch_fit import network, samples_of_fit
from sampling import L2, LEARNING_RATE, fit_case, random_rows, sample, thread_words

PIXELS, CLASSES = 784, 10
# of our AdamW in src/bench/network.ts
ADAM = {'lr': 1e-4, 'weight_decay': 0.01}


def batches_without_end(rows, B):
    order = torch.randperm(rows)
    at = 0
    while True:
        if at + B > rows:
            at = 0
        yield order[at : at + B]
        at += B


def sgd(parameters):
    return torch.optim.SGD(parameters, lr=LEARNING_RATE, weight_decay=L2)


def adam_w(foreach):
    return lambda parameters: torch.optim.AdamW(parameters, foreach=foreach, **ADAM)


def autograd_step(x, y, layers, B, optimizer_of):
    net = network(layers)
    optimizer = optimizer_of(net.parameters())
    batches = batches_without_end(len(x), B)

    def step():
        rows = next(batches)
        loss = torch.nn.functional.cross_entropy(net(x[rows]), y[rows])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        return loss

    return step


def manual_step(x, y, layers, B):
    """No autograd, memory allocated once, the update folded into the product: W <- (1 - lr l2) W - lr X^T dZ."""
    K, H, C = layers
    w1 = torch.randn(K, H) * (2 / K) ** 0.5
    w2 = torch.randn(H, C) * (2 / H) ** 0.5
    b1, b2 = torch.zeros(H), torch.zeros(C)
    batch, labels = torch.empty(B, K), torch.empty(B, dtype=torch.int64)
    hidden, logits, d_hidden = torch.empty(B, H), torch.empty(B, C), torch.empty(B, H)
    every = torch.arange(B)
    batches = batches_without_end(len(x), B)
    decay = 1 - LEARNING_RATE * L2

    def step():
        rows = next(batches)
        torch.index_select(x, 0, rows, out=batch)
        torch.index_select(y, 0, rows, out=labels)
        torch.addmm(b1, batch, w1, out=hidden)
        hidden.relu_()
        torch.addmm(b2, hidden, w2, out=logits)
        log_p = torch.log_softmax(logits, 1)
        loss = -log_p[every, labels].mean()
        dz = log_p.exp_()
        dz[every, labels] -= 1
        torch.mm(dz, w2.t(), out=d_hidden)
        d_hidden.mul_(hidden > 0)
        w2.addmm_(hidden.t(), dz, beta=decay, alpha=-LEARNING_RATE / B)
        w1.addmm_(batch.t(), d_hidden, beta=decay, alpha=-LEARNING_RATE / B)
        b1.sub_(d_hidden.sum(0), alpha=LEARNING_RATE / B)
        b2.sub_(dz.sum(0), alpha=LEARNING_RATE / B)
        return loss

    return step


def parsed(case):
    """(whether with AdamW, layers, rows of a batch, whether on MNIST) of a step."""
    mnist = re.fullmatch(r'step (adamW )?mnist B=(\d+) H=(\d+)', case)
    if mnist:
        return bool(mnist[1]), [PIXELS, int(mnist[3]), CLASSES], int(mnist[2]), True
    floats = re.fullmatch(r'step (adamW )?floats ([\d-]+) B=(\d+)', case)
    return bool(floats[1]), [int(size) for size in floats[2].split('-')], int(floats[3]), False


def step_case(case, x, y, seconds):
    """(samples, variant) of the faster variant of the step."""
    is_adam, layers, B, is_mnist = parsed(case)
    if not is_mnist:
        x, y = (torch.from_numpy(array) for array in random_rows(layers[0], layers[-1]))
    if is_adam:
        ways = {way: autograd_step(x, y, layers, B, adam_w(way == 'foreach')) for way in ('one by one', 'foreach')}
    else:
        ways = {'autograd': autograd_step(x, y, layers, B, sgd), 'by hand': torch.no_grad()(manual_step(x, y, layers, B))}
    measured = {way: sample(step, seconds / len(ways)) for way, step in ways.items()}
    for way, step in ways.items():
        assert torch.isfinite(step()), f'{case}: the loss is no longer finite ({way})'
    way = min(measured, key=lambda name: sorted(measured[name])[len(measured[name]) // 2])
    return measured[way], way


def main():
    pixels, labels, threads, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]) / 1000
    torch.set_num_threads(threads)
    torch.set_num_interop_threads(threads)
    torch.manual_seed(1)
    y = torch.from_numpy(numpy.fromfile(labels, dtype=numpy.uint8).astype(numpy.int64))
    x = torch.from_numpy(numpy.fromfile(pixels, dtype=numpy.uint8).reshape(len(y), 784).astype(numpy.float32) / 255)
    print(json.dumps({'version': f'PyTorch {torch.__version__}, {thread_words(torch.get_num_threads())}'}))
    for case in sys.argv[5:]:
        samples, note = (samples_of_fit(case, seconds), None) if fit_case(case) else step_case(case, x, y, seconds)
        print(json.dumps({'case': case, 'threads': threads, 'samples': samples, 'note': note}), flush=True)


if __name__ == '__main__':
    main()
