"""Reads a CSV and describes all columns, as a notebook would; prints the CPU seconds and the peak of resident memory in MB."""
import resource
import sys

import pandas

frame = pandas.read_csv(sys.argv[1], low_memory=False)
description = frame.describe(include="all")
usage = resource.getrusage(resource.RUSAGE_SELF)
print(f"FIGURES {usage.ru_utime + usage.ru_stime:.2f} {usage.ru_maxrss / 1024:.0f} {len(frame)}")
