#!/usr/bin/python3
"""A support vector machine on the optical digits by scikit-learn: one trial of sweep.yaml."""
import argparse
import json

from sklearn.datasets import load_digits
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

parser = argparse.ArgumentParser()
parser.add_argument("--C", type=float, default=1.0)
parser.add_argument("--kernel", choices=("rbf", "poly"), default="rbf")
parser.add_argument("--gamma", type=float, default=0.01)
parser.add_argument("--degree", type=int, default=3)
options = parser.parse_args()

images, digits = load_digits(return_X_y=True)
images, digits = images[:800], digits[:800]    # enough to tell good parameters from bad ones in a second
model = make_pipeline(StandardScaler(), SVC(C=options.C, kernel=options.kernel, gamma=options.gamma, degree=options.degree))
scores = cross_val_score(model, images, digits, cv=3)
print(json.dumps({"accuracy": scores.mean()}))
