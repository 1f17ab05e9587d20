# SPDX-License-Identifier: Apache-2.0
"""Convene: interview scheduling. See docs/architecture.md for how the parts hang together."""
