# SPDX-License-Identifier: Apache-2.0
"""Web hooks on their way out: what is sent, how it is signed, whom it may go to."""
