"""Real scikit-learn models to tune: for each a search space, as a study file has it, and the loss of a point, the same every time.

All data comes with scikit-learn. A loss is an error rate, a mean log loss or a relative RMSE, by a fixed split or three fixed folds.
"""
import dataclasses
import functools
import hashlib
import inspect
import json
import math
import typing
import warnings

import numpy
import sklearn
import sklearn.datasets
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.ensemble import (ExtraTreesClassifier, GradientBoostingRegressor, HistGradientBoostingClassifier,
                              RandomForestClassifier)
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import KFold, StratifiedKFold, train_test_split
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, PowerTransformer, RobustScaler, StandardScaler
from sklearn.svm import SVC, SVR
from sklearn.tree import DecisionTreeClassifier

WORST = 10.0    # of a model that fails or diverges: well above the loss of a constant prediction in every task
SCALERS = {"none": lambda: "passthrough", "standard": StandardScaler, "minmax": MinMaxScaler, "robust": RobustScaler}


@dataclasses.dataclass
class Task:
    space: dict
    loss: typing.Callable[..., float]

    def __call__(self, params: dict) -> float:
        with warnings.catch_warnings(), numpy.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            try:
                value = float(self.loss(**params))
            except (ValueError, numpy.linalg.LinAlgError):    # what scikit-learn raises when weights are no longer finite
                return WORST
        return min(value, WORST) if math.isfinite(value) else WORST

    def fingerprint(self) -> str:
        """Changes with all that a loss depends on."""
        parts = [inspect.getsource(f) for f in (self.loss, Task.__call__, table, score, split, folds)]
        return hashlib.sha256(json.dumps([self.space, WORST, sklearn.__version__, parts]).encode()).hexdigest()[:12]


TASKS: dict[str, Task] = {}


def task(**space):
    def register(loss):
        TASKS[loss.__name__] = Task(space, loss)
        return loss
    return register


def real(low, high, **more):
    return {"type": "float", "min": low, "max": high, **more}


def log(low, high, **more):
    return real(low, high, scale="log", **more)


def whole(low, high, **more):
    return {"type": "int", "min": low, "max": high, **more}


def choice(*values, **more):
    return {"type": "categorical", "values": list(values), **more}


@functools.cache
def table(name: str, rows: int | None = None):
    x, y = getattr(sklearn.datasets, f"load_{name}")(return_X_y=True)
    if rows:
        x, _, y, _ = train_test_split(x, y, train_size=rows, random_state=0, stratify=y)
    return x, y


def score(model, metric: str, x, y, x_test, y_test) -> float:
    model.fit(x, y)
    if metric == "error":
        return 1 - model.score(x_test, y_test)
    if metric == "log_loss":
        return log_loss(y_test, model.predict_proba(x_test), labels=numpy.unique(y))
    return numpy.sqrt(numpy.mean((model.predict(x_test) - y_test)**2)) / numpy.std(y_test)


def split(model, metric: str, data, test=0.5) -> float:
    x, x_test, y, y_test = train_test_split(*data, test_size=test, random_state=1, stratify=None if metric == "rmse" else data[1])
    return score(model, metric, x, y, x_test, y_test)


def folds(model, metric: str, data) -> float:
    x, y = data
    kind = KFold if metric == "rmse" else StratifiedKFold
    parts = kind(3, shuffle=True, random_state=1).split(x, y)
    return sum(score(model, metric, x[a], y[a], x[b], y[b]) for a, b in parts) / 3


@task(C=log(1e-3, 1e3), kernel=choice("linear", "rbf", "poly", "sigmoid"),
      gamma=log(1e-6, 1, when={"kernel": ["rbf", "poly", "sigmoid"]}), degree=whole(2, 6, when={"kernel": "poly"}),
      coef0=real(-1, 1, when={"kernel": ["poly", "sigmoid"]}))
def svm_digits_error(**params):
    return split(SVC(**params), "error", table("digits", 1000), test=0.7)


@task(C=log(1e-2, 1e4), epsilon=log(1e-2, 100), kernel=choice("linear", "rbf", "poly"),
      gamma=log(1e-4, 10, when={"kernel": ["rbf", "poly"]}), degree=whole(2, 4, when={"kernel": "poly"}), scaler=choice("standard", "minmax"))
def svr_diabetes_rmse(scaler, **params):
    return folds(make_pipeline(SCALERS[scaler](), SVR(max_iter=5000, **params)), "rmse", table("diabetes"))


@task(n_estimators=whole(3, 25), max_depth=whole(2, 16), max_features=real(0.05, 1), min_samples_leaf=whole(1, 20, scale="log"),
      criterion=choice("gini", "entropy"), bootstrap=choice(True, False), max_samples=real(0.2, 1, when={"bootstrap": True}))
def forest_digits_error(**params):
    return split(RandomForestClassifier(random_state=0, **params), "error", table("digits", 1000), test=0.7)


@task(n_estimators=whole(3, 30), max_depth=whole(1, 12), max_features=real(0.1, 1), min_samples_split=whole(2, 40, scale="log"),
      ccp_alpha=log(1e-5, 0.1), criterion=choice("gini", "entropy"))
def extra_trees_cancer_log_loss(**params):
    return split(ExtraTreesClassifier(random_state=0, **params), "log_loss", table("breast_cancer"))


@task(loss=choice("squared_error", "absolute_error", "huber"), alpha=real(0.5, 0.99, when={"loss": "huber"}),
      learning_rate=log(0.01, 1), n_estimators=whole(5, 40), max_depth=whole(1, 6), subsample=real(0.3, 1), min_samples_leaf=whole(1, 40, scale="log"))
def boosting_diabetes_rmse(**params):
    return split(GradientBoostingRegressor(random_state=0, max_features=0.5, **params), "rmse", table("diabetes"))


@task(learning_rate=log(0.01, 1), max_iter=whole(5, 40), max_leaf_nodes=whole(2, 32, scale="log"), min_samples_leaf=whole(2, 80, scale="log"),
      l2_regularization=log(1e-4, 100), max_bins=whole(8, 128, scale="log"))
def histogram_boosting_cancer_log_loss(**params):
    return split(HistGradientBoostingClassifier(random_state=0, early_stopping=False, **params), "log_loss", table("breast_cancer"))


@task(hidden=whole(4, 64, scale="log"), activation=choice("relu", "tanh", "logistic"), solver=choice("sgd", "adam"),
      learning_rate_init=log(1e-4, 1), momentum=real(0, 0.99, when={"solver": "sgd"}), beta_1=real(0.5, 0.99, when={"solver": "adam"}),
      alpha=log(1e-6, 1), batch_size=whole(8, 128, scale="log"))
def mlp_digits_log_loss(hidden, **params):
    model = MLPClassifier(hidden_layer_sizes=(hidden,), max_iter=8, random_state=0, **params)
    return split(make_pipeline(MinMaxScaler(), model), "log_loss", table("digits", 500))


@task(loss=choice("hinge", "log_loss", "modified_huber", "perceptron"), penalty=choice("l2", "l1", "elasticnet"),
      l1_ratio=real(0, 1, when={"penalty": "elasticnet"}), alpha=log(1e-6, 1), learning_rate=choice("optimal", "constant", "invscaling"),
      eta0=log(1e-4, 10, when={"learning_rate": ["constant", "invscaling"]}), power_t=real(0.1, 1, when={"learning_rate": "invscaling"}),
      max_iter=whole(1, 30, scale="log"))
def sgd_cancer_error(**params):
    return folds(make_pipeline(StandardScaler(), SGDClassifier(random_state=0, tol=None, **params)), "error", table("breast_cancer"))


@task(n_neighbors=whole(1, 50, scale="log"), weights=choice("uniform", "distance"), p=real(1, 5), scaler=choice("none", "standard", "minmax", "robust"),
      components=whole(2, 13))
def neighbours_wine_error(scaler, components, **params):
    return folds(make_pipeline(SCALERS[scaler](), PCA(components, random_state=0), KNeighborsClassifier(**params)), "error", table("wine"))


@task(C=log(1e-4, 1e3), solver=choice("lbfgs", "liblinear", "saga"), scaler=choice("standard", "minmax", "robust"),
      penalty=choice("l1", "l2", when={"solver": "liblinear"}), l1_ratio=real(0, 1, when={"solver": "saga"}),
      max_iter=whole(5, 50, scale="log"), balanced=choice(True, False))
def logistic_cancer_log_loss(scaler, solver, balanced, penalty="l2", **params):
    model = LogisticRegression(solver=solver, penalty="elasticnet" if solver == "saga" else penalty, random_state=0,
                               class_weight="balanced" if balanced else None, **params)
    return folds(make_pipeline(SCALERS[scaler](), model), "log_loss", table("breast_cancer"))


@task(alpha=log(1e-4, 100), kernel=choice("rbf", "laplacian", "polynomial"), gamma=log(1e-4, 10),
      degree=whole(2, 5, when={"kernel": "polynomial"}), coef0=real(0, 3, when={"kernel": "polynomial"}))
def kernel_ridge_diabetes_rmse(**params):
    x, y = table("diabetes")
    return folds(make_pipeline(StandardScaler(), KernelRidge(**params)), "rmse", (x, y - y.mean()))


@task(criterion=choice("gini", "entropy"), splitter=choice("best", "random"), max_depth=whole(1, 16), min_samples_split=whole(2, 60, scale="log"),
      min_samples_leaf=whole(1, 60, scale="log"), max_features=real(0.1, 1), ccp_alpha=log(1e-5, 0.1))
def tree_digits_error(**params):
    return folds(DecisionTreeClassifier(random_state=0, **params), "error", table("digits", 900))


@task(components=whole(2, 40), whiten=choice(True, False), power=choice(True, False), classifier=choice("bayes", "lda", "qda"),
      var_smoothing=log(1e-9, 1, when={"classifier": "bayes"}), shrinkage=real(0, 1, when={"classifier": "lda"}),
      reg_param=log(1e-5, 1, when={"classifier": "qda"}))
def discriminant_digits_log_loss(components, whiten, power, classifier, **params):
    model = {"bayes": GaussianNB, "qda": QuadraticDiscriminantAnalysis,
             "lda": functools.partial(LinearDiscriminantAnalysis, solver="lsqr")}[classifier](**params)
    steps = [PCA(components, whiten=whiten, random_state=0)] + [PowerTransformer()] * power + [model]
    return split(make_pipeline(*steps), "log_loss", table("digits", 900))
