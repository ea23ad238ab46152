"""KrigeSampler in Optuna studies of all kinds."""
import math
import multiprocessing
import pathlib
import pickle
import statistics
import sys
import tempfile
import threading
import unittest

try:
    import optuna
except ImportError:
    print("skipped: python3-optuna is not installed")
    sys.exit(77)
from optuna.trial import TrialState

from krige.optuna import KrigeSampler
from support import KRIGE

optuna.logging.set_verbosity(optuna.logging.WARNING)


def sampler(seed: int, **settings) -> KrigeSampler:
    return KrigeSampler(seed, program=KRIGE, **settings)


def branin(trial) -> float:
    x, y = trial.suggest_float("x", -5, 10), trial.suggest_float("y", 0, 15)
    return (y - 5.1 / (4 * math.pi**2) * x * x + 5 / math.pi * x - 6)**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10


def conditional(trial) -> float:
    """Minimum 0 at kind b, layers 3, the units 0.2, 0.4, 0.6, rate 1e-3."""
    loss = abs(math.log10(trial.suggest_float("rate", 1e-5, 1, log=True)) + 3) / 5
    if trial.suggest_categorical("kind", ["a", "b", None]) != "b":
        return loss + 1 + abs(trial.suggest_float("momentum", 0, 1) - 0.9)
    layers = trial.suggest_int("layers", 1, 4)
    return loss + abs(layers - 3) / 4 + sum(abs(trial.suggest_float(f"units_{i}", 0, 1) - 0.2 * (i + 1)) for i in range(layers)) / layers


def points(study) -> list:
    return [trial.params for trial in study.trials]


def work(storage: str, name: str, trials: int):
    """In a process of its own."""
    study = optuna.load_study(study_name=name, storage=storage, sampler=sampler(5))
    study.optimize(branin, n_trials=trials)
    study.sampler.close()


class Counting(KrigeSampler):
    """Counts the parameters that were drawn at random, by trial."""

    def __init__(self, *arguments, **settings):
        super().__init__(*arguments, **settings)
        self.drawn = {}

    def sample_independent(self, study, trial, name, distribution):
        self.drawn.setdefault(trial.number, []).append(name)
        return super().sample_independent(study, trial, name, distribution)


class Optimization(unittest.TestCase):
    def test_branin_within_30_trials(self):
        best = []
        for seed in range(5):
            study = optuna.create_study(sampler=sampler(seed))
            study.optimize(branin, n_trials=30)
            best.append(study.best_value)
        print("best on Branin:", [round(value, 4) for value in best])
        self.assertLess(max(best), 0.45)    # the minimum is 0.3979

    def test_maximize(self):
        study = optuna.create_study(sampler=sampler(1), direction="maximize")
        study.optimize(lambda trial: -branin(trial), n_trials=25)
        self.assertGreater(study.best_value, -0.6)

    def test_conditional_parameters_are_proposed_together(self):
        def best_of(make, trials=40):
            return statistics.mean(best_with(make(seed), trials) for seed in range(4))

        def best_with(made, trials):
            study = optuna.create_study(sampler=made)
            study.optimize(conditional, n_trials=trials)
            return study.best_value
        krige, random = best_of(sampler), best_of(optuna.samplers.RandomSampler)
        print(f"conditional, mean of 4 seeds: {krige:.3f}, random {random:.3f}")
        self.assertLess(krige, random / 2)
        counting = Counting(0, program=KRIGE)
        best_with(counting, 40)
        self.assertEqual(counting.drawn[0], ["rate", "kind"] + counting.drawn[0][2:])
        self.assertLessEqual(len([number for number in counting.drawn if number >= 20]), 2, counting.drawn)

    def test_values_of_all_kinds(self):
        seen = []

        def objective(trial):
            p = (trial.suggest_float("step", 0, 1, step=0.1), trial.suggest_int("log", 1, 1000, log=True), trial.suggest_int("by", 0, 20, step=5),
                 trial.suggest_categorical("choice", (True, None, 3, "x", 0.5)), trial.suggest_int("fixed", 7, 7))
            seen.append(p)
            return abs(p[0] - 0.3) + abs(math.log(p[1] / 30)) + p[2] / 20 + (p[3] is not None)
        study = optuna.create_study(sampler=sampler(2))
        study.optimize(objective, n_trials=40)
        for step, log, by, choice, fixed in seen:
            self.assertLess(abs(step * 10 - round(step * 10)), 1e-9)
            self.assertIsInstance(log, int)
            self.assertIn(by, (0, 5, 10, 15, 20))
            self.assertTrue(any(choice is one for one in (True, None, 3, "x", 0.5)))
            self.assertEqual(fixed, 7)
        self.assertEqual(len(set(map(str, seen))), 40)
        self.assertLess(study.best_value, 0.6)

    def test_an_exhausted_space_goes_on_at_random(self):
        study = optuna.create_study(sampler=sampler(0))
        with self.assertLogs("optuna", "WARNING") as logged:
            optuna.logging.enable_propagation()
            self.addCleanup(optuna.logging.disable_propagation)
            study.optimize(lambda trial: trial.suggest_int("n", 1, 4), n_trials=8)
        self.assertEqual(sorted(p["n"] for p in points(study)[:4]), [1, 2, 3, 4])
        self.assertEqual(len(logged.records), 1)

    def test_same_seed_same_points_and_others_otherwise(self):
        def run(seed):
            study = optuna.create_study(sampler=sampler(seed))
            study.optimize(conditional, n_trials=12)
            return points(study)
        self.assertEqual(run(3), run(3))
        self.assertNotEqual(run(3)[0], run(4)[0])


class Outcomes(unittest.TestCase):
    def test_pruned_trials_teach(self):
        def objective(trial):
            x = trial.suggest_float("x", 0, 1)
            for step in range(10):
                trial.report((x - 0.8)**2 + 1 / (step + 1), step)
                if trial.should_prune():
                    raise optuna.TrialPruned
            return (x - 0.8)**2
        for pruner in (optuna.pruners.MedianPruner(n_startup_trials=3, n_warmup_steps=2),
                       optuna.pruners.HyperbandPruner(min_resource=2, max_resource=10)):
            study = optuna.create_study(sampler=sampler(1), pruner=pruner)
            study.optimize(objective, n_trials=30)
            states = [trial.state for trial in study.trials]
            self.assertIn(TrialState.PRUNED, states)
            self.assertLess(study.best_value, 0.01)

    def test_trials_that_are_pruned_before_they_have_a_point(self):
        def objective(trial):
            x = trial.suggest_float("x", 0, 1)
            if trial.number % 3 == 1:
                raise optuna.TrialPruned
            return x + trial.suggest_float("y", 0, 1)
        study = optuna.create_study(sampler=sampler(1))
        study.optimize(objective, n_trials=20)
        self.assertLess(study.best_value, 0.1)

    def test_failures_teach_where_trials_fail(self):
        def objective(trial):
            x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)
            if x > 0.4:
                raise OSError("no memory")
            return math.nan if x > 0.3 else y
        optuna.logging.set_verbosity(optuna.logging.CRITICAL)    # it tells every failure with its stack
        self.addCleanup(optuna.logging.set_verbosity, optuna.logging.WARNING)
        study = optuna.create_study(sampler=sampler(1))
        study.optimize(objective, n_trials=40, catch=(OSError,))
        failed = [trial.state == TrialState.FAIL for trial in study.trials]
        self.assertTrue(any(failed))
        self.assertLess(sum(failed[20:]), 10)    # of 20; seven tenths of the space fail
        self.assertLess(study.best_value, 0.05)

    def test_constraints(self):
        def objective(trial):
            x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)
            trial.set_user_attr("constraint", (x + y - 0.8, -x))
            return -x - y
        study = optuna.create_study(sampler=sampler(1, constraints_func=lambda trial: trial.user_attrs["constraint"]))
        study.optimize(objective, n_trials=25)
        feasible = [trial.value for trial in study.trials if trial.user_attrs["constraint"][0] <= 0]
        print(f"with constraints: {len(feasible)} of 25 feasible, best {min(feasible):.4f}")
        self.assertLess(min(feasible), -0.79)    # the least is -0.8, on the border
        self.assertEqual(len(study.trials[0].system_attrs["constraints"]), 2)

    def test_constraints_that_come_later(self):
        study = optuna.create_study(sampler=sampler(1))
        study.optimize(branin, n_trials=5)
        study.sampler = sampler(1, constraints_func=lambda trial: (trial.params["x"],))
        study.optimize(branin, n_trials=20)
        self.assertGreater(sum(trial.params["x"] <= 0 for trial in study.trials[10:]), 9)    # a third of the range

    def test_several_objectives(self):
        def objective(trial):
            x, y = trial.suggest_float("x", 0, 2), trial.suggest_float("y", 0, 2)
            return x**2 + y**2, -((x - 1)**2 + (y - 1)**2)
        def spread(made):
            study = optuna.create_study(sampler=made, directions=["minimize", "maximize"])
            study.optimize(objective, n_trials=30)
            # The Pareto set is x = y in [0, 1]: how far from it the trials are that no other beats, and how many there are.
            best = [trial.params for trial in study.best_trials]
            return len(best), statistics.mean(abs(p["x"] - p["y"]) for p in best)
        krige, random = spread(sampler(1)), spread(optuna.samplers.RandomSampler(1))
        print(f"two objectives: {krige[0]} optimal, {krige[1]:.3f} from the set; random {random[0]}, {random[1]:.3f}")
        self.assertGreater(krige[0], random[0])
        self.assertLess(krige[1], random[1] / 2)
        study = optuna.create_study(sampler=sampler(1), directions=["minimize"] * 5)
        with self.assertRaisesRegex(ValueError, "up to 4 objectives"):
            study.optimize(lambda trial: [trial.suggest_float("x", 0, 1)] * 5, n_trials=3)

    def test_enqueued_and_fixed_values(self):
        study = optuna.create_study(sampler=sampler(1))
        study.optimize(branin, n_trials=3)
        study.enqueue_trial({"x": math.pi, "y": 2.275})
        study.enqueue_trial({"y": 1.0})
        study.optimize(branin, n_trials=4)
        self.assertEqual(study.trials[3].params, {"x": math.pi, "y": 2.275})
        self.assertEqual(study.trials[4].params["y"], 1.0)
        self.assertEqual(study.best_trial.number, 3)
        study.sampler = optuna.samplers.PartialFixedSampler({"x": -1.0}, study.sampler)
        study.optimize(branin, n_trials=4)
        self.assertEqual([trial.params["x"] for trial in study.trials[7:]], [-1.0] * 4)
        self.assertEqual(len({trial.params["y"] for trial in study.trials[7:]}), 4)

    def test_ranges_that_change(self):
        study = optuna.create_study(sampler=sampler(1))
        for high in (10, 10, 4, 4, 12):
            study.optimize(lambda trial: trial.suggest_float("x", 0, high) + trial.suggest_float("y", 0, 1), n_trials=2)
            self.assertTrue(all(trial.params["x"] <= high for trial in study.trials[-2:]))


class Sharing(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.storage = f"sqlite:///{folder.name}/study.db"
        self.folder = pathlib.Path(folder.name)

    def test_a_study_goes_on_from_its_storage_alone(self):
        first = optuna.create_study(storage=self.storage, study_name="s", sampler=sampler(1))
        first.optimize(conditional, n_trials=15)
        first.sampler.close()
        def further(settings):
            (self.folder / "copy.db").write_bytes((self.folder / "study.db").read_bytes())
            study = optuna.load_study(storage=f"sqlite:///{self.folder}/copy.db", study_name="s", sampler=settings)
            study.optimize(conditional, n_trials=3)
            return points(study)[15:]
        self.assertEqual(further(sampler(1)), further(sampler(1)))
        counting = Counting(2, program=KRIGE)
        further(counting)
        self.assertEqual(counting.drawn, {})    # not as in a first trial

    def test_threads_share_a_study(self):
        study = optuna.create_study(sampler=sampler(1))
        together = threading.Barrier(4)    # all four have their points before one of them has a value

        def objective(trial):
            value = branin(trial)
            together.wait(timeout=60)
            return value
        study.optimize(objective, n_trials=32, n_jobs=4)
        self.assertEqual(len({str(p) for p in points(study)}), 32)
        self.assertLess(study.best_value, 1.0)
        self.assert_apart(study.trials[4:12])

    def assert_apart(self, trials):
        """Points that were given while others were tried are not the same but for a little."""
        nearest = [min(math.dist((a.params["x"], a.params["y"]), (b.params["x"], b.params["y"])) for b in trials if b is not a) for a in trials]
        self.assertGreater(min(nearest), 0.1, nearest)

    def test_processes_share_a_storage(self):
        optuna.create_study(storage=self.storage, study_name="s")
        context = multiprocessing.get_context("spawn")
        workers = [context.Process(target=work, args=(self.storage, "s", 8)) for _ in range(3)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(timeout=120)
            self.assertEqual(worker.exitcode, 0)
        study = optuna.load_study(storage=self.storage, study_name="s")
        self.assertEqual([trial.state for trial in study.trials], [TrialState.COMPLETE] * 24)
        self.assertEqual(len({str(p) for p in points(study)}), 24)
        self.assertLess(study.best_value, 2.0)

    def test_processes_that_ask_at_once_are_given_different_points(self):
        # Two samplers, each with a process of its own and the same seed, that see the same trials: neither has a point yet.
        study = optuna.create_study(storage=self.storage, study_name="s", sampler=sampler(1))
        study.optimize(branin, n_trials=12)
        frozen = [study._storage.get_trial(study._storage.create_new_trial(study._study_id)) for _ in range(2)]
        given = []
        for trial in frozen:
            mine = sampler(1)
            space = mine.infer_relative_search_space(study, trial)
            given.append(mine.sample_relative(study, trial, space))
            study._storage.set_trial_system_attr(trial._trial_id, "krige:point", None)    # as if it had not been written in time
        self.assertGreater(math.dist((given[0]["x"], given[0]["y"]), (given[1]["x"], given[1]["y"])), 0.1)

    def test_a_copy_has_a_process_of_its_own(self):
        study = optuna.create_study(sampler=sampler(1))
        study.optimize(branin, n_trials=4)
        copy = pickle.loads(pickle.dumps(study.sampler))
        study.sampler = copy
        study.optimize(branin, n_trials=2)
        self.assertEqual(len({str(p) for p in points(study)}), 6)

    def test_no_process_is_left(self):
        made = sampler(1)
        study = optuna.create_study(sampler=made)
        study.optimize(branin, n_trials=3)
        process = made._session._process._process
        self.assertIsNone(process.poll())
        made.close()
        self.assertEqual(process.returncode, 0)
        study.optimize(branin, n_trials=1)
        process = made._session._process._process
        del made, study
        import gc
        gc.collect()
        self.assertEqual(process.returncode, 0)


if __name__ == "__main__":
    unittest.main()
