"""Optuna, asked and told over lines of JSON: the child of bench/competitors/optuna.cc.

Out:  {"optuna": version}, or {"error": text} and the end.
In:   {"sampler": "tpe" | "nsga2" | "cmaes", "seed": n, "objectives": n, "constraints": n, "parameters": [...]}: parents before children, each with name, type
      (float, int: low, high, log, perhaps step; categorical: values) and when ([{"parameter", "values"}], all to hold).
Then: {"ask": id}                          out: {"params": {...}, "cpu_seconds": since the last answer}
      {"tell": id, "value": number|[number]|null, "constraints": [number]}
                                           no answer; null is a failure; constraints hold where they are not above 0
The end of the input ends it. Minimizes, with Optuna's own settings but for the seed.
"""

import json
import sys
import time
import warnings


def say(message):
    print(json.dumps(message), flush=True)


try:
    import optuna
except ImportError as error:
    say({"error": str(error)})
    sys.exit(1)


def is_active(parameter, params):
    # A parent that is not active is no key of params.
    return all(
        condition["parameter"] in params and params[condition["parameter"]] in condition["values"]
        for condition in parameter["when"]
    )


def suggest(trial, parameter):
    name = parameter["name"]
    if parameter["type"] == "categorical":
        return trial.suggest_categorical(name, parameter["values"])
    low, high, log = parameter["low"], parameter["high"], parameter["log"]
    if parameter["type"] == "int":
        return trial.suggest_int(name, int(low), int(high), step=int(parameter.get("step", 1)), log=log)
    return trial.suggest_float(name, low, high, step=parameter.get("step"), log=log)


def main():
    warnings.simplefilter("ignore")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    say({"optuna": optuna.__version__})
    first = sys.stdin.readline()
    if not first:  # only to see whether it is there
        return
    setup = json.loads(first)
    samplers = {
        "tpe": optuna.samplers.TPESampler,
        "nsga2": optuna.samplers.NSGAIISampler,
        "cmaes": optuna.samplers.CmaEsSampler,
    }
    settings = {"seed": setup["seed"] % 2**32}
    if setup["constraints"] > 0:
        settings["constraints_func"] = lambda trial: trial.user_attrs["constraints"]
    study = optuna.create_study(
        sampler=samplers[setup["sampler"]](**settings), directions=["minimize"] * setup["objectives"])
    trials = {}
    answered = time.process_time()
    for line in sys.stdin:
        message = json.loads(line)
        if "tell" in message:
            trial, value = trials.pop(message["tell"]), message["value"]
            if message.get("constraints"):
                trial.set_user_attr("constraints", message["constraints"])
            if value is None:
                study.tell(trial, state=optuna.trial.TrialState.FAIL)
            else:
                study.tell(trial, value)
            continue
        trial = trials[message["ask"]] = study.ask()
        params = {}
        for parameter in setup["parameters"]:
            if is_active(parameter, params):
                params[parameter["name"]] = suggest(trial, parameter)
        now = time.process_time()
        say({"params": params, "cpu_seconds": now - answered})
        answered = now


if __name__ == "__main__":
    main()
