"""Classifiers and regressors of scikit-learn and XGBoost, with their defaults, on one split of a table.

    tabular.py THREADS < job.json    {"numeric": [[...]], "categorical": [[...]], "target": [...], "task": "classes",
                                      "train": [...], "test": [...], "models": ["random forest"]}

prints one line of JSON a model: name, version, seconds of `fit`, and accuracy and log loss, or RMSE and R2. Missing numbers are
null, missing categories "". Rows of the test set come in no `fit`, and preprocessing is learnt on the training rows.
"""

import json
import sys
import time
import warnings

import numpy as np
import sklearn
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.metrics import accuracy_score, mean_squared_error, r2_score
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

warnings.filterwarnings("ignore")
threads = int(sys.argv[1])
job = json.load(sys.stdin)
train, test = np.array(job["train"]), np.array(job["test"])
numeric = np.array(job["numeric"], dtype=float).T.reshape(len(job["target"]), -1)
categorical = np.array(job["categorical"], dtype=object).T.reshape(len(job["target"]), -1)
table = np.concatenate([numeric.astype(object), categorical], axis=1)
numbers = list(range(numeric.shape[1]))
categories = list(range(numeric.shape[1], table.shape[1]))
classes = sorted(set(job["target"]))
is_classes = job["task"] == "classes"
target = np.array([classes.index(label) for label in job["target"]] if is_classes else job["target"])


def one_hot(numeric_steps):
    encode = OneHotEncoder(handle_unknown="ignore", sparse=False)
    return make_column_transformer((numeric_steps, numbers), (encode, categories))


def dense(model):
    impute = SimpleImputer(strategy="median", add_indicator=True)
    return make_pipeline(one_hot(make_pipeline(impute, StandardScaler())), model)


def hist_gradient_boosting():
    ordinal = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
    columns = make_column_transformer(("passthrough", numbers), (ordinal, categories))
    kinds = [False] * len(numbers) + [True] * len(categories)
    # its native categories take at most 255 levels
    few = all(len(set(categorical[:, c])) < 255 for c in range(categorical.shape[1]))
    model = HistGradientBoostingClassifier if is_classes else HistGradientBoostingRegressor
    return make_pipeline(columns, model(categorical_features=kinds if few and categories else None, random_state=0))


def xg_boost():
    from xgboost import XGBClassifier, XGBRegressor

    model = XGBClassifier if is_classes else XGBRegressor
    return make_pipeline(one_hot("passthrough"), model(n_jobs=threads, random_state=0))


def version(name):
    if name != "XGBoost":
        return "scikit-learn " + sklearn.__version__
    import xgboost

    return "XGBoost " + xgboost.__version__


MODELS = {
    "XGBoost": xg_boost,
    "HistGradientBoosting": hist_gradient_boosting,
    "random forest": lambda: dense(
        (RandomForestClassifier if is_classes else RandomForestRegressor)(n_jobs=threads, random_state=0)
    ),
    "scikit-learn MLP": lambda: dense((MLPClassifier if is_classes else MLPRegressor)(random_state=0)),
}


def scores(model):
    if not is_classes:
        predicted = model.predict(table[test])
        return {"rmse": mean_squared_error(target[test], predicted) ** 0.5, "r2": r2_score(target[test], predicted)}
    known = model.classes_
    probabilities = np.full((len(test), len(classes)), 1e-15)
    probabilities[:, known] = model.predict_proba(table[test])
    predicted = known[np.argmax(probabilities[:, known], axis=1)]
    # a forest gives probabilities of exactly 0
    clipped = np.clip(probabilities, 1e-15, 1)
    loss = -np.mean(np.log(clipped[np.arange(len(test)), target[test]]))
    return {"accuracy": accuracy_score(target[test], predicted), "logLoss": loss}


for name in job["models"]:
    model = MODELS[name]()
    start = time.perf_counter()
    model.fit(table[train], target[train])
    seconds = time.perf_counter() - start
    print(json.dumps({"model": name, "version": version(name), "seconds": seconds, **scores(model)}), flush=True)
