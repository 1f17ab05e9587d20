# SPDX-License-Identifier: Apache-2.0
"""Jobs: what is carried out after the commit, on any number of machines. Procrastinate keeps the queue in
PostgreSQL.
"""
