"""Steps through MLPClassifier.fit of scikit-learn: scikit_learn.py <milliseconds> <case>...

A case: "fit 30-100-2 B=32". The time of a step is the difference between a long and a short fit, divided by the difference of their steps, which excludes
the checks of the data and the start. scikit-learn trains two classes as one logistic output, less work than two outputs.
"""

import json
import sys
import time
import warnings

import numpy
import sklearn
from sampling import L2, LEARNING_RATE, ROWS, fit_case, random_rows, thread_words
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_info

EPOCHS = 4
LEAST_SAMPLES = 3


def seconds_of_fit(x, y, hidden, batch_size, epochs):
    model = MLPClassifier(
        hidden_layer_sizes=hidden,
        activation='relu',
        solver='sgd',
        alpha=L2,
        batch_size=batch_size,
        learning_rate_init=LEARNING_RATE,
        momentum=0,
        nesterovs_momentum=False,
        max_iter=epochs,
        n_iter_no_change=epochs + 1,
        shuffle=True,
        random_state=1,
    )
    start = time.perf_counter()
    model.fit(x, y)
    seconds = time.perf_counter() - start
    assert model.n_iter_ == epochs and model.coefs_[0].dtype == numpy.float32 and numpy.isfinite(model.loss_)
    return seconds


def samples_of_case(name, seconds):
    layers, batch_size = fit_case(name)
    x, y = random_rows(layers[0], layers[-1])
    steps = EPOCHS * ROWS // batch_size
    samples = []
    start = time.perf_counter()
    while len(samples) < LEAST_SAMPLES or time.perf_counter() - start < seconds:
        short, long = (seconds_of_fit(x, y, layers[1:-1], batch_size, 1 + epochs) for epochs in (0, EPOCHS))
        samples.append((long - short) * 1e6 / steps)
    return samples


def main():
    # every run ends before it has converged
    warnings.filterwarnings('ignore')
    pools = threadpool_info()
    libraries = ', '.join(f'{pool["prefix"]} {pool["version"] or ""}'.strip() for pool in pools)
    words = thread_words(max((pool['num_threads'] for pool in pools), default=1))
    print(json.dumps({'version': f'scikit-learn {sklearn.__version__}, NumPy {numpy.__version__}, {libraries}, {words}'}))
    for name in sys.argv[2:]:
        samples = samples_of_case(name, float(sys.argv[1]) / 1000)
        print(json.dumps({'case': name, 'samples': samples}), flush=True)


if __name__ == '__main__':
    main()
