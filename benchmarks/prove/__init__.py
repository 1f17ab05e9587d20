# SPDX-License-Identifier: Apache-2.0
"""Proof, as far as proof goes, of what `docs/reliability.md` promises: `make prove`.

A real installation (its own PostgreSQL, several web processes, a worker, a clock, calendar files, a mail
server) is driven through HTTP, raced, killed and brought back. Then everything that was acknowledged, sent or
written is compared with the database, and the database is asked for every promise.
"""
