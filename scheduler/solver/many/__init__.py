# SPDX-License-Identifier: Apache-2.0
"""Many candidates at once: one option each, best for all together."""
