"""Gradient descent with momentum on Rosenbrock's valley, from (-1, 1): a training that needs no library. It prints for people."""
import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--learning_rate", type=float, default=0.1)
parser.add_argument("--momentum", type=float, default=0.0)
parser.add_argument("--nesterov", action="store_true")
parser.add_argument("--epochs", type=int, default=10)
options = parser.parse_args()


def loss(x: float, y: float) -> float:
    return (1 - x)**2 + 10 * (y - x * x)**2


def gradient(x: float, y: float) -> tuple:
    return -2 * (1 - x) - 40 * x * (y - x * x), 20 * (y - x * x)


point, velocity = [-1.0, 1.0], [0.0, 0.0]
for epoch in range(1, options.epochs + 1):
    for _ in range(5):
        ahead = [p + options.momentum * v for p, v in zip(point, velocity)] if options.nesterov else point
        slope = gradient(*ahead)
        steepness = max(1.0, sum(g * g for g in slope)**0.5)    # clipped, so that nothing overflows
        velocity = [options.momentum * v - 0.1 * options.learning_rate * g / steepness for v, g in zip(velocity, slope)]
        point = [p + v for p, v in zip(point, velocity)]
    print(f"epoch {epoch}/{options.epochs} - val_loss={loss(*point):.6f}", flush=True)
