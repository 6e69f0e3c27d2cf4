"""The benchmark: what Tailboard costs, as ratios measured in one run on one machine.

Start it with `make bench`. pytest collects nothing here.
"""
