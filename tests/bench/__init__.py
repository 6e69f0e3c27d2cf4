"""The benchmark: what Tailboard costs, as ratios measured in one run on one machine.

Start it with `make bench`. It is no test: nothing here is collected by pytest.
"""
