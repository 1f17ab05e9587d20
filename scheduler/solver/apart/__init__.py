# SPDX-License-Identifier: Apache-2.0
"""The best sets of options, without a constraint model: of options that keep apart, so that no session
overlaps a session of another, and of options that may overlap and should be unlike each other.

For both:

board       what each session costs at each start at least, laid out by day
phases      breaks and gaps: what may lie between one session and the next
blocks      the cheapest way to hold any set of sessions within one day, for all days at once
chains      which days one plan may use, and how its sessions are split over them
panels      who sits where, when everybody must agree
walk        the plans of a chain in order of what they are charged
columns     complete plans, and what they are charged
seats       plans with other people, and as drafts
work        all of these for one board

Options that keep apart:

greedy      a first set
master      the linear relaxation: what each tick is worth
packing     the cheapest set out of the plans known
stages      how these find the cheapest set of so many plans, and prove it
sets        as many as possible, then the cheapest; which questions the tables can hold

Options unlike each other:

groups      what counts against having two options in one set
mixture     the linear relaxation: what it costs to belong to a group
choosing    good sets out of the plans known
proving     the best set out of the plans known
variety     how these find the best set, and how good any could be
"""
