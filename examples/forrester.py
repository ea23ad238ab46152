"""The function of Forrester, Sóbester and Keane ("Engineering Design via Surrogate Modelling", 2008) on [0, 1]: least
at 0.7572, where it is -6.0207, and with another valley at 0.1426. Usage: forrester.py X."""
import json
import math
import sys

x = float(sys.argv[1])
print(json.dumps({"step": 1, "f": (6 * x - 2) ** 2 * math.sin(12 * x - 4)}))
