# SPDX-License-Identifier: Apache-2.0
"""What the service does, a verb each. Every verb opens its own transactions; its parts come as arguments.

No verb talks to a calendar or a mail server while a transaction is open.
"""
