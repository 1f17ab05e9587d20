# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL: tables, queries and migrations, and the embedded server for those who bring none."""
