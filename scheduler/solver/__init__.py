# SPDX-License-Identifier: Apache-2.0
"""From a Problem to an Outcome. Domain values in, domain values out; no database, network, web or clock.

problem, outcome          the question and the answer, to and from JSON
starts                    who could sit where, when: bit masks; one-session questions
timing, panels, rooms     the pieces of a complete plan: when, who, where
seating                   other people for exactly the same times
check                     the judge: knows the rules, not how answers are found
search, choice            all good plans, and a good set of different ones
apart                     the best sets, of options that keep apart or are unlike each other (numpy and GLOP)
model, variables, rules   the same rules as a constraint model (the only part that imports CP-SAT)
explain                   why there is nothing, and what would help
"""
