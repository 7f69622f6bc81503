"""Common code of the Python peers."""

import os
import re
import time

import numpy

LEARNING_RATE, L2 = 0.01, 1e-4
SHORTEST_SAMPLE = 0.2e-3
LEAST_SAMPLES = 6
# training rows of the cases of fit: whole batches of 32, 64 and 200, as in src/bench/data.ts
ROWS = 6400
THREAD_VARIABLES = ['OMP_NUM_THREADS', 'MKL_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'GOTO_NUM_THREADS']


def sample(call, seconds):
    """Microseconds per call, one sample for each, measured as in src/bench/timing.ts."""
    fastest = float('inf')
    start = time.perf_counter()
    while fastest == float('inf') or time.perf_counter() - start < seconds / 6:
        before = time.perf_counter()
        call()
        fastest = min(fastest, time.perf_counter() - before)
    calls = max(1, int(SHORTEST_SAMPLE / fastest) + 1)
    samples = []
    start = time.perf_counter()
    while len(samples) < LEAST_SAMPLES or time.perf_counter() - start < seconds:
        before = time.perf_counter()
        for _ in range(calls):
            call()
        samples.append((time.perf_counter() - before) * 1e6 / calls)
    return samples


def fit_case(name):
    """([inputs, hidden..., classes], rows of a batch) of 'fit 30-100-2 B=32', None for other names."""
    match = re.fullmatch(r'fit ([\d-]+) B=(\d+)', name)
    return match and ([int(size) for size in match[1].split('-')], int(match[2]))


def random_rows(inputs, classes):
    """float32 values in [-1, 1) and random labels."""
    generator = numpy.random.default_rng(1)
    x = (generator.random((ROWS, inputs), dtype=numpy.float32) * 2 - 1).astype(numpy.float32)
    return x, generator.integers(0, classes, ROWS)


def thread_words(threads):
    """'1 thread (OMP_NUM_THREADS=1, ...)': the thread limits of the libraries in this process."""
    variables = ', '.join(f'{name}={os.environ.get(name, "unset")}' for name in THREAD_VARIABLES)
    return f'{threads} {"thread" if threads == 1 else "threads"} ({variables})'
