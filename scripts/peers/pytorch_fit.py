"""Training steps of any network on random float32 rows by PyTorch, with the epoch loop of its tutorials."""

import torch
from sampling import L2, LEARNING_RATE, ROWS, fit_case, random_rows, sample


def network(layers):
    modules = []
    for inputs, outputs in zip(layers, layers[1:]):
        modules += [torch.nn.Linear(inputs, outputs), torch.nn.ReLU()]
    return torch.nn.Sequential(*modules[:-1])


def samples_of_fit(case, seconds):
    """Microseconds per step, one sample for each epoch."""
    layers, batch_size = fit_case(case)
    x, y = (torch.from_numpy(array) for array in random_rows(layers[0], layers[-1]))
    net = network(layers)
    optimizer = torch.optim.SGD(net.parameters(), lr=LEARNING_RATE, weight_decay=L2)
    loss_of = torch.nn.CrossEntropyLoss()

    def epoch():
        order = torch.randperm(ROWS)
        for at in range(0, ROWS, batch_size):
            rows = order[at : at + batch_size]
            loss = loss_of(net(x[rows]), y[rows])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
        assert torch.isfinite(loss), f'{case}: the loss is no longer finite'

    steps = ROWS // batch_size
    return [microseconds / steps for microseconds in sample(epoch, seconds)]
