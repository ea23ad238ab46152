#!/usr/bin/python3
"""The same support vector machine in an Optuna study. Only the sampler is Krige's:

    PYTHONPATH=../../clients/python KRIGE=../../build/release/bin/krige ./optuna_study.py --trials 12
"""
import argparse

import optuna
from krige.optuna import KrigeSampler
from sklearn.datasets import load_digits
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

images, digits = load_digits(return_X_y=True)
images, digits = images[:800], digits[:800]


def objective(trial: optuna.Trial) -> float:
    kernel = trial.suggest_categorical("kernel", ["rbf", "poly"])
    model = SVC(C=trial.suggest_float("C", 1e-2, 1e3, log=True), gamma=trial.suggest_float("gamma", 1e-4, 1, log=True), kernel=kernel,
                degree=trial.suggest_int("degree", 2, 4) if kernel == "poly" else 3)
    return cross_val_score(make_pipeline(StandardScaler(), model), images, digits, cv=3).mean()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--trials", type=int, default=12)
    options = parser.parse_args()
    study = optuna.create_study(direction="maximize", sampler=KrigeSampler(seed=1))    # the line that was changed
    study.optimize(objective, n_trials=options.trials)
    print(f"best accuracy {study.best_value:.4f} by {study.best_params}")
