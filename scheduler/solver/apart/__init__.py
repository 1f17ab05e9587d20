# SPDX-License-Identifier: Apache-2.0
"""Options of which no session overlaps a session of another: the best set of them, without a constraint
model.

board       what each session costs at each start at least, laid out by day phases      breaks and gaps:
what may lie between one session and the next blocks      the cheapest way to hold any set of sessions
within one day, for all days at once chains      which days one plan may use, and how its sessions are
split over them panels      who sits where, when everybody must agree walk        the plans of a chain in
order of what they are charged columns     complete plans as columns of a packing problem, and what they
are charged work        all of these for one board greedy      a first set master      the linear
relaxation: what each tick is worth packing     the cheapest set out of the plans known stages      how
these find the cheapest set of so many plans, and prove it sets        as many as possible, then the
cheapest
"""
