"""Krige tunes hyperparameters.

`minimize` and `maximize` need the program `krige` and no server, `Client` talks to `krige serve`, `krige.optuna.KrigeSampler` brings
the optimizer to code that is written for Optuna.
"""
from krige.ask_tell import AskTell, AskTellError, Point
from krige.client import Client, Problem, Study, Trial, TrialLost
from krige.errors import KrigeError
from krige.local import Infeasible, LocalTrial, Result, maximize, minimize

__all__ = ["AskTell", "AskTellError", "Client", "Infeasible", "KrigeError", "LocalTrial", "Point", "Problem", "Result", "Study", "Trial",
           "TrialLost", "maximize", "minimize"]
__version__ = "0.1.0"
